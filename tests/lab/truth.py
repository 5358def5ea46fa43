"""What was measured, as plain JSON: nothing in it is computed from rules."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.lab.probes import Probe


@dataclass(frozen=True, slots=True)
class Measured:
    """One pod and one DNS pod, through the service. `reply` is None where no reply's address could be told."""

    pod: str
    endpoint: str
    endpoint_ip: str
    request: bool
    reply: bool | None
    source: str | None

    @property
    def answered(self) -> bool:
        """Whether the lookup came back."""
        return self.request and bool(self.reply)


@dataclass(frozen=True, slots=True)
class Picked:
    """A pod's lookups through the service that picks a DNS pod by itself: how many were sent and answered."""

    pod: str
    sent: int
    answered: int


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything measured in one cluster. `direct` is what pods got that asked DNS pods by their own addresses."""

    through_service: tuple[Measured, ...]
    direct: tuple[Measured, ...]
    picked: tuple[Picked, ...]


def truth_of(probes: Iterable[Probe]) -> Truth:
    """The measurement of the probes that were run."""
    known = list(probes)
    return Truth(
        tuple(_measured(p) for p in known if p.endpoint and p.through_service),
        tuple(_measured(p) for p in known if p.endpoint and not p.through_service),
        tuple(_picked(name, known) for name in dict.fromkeys(p.pod.name for p in known if p.endpoint is None)),
    )


def _measured(probe: Probe) -> Measured:
    assert probe.endpoint is not None
    node, dns = probe.endpoint
    told = probe.requested or (probe.through_service and probe.expected_source is not None)
    reply = probe.replied if told else None
    return Measured(probe.pod.name, dns.name, node.pod_ip(dns), probe.requested, reply, probe.expected_source)


def _picked(name: str, probes: Iterable[Probe]) -> Picked:
    own = [p for p in probes if p.pod.name == name and p.endpoint is None]
    return Picked(name, len(own), sum(p.requested and p.replied for p in own))


def save(truth: Truth, path: Path) -> None:
    """Write a measurement."""
    path.write_text(json.dumps(asdict(truth), indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Truth:
    """Read a measurement."""
    loaded = json.loads(path.read_text(encoding="utf-8"))
    through, direct = (tuple(Measured(**m) for m in loaded[key]) for key in ("through_service", "direct"))
    return Truth(through, direct, tuple(Picked(**p) for p in loaded["picked"]))
