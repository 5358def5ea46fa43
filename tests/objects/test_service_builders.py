"""Services, Endpoints and EndpointSlices to their facts, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from ipaddress import ip_address

import pytest

from calico_bundle import facts
from calico_bundle.evidence import Evidence, GapKind
from calico_bundle.facts import ServicePort
from calico_bundle.parsers import Parsed
from calico_bundle.parsers.objects import parse


def columns(record: object, *without: str) -> dict[str, object]:
    """A fact's columns; evidence as its text. An object shows all of them."""
    assert getattr(record, "not_shown", ()) == ()
    without = (*without, "not_shown")
    found = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in without}  # type: ignore[arg-type]
    return {name: value.text if isinstance(value, Evidence) else value for name, value in found.items()}


def only(text: str) -> object:
    parsed = parse(text, "f.yaml")
    assert parsed.gaps == ()
    (fact,) = parsed.facts
    return fact


SERVICE = """\
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {a: b}}
spec:
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10, "fd02::a"]
  selector: {k8s-app: kube-dns}
  ports:
  - {name: dns, port: 53, protocol: UDP}
  - {port: 9153}
"""


def test_service():
    assert columns(only(SERVICE)) == {
        "namespace": "kube-system",
        "name": "kube-dns",
        "type": "ClusterIP",
        "cluster_ips": (ip_address("10.96.0.10"), ip_address("fd02::a")),
        "ports": (ServicePort("dns", 53, "UDP"), ServicePort(None, 9153, "TCP")),
        "selector": {"k8s-app": "kube-dns"},
        "labels": {"a": "b"},
        "redacted": (),
        "evidence": "clusterIP: 10.96.0.10",
        "internal_traffic_policy": None,
    }


@pytest.mark.parametrize(
    "spec, addresses",
    [
        ("clusterIP: None, clusterIPs: [None]", ()),
        ("clusterIP: ''", ()),
        ("clusterIP: 10.0.0.1", (ip_address("10.0.0.1"),)),
        ("type: ExternalName", ()),
    ],
)
def test_addresses_of_a_service(spec: str, addresses: tuple[object, ...]):
    service = only(f"kind: Service\nmetadata: {{name: a}}\nspec: {{{spec}}}\n")
    assert isinstance(service, facts.ServiceFact)
    assert service.cluster_ips == addresses


ENDPOINTS = """\
kind: Endpoints
metadata: {name: kube-dns, namespace: kube-system}
subsets:
- addresses:
  - ip: 10.244.2.2
    nodeName: w1
    targetRef: {kind: Pod, name: coredns-a, namespace: dns}
  notReadyAddresses:
  - ip: 10.244.3.3
    targetRef: {kind: Pod, name: coredns-b}
- addresses:
  - ip: 192.0.2.9
"""
Row = tuple[object, ...]


def rows(parsed: Parsed) -> Iterator[Row]:
    for fact in parsed.facts:
        assert isinstance(fact, facts.EndpointFact)
        yield (str(fact.ip), fact.ready, fact.node, fact.pod_namespace, fact.pod, fact.evidence.line)


def test_endpoints():
    parsed = parse(ENDPOINTS, "f")
    assert list(rows(parsed)) == [
        ("10.244.2.2", True, "w1", "dns", "coredns-a", 5),
        ("10.244.3.3", False, None, "kube-system", "coredns-b", 9),
        ("192.0.2.9", True, None, None, None, 12),
    ]
    assert {f.source for f in parsed.facts if isinstance(f, facts.EndpointFact)} == {"Endpoints"}


def ports_of(text: str) -> list[tuple[str, list[str] | None]]:
    found = (fact for fact in parse(text, "f").facts if isinstance(fact, facts.EndpointFact))
    return [
        (str(e.ip), None if e.ports is None else [f"{p.name}/{p.port}/{p.protocol}" for p in e.ports]) for e in found
    ]


def test_ports_of_endpoints_are_those_of_all_subsets_that_the_address_is_in():
    """k8s.io/endpointslice and pkg/controller/endpoint resolve a named targetPort for each pod: subsets are per port then."""
    text = """\
kind: Endpoints
metadata: {name: kube-dns, namespace: kube-system}
subsets:
- addresses: [{ip: 10.244.2.2}]
  ports: [{name: dns, port: 5353, protocol: UDP}]
- addresses: [{ip: 10.244.2.3}]
  ports: [{name: dns, port: 53, protocol: UDP}]
- addresses: [{ip: 10.244.2.2}, {ip: 10.244.2.3}]
  ports: [{name: dns-tcp, port: 53}]
"""
    both = {"10.244.2.2": ["dns/5353/UDP", "dns-tcp/53/TCP"], "10.244.2.3": ["dns/53/UDP", "dns-tcp/53/TCP"]}
    assert ports_of(text) == [(ip, both[ip]) for ip in ("10.244.2.2", "10.244.2.3", "10.244.2.2", "10.244.2.3")]
    assert {ports for _, ports in ports_of(text.replace("port: 53}", "port: 0x35}"))} == {None}


@pytest.mark.parametrize(
    "ports, told",
    [
        ("ports: [{name: dns, port: 5353, protocol: UDP}]", ["dns/5353/UDP"]),
        ("ports: [{name: dns, protocol: UDP}]", None),
        ("ports: []", None),
        ("", None),
    ],
)
def test_ports_of_a_slice(ports: str, told: list[str] | None):
    """A port without a number stands for any (discovery.k8s.io/v1: EndpointPort.port)."""
    assert {str(found) for _, found in ports_of(f"{SLICE}{ports}\n")} == {str(told)}


SLICE = """\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: kube-dns-x
  namespace: kube-system
  labels: {kubernetes.io/service-name: kube-dns}
addressType: IPv4
endpoints:
- addresses: [10.244.2.2]
  conditions: {ready: true}
  nodeName: w1
  targetRef: {kind: Pod, name: coredns-a}
- addresses:
  - 10.244.3.3
  conditions: {ready: false}
  topology: {kubernetes.io/hostname: w2}
- addresses: [10.244.4.4]
"""


def test_endpoint_slice():
    parsed = parse(SLICE, "f")
    assert list(rows(parsed)) == [
        ("10.244.2.2", True, "w1", "kube-system", "coredns-a", 9),
        ("10.244.3.3", False, "w2", None, None, 14),
        ("10.244.4.4", True, None, None, None, 17),
    ]
    assert {f.service for f in parsed.facts if isinstance(f, facts.EndpointFact)} == {"kube-dns"}


@pytest.mark.parametrize(
    "text, line",
    [
        ("kind: Endpoints\nmetadata:\n  name: a\n", 3),
        ("kind: Endpoints\nmetadata:\n  name: a\nsubsets: null\n", 3),
        (SLICE.partition("endpoints:")[0] + "endpoints: null\n", 4),
    ],
)
def test_no_endpoint_at_all_is_a_fact_too(text: str, line: int):
    assert list(rows(parse(text, "f"))) == [("None", False, None, None, None, line)]


def test_a_hidden_endpoint_is_an_endpoint():
    parsed = parse(ENDPOINTS.replace("10.244.2.2", "'***HIDDEN***'"), "f")
    assert next(rows(parsed)) == ("None", True, "w1", "dns", "coredns-a", 5)
    assert [g.kind for g in parsed.gaps] == [GapKind.REDACTED]


def test_a_slice_of_no_service_and_one_of_names():
    assert parse(SLICE.replace("kubernetes.io/service-name", "other"), "f") == Parsed(())
    parsed = parse(SLICE.replace("IPv4", "FQDN"), "f")
    assert (parsed.facts, [g.line for g in parsed.gaps]) == ((), [7])


def test_the_traffic_policy_of_a_service():
    """Kubernetes, Service v1 core: spec.internalTrafficPolicy is Cluster or Local, and Cluster where it is not there."""
    local = SERVICE.replace("clusterIP: 10.96.0.10", "internalTrafficPolicy: Local\n  clusterIP: 10.96.0.10", 1)
    assert only(local).internal_traffic_policy == "Local"
