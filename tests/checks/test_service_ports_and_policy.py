"""What a Service does not lead to its endpoints: ports it does not have, nodes it keeps lookups on, endpoints that end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.checks.test_lookups_untranslated import add_kube_proxy, verdicts
from tests.checks.test_service_proxy_stale import NODES, Edit, analyzed, edit, findings, without
from tests.stories import FIXTURES

LOCAL_DROP = (
    '-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns has no local endpoints" '
    "-m udp --dport 53 -j DROP"
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES / "healthy" / "bundle", tmp_path / "bundle")
    return tmp_path / "bundle"


def change(bundle: Path, name: str, old: str, new: str) -> None:
    path = bundle / "k8s" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def without_rules(bundle: Path) -> None:
    for node in NODES:
        (bundle / "nodes" / node / "iptables-save.txt").unlink()


def found(bundle: Path, code: str) -> list[Any]:
    return list(analyzed(bundle).findings[code])


def statuses(bundle: Path) -> dict[str, str]:
    return {h["name"]: h["status"] for h in analyzed(bundle).report()["hypotheses"]}


# --- a Service without UDP 53 -----------------------------------------------------------------------------------------


def only_tcp(bundle: Path) -> None:
    for name in ("services.yaml", "endpoints.yaml"):
        change(bundle, name, "protocol: UDP", "protocol: TCP")


@pytest.mark.parametrize("recorded", [True, False], ids=["rules recorded", "no rules"])
def test_a_service_without_udp_53_answers_no_lookup(bundle: Path, recorded: bool):
    """Kubernetes, Virtual IPs and Service Proxies: kube-proxy captures traffic to a Service's address *and port*."""
    only_tcp(bundle)
    if recorded:
        edit(bundle, lambda text: text.replace("udp", "tcp"), *NODES)
    else:
        without_rules(bundle)
    assert {v for node in NODES for v in verdicts(bundle, node)} == {"broken"}
    (finding,) = found(bundle, "CB301")
    assert (finding.severity, finding.paths) == ("error", 8)
    assert "TCP 53, and not UDP 53" in finding.message
    assert any("kubectl patch service kube-dns -n kube-system" in c for c in finding.fixes[0].commands)
    assert analyzed(bundle).diagnosis.verdict.root_causes == ("CB301",)
    assert statuses(bundle)["dns-service-missing"] == "supported"
    assert findings(bundle) == []


def test_rules_that_translate_what_the_service_does_not_have_leave_it_open(bundle: Path):
    """One of the two is older than the other."""
    change(bundle, "services.yaml", "protocol: UDP", "protocol: TCP")
    assert {v for node in NODES for v in verdicts(bundle, node)} == {"unknown"}
    (finding,) = found(bundle, "CB301")
    assert finding.severity == "warning"
    assert statuses(bundle)["dns-service-missing"] == "not-checkable"


def test_ports_that_are_not_shown_are_not_missing(bundle: Path):
    change(bundle, "services.yaml", "port: 53\n          protocol: UDP", "port: 53\n          protocol: '***HIDDEN***'")
    assert found(bundle, "CB301") == []


# --- internalTrafficPolicy: Local -------------------------------------------------------------------------------------


def keep_local(bundle: Path) -> None:
    change(bundle, "services.yaml", "type: ClusterIP", "type: ClusterIP\n      internalTrafficPolicy: Local")


def as_written_for_local(node: str) -> Edit:
    """Kubernetes pkg/proxy/iptables/proxier.go: nothing in the nat table, and a DROP in the filter table."""

    def edited(text: str) -> str:
        none = without("KUBE-SVC-", "KUBE-SEP-", "-A KUBE-SERVICES")(text)
        drop = f":KUBE-SERVICES - [0:0]\n{LOCAL_DROP}\n"
        return none.replace("-A INPUT -j cali-INPUT\n", f"{drop}-A INPUT -j cali-INPUT\n", 1)

    return edited if node != "node-2" else lambda text: text.replace("KUBE-SVC-", "KUBE-SVL-")


@pytest.mark.parametrize("rules", ["none", "as written"])
def test_nodes_without_an_endpoint_of_their_own_have_none(bundle: Path, rules: str):
    """Kubernetes, Service Internal Traffic Policy: only node local endpoints are considered; without one it has zero."""
    keep_local(bundle)
    if rules == "none":
        without_rules(bundle)
    for node in NODES if rules == "as written" else ():
        edit(bundle, as_written_for_local(node), node)
    assert [verdicts(bundle, node) for node in NODES] == [{"broken"}, {"reaches"}, {"broken"}]
    (finding,) = found(bundle, "CB302")
    assert (finding.severity, finding.nodes, finding.paths) == ("error", ("node-1", "node-3"), 4)
    assert "internalTrafficPolicy: Local" in finding.message
    assert '{"spec": {"internalTrafficPolicy": "Cluster"}}' in " ".join(finding.fixes[0].commands)
    assert findings(bundle) == []
    assert analyzed(bundle).diagnosis.verdict.root_causes == ("CB302",)


def test_rules_that_lead_elsewhere_leave_it_open_whether_the_policy_is_in_force(bundle: Path):
    keep_local(bundle)
    assert [verdicts(bundle, node) for node in NODES] == [{"unknown"}, {"reaches"}, {"unknown"}]
    assert found(bundle, "CB302") == []


def test_rules_for_local_endpoints_that_are_stale_are_said_to_be(bundle: Path):
    keep_local(bundle)
    add_kube_proxy(bundle, *NODES)
    for node in NODES:
        edit(bundle, as_written_for_local(node), node)
    edit(bundle, without("-j KUBE-SERVICES"), "node-2")
    (stale,) = findings(bundle)
    assert stale.nodes == ("node-2",)
    assert (stale.fixes[0].restores, stale.fixes[0].leaves_broken) == (4, 4)


def test_policy_of_the_whole_cluster_changes_nothing(bundle: Path):
    change(bundle, "services.yaml", "type: ClusterIP", "type: ClusterIP\n      internalTrafficPolicy: Cluster")
    assert analyzed(bundle).diagnosis.verdict.status == "healthy"


# --- endpoints that end -----------------------------------------------------------------------------------------------

SLICE = """\
apiVersion: v1
kind: List
items:
- addressType: IPv4
  apiVersion: discovery.k8s.io/v1
  endpoints:
  - addresses:
    - 10.244.2.2
    conditions:
      ready: false
      serving: {serving}
      terminating: {terminating}
    nodeName: node-2
  - addresses:
    - 10.244.2.3
    conditions:
      ready: {other}
      serving: {other}
      terminating: false
    nodeName: node-2
  kind: EndpointSlice
  metadata:
    labels:
      kubernetes.io/service-name: kube-dns
    name: kube-dns-x
    namespace: kube-system
  ports:
  - name: dns
    port: 53
    protocol: UDP
"""


def slices(bundle: Path, **said: str) -> None:
    (bundle / "k8s" / "endpoints.yaml").unlink()
    (bundle / "k8s" / "endpointslices.yaml").write_text(SLICE.format(**said))


def test_endpoints_that_end_and_still_serve_may_be_led_to(bundle: Path):
    """Kubernetes pkg/proxy/topology.go (KEP-1669): without a ready endpoint, those that serve and terminate are used.

    Releases before 1.26 do not by default, so nothing is decided by it.
    """
    slices(bundle, serving="true", terminating="true", other="false")
    assert {v for node in NODES for v in verdicts(bundle, node)} == {"unknown"}
    (finding,) = found(bundle, "CB302")
    assert finding.severity == "warning"
    assert "of which 1 still serving while terminating" in finding.message
    assert statuses(bundle)["dns-no-ready-endpoints"] == "not-checkable"


@pytest.mark.parametrize(
    "said", [{"serving": "false", "terminating": "true"}, {"serving": "true", "terminating": "false"}]
)
def test_endpoints_that_do_not_serve_or_do_not_end_are_not_led_to(bundle: Path, said: dict[str, str]):
    slices(bundle, **said, other="false")
    assert {v for node in NODES for v in verdicts(bundle, node)} == {"broken"}
    (finding,) = found(bundle, "CB302")
    assert finding.severity == "error"


def test_a_ready_endpoint_is_led_to_and_no_other(bundle: Path):
    slices(bundle, serving="true", terminating="true", other="true")
    without_rules(bundle)
    add_kube_proxy(bundle, *NODES)
    assert {v for node in NODES for v in verdicts(bundle, node)} == {"reaches"}
