"""The join of one cluster's facts: each object once, the fullest record of each kind, contradictions said."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import GapKind
from calico_bundle.joining import join
from calico_bundle.layouts import Placement
from calico_bundle.parsers import Parsed, choose
from tests.network.hand_made import NOWHERE, card, endpoint, machine, node_object, pod, pool, service

LO = "1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n"
ETHER = "2: eth0: <UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n"
ETH0 = f"{ETHER}    inet 10.0.1.11/24 scope global eth0\n"


def read(path: str, text: str, node: str | None = "node-1", table: str | None = None) -> Artifact:
    """One file of a machine, as the reading pass would hand it on."""
    parser = choose(text)
    assert parser is not None, text
    return Artifact(
        path, len(text), parser.kind, parser.parse(text, path), "by-content", Placement(node=node, table=table)
    )


def objects(*facts: object, path: str = "objects.yaml") -> Artifact:
    return Artifact(path, 1, "k8s-objects", Parsed(facts), "by-content", Placement())


def joined(*artifacts: Artifact) -> Cluster:
    return join(Bundle(("bundle",), ("by-content",), artifacts, ()))


def node_of(*artifacts: Artifact) -> ClusterNode:
    return joined(objects(node_object("node-1", "10.0.1.11", "10.0.1.11/24")), *artifacts).nodes["node-1"]


def test_every_object_counts_once_although_files_repeat_it():
    twice = [
        objects(node_object("node-1"), pod("a", "node-1", "10.244.1.2"), service(), pool(), path=p) for p in ("a", "b")
    ]
    cluster = joined(*twice)
    assert (len(cluster.nodes), len(cluster.pods), len(cluster.services), len(cluster.pools)) == (1, 1, 1, 1)


def test_pods_of_one_name_in_two_namespaces_are_two():
    assert len(joined(objects(pod("a/x", "node-1"), pod("b/x", "node-1"))).pods) == 2


def test_a_node_object_without_calicos_annotation_says_nothing_against_one_that_has_it():
    """OpenShift's Insights takes the annotations off; its archive may be read first."""
    bare, whole = node_object("node-1", "10.0.1.11"), node_object("node-1", "10.0.1.11", "192.168.50.11/24")
    for order in ((bare, whole), (whole, bare)):
        cluster = joined(*(objects(node, path=path) for node, path in zip(order, "ab", strict=True)))
        assert (str(cluster.nodes["node-1"].bgp_address), cluster.gaps) == ("192.168.50.11/24", ())


def test_node_objects_of_one_name_that_contradict_each_other_are_said():
    one, other = node_object("node-1", "10.0.1.11", "10.0.1.11/24"), node_object("node-1", "10.0.1.11", "10.0.9.1/24")
    cluster = joined(objects(one, path="a"), objects(other, path="b"))
    assert str(cluster.nodes["node-1"].bgp_address) == "10.0.1.11/24"
    assert [gap.kind for gap in cluster.gaps] == [GapKind.CONTRADICTED]


def test_nodes_are_in_order_of_their_names():
    cluster = joined(objects(*(node_object(n) for n in ("node-2", "node-10", "node-1"))))
    assert list(cluster.nodes) == ["node-1", "node-10", "node-2"]


def test_slices_count_and_endpoints_only_where_no_slice_is():
    old, new = endpoint("10.244.2.2", "node-2"), endpoint("10.244.2.3", "node-2", source="EndpointSlice")
    other = endpoint("10.244.2.9", "node-2", service="web")
    assert [str(e.ip) for e in joined(objects(old, new, other)).endpoints] == ["10.244.2.3", "10.244.2.9"]
    assert [str(e.ip) for e in joined(objects(old)).endpoints] == ["10.244.2.2"]


# --- one node's records ---------------------------------------------------------------------------------------------


def test_not_recorded_is_none():
    node = node_of()
    assert [node.interfaces, node.addresses, node.routes, node.rules, node.neighbors, node.sysctls, node.sessions] == [
        None
    ] * 7
    assert node.holds(node.internal_ip) is None


def test_error_text_in_place_of_data_is_not_recorded():
    text = "Error from server (NotFound): the server could not find the requested resource\n"
    parsed = Parsed(())
    artifact = Artifact("ip-route.txt", len(text), "ip-route", parsed, "by-content", Placement(node="node-1"))
    assert node_of(artifact).routes is None


def test_addresses_and_who_holds_them():
    node = node_of(read("ip-addr.txt", LO + ETH0))
    assert (str(node.bgp_address), str(node.internal_ip)) == ("10.0.1.11/24", "10.0.1.11")
    assert node.interface_of(node.internal_ip) == "eth0"
    assert node.holds(node.internal_ip) is True


def test_a_listing_of_ipv4_alone_does_not_say_that_an_ipv6_address_is_gone():
    node = node_of(read("ipv4_addr", LO + ETH0))
    assert node.holds(ip_address("fd00::11")) is None
    assert node.holds(ip_address("10.0.1.99")) is False


def test_fullest_listing_is_taken_and_details_of_others_are_added():
    brief = "eth0             UP             10.0.1.11/24 \nlo               UNKNOWN        127.0.0.1/8 \n"
    detail = f"{ETHER}    bond mode active-backup\n"
    node = node_of(read("brief.txt", brief), read("link.txt", detail))
    cards = {i.name: i for i in node.interfaces or ()}
    assert (cards["eth0"].mac, cards["eth0"].kind) == ("02:00:00:00:00:01", "bond")
    assert len(node.addresses or ()) == 2


def test_links_alone_leave_addresses_not_recorded():
    node = node_of(
        read(
            "link.txt",
            "2: eth0: <UP> mtu 1500 state UP mode DEFAULT\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n",
        )
    )
    assert node.interfaces
    assert node.addresses is None
    assert node.holds(node.internal_ip) is None


def test_listings_that_contradict_each_other_are_said():
    later = ETH0.replace("10.0.1.11", "10.0.1.12")
    cluster = joined(objects(node_object("node-1")), read("a.txt", LO + ETH0), read("b.txt", later))
    (gap,) = cluster.gaps
    assert (gap.path, gap.kind) == ("b.txt", GapKind.CONTRADICTED)
    assert "10.0.1.12/24" in gap.message


def test_tables_of_several_files_make_one_routing():
    main, other = (
        "default via 10.0.1.1 dev eth0\n10.0.1.0/24 dev eth0 scope link\n",
        "default via 192.168.50.1 dev eth1\n",
    )
    node = node_of(read("route.txt", main), read("table-100.txt", other, table="100"))
    assert sorted((r.table, str(r.destination)) for r in node.routes or ()) == [
        ("100", "0.0.0.0/0"),
        ("main", "0.0.0.0/0"),
        ("main", "10.0.1.0/24"),
    ]


def test_tables_that_differ_are_said_and_the_fullest_counts():
    full, less = "default via 10.0.1.1 dev eth0\n10.0.1.0/24 dev eth0 scope link\n", "default via 10.0.1.9 dev eth0\n"
    cluster = joined(objects(node_object("node-1")), read("b.txt", less), read("a.txt", full))
    assert len(cluster.nodes["node-1"].routes or ()) == 2
    assert [(g.path, g.kind) for g in cluster.gaps] == [("b.txt", GapKind.CONTRADICTED)]


def test_same_table_in_two_files_is_no_contradiction():
    text = "default via 10.0.1.1 dev eth0\n10.0.1.0/24 dev eth0 scope link\n"
    cluster = joined(
        objects(node_object("node-1")),
        read("a.txt", text),
        read("b.txt", text + "local 10.0.1.11 dev eth0 table local\n"),
    )
    assert not cluster.gaps
    assert len(cluster.nodes["node-1"].routes or ()) == 3


BIRD = """BIRD 1.6.8 ready.
name     proto    table    state  since       info
Mesh_10_0_1_12 BGP      master   up     10:00:00    Established
"""
STATUS = """Calico process is running.

IPv4 BGP status
+--------------+-------------------+-------+----------+---------+
| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |  INFO   |
+--------------+-------------------+-------+----------+---------+
| 10.0.1.12    | node-to-node mesh | start | 10:00:00 | Connect |
| 10.0.1.13    | node-to-node mesh | up    | 10:00:00 | Established |
+--------------+-------------------+-------+----------+---------+
"""


def test_sessions_by_peer_birds_own_words_first():
    node = node_of(read("status.txt", STATUS), read("birdcl.txt", BIRD))
    found = {str(s.peer): (s.source, s.established) for s in node.sessions or ()}
    assert found == {"10.0.1.12": ("birdcl", True), "10.0.1.13": ("calicoctl", True)}


def test_settings_of_several_files_are_joined():
    one, two = (
        "net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.ip_forward = 1\n",
        "net.ipv4.conf.eth0.rp_filter = 0\nnet.ipv4.conf.lo.rp_filter = 0\n",
    )
    node = node_of(read("a.txt", one), read("b.txt", two))
    assert {"net.ipv4.conf.all.rp_filter", "net.ipv4.conf.eth0.rp_filter"} <= set(node.sysctls or ())


# --- whether it is a Calico cluster at all --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cluster, expected",
    [
        (Cluster({}), False),
        (Cluster({"n": machine("n", internal="10.0.1.11")}), False),
        (Cluster({"n": machine("n", calico="10.0.1.11/24")}), True),
        (Cluster({}, pools=(pool(),)), True),
        (Cluster({"n": machine("n", card("cali1", mac="ee:ee:ee:ee:ee:ee"), kubernetes=None)}), True),
        (Cluster({"n": machine("n", card("eth0", "10.0.1.11/24"), kubernetes=None)}), False),
        (Cluster({"n": machine("n", sessions="10.0.1.12 Established", kubernetes=None)}), True),
    ],
)
def test_what_speaks_of_calico(cluster: Cluster, expected: bool):
    assert cluster.has_calico is expected


def test_evidence_of_a_joined_fact_is_the_files():
    node = node_of(read("ip-addr.txt", LO + ETH0))
    assert node.kubernetes is not None
    assert node.kubernetes.evidence == NOWHERE
    assert {a.evidence.path for a in node.addresses or ()} == {"ip-addr.txt"}


# --- what was read in a pod's network ---------------------------------------------------------------------------------

IN_POD = "3: eth0@if12: <UP> mtu 1450 state UP\n    inet 10.244.1.40/32 scope global eth0\n"
OUT_OF_POD = "default via 169.254.1.1 dev eth0\n169.254.1.1 dev eth0 scope link\n"


def test_a_listing_of_a_pods_network_is_not_the_nodes():
    """A collector's DaemonSet without hostNetwork: its files have the nodes' names. The node has its address all the same."""
    node = node_object("node-1", "10.0.1.11", "10.0.1.11/24")
    cluster = joined(objects(node, pool()), read("a", LO + IN_POD), read("r", OUT_OF_POD))
    found = cluster.nodes["node-1"]
    assert (found.addresses, found.routes, found.holds(found.bgp_address.ip)) == (None, None, None)
    assert [(gap.path, gap.kind, "a pod's own network" in gap.message) for gap in cluster.gaps] == [
        ("a", GapKind.CONTRADICTED, True),
        ("r", GapKind.CONTRADICTED, True),
    ]


@pytest.mark.parametrize(
    "listing",
    [
        LO + ETH0,
        LO + ETH0 + IN_POD.replace("3: eth0@if12", "4: tunl0@NONE"),
        LO + IN_POD.replace("10.244.1.40", "10.128.0.5"),
        LO + IN_POD.replace("/32", "/24"),
    ],
)
def test_a_nodes_own_listing_is_not_taken_for_a_pods(listing: str):
    """A tunnel's address is of a pool, with full length; clouds give a node's card an address of full length."""
    found = joined(objects(node_object("node-1", "10.0.9.9"), pool()), read("a", listing)).nodes["node-1"]
    assert found.addresses is not None


def test_without_node_objects_the_way_out_tells():
    cluster = joined(objects(pool()), read("a", LO + IN_POD), read("r", OUT_OF_POD))
    assert {name: (n.addresses, n.routes) for name, n in cluster.nodes.items()} == {}
