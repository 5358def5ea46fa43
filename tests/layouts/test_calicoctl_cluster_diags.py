"""The paths that calicoctl's source writes, as the formats reference lists them."""

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.calicoctl_cluster_diags import place, roots

STAMPED = "calico-diagnostics-20260822_133320/"
RELATIVE = [
    "nodes/worker-1/ip-addr.txt",
    "nodes/worker-1/ip-route.txt",
    "nodes/worker-1/calico-system/calico-node-x7k2p.log",
    "cluster/version.yaml",
    "cluster/crd/ippools.crd.projectcalico.org.yaml",
    "cluster/kubernetes/nodes.yaml",
    "cluster/kubernetes/nodes.txt",
]


@pytest.mark.parametrize("wrapper", ["", "case/", "a/b/c/", "customer.zip!/", "customer.zip!/diags.tar.gz!/"])
def test_the_stamped_folder_is_a_root_at_any_depth(wrapper):
    assert roots([wrapper + STAMPED + path for path in RELATIVE]) == (wrapper + STAMPED,)


@pytest.mark.parametrize("root", ["", "renamed/", "customer.zip!/renamed/"])
def test_a_renamed_folder_is_found_by_its_marks(root):
    assert roots([root + path for path in RELATIVE]) == (root,)


def test_a_manifest_installation_has_no_nodes_folder():
    assert roots(["x/cluster/version.yaml", "x/cluster/kubernetes/pods.yaml"]) == ("x/",)


@pytest.mark.parametrize(
    "paths",
    [[], ["cluster/nodes.yaml"], ["cluster/kubernetes/nodes.yaml"], ["nodes/n1/ip-route.txt"], ["yamls/cluster/v1/x"]],
)
def test_other_folders_are_no_root(paths):
    assert roots(paths) == ()


def test_several_bundles_are_several_roots():
    paths = [f"{top}!/{STAMPED}{path}" for top in ("a.tar.gz", "b.tar.gz") for path in RELATIVE]
    assert roots(paths) == (f"a.tar.gz!/{STAMPED}", f"b.tar.gz!/{STAMPED}")


@pytest.mark.parametrize(
    "path,expected",
    [
        ("nodes/worker-1/ip-addr.txt", Placement("worker-1", "ip-addr")),
        ("nodes/worker-1/ip-route.txt", Placement("worker-1", "ip-route")),
        ("nodes/worker-1/ip-route-v6.txt", Placement("worker-1", "ip-route", family=6)),
        ("nodes/worker-1/ip-rule.txt", Placement("worker-1", "ip-rule", family=4)),
        ("nodes/worker-1/ip-neigh.txt", Placement("worker-1", "ip-neigh")),
        ("nodes/worker-1/nft-ruleset.txt", Placement("worker-1")),
        ("nodes/worker-1/cni-2026-08-22T13-00-00.000.log.log", Placement("worker-1")),
        ("nodes/worker-1/bpf-maps/cali_v4_routes-id_12.txt", Placement("worker-1")),
        (
            "nodes/worker-1/calico-system/calico-node-x7k2p.log",
            Placement("worker-1", namespace="calico-system", pod="calico-node-x7k2p"),
        ),
        (
            "nodes/worker-1/calico-system/calico-node-x7k2p.txt",
            Placement("worker-1", namespace="calico-system", pod="calico-node-x7k2p"),
        ),
        (
            "nodes/worker-1/calico-system/calico-node-x7k2p.calico-node.previous.log",
            Placement("worker-1", namespace="calico-system", pod="calico-node-x7k2p", container="calico-node"),
        ),
        ("nodes//calico-system/pending-x7k2p.log", Placement(namespace="calico-system", pod="pending-x7k2p")),
        ("nodes/calico-system/pending-x7k2p.log", Placement(namespace="calico-system", pod="pending-x7k2p")),
        ("cluster/kubernetes/nodes.yaml", Placement()),
        ("cluster/crd/ippools.crd.projectcalico.org.yaml", Placement()),
        ("files_with_unsupported_annotation.txt", Placement()),
        ("something-else/x.txt", None),
        ("nodes", None),
        ("", None),
    ],
)
def test_placing(path, expected):
    assert place(path, ["worker-1"]) == expected


@pytest.mark.parametrize(
    "path,reason",
    [
        ("cluster/kubernetes/nodes.txt", "same objects as the .yaml"),
        ("links/calico-system/calico-node-x7k2p.log", "link"),
        ("tls/calico-system_node-certs.yaml", "certificates"),
    ],
)
def test_what_is_not_read_says_why(path, reason):
    assert reason in place(path, ["worker-1"]).skip


def test_a_node_named_like_calico_is_a_node():
    assert place("nodes/calico-1/cni.log.log", ["calico-1"]) == Placement("calico-1")
