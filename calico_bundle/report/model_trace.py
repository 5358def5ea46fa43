"""The view of one path, hop by hop, as `trace -f json` writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from calico_bundle.findings import Finding
from calico_bundle.impact import FAILING
from calico_bundle.network.outcome import Hop, Outcome, Walk
from calico_bundle.paths import Verdict
from calico_bundle.report.model import SCHEMA_VERSION, evidence_of
from calico_bundle.report.model_paths import code_of

if TYPE_CHECKING:
    from calico_bundle.traced_path import End, Path


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
    evidence = evidence_of([hop.evidence])[0] if hop.evidence else None
    return {
        "node": hop.node,
        "does": hop.does,
        "rule": hop.rule,
        "expected": hop.expected,
        "found": hop.found,
        "evidence": evidence,
    }
