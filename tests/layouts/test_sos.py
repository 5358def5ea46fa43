"""The paths of sos reports: old and new names, what is the host's own, and what `sos clean` altered."""

import pytest

from calico_bundle.layouts import Placement, sos, sos_obfuscated
from calico_bundle.layouts.sos import place

MARK = "sos_commands/date/date"


@pytest.mark.parametrize(
    "root",
    [
        "",
        "sosreport-n1-2026-11-22-abcdefg/",
        "sos-collector-x.tar!/sos-collector-x/sosreport-n1-2026-11-22-abcdefg.tar.xz!/sosreport-n1-2026-11-22-abcdefg/",
        "case/n1/",
    ],
)
def test_a_report_at_any_depth(root):
    assert sos.roots([root + MARK, root + "hostname"]) == (root,)
    assert sos_obfuscated.roots([root + MARK]) == ()


@pytest.mark.parametrize(
    "root",
    [
        "sosreport-host0-2026-11-22-abcdefg/",
        "sosreport-host12-case-2026-11-22-abcdefg/",
        "sosreport-n1-2026-11-22-abcdefg-obfuscated.tar.xz!/sosreport-n1-2026-11-22-abcdefg/",
        "sosreport-n1-2026-11-22-abcdefg-obfuscated/",
    ],
)
def test_a_cleaned_report_is_another_layouts(root):
    assert sos.roots([root + MARK]) == ()
    assert sos_obfuscated.roots([root + MARK]) == (root,)
    assert sos_obfuscated.place(MARK, []).redacted


def test_no_report():
    assert sos.roots([]) == sos.roots(["my_sos_commands/x", "sos_logs/sos.log"]) == ()


OWN = Placement(group=".")
PODLOGS = "sos_commands/kubernetes/cluster-info/calico-system/podlogs"


@pytest.mark.parametrize(
    "path,expected",
    [
        ("sos_commands/networking/ip_-o_addr", Placement(kind="ip-addr", group=".")),
        ("sos_commands/networking/ip_-d_address", Placement(kind="ip-addr", group=".")),
        ("sos_commands/networking/ip_address", Placement(kind="ip-addr", group=".")),
        ("sos_commands/networking/ip_route_show_table_all", Placement(kind="ip-route", group=".")),
        ("sos_commands/networking/ip_-6_route_show_table_all", Placement(kind="ip-route", family=6, group=".")),
        ("sos_commands/networking/ip_-4_rule", Placement(kind="ip-rule", family=4, group=".")),
        ("sos_commands/networking/ip_-6_rule_list", Placement(kind="ip-rule", family=6, group=".")),
        ("sos_commands/networking/ip_-s_-s_neigh_show", Placement(kind="ip-neigh", group=".")),
        ("sos_commands/kernel/sysctl_-a", Placement(kind="sysctl", group=".")),
        ("sos_commands/firewall_tables/nft_-a_list_ruleset", OWN),
        ("sos_commands/host/hostname", Placement(kind="hostname", group=".")),
        ("hostname", Placement(kind="hostname", group=".")),
        ("proc/net/route", OWN),
        ("etc/cni/net.d/10-calico.conflist", OWN),
        ("sos_commands/kubernetes/cluster-info/kubectl_get_-o_json_nodes", Placement()),
        ("sos_commands/kubernetes/pods/kubectl_--kubeconfig_x_get_-o_json_--namespace_kube-system_pods", Placement()),
        (
            f"{PODLOGS}/calico-node-x7k2p/kubectl_--namespace_calico-system_logs_calico-node-x7k2p_-c_calico-node",
            Placement(namespace="calico-system", pod="calico-node-x7k2p", container="calico-node"),
        ),
        (
            "var/log/pods/kube-system_canal-x7k2p_8f14e45f-ceea/calico-node/0.log",
            Placement(namespace="kube-system", pod="canal-x7k2p", container="calico-node", group="."),
        ),
        ("", OWN),
    ],
)
def test_placing(path, expected):
    assert place(path, ["n1"]) == expected


@pytest.mark.parametrize(
    "path",
    [
        "sos_commands/networking/ip_netns_exec_qrouter-1_ip_address_show",
        "sos_commands/networking/namespaces/blue/ip_netns_exec_blue_ip_-d_address_show",
        "sos_commands/networking/ip_-d_route_show_cache",
        "sos_commands/networking/ip_neigh_show_nud_noarp",
        "ip_addr",
        "ip_route",
        "etc/kubernetes/manifests/kube-apiserver.yaml",
    ],
)
def test_what_is_not_read_says_why(path):
    assert place(path, []).skip


@pytest.mark.parametrize(
    "path", ["worker-1/ip_addr.txt", "nodes/node-1/ip-route.txt", "ip-addr-node-1.txt", "nodes.yaml"]
)
def test_what_lies_beside_a_report_is_not_the_reports(path):
    """One stray file below sos_commands/ made the whole bundle a sos report, and of one machine."""
    assert place(path, []) is None
    assert sos.roots(["sos_commands/foo/a", path]) == ("",)
