"""CB302's fixes: a change where the bundle shows what is wrong, else what to look at, and that no change is safe before.

Kubernetes, Service: the endpoints of a Service are the ready ones among the pods that its selector matches; a selector
matches pods that have each of its labels. RFC 6902, `replace`; a merge would keep the keys that are wrong.
"""

from __future__ import annotations

import json
import re
import shlex

import pytest

from calico_bundle.findings import Finding
from tests.checks.test_dns_servers import dns_down, found
from tests.dns_bundles import Edit

NO_ENDPOINTS = re.compile(r"(?s)    subsets:.*?(?=kind: List)")


def another_selector(selector: str) -> Edit:
    """The Service selects something else, so that its endpoints object is empty."""

    def edit(path: str, text: str) -> str:
        if path.endswith("endpoints.yaml"):
            return NO_ENDPOINTS.sub("    subsets: []\n", text)
        return text.replace("      selector:\n        k8s-app: kube-dns", f"      selector: {selector}")

    return edit


def finding_of(edit: Edit) -> Finding:
    _, (finding,) = found("CB302", edit=edit)
    return finding


@pytest.mark.parametrize(
    "selector", ["{k8s-app: coredns}", "{app: dns, tier: infra}", "{k8s-app: kube-dns, tier: infra}"]
)
def test_a_selector_that_matches_no_dns_pod_is_named_with_the_pods_labels_and_set_to_them(selector):
    finding = finding_of(another_selector(selector))
    shown = ",".join(sorted(selector.strip("{}").replace(": ", "=").split(", ")))
    assert f"its selector {shown} matches no pod" in finding.message
    assert "coredns-2a and coredns-2b have k8s-app=kube-dns" in finding.message
    assert {e.path for e in finding.evidence} == {"k8s/services.yaml", "k8s/endpoints.yaml", "k8s/pods.yaml"}
    words = shlex.split(finding.fixes[0].commands[0])
    assert words[:6] == ["kubectl", "patch", "service", "kube-dns", "-n", "kube-system"]
    assert json.loads(words[-1]) == [{"op": "replace", "path": "/spec/selector", "value": {"k8s-app": "kube-dns"}}]


def test_without_pods_to_compare_with_no_selector_is_blamed():
    def edit(path: str, text: str) -> str | None:
        return None if path.endswith("pods.yaml") else another_selector("{k8s-app: coredns}")(path, text)

    finding = finding_of(edit)
    assert "selector" not in finding.message
    assert "none of its pods is in the bundle" in finding.fixes[0].title


def test_pods_that_are_not_ready_are_to_be_looked_at_before_anything_is_changed():
    fix = finding_of(dns_down).fixes[0]
    assert "no change is safe before" in fix.title
    assert fix.commands[0] == "kubectl describe pods -n kube-system -l k8s-app=kube-dns"
    assert fix.disruption == "none: this only looks"


def test_endpoints_that_are_behind_the_pods_are_told_from_pods_that_are_not_ready():
    def edit(path: str, text: str) -> str:
        return text.replace("addresses:", "notReadyAddresses:") if path.endswith("endpoints.yaml") else text

    fix = finding_of(edit).fixes[0]
    assert "the pods say that they are ready" in fix.title
    assert any("kube-controller-manager" in command for command in fix.commands)
