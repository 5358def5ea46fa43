"""`kubectl describe`: what it shows is a fact, what it does not show is said, and what is cut off is a gap."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle import facts as f
from calico_bundle.evidence import GapKind
from calico_bundle.parsers import Parsed, choose
from calico_bundle.parsers.kubectl_describe import parse, recognizes
from tests.layouts.rendered import recorded
from tests.layouts.rendered_descriptions import described

NODE = """\
Name:               n1
Roles:              control-plane
Labels:             kubernetes.io/hostname=n1.example.com
                    node-role.kubernetes.io/control-plane=
Annotations:        a.example/note:
                      two lines, and one that means nothing
                      projectcalico.org/IPv4Address: 6.6.6.6/24
                    projectcalico.org/ASNumber: 65001
                    projectcalico.org/IPv4Address: 10.0.1.11/24
                    projectcalico.org/IPv4IPIPTunnelAddr: 10.244.1.0
CreationTimestamp:  Sun, 22 Nov 2026 10:00:00 +0000
Taints:             <none>
Unschedulable:      false
Lease:
  HolderIdentity:  n1
  RenewTime:       Sun, 22 Nov 2026 10:00:00 +0000
Conditions:
  Type             Status  LastHeartbeatTime   LastTransitionTime   Reason         Message
  ----             ------  -----------------   ------------------   ------         -------
  MemoryPressure   False   Sun, 22 Nov         Sun, 22 Nov          Kubelet...     kubelet has sufficient memory
  Ready            True    Sun, 22 Nov         Sun, 22 Nov          KubeletReady   kubelet is posting ready status
Addresses:
  InternalIP:  10.0.1.11
  InternalIP:  fd00::11
  Hostname:    n1.example.com
System Info:
  Machine ID:  abc
PodCIDR:                      10.244.1.0/24
PodCIDRs:                     10.244.1.0/24,fd01::/64
Non-terminated Pods:          (2 in total)
  Namespace                   Name                CPU Requests
  ---------                   ----                ------------
  shop                        web-0               0 (0%)
Events:              <none>
"""
POD = """\
Name:                 calico-node-x7k2p
Namespace:            calico-system
Priority:             2000001000
Node:                 n1/10.0.1.11
Labels:               k8s-app=calico-node
Annotations:          <none>
Status:               Running
IP:                   10.0.1.11
IPs:
  IP:           10.0.1.11
Controlled By:  DaemonSet/calico-node
Containers:
  calico-node:
    Image:          calico/node:v3.28.5
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
    Ready:          False
    Restart Count:  7
    Readiness:      http-get http://:9099/readiness delay=0s timeout=1s period=10s #success=1 #failure=3
Conditions:
  Type              Status
  Ready             False
  ContainersReady   False
Events:
  Type     Reason     Age                  From               Message
  ----     ------     ----                 ----               -------
  Normal   Pulled     5h                   kubelet, n1        Container image already present on machine
  Warning  Unhealthy  4h (x90 over 5h)     kubelet            Readiness probe failed: BGP not established with 10.0.1.12
  Warning  Unhealthy  2m (x15 over 10m)    kubelet            Readiness probe failed: 2026-11-22 [INFO][1] health.go 180: x
calico/node is not ready: BIRD is not ready: BGP not established with 10.0.1.13
"""
SERVICE = """\
Name:              kube-dns
Namespace:         kube-system
Labels:            k8s-app=kube-dns
Annotations:       <none>
Selector:          k8s-app=kube-dns
Type:              ClusterIP
IP Family Policy:  SingleStack
IP Families:       IPv4
IP:                10.96.0.10
IPs:               10.96.0.10
Port:              dns  53/UDP
TargetPort:        53/UDP
Endpoints:         10.244.1.2:53,10.244.2.2:53
Port:              dns-tcp  53/TCP
TargetPort:        53/TCP
Endpoints:         10.244.1.2:53,10.244.2.2:53
Session Affinity:  None
Events:            <none>
"""
ENDPOINTS = """\
Name:         kube-dns
Namespace:    kube-system
Labels:       k8s-app=kube-dns
Annotations:  <none>
Subsets:
  Addresses:          10.244.1.2,10.244.2.2
  NotReadyAddresses:  10.244.3.2
  Ports:
    Name  Port  Protocol
    ----  ----  --------
    dns   53    UDP

Events:  <none>
"""
DAEMON_SET = """\
Name:           calico-node
Selector:       k8s-app=calico-node
Node-Selector:  kubernetes.io/os=linux
Labels:         k8s-app=calico-node
Annotations:    deprecated.daemonset.template.generation: 1
Desired Number of Nodes Scheduled: 3
Current Number of Nodes Scheduled: 3
Pods Status:  3 Running / 0 Waiting / 0 Succeeded / 0 Failed
Pod Template:
  Labels:           k8s-app=calico-node
  Init Containers:
   install-cni:
    Image:  calico/cni:v3.28.5
    Environment:
      IP:  wrong
  Containers:
   calico-node:
    Image:      docker.io/calico/node:v3.28.5
    Environment:
      NODENAME:                   (v1:spec.nodeName)
      CALICO_NETWORKING_BACKEND:  <set to the key 'calico_backend' of config map 'calico-config'>  Optional: false
      IP:                         autodetect
      IP_AUTODETECTION_METHOD:    interface=eth.*
      EMPTY:
    Mounts:
      /host from host (rw)
  Volumes:
   host:
    Type:  HostPath
Events:            <none>
"""
ALL = (NODE, POD, SERVICE, ENDPOINTS, DAEMON_SET)


def parsed(text, kind=object):
    return list(parse(text, "d.txt").of(kind))


SLICE = """\
Name:         kube-dns-8tzqk
Namespace:    kube-system
Labels:       endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io
              kubernetes.io/service-name=kube-dns
Annotations:  <none>
AddressType:  IPv4
Ports:
  Name     Port  Protocol
  ----     ----  --------
  dns-tcp  53    TCP
Endpoints:
  - Addresses:  10.244.1.2, 10.244.1.3
    Conditions:
      Ready:    true
    Hostname:   <unset>
    TargetRef:  Pod/coredns-0
    NodeName:   n1
    Zone:       <unset>
  - Addresses:  10.244.2.2
    Conditions:
      Ready:    false
    Hostname:   <unset>
    NodeName:   <unset>
    Zone:       <unset>
  - Addresses:  10.244.3.2
    Conditions:
      Ready:    <unset>
    Topology:   kubernetes.io/hostname=n3
                topology.kubernetes.io/zone=a
Events:         <none>
"""


def test_slices():
    """describe.go, describeEndpointSliceV1 (and of v1beta1, the topology); a nil `ready` is true (discovery.k8s.io/v1)."""
    found = list(parse(SLICE, "s.txt").of(f.EndpointFact))
    assert [(str(e.ip), e.ready, e.node, e.pod, e.evidence.line) for e in found] == [
        ("10.244.1.2", True, "n1", "coredns-0", 12), ("10.244.1.3", True, "n1", "coredns-0", 12),
        ("10.244.2.2", False, None, None, 19), ("10.244.3.2", True, "n3", None, 25),
    ]  # fmt: skip
    assert {(e.namespace, e.service, e.source, e.not_shown) for e in found} == {
        ("kube-system", "kube-dns", "EndpointSlice", ("pod_namespace",))
    }
    assert parse(SLICE, "s.txt").gaps == ()


def test_a_slice_that_is_empty_of_no_service_or_unfit():
    head, tail = SLICE.split("Endpoints:", maxsplit=1)[0], "Events:         <none>\n"
    (none,) = parse(f"{head}Endpoints: <none>\n{tail}", "s.txt").facts
    assert (none.ip, none.ready) == (None, False)
    nobodys = SLICE.replace("kubernetes.io/service-name=kube-dns", "a=b")
    assert parse(nobodys, "s.txt") == Parsed((), ())
    for wrong in (
        SLICE.replace("IPv4", "FQDN"),
        SLICE.replace("      Ready:    true\n", ""),
        SLICE.replace("true", "yes"),
    ):
        assert parse(wrong, "s.txt").facts == ()
        assert len(parse(wrong, "s.txt").gaps) == 1
    (cut,) = parse(SLICE.split("    TargetRef", maxsplit=1)[0], "s.txt").gaps
    assert cut.kind is GapKind.TRUNCATED


def test_descriptions_are_chosen_by_their_text():
    assert {choose(text).kind for text in (*ALL, "$ kubectl describe node n1\n" + NODE)} == {"k8s-describe"}
    assert not any(map(recognizes, ("Name: n1\n", "name:   x\n", "Name:   x\nplain words\n")))


def test_a_node():
    (node,) = parsed(NODE)
    assert (node.name, node.ready, node.hostname) == ("n1", True, "n1.example.com")
    assert node.internal_ips == (ip_address("10.0.1.11"), ip_address("fd00::11"))
    # What stands further in is part of another annotation.
    assert node.bgp_ipv4 == ip_interface("10.0.1.11/24")
    assert (node.as_number, node.ipip_tunnel_ip, node.vxlan_tunnel_ip) == ("65001", ip_address("10.244.1.0"), None)
    assert [str(cidr) for cidr in node.pod_cidrs] == ["10.244.1.0/24", "fd01::/64"]
    assert (node.provider_id, node.not_shown) == (None, ("calico_interfaces",))
    assert (node.cited["bgp_ipv4"].line, node.cited["internal_ips"].line, node.evidence.line) == (9, 23, 1)


def test_when_a_node_was_last_heard_of():
    """The whole form of the table (kubectl pkg/describe, describeNode: RFC 1123 with a number for the zone)."""
    whole = NODE.replace(
        "True    Sun, 22 Nov  ", "True    Sun, 22 Nov 2026 10:00:01 +0000   Sun, 22 Nov 2026 09:00:00 +0000 "
    )
    (node,) = parsed(whole)
    assert node.heartbeat == "Sun, 22 Nov 2026 10:00:01 +0000"
    assert node.heartbeat in node.cited["heartbeat"].text
    assert parsed(NODE)[0].heartbeat is None


def test_a_client_before_leases_does_not_show_that_there_is_no_provider():
    before = NODE.replace("Lease:\n", "Previous:\n")
    assert "provider_id" in parsed(before)[0].not_shown
    named = before.replace("PodCIDR:   ", "ProviderID: kind://docker/n1\nPodCIDR:   ")
    assert parsed(named)[0].provider_id == "kind://docker/n1"


def test_lines_that_lost_their_indent_are_no_sign_that_an_annotation_is_missing():
    moved = NODE.replace("                    projectcalico.org/IPv4Address", "         projectcalico.org/IPv4Address")
    assert parsed(moved) == []
    assert "not indented" in parse(moved, "d.txt").gaps[0].message


def test_how_containers_ended_before():
    """kubectl describe (pkg/describe, describeContainerState): Reason, Exit Code, Started, Finished."""
    more = "      Reason:       Error\n      Exit Code:    137\n      Finished:     Sun, 22 Nov 2026 23:20:00 +0000\n"
    pod, *_ = parsed(POD.replace("      Reason:       Error\n", more))
    assert pod.last_ends == ("calico-node/Error/137/Sun, 22 Nov 2026 23:20:00 +0000",)


def test_a_pod_and_its_events():
    pod, *events = parsed(POD)
    assert (pod.namespace, pod.node, pod.host_ip, pod.ips) == (
        "calico-system", "n1", ip_address("10.0.1.11"), (ip_address("10.0.1.11"),),
    )  # fmt: skip
    assert (pod.ready, pod.restarts, pod.waiting_reasons, pod.owner) == (
        False,
        7,
        ("CrashLoopBackOff",),
        "DaemonSet/calico-node",
    )
    assert (pod.labels, pod.network_probe, pod.phase) == ({"k8s-app": "calico-node"}, True, "Running")
    hidden = ("host_network", "dns_policy", "dns_nameservers", "service_account", "named_ports")
    assert pod.not_shown == hidden
    # How often counts for the last of them alone: the one before it is four hours old.
    assert [(e.reason, e.count, e.host, e.object_name) for e in events] == [
        ("Pulled", 1, "n1", pod.name), ("Unhealthy", 1, None, pod.name), ("Unhealthy", 15, None, pod.name),
    ]  # fmt: skip
    assert events[-1].message.endswith(
        "x calico/node is not ready: BIRD is not ready: BGP not established with 10.0.1.13"
    )
    assert events[-1].evidence.line == 32


def test_a_service_and_what_is_behind_it():
    service, *endpoints = parsed(SERVICE)
    assert [(p.name, p.port, p.protocol) for p in service.ports] == [("dns", 53, "UDP"), ("dns-tcp", 53, "TCP")]
    assert (service.cluster_ips, service.labels, service.not_shown) == (
        (ip_address("10.96.0.10"),), {"k8s-app": "kube-dns"}, (),
    )  # fmt: skip
    assert [(str(e.ip), e.ready) for e in endpoints] == [("10.244.1.2", True), ("10.244.2.2", True)]
    more = SERVICE.replace("10.244.2.2:53", "10.244.2.2:53,10.244.3.2:53 + 2 more...")
    assert parsed(more, f.EndpointFact)[-1].ip is None


def test_endpoints():
    found = [(str(e.ip), e.ready, e.evidence.line) for e in parsed(ENDPOINTS)]
    assert found == [("10.244.1.2", True, 6), ("10.244.2.2", True, 6), ("10.244.3.2", False, 7)]


def test_a_daemon_set():
    (daemon_set,) = parsed(DAEMON_SET)
    (container,) = daemon_set.containers
    assert (container.name, container.image) == ("calico-node", "docker.io/calico/node:v3.28.5")
    assert container.environment == {
        "NODENAME": None, "CALICO_NETWORKING_BACKEND": None, "IP": "autodetect",
        "IP_AUTODETECTION_METHOD": "interface=eth.*", "EMPTY": "",
    }  # fmt: skip
    assert daemon_set.not_shown == ("owner", "namespace")
    assert parsed(DAEMON_SET.replace("Selector:  ", "Namespace:  kube-system\nSelector:  ", 1))[0].not_shown == (
        "owner",
    )


def test_several_in_one_file_and_kinds_that_nobody_needs():
    deployment = "Name:                   web\nNamespace:              shop\nReplicas:               3 desired\n"
    kinds = [type(fact) for fact in parsed(f"{NODE}\n\n\n{deployment}\n\n\n{SERVICE}")]
    assert kinds == [f.NodeFact, f.ServiceFact, f.EndpointFact, f.EndpointFact]


@pytest.mark.parametrize(
    "text",
    [
        NODE[: NODE.index("Addresses:")],
        POD[: POD.index("Containers:")],
        DAEMON_SET[: DAEMON_SET.index("Mounts")],
        ENDPOINTS[:200],
    ],
)
def test_a_description_that_is_cut_off_is_a_gap(text):
    assert parsed(text) == []
    assert [gap.kind for gap in parse(text, "d.txt").gaps] == [GapKind.TRUNCATED]


def test_what_is_hidden_or_wrong_is_no_value():
    hidden = parse(NODE.replace("InternalIP:  10.0.1.11", "InternalIP:  ***HIDDEN***"), "d.txt")
    assert hidden.facts == ()
    assert GapKind.REDACTED in [gap.kind for gap in hidden.gaps]


@pytest.mark.parametrize(
    "resource, kind",
    [("nodes", f.NodeFact), ("pods", f.PodFact), ("services", f.ServiceFact), ("daemonsets", f.DaemonSetFact)],
)
def test_every_recorded_object_is_a_fact(resource, kind):
    objects = recorded().objects(resource)
    found = parse(described(objects, resource), "d.txt")
    assert [fact.name for fact in found.of(kind)] == [one["metadata"]["name"] for one in objects]
    assert found.gaps == ()


LINES = st.one_of(st.sampled_from("".join(ALL).split("\n")), st.text(max_size=60))


@settings(max_examples=200, derandomize=True, database=None)
@given(st.lists(LINES, max_size=40).map("\n".join), st.sampled_from(ALL), st.integers(0, 2000))
def test_any_text_is_read(text, whole, at):
    parse(text, "d.txt")
    for fact in parse(whole[:at] + text + whole[at:], "d.txt").facts:
        assert fact.evidence.line
