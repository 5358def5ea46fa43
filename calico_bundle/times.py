"""When the parts of a bundle were collected, as far as clocks in them say, and which are certainly of another time.

No part says when it was collected; what stands in it bounds that. A clock that the collector asked (`date`, the remark
above `iptables-save`) shows the moment. Whatever was written before, a line of a log or an event, shows that the part
was collected later, and not how much later. A Node that is Ready was heard of within the last minutes.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence

APART = timedelta(hours=1)
"""How far apart two parts may be. Events are kept for an hour (kube-apiserver --event-ttl): of what changed between parts
that are further apart, nothing in the bundle need tell any more."""

_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)
"""The zones of the world (IANA tz: Pacific/Kiritimati, Etc/GMT+12): where none is printed, it may be any of them."""

_REPORTS = timedelta(minutes=5)
"""The kubelet reports its Node at least that often (nodeStatusReportFrequency), its clock's time with it."""
_ONE_CLOCK = timedelta(minutes=15)
"""Ready Nodes of one listing were all heard of within minutes; if their times are further apart, a clock is wrong."""

_CLOCK_SET = datetime(2015, 1, 1)  # noqa: DTZ001 - all times here are in UTC
"""Calico's first year. A clock that shows an earlier time was never set."""

_CTIME = ("%a %b %d %H:%M:%S %Y", "%a %b %d %I:%M:%S %p %Y", "%a %d %b %Y %H:%M:%S", "%a %d %b %Y %I:%M:%S %p")
_UNIVERSAL = frozenset({"UTC", "GMT", "Z"})
_ZONE = re.compile(r"[A-Z]{1,5}|[+-]\d\d(?:\d\d)?")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)?")
_GO = re.compile(r"(\S+ \S+) ([+-]\d{4})(?: \S+){0,2}")
_ASKED = re.compile(r"date(?:[._ -].*)?|timestamp(?:\.txt)?", re.IGNORECASE)
_NOT_RUN = re.compile(r"(?:^|/)etc/|(?:^|/)rules\.v[46]$")
"""Where machines keep rules that were saved at some time to be loaded at the next start."""

_LISTINGS = frozenset({"ip-addr", "ip-route", "ip-rule", "ip-neigh"})
"""What a node lists of itself, and may have listed otherwise at another time."""


@dataclass(frozen=True, slots=True)
class Collected:
    """When one part was collected: not before `earliest`, and not after `latest` where that is known. In UTC, zone left out.

    `told` is how the line has it.
    """

    part: str
    node: str | None
    earliest: datetime
    latest: datetime | None
    told: str
    evidence: Evidence

    @property
    def is_of_any_zone(self) -> bool:
        """Whether the time is known but for its zone."""
        return self.latest is not None and self.latest - self.earliest >= _EAST + _WEST

    def is_before(self, other: Collected) -> bool:
        """Whether this was certainly collected before the other, by more than parts may be apart."""
        return self.latest is not None and other.earliest - self.latest > APART


@dataclass(frozen=True, slots=True)
class TimeGap:
    """A time in which nothing was collected, between the last part before it and the first one after it."""

    before: Collected
    after: Collected

    @property
    def width(self) -> timedelta:
        """How long it is at least."""
        return self.after.earliest - (self.before.latest or self.after.earliest)


def interval(told: str) -> tuple[datetime, datetime] | None:
    """The moments in UTC that a printed time may be: one where it has a zone, any zone's where it has none.

    >>> interval("2026-11-22T23:29:08Z")[0] == interval("Sun Nov 22 23:29:08 UTC 2026")[1]
    True
    >>> last = interval("Sun Nov 22 23:29:08 2026")[1]
    >>> print(last), interval("yesterday")
    2026-11-23 11:29:08
    (None, None)
    """
    try:
        found = _iso(told) or _words(told)
        if found is None:
            return None
        if found.tzinfo is None:
            ends = (found - _EAST, found + _WEST)
        else:
            moment = found.astimezone(UTC).replace(tzinfo=None)
            ends = (moment, moment)
    except (ValueError, OverflowError):
        return None
    return ends if ends[0] > _CLOCK_SET else None


def _iso(told: str) -> datetime | None:
    go = _GO.fullmatch(told.strip())
    text = f"{go[1]}{go[2]}" if go else told.strip()
    try:
        return datetime.fromisoformat(text) if len(text) > len("2026-11-22") else None
    except ValueError:
        return None


def _words(told: str) -> datetime | None:
    """What `date` prints; a zone's name other than UTC's may be several zones'."""
    words = told.replace(",", "").split()
    zones = [word for word in words if _ZONE.fullmatch(word) and word not in ("AM", "PM")]
    rest = " ".join(word for word in words if word not in zones)
    for form in _CTIME:
        try:
            local = datetime.strptime(rest, form)  # noqa: DTZ007 - the zone is read beside it
        except ValueError:
            continue
        return _in_zone(local, zones[0] if zones else "")
    return None


def _in_zone(local: datetime, zone: str) -> datetime:
    if zone in _UNIVERSAL:
        return local.replace(tzinfo=UTC)
    if not (offset := _OFFSET.fullmatch(zone)):
        return local
    ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    return (local - ahead if offset[1] == "+" else local + ahead).replace(tzinfo=UTC)


def is_asked(path: str, command: str | None) -> bool:
    """Whether a date in a file is what the clock showed: by the file's name, or by the command above it.

    >>> is_asked("n1/date.txt", None), is_asked("etc/built-at", None), is_asked("all.txt", "/bin/date -u")
    (True, False, True)
    """
    name = posixpath.basename((command or "").split(" ")[0]) if command else posixpath.basename(path)
    return bool(_ASKED.fullmatch(name)) and not _NOT_RUN.search(path)


# --- what the parts of a cluster say ----------------------------------------------------------------------------------


def collected(cluster: Cluster) -> list[Collected]:
    """When the parts of a bundle were collected, as far as they say; the earliest first.

    >>> collected(Cluster({}))
    []
    """
    found = _shown(cluster)
    known = {part.node for part in found}
    # Logs say least, and take longest to ask.
    logged = (part for name, node in cluster.nodes.items() if name not in known for part in _logged(node))
    return sorted([*found, *logged], key=lambda one: (one.earliest, one.part))


def are_comparable(cluster: Cluster) -> bool:
    """Whether two parts show their time, one of them until when it was collected at the latest.

    >>> are_comparable(Cluster({}))
    False
    """
    found = _shown(cluster)
    if all(part.latest is None for part in found):
        return False
    return len({part.part for part in found}) > 1 or len({part.part for part in collected(cluster)}) > 1


def _shown(cluster: Cluster) -> list[Collected]:
    """What is known without the logs."""
    nodes = cluster.nodes.values()
    saved = (part for node in nodes for part in _saved(node))
    return [*_asked(cluster), *_heard_of(nodes), *saved, *_newest_event(cluster)]


def _asked(cluster: Cluster) -> Iterator[Collected]:
    """From the first to the last time that a file has."""
    by_path: dict[str, list[Collected]] = {}
    owners = _nodes_by_folder(cluster) if cluster.clocks else {}
    for clock in cluster.clocks:
        if ends := interval(clock.time):
            path = clock.evidence.path
            one = Collected(path, _owner(path, owners), *ends, clock.time, clock.evidence)
            by_path.setdefault(path, []).append(one)
    for ones in by_path.values():
        yield replace(ones[0], latest=max(one.latest for one in ones if one.latest))


def _nodes_by_folder(cluster: Cluster) -> dict[str, set[str]]:
    """The nodes that have records in a folder or below it."""
    found: dict[str, set[str]] = {}
    for name, node in cluster.nodes.items():
        listings = (node.interfaces, node.routes, node.neighbors, node.service_tables)
        for path in {listing[0].evidence.path for listing in listings if listing}:
            for folder in _folders(path):
                found.setdefault(folder, set()).add(name)
    return found


def _folders(path: str) -> Iterator[str]:
    """The folders that a file is in, the innermost first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _owner(path: str, owners: Mapping[str, set[str]]) -> str | None:
    """The node whose records are nearest to a file, where they are one node's."""
    near = next((owners[folder] for folder in _folders(path) if folder in owners), set())
    return next(iter(near)) if len(near) == 1 else None


def _saved(node: ClusterNode) -> Iterator[Collected]:
    """`iptables-save`'s own time, the newest: a file with an older one may have been saved to be loaded at the next start."""
    found = [
        Collected(line.path, node.name, *ends, f"{table.recorded} in the machine's time zone", line)
        for table in node.service_tables or ()
        if (line := table.cited.get("recorded")) and not _NOT_RUN.search(line.path)
        if table.recorded and (ends := interval(table.recorded))
    ]
    if found:
        yield max(found, key=lambda one: one.earliest)


def _logged(node: ClusterNode) -> Iterator[Collected]:
    """The newest line of the node's logs: they were collected later."""
    found = [
        Collected(event.evidence.path, node.name, ends[0], None, event.time or "", event.evidence)
        for event in node.log.last_with_time
        if event.event != "bird-status" and (ends := interval(event.time or ""))
    ]
    if found:
        yield max(found, key=lambda one: one.earliest)


def _newest_event(cluster: Cluster) -> Iterator[Collected]:
    """Nobody is told of an event before it is there. Events' times are all in one form, so that the greatest is the newest."""
    newest = max((e for e in cluster.events if e.last_seen), key=lambda e: e.last_seen or "", default=None)
    if newest and newest.last_seen and (ends := interval(newest.last_seen)):
        line = newest.evidence
        yield Collected(line.path, None, ends[0], None, f"{newest.last_seen}, the time of an event in it", line)


def _heard_of(nodes: Iterable[ClusterNode]) -> Iterator[Collected]:
    """Each file of Nodes: collected within minutes of when its Ready Nodes were heard of."""
    by_path: dict[str, list[Collected]] = {}
    for node in nodes:
        said = node.kubernetes
        line = said.cited.get("heartbeat") if said else None
        if said and said.ready and line and (ends := interval(said.heartbeat or "")):
            told = f"{said.heartbeat}, when {said.name} was last heard of"
            one = Collected(line.path, None, ends[0], ends[1] + _REPORTS, told, line)
            by_path.setdefault(line.path, []).append(one)
    for ones in by_path.values():
        newest = max(ones, key=lambda one: (one.earliest, one.evidence.line or 0))
        if newest.earliest - min(one.earliest for one in ones) <= _ONE_CLOCK:
            yield newest


# --- what does not go together ----------------------------------------------------------------------------------------


def widest_gap(parts: Sequence[Collected]) -> TimeGap | None:
    """The widest gap between parts; None where they may all be of one time, or of one collection that went on and on.

    `parts` come as `collected` has them.

    >>> widest_gap([]) is None
    True
    """
    gaps: list[TimeGap] = []
    anywhere = sorted((part for part in parts if part.is_of_any_zone), key=_end)
    ends = [_end(part) for part in anywhere]
    last: Collected | None = None
    for part in parts:
        place = bisect_left(ends, part.earliest - APART)
        gaps += [
            TimeGap(one, part) for one in (*anywhere[max(place - 1, 0) : place], last) if one and one.is_before(part)
        ]
        # What may be of any zone joins nothing: it need not have been collected in between.
        if part.latest and not part.is_of_any_zone and (last is None or part.latest > _end(last)):
            last = part
    # A part whose own time is known says more than one that only came later than a line in it.
    return max(gaps, key=lambda gap: (gap.after.latest is not None, gap.width), default=None)


def _end(part: Collected) -> datetime:
    return part.latest or part.earliest


def nodes_apart(cluster: Cluster) -> frozenset[str]:
    """The nodes whose own records are certainly of another time than the objects.

    The time of a Node is its own machine's; where it has none, the newest event stands for the objects.

    >>> nodes_apart(Cluster({}))
    frozenset()
    """
    heard_of = {part.part: part for part in _heard_of(cluster.nodes.values())}
    events = next(_newest_event(cluster), None)
    found: set[str] = set()
    for part in _shown(cluster) if heard_of or events else ():
        said = cluster.nodes[part.node].kubernetes if part.node else None
        objects = heard_of.get(said.evidence.path, events) if said else events
        if part.node and objects and (objects.is_before(part) or part.is_before(objects)):
            found.add(part.node)
    return frozenset(found)


def with_doubts(cluster: Cluster) -> Cluster:
    """The cluster in which nothing is missing on a node for not being in records of another time than the objects.

    >>> with_doubts(Cluster({})) == Cluster({})
    True
    """
    apart = nodes_apart(cluster)
    if not apart:
        return cluster
    nodes = {
        name: replace(node, incomplete=node.incomplete | _LISTINGS) if name in apart else node
        for name, node in cluster.nodes.items()
    }
    return replace(cluster, nodes=nodes)
