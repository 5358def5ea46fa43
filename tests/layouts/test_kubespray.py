"""kubespray's collect-info: every host's files in one archive."""

from __future__ import annotations

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.kubespray import place, roots


@pytest.mark.parametrize("root", ["", "collect-info/", "case/logs.tar.gz!/collect-info/"])
@pytest.mark.parametrize("name", ["ip_info", "route_info", "calico_info"])
def test_one_output_is_enough(root: str, name: str):
    assert roots([f"{root}commands/node1/{name}", f"{root}logs/node1/var/log/syslog", "notes.txt"]) == (root,)


def test_several_and_none():
    assert roots(["a/commands/n1/ip_info", "b/commands/n1/ip_info"]) == ("a/", "b/")
    assert roots(["commands/ip_info", "x/ip_info", "commands/n1/sub/ip_info", "commands/n1/ip_info.txt"]) == ()


@pytest.mark.parametrize(
    "path,expected",
    [
        ("commands/node1/ip_info", Placement("node1", "ip-addr", family=4)),
        ("commands/node1/route_info", Placement("node1", "ip-route", "main", 4)),
        ("commands/node1/calico_info", Placement("node1", "calicoctl-node-status")),
        ("commands/node1/k8s_info", Placement("node1")),
        ("logs/node1/var/log/calico/felix/current", Placement("node1")),
        ("commands/node1", None),
        ("commands//ip_info", None),
        ("other/node1/ip_info", None),
        ("", None),
    ],
)
def test_each_path_is_its_hosts(path: str, expected: Placement | None):
    assert place(path, []) == expected
