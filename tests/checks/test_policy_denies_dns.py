"""CB401 and the hypothesis `network-policy`: a policy beside the recorded objects of a healthy cluster, and of a broken one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest

import calico_bundle as cb
from tests.stories import story

DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: NAMESPACE
spec:
  podSelector: {}
  policyTypes:
  - Egress
"""
ALLOW = DENY + "  egress:\n  - ports:\n    - port: 53\n      protocol: UDP\n    - port: 53\n      protocol: TCP\n"
GLOBAL = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: no-dns-in
spec:
  selector: k8s-app == 'kube-dns'
  ingress:
  - action: Log
  - action: Deny
    protocol: UDP
    destination:
      ports:
      - 53
  - action: Allow
"""
CALICO = """\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata:
  name: p
  namespace: NAMESPACE
spec:
  egress:
  - action: Allow
"""


def with_policies(
    name: str, *texts: str, without: str = "no such file", more: Mapping[str, str] | None = None
) -> cb.Analysis:
    """A story with files of policies, and more, beside its own; NAMESPACE is that of its first pods."""
    stream = io.BytesIO()
    members = [(path, content) for path, content in story(name).members() if without not in path]
    members += [(f"policies/{i}.yaml", t.replace("NAMESPACE", "default").encode()) for i, t in enumerate(texts)]
    members += [(path, text.encode()) for path, text in (more or {}).items()]
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in members:
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return cb.analyze(io.BytesIO(stream.getvalue()))


def considered(analysis: cb.Analysis) -> dict[str, Any]:
    """What the report says of the hypothesis."""
    return next(one for one in analysis.report()["hypotheses"] if one["name"] == "network-policy")


def test_a_namespace_that_may_send_nothing_is_named_with_its_policy() -> None:
    analysis = with_policies("healthy", DENY)
    (finding,) = analysis.findings["CB401"]
    assert finding.severity == "error"
    assert "NetworkPolicy default/default-deny applies, and no egress rule allows it" in finding.message
    assert [line.text for line in finding.evidence] == ["name: default-deny"]
    assert {pod.partition("/")[0] for pod in finding.pods} == {"default"}
    # By its whole name: Calico's API server has a kind `networkpolicy`, too.
    assert "kubectl patch networkpolicy.networking.k8s.io -n default default-deny" in finding.fixes[0].commands[0]
    assert considered(analysis)["status"] == "supported"


def test_a_rule_of_calico_at_the_dns_pods_is_named_with_its_line() -> None:
    (finding,) = with_policies("healthy", GLOBAL).findings["CB401"]
    assert "denied on ingress (UDP port 53): GlobalNetworkPolicy no-dns-in, ingress rule 1 (Deny)" in finding.message
    assert [line.text for line in finding.evidence] == ["- action: Deny"]


@pytest.mark.parametrize("name, namespace, paths", [("healthy", "default", 3), ("incident", "shop", 1)])
def test_affected_are_the_paths_that_are_broken_because_of_it(name: str, namespace: str, paths: int) -> None:
    """Where something else loses the lookups of a pod already, or whether it asks is not known, it is not counted."""
    analysis = with_policies(name, DENY.replace("NAMESPACE", namespace))
    (finding,) = analysis.findings["CB401"]
    assert "lookups of 3 pods are denied" in finding.message
    assert finding.paths == len(finding.pods) == (analysis.dns_paths["code"] == "CB401").sum() == paths


TABLE = """\
NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE   IP            NODE
default     app-1   1/1     Running   0          1d    10.244.1.10   node-1
"""


def test_pods_of_which_nothing_shows_whether_they_ask_are_denied_and_not_counted() -> None:
    """`kubectl get pods` shows no dnsPolicy (Kubernetes' printers)."""
    analysis = with_policies("healthy", DENY, without="pods.yaml", more={"k8s/pods.txt": TABLE})
    (finding,) = analysis.findings["CB401"]
    assert (finding.paths, finding.severity, finding.subject) == (0, "warning", "pod/default/app-1")
    assert set(analysis.dns_paths["verdict"]) == {"unknown"}


@pytest.mark.parametrize(
    "policy, subject",
    [
        (DENY, "cluster"),
        (DENY.replace("podSelector: {}", "podSelector: {matchLabels: {app: only}}"), "pod/default/only"),
        (GLOBAL, "service/kube-system/kube-dns"),
    ],
)
def test_subject_is_the_pod_or_the_dns_service_or_the_cluster(policy: str, subject: str) -> None:
    """One pod is named; at the DNS pods it is their service that is closed to all who are denied."""
    (finding,) = with_policies("healthy", policy, more={"k8s/only.yaml": ONLY}).findings["CB401"]
    assert finding.subject == subject


ONLY = """\
apiVersion: v1
kind: Pod
metadata: {name: only, namespace: default, labels: {app: only}}
spec: {nodeName: node-1, dnsPolicy: ClusterFirst, containers: [{name: a}]}
status: {phase: Running, podIP: 10.244.1.10, podIPs: [{ip: 10.244.1.10}], hostIP: 10.0.1.11}
"""
NAMED = DENY + "  egress:\n  - ports:\n    - {port: dns, protocol: UDP}\n    - {port: dns-tcp, protocol: TCP}\n"


def test_port_by_a_name_is_open_where_the_dns_pods_show_no_containers() -> None:
    """A named port is the one that a container of the pod gives the name (Kubernetes API: NetworkPolicyPort.port)."""
    analysis = with_policies("healthy", NAMED)
    assert len(analysis.findings["CB401"]) == 0
    assert "broken" not in set(analysis.dns_paths["verdict"])
    assert considered(analysis)["status"] == "not-checkable"


def test_policies_that_allow_dns_are_no_finding() -> None:
    analysis = with_policies("healthy", ALLOW)
    assert len(analysis.findings["CB401"]) == 0
    found = considered(analysis)
    assert found["status"] == "not-checkable"
    assert "no Calico NetworkPolicy and no GlobalNetworkPolicy" in found["text"]
    assert any("globalnetworkpolicies.crd.projectcalico.org" in command for command in found["collect"])


def test_policies_of_every_kind_that_allow_dns_rule_it_out_with_their_lines() -> None:
    allowing = GLOBAL.replace("action: Deny", "action: Allow")
    analysis = with_policies("healthy", ALLOW, allowing, CALICO)
    assert len(analysis.findings["CB401"]) == 0
    found = considered(analysis)
    assert found["status"] == "ruled-out"
    assert found["evidence"]


@pytest.mark.parametrize("name", ["healthy", "incident"])
def test_without_policies_it_is_skipped_and_paths_stay_as_they_are(name: str) -> None:
    analysis = with_policies(name)
    reason = next(s["reason"] for s in analysis.report()["checks_skipped"] if s["code"] == "CB401")
    assert reason.startswith("no network policy was collected")
    found = considered(analysis)
    assert found["status"] == "not-checkable"
    assert "kubectl get networkpolicies.networking.k8s.io -A -o yaml" in found["collect"]


def test_without_endpoints_it_is_skipped() -> None:
    analysis = with_policies("healthy", DENY, without="endpoints")
    assert "CB401" in {s["code"] for s in analysis.report()["checks_skipped"]}
    assert considered(analysis)["status"] == "not-checkable"


def test_a_policy_that_cannot_be_understood_leaves_it_open_and_is_quoted() -> None:
    analysis = with_policies("healthy", GLOBAL.replace("k8s-app == 'kube-dns'", "k8s-app is 'kube-dns'"))
    assert len(analysis.findings["CB401"]) == 0
    found = considered(analysis)
    assert found["status"] == "not-checkable"
    assert "GlobalNetworkPolicy no-dns-in" in found["text"]
