"""The paths of Harvester's and Longhorn's support bundles."""

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.support_bundle_kit import place, roots


@pytest.mark.parametrize("root", ["", "supportbundle_x/", "case/external/longhorn.zip!/supportbundle_x/"])
@pytest.mark.parametrize("mark", ["metadata.yaml", "yamls/namespaced/default/v1/pods.yaml"])
@pytest.mark.parametrize("nodes", ["yamls/cluster/v1/nodes.yaml", "yamls/cluster/kubernetes/nodes.yaml"])
def test_two_marks_agree(root, mark, nodes):
    assert roots([root + nodes, root + mark, "other/metadata.yaml"]) == (root,)


@pytest.mark.parametrize(
    "paths", [[], ["yamls/cluster/v1/nodes.yaml"], ["metadata.yaml"], ["a/yamls/cluster/x", "b/metadata.yaml"]]
)
def test_one_is_not_enough(paths):
    assert roots(paths) == ()


@pytest.mark.parametrize(
    "path,expected",
    [
        ("metadata.yaml", Placement()),
        ("bundleGenerationError.log", Placement()),
        ("yamls/cluster/crd.projectcalico.org/v1/ippools.yaml", Placement()),
        ("yamls/namespaced/kube-system/kubernetes/pods.yaml", Placement()),
        (
            "logs/kube-system/rke2-canal-x7k2p/calico-node.log",
            Placement(namespace="kube-system", pod="rke2-canal-x7k2p", container="calico-node"),
        ),
        (
            "logs/kube-system/rke2-canal-x7k2p/calico-node.log.1",
            Placement(namespace="kube-system", pod="rke2-canal-x7k2p", container="calico-node"),
        ),
        ("nodes/n1.zip!/n1/logs/kernel.log", Placement("n1")),
        ("nodes/n1.example.com.zip!/n1.example.com/hostinfos/hostinfo", Placement("n1.example.com")),
        ("nodes/n1/logs/kubelet.log", Placement("n1")),
        ("external/longhorn.zip!/metadata.yaml", None),
        ("", None),
    ],
)
def test_placing(path, expected):
    assert place(path, []) == expected
