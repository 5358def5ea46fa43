"""The paths of Rancher's logs collector."""

import pytest

from calico_bundle.layouts import Placement
from calico_bundle.layouts.rancher_logs_collector import place, roots


@pytest.mark.parametrize("root", ["", "n1-2026-11-22_10_30_00/", "case.zip!/n1.tar.gz!/n1-2026-11-22_10_30_00/"])
@pytest.mark.parametrize("mark", ["networking/ipaddrshow", "networking/iptablessave"])
def test_two_marks_agree(root, mark):
    assert roots([root + mark, root + "systeminfo/uname", "other/networking/ipaddrshow"]) == (root,)


@pytest.mark.parametrize(
    "paths",
    [
        [],
        ["networking/ipaddrshow"],
        ["systeminfo/hostname"],
        ["a/networking/ipaddrshow", "b/systeminfo/x"],
        ["networking/ipaddrshow.txt", "systeminfo/x"],
    ],
)
def test_one_is_not_enough(paths):
    assert roots(paths) == ()


OWN = Placement(group=".")


@pytest.mark.parametrize(
    "path,expected",
    [
        ("systeminfo/hostname", Placement(kind="hostname", group=".")),
        ("systeminfo/sysctla", Placement(kind="sysctl", group=".")),
        ("systeminfo/dmesg", OWN),
        ("networking/ipaddrshow", Placement(kind="ip-addr", group=".")),
        ("networking/ipv6rule", Placement(kind="ip-rule", family=6, group=".")),
        ("networking/ssanp", OWN),
        ("networking/cni/10-canal.conflist", OWN),
        ("journald/rke2-server", OWN),
        ("rke2/kubectl/pods", Placement()),
        ("rke2/kubectl/poddescribe/kube-system", Placement()),
        ("rke2/version", Placement()),
        ("rke2/agent-logs/kubelet.log", OWN),
        ("k3s/crictl/pods", OWN),
        ("rke2/podlogs/calico-system-calico-node-x7k2p", Placement(namespace="calico-system", pod="calico-node-x7k2p")),
        ("k8s/podlogs/kube-system-canal-x7k2p-previous", Placement(namespace="kube-system", pod="canal-x7k2p")),
        (
            "rke2/podlogs/cattle-fleet-local-system-fleet-agent-0",
            Placement(namespace="cattle-fleet-local-system", pod="fleet-agent-0"),
        ),
        ("rke2/podlogs/mine-web-0", Placement()),
        (
            "rke2/podlogs/kube-system_canal-x7k2p_8f14e45f-ceea/calico-node/0.log",
            Placement(namespace="kube-system", pod="canal-x7k2p", container="calico-node", group="."),
        ),
        (
            "k8s/podlogs/k8s_calico-node_canal-x7k2p_kube-system_8f14e45f-ceea_0",
            Placement(namespace="kube-system", pod="canal-x7k2p", container="calico-node", group="."),
        ),
        ("notes/remark", None),
        ("networking", None),
        ("", None),
    ],
)
def test_placing(path, expected):
    assert place(path, []) == expected


def test_what_is_not_read_says_why():
    assert place("networking/ip6tablessave", []).skip
