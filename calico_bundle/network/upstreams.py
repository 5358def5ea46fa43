"""Whether the servers to which DNS servers forward leave them without answers: what it takes to say so.

CoreDNS writes one line for each query that it gave up on (plugins forward and errors), and none for those that were
answered. A stub resolver asks for A and for AAAA, each twice (resolv.conf(5), attempts), and once more with the host's
own search domain: eight lines are one lookup that was lost, which any network has. And a domain whose own servers are
silent leaves lines, whoever is asked for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from calico_bundle.facts import DnsServerEventFact
from calico_bundle.network.corefile import DEFAULT_DOMAIN

LEAST_LINES = 10
LEAST_DOMAINS = 2
LEAST_SECONDS = 60
SILENT, REFUSING, UNREACHABLE, PROBE = (
    "upstream-timeout",
    "upstream-refused",
    "upstream-unreachable",
    "probe-unanswered",
)
_OF_CLIENTS = (SILENT, REFUSING, UNREACHABLE)
_SAID = {SILENT: "get no answer from", REFUSING: "are refused by", UNREACHABLE: "cannot reach"}
_DOMAIN_LABELS = 2
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Upstreams:
    """What the logs of some DNS servers say of those they forward to, as what "they" do: "get no answer from 8.8.8.8".

    `doubt` is why it does not show the upstream servers to be at fault; None where it does.
    """

    events: tuple[DnsServerEventFact, ...]
    said: str
    doubt: str | None


def upstreams(events: Sequence[DnsServerEventFact], logged: Collection[str]) -> Upstreams | None:
    """What the logs of the servers `logged` say of their upstream servers; None where they say nothing.

    >>> upstreams((), ()) is None
    True
    """
    told = tuple(sorted((e for e in events if e.event in _OF_CLIENTS), key=lambda e: -e.count))
    probes = tuple(e for e in events if e.event == PROBE)
    if not told and not probes:
        return None
    if not told:
        said = f"got no answer to the loop plugin's own question ({_lines(probes)} of type HINFO)"
        return Upstreams(probes, said, "some servers never answer that type, and no query of a client is among them")
    said = ", and ".join(_of_one_kind(told, kind) for kind in _OF_CLIENTS if any(e.event == kind for e in told))
    return Upstreams(told, f"{said}{_when(told)}", _doubt(told, logged))


def _of_one_kind(told: Sequence[DnsServerEventFact], kind: str) -> str:
    own = [event for event in told if event.event == kind]
    whom = dict.fromkeys(event.values.get("upstream", "any upstream server") for event in own)
    more = f" and {len(whom) - _NAMED} more" if len(whom) > _NAMED else ""
    return f"{_SAID[kind]} {', '.join(list(whom)[:_NAMED])}{more} ({_lines(own)})"


def _lines(events: Sequence[DnsServerEventFact]) -> str:
    count = sum(event.count for event in events)
    return f"{count:,} line{'s' if count > 1 else ''}"


def _when(told: Sequence[DnsServerEventFact]) -> str:
    times = _times(told)
    return f", from {times[0]} to {times[1]}" if times else ""


def _times(told: Sequence[DnsServerEventFact]) -> tuple[str, str] | None:
    first = min((e.first_time for e in told if e.first_time), default=None)
    last = max((e.last_time for e in told if e.last_time), default=None)
    return (first, last) if first and last else None


def _doubt(told: Sequence[DnsServerEventFact], logged: Collection[str]) -> str | None:
    """Why these lines may be those of a few lookups that were lost, or of one server's own trouble."""
    lines = sum(event.count for event in told)
    domains = {_domain(name) for event in told for name in event.names}
    quiet = sorted(set(logged) - {event.pod for event in told})
    if lines < LEAST_LINES:
        return "so few may be one or two lookups that were lost, and the log has no line for those that were answered"
    if len(domains) < LEAST_DOMAINS:
        return f"all are for {', '.join(sorted(domains)) or 'names not told'}, whose own servers may be the silent ones"
    if quiet:
        return f"the log of {quiet[0]} has none, so the servers answer others"
    return f"they are of less than {LEAST_SECONDS} s, and none came later" if _is_short(told) else None


def _domain(name: str) -> str:
    plain = name.rstrip(".").lower()
    # The cluster's own names are all answered by one server, which is the one that is asked.
    return plain if plain.endswith(f".{DEFAULT_DOMAIN}") else ".".join(plain.split(".")[-_DOMAIN_LABELS:])


def _is_short(told: Sequence[DnsServerEventFact]) -> bool:
    times = _times(told)
    try:
        first, last = map(datetime.fromisoformat, times or ())
        return (last - first).total_seconds() < LEAST_SECONDS
    except (ValueError, TypeError):
        return False
