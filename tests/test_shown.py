"""What a table does not show is unknown, and never what a missing field of an object would mean."""

from __future__ import annotations

import io
from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

import pytest
import yaml

import calico_bundle as cb
from calico_bundle import bundle as reading
from calico_bundle import facts as f
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts.endpoint_table import merge_endpoints
from calico_bundle.facts.pod_table import merge_pods
from calico_bundle.facts.service_table import merge_services
from calico_bundle.facts.shown import contradicts, join_events, join_nodes, tell_networks
from calico_bundle.network.service import find_dns
from calico_bundle.parsers import Parsed
from calico_bundle.parsers import kubectl_describe as descriptions
from calico_bundle.parsers import kubectl_tables as tables
from calico_bundle.paths import DnsPaths, Verdict
from tests.lab import recording
from tests.layouts.rendered import recorded
from tests.layouts.rendered_kubectl import endpoints_table, nodes_wide, pods_wide, services_wide, table
from tests.layouts.test_rendered import packed
from tests.network.hand_made import endpoint, node_object, pod, service
from tests.stories import story

POOL = ip_network("10.244.0.0/16")
TABLE_POD = {"host_network": None, "dns_policy": None, "not_shown": ("host_network", "dns_policy")}


def rows(text, kind):
    return tables.parse(text, "t.txt").of(kind)


# --- whose network, by the address ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ip, told", [("10.0.1.11", True), ("10.0.1.12", None), ("10.244.1.2", False), ("172.30.0.9", None)]
)
def test_an_address_tells_the_network_only_where_it_proves_it(ip, told):
    machines = {ip_address("10.0.1.11"): "node-1", ip_address("10.0.1.12"): "node-2"}
    unknown = pod("web-0", "node-1", ip, **TABLE_POD)
    assert tell_networks((unknown,), machines, (POOL,))[0].host_network is told


def test_what_an_object_says_of_its_network_stands():
    stated = pod("web-0", "node-1", "10.244.1.2", host_network=True)
    assert tell_networks((stated,), {}, (POOL,))[0] is stated


def test_an_address_that_a_pod_object_has_is_no_pods_of_an_older_table():
    now = pod("web-1", "node-2", "10.244.1.2")
    before = pod("web-0", "node-1", "10.244.1.2", **TABLE_POD)
    found = tell_networks((now, before), {}, (POOL,))
    assert (found[0].ips, found[1].ips) == (now.ips, ())
    assert "ips" in found[1].not_shown


# --- one thing from several sources ---------------------------------------------------------------------------------


def test_an_object_goes_before_a_table_whichever_was_read_first():
    shown, stated = pod("web-0", "node-1", "10.244.1.9", **TABLE_POD), pod("web-0", "node-2", "10.244.2.2")
    assert list(merge_pods([(shown,), (stated,)])) == [stated]
    of_table = replace(service(), labels={}, not_shown=("labels",))
    assert list(merge_services([(of_table,), (service(),)])) == [service()]
    first_three = replace(endpoint("10.244.2.2", "node-2"), ip=None, not_shown=("node", "ip"))
    assert list(merge_endpoints([(first_three,), (endpoint("10.244.2.2", "node-2"),)])) == [
        endpoint("10.244.2.2", "node-2")
    ]


def dns_endpoints(cell):
    return table(("NAMESPACE", "NAME", "ENDPOINTS", "AGE"), [("kube-system", "kube-dns", cell, "5d")])


def dns_slice(cell):
    columns = ("NAMESPACE", "NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE")
    return table(columns, [("kube-system", "kube-dns-8tzqk", "IPv4", "53", cell, "5d")])


def merged(*texts):
    parts = [tuple(rows(text, f.EndpointFact)) for text in texts]
    return [(e.ip and str(e.ip), e.ready, e.source) for e in merge_endpoints(parts)]


@pytest.mark.parametrize("order", [1, -1])
def test_a_table_of_slices_fills_what_a_table_of_endpoints_leaves_out(order):
    """Of Endpoints the first three ready pairs are shown, of slices all addresses: those that are ready are among these."""
    endpoints = dns_endpoints("10.244.1.2:53,10.244.2.2:53,10.244.1.2:53 + 3 more...")
    ready = [("10.244.1.2", True, "Endpoints"), ("10.244.2.2", True, "Endpoints")]
    assert merged(*[endpoints, dns_slice("10.244.1.2,10.244.2.2")][::order]) == ready
    three = dns_slice("10.244.1.2,10.244.2.2,10.244.3.2")
    assert merged(*[endpoints, three][::order]) == [*ready, ("10.244.3.2", None, "EndpointSlice")]
    for cell in ("10.244.1.2,10.244.2.2,10.244.3.2 + 1 more...", "10.244.1.2,10.244.9.9"):
        assert merged(*[endpoints, dns_slice(cell)][::order]) == [*ready, (None, True, "Endpoints")]
    assert merged(*[dns_endpoints("10.244.1.2:53,10.244.2.2:53"), three][::order]) == ready
    assert [one[1:] for one in merged(three)] == [(None, "EndpointSlice")] * 3


def test_that_none_was_there_once_does_not_hide_that_more_are_not_shown():
    texts = dns_endpoints("<none>"), dns_endpoints("10.244.1.2:53 + 3 more...")
    for both in (texts, texts[::-1]):
        assert (None, True, "Endpoints") in merged(*both)


def test_who_is_ready_is_not_told_by_a_table_of_slices():
    endpoints = merge_endpoints([tuple(rows(dns_slice("10.244.1.2,10.244.2.2"), f.EndpointFact))])
    cluster = Cluster({}, services=(service(),), endpoints=endpoints)
    dns = find_dns(cluster)
    assert (dns.ready, dns.hidden, dns.listed) == ((), True, True)


def test_a_node_is_put_together_from_what_each_source_shows():
    of_kubectl = rows(nodes_wide(recorded().objects("nodes")), f.NodeFact)[0]
    of_calicoctl = rows(f"NAME   ASN   IPV4   IPV6\n{of_kubectl.name}   65001   10.9.9.9/24   fd00::9/64\n", f.NodeFact)
    joined = join_nodes((*of_calicoctl, of_kubectl))[of_kubectl.name]
    assert (joined.internal_ips, joined.bgp_ipv4) == (of_kubectl.internal_ips, ip_interface("10.9.9.9/24"))
    assert joined.cited["bgp_ipv4"].text.startswith(of_kubectl.name)
    assert not {"bgp_ipv4", "internal_ips", "as_number"} & set(joined.not_shown)
    assert {"labels", "provider_id"} <= set(joined.not_shown)
    whole = node_object(of_kubectl.name, "10.0.7.7", "10.0.7.7/24")
    assert join_nodes((of_kubectl, whole))[of_kubectl.name] == whole


def test_sources_contradict_each_other_only_in_what_both_show():
    whole = replace(
        node_object("n1", "10.0.1.1", "10.0.1.1/24"), internal_ips=(ip_address("10.0.1.1"), ip_address("fd00::1"))
    )
    of_table = replace(whole, bgp_ipv4=None, internal_ips=whole.internal_ips[:1], not_shown=("bgp_ipv4",))
    assert not contradicts(of_table, whole)
    assert contradicts(replace(of_table, internal_ips=(ip_address("10.0.9.9"),)), whole)
    # Insights takes the annotation off.
    assert not contradicts(replace(whole, bgp_ipv4=None), whole)
    assert contradicts(replace(whole, bgp_ipv4=ip_interface("192.168.50.12/24")), whole)


# --- what is decided, and what is not -------------------------------------------------------------------------------


def incident(**tables_of):
    """The recorded incident, with the tables of some kinds in place of its objects."""
    kept = {
        path: data
        for path, data in story("incident").members()
        if not any(f"/{kind}.yaml" in path for kind in tables_of)
    }
    renamed = {path.replace("calico-diagnostics-20261122_232908/", "case/"): data for path, data in kept.items()}
    texts = {f"case/{kind}.txt": write(recorded().objects(kind)).encode() for kind, write in tables_of.items()}
    return cb.analyze(packed("case.tar.gz", renamed | texts)).report()


def verdicts(report):
    return {f"{p['namespace']}/{p['pod']}": p["verdict"] for p in report["paths"]}


def test_services_and_endpoints_in_tables_decide_every_path():
    whole = story("incident").measured["pods"]
    report = incident(services=services_wide, endpoints=endpoints_table)
    assert verdicts(report).items() >= {name: one["verdict"] for name, one in whole.items()}.items()
    assert report["verdict"]["root_causes"] == ["CB101"]


def test_a_table_of_pods_leaves_open_which_of_them_use_the_clusters_dns():
    report = incident(pods=pods_wide)
    assert set(verdicts(report).values()) == {"unknown"}
    assert all("kubectl get pods -A -o yaml" in path["reason"]["text"] for path in report["paths"])
    assert {e["request"] for path in report["paths"] for e in path["endpoints"]} >= {"lost", "delivered"}
    assert report["verdict"]["root_causes"] == ["CB101"]


def test_a_table_of_endpoints_that_leaves_some_out_decides_nothing_of_them():
    def cut(endpoints):
        ports = [{"port": port} for port in (53, 9153, 9154)]
        more = [{**e, "subsets": [{**s, "ports": ports} for s in e["subsets"]]} for e in endpoints]
        return endpoints_table(more)

    report = incident(endpoints=cut)
    assert {v for v in verdicts(report).values() if v != "not-applicable"} == {"unknown"}
    assert "CB303" not in [finding["code"] for finding in report["findings"]]


def test_whether_a_pod_of_unknown_network_asks_is_unknown():
    where = Cluster(
        {"node-1": ClusterNode("node-1", node_object("node-1", "10.0.1.1", "10.0.1.1/24"))}, services=(service(),)
    )
    paths = DnsPaths(where, find_dns(where))
    odd = pod("web-0", "node-1", "172.30.0.9", **TABLE_POD)
    assert paths.of(odd).verdict is Verdict.UNKNOWN
    assert "hostNetwork" in paths.of(odd).text
    # Of a policy that is known, this one does not depend on the network.
    assert paths.of(replace(odd, dns_policy="Default")).verdict is Verdict.NOT_APPLICABLE


def test_a_daemon_set_of_a_table_says_nothing_of_its_environment():
    text = table(
        (
            "NAMESPACE",
            "NAME",
            "DESIRED",
            "CURRENT",
            "READY",
            "UP-TO-DATE",
            "AVAILABLE",
            "NODE SELECTOR",
            "AGE",
            "CONTAINERS",
            "IMAGES",
            "SELECTOR",
        ),
        [
            (
                "kube-system",
                "calico-node",
                "3",
                "3",
                "3",
                "3",
                "3",
                "<none>",
                "5d",
                "calico-node",
                "calico/node:v3.28.5",
                "k8s-app=calico-node",
            )
        ],
    )
    where = Cluster({}, daemonsets=tuple(rows(text, f.DaemonSetFact)))
    assert where.calico_node is None
    assert where.has_calico


# --- tables that a layout sets aside are not read at all ------------------------------------------------------------


def test_a_table_beside_its_objects_is_not_even_read(monkeypatch: pytest.MonkeyPatch):
    read = []

    def parse(_text, path):
        read.append(path)
        return Parsed(())

    parser = replace(tables.PARSER, parse=parse)
    monkeypatch.setattr(reading, "choose", lambda head: parser if head.startswith("NAMESPACE") else None)
    text = pods_wide(recorded().objects("pods")).encode()
    files = {"calico-diagnostics-20261122_232908/cluster/kubernetes/pods.txt": text, "notes/pods.txt": text}
    artifacts = {a.path: a for a in reading.read_bundle(packed("x.tar.gz", files)).artifacts}
    assert read == ["notes/pods.txt"]
    assert artifacts["calico-diagnostics-20261122_232908/cluster/kubernetes/pods.txt"].placement.skip


def test_tables_for_which_there_is_no_room_are_read_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "HELD_BYTES", 10)
    found = reading.read_bundle(io.BytesIO(nodes_wide(recorded().objects("nodes")).encode()))
    assert [a.kind for a in found.artifacts] == ["k8s-table"]
    assert len(found.artifacts[0].parsed.facts) == len(recorded().objects("nodes"))


# --- events of descriptions, and hostile text ------------------------------------------------------------------------


def event(message, last_seen, **changed):
    values = {"namespace": "calico-system", "reason": "Unhealthy", "type": "Warning", "object_kind": "Pod"}
    values |= {"object_name": "calico-node-x7k2p", "host": None, "count": 30, "evidence": Evidence("e", 1, message)}
    return f.EventFact(message=message, last_seen=last_seen, **{**values, **changed})


def test_an_event_of_a_description_gives_way_to_events_that_have_a_time():
    described, stated = event("not ready", None), event("not ready", "2026-11-22T10:00:00Z")
    elsewhere = event("not ready", None, object_name="calico-node-2")
    assert join_events((described, stated, elsewhere)) == (stated, elsewhere)


@pytest.mark.parametrize(
    "text",
    [
        "NAME   " + "A   " * 20_000 + "\n" + "x\n" * 50_000,
        "NAME   READY   STATUS   RESTARTS   AGE\n" + "x" * 5_000_000,
        "NAMESPACE   NAME   ENDPOINTS   AGE\n" + "a   b   " + "+" * 60_000 + "   5d\n",
        "NAME   STATUS   ROLES   AGE   VERSION\n" + "\0\x1b[31m   \ud800\n" * 1000,
    ],
)
def test_hostile_tables_are_gaps(text):
    found = tables.parse(text, "t.txt")
    assert found.facts == ()
    assert found.gaps


@pytest.mark.parametrize(
    "text",
    [
        "Name:  " + "x" * 5_000_000,
        "Name:  x\n" * 50_000,
        "Name:  x\n" + "A:\n" * 50_000,
        "Name:  x\nEvents:\n  Warning  " + " " * 2_000_000,
    ],
)
def test_hostile_descriptions_give_nothing(text):
    assert descriptions.parse(text, "d.txt").facts == ()


def test_a_description_without_an_end_is_held_to_a_limit():
    assert "too long" in descriptions.parse("Name:  x\n" + "  a\n" * 30_000, "d.txt").gaps[0].message


def test_a_loss_says_where_an_address_that_was_not_collected_may_be_behind_it(tmp_path):
    """Recorded in the laboratory: two nodes with one address, of which this bundle shows nothing."""
    bundle = recording.read(recording.archive_of("duplicate-on-two"), tmp_path) / "bundle"
    nodes = bundle / "cluster" / "nodes.yaml"
    objects = yaml.safe_load(nodes.read_text(encoding="utf-8"))["items"]
    nodes.with_suffix(".txt").write_text(nodes_wide(objects), encoding="utf-8")
    nodes.unlink()
    found = [x["message"] for x in cb.analyze(bundle).report()["findings"] if x["code"] == "CB203"]
    assert found
    assert all("is not in the bundle, and may be what is wrong" in message for message in found)


def test_tables_beside_their_objects_change_nothing():
    objects = {p.replace("calico-diagnostics-20261122_232908/", "case/"): d for p, d in story("incident").members()}
    kinds = {"nodes": nodes_wide, "pods": pods_wide, "services": services_wide, "endpoints": endpoints_table}
    tables_too = {f"case/0/{kind}.txt": write(recorded().objects(kind)).encode() for kind, write in kinds.items()}
    alone, both = (cb.analyze(packed("case.tar.gz", files)).report() for files in (objects, tables_too | objects))
    assert [(p["pod"], p["verdict"], p["reason"]) for p in both["paths"]] == [
        (p["pod"], p["verdict"], p["reason"]) for p in alone["paths"]
    ]
    assert (both["verdict"], both["bundle"]["missing"], both["nodes"]) == (
        alone["verdict"],
        alone["bundle"]["missing"],
        alone["nodes"],
    )
    assert both["bundle"]["gaps"] == alone["bundle"]["gaps"]
