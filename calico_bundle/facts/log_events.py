"""Events of logs by the million: kept as the few lines that hold them, read again when somebody asks.

A log of calico-node has a thousand lines of BIRD, and a cluster thousands of such logs, most lines the same in all of
them. So a log keeps the numbers of its lines and their texts, which logs share, and not a record for each. Lines with a
time are no other log's: they are kept compressed, which of lines of a few kinds leaves a tenth and less.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, chain, compress, repeat
from operator import itemgetter
from sys import intern
from typing import NamedTuple, TypeVar, overload

from calico_bundle.evidence import Evidence, quote
from calico_bundle.facts.listing import FactList, LazyFacts
from calico_bundle.facts.machine import LogEventFact
from calico_bundle.facts.packed import PackedTexts

T = TypeVar("T")

_SIZES = (("H", (1 << 16) - 1), ("I", (1 << 32) - 1), ("Q", (1 << 64) - 1))
"""Types of arrays, and the largest number that each holds."""

_BLOCK = 1 << 10
"""Events that are looked at to find the text of one."""

STATE = "bird-protocol-state"
"""The event that says which state a protocol of BIRD's came into; its values are `protocol` and `state`."""

# `kubectl logs --previous` as calicoctl cluster diags and troubleshoot.sh save it (NAME.previous.log, NAME-previous.log) and
# `oc adm inspect` (logs/previous.log); that one also keeps what the kubelet rotated, of whichever container it was. In
# calico-node's own log folder runit's svlogd names what it rotated by its TAI64N time, beside `current`.
_PREVIOUS = re.compile(r"[./-]previous(?:\.insecure)?(?:\.log)?$|/rotated/|/@[0-9a-f]{8,24}(?:\.[stu])?$")


class LogLine(NamedTuple):
    """What one line of a log says; the fields are those of `LogEventFact`."""

    time: str | None
    level: str | None
    component: str | None
    event: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LogReader:
    """How the lines that were kept are read again: every event by its number, and the reading of one line.

    `own` are the events, by their numbers, whose lines a log has for itself; `STATE` is none of them.
    """

    events: tuple[str, ...]
    read: Callable[[str], LogLine]
    own: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class LogEvents(FactList):
    """The events of one log, in the order of its lines, in columns of equal length.

    `kinds` holds the event of each as its place in `reader.events`. The lines without what a collector put before them
    are in `own` for the events that are `reader.own`, and in `shared` for the others; `printed` are the lines as they
    stand, where that is another text. `counts` holds the length of a run by the place of its last event; `shared_before`
    how many of `shared` stand before each block of events, so that to find a text takes no look at all those before it.
    """

    path: str
    reader: LogReader
    numbers: array[int]
    kinds: bytes
    shared: tuple[str, ...]
    own: Sequence[str]
    counts: Mapping[int, int]
    printed: Sequence[str] | None = None
    shared_before: tuple[int, ...] = (0,)

    @classmethod
    def kept(
        cls,
        path: str,
        reader: LogReader,
        rows: tuple[Sequence[int], bytes, Sequence[str]],
        counts: Mapping[int, int],
        printed: Sequence[str] | None = None,
    ) -> LogEvents:
        """Keep some lines: their numbers, in their order, their events by number, and their texts."""
        numbers, kinds, texts = rows
        size = next(size for size, most in _SIZES if numbers[-1] <= most)
        own = PackedTexts(list(compress(texts, kinds.translate(_among(reader.own)))))
        shared = tuple(compress(texts, kinds.translate(_beside(reader.own))))
        shown = PackedTexts(printed) if printed else None
        blocks = range(0, len(kinds), _BLOCK)
        sizes = [len(kinds[at : at + _BLOCK].translate(None, reader.own)) for at in blocks]
        before = tuple(accumulate(sizes[:-1], initial=0))
        return cls(path, reader, array(size, numbers), kinds, shared, own, counts, shown, before)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> LogEventFact: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[LogEventFact, ...]: ...

    def __getitem__(self, index: int | slice) -> LogEventFact | tuple[LogEventFact, ...]:
        places = range(len(self.numbers))[index]
        return self._fact(places) if isinstance(places, int) else tuple(map(self._fact, places))

    def __iter__(self) -> Iterator[LogEventFact]:
        return map(self._fact, range(len(self.numbers)))

    def of(self, kind: type[T]) -> Sequence[T]:
        """The events, when asked for them; a log holds nothing else."""
        return self if issubclass(LogEventFact, kind) else ()  # type: ignore[return-value]

    def events(self, names: Iterable[str]) -> list[LogEventFact]:
        """The events of some kinds, in their order."""
        wanted = bytes(self.reader.events.index(name) for name in names if name in self.reader.events)
        # Most logs have none of them, which this finds out without looking at each line.
        if len(self.kinds.translate(None, wanted)) == len(self.kinds):
            return []
        return [self._fact(place) for place in compress(range(len(self)), self.kinds.translate(_among(wanted)))]

    def states(self) -> list[tuple[str, str]]:
        """BIRD's protocols and the states that they came into, in their order."""
        shared = self.kinds.translate(None, self.reader.own).translate(self._is_state)
        # All in calls of C: this is asked of every node, and every protocol of each is in here.
        return list(map(_protocol_state, repeat(self.reader.read), compress(self.shared, shared)))

    def last_change(self, protocol: str) -> int | None:
        """The place of the event by which a protocol came into its last state."""
        return _last_places(self).get(protocol)

    def changes(self) -> bytes:
        """For each event, whether a protocol of BIRD's changed its state: 1 or 0."""
        return self.kinds.translate(self._is_state)

    @property
    def _is_state(self) -> bytes:
        return _among(bytes([self.reader.events.index(STATE)]))

    def _text(self, place: int) -> str:
        block = place // _BLOCK
        before = self.shared_before[block] + len(self.kinds[block * _BLOCK : place].translate(None, self.reader.own))
        return self.own[place - before] if self.kinds[place] in self.reader.own else self.shared[before]

    def _fact(self, place: int) -> LogEventFact:
        text = self._text(place)
        time, level, component, event, values = self.reader.read(text)
        if place in self.counts:
            values = {**values, "count": str(self.counts[place])}
        line = self.printed[place] if self.printed else text
        return LogEventFact(
            time, level, component, event, values, Evidence(self.path, self.numbers[place], quote(line))
        )


@cache
def _among(kinds: bytes) -> bytes:
    """A table for `translate`: 1 for some kinds, 0 for all others."""
    return bytes(kind in kinds for kind in range(256))


@cache
def _beside(kinds: bytes) -> bytes:
    """A table for `translate`: 0 for some kinds, 1 for all others."""
    return bytes(kind not in kinds for kind in range(256))


# For questions that come in a row; to keep the answer with each log would cost more than the log.
@lru_cache(maxsize=512)
def _last_places(events: LogEvents) -> Mapping[str, int]:
    """The place of the last change of each protocol."""
    places = compress(range(len(events)), events.changes())
    return dict(zip(map(itemgetter(0), events.states()), places, strict=True))


# Every node's log has the same few thousand of these lines.
@lru_cache(maxsize=1 << 15)
def _protocol_state(read: Callable[[str], LogLine], text: str) -> tuple[str, str]:
    values = read(text).values
    return intern(values.get("protocol", "")), intern(values.get("state", ""))


_NEAR_END = 24
"""Events at the end of a log among which one with a time is looked for."""


class NodeLog(LazyFacts[LogEventFact]):
    """All events that the logs of one node hold, log by log.

    >>> NodeLog([]).last_states
    {}
    """

    __slots__ = ("_current", "_last_states", "_parts")

    def __init__(self, parts: Iterable[Sequence[LogEventFact]]) -> None:
        self._parts = tuple(part for part in parts if part)
        self._current: NodeLog | None = None
        self._last_states: dict[str, str] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __iter__(self) -> Iterator[LogEventFact]:
        return chain.from_iterable(self._parts)

    @property
    def current(self) -> NodeLog:
        """The log of the container that runs; what one before it said last is no longer so."""
        if self._current is None:
            self._current = NodeLog(map(_of_running, self._parts))
        return self._current

    def events(self, *names: str) -> tuple[LogEventFact, ...]:
        """The events of some kinds, in their order.

        >>> NodeLog([]).events("address-autodetected")
        ()
        """
        found: list[LogEventFact] = []
        for part in self._parts:
            found += part.events(names) if isinstance(part, LogEvents) else [e for e in part if e.event in names]
        return tuple(found)

    @property
    def last_with_time(self) -> list[LogEventFact]:
        """The last event of each log that has a time, as BIRD's have none; not looked for far from the end."""
        near = ((part[-place] for place in range(1, min(len(part), _NEAR_END) + 1)) for part in self._parts)
        ends = (next((event for event in end if event.time), None) for end in near)
        return [event for event in ends if event is not None]

    @property
    def last_states(self) -> Mapping[str, str]:
        """The last state of each of BIRD's protocols, by its name (`Mesh_10_0_0_1`)."""
        if self._last_states is None:
            self._last_states = {}
            for part in self._parts:
                self._last_states.update(part.states() if isinstance(part, LogEvents) else map(_state, _changes(part)))
        return self._last_states

    def states_of(self, protocols: Container[str]) -> dict[str, str]:
        """The last states of some of BIRD's protocols; unlike `last_states` nothing is kept for the next question.

        >>> NodeLog([]).states_of({"Mesh_10_0_0_1"})
        {}
        """
        found: dict[str, str] = {}
        for part in self._parts:
            states = part.states() if isinstance(part, LogEvents) else map(_state, _changes(part))
            found.update(one for one in states if one[0] in protocols)
        return found

    def last_change(self, *protocols: str) -> LogEventFact | None:
        """The last event by which one of these protocols came into a state.

        >>> NodeLog([]).last_change("Mesh_10_0_0_1") is None
        True
        """
        for part in reversed(self._parts):
            if isinstance(part, LogEvents):
                places = [place for place in map(part.last_change, protocols) if place is not None]
                found = [part[place] for place in sorted(places)]
            else:
                found = [e for e in _changes(part) if _state(e)[0] in protocols]
            if found:
                return found[-1]
        return None


def _of_running(events: Sequence[LogEventFact]) -> Sequence[LogEventFact]:
    if isinstance(events, LogEvents):
        return () if _PREVIOUS.search(events.path) else events.of(LogEventFact)
    return tuple(e for e in events if not _PREVIOUS.search(e.evidence.path))


def _changes(events: Sequence[LogEventFact]) -> Iterator[LogEventFact]:
    return (event for event in events if event.event == STATE)


def _state(event: LogEventFact) -> tuple[str, str]:
    return event.values.get("protocol", ""), event.values.get("state", "")
