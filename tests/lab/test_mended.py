"""Fixes against packets: what was promised of a recording's bundle, and what was measured with the fix in the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import recording, truth
from tests.lab.detection import detected
from tests.lab.fixes import Proof, judged, with_change
from tests.lab.scenarios import by_name

LEFT_OPEN = {"pool-holds-a-node-behind-a-router"}
"""Node-4 is behind a router, and nothing in the bundle shows whether it carries packets from a pod's address back."""


WITHOUT = {
    "as-numbers-routed",
    "as-numbers-routed-ipip",
    "card-network-inside-a-block",
    "graceful-recovery-no-routes",
    "internal-ip-wrong-on-two",
    "internal-ip-wrong-vxlan",
    "policy-routing",
    "routed-vxlan-filter-1",
    "rule-arp-is-routed",
    "rule-loose-filter-without-address",
    "rule-masquerading-after-routing",
}
"""Recordings in which packets are lost and no fix can be tried; docs/laboratory.md says of each why."""


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Proof]:
    found = {}
    for name in recording.names(recording.MENDED):
        folder: Path = tmp_path_factory.mktemp(name)
        before = recording.read(recording.archive_of(name), folder / "before")
        after = recording.read(recording.archive_of(name, recording.MENDED), folder / "after")
        found[name] = judged(before, after)
    return found


def test_enough_clusters_were_mended() -> None:
    assert len(recording.names(recording.MENDED)) >= 20


def test_every_recording_in_which_packets_are_lost_was_mended_or_is_listed(tmp_path: Path) -> None:
    """Lost is what was measured (truth.json), whatever the analyzer says of it."""
    broken = set()
    for name in recording.names():
        measured = truth.load(recording.read(recording.archive_of(name), tmp_path / name) / "truth.json")
        broken |= set() if all(asked.answered for asked in measured.through_service) else {name}
    assert broken - set(recording.names(recording.MENDED)) == WITHOUT
    page = (Path(__file__).parents[2] / "docs" / "laboratory.md").read_text(encoding="utf-8")
    assert [name for name in sorted(WITHOUT) if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("name", recording.names(recording.MENDED))
def test_a_fix_keeps_its_promise(name: str, proofs: dict[str, Proof]) -> None:
    """Addresses, every decided request, reply and verdict, and the numbers of restored paths."""
    proof = proofs[name]
    assert proof.kept, [proof.text, *proof.broken_promises, *(line for d in proof.wrong for line in d.lines())]


@pytest.mark.parametrize("name", recording.names(recording.MENDED))
def test_what_was_measured_is_promised_and_not_left_open(name: str, proofs: dict[str, Proof]) -> None:
    comparison = proofs[name].comparison
    assert comparison is not None
    assert bool(comparison.undecided) == (name in LEFT_OPEN), comparison.open_reasons


@pytest.mark.parametrize("name", recording.names(recording.MENDED))
def test_what_is_kept_was_measured_of_the_fix_that_is_proposed_today(name: str, proofs: dict[str, Proof]) -> None:
    """Another fix needs another measurement: `python -m tests.lab fixes NAME --record`."""
    change = proofs[name].change
    assert change is not None
    scenario = recording.scenario_of(recording.archive_of(name))
    assert recording.scenario_of(recording.archive_of(name, recording.MENDED)) == with_change(scenario, change)


def test_the_comparison_sees_a_promise_that_is_not_kept(tmp_path: Path) -> None:
    """The same cluster, not mended."""
    before = recording.read(recording.archive_of("incident"), tmp_path)
    proof = judged(before, before)
    assert not proof.kept
    assert proof.broken_promises
    assert proof.wrong


@pytest.mark.parametrize(
    "method, address",
    [
        ("first-found", "192.168.50.12/24"),
        ("kubernetes-internal-ip", "10.0.1.12/24"),
        ("cidr=10.0.0.0/16", "10.0.1.12/24"),
        ("interface=^ens18$", "10.0.1.12/24"),
        ("interface=ens1", "192.168.50.12/24"),
        ("skip-interface=ens19", "10.0.1.12/24"),
        ("interface=^eth0$", None),
    ],
)
def test_the_laboratory_detects_by_itself(method: str, address: str | None) -> None:
    """Interfaces in reverse order, patterns anywhere in the name (interfaces.go, filtered.go)."""
    assert detected(by_name("incident").nodes[1], method) == address
