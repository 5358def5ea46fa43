"""The paths of `kubectl cluster-info dump`, as its source writes them."""

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.cluster_info_dump import place, roots

DUMP = [
    "nodes.json",
    "kube-system/events.json",
    "kube-system/replication-controllers.json",
    "kube-system/services.json",
    "kube-system/daemonsets.json",
    "kube-system/deployments.json",
    "kube-system/replicasets.json",
    "kube-system/pods.json",
    "kube-system/calico-node-x7k2p/logs.txt",
]


def below(root, paths, extension="json"):
    return [root + path.replace(".json", f".{extension}") for path in paths]


@pytest.mark.parametrize("extension", ["json", "yaml", "txt"])
@pytest.mark.parametrize("root", ["", "dump/", "case.zip!/a/b/"])
def test_the_root_is_found_at_any_depth(root, extension):
    assert roots([*below(root, DUMP, extension), "notes.txt"]) == (root,)


def test_several_dumps_in_one_bundle():
    assert roots([*below("monday/", DUMP), *below("tuesday/", DUMP)]) == ("monday/", "tuesday/")


def test_one_mark_is_not_enough():
    for path in DUMP:
        assert roots(below("d/", [path])) == ()
    assert roots(["d/nodes.json", "d/kube-system/pods.json"]) == ()
    assert roots([]) == ()


def test_the_list_of_nodes_with_a_pods_logs_will_do():
    assert roots(["d/nodes.json", "d/kube-system/pods.json", "d/kube-system/dns-0/logs.txt"]) == ("d/",)
    assert roots(["d/nodes.json", "d/kube-system/dns-0/logs.txt"]) == ()


@pytest.mark.parametrize("path", DUMP[:-1])
def test_objects_are_the_clusters(path):
    assert place(path, []) == Placement()


def test_a_log_is_its_pods():
    assert place(DUMP[-1], ["worker-1"]) == Placement(namespace="kube-system", pod="calico-node-x7k2p")


@pytest.mark.parametrize(
    "path", ["", "/", "kube-system", "kube-system/", "a/b/c/logs.txt", "logs.txt", "a/logs.txt", "kube-system/pods.xml"]
)
def test_what_the_format_does_not_have_is_left_to_others(path):
    assert place(path, []) is None
