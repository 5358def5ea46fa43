"""Failed lookups in pods' logs beside the verdicts on their paths: who agrees, who contradicts, and who says nothing.

What a wording tells of the path: an answer, whatever it says, was delivered; a time-out for a name that the DNS servers
know by themselves is no upstream server's fault (CoreDNS, plugin kubernetes, is authoritative for its zone).
"""

from __future__ import annotations

import re

import pytest

from tests.checks.test_dns_servers import dns_down
from tests.dns_bundles import log_of, with_files

DNS = "10.96.0.10"
OWN = "orders.default.svc.cluster.local"
TIMEOUT = "2026-11-22T23:29:08Z ERROR dial tcp: lookup {} on {}:53: read udp 10.244.1.10:4->{}:53: i/o timeout\n"
NO_SUCH = f"2026-11-22T23:29:08Z ERROR dial tcp: lookup nobody on {DNS}:53: no such host\n"


def timeout(name: str = OWN, server: str = DNS) -> str:
    return TIMEOUT.format(name, server, server)


def symptom_of(story: str, pod: str, text: str, namespace: str = "default"):
    analysis = with_files(story, {log_of(pod, namespace=namespace): text})
    told = analysis.report()["symptoms"]
    assert told["pods"] == 1
    return analysis, told["listed"][0]


def broken_pod() -> tuple[str, str]:
    """A pod of the incident's story whose path is broken, as its own test has it."""
    paths = with_files("incident-by-hand").report()["paths"]
    return next((p["namespace"], p["pod"]) for p in paths if p["verdict"] == "broken")


def test_a_time_out_for_the_clusters_own_name_contradicts_a_path_called_good():
    analysis, told = symptom_of("healthy", "app-1", timeout() * 3)
    assert (told["relation"], told["verdict"], told["kinds"]) == ("contradicts", "reaches", {"timeout": 3})
    assert told["evidence"][0] == {"path": log_of("app-1"), "line": 1, "text": timeout().strip()}
    assert told["evidence"][1]["line"] == 3
    assert "But: the logs of 1 of these pods contradict it, first default/app-1" in analysis.verdict.headline
    assert "contradicts  default/app-1" in analysis.to_text()


def test_a_name_outside_the_cluster_may_be_lost_further_on():
    analysis, told = symptom_of("healthy", "app-1", timeout("api.example.com"))
    assert told["relation"] == "says-nothing"
    assert "tell of failed lookups" in analysis.verdict.headline


def test_another_server_than_the_cluster_dns_says_nothing():
    _, told = symptom_of("healthy", "app-1", timeout(server="8.8.8.8"))
    assert told["relation"] == "says-nothing"
    assert "8.8.8.8, which is not the cluster DNS" in told["text"]


@pytest.mark.parametrize(
    "line",
    [
        "Error: getaddrinfo EAI_AGAIN orders.default.svc.cluster.local\n",
        "curl: (6) Could not resolve host: orders.default.svc.cluster.local\n",
        "[error] 7#7: *1 orders.default.svc.cluster.local could not be resolved (110: Operation timed out)\n",
        f"lookup {OWN} on {DNS}:53: server misbehaving\n",
    ],
)
def test_what_may_be_a_server_that_failed_contradicts_no_path(line):
    # A file that begins with an error and has nothing else is taken for a collector's own.
    analysis, told = symptom_of("healthy", "app-1", f"listening on 8080\n{line}")
    assert told["relation"] in ("says-nothing", "agrees")
    assert "contradict" not in analysis.verdict.headline


def test_a_refused_query_contradicts_a_path_called_good():
    line = f"lookup db on {DNS}:53: read udp 10.244.1.10:4->{DNS}:53: read: connection refused\n"
    assert symptom_of("healthy", "app-1", line)[1]["relation"] == "contradicts"


REFUSED = f"2026-11-22T23:29:08Z lookup db on {DNS}:53: read udp 10.244.1.10:4->{DNS}:53: read: connection refused\n"


def test_a_refusal_is_told_from_a_time_out():
    """ECONNREFUSED on a UDP socket: an ICMP port unreachable came back (udp(7)), as kube-proxy's REJECT sends it."""
    _, told = symptom_of("healthy", "app-1", REFUSED)
    assert told["kinds"] == {"refused": 1}
    assert "kube-proxy, which rejects what is sent to a service without ready endpoints" in told["text"]


def test_a_refusal_is_not_what_a_lost_packet_gives():
    namespace, pod = broken_pod()
    _, told = symptom_of("incident-by-hand", pod, REFUSED, namespace)
    assert (told["relation"], told["verdict"]) == ("says-nothing", "broken")
    assert "a refusal is an answer" in told["text"]


def test_a_refusal_agrees_with_a_service_without_ready_endpoints():
    """pkg/proxy/iptables: a service without endpoints gets a rule `-j REJECT` of its own."""
    files = {log_of("app-1"): REFUSED}
    (told,) = with_files("healthy", files, dns_down).report()["symptoms"]["listed"]
    assert (told["relation"], told["verdict"]) == ("agrees", "broken")


def test_the_headline_says_what_speaks_against_it_whatever_the_verdict():
    namespace, pod = broken_pod()
    analysis, _ = symptom_of("incident-by-hand", pod, NO_SUCH, namespace)
    assert analysis.verdict.status == "broken"
    said = f"But: what 1 pod logged contradicts the verdict on the path, first {namespace}/{pod}"
    assert said in analysis.verdict.headline
    assert "(last at 2026-11-22T23:29:08Z)" in analysis.verdict.headline


def test_the_headline_of_what_cannot_be_decided_says_it_too():
    def one_of_an_unknown_node(_: str, text: str) -> str:
        pods = re.split(r"(?m)^(?= *- apiVersion: v1$)", text)
        return "".join(re.sub(r"nodeName: .*", "nodeName: other", p) if "name: app-3\n" in p else p for p in pods)

    analysis = with_files("healthy", {log_of("app-1"): timeout()}, one_of_an_unknown_node)
    assert analysis.verdict.status == "inconclusive"
    assert (
        "But: what 1 pod logged contradicts the verdict on the path, first default/app-1" in analysis.verdict.headline
    )


def test_a_name_error_shows_that_dns_answered_and_is_no_failure_of_the_path():
    analysis, told = symptom_of("healthy", "app-1", NO_SUCH)
    assert told["relation"] == "agrees"
    assert "But: the logs" not in analysis.verdict.headline


def test_a_time_out_agrees_with_a_broken_path():
    namespace, pod = broken_pod()
    _, told = symptom_of("incident-by-hand", pod, timeout(), namespace)
    assert (told["relation"], told["verdict"]) == ("agrees", "broken")


def test_a_name_error_of_the_cluster_dns_contradicts_a_broken_path():
    namespace, pod = broken_pod()
    _, told = symptom_of("incident-by-hand", pod, NO_SUCH, namespace)
    assert (told["relation"], told["verdict"]) == ("contradicts", "broken")
    assert f"{DNS} answered this pod" in told["text"]


def test_a_name_error_that_names_no_server_contradicts_nothing():
    namespace, pod = broken_pod()
    _, told = symptom_of("incident-by-hand", pod, "getaddrinfo ENOTFOUND nobody\n", namespace)
    assert told["relation"] == "says-nothing"


def test_a_pod_that_the_bundle_does_not_know_is_counted_and_judged_no_further():
    _, told = symptom_of("healthy", "stranger", timeout())
    assert (told["relation"], told["verdict"], told["node"]) == ("says-nothing", None, None)


def test_many_pods_are_counted_in_full_and_listed_in_part():
    files = {log_of(f"stranger-{n}"): timeout() * 2 for n in range(30)} | {log_of("app-1"): timeout()}
    told = with_files("healthy", files).report()["symptoms"]
    assert (told["pods"], told["lines"], len(told["listed"])) == (31, 61, 20)
    assert told["relations"] == {"contradicts": 1, "agrees": 0, "says-nothing": 30}
    assert told["listed"][0]["pod"] == "app-1"


def test_the_table_has_the_pod_and_the_server():
    analysis = with_files("healthy", {log_of("app-1", "web"): timeout()})
    (row,) = analysis.tables.rows("lookup_errors")
    wanted = {"namespace": "default", "pod": "app-1", "container": "web", "kind": "timeout", "server": DNS, "count": 1}
    assert {key: row[key] for key in wanted} == wanted


def test_without_logs_there_is_nothing_to_say():
    analysis = with_files("healthy")
    assert analysis.report()["symptoms"]["pods"] == 0
    assert "own logs" not in analysis.to_text()


@pytest.mark.parametrize(
    "container, finished, relation",
    [
        ("app", "2026-11-22T23:30:00Z", "says-nothing"),
        ("app", "2026-11-22T23:29:00Z", "contradicts"),
        ("other", "2026-11-22T23:30:00Z", "contradicts"),
    ],
)
def test_lines_from_before_a_containers_last_end_are_of_the_past(container, finished, relation):
    """lastState.terminated.finishedAt: the container that runs now began after it (Kubernetes API, ContainerState)."""
    status = (
        f"status:\n      containerStatuses:\n        - name: {container}\n          restartCount: 1\n"
        f"          lastState: {{terminated: {{exitCode: 1, reason: Error, finishedAt: '{finished}'}}}}\n"
    )

    def restarted(_: str, text: str) -> str:
        pods = re.split(r"(?m)^(?= *- apiVersion: v1$)", text)
        return "".join(p.replace("status:\n", status, 1) if "name: app-1\n" in p else p for p in pods)

    (told,) = with_files("healthy", {log_of("app-1"): timeout()}, restarted).report()["symptoms"]["listed"]
    assert told["relation"] == relation
