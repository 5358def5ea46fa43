"""Free-hand folders: node, table and family from whatever the path says; never one name for two machines."""

import pytest

from calico_bundle.layouts import Placement, all_layouts
from calico_bundle.layouts.by_content import LAYOUT, place, roots

NODES = ["worker-1", "worker-10", "master.example.com", "10.0.1.12"]


@pytest.mark.parametrize(
    "path,node",
    [
        ("worker-1/ip_a", "worker-1"),
        ("WORKER-1/ip_a", "worker-1"),
        ("worker-1.example.com/ip_a.txt", "worker-1"),
        ("master/ip_a.txt", "master.example.com"),
        ("case/nodes/worker-10/networking/ip_route.txt", "worker-10"),
        ("node_worker-1_ip_a.txt", "worker-1"),
        ("ip-addr-worker-10.log", "worker-10"),
        ("worker-1.ip.a.txt", "worker-1"),
        ("worker_1_ip_a.txt", "worker-1"),
        ("ip_a_10.0.1.12.txt", "10.0.1.12"),
        ("ip_a_master.example.com.txt", "master.example.com"),
        ("ip_route_show_table_100_worker-1", "worker-1"),
        ("dumps.zip!/worker-1-2026-11-22_10_30_00.tar.gz!/ip_a", "worker-1"),
        ("worker-1/ping-worker-10.txt", "worker-1"),
        ("ip_a_worker-1_2026-11-22.txt", "worker-1"),
    ],
)
def test_a_known_node_is_found(path, node):
    assert place(path, NODES).node == node


@pytest.mark.parametrize(
    "path", ["worker-1_to_worker-10.txt", "notes.txt", "cluster/pods.yaml", "worker-1-2.txt", "", "/"]
)
def test_no_node_is_guessed(path):
    assert place(path, NODES).node is None


def test_a_short_name_of_two_nodes_names_neither():
    assert place("n1.txt", ["n1.east.example.com", "n1.west.example.com"]).node is None


def test_a_name_that_goes_on_is_another_machine():
    assert place("ip_a_worker-1-2.txt", NODES).node == "worker-1-2"


@pytest.mark.parametrize(
    "path,node",
    [
        ("nodes/alpha/anything.log", "alpha"),
        ("alpha/ip_a.txt", "alpha"),
        ("alpha/networking/ip_route.txt", "alpha"),
        ("ip-addr-node1.log", "node1"),
        ("ip-addr-node-1.log", "node-1"),
        ("node1_ip_a.txt", "node1"),
        ("ip-a-10.0.1.12.txt", "10.0.1.12"),
        ("ip-route-table-node1.txt", "node1"),
        ("calicoctl_node_status_alpha.txt", "alpha"),
        ("birdcl_show_protocols_alpha.log", "alpha"),
        ("ip_addr/alpha.txt", None),
        ("ip_a.txt", None),
        ("ip_route_show_table_100.txt", None),
        ("sysctl.txt", None),
        ("calico-system/calico-node.log", None),
        ("alpha/calico-node.log", "alpha"),
        ("calico-node-alpha.log", "alpha"),
        ("calico-node-previous.log", None),
        ("logs/calico-node-x7k2p.log", None),
        ("alpha/pods.yaml", None),
        ("sos_commands/networking/ip_-o_addr", None),
        ("sosreport-alpha-2026-11-22-abcdefg/sos_commands/networking/ip_-o_addr", "alpha"),
    ],
)
def test_without_known_nodes_the_path_gives_a_candidate(path, node):
    assert place(path, []).node == node


@pytest.mark.parametrize(
    "pattern",
    [
        "case/ip-a-{}.txt",
        "{}/ip_a_before.txt",
        "case/{}_ip_a_extra.txt",
        "case/{}/net/ip_a",
        "{}.tar.gz!/ip_a",
        "{}_ip_a",
    ],
)
def test_two_machines_never_get_one_name(pattern):
    assert len({place(pattern.format(host), []).node for host in ("alpha", "beta", "alpha-2")}) == 3


def test_numbered_files_of_one_folder_are_kept_apart():
    assert [place(f"case/ip_a_{number}.txt", []).node for number in (1, 2)] == ["case/1", "case/2"]
    assert place("ip_a_1.txt", []).node is None


@pytest.mark.parametrize(
    "name,kind,family,table",
    [
        ("ip_route_table_100", "ip-route", None, "100"),
        ("ip_route_table_all.txt", "ip-route", None, None),
        ("IP_ROUTE_SHOW_TABLE_ALL", "ip-route", None, None),
        ("ip_route_show_table_mgmt.txt", "ip-route", None, "mgmt"),
        ("ip-route-table.txt", "ip-route", None, None),
        ("ip-6-route", "ip-route", 6, None),
        ("ip6_route", "ip-route", 6, None),
        ("ip_-6_route_show_table_all", "ip-route", 6, None),
        ("ip-route-v6.txt", "ip-route", 6, None),
        ("ipv6route", "ip-route", 6, None),
        ("ip_-4_rule_list", "ip-rule", 4, None),
        ("ipaddrshow", "ip-addr", None, None),
        ("ip_-d_address", "ip-addr", None, None),
        ("ip_j_addr.json", "ip-addr", None, None),
        ("ip-address-stats.txt", "ip-addr", None, None),
        ("ip_-s_-s_neigh_show", "ip-neigh", None, None),
        ("ip_link", None, None, None),
        ("birdcl_show_route_all.txt", "bird-routes", None, None),
        ("birdcl_show_protocols_all.txt", "bird-protocols", None, None),
        ("birdcl_show_status.txt", "bird-status", None, None),
        ("calicoctl_node_status.txt", "calicoctl-node-status", None, None),
        ("sysctl_net.txt", "sysctl", None, None),
        ("calico-node.log", "calico-log", None, None),
        ("httproutes.yaml", None, None, None),
        ("ip-pools.yaml", None, None, None),
    ],
)
def test_the_command_in_a_name(name, kind, family, table):
    placed = place(name, NODES)
    assert (placed.kind, placed.family, placed.table) == (kind, family, table)


def test_a_number_of_a_host_is_no_family():
    assert place("ip_a_node_6.txt", []).family is None
    assert place("ip_route_host-v6.txt", ["host-v6"]).family is None


@pytest.mark.parametrize(
    "path",
    [
        "sos_commands/networking/ip_netns_exec_qrouter-1_ip_route_show_table_all",
        "sos_commands/networking/namespaces/cni-1/ip_netns_exec_cni-1_ip_-d_address_show",
        "sos_commands/networking/namespaces/cni-1/ip_route",
        "n1/netns-blue/ip_a.txt",
        "n1/netns/blue_ip_a.txt",
    ],
)
def test_another_network_namespace_is_not_the_nodes(path):
    assert "namespace" in place(path, NODES).skip


@pytest.mark.parametrize("path", ["n1/ip_netns", "n1/ip_netns_list.txt", "namespaces/kube-system/pods.yaml"])
def test_lists_of_namespaces_are_no_other_namespace(path):
    assert place(path, NODES).skip is None


@pytest.mark.parametrize(
    "path,expected",
    [
        ("calico-node-x7k2p.log", (None, "calico-node-x7k2p", None)),
        ("calico-node-x7k2p-previous.log", (None, "calico-node-x7k2p", None)),
        (
            "calico-system_calico-node-x7k2p_calico-node.log",
            ("calico-system", "calico-node-x7k2p", "calico-node"),
        ),
        (
            "var/log/pods/calico-system_calico-node-x7k2p_8f14e45f-ceea-467f/calico-node/0.log",
            ("calico-system", "calico-node-x7k2p", "calico-node"),
        ),
        (
            f"var/log/containers/calico-node-x7k2p_calico-system_calico-node-{'0af9' * 16}.log",
            ("calico-system", "calico-node-x7k2p", "calico-node"),
        ),
        ("kube-system/calico-node-x7k2p/calico-node.log", ("kube-system", "calico-node-x7k2p", "calico-node")),
        ("worker-1/ip_a_show.log", (None, None, None)),
    ],
)
def test_the_pod_of_a_log(path, expected):
    placed = place(path, NODES)
    assert (placed.namespace, placed.pod, placed.container) == expected


def test_nothing_to_place():
    assert roots([]) == ("",)
    assert place("", []) == Placement()


def test_it_is_asked_last():
    assert all_layouts()[-1] is LAYOUT


@pytest.mark.parametrize(
    "path",
    [
        "kind-logs/worker-1/pods/kube-system_calico-node-x7k2p_0f0e0d0c-1111/calico-node/0.log",
        "worker-1/var/log/pods/kube-system_calico-node-x7k2p_0f0e0d0c-1111/calico-node/0.log",
        f"_artifacts/worker-1/containers/calico-node-x7k2p_kube-system_calico-node-{'0f' * 32}.log",
    ],
)
def test_logs_as_a_kubelet_keeps_them_are_of_the_machine_above_them(path):
    """kind export logs, and the e2e tests' log-dump."""
    placed = place(path, [])
    assert (placed.node, placed.pod, placed.container) == ("worker-1", "calico-node-x7k2p", "calico-node")
    assert place(path, ["worker-1.example.com"]).node == "worker-1.example.com"


@pytest.mark.parametrize("folders", ["", "pods/", "var/log/pods/", "cluster-resources/pods/logs/"])
def test_logs_of_pods_without_a_machine_above_them_name_none(folders):
    assert place(f"{folders}kube-system_calico-node-x7k2p_0f0e0d0c-1111/calico-node/0.log", []).node is None
    assert place("namespaces/shop/pods/calico-node-x7k2p/calico-node/logs/current.log", []).node is None
    assert place("shop/pods/calico-node-x7k2p/calico-node.log", []).node is None


@pytest.mark.parametrize(
    "name",
    [
        "ifconfig-a_worker-1.txt",
        "worker-1-netstat-rn.txt",
        "route-n-worker-1.log",
        "worker-1_fib_trie",
        "arp-an_worker-1.txt",
        "worker-1-arp-n.txt",
    ],
)
def test_commands_of_machines_without_ip_are_told_from_a_host(name):
    assert place(name, []).node == "worker-1"


@pytest.mark.parametrize("name", ["netstat-rne.txt", "netstat_-rnee.log", "netstat-rnv", "netstat-nre.out"])
def test_options_of_netstat_are_no_host(name):
    assert place(name, []).node is None
    assert place(f"worker-1_{name}", []).node == "worker-1"


@pytest.mark.parametrize(
    "name", ["ip_neigh_show_nud_noarp", "n1/ip-neigh-show-nud-noarp.txt", "n1_ip_route_show_cache"]
)
def test_outputs_that_leave_out_what_counts_are_set_aside(name):
    """`ip neigh show nud noarp` lists none of the neighbors that answer, and often more entries than `ip neigh`."""
    assert place(name, ["n1"]).skip
    assert place("n1/ip_neigh_show.txt", ["n1"]).skip is None
