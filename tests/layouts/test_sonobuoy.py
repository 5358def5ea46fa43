"""sonobuoy's results."""

from __future__ import annotations

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.sonobuoy import place, roots


@pytest.mark.parametrize("root", ["", "case/202611222310_sonobuoy_0ddc0ffe/", "x.tar.gz!/"])
@pytest.mark.parametrize(
    "other", ["podlogs/a/b/logs/c.txt", "hosts/n1/healthz.json", "resources/ns/a/core_v1_pods.json"]
)
def test_two_marks_make_a_root(root: str, other: str):
    assert roots([root + "meta/config.json", root + other, "notes.txt"]) == (root,)


def test_several_and_none():
    both = [f"{top}{path}" for top in ("a/", "b/") for path in ("meta/run.log", "hosts/n1/healthz.json")]
    assert roots(both) == ("a/", "b/")
    assert roots(["a/meta/config.json", "b/hosts/n1/x.json"]) == ()
    assert roots(["meta/config.json", "podlogs.txt"]) == ()


@pytest.mark.parametrize(
    "path,expected",
    [
        (
            "podlogs/calico-system/calico-node-x7k2p/logs/calico-node.txt",
            Placement(namespace="calico-system", pod="calico-node-x7k2p", container="calico-node"),
        ),
        ("hosts/worker-1/configz.json", Placement("worker-1")),
        ("plugins/systemd-logs/results/worker-1/systemd_logs", Placement("worker-1")),
        ("plugins/e2e/results/global/e2e.log", Placement()),
        ("resources/ns/kube-system/core_v1_pods.json", Placement()),
        ("meta/config.json", Placement()),
        ("podlogs/a/b.txt", None),
        ("notes.txt", None),
        ("", None),
    ],
)
def test_each_path(path: str, expected: Placement | None):
    assert place(path, []) == expected
