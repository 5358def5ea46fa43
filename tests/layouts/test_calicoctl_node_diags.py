"""The paths of `calicoctl node diags`."""

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.calicoctl_node_diags import place, roots

ROOTS = ["", "diagnostics/", "case/n1.tar.gz!/diagnostics/", "./n1/"]


@pytest.mark.parametrize("root", ROOTS)
def test_the_root_is_where_both_marks_lie(root):
    assert roots([root + "ipv4_route", root + "ipv4_addr", root + "logs/x", "other/ipv4_addr"]) == (root,)


def test_one_archive_per_node_is_one_root_each():
    paths = [f"n{n}.tar.gz!/diagnostics/{name}" for n in (1, 2) for name in ("ipv4_route", "ipv4_addr")]
    assert roots(paths) == ("n1.tar.gz!/diagnostics/", "n2.tar.gz!/diagnostics/")


@pytest.mark.parametrize(
    "paths", [[], ["ipv4_route"], ["a/ipv4_route", "b/ipv4_addr"], ["my_ipv4_route", "my_ipv4_addr"]]
)
def test_one_mark_is_not_enough(paths):
    assert roots(paths) == ()


@pytest.mark.parametrize(
    "path,expected",
    [
        ("hostname", Placement(kind="hostname", group=".")),
        ("ipv4_route", Placement(kind="ip-route", family=4, group=".")),
        ("ipv6_addr", Placement(kind="ip-addr", family=6, group=".")),
        ("ipv4_tables", Placement(kind="iptables-save", family=4, group=".")),
        ("netstat", Placement(group=".")),
        ("logs/bird/current", Placement(group=".")),
        ("logs/cni/cni.log", Placement(group=".")),
        (
            "logs/k8s_calico-node_calico-node-x5x5w_calico-system_6d0f4d3c-2b64-4f3c-9a5e-0d8c3f1b7a21_0.log",
            Placement(group=".", namespace="calico-system", pod="calico-node-x5x5w", container="calico-node"),
        ),
        ("something", None),
        ("", None),
    ],
)
def test_placing(path, expected):
    assert place(path, ["worker-1"]) == expected


def test_what_is_not_read_says_why():
    assert place("ipv6_tables", []).skip
