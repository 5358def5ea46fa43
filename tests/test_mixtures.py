"""Several collections given as one: one cluster before and after, or two clusters. Nothing is judged, nobody is blamed."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_address

import pytest

import calico_bundle as cb
from calico_bundle.evidence import Evidence, GapKind
from calico_bundle.facts import NodeFact
from calico_bundle.facts.endpoint_table import merge_endpoints
from calico_bundle.mixtures import mixture_of
from calico_bundle.network.routing import NodeRouting
from tests.network.hand_made import endpoint, node_object
from tests.stories import story
from tests.test_cluster import joined, objects, read

BEFORE, AFTER = "192.168.50.12/24", "10.0.1.12/24"


def packed(*folders: tuple[str, Iterable[tuple[str, bytes]]]) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for folder, members in folders:
            for path, content in members:
                info = tarfile.TarInfo(f"{folder}/{path}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    stream.seek(0)
    return stream


def incident() -> list[tuple[str, bytes]]:
    return list(story("incident").members())


def repaired() -> list[tuple[str, bytes]]:
    """The same cluster with the right address, and the routes that the nodes then learn from each other."""
    route = b"10.244.2.0/26 via 10.0.1.12 dev ens18 proto bird \n"
    told = [(path, content.replace(BEFORE.encode(), AFTER.encode())) for path, content in incident()]
    return [(path, route + content if path.endswith("-1/ip-route.txt") else content) for path, content in told]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_one_cluster_before_and_after_is_not_judged_in_whichever_order(is_reversed: bool):
    """Objects of one day and routes of another gave `healthy`, with the address of the day before."""
    folders = [("old", incident()), ("new", repaired())]
    told = cb.analyze(packed(*(folders[::-1] if is_reversed else folders)))
    assert told.verdict.status == "inconclusive"
    assert "two collections of one cluster: Node shop-worker-2" in told.verdict.headline
    assert {finding.code for finding in told.findings} <= {"CB901", "CB902"}
    assert {node["address_verdict"] for node in told.report()["nodes"]} == {"unknown"}


def test_two_clusters_with_equal_addresses_are_said_and_nobody_is_blamed():
    """Four good nodes were blamed for a duplicate address (CB102), and all six for their InternalIP (CB107)."""
    told = cb.analyze(packed(("a", incident()), ("b", story("healthy-two-cards").members())))
    assert told.verdict.status == "inconclusive"
    assert "two clusters: 3 InternalIPs are each of two Nodes" in told.verdict.headline
    assert {finding.code for finding in told.findings} <= {"CB901", "CB902"}


def test_one_collection_given_twice_is_judged_as_one():
    assert cb.analyze(packed(("a", incident()), ("b", incident()))).verdict.status == "broken"


def of(path: str, *nodes: NodeFact) -> list[NodeFact]:
    return [replace(node, evidence=Evidence(path, 1, node.name)) for node in nodes]


def mixture(*nodes: NodeFact) -> str | None:
    used = {node.name: node for node in reversed(nodes)}
    return mixture_of(nodes, used)


def test_an_older_table_beside_objects_is_no_second_collection():
    """A table counts for less than an object of the same node, whatever it says."""
    whole = node_object("n1", "10.0.1.1", "10.0.1.1/24")
    table = replace(node_object("n1", "10.0.9.9"), not_shown=("bgp_ipv4",))
    assert mixture(*of("a/nodes.yaml", whole), *of("b/wide.txt", table)) is None
    assert mixture(*of("a/nodes.yaml", whole), *of("b/nodes.yaml", replace(table, not_shown=())))


def test_hidden_addresses_are_no_other_addresses():
    hidden = replace(node_object("n1"), redacted=("internal_ips", "bgp_ipv4"))
    assert (
        mixture(*of("a/nodes.yaml", hidden), *of("b/nodes.yaml", node_object("n1", "10.0.1.1", "10.0.1.1/24"))) is None
    )


@pytest.mark.parametrize("folders", [("a", "a"), ("a", "b")])
def test_machines_behind_nat_are_not_two_clusters(folders: tuple[str, str]):
    """VirtualBox gives each machine 10.0.2.15; and Nodes of one list are one cluster's, whatever they share."""
    one, other = (
        of(f"{folder}/{n}.yaml", node_object(n, "10.0.2.15")) for folder, n in zip(folders, ("n1", "n2"), strict=True)
    )
    assert mixture(*one, *other) is None


def test_nodes_of_one_list_are_one_clusters():
    names = [("n1", "10.0.1.1"), ("n2", "10.0.1.2"), ("n3", "10.0.1.1"), ("n4", "10.0.1.2")]
    assert mixture(*of("nodes.yaml", *(node_object(*name) for name in names))) is None


# --- routes ---------------------------------------------------------------------------------------------------------

DIRECT = "default via 10.0.1.1 dev eth0\n10.0.1.0/24 dev eth0 scope link\n10.244.1.3 dev cali1 scope link\n"
LEARNED = DIRECT + "10.244.2.0/26 via 10.0.1.12 dev eth0 proto bird\n"
ROUTE_N = """Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         10.0.1.1        0.0.0.0         UG    0      0        0 eth0
10.0.1.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0
10.244.1.3      0.0.0.0         255.255.255.255 UH    0      0        0 cali1
"""


@pytest.mark.parametrize(
    "texts",
    [(DIRECT, LEARNED), (ROUTE_N, f"{ROUTE_N}10.244.2.0      10.0.1.12       255.255.255.192 UG    0 0 0 eth0\n")],
)
def test_a_route_that_one_of_two_listings_lacks_is_not_taken_from_the_fuller(texts: tuple[str, str]):
    """The fullest table was taken, which made `healthy` out of a cluster before its repair."""
    cluster = joined(objects(node_object("node-1")), *(read(f"{n}.txt", text) for n, text in enumerate(texts)))
    routing = NodeRouting(cluster.nodes["node-1"])
    assert "contradict each other in 10.244.2.0/26" in str(routing.lookup(ip_address("10.244.2.2")).undecided)
    assert [routing.lookup(ip_address(ip)).undecided for ip in ("10.244.1.3", "10.0.1.12", "8.8.8.8")] == [None] * 3
    assert len(cluster.gaps) == 1


def test_what_a_cut_listing_lacks_contradicts_nothing():
    cut = DIRECT + "error: lost connection to pod\n"
    cluster = joined(objects(node_object("node-1")), read("a.txt", LEARNED), read("b.txt", cut))
    assert not cluster.nodes["node-1"].disputed


# --- endpoints ------------------------------------------------------------------------------------------------------


def with_older(edit: Callable[[str], str], name: str = "endpointslices.yaml") -> cb.Analysis:
    members = list(story("healthy-two-cards").members())
    older = [(f"old/{name}", edit(content.decode()).encode()) for path, content in members if path.endswith(f"/{name}")]
    return cb.analyze(packed(("a", [*members, *older])))


def test_two_versions_of_one_slice_are_not_united():
    """One stale address beside the others made 8 of 8 paths broken, and blamed nodes for their routes (CB203)."""
    told = with_older(lambda text: text.replace("10.244.1.2", "10.244.77.7"))
    assert told.verdict.status == "inconclusive"
    assert {finding.code for finding in told.findings} <= {"CB901", "CB902"}
    assert [(gap.kind, "kube-system/kube-dns" in gap.message) for gap in told.diagnosis.gaps] == [
        (GapKind.CONTRADICTED, True)
    ]


def test_slices_of_other_names_and_equal_ones_contradict_nothing():
    """Kubernetes: a Service has as many slices as it needs, and they have other addresses."""
    assert with_older(lambda text: text).verdict.status == "healthy"
    one = [
        endpoint(
            "10.244.1.2", "node-1", source="EndpointSlice", object_name="kube-dns-a", evidence=Evidence("a", 1, "")
        )
    ]
    other = replace(one[0], ip=ip_address("10.244.2.2"), object_name="kube-dns-b", evidence=Evidence("b", 1, ""))
    assert not merge_endpoints([one, [other]]).contradicting
    assert merge_endpoints([one, [replace(other, object_name="kube-dns-a")]]).contradicting


def test_hidden_endpoints_contradict_nothing():
    one = endpoint("10.244.1.2", "node-1", evidence=Evidence("a", 1, ""))
    assert not merge_endpoints([[one], [replace(one, ip=None, evidence=Evidence("b", 1, ""))]]).contradicting
    assert merge_endpoints([[one], [replace(one, ready=False, evidence=Evidence("b", 1, ""))]]).contradicting
