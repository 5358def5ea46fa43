"""The graph: what it shows for which facts, that it claims no more than they say, and that all of it is documented."""

import json
from functools import cache
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

import networkx as nx
import pytest

from calico_bundle import facts as f
from calico_bundle.bundle import read_bundle
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.graph import EDGE_ATTRIBUTES, VERTEX_ATTRIBUTES, build_graph
from calico_bundle.joining import join
from calico_bundle.network.service import DnsService, find_dns

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
STORIES = ("incident", "wrong-without-dns", "route-reflector-wrong", "vxlan", "node-dumps-only")
NETWORKX_OWN = {"id", "key", "source", "target"}
E = Evidence("file", 1, "line")


def node_fact(name, internal, bgp=None, **more):
    values = {
        "hostname": name, "provider_id": None, "bgp_ipv6": None, "ipip_tunnel_ip": None, "vxlan_tunnel_ip": None,
        "as_number": None, "route_reflector_cluster_id": None, "pod_cidrs": (), "calico_interfaces": None,
        "ready": True, "labels": {}, "redacted": (), "cited": {}, "evidence": E,
    }  # fmt: skip
    stored = ip_interface(bgp) if bgp else None
    return f.NodeFact(name=name, internal_ips=(ip_address(internal),), bgp_ipv4=stored, **(values | more))


def card(name, order=0):
    return f.InterfaceFact(order, order + 1, name, ("UP",), "UP", 1500, "52:54:00:00:00:01", None, None, None, None, E)


def held(interface, address):
    return f.AddressFact(interface, ip_interface(address), None, "global", (), E)


def route(destination, *hops, kind="unicast", table="main"):
    next_hops = tuple(f.NextHop(ip_address(g) if g else None, d, (), 1) for g, d in hops)
    return f.RouteFact(4, table, kind, ip_network(destination), next_hops, "bird", None, None, 0, E)


def session(peer, *, established=True):
    info = "Established" if established else "Connect"
    address = ip_address(peer) if peer else None
    return f.BGPSessionFact("Mesh", address, "node-to-node mesh", "up", None, info, established, None, "birdcl", E)


def pod(name, node, *ips, namespace="shop", host_network=False):
    return f.PodFact(
        namespace, name, node, tuple(map(ip_address, ips)), None, host_network, "ClusterFirst", (), "Running", True, 0,
        (), None, {}, (), E,
    )  # fmt: skip


def block(cidr, node, *, source="BlockAffinity", deleted=False):
    return f.IPBlockFact(ip_network(cidr), node, "confirmed", deleted, {}, source, E)


def pool(cidr, name="default-pool"):
    return f.IPPoolFact(name, ip_network(cidr), "Never", "Never", True, False, False, 26, None, E)


def dns_with(*endpoints):
    address = (ip_address("10.96.0.10"),)
    service = f.ServiceFact("kube-system", "kube-dns", "ClusterIP", address, (), {}, {}, (), E)
    return DnsService(service, tuple(endpoints), listed=True)


def endpoint(ip, *, node=None, pod_name=None, ready=True):
    namespace = "kube-system" if pod_name else None
    return f.EndpointFact(
        "kube-system", "kube-dns", ip_address(ip), ready, node, namespace, pod_name, "Endpoints", E
    )  # fmt: skip


def two_nodes(one=(), other=(), **more):
    """Nodes n1 (10.0.0.1) and n2 (10.0.0.2); `one` and `other` are what was recorded on them."""
    return Cluster(
        {
            "n1": ClusterNode("n1", node_fact("n1", "10.0.0.1", "10.0.0.1/24"), **dict(one)),
            "n2": ClusterNode("n2", node_fact("n2", "10.0.0.2", "10.0.0.2/24"), **dict(other)),
        },
        **more,
    )


def drawn(*stated, **left_out):
    """All that a graph can show, but for what is left out."""
    return build_graph(*stated, **{"pods": True, "routes": True, **left_out})


def edges(graph, kind):
    return [(u, v) for u, v, data in graph.edges(data=True) if data["kind"] == kind]


def edge(graph, kind):
    (found,) = [data for _, _, data in graph.edges(data=True) if data["kind"] == kind]
    return found


def keys(graph, kind):
    return [key for key, data in graph.nodes(data=True) if data["kind"] == kind]


@cache
def story_graph(name):
    folder = FIXTURES / name / "bundle"
    if not folder.is_dir():
        pytest.skip(f"fixtures/{name} is not there: tools/build_fixtures.py records it")
    cluster = join(read_bundle(folder))
    return drawn(cluster, find_dns(cluster))


def full_cluster():
    """One of everything that the graph can show."""
    one = {
        "interfaces": (card("eth0"),),
        "addresses": (held("eth0", "10.0.0.1/24"),),
        "routes": (route("10.244.2.0/26", ("10.0.0.2", "eth0")), route("10.0.0.0/24", (None, "eth0"))),
        "sessions": (session("10.0.0.2"), session("10.9.9.9", established=False)),
    }
    pods = (pod("coredns-a", "n2", "10.244.2.2", namespace="kube-system"), pod("cart-0", "n1", "10.244.1.2"))
    blocks = (block("10.244.1.0/26", "n1"), block("10.244.2.0/26", "n2"))
    return two_nodes(one=one, pods=pods, blocks=blocks, pools=(pool("10.244.0.0/16"),))


def full_graph(**options):
    return drawn(full_cluster(), dns_with(endpoint("10.244.2.2", pod_name="coredns-a")), **options)


# --- documented, and plain --------------------------------------------------------------------------------------------


def assert_documented(graph):
    for key, data in graph.nodes(data=True):
        assert set(data) == set(VERTEX_ATTRIBUTES[data["kind"]]), key
    for start, end, data in graph.edges(data=True):
        assert set(data) == set(EDGE_ATTRIBUTES[data["kind"]]), (start, end)


@pytest.mark.parametrize("name", STORIES)
def test_a_recorded_cluster_has_the_documented_attributes_and_no_others(name):
    graph = story_graph(name)
    assert keys(graph, "node")
    assert_documented(graph)


def test_every_documented_kind_occurs_and_is_complete():
    graph = full_graph()
    assert_documented(graph)
    assert {data["kind"] for _, data in graph.nodes(data=True)} == set(VERTEX_ATTRIBUTES)
    assert {data["kind"] for _, _, data in graph.edges(data=True)} == set(EDGE_ATTRIBUTES)


def test_no_attribute_takes_a_name_that_networkx_writes_itself():
    for table in (VERTEX_ATTRIBUTES, EDGE_ATTRIBUTES):
        for attributes in table.values():
            assert not NETWORKX_OWN & set(attributes)
            assert all(attributes.values())


@pytest.mark.parametrize("name", STORIES)
def test_it_can_be_written_as_json_and_read_back(name):
    graph = story_graph(name)
    data = json.loads(json.dumps(nx.node_link_data(graph, edges="edges"), allow_nan=False))
    again = nx.node_link_graph(data, edges="edges")
    assert nx.utils.graphs_equal(graph, again)


def test_the_order_does_not_depend_on_the_order_of_the_files():
    cluster = full_cluster()
    turned = Cluster(cluster.nodes, pods=cluster.pods[::-1], blocks=cluster.blocks[::-1], pools=cluster.pools)
    one, other = drawn(cluster, None), drawn(turned, None)
    assert list(one.nodes(data=True)) == list(other.nodes(data=True))
    assert list(one.edges(data=True)) == list(other.edges(data=True))


# --- interfaces and prefixes ------------------------------------------------------------------------------------------


def test_two_machines_with_the_same_address_share_a_prefix_and_nothing_else():
    nat = {"interfaces": (card("eth0"),), "addresses": (held("eth0", "10.0.2.15/24"),)}
    graph = drawn(two_nodes(one=nat, other=nat), None)
    assert edges(graph, "in-subnet") == [
        ("interface/n1/eth0", "subnet/10.0.2.0/24"),
        ("interface/n2/eth0", "subnet/10.0.2.0/24"),
    ]
    assert "not a wire" in VERTEX_ATTRIBUTES["subnet"]["prefix"]


def test_addresses_that_look_alike_everywhere_join_nothing():
    alike = ("127.0.0.1/8", "::1/128", "fe80::1/64", "169.254.20.10/32")
    node = {"interfaces": (card("lo"), card("kube-ipvs0")), "addresses": tuple(held("lo", a) for a in alike)}
    node["addresses"] += (held("kube-ipvs0", "10.96.0.10/32"),)
    graph = drawn(two_nodes(one=node, other=node), None)
    assert keys(graph, "subnet") == []
    assert keys(graph, "interface") == ["interface/n1/lo", "interface/n2/lo"]


def test_an_address_on_a_card_that_no_listing_shows_still_has_its_card():
    graph = drawn(two_nodes(one={"addresses": (held("eth9", "10.7.0.1/24"),)}), None)
    assert graph.nodes["interface/n1/eth9"]["state"] is None
    assert edges(graph, "has-interface") == [("node/n1", "interface/n1/eth9")]


def test_what_was_not_recorded_is_told_from_what_is_not_there():
    graph = drawn(two_nodes(one={"routes": (), "addresses": (), "sessions": ()}), None)
    told = [(v["addresses_recorded"], v["routes_recorded"], v["sessions_recorded"]) for _, v in graph.nodes(data=True)]
    assert told == [(True, True, True), (False, False, False)]


# --- blocks and pods --------------------------------------------------------------------------------------------------


def test_a_pod_is_on_its_node_and_in_the_smallest_block_that_holds_its_address():
    blocks = (
        block("10.244.0.0/16", None),
        block("10.244.1.0/26", "n1"),
        block("10.244.1.0/26", "n1", source="IPAMBlock"),
    )
    graph = drawn(two_nodes(pods=(pod("cart-0", "n1", "10.244.1.2"),), blocks=blocks), None)
    assert edges(graph, "runs-on") == [("pod/shop/cart-0", "node/n1")]
    assert edges(graph, "address-in-block") == [("pod/shop/cart-0", "block/10.244.1.0/26")]
    assert edges(graph, "owns-block") == [("node/n1", "block/10.244.1.0/26")]
    assert edge(graph, "owns-block")["read_from"] == "BlockAffinity"


def test_a_deleted_block_is_nobodys():
    graph = drawn(two_nodes(blocks=(block("10.244.1.0/26", "n1", deleted=True),)), None)
    assert keys(graph, "block") == []


def test_pod_cidrs_stand_in_where_the_bundle_has_no_blocks():
    fact = node_fact("n1", "10.0.0.1", pod_cidrs=(ip_network("10.244.1.0/24"),))
    graph = drawn(Cluster({"n1": ClusterNode("n1", fact)}), None)
    assert edge(graph, "owns-block")["read_from"] == "Node"
    assert edges(graph, "owns-block") == [("node/n1", "block/10.244.1.0/24")]


def test_without_pods_neither_they_nor_their_ends_on_the_nodes_are_there():
    cluster = two_nodes(one={"interfaces": (card("eth0"), card("cali123"))}, pods=(pod("cart-0", "n1", "10.244.1.2"),))
    assert "interface/n1/cali123" in drawn(cluster, None)
    graph = drawn(cluster, None, pods=False)
    assert keys(graph, "pod") == []
    assert keys(graph, "interface") == ["interface/n1/eth0"]


def test_a_node_that_only_a_pod_names_is_there_and_nothing_is_claimed_of_it():
    graph = drawn(two_nodes(pods=(pod("cart-0", "gone", "10.244.1.2"),)), None)
    assert edges(graph, "runs-on") == [("pod/shop/cart-0", "node/gone")]
    assert graph.nodes["node/gone"]["ready"] is None
    assert graph.nodes["node/gone"]["routes_recorded"] is False


# --- DNS --------------------------------------------------------------------------------------------------------------


def test_dns_leads_to_its_endpoints_their_pods_and_nodes():
    graph = full_graph()
    assert edges(graph, "has-endpoint") == [("service/kube-system/kube-dns", "endpoint/10.244.2.2")]
    assert edges(graph, "is-pod") == [("endpoint/10.244.2.2", "pod/kube-system/coredns-a")]
    assert edges(graph, "on-node") == [("endpoint/10.244.2.2", "node/n2")]
    assert edges(full_graph(pods=False), "on-node") == [("endpoint/10.244.2.2", "node/n2")]


def test_an_endpoint_without_a_pod_is_on_the_one_node_that_has_its_address():
    graph = drawn(two_nodes(), dns_with(endpoint("10.0.0.2"), endpoint("10.0.9.9", ready=False)))
    assert edges(graph, "on-node") == [("endpoint/10.0.0.2", "node/n2")]
    assert graph.nodes["endpoint/10.0.9.9"]["node"] is None
    assert [d["ready"] for _, _, d in graph.edges(data=True) if d["kind"] == "has-endpoint"] == [True, False]


# --- BGP sessions -----------------------------------------------------------------------------------------------------


def test_a_session_leads_to_the_node_that_has_the_peers_address():
    graph = drawn(two_nodes(one={"sessions": (session("10.0.0.2", established=False),)}), None)
    assert edges(graph, "bgp-session") == [("node/n1", "node/n2")]
    assert edge(graph, "bgp-session")["established"] is False


def test_a_session_with_an_address_that_two_nodes_have_is_not_given_to_either():
    both = {"addresses": (held("eth0", "10.0.2.15/24"),)}
    cluster = two_nodes(other=both, one={"sessions": (session("10.0.2.15"), session("10.9.9.9"), session(None))})
    third = ClusterNode("n3", None, **both)
    graph = drawn(Cluster({**cluster.nodes, "n3": third}), None)
    assert edges(graph, "bgp-session") == [("node/n1", "address/10.0.2.15"), ("node/n1", "address/10.9.9.9")]
    assert graph.nodes["address/10.0.2.15"]["nodes"] == "n2,n3"
    assert graph.nodes["address/10.9.9.9"]["nodes"] is None


def test_the_peer_of_a_node_with_a_duplicate_address_is_the_other_one():
    nodes = {n: ClusterNode(n, node_fact(n, ip, "10.0.0.5/24")) for n, ip in (("n1", "10.0.0.1"), ("n2", "10.0.0.2"))}
    nodes["n1"] = ClusterNode("n1", nodes["n1"].kubernetes, sessions=(session("10.0.0.5"),))
    assert edges(drawn(Cluster(nodes), None), "bgp-session") == [("node/n1", "node/n2")]


# --- routes -----------------------------------------------------------------------------------------------------------


def routes_of(*routes, **more):
    return drawn(two_nodes(one={"routes": routes}, **more), None)


def test_routes_to_blocks_pools_and_connected_networks_are_shown_and_no_others():
    graph = routes_of(
        route("0.0.0.0/0", ("10.0.0.254", "eth0")),
        route("0.0.0.0/0", (None, "ppp0")),
        route("172.30.0.0/16", ("10.0.0.254", "eth0")),
        route("10.0.0.1/32", (None, "eth0"), kind="local", table="local"),
        route("169.254.0.0/16", (None, "eth0")),
        route("10.244.1.2/32", (None, "cali123")),
        route("10.0.0.0/24", (None, "eth0")),
        route("10.244.1.0/26", kind="blackhole"),
        route("10.244.2.0/26", ("10.0.0.2", "eth0")),
        route("10.244.3.64/26", ("10.0.0.2", "eth0")),
        route("10.244.0.0/16", ("10.0.0.254", "eth0")),
        blocks=(block("10.244.1.0/26", "n1"), block("10.244.2.0/26", "n2")),
        pools=(pool("10.244.0.0/16"),),
    )
    assert sorted(end for _, end in edges(graph, "route")) == [
        "block/10.244.1.0/26",
        "block/10.244.2.0/26",
        "subnet/10.0.0.0/24",
        "subnet/10.244.0.0/16",
        "subnet/10.244.3.64/26",
    ]
    assert graph.nodes["subnet/10.244.3.64/26"]["pool"] == "default-pool"
    assert graph.nodes["subnet/10.0.0.0/24"]["pool"] is None


def test_a_route_names_its_gateway_and_the_node_behind_it():
    graph = routes_of(route("10.244.2.0/26", ("10.0.0.2", "eth0")), blocks=(block("10.244.2.0/26", "n2"),))
    shown = edge(graph, "route")
    assert (shown["gateway"], shown["gateway_node"], shown["device"]) == ("10.0.0.2", "n2", "eth0")


def test_a_gateway_that_is_no_nodes_has_no_node():
    graph = routes_of(route("10.244.2.0/26", ("10.0.0.254", "eth0")), blocks=(block("10.244.2.0/26", "n2"),))
    assert edge(graph, "route")["gateway_node"] is None


def test_a_multipath_route_is_one_edge_per_next_hop():
    hops = (("10.0.0.2", "eth0"), ("10.0.1.2", "eth1"))
    graph = routes_of(route("10.244.2.0/26", *hops), blocks=(block("10.244.2.0/26", "n2"),))
    shown = [d["device"] for _, _, d in graph.edges(data=True) if d["kind"] == "route"]
    assert shown == ["eth0", "eth1"]


def test_the_recorded_wrong_address_shows_in_sessions_and_routes():
    graph = story_graph("wrong-without-dns")
    down = {(u, v) for u, v, d in graph.edges(data=True) if d["kind"] == "bgp-session" and not d["established"]}
    good = {(u, v) for u, v, d in graph.edges(data=True) if d["kind"] == "bgp-session" and d["established"]}
    assert good == {("node/node-1", "node/node-2"), ("node/node-2", "node/node-1")}
    assert {v for _, v in down} | {u for u, _ in down} == {"node/node-1", "node/node-2", "node/node-3"}
    assert ("node/node-1", "block/10.244.3.0/26") not in edges(graph, "route")


def test_pods_and_routes_are_left_out_unless_asked_for():
    plain = build_graph(full_cluster(), dns_with(endpoint("10.244.2.2", pod_name="coredns-a")))
    kinds = {data["kind"] for _, data in plain.nodes(data=True)}
    assert {"node", "interface", "subnet", "block", "service", "endpoint"} <= kinds
    assert "pod" not in kinds
    assert not edges(plain, "route")
    assert edges(plain, "bgp-session")
