"""The paths of an Insights archive, as openshift/insights-operator shows them."""

import pytest

from calico_bundle.layouts import Placement, all_layouts
from calico_bundle.layouts.insights import place, roots

PATHS = ["config/node/worker-1.json", "config/pod/openshift-dns/dns-default-1.json", "insights-operator/gathers.json"]


@pytest.mark.parametrize("root", ["", "insights-2026-11-22-232908/", "mg/insights-data/insights-1.tar.gz!/"])
def test_the_root_is_found_at_any_depth(root):
    assert roots([root + path for path in PATHS]) == (root,)
    assert roots([root + PATHS[0], root + PATHS[2]]) == (root,)


def test_several_archives_are_several_roots():
    assert roots([top + path for top in ("b/", "a/") for path in PATHS]) == ("a/", "b/")


@pytest.mark.parametrize(
    "paths", [[], PATHS[:1], ["my-config/node/a.json", "a/insights-operator/b"], ["a/config/node/x"]]
)
def test_one_mark_is_not_enough(paths):
    assert roots(paths) == ()


@pytest.mark.parametrize(
    "path,expected",
    [
        ("config/node/worker-1.json", Placement()),
        ("config/node/logs/worker-1.log", Placement("worker-1")),
        ("config/network.json", Placement()),
        ("config/pod/openshift-dns/dns-default-1.json", Placement()),
        ("config/pod/openshift-sdn/logs/sdn-f2694/errors.log", Placement(namespace="openshift-sdn", pod="sdn-f2694")),
        ("config/pod/openshift-ingress/router-1/errors.log", Placement(namespace="openshift-ingress", pod="router-1")),
        (
            "conditional/namespaces/openshift-dns/pods/dns-1/containers/dns/logs/last-50-lines.log",
            Placement(namespace="openshift-dns", pod="dns-1", container="dns"),
        ),
        ("conditional/namespaces/openshift-dns/pods/dns-1/dns-1.json", Placement()),
        ("cluster-scoped-resources/nmstate.io/nodenetworkstates/worker-1.json", Placement("worker-1")),
        ("cluster-scoped-resources/nmstate.io/nodenetworkconfigurationpolicies/p.json", Placement()),
    ],
)  # fmt: skip
def test_every_kind_of_path(path, expected):
    assert place(path, ["worker-1"]) == expected


@pytest.mark.parametrize("path", ["", "/", "config", "version.json", "other/x.json"])
def test_the_unknown_is_left_to_others(path):
    assert place(path, []) is None


def test_it_is_asked_before_must_gather_which_has_folders_of_the_same_names():
    names = [layout.name for layout in all_layouts()]
    assert names.index("insights") < names.index("must-gather")
