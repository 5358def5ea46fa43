"""Objects of `kubectl cluster-info dump` of 2017, whose fields have the names of Go."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import DaemonSetFact, EventFact, NodeFact, PodFact, ServiceFact
from calico_bundle.parsers import choose
from calico_bundle.parsers.objects import parse

NODE = {
    "name": "n1",
    "selfLink": "/api/v1/nodes/n1",
    "creationTimestamp": "2017-11-20T09:12:01Z",
    "labels": {"kubernetes.io/hostname": "n1", "Zone": "A"},
    "annotations": {"projectcalico.org/IPv4Address": "10.0.0.1/24"},
    "Spec": {"PodCIDR": "10.244.0.0/24", "ExternalID": "n1", "ProviderID": "aws:///a/i-0123", "Taints": None},
    "Status": {
        "Phase": "",
        "Conditions": [{"Type": "Ready", "Status": "True"}],
        "Addresses": [{"Type": "InternalIP", "Address": "10.0.0.1"}, {"Type": "Hostname", "Address": "n1"}],
    },
}
POD = {
    "name": "p",
    "namespace": "kube-system",
    "selfLink": "/api/v1/namespaces/kube-system/pods/p",
    "labels": {"k8s-app": "kube-dns"},
    "Spec": {
        "Containers": [{"Name": "a", "ReadinessProbe": {"Exec": None, "HTTPGet": {"Path": "/", "Port": 8080}}}],
        "DNSPolicy": "ClusterFirst",
        "NodeName": "n1",
        "SecurityContext": {"HostNetwork": True, "HostPID": False},
    },
    "Status": {"Phase": "Running", "HostIP": "10.0.0.1", "PodIP": "10.0.0.1"},
}
SERVICE = {
    "name": "kube-dns",
    "namespace": "kube-system",
    "selfLink": "/api/v1/namespaces/kube-system/services/kube-dns",
    "Spec": {
        "Type": "ClusterIP",
        "Ports": [{"Name": "dns", "Protocol": "UDP", "Port": 53, "TargetPort": 53, "NodePort": 0}],
        "Selector": {"K8s-App": "kube-dns"},
        "ClusterIP": "10.96.0.10",
        "ExternalName": "",
    },
}
DAEMON_SET = {
    "name": "calico-node",
    "namespace": "kube-system",
    "selfLink": "/apis/extensions/v1beta1/namespaces/kube-system/daemonsets/calico-node",
    "Spec": {
        "Selector": {"matchLabels": {"k8s-app": "calico-node"}},
        "Template": {
            "creationTimestamp": None,
            "Spec": {
                "Containers": [
                    {
                        "Name": "calico-node",
                        "Image": "quay.io/calico/node:v2.6.2",
                        "Env": [{"Name": "IP", "Value": "", "ValueFrom": None}, {"Name": "X", "Value": "y"}],
                    }
                ]
            },
        },
    },
}


def listed(*items, link="/api/v1/nodes"):
    return json.dumps({"selfLink": link, "resourceVersion": "48151", "Items": list(items)}, indent=4) + "\n"


def only(kind, *items):
    parsed = parse(listed(*items), "d/x.json")
    assert parsed.gaps == ()
    (found,) = parsed.of(kind)
    return found


@pytest.mark.parametrize("text", [listed(NODE), listed(), json.dumps({"Items": None}), listed(POD).replace("    ", "")])
def test_such_a_list_is_taken_for_objects(text):
    assert choose(text).kind == "k8s-objects"
    assert parse(text, "d/x.json").gaps == ()


def test_a_node():
    node = only(NodeFact, NODE)
    assert [str(ip) for ip in node.internal_ips] == ["10.0.0.1"]
    assert (node.name, node.hostname, str(node.bgp_ipv4)) == ("n1", "n1", "10.0.0.1/24")
    assert (node.provider_id, [str(c) for c in node.pod_cidrs], node.ready) == (
        "aws:///a/i-0123",
        ["10.244.0.0/24"],
        True,
    )
    assert node.labels == {"kubernetes.io/hostname": "n1", "Zone": "A"}
    assert node.evidence.text == '"name": "n1",'
    assert node.cited["internal_ips"].text == '"Address": "10.0.0.1"'


def test_the_hosts_network_is_a_flag_of_the_security_context():
    pod = only(PodFact, POD)
    assert (pod.namespace, pod.name, pod.node, pod.host_network) == ("kube-system", "p", "n1", True)
    assert (pod.dns_policy, pod.network_probe, [str(ip) for ip in pod.ips]) == ("ClusterFirst", True, ["10.0.0.1"])


def test_a_pod_without_an_address_yet_has_none():
    pending = {**POD, "Spec": {"Containers": []}, "Status": {"Phase": "Pending", "HostIP": "", "PodIP": ""}}
    pod = only(PodFact, pending)
    assert (pod.ips, pod.node, pod.host_network) == ((), None, False)


def test_a_service_keeps_the_users_own_keys():
    service = only(ServiceFact, SERVICE)
    assert service.selector == {"K8s-App": "kube-dns"}
    assert [str(ip) for ip in service.cluster_ips] == ["10.96.0.10"]
    assert [(port.port, port.protocol) for port in service.ports] == [(53, "UDP")]


def test_a_daemon_set_with_its_environment():
    (container,) = only(DaemonSetFact, DAEMON_SET).containers
    assert (container.name, container.image) == ("calico-node", "quay.io/calico/node:v2.6.2")
    assert container.environment == {"IP": "", "X": "y"}


def test_an_event_and_what_nobody_needs():
    event = {
        "name": "p.1",
        "namespace": "kube-system",
        "selfLink": "/api/v1/namespaces/kube-system/events/p.1",
        "InvolvedObject": {"Kind": "Pod", "Namespace": "kube-system", "Name": "p"},
        "Reason": "Unhealthy",
        "Message": "Readiness probe failed",
    }
    replica_set = {**DAEMON_SET, "selfLink": "/apis/extensions/v1beta1/namespaces/kube-system/replicasets/x"}
    assert only(EventFact, event, replica_set).object_name == "p"


def test_what_is_no_object_is_a_gap():
    parsed = parse(listed(NODE, "text"), "d/nodes.json")
    assert [gap.kind for gap in parsed.gaps] == [GapKind.NOT_UNDERSTOOD]
    assert len(parsed.facts) == 1
    (gap,) = parse('{"Items": "text"}', "d/nodes.json").gaps
    assert gap.message.startswith("items that are no list")


def test_an_object_that_does_not_say_what_it_is_is_a_gap():
    (gap,) = parse(listed({"name": "x", "Spec": {}}), "d/x.json").gaps
    assert "without a kind" in gap.message


_KEYS = st.sampled_from(
    ["Items", "Spec", "Status", "name", "selfLink", "metadata", "Addresses", "SecurityContext", "HostNetwork"]
) | st.text(max_size=3)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_no_list_makes_it_raise(value):
    parse(json.dumps({"selfLink": "/api/v1/nodes", "Items": [value]}), "x.json")
