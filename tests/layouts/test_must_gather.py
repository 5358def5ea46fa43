"""The paths of must-gather and `oc adm inspect`."""

from pathlib import Path

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.must_gather import place, roots

IMAGE = "must-gather.local.42/quay-io-ocp-v4-0-art-dev-sha256-8f14e45fceea167a/"
PATHS = [
    "cluster-scoped-resources/core/nodes/worker-1.yaml",
    "namespaces/calico-system/calico-system.yaml",
    "namespaces/calico-system/core/pods.yaml",
    "namespaces/calico-system/pods/calico-node-x7k2p/calico-node-x7k2p.yaml",
    "namespaces/calico-system/pods/calico-node-x7k2p/calico-node/calico-node/logs/current.log",
]
SAMPLES = Path(__file__).resolve().parents[2] / "../shared/samples"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("root", ["", IMAGE, "inspect.local.7/", "case.zip!/a/b/"])
def test_one_path_shows_the_root_at_any_depth(root, path):
    assert roots([root + path, "notes.txt"]) == (root,)


def test_every_image_and_every_inspect_is_a_root():
    tops = [IMAGE, "must-gather.local.42/other-sha256-1/", "inspect.local.7/"]
    assert roots([top + path for top in tops for path in PATHS]) == tuple(sorted(tops))


@pytest.mark.parametrize(
    "path",
    [
        "sos_commands/networking/namespaces/blue/ip_addr",
        "namespaces/readme.txt",
        "namespaces/blue/ip_a.txt",
        "namespaces/a/b.yaml",
        "my-namespaces/a/core/pods.yaml",
        "my-cluster-scoped-resources/x.yaml",
        "cluster-scoped-resources",
        "namespaces/",
    ],
)
def test_what_others_have_is_no_root(path):
    assert roots([path]) == ()


def test_a_folder_of_that_name_before_the_root_does_not_hide_it():
    assert roots(["namespaces/of/acme/namespaces/shop/core/pods.yaml"]) == ("namespaces/of/acme/",)


def test_the_outermost_mark_counts():
    assert roots(["a/cluster-scoped-resources/core/namespaces/shop/core/pods.yaml"]) == ("a/",)


@pytest.mark.parametrize(
    "path",
    [
        *PATHS[:4],
        "cluster-scoped-resources/config.openshift.io/networks.yaml",
        "event-filter.html",
        "timestamp",
        "version",
    ],
)
def test_objects_are_the_clusters(path):
    assert place(path, ["worker-1"]) == Placement()


@pytest.mark.parametrize(
    "name",
    [
        "current.log",
        "previous.log",
        "previous.insecure.log",
        "rotated/0.log.20231102-061208",
        "rotated/0.log.20231102-061208.gz",
        "rotated/0.log.20231102-061208.gz!/0.log.20231102-061208",
    ],
)
def test_every_log_of_a_container_is_its_pods(name):
    path = f"namespaces/calico-system/pods/calico-node-x7k2p/calico-node/calico-node/logs/{name}"
    assert place(path, []) == Placement(namespace="calico-system", pod="calico-node-x7k2p", container="calico-node")


@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_a_network_state_is_its_nodes(ending):
    assert place(f"cluster-scoped-resources/nmstate.io/nodenetworkstates/worker-1.{ending}", []).node == "worker-1"


def test_details_of_a_node_are_its_own():
    assert place("nodes/worker-1/sysinfo.tgz!/ip_addr", []).node == "worker-1"


@pytest.mark.parametrize("path", ["", "/", "nodes/worker-1", "network_logs/cluster_scale", "namespaces", "notes.txt"])
def test_the_unknown_is_left_to_others(path):
    assert place(path, []) is None


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public samples are not here")
def test_real_trees_are_found():
    for name in ("redhatqe-must-gather-explorer", "gmeghnag-omc"):
        paths = [p.relative_to(SAMPLES).as_posix() for p in sorted((SAMPLES / name).rglob("*")) if p.is_file()]
        assert roots(paths), name
