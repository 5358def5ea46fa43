"""The text of `kubectl describe` as keys, values and sections; and the tables in it.

Source: kubectl's pkg/describe/describe.go. Keys begin at the left edge, sections are indented below theirs, and lines
that go on with a value (labels, annotations) stand as far in as the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from calico_bundle.evidence import Evidence, quote

_KEY = re.compile(r"(?P<key>[A-Z][A-Za-z0-9 /()._-]{0,60}):(?:\s+(?P<value>\S.*))?\s*$")
_PAIR = re.compile(r"(?P<key>[^\s:=][^:=]{0,300}?)(?:=|:(?:\s+|$))(?P<value>.*)$")
_NONE = frozenset({"", "<none>", "<unset>"})
_LAST = "Events"
"""The section that ends a description: messages in it can span lines, and look like anything."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, how far it is indented, and its text."""

    number: int
    indent: int
    text: str


@dataclass(slots=True)
class Entry:
    """A key at the left edge: what stands beside it, and the lines below it."""

    key: str
    value: str
    line: Line
    column: int
    below: list[Line] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """What the key has: its value, then each line below."""
        if self.value:
            yield Line(self.line.number, self.column, self.value)
        yield from self.below

    def level(self) -> Iterator[Line]:
        """The lines that stand as far in as the first: what is further in belongs to one of them."""
        lines = self.lines()
        first = next(lines, None)
        if first is not None:
            yield first
            yield from (line for line in lines if line.indent == first.indent)


@dataclass(slots=True)
class Description:
    """One object as it is described: its entries, in order."""

    path: str
    entries: list[Entry] = field(default_factory=list)
    length: int = 0

    def add(self, number: int, line: str) -> None:
        """Take one line."""
        self.length += 1
        text = line.strip()
        indent = len(line) - len(line.lstrip(" "))
        in_events = bool(self.entries) and self.entries[-1].key == _LAST
        found = None if indent or in_events else _KEY.match(line)
        at = Line(number, indent, text)
        if found:
            self.entries.append(Entry(found["key"], (found["value"] or "").strip(), at, found.start("value")))
        elif self.entries:
            self.entries[-1].below.append(at)

    @property
    def keys(self) -> frozenset[str]:
        """All keys at the left edge."""
        return frozenset(entry.key for entry in self.entries)

    def all(self, key: str) -> list[Entry]:
        """The entries of a key: a Service has one `Port` for each of its ports."""
        return [entry for entry in self.entries if entry.key == key]

    def entry(self, key: str) -> Entry | None:
        """The first entry of a key."""
        return next(iter(self.all(key)), None)

    def value(self, key: str) -> str:
        """What stands beside a key; empty where it is not there, or says that there is none."""
        entry = self.entry(key)
        return entry.value if entry and entry.value not in _NONE else ""

    def evidence(self, line: Line) -> Evidence:
        """A line as evidence."""
        return Evidence(self.path, line.number, quote(line.text))

    def pairs(self, key: str) -> dict[str, tuple[str, Line]]:
        """The labels (`a=b`), annotations or fields (`a: b`) of a section, each with its line."""
        entry = self.entry(key)
        found: dict[str, tuple[str, Line]] = {}
        for line in entry.level() if entry else ():
            match = _PAIR.match(line.text) if line.text not in _NONE else None
            if match:
                found.setdefault(match["key"], (match["value"].strip(), line))
        return found

    def mentions(self, text: str) -> bool:
        """Whether a text stands anywhere in it."""
        return any(text in line.text for entry in self.entries for line in entry.below)

    def labels(self) -> dict[str, str]:
        """The labels."""
        return {key: value for key, (value, _) in self.pairs("Labels").items()}

    def condition(self, kind: str) -> tuple[str, Line] | None:
        """The status of a condition, with its line."""
        entry = self.entry("Conditions")
        rows = ((line.text.split(), line) for line in (entry.below if entry else ()))
        return next(((words[1], line) for words, line in rows if len(words) > 1 and words[0] == kind), None)


def tree(lines: Sequence[Line]) -> Iterator[tuple[tuple[str, ...], str, Line]]:
    """The keys of indented lines, each with those it stands below: the environment of a container is `Environment`, `IP`.

    >>> lines = [Line(1, 3, "calico-node:"), Line(2, 4, "Image:  calico/node"), Line(3, 3, "other:")]
    >>> [(keys, value) for keys, value, _ in tree(lines)]
    [(('calico-node',), ''), (('calico-node', 'Image'), 'calico/node'), (('other',), '')]
    """
    above: list[tuple[int, str]] = []
    for line in lines:
        match = _PAIR.match(line.text)
        if not match:
            continue
        while above and above[-1][0] >= line.indent:
            above.pop()
        above.append((line.indent, match["key"].strip()))
        yield tuple(key for _, key in above), match["value"].strip(), line


def plain(values: Mapping[str, tuple[str, Line]], key: str) -> str | None:
    """The value of a pair; None where it is not there, or empty.

    >>> plain({}, "Hostname") is None
    True
    """
    found = values.get(key)
    return found[0] if found and found[0] not in _NONE else None
