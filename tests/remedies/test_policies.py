"""Fixes of policies: what is promised of them equals what an analysis says when their commands were carried out.

The commands are carried out here on the manifests: a JSON patch (RFC 6902, `add`), and an object more by `apply`.
"""

from __future__ import annotations

import io
import json
import shlex
import tarfile
from collections import Counter
from typing import Any

import pytest
import yaml

import calico_bundle as cb
from tests.stories import story

DENY_OUT: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny-out", "namespace": "default"},
    "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
}
SOME_OUT = {**DENY_OUT, "spec": {**DENY_OUT["spec"], "egress": [{"ports": [{"protocol": "TCP", "port": 443}]}]}}
DENY_IN: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny-in", "namespace": "kube-system"},
    "spec": {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}, "policyTypes": ["Ingress"]},
}
GLOBAL: dict[str, Any] = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "GlobalNetworkPolicy",
    "metadata": {"name": "no-dns-in"},
    "spec": {
        "order": 50,
        "selector": "k8s-app == 'kube-dns'",
        "types": ["Ingress"],
        "ingress": [
            {"action": "Deny", "protocol": "UDP", "destination": {"ports": [53]}},
            {"action": "Allow"},
        ],
    },
}
LAST: dict[str, Any] = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "NetworkPolicy",
    "metadata": {"name": "only-web", "namespace": "default"},
    "spec": {
        "selector": "all()",
        "types": ["Egress"],
        "egress": [{"action": "Allow", "destination": {"ports": [443]}}],
    },
}
TIER: dict[str, Any] = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "Tier",
    "metadata": {"name": "security"},
    "spec": {"order": 100},
}
TIERED: dict[str, Any] = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "GlobalNetworkPolicy",
    "metadata": {"name": "security.web"},
    "spec": {"tier": "security", "order": 1, "types": ["Egress"], "egress": [{"action": "Pass", "protocol": "TCP"}]},
}
HOSTS: dict[str, Any] = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "HostEndpoint",
    "metadata": {"name": "n1", "labels": {"host": "yes"}},
    "spec": {"node": "node-1", "interfaceName": "*"},
}
API_SERVER: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "calico-apiserver-7c", "namespace": "calico-apiserver"},
    "spec": {"nodeName": "node-1", "dnsPolicy": "Default"},
    "status": {"phase": "Running"},
}


def analyzed(objects: list[dict[str, Any]], name: str = "healthy") -> cb.Analysis:
    """A story with some objects more."""
    stream = io.BytesIO()
    members = list(story(name).members())
    members += [(f"more/{i}.yaml", yaml.safe_dump(one).encode()) for i, one in enumerate(objects)]
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in members:
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return cb.analyze(io.BytesIO(stream.getvalue()))


def carried_out(objects: list[dict[str, Any]], commands: tuple[str, ...]) -> list[dict[str, Any]]:
    """The objects after the commands; those that only look are passed over."""
    after = json.loads(json.dumps(objects))
    for command in commands:
        words = shlex.split(command, comments=True)
        if words[:2] == ["kubectl", "patch"]:
            named = (words[words.index("-n") + 1], words[words.index("-n") + 2])
            patched = next(o for o in after if (o["metadata"].get("namespace"), o["metadata"]["name"]) == named)
            for operation in json.loads(words[words.index("-p") + 1]):
                _added(patched, operation["path"].strip("/").split("/"), operation["value"])
        elif words[0] == "printf":
            assert words[3:] in (["|", "calicoctl", "apply", "-f", "-"], ["|", "kubectl", "apply", "-f", "-"])
            after.append(json.loads(words[2]))
        else:
            assert words[:2] in (["kubectl", "exec"], ["kubectl", "debug"])
    return after


def _added(target: Any, path: list[str], value: Any) -> None:
    for key in path[:-1]:
        target = target[key]
    if path[-1] == "-":
        target.append(value)
    else:
        target[path[-1]] = value


def verdicts(analysis: cb.Analysis) -> Counter[str]:
    return Counter(p.verdict.value for p in analysis.diagnosis.paths.pods)


@pytest.mark.parametrize(
    "objects",
    [
        [DENY_OUT],
        [SOME_OUT],
        [DENY_IN],
        [GLOBAL],
        [LAST],
        [TIER, TIERED],
        [DENY_OUT, DENY_IN],
        [DENY_OUT, GLOBAL],
        [TIER, TIERED, DENY_OUT, DENY_IN],
    ],
    ids=lambda objects: " ".join(o["metadata"]["name"] for o in objects),
)
def test_what_is_promised_is_what_the_commands_do(objects: list[dict[str, Any]]) -> None:
    before = analyzed(objects)
    failing = verdicts(before)["broken"] + verdicts(before)["degraded"]
    assert failing
    fewest = failing
    for fix in (finding.fixes[0] for finding in before.findings["CB401"]):
        after = analyzed(carried_out(objects, fix.commands))
        left = verdicts(after)["broken"] + verdicts(after)["degraded"]
        assert (fix.restores, fix.leaves_broken) == (failing - left, left)
        assert f"{failing} of {failing} failing paths reach" in fix.tried
        fewest = min(fewest, left)
    assert fewest == 0


def test_both_directions_are_one_fix() -> None:
    found = analyzed([DENY_OUT, DENY_IN]).findings["CB401"]
    fix = next(f.fixes[0] for f in found if "denied on egress" in f.message)
    assert "default/deny-out and NetworkPolicy kube-system/deny-in" in fix.title
    assert [c.split(" --type")[0].rpartition(" ")[2] for c in fix.commands[:2]] == ["deny-out", "deny-in"]


def test_a_policy_of_calico_is_put_before_the_one_that_denies_and_applies_to_no_more() -> None:
    """Calico's reference, Network policy: `order` (lower first), and policies of a tier are named by it."""
    (finding,) = analyzed([TIER, TIERED]).findings["CB401"]
    manifest = json.loads(shlex.split(finding.fixes[0].commands[0])[2])
    assert manifest["metadata"]["name"].startswith("security.")
    assert manifest["spec"]["order"] < TIERED["spec"]["order"]
    assert (manifest["spec"]["tier"], manifest["spec"]["types"]) == ("security", ["Egress"])
    assert "selector" not in manifest["spec"]


@pytest.mark.parametrize("objects, tool", [([GLOBAL], "calicoctl"), ([GLOBAL, API_SERVER], "kubectl")])
def test_kubectl_is_for_where_the_api_server_of_calico_is_seen(objects: list[dict[str, Any]], tool: str) -> None:
    command = analyzed(objects).findings["CB401"][0].fixes[0].commands[0]
    assert f"| {tool} apply -f -" in command


LATE: dict[str, Any] = {**GLOBAL, "metadata": {"name": "late"}, "spec": {"order": 2000, "types": ["Egress"],
                                                                           "egress": [{"action": "Deny"}]}}  # fmt: skip
APPS_MAY: dict[str, Any] = {**DENY_OUT, "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}}


def test_a_lookup_is_not_tried_inside_a_dns_server() -> None:
    """CoreDNS's image has neither a shell nor a resolver's tools: `kubectl debug` adds a container to the pod."""
    (finding,) = analyzed([LATE, APPS_MAY]).findings["CB401"]
    assert finding.pods == ("kube-system/coredns-2a", "kube-system/coredns-2b")
    assert not [command for command in finding.fixes[0].commands if "kubectl exec" in command]
    assert finding.fixes[0].commands[-1].startswith("kubectl debug -n kube-system coredns-2a -it --image=busybox")
    assert finding.fixes[0].commands[-1].endswith(" -- nslookup kubernetes.default.svc.cluster.local 10.96.0.10")
    (finding,) = analyzed([LATE]).findings["CB401"]
    assert [c.split(" -- ")[0] for c in finding.fixes[0].commands if "exec" in c] == ["kubectl exec -n default app-1"]


def test_what_a_host_endpoint_denies_has_no_fix_to_paste() -> None:
    """A host endpoint without a policy drops what is not a failsafe; no policy is named (Calico: Host endpoints)."""
    for finding in analyzed([HOSTS]).findings["CB401"]:
        assert finding.fixes == ()


def test_a_wrong_address_beside_it_is_left_and_said_together() -> None:
    """The incident: node-2's address is wrong, and a policy denies what the pods of one namespace ask."""
    in_shop = {**DENY_OUT, "metadata": {"name": "deny-out", "namespace": "shop"}}
    analysis = analyzed([in_shop], "incident")
    failing = verdicts(analysis)["broken"] + verdicts(analysis)["degraded"]
    policy = analysis.findings["CB401"][0].fixes[0]
    address = analysis.findings["CB101"][0].fixes[0]
    for fix in (policy, address):
        assert fix.leaves_broken
        assert fix.restores is not None
        assert fix.restores + fix.leaves_broken == failing
        assert f"together {failing} of {failing} failing paths reach" in fix.tried
