"""The paths of troubleshoot.sh, as the formats reference lists them."""

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.troubleshoot import place, roots

NODES = ["worker-1", "worker-2.example.com"]


@pytest.mark.parametrize(
    "path",
    ["cluster-resources/nodes.json", "cluster-resources/pods/default.json", "host-collectors/run-host/ip-addr.txt"],
)
@pytest.mark.parametrize("root", ["", "support-bundle-2025-04-11T14_05_31/", "case.zip!/a/"])
def test_one_mark_is_enough(root, path):
    assert roots([root + path, root + "other/x.log"]) == (root,)


def test_a_bundle_of_collectors_alone():
    assert roots(["b/version.yaml", "b/analysis.json", "b/ip/worker-1.log"]) == ("b/",)
    assert roots(["b/version.yaml", "b/other.txt"]) == ()
    assert roots([]) == ()


def test_the_outermost_mark_counts():
    assert roots(["b/cluster-resources/host-collectors/x.json"]) == ("b/",)


CUSTOM = "b/cluster-resources/custom-resources/ippools.crd.projectcalico.org"


def placed(path, paths):
    """As the reading pass does it: the longest root that answers."""
    fitting = sorted((root for root in roots(paths) if path.startswith(root)), key=len, reverse=True)
    return next(found for root in fitting if (found := place(path[len(root) :], NODES)))


def test_yaml_beside_json_is_a_copy():
    paths = [CUSTOM + ".json", CUSTOM + ".yaml"]
    assert "same objects as the .json" in placed(paths[1], paths).skip
    assert placed(paths[0], paths) == Placement()


@pytest.mark.parametrize("path", [CUSTOM + ".yaml", CUSTOM + "/default.yaml"])
def test_yaml_alone_is_the_object(path):
    assert placed(path, [path, "b/cluster-resources/configmaps/kube-system.json"]) == Placement()


def test_yaml_alone_changes_nothing_elsewhere():
    path = "b/cluster-resources/configmaps/kube-system.json"
    assert placed(path, [path, CUSTOM + ".yaml"]) == Placement()


@pytest.mark.parametrize(
    "path,expected",
    [
        ("cluster-resources/nodes.json", Placement()),
        ("cluster-resources/daemonsets/calico-system.json", Placement()),
        ("cluster-resources/statefulsets-errors.json/default.json", Placement()),
        (
            "cluster-resources/pods/logs/kube-system/calico-node-x7k2p/calico-node.log",
            Placement(namespace="kube-system", pod="calico-node-x7k2p", container="calico-node"),
        ),
        (
            "cluster-resources/pods/logs/kube-system/calico-node-x7k2p/calico-node-previous.log",
            Placement(namespace="kube-system", pod="calico-node-x7k2p", container="calico-node"),
        ),
        ("host-collectors/run-host/ip-route-table.txt", Placement(kind="ip-route", group="host-collectors")),
        ("host-collectors/run-host/ip-address-stats.txt", Placement(kind="ip-addr", group="host-collectors")),
        ("host-collectors/worker-1/run-host/ip-route.txt", Placement("worker-1", "ip-route")),
        ("host-collectors/run-host/worker-1/ip-route.txt", Placement("worker-1", "ip-route")),
        ("host-collectors/system/worker-2/hostos_info.json", Placement("worker-2.example.com")),
        ("host-collectors/system/ipv4Interfaces.json", Placement(group="host-collectors")),
        ("ip-commands/worker-1.log", Placement("worker-1")),
        ("ip-commands/unknown-node-ip-commands-x7k2p.log", Placement(pod="ip-commands-x7k2p")),
        ("ip-commands/ip-commands.log", Placement()),
        ("ip-commands/not-a-node.log", Placement()),
        ("copied/worker-1/etc/cni/net.d/10-calico.conflist", Placement("worker-1")),
        ("sysctl/worker-1", Placement("worker-1", "sysctl")),
        ("node-metrics/worker-1.json", Placement("worker-1")),
        (
            "bgp/calico-system/calico-node-x7k2p/birdcl-show-protocols-stdout.txt",
            Placement(kind="bird-protocols", namespace="calico-system", pod="calico-node-x7k2p"),
        ),
        (
            "logs/calico-node-x7k2p/calico-node.log",
            Placement(pod="calico-node-x7k2p", container="calico-node"),
        ),
        ("logs/calico-node-x7k2p.log", Placement(pod="calico-node-x7k2p")),
        ("version.yaml", Placement()),
        ("cluster-info/cluster_version.json", Placement()),
        ("something/else.txt", None),
        ("", None),
    ],
)
def test_placing(path, expected):
    assert place(path, NODES) == expected


@pytest.mark.parametrize(
    "path,expected",
    [
        ("host-collectors/alpha/run-host/ip-route.txt", Placement("alpha", "ip-route")),
        ("host-collectors/alpha/system/hostos_info.json", Placement("alpha")),
        ("host-collectors/system/alpha/hostos_info.json", Placement("alpha")),
        # A node, or a folder that one command filled; whose it is has to show in its addresses.
        (
            "host-collectors/run-host/alpha/ip-route.txt",
            Placement(None, "ip-route", group="host-collectors/run-host/alpha"),
        ),
        ("host-collectors/my-copy/etc/hosts", Placement(group="host-collectors")),
        ("host-collectors/journald/k0s.txt", Placement(group="host-collectors")),
        ("host-collectors/system/node_list.json", Placement(group="host-collectors")),
    ],
)
def test_machines_of_names_that_are_not_known_stay_apart(path, expected):
    assert place(path, NODES) == expected
    assert place(path, []) == expected


def test_without_a_list_of_nodes_the_name_of_the_log_is_the_node():
    assert place("ip-commands/worker-1.log", []) == Placement("worker-1")


@pytest.mark.parametrize(
    "path",
    [
        "cluster-resources/pods-errors.json",
        "cluster-resources/pods/logs/kube-system/calico-node-x7k2p/calico-node-logs-errors.log",
        "configmaps-errors/default/calico-config.json",
        "helm/errors.json",
        "collector-errors/run-host-error.json",
        "host-collectors/errors/x-error.json",
        "host-collectors/run-host/ip-route-table-info.json",
        "host-collectors/run-host/ip-route-table-stderr.txt",
        "bgp/calico-system/calico-node-x7k2p/birdcl-stderr.txt",
        "bgp/calico-system/calico-node-x7k2p/birdcl-errors.json",
        "copied/worker-1/error.txt",
        "configmaps/kube-system/calico-config.json",
    ],
)
def test_what_is_not_read_says_why(path):
    assert place(path, NODES).skip
