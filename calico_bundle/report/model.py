"""The view model: one plain structure of dicts and lists that every report format is made from.

It is the JSON report of the contract; no format computes anything of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calico_bundle.addresses import AddressStatus, AddressVerdict
from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.calico.other_plugins import other_plugins
from calico_bundle.checks import catalog
from calico_bundle.cluster import ClusterNode
from calico_bundle.coverage import seen
from calico_bundle.diagnosis import Diagnosis
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Interface
from calico_bundle.findings import ERROR, CheckInfo, Finding
from calico_bundle.hypotheses import Considered
from calico_bundle.layouts import Likeness, closest
from calico_bundle.network.service import DnsService
from calico_bundle.paths import DnsPaths, Verdict
from calico_bundle.report.model_paths import path_groups_of, paths_of
from calico_bundle.symptoms import Relation, Symptom

if TYPE_CHECKING:
    from calico_bundle.what_if import Trial

SCHEMA_VERSION = 1
TOOL = "calico_bundle"
Wanted = Callable[[str], bool]


def build(
    diagnosis: Diagnosis,
    version: str,
    *,
    wanted: Wanted = lambda _: True,
    paths: str = "all",
    files: bool = True,
    parts: Collection[str] = (),
) -> dict[str, Any]:
    """The report on a diagnosis.

    `wanted` picks checks by their codes, `paths` is all, broken or none, `files` lists every file, `parts` are those that
    only some formats show.
    """
    findings = [f for f in diagnosis.findings if wanted(f.code)]
    return {
        **({"what_if": _what_if(diagnosis.trial)} if diagnosis.trial else {}),
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": TOOL, "version": version},
        "bundle": _bundle(diagnosis, files=files),
        "verdict": {
            "status": diagnosis.verdict.status,
            "headline": diagnosis.verdict.headline,
            "root_causes": list(diagnosis.verdict.root_causes),
        },
        "nodes": nodes_of(diagnosis),
        "findings": [_finding(f) for f in findings],
        "hypotheses": [_hypothesis(c) for c in diagnosis.hypotheses],
        "collect": _collect(diagnosis),
        "dns": _dns(diagnosis),
        "effects": [
            {"name": e.name, "status": e.status, "text": e.text, "evidence": evidence_of(e.evidence)}
            for e in diagnosis.effects
        ],
        "symptoms": _symptoms(diagnosis.symptoms),
        "checks": [_check(info, diagnosis) for info in catalog() if wanted(info.code)],
        "checks_skipped": [{"code": s.code, "reason": s.reason} for s in diagnosis.skipped],
        "coverage": [
            {"artifact": s.artifact, "seen": s.seen, "of": s.of, "text": s.text} for s in seen(diagnosis.cluster)
        ],
        "other_plugins": [
            {"name": o.name, "daemonset": o.daemonset, "text": o.text, "evidence": evidence_of([o.evidence])}
            for o in other_plugins(diagnosis.cluster)
        ],
        "paths": paths_of(diagnosis, paths),
        **{name: make(diagnosis) for name, make in _PARTS.items() if name in parts},
    }


def _picture(diagnosis: Diagnosis) -> dict[str, Any]:
    # It takes networkx.
    from calico_bundle.report.model_picture import picture_of

    return picture_of(diagnosis)


def _tables(diagnosis: Diagnosis) -> dict[str, Any]:
    from calico_bundle.report.model_tables import tables_of

    return tables_of(diagnosis)


_PARTS: Mapping[str, Callable[[Diagnosis], Any]] = {
    "picture": _picture,
    "path_groups": path_groups_of,
    "tables": _tables,
}


def _what_if(trial: Trial) -> dict[str, Any]:
    """What was changed, and the nodes whose Calico address it changes."""
    moves = [{"node": m.node, "before": _text(m.before), "after": _text(m.after), "open": m.open} for m in trial.moves]
    return {"change": trial.change.text, "nodes": moves}


def _bundle(diagnosis: Diagnosis, *, files: bool) -> dict[str, Any]:
    return {
        "inputs": list(diagnosis.bundle.inputs),
        "layouts": list(diagnosis.bundle.layouts),
        "closest_layout": _closest(diagnosis.bundle),
        "artifacts": len({a.file for a in diagnosis.bundle.artifacts}),
        "files": files_of(diagnosis) if files else [],
        "gaps": [{"path": g.path, "line": g.line, "kind": str(g.kind), "message": g.message} for g in diagnosis.gaps],
        "missing": [{"artifact": m.artifact, "node": m.node, "effect": m.effect} for m in diagnosis.missing],
    }


def closest_layout(bundle: Bundle) -> Likeness | None:
    """The known format that comes closest, where the bundle has none.

    >>> closest_layout(Bundle((), (), (), ())) is None
    True
    """
    return closest([a.file for a in bundle.artifacts]) if set(bundle.layouts) <= {"by-content"} else None


def _closest(bundle: Bundle) -> dict[str, Any] | None:
    found = closest_layout(bundle)
    if found is None:
        return None
    return {"layout": found.layout, "title": found.title, "has": list(found.has), "lacks": list(found.lacks)}


def files_of(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    """Every file of the bundle: what it was taken for, or why it was not read."""
    aside = (
        {"path": path, "layout": "by-content", "kind": None, "node": None, "not_read": why}
        for path, why in diagnosis.bundle.aside
    )
    return [*(_file(diagnosis, a) for a in diagnosis.bundle.artifacts), *aside]


def _file(diagnosis: Diagnosis, artifact: Artifact) -> dict[str, Any]:
    owner = diagnosis.cluster.owners.get(artifact.path)
    return {
        "path": artifact.path,
        "layout": artifact.layout,
        "kind": artifact.kind,
        "node": owner.node if owner else None,
        "not_read": artifact.placement.skip or (None if artifact.kind else "of no kind that is known"),
    }


def evidence_of(lines: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Lines of the bundle, as every part of a report quotes them.

    >>> evidence_of([Evidence("a.txt", 1, "x")])
    [{'path': 'a.txt', 'line': 1, 'text': 'x'}]
    """
    return [{"path": e.path, "line": e.line, "text": e.text} for e in lines]


def nodes_of(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    """Every node with its Calico address, judged."""
    return [_node(diagnosis, node, diagnosis.addresses[name]) for name, node in diagnosis.cluster.nodes.items()]


def _node(diagnosis: Diagnosis, node: ClusterNode, verdict: AddressVerdict) -> dict[str, Any]:
    predicted = diagnosis.choices.predicted(node).address
    return {
        "name": verdict.node,
        "internal_ip": _text(node.internal_ip),
        "bgp_ip": _text(verdict.stored),
        "bgp_interface": verdict.interface,
        "expected_ip": _text(verdict.expected),
        "expected_interface": verdict.expected_interface,
        "detection_method": diagnosis.choices.installation.method,
        "predicted_ip": _text(predicted.ip) if predicted else None,
        "address_verdict": verdict.status.value,
        "ipv6": _ipv6(diagnosis, node),
    }


def _ipv6(diagnosis: Diagnosis, node: ClusterNode) -> dict[str, Any] | None:
    """The IPv6 side, where the node has one: IPv6 paths are not walked, so its verdict rests on the address alone."""
    kubernetes = node.kubernetes
    stored = kubernetes.bgp_ipv6 if kubernetes else None
    if stored is None or kubernetes is None:
        return None
    internal = next((ip for ip in kubernetes.internal_ips if ip.version == 6), None)
    predicted = diagnosis.choices.predicted(node, 6).address
    return {
        "internal_ip": _text(internal),
        "bgp_ip": str(stored.ip),
        "bgp_interface": node.interface_of(stored.ip),
        "expected_ip": _text(internal),
        "predicted_ip": _text(predicted.ip) if predicted else None,
        "address_verdict": _ipv6_verdict(node, stored.ip, internal),
    }


def _ipv6_verdict(node: ClusterNode, stored: Address, internal: Address | None) -> str:
    if node.holds(stored) is False:
        return AddressStatus.NOT_ON_NODE.value
    return AddressStatus.OK.value if stored == internal else AddressStatus.UNKNOWN.value


def _text(address: Address | Interface | None) -> str | None:
    return str(address) if address is not None else None


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "subject": finding.subject,
        "message": finding.message,
        "evidence": evidence_of(finding.evidence),
        "affects": {"paths": finding.paths, "pods": list(finding.pods), "nodes": list(finding.nodes)},
        "fixes": [
            {
                "title": fix.title,
                "commands": list(fix.commands),
                "disruption": fix.disruption,
                "restores": fix.restores,
                "leaves_broken": fix.leaves_broken,
                "tried": fix.tried,
                "runner_up": fix.runner_up,
                "undo": list(fix.undo),
            }
            for fix in finding.fixes
        ],
    }


def _check(info: CheckInfo, diagnosis: Diagnosis) -> dict[str, Any]:
    """One check and what became of it. Where paths could not be judged, "nothing found" of an error is left open."""
    skipped = next((s.reason for s in diagnosis.skipped if s.code == info.code), None)
    found = any(f.code == info.code for f in diagnosis.findings)
    unknown = diagnosis.paths.counts[Verdict.UNKNOWN] if info.severity == ERROR else 0
    nothing = "open" if unknown else "nothing-found"
    left = f"{unknown:,} of {len(diagnosis.paths.pods):,} paths could not be judged" if unknown and not found else None
    return {
        "code": info.code,
        "name": info.name,
        "severity": info.severity,
        "means": info.means,
        "status": "skipped" if skipped else "found" if found else nothing,
        "reason": skipped or left,
    }


def _hypothesis(considered: Considered) -> dict[str, Any]:
    answer = considered.answer
    return {
        "name": considered.hypothesis.name,
        "status": answer.status.value,
        "text": answer.text,
        "evidence": evidence_of(answer.evidence),
        "collect": list(answer.collect),
    }


def _collect(diagnosis: Diagnosis) -> dict[str, Any] | None:
    found = diagnosis.collect
    if found is None:
        return None
    return {"paths": found.paths, "commands": list(found.commands), "beside": list(found.beside)}


MOST_SYMPTOMS = 20
"""Pods whose failed lookups are listed; all of them are counted."""


def _symptoms(told: Sequence[Symptom]) -> dict[str, Any]:
    counts = Counter(symptom.relation.value for symptom in told)
    return {
        "pods": len(told),
        "lines": sum(symptom.lines for symptom in told),
        "relations": {relation.value: counts[relation.value] for relation in Relation},
        "listed": [_symptom(symptom) for symptom in told[:MOST_SYMPTOMS]],
    }


def _symptom(symptom: Symptom) -> dict[str, Any]:
    return {
        "namespace": symptom.namespace,
        "pod": symptom.pod,
        "node": symptom.node,
        "kinds": dict(symptom.kinds),
        "first_time": symptom.first_time,
        "last_time": symptom.last_time,
        "verdict": symptom.verdict.value if symptom.verdict else None,
        "relation": symptom.relation.value,
        "text": symptom.text,
        "evidence": evidence_of(symptom.evidence),
    }


def _dns(diagnosis: Diagnosis) -> dict[str, Any]:
    counts = diagnosis.paths.counts
    return {
        "services": [_service(diagnosis.dns, diagnosis.paths)] if diagnosis.dns else [],
        "paths": {
            "total": len(diagnosis.paths.pods),
            "reaches": counts[Verdict.REACHES],
            "degraded": counts[Verdict.DEGRADED],
            "broken": counts[Verdict.BROKEN],
            "unknown": counts[Verdict.UNKNOWN],
            "not_applicable": counts[Verdict.NOT_APPLICABLE],
        },
    }


def _service(dns: DnsService, paths: DnsPaths) -> dict[str, Any]:
    service = dns.service
    return {
        "namespace": service.namespace,
        "name": service.name,
        "cluster_ips": [str(ip) for ip in service.cluster_ips],
        "endpoints": [
            {
                "namespace": e.pod_namespace,
                "pod": e.pod,
                "node": paths.endpoint_node(e),
                "ip": str(e.ip),
                # The contract has no third value; whether it is shown at all stands beside it.
                "ready": bool(e.ready),
                "ready_shown": e.ready is not None,
            }
            for e in dns.endpoints
        ],
    }
