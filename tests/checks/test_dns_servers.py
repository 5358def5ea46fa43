"""CB301 and CB304: a cluster DNS without a service, and DNS servers that are in trouble themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.dns_bundles import Edit, log_of, with_files

UNREADY = re.compile(r'(type: Ready\n\s+status: ")True|(?<=status: ")True(?="\n\s+type: Ready)')
POD = "coredns-2a"
LOG = log_of(POD, "coredns", "kube-system")
LOOP = '[FATAL] plugin/loop: Loop (127.0.0.1:46073 -> :53) detected for zone ".", see https://coredns.io/plugins/loop\n'
API = (
    "E0301 10:00:01.000000 1 reflector.go:138] client-go/reflector.go:167: Failed to watch *v1.Service: failed to list "
    '*v1.Service: Get "https://10.96.0.1:443/api/v1/services": dial tcp 10.96.0.1:443: i/o timeout\n'
)
START = ".:53\n[INFO] plugin/reload: Running configuration SHA512 = 591cf3\nCoreDNS-1.11.1\n"
UPSTREAM = "[ERROR] plugin/errors: 2 example.com. A: read udp 10.244.2.2:41922->8.8.8.8:53: i/o timeout\n"
SILENT = UPSTREAM * 6 + UPSTREAM.replace("example.com", "registry.k8s.io") * 6
"""More lines than two lost lookups leave, for names of two domains (network/upstreams.py has the rule)."""


def dns_down(path: str, text: str) -> str:
    """No DNS pod is ready: neither the pods nor the endpoints say so."""
    if path.endswith("pods.yaml"):
        pods = re.split(r"(?m)^(?= *- apiVersion: v1$)", text)
        return "".join(UNREADY.sub(r"\1False", pod) if "k8s-app: kube-dns" in pod else pod for pod in pods)
    return text.replace("addresses:", "notReadyAddresses:") if path.endswith("endpoints.yaml") else text


def found(code: str, files: dict[str, str] | None = None, edit: Edit = lambda _, text: text, story: str = "healthy"):
    analysis = with_files(story, files, edit)
    return analysis, [f for f in analysis.findings if f.code == code]


def skipped(analysis, code: str) -> str | None:
    return next((s["reason"] for s in analysis.report()["checks_skipped"] if s["code"] == code), None)


def test_servers_that_forward_to_themselves_are_an_error_with_the_line():
    _, (finding,) = found("CB304", {LOG: START + LOOP}, dns_down)
    assert finding.severity == "error"
    assert "forward the zone '.' to themselves" in finding.message
    assert (finding.evidence[0].path, finding.evidence[0].line) == (LOG, 4)
    assert any("configmap coredns" in command for fix in finding.fixes for command in fix.commands)


def test_pods_that_are_not_ready_without_a_log_are_said_to_be_so_and_not_why():
    _, (finding,) = found("CB304", edit=dns_down)
    assert "their logs, which may say why, are not in the bundle" in finding.message
    assert "kubectl logs" in finding.fixes[0].commands[0]


def test_a_log_that_does_not_say_why_is_told_from_none():
    _, (finding,) = found("CB304", {LOG: START}, dns_down)
    assert "no line of their logs in the bundle says why" in finding.message


def test_upstream_servers_that_do_not_answer_are_a_warning():
    _, (finding,) = found("CB304", {LOG: START + SILENT})
    assert finding.severity == "warning"
    assert "no answer from 8.8.8.8 (12 lines)" in finding.message


def test_upstream_servers_that_refuse_are_told_from_those_that_are_silent():
    """ECONNREFUSED on a UDP socket is an answer: ICMP, port unreachable (udp(7))."""
    _, (finding,) = found("CB304", {LOG: START + SILENT.replace("i/o timeout", "read: connection refused")})
    assert "are refused by 8.8.8.8 (12 lines)" in finding.message
    assert "no answer" not in finding.message


def timed(text: str, seconds: int) -> str:
    """The lines with the times of a container runtime, equally far apart."""
    lines = text.splitlines(keepends=True)
    step = seconds / (len(lines) - 1)
    moments = [datetime(2026, 11, 22, 23, 0, tzinfo=UTC) + timedelta(seconds=step * n) for n in range(len(lines))]
    return "".join(f"{t:%Y-%m-%dT%H:%M:%S.%f}Z stdout F {line}" for t, line in zip(moments, lines, strict=True))


@pytest.mark.parametrize(
    "text, doubt",
    [
        (UPSTREAM, "so few may be"),
        (SILENT.replace(" A: ", " HINFO: "), "no query of a client is among them"),
        (UPSTREAM * 40, "all are for example.com, whose own servers"),
        (timed(SILENT, 30), "less than 60 s"),
    ],
)
def test_what_may_be_a_few_lookups_that_were_lost_is_mentioned_and_blamed_on_nobody(text, doubt):
    analysis, nothing = found("CB304", {LOG: START + text})
    assert nothing == []
    told = next(h for h in analysis.report()["hypotheses"] if h["name"] == "dns-upstream-silent")
    assert told["status"] == "not-checkable"
    assert doubt in told["text"]
    assert told["evidence"][0]["path"] == LOG
    assert told["collect"]


def test_lines_over_a_longer_time_count():
    assert len(found("CB304", {LOG: START + timed(SILENT, 300)})[1]) == 1


def test_upstream_servers_that_answer_another_dns_pod_are_not_silent():
    quiet = log_of("coredns-2b", "coredns", "kube-system")
    analysis, nothing = found("CB304", {LOG: START + SILENT, quiet: START})
    assert nothing == []
    told = next(h for h in analysis.report()["hypotheses"] if h["name"] == "dns-upstream-silent")
    assert "the log of coredns-2b has none" in told["text"]


def test_healthy_servers_are_not_blamed():
    analysis, nothing = found("CB304", {LOG: START})
    assert nothing == []
    assert skipped(analysis, "CB304") is None


def test_a_loop_of_a_time_before_is_not_held_against_servers_that_are_ready():
    assert found("CB304", {LOG: LOOP + START})[1] == []


def test_without_the_dns_pods_it_is_skipped():
    analysis, nothing = found("CB304", edit=lambda path, text: None if path.endswith("pods.yaml") else text)
    assert nothing == []
    assert "pods are not in the bundle" in (skipped(analysis, "CB304") or "")


def test_what_a_wrong_calico_address_may_explain_does_not_outrank_it():
    """Servers on the node at fault that cannot reach the API server, whose answers need a route: the address comes first."""
    log = log_of("coredns-5d78c9869d-8xq2m", "coredns", "kube-system")
    analysis, (finding,) = found("CB304", {log: START + API}, without_masquerading, "incident-by-hand")
    assert (finding.severity, finding.paths) == ("warning", 0)
    assert "may follow from the Calico address of shop-worker-2" in finding.message
    assert "CB101" in analysis.verdict.root_causes
    assert "CB304" not in analysis.verdict.root_causes
    considered = {h["name"]: h["status"] for h in analysis.report()["hypotheses"]}
    assert considered["dns-servers-unhealthy"] == "not-checkable"


def without_masquerading(path: str, text: str) -> str:
    return dns_down(path, text).replace("natOutgoing: true", "natOutgoing: false")


def test_an_api_server_that_refuses_is_not_laid_at_the_address():
    """ECONNREFUSED: a reset came back (tcp(7)), so packets were delivered and answered."""
    log = log_of("coredns-5d78c9869d-8xq2m", "coredns", "kube-system")
    refused = API.replace("i/o timeout", "connect: connection refused")
    _, (finding,) = found("CB304", {log: START + refused * 3}, dns_down, "incident-by-hand")
    assert "may follow" not in finding.message
    assert "10.96.0.1:443 (connection refused)" in finding.message
    # Not even without masquerading, where answers need a route to the pod; a time-out may follow from it there.
    _, (finding,) = found("CB304", {log: START + refused * 3}, without_masquerading, "incident-by-hand")
    assert "may follow" not in finding.message
    _, (finding,) = found("CB304", {log: START + refused * 3 + API}, without_masquerading, "incident-by-hand")
    assert "may follow" in finding.message


def test_what_a_server_does_to_itself_is_not_laid_at_the_address():
    log = log_of("coredns-5d78c9869d-8xq2m", "coredns", "kube-system")
    _, (finding,) = found("CB304", {log: START + LOOP}, dns_down, "incident-by-hand")
    assert finding.severity == "error"
    assert "may follow" not in finding.message


ENDED = (
    "status:\n      containerStatuses:\n        - name: coredns\n          restartCount: 4\n          state: {running: {}}\n"
    "          lastState: {terminated: {exitCode: CODE, reason: WHY, finishedAt: '2026-11-22T23:20:00Z'}}\n"
)


def ended(why: str, code: int) -> Edit:
    """A DNS pod that is ready, and ended before."""
    status = ENDED.replace("WHY", why).replace("CODE", str(code))

    def edit(_: str, text: str) -> str:
        pods = re.split(r"(?m)^(?= *- apiVersion: v1$)", text)
        return "".join(p.replace("status:\n", status, 1) if f"name: {POD}\n" in p else p for p in pods)

    return edit


def test_a_server_that_was_ended_for_its_memory_is_a_warning():
    """Kubernetes: a container over its memory limit is ended by the kernel (OOMKilled) and started anew."""
    analysis, (finding,) = found("CB304", edit=ended("OOMKilled", 137))
    assert finding.severity == "warning"
    assert "coredns: OOMKilled, exit code 137 at 2026-11-22T23:20:00Z; 4 restarts" in finding.message
    assert analysis.verdict.status == "healthy"


@pytest.mark.parametrize("why, code, status", [("Error", 2, "not-checkable"), ("Completed", 0, "ruled-out")])
def test_a_server_that_ended_before_is_not_ruled_out(why, code, status):
    logs = {log_of(pod, "coredns", "kube-system"): START for pod in ("coredns-2a", "coredns-2b")}
    analysis, nothing = found("CB304", logs, ended(why, code))
    assert nothing == []
    told = next(h for h in analysis.report()["hypotheses"] if h["name"] == "dns-servers-unhealthy")
    assert told["status"] == status


DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: coredns\n  namespace: kube-system\nspec:\n  replicas: {}\n"
    "  template:\n    metadata:\n      labels:\n        k8s-app: kube-dns\n"
)


def stopped(path: str, text: str) -> str:
    """The DNS pods are gone, and the endpoints have none."""
    if path.endswith("pods.yaml"):
        pods = re.split(r"(?m)^(?= *- apiVersion: v1$)", text)
        return "".join(pod for pod in pods if "k8s-app: kube-dns" not in pod)
    return dns_down(path, text)


@pytest.mark.parametrize("replicas, said", [(0, True), (2, False), ("'***HIDDEN***'", False)])
def test_a_deployment_without_replicas_is_the_reason(replicas, said):
    """Kubernetes, Deployment: spec.replicas 0 means that it shall have no pod."""
    files = {"k8s/deployment.yaml": DEPLOYMENT.format(replicas)}
    analysis, (finding,) = found("CB302", files, stopped)
    assert ("Deployment kube-system/coredns is set to 0 replicas" in finding.message) == said
    assert any("kubectl scale deployment coredns" in c for fix in finding.fixes for c in fix.commands) == said
    told = next(h for h in analysis.report()["hypotheses"] if h["name"] == "dns-servers-unhealthy")
    assert told["status"] == ("supported" if said else "not-checkable")


# --- CB301 ----------------------------------------------------------------------------------------------------------


def without_dns_service(path: str, text: str) -> str:
    """The services without that of DNS; another of its namespace stands in its place."""
    if not path.endswith("services.yaml"):
        return text
    return (
        text.replace("name: kube-dns", "name: metrics-server")
        .replace("port: 53", "port: 443")
        .replace("kube-dns", "metrics")
    )


def test_dns_pods_without_a_service_are_an_error():
    analysis, (finding,) = found("CB301", edit=without_dns_service)
    assert finding.severity == "error"
    assert "none of which is the DNS service" in finding.message
    assert analysis.verdict.status == "broken"


def test_a_service_with_an_address_is_none():
    analysis, nothing = found("CB301")
    assert nothing == []
    assert skipped(analysis, "CB301") is None


@pytest.mark.parametrize("gone", [("services.yaml",), ("services.yaml", "pods.yaml")])
def test_without_the_services_it_is_skipped(gone):
    analysis, nothing = found("CB301", edit=lambda path, text: None if path.endswith(gone) else text)
    assert nothing == []
    assert skipped(analysis, "CB301")


def headless(path: str, text: str) -> str:
    return text.replace("10.96.0.10", "None") if path.endswith("services.yaml") else text


def test_a_service_without_a_cluster_address_is_an_error():
    _, (finding,) = found("CB301", edit=headless)
    assert "has no cluster address" in finding.message


# --- no DNS pod is ready, and the address of their node is wrong too -------------------------------------------------------

BY_HAND = (
    log_of("coredns-5d78c9869d-8xq2m", "coredns", "kube-system"),
    log_of("coredns-5d78c9869d-tz6wb", "coredns", "kube-system"),
)


def leading(log: str, edit: Edit) -> tuple[tuple[str, ...], str, str]:
    analysis = with_files("incident-by-hand", dict.fromkeys(BY_HAND, START + log), edit)
    (finding,) = [f for f in analysis.findings if f.code == "CB302"]
    return analysis.verdict.root_causes, analysis.verdict.headline, finding.message


def test_servers_that_wait_for_the_api_server_without_masquerading_follow_from_the_address():
    """Answers to a pod's own address take Calico's routes, and nobody has any to this node's pods."""
    causes, headline, message = leading(API, without_masquerading)
    assert causes[:2] == ("CB101", "CB302")
    assert "Calico on shop-worker-2 uses 192.168.50.12" in headline
    assert "mend the address of shop-worker-2 first" in message


@pytest.mark.parametrize("log, edit", [("", dns_down), (API, dns_down), (LOOP, without_masquerading)])
def test_else_it_is_the_servers_that_come_first(log: str, edit: Edit):
    """Kubernetes, Pod lifecycle: the node's own kubelet probes. Calico, natOutgoing: what leaves the pools has the node's
    address. So neither takes a route between nodes; and a loop is a server's own doing."""
    causes, headline, message = leading(log, edit)
    assert causes[0] == "CB302"
    assert "CB101" in causes
    assert "no ready endpoint" in headline
    assert "does not by itself keep them from being ready" in message


def test_what_else_speaks_of_a_service_without_an_address_agrees():
    """Kubernetes, Service: clusterIP None is a Service without a virtual address, and still a Service."""
    analysis, (incomplete,) = found("CB901", edit=headless)
    assert "the DNS service kube-system/kube-dns has no address of its own" in incomplete.message
    assert "the bundle has no cluster DNS service" not in incomplete.message
    for code in ("CB302", "CB304"):
        assert skipped(analysis, code) == "the DNS service kube-system/kube-dns has no address of its own"
    told = {h["name"]: h["text"] for h in analysis.report()["hypotheses"]}
    assert "has no address of its own" in told["dns-no-ready-endpoints"]
    assert "has no address of its own" in told["service-proxy-stale"]


def test_without_a_ready_endpoint_nothing_is_said_of_rules_that_lead_to_none():
    analysis, _ = found("CB302", edit=dns_down)
    told = {h["name"]: h for h in analysis.report()["hypotheses"]}
    assert told["service-proxy-stale"]["status"] == "not-checkable"
    assert "no ready endpoint" in told["service-proxy-stale"]["text"]
    assert "no ready endpoint" in (skipped(analysis, "CB402") or "")
