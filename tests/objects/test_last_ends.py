"""How containers ended before: status.containerStatuses[].lastState.terminated (Kubernetes API, ContainerStateTerminated)."""

from __future__ import annotations

import json

import pytest
import yaml

from calico_bundle.facts import PodFact
from calico_bundle.objects.pod_parts import quick_restarts
from calico_bundle.parsers import choose
from calico_bundle.parsers.objects import PARSER

END = {"containerID": "containerd://a", "exitCode": 137, "finishedAt": "2026-11-22T23:20:00Z", "reason": "OOMKilled"}
WANTED = ("coredns/OOMKilled/137/2026-11-22T23:20:00Z",)


def listing(last: object) -> dict[str, object]:
    """A List of one pod, as kubectl writes it."""
    status = {
        "containerID": "containerd://b", "image": "coredns", "lastState": last, "name": "coredns", "ready": True,
        "restartCount": 1, "started": True, "state": {"running": {"startedAt": "2026-11-22T23:20:01Z"}},
    }  # fmt: skip
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "coredns-1", "namespace": "kube-system"},
        "spec": {"dnsPolicy": "Default", "nodeName": "n1"},
        "status": {"conditions": [], "containerStatuses": [status], "hostIP": "10.0.0.1", "phase": "Running",
                   "podIP": "10.1.2.3", "podIPs": [{"ip": "10.1.2.3"}]},
    }  # fmt: skip
    return {"apiVersion": "v1", "items": [pod], "kind": "List"}


def as_yaml(found: dict[str, object]) -> str:
    return yaml.safe_dump(found, default_flow_style=False).replace(": '20", ': "20').replace("Z'", 'Z"')


def as_json(found: dict[str, object]) -> str:
    return json.dumps(found, indent=4) + "\n"


@pytest.mark.parametrize("write", [as_yaml, as_json])
@pytest.mark.parametrize(
    "last, wanted",
    [
        ({}, ()),
        ({"terminated": {**END, "startedAt": "2026-11-20T00:00:00Z"}}, WANTED),
        ({"terminated": {**END, "message": "out of memory"}}, WANTED),
        ({"terminated": {"exitCode": 1}}, ("coredns/?/1/?",)),
        ({"waiting": {"reason": "Unknown"}}, ()),
    ],
)
def test_both_readers_say_the_same(write, last, wanted):
    text = write(listing(last))
    slow = next(fact for fact in PARSER.parse(text, "a").facts if isinstance(fact, PodFact))
    quick = PARSER.quick(text.encode(), "a") if PARSER.quick else None
    assert choose(text).kind == PARSER.kind
    assert (slow.last_ends, slow.restarts) == (wanted, 1)
    assert quick is None or next(iter(quick.of(PodFact))).last_ends == wanted


def test_the_usual_form_is_read_quickly():
    text = as_yaml(listing({"terminated": {**END, "startedAt": "2026-11-20T00:00:00Z"}}))
    statuses = text[text.index("containerStatuses:") + 18 : text.index("\n    hostIP")].encode()
    assert quick_restarts(statuses) == (1, (), WANTED)


@pytest.mark.parametrize("write", [as_yaml, as_json])
def test_what_a_collector_hid_is_no_reason(write):
    text = write(listing({"terminated": {**END, "reason": "***HIDDEN***"}}))
    (slow,) = (fact for fact in PARSER.parse(text, "a").facts if isinstance(fact, PodFact))
    assert slow.last_ends == ("coredns/?/137/2026-11-22T23:20:00Z",)
    assert "last_ends" in slow.redacted
