"""Whether a fix keeps its promise: the scenario is built again as the fix makes it, and measured.

What was promised is worked out of the bundle of the broken cluster alone; what is measured comes from the mended one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_interface
from pathlib import Path

import calico_bundle as cb
from calico_bundle.findings import Fix
from calico_bundle.paths import DnsPaths
from calico_bundle.what_if import Change
from calico_bundle.what_if.mending import Mended, paths_after
from tests.lab import recording, topology, truth
from tests.lab.batch import run_all
from tests.lab.compare import Comparison, Disagreement, compare_paths
from tests.lab.detection import detected
from tests.lab.topology import Peering, Scenario
from tests.lab.truth import Truth

_METHOD = "IP_AUTODETECTION_METHOD="
_STORED = re.compile(r"annotate node (\S+) --overwrite projectcalico\.org/IPv4Address=(\S+)")


@dataclass(frozen=True, slots=True)
class Proof:
    """One scenario: the fix that was proposed, and how the mended cluster compares with what was promised."""

    name: str
    text: str
    comparison: Comparison | None = None
    broken_promises: tuple[str, ...] = ()
    failed: bool = False
    wrong: Sequence[Disagreement] = field(default=())
    change: Change | Mended | None = None

    @property
    def kept(self) -> bool:
        """Whether everything that was promised was measured."""
        return self.comparison is not None and not self.wrong and not self.broken_promises


def prove(scenarios: Sequence[Scenario], out: Path, *, method: str | None = None, jobs: int = 3) -> list[Proof]:
    """Build each scenario, mend it as its report proposes (or by a method), build it again, and compare."""
    before, after = out / "before", out / "after"
    failed = {r.name: r.error for r in run_all([s for s in scenarios if not _kept(s, before)], before, jobs=jobs)}
    sound = [scenario for scenario in scenarios if not failed.get(scenario.name)]
    changes = {s.name: change_for(cb.analyze(str(before / s.name / "bundle")), method) for s in sound}
    mended = []
    for scenario in sound:
        try:
            mended += [with_change(scenario, change)] if (change := changes[scenario.name]) is not None else []
        except (ValueError, NotImplementedError) as error:
            failed[scenario.name] = f"the laboratory cannot build what the fix makes of it: {error}"
    failed |= {r.name: r.error for r in run_all(mended, after, jobs=jobs)}
    return [_proof(s.name, failed.get(s.name), before, after, method) for s in scenarios]


def _kept(scenario: Scenario, place: Path) -> bool:
    """Whether a scenario needs not be run, for there is a recording of it, which then lies below the folder."""
    archive = recording.archive_of(scenario.name)
    if not archive.exists() or recording.scenario_of(archive) != scenario:
        return False
    recording.read(archive, place / scenario.name)
    return True


def _proof(name: str, error: str | None, before: Path, after: Path, method: str | None) -> Proof:
    if error:
        return Proof(name, f"FAILED {error}", failed=True)
    if not (after / name).exists():
        return Proof(name, "no fix is proposed")
    return judged(before / name, after / name, method)


def change_for(analysis: cb.Analysis, method: str | None) -> Change | Mended | None:
    """The change that a method makes, or the fix that the report proposes; None where it proposes none.

    A fix for addresses goes before the others: what they are for may be gone with it.
    """
    if method is not None:
        return Change.of(method=method)
    fix = proposed(analysis)
    return (change_of(fix) or fix.mends) if fix else None


def proposed(analysis: cb.Analysis) -> Fix | None:
    """The fix that the report proposes: the first for addresses, else the first that was tried."""
    fixes = [(finding.code, fix) for finding in analysis.findings for fix in finding.fixes]
    return next(
        (fix for code, fix in fixes if code < "CB2" and change_of(fix)),
        next((fix for _, fix in fixes if fix.mends), None),
    )


def change_of(fix: Fix) -> Change | None:
    """What the commands of a fix come to."""
    words = [word for command in fix.commands for word in shlex.split(command, comments=True)]
    method = next((word.removeprefix(_METHOD) for word in words if word.startswith(_METHOD)), None)
    stored = dict(_STORED.findall("\n".join(fix.commands)))
    return Change.of(method, stored) if method or stored else None


def with_change(scenario: Scenario, change: Change | Mended) -> Scenario:
    """The scenario after a fix.

    Addresses are those that calico-node would have then: one that finds none keeps the one it has. It is measured at rest,
    as it is promised: after the 240 s that BIRD waits for a peer that does not answer.
    """
    if isinstance(change, Mended):
        return _mended(scenario, change)
    nodes = []
    for node in scenario.nodes:
        given = str(change.addresses.get(node.name, node.stored))
        chosen = detected(node, change.method) if change.method else given
        nodes.append(replace(node, stored=chosen or node.stored))
    return replace(scenario, nodes=tuple(nodes), recovering=False)


def _mended(scenario: Scenario, change: Mended) -> Scenario:
    """Filters at 2, the rules that block a port gone, service rules written anew; policies the laboratory has none of."""
    opened = {name for pair in change.opened for name in pair}
    if change.allowances or change.moves:
        raise NotImplementedError
    loose = {n.name: tuple(sorted(card for name, card in change.loosened if name == n.name)) for n in scenario.nodes}
    return replace(
        scenario,
        nodes=tuple(replace(n, loose=loose[n.name]) for n in scenario.nodes),
        blocked=tuple(block for block in scenario.blocked if block.node not in opened),
        peerings=tuple(_changed(peering, change) for peering in scenario.peerings),
        stale_rules=tuple(name for name in scenario.stale_rules if name not in change.rewritten),
        encapsulation="vxlan-cross-subnet" if change.encapsulated else scenario.encapsulation,
        recovering=False,
    )


def _changed(peering: Peering, change: Mended) -> Peering:
    found = next((peer for peer in change.peers if peer.name == peering.name), None)
    if found is None:
        return peering
    return replace(peering, peer_ip=str(found.peer_ip), as_number=int(found.as_number or peering.as_number))


def judged(before: Path, after: Path, method: str | None = None) -> Proof:
    """Compare what was promised of one folder's bundle with what another folder's packets did."""
    analysis = cb.analyze(str(before / "bundle"))
    scenario, measured = topology.load(after / "scenario.json"), truth.load(after / "truth.json")
    change = change_for(analysis, method)
    if change is None:
        return Proof(scenario.name, "no fix is proposed")
    predicted = _predicted(analysis, change)
    comparison = compare_paths(predicted, scenario.name, measured)
    broken = (*_addresses(predicted, scenario), *(_numbers(analysis, measured) if method is None else ()))
    counts = f"agreed {comparison.agreed:4}  disagreed {len(comparison.disagreements):3}"
    text = f"{_words(analysis, change)}: {counts}  undecided {comparison.undecided:3}"
    return Proof(scenario.name, text, comparison, broken, wrong=tuple(comparison.disagreements), change=change)


def _predicted(analysis: cb.Analysis, change: Change | Mended) -> DnsPaths:
    if isinstance(change, Mended):
        return paths_after(analysis.diagnosis.paths, change)
    return analysis.after(change).diagnosis.paths


def _words(analysis: cb.Analysis, change: Change | Mended) -> str:
    fix = proposed(analysis)
    return change.text if isinstance(change, Change) else fix.title if fix else ""


def _addresses(predicted: DnsPaths, scenario: Scenario) -> list[str]:
    """Nodes whose predicted address is another than the one they were given; one that is left open is none."""
    found = {n.name: n.bgp_address for n in predicted.cluster.nodes.values()}
    given = {node.name: node.stored for node in scenario.nodes}
    return [
        f"address of {name}: promised {found[name]}, given {given[name]}"
        for name in given
        if found[name] is not None and found[name] != ip_interface(given[name])
    ]


def _numbers(analysis: cb.Analysis, measured: Truth) -> list[str]:
    """Numbers of restored paths that are not those measured."""
    fix = proposed(analysis)
    if fix is None or fix.restores is None:
        return []
    own = {p.pod.name: p.verdict.value for p in analysis.diagnosis.paths.pods}
    failing = {name for name, verdict in own.items() if verdict in ("broken", "degraded")}
    answered = {name: [m.answered for m in measured.through_service if m.pod == name] for name in failing}
    restored = sum(all(seen) for seen in answered.values())
    if (fix.restores, fix.leaves_broken) == (restored, len(failing) - restored):
        return []
    return [f"promised to restore {fix.restores} and leave {fix.leaves_broken}; {restored} of {len(failing)} reach"]
