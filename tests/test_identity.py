"""Whose is it: every way to join a file to a node, and what stays unassigned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.evidence import GapKind
from calico_bundle.identity import NodeDirectory, Owner, find_impostors, find_owners, make_directory
from calico_bundle.joining import join
from calico_bundle.layouts import Placement
from calico_bundle.parsers import Parsed, choose, ifconfig, route_n
from tests.network.hand_made import node_object, pod

ROUTES = "default via 10.0.1.1 dev eth0 proto static\n10.0.1.0/24 dev eth0 proto kernel scope link\n"


def addresses(*ips: str) -> str:
    return "".join(
        f"{i}: eth{i}: <UP> mtu 1500 state UP\n    inet {ip}/24 scope global eth{i}\n" for i, ip in enumerate(ips, 1)
    )


def dump(text: str = ROUTES, path: str = "some.txt", owner: str | None = None, **placed: str) -> Artifact:
    """One file of a machine, with what a layout knows of it."""
    parser = choose(text)
    assert parser is not None
    parsed = parser.parse(text, path)
    return Artifact(path, 1, parser.kind, Parsed(parsed.facts, parsed.gaps, owner), "by-content", Placement(**placed))


def objects(*facts: object) -> Artifact:
    return Artifact("objects.yaml", 1, "k8s-objects", Parsed(facts), "by-content", Placement())


def owner(artifact: Artifact, *facts: object) -> Owner | None:
    return find_owners([objects(*facts), artifact]).get(artifact.path)


TWO = tuple(node_object(f"worker-{n}.example.com", f"10.0.1.1{n}", hostname=None) for n in (1, 2))


def test_exact_name():
    assert owner(dump(node="worker-1.example.com"), *TWO) == Owner("worker-1.example.com", "exact name")


def test_name_in_another_case():
    assert owner(dump(node="WORKER-1.example.com"), *TWO) == Owner("worker-1.example.com", "exact name")


def test_short_name_of_a_node_with_a_full_one():
    assert owner(dump(node="worker-1"), *TWO) == Owner("worker-1.example.com", "short name")


def test_full_name_of_a_node_with_a_short_one():
    assert owner(dump(node="worker-1.example.com"), node_object("worker-1"), node_object("worker-2")) == Owner(
        "worker-1", "exact name"
    )


def test_host_name_of_the_nodes_addresses():
    assert owner(dump(node="box17"), node_object("i-0abc", hostname="box17.lan"), node_object("i-0def")) == Owner(
        "i-0abc", "short host name"
    )
    assert owner(dump(node="box17.lan"), node_object("i-0abc", hostname="box17.lan")) == Owner("i-0abc", "host name")


def test_host_name_label():
    labelled = node_object("i-0abc", hostname=None, labels={"kubernetes.io/hostname": "box17"})
    assert owner(dump(node="box17"), labelled, node_object("i-0def")) == Owner("i-0abc", "host name")


def test_instance_id_of_the_provider():
    provided = node_object("ip-10-0-1-11.ec2.internal", provider_id="aws:///eu-west-1a/i-0123456789abcdef0")
    assert owner(dump(node="i-0123456789abcdef0"), provided) == Owner("ip-10-0-1-11.ec2.internal", "instance id")


def host_pod(name: str, node: str):
    return pod(name, node, host_network=True)


def test_pod_whose_network_is_the_nodes():
    found = owner(dump(pod="calico-node-x5x5w"), *TWO, host_pod("calico-node-x5x5w", "worker-2.example.com"))
    assert found == Owner("worker-2.example.com", "the pod's node")


def test_routes_that_were_read_in_a_pods_own_network_are_not_the_nodes():
    assert owner(dump(pod="debug"), *TWO, pod("debug", "worker-2.example.com")) is None


def test_log_of_a_pod_speaks_of_its_node():
    said = "Using autodetected IPv4 address on interface eth0: 10.0.1.12/24"
    line = f"2026-11-22 23:29:08.000 [INFO][9] startup/startup.go 1: {said}\n"
    found = owner(dump(line, pod="calico-node-x5x5w"), *TWO, pod("calico-node-x5x5w", "worker-2.example.com"))
    assert found == Owner("worker-2.example.com", "the pod's node")


def test_pods_of_one_name_on_two_nodes_tell_nothing():
    pods = (host_pod("a/agent-0", "worker-1.example.com"), host_pod("b/agent-0", "worker-2.example.com"))
    assert owner(dump(pod="agent-0"), *TWO, *pods) is None
    assert owner(dump(pod="agent-0", namespace="a"), *TWO, *pods) == Owner("worker-1.example.com", "the pod's node")


def test_name_that_the_text_itself_states():
    assert owner(dump(owner="worker-2"), *TWO) == Owner("worker-2.example.com", "short name")


def test_address_of_the_machine():
    assert owner(dump(addresses("10.0.2.15", "10.0.1.12")), *TWO) == Owner("worker-2.example.com", "address")


def test_address_that_calico_stores_is_the_nodes_own_too():
    stored = (node_object("a", "10.0.1.11", "192.168.50.11/24"), node_object("b", "10.0.1.12"))
    assert owner(dump(addresses("192.168.50.11")), *stored) == Owner("a", "address")


def test_address_that_two_nodes_share_tells_nothing():
    shared = (node_object("a", "10.0.2.15"), node_object("b", "10.0.2.15"))
    assert owner(dump(addresses("10.0.2.15")), *shared) is None


def test_addresses_of_two_nodes_on_one_machine_tell_nothing():
    """A floating address that moved: which of the two it is, stays open."""
    assert owner(dump(addresses("10.0.1.11", "10.0.1.12")), *TWO) is None


def test_unknown_name_is_found_by_the_addresses_of_its_group():
    """All files of one folder are one machine's: its `ip addr` tells whose its `ip route` is."""
    files = [dump(node="left", path="left/route.txt"), dump(addresses("10.0.1.12"), path="left/addr.txt", node="left")]
    owners = find_owners([objects(*TWO), *files])
    assert owners == {p: Owner("worker-2.example.com", "address") for p in ("left/route.txt", "left/addr.txt")}


def test_short_name_that_fits_two_nodes_tells_nothing():
    twins = (node_object("web.rack1.lan"), node_object("web.rack2.lan"))
    assert owner(dump(node="web"), *twins) is None
    assert owner(dump(node="web.rack2.lan"), *twins) == Owner("web.rack2.lan", "exact name")
    assert owner(dump(node="web.rack3.lan"), *twins) is None


def test_node_name_comes_before_another_nodes_host_name():
    assert owner(dump(node="a"), node_object("a"), node_object("b", hostname="a")) == Owner("a", "exact name")


def test_names_are_taken_as_they_are_where_no_node_object_is():
    assert owner(dump(node="box17")) == Owner("box17", "name in the path")


def test_name_of_no_node_is_not_taken_where_node_objects_are():
    assert owner(dump(node="box17"), *TWO) is None


def test_what_is_about_the_cluster_has_no_owner():
    assert find_owners([objects(*TWO)]) == {}


def test_unassigned_file_is_a_gap_and_not_lost():
    lost = dump(path="somewhere/route.txt")
    cluster = join(Bundle(("b",), ("by-content",), (objects(*TWO), lost), ()))
    assert [(g.path, g.kind) for g in cluster.gaps] == [("somewhere/route.txt", GapKind.UNASSIGNED)]
    assert all(n.routes is None for n in cluster.nodes.values())


@pytest.mark.parametrize("name", ["", "nobody", ".", "worker-1."])
def test_directory_gives_no_answer_rather_than_a_wrong_one(name: str):
    found = NodeDirectory(TWO, {}).by_name(name)
    assert found is None or found.node == "worker-1.example.com"
    assert NodeDirectory(TWO, {}).by_address([]) is None


def hostname(name: str, group: str) -> Artifact:
    return Artifact(f"{group}/hostname", 1, "hostname", Parsed((), owner=name), "x", Placement(group=group))


def test_a_group_goes_by_the_host_name_that_one_of_its_files_states():
    files = [objects(*TWO), hostname("worker-2", "a.tar!/d"), dump(path="1", group="a.tar!/d")]
    assert find_owners(files)["1"] == Owner("worker-2.example.com", "short name")


def test_two_forms_of_one_host_name_agree():
    files = [objects(*TWO), hostname("worker-2", "g"), hostname("worker-2.example.com", "g"), dump(path="1", group="g")]
    assert find_owners(files)["1"].node == "worker-2.example.com"


def test_host_names_that_fit_two_nodes_tell_nothing():
    files = [objects(*TWO), hostname("worker-2", "g"), hostname("worker-1", "g"), dump(path="1", group="g")]
    assert "1" not in find_owners(files)


def test_a_host_name_that_is_no_nodes_leaves_it_to_the_addresses():
    files = [
        objects(*TWO),
        hostname("box", "g"),
        dump(addresses("10.0.1.12"), path="1", group="g"),
        dump(path="2", group="g"),
    ]
    assert find_owners(files)["2"] == Owner("worker-2.example.com", "address")


def test_a_group_without_host_name_goes_by_its_folders():
    files = [objects(*TWO), dump(path="1", group="case/worker-1-2026-11-22_10_30_00/diagnostics")]
    assert find_owners(files)["1"].node == "worker-1.example.com"


def test_without_any_node_object_the_host_name_is_the_nodes():
    files = [hostname("box.lan", "g"), hostname("box", "g"), dump(path="1", group="g"), dump(path="2", group="h")]
    found = find_owners(files)
    assert (found["1"], found["2"]) == (Owner("box", "host name"), Owner("h", "name in the path"))


def test_a_pod_of_a_table_with_its_nodes_address_runs_on_its_node():
    """What was run in it was run on the node; where an object of it is there too, the table adds no second place."""
    nodes = (node_object("n1", "10.0.0.1"), node_object("n2", "10.0.0.2"))
    row = pod("calico-system/calico-node-x7k2p", "n1", "10.0.0.1", host_network=None, not_shown=("host_network",))
    other = pod("calico-system/typha-0", "n1", "10.9.9.9", host_network=None, not_shown=("host_network",))
    stated = replace(row, host_network=True, not_shown=())
    for pods in ((row, other), (row, stated, other)):
        assert owner(dump(pod="calico-node-x7k2p"), *nodes, *pods) == Owner("n1", "the pod's node")
        assert owner(dump(pod="typha-0"), *nodes, *pods) is None


IFCONFIG = """eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet {}  netmask 255.255.255.0  broadcast 10.0.1.255
"""
ROUTE_N = """Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         10.0.1.1        0.0.0.0         UG    0      0        0 eth0
"""


def test_what_lies_beside_another_nodes_addresses_is_not_the_nodes_either():
    """`route -n` of node-1 was used for node-2, although the `ifconfig` beside it had been set aside."""
    nodes = [node_object("node-1", "10.0.1.11"), node_object("node-2", "10.0.1.12")]
    of = Placement(node="node-2")
    cards = Artifact("n2/ifconfig", 1, "ifconfig", ifconfig.parse(IFCONFIG.format("10.0.1.11"), "n2/ifconfig"), "x", of)
    routes = Artifact("n2/route-n", 1, "route-n", route_n.parse(ROUTE_N, "n2/route-n"), "x", of)
    bundle = [objects(*nodes), cards, routes]
    owners = find_owners(bundle)
    assert find_impostors(bundle, owners, make_directory(bundle)) == {"n2/ifconfig": "node-1", "n2/route-n": "node-1"}
    right = replace(cards, parsed=ifconfig.parse(IFCONFIG.format("10.0.1.12"), "n2/ifconfig"))
    bundle = [objects(*nodes), right, routes]
    assert not find_impostors(bundle, find_owners(bundle), make_directory(bundle))


def test_a_node_whose_object_is_not_there_is_known_by_its_pods():
    """Files under nodes/node-2/ belonged to nobody when the Node object could not be read."""
    told = [node_object("node-1"), pod("web-0", "node-2", "10.244.2.9")]
    assert owner(dump(node="node-2"), *told) == Owner("node-2", "exact name")
    assert owner(dump(node="case/node-2"), *told) == Owner("node-2", "exact name")
    assert owner(dump(node="case/node-2"), *told[1:]) == Owner("node-2", "exact name")
    assert owner(dump(node="node-3"), *told) is None
