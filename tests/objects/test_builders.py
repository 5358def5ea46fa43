"""Each kind of object to its facts, column by column."""

from __future__ import annotations

from dataclasses import fields
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from calico_bundle import facts
from calico_bundle.evidence import Evidence, GapKind
from calico_bundle.objects import all_builders, all_kinds
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


NODE = """\
apiVersion: v1
kind: Node
metadata:
  name: w1
  annotations:
    projectcalico.org/IPv4Address: 10.0.1.12/24
    projectcalico.org/IPv6Address: fd00::12
    projectcalico.org/IPv4IPIPTunnelAddr: 10.244.2.1
    projectcalico.org/IPv4VXLANTunnelAddr: 10.244.2.0
    projectcalico.org/ASNumber: "64512"
    projectcalico.org/RouteReflectorClusterID: 1.0.0.1
    projectcalico.org/Interfaces: '[{"name":"ens18","addresses":["10.0.1.12"]}]'
  labels: {kubernetes.io/hostname: w1.example}
spec:
  podCIDR: 10.244.2.0/24
  podCIDRs: [10.244.2.0/24, "fd01::/64"]
  providerID: aws:///eu/i-1
status:
  addresses:
  - {type: ExternalIP, address: 192.0.2.1}
  - {type: InternalIP, address: 10.0.1.12}
  - {type: InternalIP, address: "fd00::12"}
  - {type: Hostname, address: w1}
  conditions:
  - {type: DiskPressure, status: "False"}
  - type: Ready
    status: "True"
"""


def test_node():
    node = only(NODE)
    assert isinstance(node, facts.NodeFact)
    assert columns(node, "cited") == {
        "name": "w1",
        "internal_ips": (ip_address("10.0.1.12"), ip_address("fd00::12")),
        "hostname": "w1",
        "provider_id": "aws:///eu/i-1",
        "bgp_ipv4": ip_interface("10.0.1.12/24"),
        "bgp_ipv6": ip_interface("fd00::12/128"),
        "ipip_tunnel_ip": ip_address("10.244.2.1"),
        "vxlan_tunnel_ip": ip_address("10.244.2.0"),
        "as_number": "64512",
        "route_reflector_cluster_id": "1.0.0.1",
        "pod_cidrs": (ip_network("10.244.2.0/24"), ip_network("fd01::/64")),
        "calico_interfaces": '[{"name":"ens18","addresses":["10.0.1.12"]}]',
        "ready": True,
        "heartbeat": None,
        "labels": {"kubernetes.io/hostname": "w1.example"},
        "redacted": (),
        "evidence": "name: w1",
    }
    assert {column: evidence.line for column, evidence in node.cited.items()} == {
        "name": 4,
        "internal_ips": 21,
        "bgp_ipv4": 6,
        "bgp_ipv6": 7,
        "ipip_tunnel_ip": 8,
        "vxlan_tunnel_ip": 9,
        "as_number": 10,
        "ready": 27,
        "calico_interfaces": 12,
    }


def test_bare_node():
    node = only("kind: Node\nmetadata: {name: w1, labels: {kubernetes.io/hostname: h}}\nspec: {podCIDR: 10.1.0.0/24}\n")
    assert isinstance(node, facts.NodeFact)
    assert (node.hostname, node.ready, node.internal_ips, node.bgp_ipv4) == ("h", None, (), None)
    assert node.pod_cidrs == (ip_network("10.1.0.0/24"),)
    assert list(node.cited) == ["name"]


@pytest.mark.parametrize("status, ready", [("True", True), ("False", False), ("Unknown", None), ("***", None)])
def test_readiness_of_a_node(status: str, ready: bool | None):
    (node,) = parse(NODE.replace('    status: "True"', f"    status: '{status}'"), "f").facts
    assert isinstance(node, facts.NodeFact)
    assert node.ready is ready


def test_a_node_with_hidden_and_wrong_fields_is_still_a_fact():
    text = NODE.replace("10.0.1.12}", "'***HIDDEN***'}").replace("10.0.1.12/24", "nonsense")
    parsed = parse(text, "f")
    (node,) = parsed.facts
    assert isinstance(node, facts.NodeFact)
    assert node.internal_ips == (ip_address("fd00::12"),)
    assert (node.bgp_ipv4, node.redacted) == (None, ("internal_ips",))
    assert node.cited["internal_ips"].text == "- {type: InternalIP, address: '***HIDDEN***'}"
    assert [(g.line, g.kind) for g in parsed.gaps] == [(6, GapKind.NOT_UNDERSTOOD), (21, GapKind.REDACTED)]


POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: cart-0
  namespace: shop
  labels: {app: cart}
  ownerReferences:
  - {kind: Other, name: x}
  - {kind: StatefulSet, name: cart, controller: true}
spec:
  nodeName: w1
  hostNetwork: true
  dnsPolicy: None
  dnsConfig: {nameservers: [10.96.0.10]}
status:
  phase: Running
  hostIP: 10.0.1.12
  podIP: 10.244.2.7
  podIPs:
  - ip: 10.244.2.7
  - ip: fd01::7
  conditions:
  - {type: Ready, status: "False"}
  containerStatuses:
  - {restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}}
  - {restartCount: 4, state: {running: {}}}
"""


def test_pod():
    assert columns(only(POD)) == {
        "namespace": "shop",
        "name": "cart-0",
        "node": "w1",
        "ips": (ip_address("10.244.2.7"), ip_address("fd01::7")),
        "host_ip": ip_address("10.0.1.12"),
        "host_network": True,
        "dns_policy": "None",
        "dns_nameservers": ("10.96.0.10",),
        "phase": "Running",
        "ready": False,
        "network_probe": False,
        "restarts": 7,
        "waiting_reasons": ("CrashLoopBackOff",),
        "last_ends": (),
        "owner": "StatefulSet/cart",
        "labels": {"app": "cart"},
        "redacted": (),
        "evidence": "name: cart-0",
        "service_account": None,
        "named_ports": (),
    }


def test_bare_pod():
    pod = only("kind: Pod\nmetadata: {name: a}\nstatus: {podIP: 10.0.0.1}\n")
    assert isinstance(pod, facts.PodFact)
    assert (pod.namespace, pod.dns_policy, pod.node, pod.host_network) == ("default", "ClusterFirst", None, False)
    assert pod.ips == (ip_address("10.0.0.1"),)


def test_many_hidden_addresses_are_one_gap_per_column():
    pod = "- kind: Pod\n  metadata: {name: a}\n  status: {podIP: '***HIDDEN***', hostIP: '***HIDDEN***'}\n"
    parsed = parse("items:\n" + pod * 500, "f")
    assert len(parsed.facts) == 500
    assert [(g.line, g.message) for g in parsed.gaps] == [
        (4, "Pod: ips hidden by the collector in 500 objects"),
        (4, "Pod: host_ip hidden by the collector in 500 objects"),
    ]


DAEMON_SET = """\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: calico-node
  namespace: calico-system
  ownerReferences: [{kind: Installation, name: default, controller: true}]
spec:
  template:
    spec:
      containers:
      - name: calico-node
        image: docker.io/calico/node:v3.28.5
        env:
        - name: IP
          value: autodetect
        - name: NODENAME
          valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
        - name: EMPTY
        - name: HIDDEN
          value: "***HIDDEN***"
        - name: NUMBER
          value: 1.10
"""


def test_daemon_set():
    parsed = parse(DAEMON_SET, "f")
    (fact,) = parsed.facts
    assert isinstance(fact, facts.DaemonSetFact)
    assert (fact.namespace, fact.name, fact.owner) == ("calico-system", "calico-node", "Installation/default")
    (container,) = fact.containers
    assert (container.name, container.image) == ("calico-node", "docker.io/calico/node:v3.28.5")
    assert container.environment == {
        "IP": "autodetect",
        "NODENAME": None,
        "EMPTY": "",
        "HIDDEN": None,
        "NUMBER": "1.10",
    }
    assert {name: evidence.line for name, evidence in container.cited.items()} == {
        "image": 12,
        "IP": 15,
        "NODENAME": 16,
        "EMPTY": 18,
        "HIDDEN": 20,
        "NUMBER": 22,
    }
    assert [g.message for g in parsed.gaps] == ["DaemonSet: environment HIDDEN hidden by the collector in 1 object"]


def test_event():
    text = """\
kind: Event
metadata: {namespace: kube-system, name: a, creationTimestamp: "2024-01-01T00:00:00Z"}
involvedObject: {kind: Pod, name: calico-node-a}
reason: Unhealthy
message: "Readiness probe failed: BGP not established with\\t***HIDDEN***\\e[0m"
type: Warning
source: {component: kubelet, host: w1}
lastTimestamp: null
eventTime: "2024-01-02T00:00:00.000000Z"
count: 5
"""
    assert columns(only(text)) == {
        "namespace": "kube-system",
        "reason": "Unhealthy",
        "message": "Readiness probe failed: BGP not established with ***HIDDEN***",
        "type": "Warning",
        "object_kind": "Pod",
        "object_name": "calico-node-a",
        "host": "w1",
        "last_seen": "2024-01-02T00:00:00.000000Z",
        "count": 5,
        "evidence": 'message: "Readiness probe failed: BGP not established with\\t***HIDDEN***\\e[0m"',
    }


def test_event_of_the_new_group():
    text = """\
apiVersion: events.k8s.io/v1
kind: Event
metadata: {namespace: a, creationTimestamp: "2024-01-01T00:00:00Z"}
regarding: {kind: Node, name: w1}
note: Node is not ready
deprecatedSource: {host: w1}
deprecatedCount: 7
"""
    event = only(text)
    assert isinstance(event, facts.EventFact)
    assert (event.object_kind, event.object_name, event.host, event.count) == ("Node", "w1", "w1", 7)
    assert (event.message, event.last_seen, event.evidence.line) == ("Node is not ready", "2024-01-01T00:00:00Z", 5)


def test_namespace():
    fact = only("kind: Namespace\nmetadata:\n  name: 'null'\n  labels: {a: b}\n")
    assert columns(fact) == {"name": "null", "labels": {"a": "b"}, "evidence": "name: 'null'", "redacted": ()}


@pytest.mark.parametrize(
    "version, kind",
    [
        ("longhorn.io/v1beta1", "Node"),
        ("metallb.io/v1beta2", "BGPPeer"),
        ("serving.knative.dev/v1", "Service"),
        ("whereabouts.cni.cncf.io/v1alpha1", "IPPool"),
        ("audit.k8s.io/v1", "Event"),
    ],
)
def test_kinds_of_the_same_name_in_other_groups_are_passed_over(version: str, kind: str):
    assert parse(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n", "f") == Parsed(())


@pytest.mark.parametrize("kind", sorted(all_kinds() - {"Event"}))
def test_an_object_of_nothing_is_left_out_and_told(kind: str):
    parsed = parse(f"kind: {kind}\nmetadata: null\nspec: null\nstatus: null\n", "f")
    assert parsed.facts == ()
    assert [g.kind for g in parsed.gaps] == [GapKind.NOT_UNDERSTOOD]


INNER_KEYS = (
    *("name", "namespace", "labels", "annotations", "addresses", "cidr", "template", "podIPs", "ports", "attributes"),
    *(
        "allocations",
        "affinity",
        "calicoNetwork",
        "conditions",
        "containerStatuses",
        "dnsConfig",
        "ownerReferences",
        "Corefile",
    ),
)


@pytest.mark.parametrize("kind", sorted(all_kinds()))
@pytest.mark.parametrize("value", ["5", "text", "[5]", "[{a: b}]", "{a: [b]}", "[[]]"])
def test_fields_of_any_wrong_type_raise_nothing(kind: str, value: str):
    keys = ("metadata", "spec", "status", "subsets", "endpoints", "involvedObject", "message", "count", "data")
    assert parse(f"kind: {kind}\n" + "".join(f"{key}: {value}\n" for key in keys), "f").gaps
    inner = ", ".join(f"{key}: {value}" for key in INNER_KEYS)
    parsed = parse(f"kind: {kind}\n" + "".join(f"{key}: {{{inner}}}\n" for key in keys), "f")
    assert parsed.facts or parsed.gaps


def test_every_kind_has_a_builder_in_its_group():
    found: dict[str, set[str]] = {}
    for group, kind in all_builders():
        found.setdefault(group, set()).add(kind)
    calico = {"IPPool", "BlockAffinity", "IPAMBlock", "BGPConfiguration", "BGPPeer", "FelixConfiguration"}
    calico |= {"CalicoNodeStatus", "NetworkPolicy", "GlobalNetworkPolicy", "Tier", "HostEndpoint"}
    calico |= {"NetworkSet", "GlobalNetworkSet"}
    assert found["projectcalico.org"] == found["crd.projectcalico.org"] == calico
    assert found["operator.tigera.io"] == {"Installation"}
    assert "DaemonSet" in found["apps"]
    assert "EndpointSlice" in found["discovery.k8s.io"]
    assert "Event" in found["events.k8s.io"]
    assert found[""] >= {"Node", "Pod", "Service", "Endpoints", "Event", "Namespace"}
