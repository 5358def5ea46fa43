"""The view model: one plain structure of dicts and lists that every report format is made from.

It is the JSON report of the contract; no format computes anything of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calico_bundle.addresses import AddressStatus, AddressVerdict
from calico_bundle.bundle import Artifact, Bundle
from calico_bundle.calico.other_plugins import other_plugins
from calico_bundle.checks import catalog
from calico_bundle.cluster import ClusterNode
from calico_bundle.coverage import seen
from calico_bundle.diagnosis import Diagnosis
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, EndpointFact
from calico_bundle.findings import ERROR, CheckInfo, Finding
from calico_bundle.hypotheses import Considered
from calico_bundle.impact import FAILING, lost_pairs
from calico_bundle.layouts import closest
from calico_bundle.network.outcome import Hop, Outcome, Walk
from calico_bundle.network.service import DnsService
from calico_bundle.paths import DnsPaths, PathGroup, PodPath, Verdict

if TYPE_CHECKING:
    from calico_bundle.trace import End, Path

SCHEMA_VERSION = 1
TOOL = "calico_bundle"
Wanted = Callable[[str], bool]


def build(
    diagnosis: Diagnosis, version: str, *, wanted: Wanted = lambda _: True, paths: str = "all", files: bool = True
) -> dict[str, Any]:
    """The report on a diagnosis.

    `wanted` picks checks by their codes, `paths` is all, broken or none, `files` lists every file.
    """
    findings = [f for f in diagnosis.findings if wanted(f.code)]
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": TOOL, "version": version},
        "bundle": _bundle(diagnosis, files=files),
        "verdict": {
            "status": diagnosis.verdict.status,
            "headline": diagnosis.verdict.headline,
            "root_causes": list(diagnosis.verdict.root_causes),
        },
        "nodes": _nodes(diagnosis),
        "findings": [_finding(f) for f in findings],
        "hypotheses": [_hypothesis(c) for c in diagnosis.hypotheses],
        "collect": _collect(diagnosis),
        "dns": _dns(diagnosis),
        "effects": [
            {"name": e.name, "status": e.status, "text": e.text, "evidence": _evidence(e.evidence)}
            for e in diagnosis.effects
        ],
        "checks": [_check(info, diagnosis) for info in catalog() if wanted(info.code)],
        "checks_skipped": [{"code": s.code, "reason": s.reason} for s in diagnosis.skipped],
        "coverage": [
            {"artifact": s.artifact, "seen": s.seen, "of": s.of, "text": s.text} for s in seen(diagnosis.cluster)
        ],
        "other_plugins": [
            {"name": o.name, "daemonset": o.daemonset, "text": o.text, "evidence": _evidence([o.evidence])}
            for o in other_plugins(diagnosis.cluster)
        ],
        "paths": _paths(diagnosis, paths),
    }


def _bundle(diagnosis: Diagnosis, *, files: bool) -> dict[str, Any]:
    return {
        "inputs": list(diagnosis.bundle.inputs),
        "layouts": list(diagnosis.bundle.layouts),
        "closest_layout": _closest(diagnosis.bundle),
        "artifacts": len({a.file for a in diagnosis.bundle.artifacts}),
        "files": [_file(diagnosis, a) for a in diagnosis.bundle.artifacts] if files else [],
        "gaps": [{"path": g.path, "line": g.line, "kind": str(g.kind), "message": g.message} for g in diagnosis.gaps],
        "missing": [{"artifact": m.artifact, "node": m.node, "effect": m.effect} for m in diagnosis.missing],
    }


def _closest(bundle: Bundle) -> dict[str, Any] | None:
    """The known format that comes closest, where the bundle has none."""
    found = closest([a.file for a in bundle.artifacts]) if set(bundle.layouts) <= {"by-content"} else None
    if found is None:
        return None
    return {"layout": found.layout, "title": found.title, "has": list(found.has), "lacks": list(found.lacks)}


def _file(diagnosis: Diagnosis, artifact: Artifact) -> dict[str, Any]:
    owner = diagnosis.cluster.owners.get(artifact.path)
    return {
        "path": artifact.path,
        "layout": artifact.layout,
        "kind": artifact.kind,
        "node": owner.node if owner else None,
        "not_read": artifact.placement.skip or (None if artifact.kind else "of no kind that is known"),
    }


def _evidence(lines: Iterable[Evidence]) -> list[dict[str, Any]]:
    return [{"path": e.path, "line": e.line, "text": e.text} for e in lines]


def _nodes(diagnosis: Diagnosis) -> list[dict[str, Any]]:
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


def _text(address: Address | None) -> str | None:
    return str(address) if address is not None else None


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "subject": finding.subject,
        "message": finding.message,
        "evidence": _evidence(finding.evidence),
        "affects": {"paths": finding.paths, "pods": list(finding.pods), "nodes": list(finding.nodes)},
        "fixes": [
            {
                "title": fix.title,
                "commands": list(fix.commands),
                "disruption": fix.disruption,
                "restores": fix.restores,
                "leaves_broken": fix.leaves_broken,
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
        "evidence": _evidence(answer.evidence),
        "collect": list(answer.collect),
    }


def _collect(diagnosis: Diagnosis) -> dict[str, Any] | None:
    found = diagnosis.collect
    if found is None:
        return None
    return {"paths": found.paths, "commands": list(found.commands), "beside": list(found.beside)}


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
                "ready": e.ready,
            }
            for e in dns.endpoints
        ],
    }


# --- paths ----------------------------------------------------------------------------------------------------------


def _paths(diagnosis: Diagnosis, which: str) -> list[dict[str, Any]]:
    if which == "none":
        return []
    told = _Told(diagnosis.dns.ready if diagnosis.dns else (), diagnosis.findings)
    return [told.path(p) for p in diagnosis.paths.pods if which == "all" or p.verdict in FAILING]


class _Told:
    """Writes paths; what many of them have in common is one object in all of them."""

    def __init__(self, endpoints: Sequence[EndpointFact], findings: Sequence[Finding]) -> None:
        self._endpoints, self._findings = endpoints, findings
        self._codes: dict[PathGroup, str | None] = {}
        self._listed: dict[tuple[object, ...], list[dict[str, Any]]] = {}
        self._lists: dict[PathGroup, list[dict[str, Any]]] = {}

    def path(self, path: PodPath) -> dict[str, Any]:
        """One pod's path."""
        group = path.group
        if group not in self._codes:
            self._codes[group] = reason_code(path, self._findings)
            self._lists[group] = self._list(group)
        return _path(path, self._codes[group], self._lists[group])

    def _list(self, group: PathGroup) -> list[dict[str, Any]]:
        outcomes = tuple(group.outcomes)
        if outcomes not in self._listed:
            self._listed[outcomes] = [
                {"ip": str(e.ip), "pod": e.pod, "node": node, "request": request.value, "reply": reply.value}
                for e, (node, request, reply) in zip(self._endpoints, outcomes, strict=False)
            ]
        return self._listed[outcomes]


def _path(path: PodPath, code: str | None, endpoints: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "namespace": path.pod.namespace,
        "pod": path.pod.name,
        "node": path.pod.node,
        # The contract has no third value; where it is not known, the verdict is `unknown` and the reason says so.
        "host_network": bool(path.pod.host_network),
        "verdict": path.verdict.value,
        "basis": path.basis,
        "reason": {"code": code, "text": path.text},
        "endpoints": endpoints,
    }


def reason_code(path: PodPath, findings: Sequence[Finding]) -> str | None:
    """The finding that explains a failing path.

    It is the first that blames a node at an end of a lost way, or names the way.
    """
    if path.verdict is Verdict.UNKNOWN:
        return "CB901"
    if path.verdict not in FAILING:
        return None
    if not path.group.outcomes:
        return "CB302"
    return code_of(set(lost_pairs(path.group)), findings)


def code_of(ways: set[tuple[str, str | None]], findings: Sequence[Finding]) -> str | None:
    """The first finding that explains one of the lost ways between two nodes.

    >>> code_of({("node-1", "node-2")}, ()) is None
    True
    """
    ends = {n for way in ways if way[0] != way[1] for n in way}
    return next((f.code for f in findings if f.blames & ends or f.pairs & ways), None)


# --- one path, hop by hop ---------------------------------------------------------------------------------------------


def build_trace(path: Path, findings: Sequence[Finding]) -> dict[str, Any]:
    """The report on one traced path, as `trace -f json` writes it."""
    code = None if path.verdict is not Verdict.UNKNOWN else "CB901"
    if path.verdict in FAILING and path.source.node:
        ways = {(path.source.node, leg.to.node) for leg in path.legs if leg.outcome is Outcome.LOST}
        code = code_of(ways, findings)
    head = {
        "schema_version": SCHEMA_VERSION,
        "from": _end(path.source),
        "to": _end(path.destination),
        "verdict": path.verdict.value,
        "basis": path.basis,
        "reason": {"code": code, "text": path.reason},
    }
    legs = [{"to": _end(leg.to), "request": _walk(leg.request), "reply": _walk(leg.reply)} for leg in path.legs]
    if path.destination.name == "dns":
        return {**head, "endpoints": legs}
    return {**head, "request": legs[0]["request"], "reply": legs[0]["reply"]}


def _end(end: End) -> dict[str, Any]:
    return {"kind": end.kind, "name": end.name, "node": end.node, "ip": str(end.ip) if end.ip else None}


def _walk(walk: Walk) -> dict[str, Any]:
    return {"outcome": walk.outcome.value, "hops": [_hop(h) for h in walk.hops]}


def _hop(hop: Hop) -> Mapping[str, Any]:
    evidence = _evidence([hop.evidence])[0] if hop.evidence else None
    return {
        "node": hop.node,
        "does": hop.does,
        "rule": hop.rule,
        "expected": hop.expected,
        "found": hop.found,
        "evidence": evidence,
    }
