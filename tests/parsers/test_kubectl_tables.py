"""Tables of kubectl and calicoctl: what they show is a fact, what they do not show is said, and nothing is lost in silence."""

from __future__ import annotations

import re
from dataclasses import fields
from ipaddress import ip_address, ip_interface

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle import facts as f
from calico_bundle.evidence import GapKind
from calico_bundle.parsers import choose
from calico_bundle.parsers.kubectl_tables import parse, recognizes
from tests.layouts.rendered import recorded
from tests.layouts.rendered_kubectl import nodes_wide, pods_wide, services_wide, table

NODES = """\
NAME   STATUS                     ROLES           AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE             \
KERNEL-VERSION     CONTAINER-RUNTIME
n1     Ready                      control-plane   5d    v1.35.0   10.0.1.11     <none>        Ubuntu 24.04.1 LTS   \
6.8.0-31-generic   containerd://2.0.0
n2     Ready,SchedulingDisabled   <none>          5d    v1.35.0   <none>        <none>        Ubuntu 24.04.1 LTS   \
6.8.0-31-generic   containerd://2.0.0
n3     NotReady                   <none>          5d    v1.35.0   10.0.1.13     <none>        Ubuntu 24.04.1 LTS   \
6.8.0-31-generic   containerd://2.0.0
"""
PODS = """\
NAMESPACE     NAME          READY   STATUS             RESTARTS          AGE   IP           NODE     NOMINATED NODE   \
READINESS GATES
kube-system   coredns-0     1/1     Running            0                 5d    10.244.1.2   n1       <none>           \
<none>
shop          cart-0        0/1     CrashLoopBackOff   556 (3m50s ago)   5d    10.244.1.3   n2       <none>           \
<none>
shop          pending-0     0/1     Pending            0                 5d    <none>       <none>   <none>           \
<none>
shop          job-0         0/1     Error              0                 5d    10.244.1.9   n2       <none>           \
<none>
"""
SERVICES = """\
NAMESPACE     NAME       TYPE           CLUSTER-IP    EXTERNAL-IP   PORT(S)                  AGE   SELECTOR
kube-system   kube-dns   ClusterIP      10.96.0.10    <none>        53/UDP,53/TCP,9153/TCP   5d    k8s-app=kube-dns
shop          web        NodePort       10.96.10.10   <none>        80:30080/TCP             5d    <none>
shop          peers      ClusterIP      None          <none>        <none>                   5d    app=peers,tier=db
"""
ENDPOINTS = """\
NAMESPACE     NAME       ENDPOINTS                                             AGE
kube-system   kube-dns   10.244.1.2:53,10.244.2.2:53,10.244.1.2:53 + 3 more...   5d
shop          web        10.244.1.7:80                                         5d
shop          gone       <none>                                                5d
shop          starting                                                         5d
shop          six        [fd00::2]:80                                          5d
"""


def parsed(text, kind=object):
    return list(parse(text, "t.txt").of(kind))


def gaps(text):
    return parse(text, "t.txt").gaps


def test_a_table_is_chosen_by_its_text_and_no_output_of_ip_is_one():
    for text in (NODES, PODS, SERVICES, ENDPOINTS, "$ kubectl get nodes\n" + NODES, "# my nodes\n" + NODES):
        assert choose(text).kind == "k8s-table"
    for text in ("default via 10.0.0.1 dev eth0\n", "NAME=x\n", "NAME   is   lower\n", "Name:   n1\nRoles:   <none>\n"):
        assert not recognizes(text)


def test_nodes():
    n1, n2, n3 = parsed(NODES, f.NodeFact)
    assert (n1.internal_ips, n1.ready) == ((ip_address("10.0.1.11"),), True)
    assert (n2.internal_ips, n2.ready) == ((), True)
    # NotReady is printed for False and for Unknown.
    assert n3.ready is None
    assert "ready" in n3.not_shown
    assert {"bgp_ipv4", "labels", "provider_id", "pod_cidrs"} <= set(n1.not_shown)
    assert not {"internal_ips", "name", "ready"} & set(n1.not_shown)
    assert (n1.evidence.line, n1.cited["internal_ips"].line) == (2, 2)


def test_nodes_without_wide_do_not_show_their_address():
    (node,) = parsed("NAME   STATUS   ROLES    AGE   VERSION\nn1     Ready    <none>   5d    v1.35.0\n")
    assert node.internal_ips == ()
    assert "internal_ips" in node.not_shown


def test_pods():
    coredns, cart, pending, job = parsed(PODS, f.PodFact)
    assert (coredns.namespace, coredns.node, coredns.ips) == ("kube-system", "n1", (ip_address("10.244.1.2"),))
    assert (cart.restarts, cart.ready, cart.waiting_reasons) == (556, False, ("CrashLoopBackOff",))
    assert (pending.node, pending.ips, pending.phase) == (None, (), "Pending")
    # It has failed, or is about to start again: its address may be another pod's by now.
    assert (job.ips, job.phase) == ((), None)
    assert {"ips", "phase"} <= set(job.not_shown)
    assert all(pod.dns_policy is None and pod.host_network is None for pod in (coredns, cart, pending, job))
    assert {"dns_policy", "host_network", "labels", "network_probe"} <= set(coredns.not_shown)


def test_an_older_client_shows_fewer_columns():
    text = table(
        ("NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"),
        [("w", "1/1", "Running", "0", "5d", "10.1.1.1", "n1")],
    )
    (pod,) = parsed("$ kubectl -n shop get pods -o wide\n" + text)
    assert (pod.namespace, pod.node, str(pod.ips[0]), pod.ready) == ("shop", "n1", "10.1.1.1", None)


def test_services_and_their_endpoints():
    dns, web, peers = parsed(SERVICES, f.ServiceFact)
    assert [(p.port, p.protocol) for p in dns.ports] == [(53, "UDP"), (53, "TCP"), (9153, "TCP")]
    assert (str(dns.cluster_ips[0]), dns.selector) == ("10.96.0.10", {"k8s-app": "kube-dns"})
    assert (web.ports[0].port, web.type) == (80, "NodePort")
    assert (peers.cluster_ips, peers.ports, peers.selector) == ((), (), {"app": "peers", "tier": "db"})
    found = [(e.service, e.ip and str(e.ip), e.ready) for e in parsed(ENDPOINTS, f.EndpointFact)]
    assert found == [
        ("kube-dns", "10.244.1.2", True), ("kube-dns", "10.244.2.2", True), ("kube-dns", None, True),
        ("web", "10.244.1.7", True), ("gone", None, False), ("starting", None, False), ("six", "fd00::2", True),
    ]  # fmt: skip


SLICES = """\
NAMESPACE     NAME             ADDRESSTYPE   PORTS          ENDPOINTS                                      AGE
default       kubernetes       IPv4          6443           10.0.1.11                                      5d
kube-system   kube-dns-8tzqk   IPv4          53,9153,53     10.244.1.2,10.244.2.2                          5d
shop          many-x7k2p       IPv4          80             10.244.1.5,10.244.1.6,10.244.1.7 + 4 more...   5d
shop          none-gtw6x       IPv6          <unset>        <unset>                                        5d
"""


def test_slices_list_every_address_and_never_who_is_ready():
    """printers.go: the first three of all addresses, whatever their conditions; `<unset>` is an empty list."""
    found = [(e.service, e.ip and str(e.ip), e.ready) for e in parsed(SLICES, f.EndpointFact)]
    assert found == [
        ("kubernetes", "10.0.1.11", None), ("kube-dns", "10.244.1.2", None), ("kube-dns", "10.244.2.2", None),
        ("many", "10.244.1.5", None), ("many", "10.244.1.6", None), ("many", "10.244.1.7", None), ("many", None, None),
        ("none", None, False),
    ]  # fmt: skip
    assert {e.source for e in parsed(SLICES)} == {"EndpointSlice"}
    assert {"ready", "node", "pod"} <= set(parsed(SLICES)[0].not_shown)
    assert gaps(SLICES) == ()


def test_the_service_of_a_slice_is_its_label_where_labels_are_shown():
    text = table(
        ("NAMESPACE", "NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE", "LABELS"),
        [
            ("shop", "web-8tzqk", "IPv4", "80", "10.244.1.2", "5d", "a=b,kubernetes.io/service-name=other"),
            ("shop", "web-x7k2p", "IPv4", "80", "10.244.1.3", "5d", "<none>"),
            ("shop", "web-gtw6x", "FQDN", "80", "a.example", "5d", "kubernetes.io/service-name=web"),
        ],
    )
    assert [(e.service, str(e.ip)) for e in parsed(text)] == [("other", "10.244.1.2")]
    assert ["names in place of addresses" in gap.message for gap in gaps(text)] == [True]


def test_all_of_several_kinds_with_the_resource_before_the_name():
    text = (
        "NAMESPACE   NAME        READY   STATUS    RESTARTS   AGE\nshop        pod/web-0   1/1     Running   0          5d\n\n"
        "NAMESPACE   NAME                   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n"
        "default     service/kubernetes     ClusterIP   10.96.0.1    <none>        443/TCP   5d\n\n"
        "NAMESPACE   NAME                   READY   UP-TO-DATE   AVAILABLE   AGE\n"
        "shop        deployment.apps/cart   3/3     3            3           5d\n\n"
        "NAMESPACE       NAME                         DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   "
        "AGE   CONTAINERS    IMAGES             SELECTOR\n"
        "calico-system   daemonset.apps/calico-node   3         3         3       3            3           <none>          "
        "5d    calico-node   calico/node:v3.28  k8s-app=calico-node\n"
    )
    pod, service, daemon_set = parsed(text)
    assert (pod.name, service.name, daemon_set.name) == ("web-0", "kubernetes", "calico-node")
    assert daemon_set.containers[0].image == "calico/node:v3.28"
    assert daemon_set.not_shown == ("environment", "owner")
    assert gaps(text) == ()


def test_a_watch_repeats_rows_and_the_last_counts_however_wide():
    row = "web-0                         1/1     Running             0          10s\n"
    text = (
        "$ kubectl -n shop get pods -w\nNAME    READY   STATUS    RESTARTS   AGE\nweb-0   0/1     Pending   0          5s\n"
        + row
    )
    (pod,) = parsed(text)
    assert (pod.phase, pod.ready, pod.evidence.line) == ("Running", None, 4)


def test_rows_without_a_namespace_are_said_and_not_used():
    text = "NAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          5s\n"
    assert parsed(text) == []
    assert "kubectl get pods -A -o wide" in gaps(text)[0].message


@pytest.mark.parametrize("text", ["namespaces", "of no namespace"])
def test_names_status_and_age_are_namespaces_only_where_they_are_of_the_cluster(text):
    rows = (
        "NAME   STATUS   AGE\nshop   Active   5d\n"
        if text == "namespaces"
        else "NAMESPACE   NAME   STATUS   AGE\nshop        x      Active   5d\n"
    )
    found = parsed(rows)
    assert [fact.name for fact in found] == (["shop"] if text == "namespaces" else [])


def test_a_line_that_a_terminal_wrapped_is_a_gap_and_spoils_the_last_column():
    text = (
        "NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE   IP           NODE\n"
        "shop        web-0   1/1     Running   0          5d    10.244.1.2   shop-work\ner-1\n"
        "shop        web-1   1/1     Running   0          5d    10.244.1.3   shop-work\ner-2\n"
    )
    pods = parsed(text, f.PodFact)
    assert [(str(p.ips[0]), p.node, "node" in p.not_shown) for p in pods] == [
        ("10.244.1.2", None, True), ("10.244.1.3", None, True),
    ]  # fmt: skip
    assert [gap.line for gap in gaps(text)] == [3, 5]


@pytest.mark.parametrize("name", ["NODES", "PODS", "SERVICES", "ENDPOINTS", "SLICES"])
def test_a_table_as_narrow_as_a_terminal_gives_no_wrong_value_and_says_that_some_are_lost(name):
    """Whatever the width: a value is that of the whole table or is said not to be shown, and less is never silent."""
    whole = globals()[name]
    known = parsed(whole)
    for width in range(20, max(map(len, whole.split("\n")))):
        lines = (line[at : at + width] for line in whole.splitlines() for at in range(0, len(line), width))
        found = parse("\n".join(lines) + "\n", "t.txt")
        assert found.gaps, width
        for fact in found.facts:
            assert any(_is_part_of(fact, one) for one in known), (width, fact)


@pytest.mark.parametrize("name", ["NODES", "PODS", "SERVICES", "ENDPOINTS", "SLICES"])
def test_a_table_whose_lines_were_cut_is_never_silent(name):
    """`cut -c`, `less -S`: once any column behind the name is there, rows that give nothing are told."""
    whole = globals()[name]
    header = whole.split("\n", maxsplit=1)[0]
    begin = re.search(r"NAME {2,}\S", header).end()
    for width in range(begin, len(header)):
        found = parse("\n".join(line[:width] for line in whole.splitlines()) + "\n", "t.txt")
        assert len(found.facts) == len(parsed(whole)) or found.gaps, width


def test_a_cell_that_was_cut_so_that_it_is_no_value_spoils_its_column():
    columns = ("NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE")
    rows = [("shop", f"web-{n}", "1/1", "Running", "0", "5d", ip, at) for n, ip, at in (
        (0, "10.1.1.1", "shop-wor"), (1, "<none>", "<none"),
    )]  # fmt: skip
    (pod,) = parsed(table(columns, rows))
    assert (pod.node, "node" in pod.not_shown) == (None, True)
    selectors = [("shop", "a", "ClusterIP", "10.96.0.9", "<none>", "80/TCP", "5d", at) for at in ("app=we", "<non")]
    columns = ("NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR")
    assert [s.selector for s in parsed(table(columns, selectors))] == [{}]


def _is_part_of(fact, whole):
    names = [field.name for field in fields(fact) if field.name not in ("evidence", "cited", "not_shown")]
    return all(getattr(fact, name) == getattr(whole, name) or name in fact.not_shown for name in names)


def test_a_header_that_was_cut_gives_no_value_of_its_last_column():
    text = (
        "NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE   IP\n"
        "shop        web-0   1/1     Running   0          5d    10.244.1.1\n"
    )
    (pod,) = parsed(text)
    assert pod.ips == ()
    assert "ips" in pod.not_shown


def test_a_row_that_was_cut_is_a_gap():
    text = "\n".join(line[:60] if line.startswith("shop") else line for line in PODS.split("\n"))
    assert [pod.name for pod in parsed(text, f.PodFact)] == ["coredns-0"]
    assert len(gaps(text)) == 3


def test_calicoctl():
    text = (
        "NAME   ASN       IPV4             IPV6        \nn1     (64512)   10.0.1.11/24                 \n"
        "n2     65001     10.0.1.12/24     fd00::2/64  \nn3                                            \n\n"
        "NAME      CIDR            NAT    IPIPMODE   VXLANMODE     DISABLED   DISABLEBGPEXPORT   SELECTOR   \n"
        "default   10.244.0.0/16   true   Never      CrossSubnet   false      false              all()      \n\n"
        "NAME      LOGSEVERITY   MESHENABLED   ASNUMBER   \ndefault   Info          false         -          \n\n"
        "NAME   PEERIP      NODE         ASN     \nrr     10.0.1.9    (global)     64512   \n"
        "rs                 has(rr)      0       \n"
    )
    n1, n2, n3, pool, configuration, peer, selected = parsed(text)
    assert (n1.bgp_ipv4, n1.as_number, n2.as_number) == (ip_interface("10.0.1.11/24"), None, "65001")
    assert (n2.bgp_ipv6, n3.bgp_ipv4) == (ip_interface("fd00::2/64"), None)
    assert "internal_ips" in n1.not_shown
    assert "bgp_ipv4" not in n3.not_shown
    assert (str(pool.cidr), pool.vxlan_mode, pool.nat_outgoing, pool.node_selector) == (
        "10.244.0.0/16",
        "CrossSubnet",
        True,
        "all()",
    )
    assert (configuration.node_to_node_mesh, configuration.as_number) == (False, None)
    assert (peer.peer_ip, peer.node, peer.node_selector, peer.not_shown) == (
        "10.0.1.9",
        None,
        None,
        ("source_address",),
    )
    assert (selected.node_selector, selected.peer_ip) == ("has(rr)", None)
    assert "peer_selector" in selected.not_shown


def test_tables_that_do_not_show_what_is_needed_say_so():
    slices = (
        "NAMESPACE     NAME             ADDRESSTYPE   PORTS   ENDPOINTS    AGE\n"
        "kube-system   kube-dns-abcde   IPv4          53      10.244.1.2   5d\n"
    )
    pools = "NAME      CIDR            SELECTOR   \ndefault   10.244.0.0/16   all()      \n"
    for text, words in ((slices, "endpointslices -A -o yaml"), (pools, "encapsulation")):
        assert parsed(text) == []
        assert words in gaps(text)[0].message


def test_what_is_hidden_is_no_value():
    text = NODES.replace("10.0.1.11", "***HIDDEN***")
    assert parsed(text, f.NodeFact)[0].internal_ips == ()
    assert parsed(text, f.NodeFact)[0].redacted == ("internal_ips",)
    assert [gap.kind for gap in gaps(text)] == [GapKind.REDACTED]


def test_an_error_in_place_of_rows_is_not_none_there():
    text = NODES + "Error from server (Forbidden): pods is forbidden\n"
    assert [gap.kind for gap in gaps(text)] == [GapKind.COLLECTOR_ERROR]


@pytest.mark.parametrize(
    "resource, write, kind",
    [("nodes", nodes_wide, f.NodeFact), ("pods", pods_wide, f.PodFact), ("services", services_wide, f.ServiceFact)],
)
def test_every_recorded_object_is_a_fact(resource, write, kind):
    objects = recorded().objects(resource)
    found = parse(write(objects), "t.txt")
    assert [fact.name for fact in found.of(kind)] == [one["metadata"]["name"] for one in objects]
    assert found.gaps == ()


LINES = st.one_of(
    st.sampled_from(f"{NODES}\n{PODS}\n{SERVICES}\n{ENDPOINTS}".split("\n")),
    st.text(max_size=80),
    st.just("NAME   CIDR   SELECTOR"),
)


@settings(max_examples=200, derandomize=True, database=None)
@given(st.lists(LINES, max_size=12).map("\n".join))
def test_any_text_is_read_and_every_line_is_a_fact_noise_or_a_gap(text):
    found = parse(text, "t.txt")
    for fact in found.facts:
        assert fact.evidence.line
    noted = {gap.line for gap in found.gaps} | {fact.evidence.line for fact in found.facts}
    known = {line for block in (NODES, PODS, SERVICES, ENDPOINTS) for line in block.split("\n")}
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip() and line not in known]
    if len(found.gaps) < 20 and not any("NAME" in line for line in text.split("\n")):
        from calico_bundle.parsers.lines import is_output

        assert [n for n, line in lines if is_output(line) and n not in noted] == []
