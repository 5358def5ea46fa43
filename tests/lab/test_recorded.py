"""The analyzer against every recording of the laboratory: what the packets did contradicts it here too, without root."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

import calico_bundle as cb
from calico_bundle.network import forwarding, reverse_path, wires
from calico_bundle.network.outcome import Packet
from calico_bundle.paths import fates
from tests.lab import __main__ as command
from tests.lab import recording, topology, truth
from tests.lab.compare import Comparison, compare
from tests.lab.scenarios import named

NAMES = recording.names()
_RACKS = "whether the router joins the racks is in no line once the sessions are down"
LEFT_OPEN = {
    "as-numbers-routed": (2, _RACKS),
    "as-numbers-routed-ipip": (2, _RACKS),
    "graceful-recovery-no-routes": (
        28,
        "whether routes from before BIRD's restart are still in the kernel: its table was not collected",
    ),
    "internal-ip-wrong-vxlan": (
        8,
        "neither side had anything to send on LAN A: no entry shows that it joins their cards",
    ),
    "pool-holds-a-node-behind-a-router": (1, "whether the router takes a pod's packets to another rack's node"),
    "rule-arp-is-routed": (1, "whether node-2 knows node-3's card from a request that node-3 made"),
    "racks": (2, "whether the router of the rack carries answers from a pod's address is in no line"),
    "routed-vxlan-filter-1": (
        12,
        "whether the router takes outer packets to LAN B is in no line: under VXLAN there is no BGP",
    ),
    "stale-address-vxlan": (8, "who has an address that no node has"),
}
"""How much of what was measured a bundle leaves open, and why. Of any other recording everything is to be decided."""

MOST_BYTES, MOST_BYTES_OF_ALL = 40_000, 1_500_000


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    place = tmp_path_factory.mktemp("recorded")

    @cache
    def folder(name: str) -> Path:
        return recording.read(recording.archive_of(name), place / name)

    return folder


def measured(folder: Path) -> int:
    """How many requests, replies and verdicts the packets tell."""
    scenario, found = topology.load(folder / "scenario.json"), truth.load(folder / "truth.json")
    replies = sum(pair.reply is not None for pair in found.through_service)
    # Kubernetes gives a hostNetwork pod of the policy ClusterFirst its node's resolver: no verdict is due.
    asking = [pod for _, pod in scenario.pods if not pod.host_network or pod.dns_policy != "ClusterFirst"]
    return len(found.through_service) + replies + len(asking)


def told(comparison: Comparison) -> str:
    return "\n".join(line for each in comparison.disagreements for line in each.lines())


@pytest.mark.parametrize("name", NAMES)
def test_the_analyzer_agrees_with_what_was_measured(name: str, unpacked: Callable[[str], Path]) -> None:
    found = compare(unpacked(name))
    assert not found.disagreements, told(found)
    most_open, _ = LEFT_OPEN.get(name, (0, ""))
    assert found.agreed >= measured(unpacked(name)) - most_open, dict(found.open_reasons)


@pytest.mark.parametrize(
    "name, status, right",
    [
        ("internal-ip-wrong", "wrong", "10.0.1.12"),
        ("internal-ip-wrong-ipip", "wrong", "10.0.1.12"),
        ("internal-ip-wrong-on-two", "wrong", "10.0.1.12"),
        ("internal-ip-filtered", "wrong", "10.0.1.12"),
        ("internal-ip-routed-ipip", "wrong", "10.0.1.12"),
        ("internal-ip-wrong-vxlan", "unknown", None),
        ("internal-ip-routed", "unknown", None),
        ("internal-ip-routed-vxlan", "ok", "192.168.50.12"),
    ],
)
def test_an_internal_ip_that_stands_apart_is_judged_by_what_packets_did(
    name: str, status: str, right: str | None, unpacked: Callable[[str], Path]
) -> None:
    """Measured: with 10.0.1.12 every lookup is answered (`mended`), and with 192.168.50.12 only where a router and tunnels are.

    Routed without a tunnel the sessions are up and the router drops pods' packets: the address, or the pool, may be meant.
    """
    found = cb.analyze(str(unpacked(name) / "bundle")).diagnosis.addresses["node-2"]
    assert (found.status.value, str(found.expected) if found.expected else None) == (status, right)


def test_a_tunnel_that_ends_where_nobody_is_blames_that_address_and_no_route(unpacked: Callable[[str], Path]) -> None:
    """The routes are there (Felix wrote them): what packets do not get to is node-2's Calico address, 192.168.50.12.

    Whether 10.0.1.12 would serve is in no line: so it stays open, and nothing is asked for that is in the bundle. VXLAN has
    no BGP, so no BIRD is asked either.
    """
    analysis = cb.analyze(str(unpacked("internal-ip-wrong-vxlan") / "bundle"))
    assert analysis.verdict.root_causes == ("CB202",)
    (finding,) = analysis.findings["CB202"]
    assert finding.subject == "node/node-2"
    assert "192.168.50.12" in finding.message
    assert "10.0.1.12 on ens18" in finding.message
    assert "session" not in finding.message
    answers = {c.hypothesis.name: c.answer for c in analysis.diagnosis.hypotheses}
    assert answers["missing-routes"].status.value == "ruled-out"
    assert answers["bgp-sessions"].status.value == "ruled-out"
    asked = answers["calico-address"]
    assert asked.status.value == "not-checkable"
    assert not any(there in line for line in asked.collect for there in ("ip addr", "ip route", "birdcl"))
    assert any("ping" in line and "10.0.1.12" in line for line in asked.collect)


def test_what_is_left_open_is_recorded() -> None:
    assert set(LEFT_OPEN) <= set(NAMES)


def test_recordings_cover_encapsulations_and_wrong_addresses(unpacked: Callable[[str], Path]) -> None:
    held = {topology.load(unpacked(name) / "scenario.json").encapsulation for name in NAMES}
    assert held == set(get_args(topology.Encapsulation))
    wrong = {"incident", "card-without-carrier", "duplicate-on-two", "stale-address-vxlan", "reflector-wrong"}
    assert wrong <= set(NAMES)


@pytest.mark.parametrize("name", sorted({scenario.name for scenario in named()} & set(NAMES)))
def test_a_recording_is_of_the_scenario_of_its_name(name: str) -> None:
    """Where the scenario has changed since, record it again."""
    held = recording.scenario_of(recording.archive_of(name))
    assert held == next(scenario for scenario in named() if scenario.name == name)


# --- the rules that only the packets taught -----------------------------------------------------------------------------


def _routed_by_what_is_seen(source: Any, destination: Any, _: Any = None, restored: Any = None) -> Packet:
    return Packet(source, destination, None, restored)


BROKEN: dict[str, tuple[Any, str, Any]] = {
    "rule-loose-filter-without-address": (reverse_path, "_without_address", lambda *_: False),
    "rule-conntrack-restores-before-routing": (Packet, "on", lambda packet, _: packet),
    "rule-masquerading-after-routing": (fates, "Packet", _routed_by_what_is_seen),
    "rule-ipip-route-without-source": (forwarding, "ANY", None),
    "rule-arp-is-routed": (forwarding.Forwarding, "_unanswered", lambda *_: None),
    "rule-incomplete-neighbor-shows-nothing": (wires, "SILENT", "INCOMPLETE"),
}
"""Each rule's recording, and how to take the rule out of the analyzer."""


@pytest.mark.parametrize("name", BROKEN)
def test_an_analyzer_without_the_rule_is_contradicted(
    name: str, unpacked: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, attribute, instead = BROKEN[name]
    monkeypatch.setattr(place, attribute, instead)
    assert compare(unpacked(name)).disagreements


def test_every_rule_has_its_recording_and_decides_by_it() -> None:
    assert {name for name in NAMES if name.startswith("rule-")} == set(BROKEN)
    assert set(BROKEN) & set(LEFT_OPEN) == {"rule-arp-is-routed"}, "the sender may know the address from elsewhere"


# --- the archives -------------------------------------------------------------------------------------------------------


def test_archives_are_small_and_show_nothing_of_the_machine() -> None:
    sizes = [recording.archive_of(name).stat().st_size for name in NAMES]
    assert max(sizes) <= MOST_BYTES
    assert sum(sizes) <= MOST_BYTES_OF_ALL
    for name in NAMES:
        with tarfile.open(recording.archive_of(name)) as tar:
            held = [(entry, tar.extractfile(entry)) for entry in tar]
            assert {entry.mtime for entry, _ in held} == {0}
            content = b"".join(file.read() for _, file in held if file)
        assert not [trace for trace in (b"/tmp/", b"/work/", b"/home/", b"cblab-") if trace in content], name


def test_two_archives_of_one_folder_are_the_same_bytes(unpacked: Callable[[str], Path], tmp_path: Path) -> None:
    folder = unpacked(NAMES[0])
    (folder / "notes.txt").write_text("not of the run")
    one, other = tmp_path / "a.tar.gz", tmp_path / "b.tar.gz"
    recording.write(folder, one)
    recording.write(recording.read(one, tmp_path / "again"), other)
    assert one.read_bytes() == other.read_bytes()
    assert not (tmp_path / "again" / "notes.txt").exists()


def test_recording_again_takes_the_scenario_that_is_there() -> None:
    name = "rule-loose-filter-without-address"
    assert command._recorded(name, recording.RECORDED).name == name
    kept = command._recorded("healthy", recording.RECORDED)
    assert replace(kept, name="other") != kept
