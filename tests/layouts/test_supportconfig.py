"""The files of a supportconfig."""

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.supportconfig import place, roots


@pytest.mark.parametrize(
    "root", ["", "scc_n1_261122_2329/", "n1.zip!/n1/logs/scc_supportconfig_n1.txz!/scc_supportconfig_n1/"]
)
def test_both_marks_at_any_depth(root):
    assert roots([root + "basic-environment.txt", root + "network.txt", root + "env.txt"]) == (root,)


@pytest.mark.parametrize(
    "paths",
    [[], ["network.txt"], ["a/network.txt", "b/basic-environment.txt"], ["my-network.txt", "my-basic-environment.txt"]],
)
def test_one_mark_is_not_enough(paths):
    assert roots(paths) == ()


def test_all_files_are_of_one_machine_but_those_of_other_network_namespaces():
    assert place("network.txt", ["n1"]) == Placement(group=".")
    assert place("plugin-rke2.txt", []) == Placement(group=".")
    assert "namespace" in place("network-cni-1312e7e9de.txt", []).skip
    assert place("crash/vmcore", []) is None
    assert place("", []) is None
