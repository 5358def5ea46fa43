"""Pods straight from the bytes: a block of a List in kubectl's own layout to columns.

`PARTS` of `pods` says which keys a column is read from, and how. Here the lines of those keys are cut out of the block
and read that way, equal lines once. Four parts differ from pod to pod; what they usually look like is recognized
without reading them (`_QUICK`). Pods that `BlockLines` doubts, or that have anything to remark, are left to the general
reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from calico_bundle.facts.pod_table import PodRows
from calico_bundle.objects.block_lines import BlockLines, Numbers, Places
from calico_bundle.objects.fields import IncompleteError, Record
from calico_bundle.objects.located import LocatedMap, UnreadableError
from calico_bundle.objects.pods import PARTS, Part, columns_of
from calico_bundle.objects.reading import Reading, is_hidden
from calico_bundle.objects.yaml_documents import read_yaml, sanitized

UNSURE: Final = object()
"""In place of a value: read it the general way."""

POD: Final = b"- apiVersion: v1\n  kind: Pod\n"
_SECTIONS: Final = (b"  kind: Pod\n", b"  metadata:\n", b"  spec:\n", b"  status:\n")
_METADATA: Final = 1
_SECTION_NUMBERS: Final = {"metadata": _METADATA, "spec": 2, "status": 3}
_NAMES: Final = re.compile(rb"(?:    name: (?!null\n)[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\n)*+")
_NAME_BEGINS: Final = len("    name: ")
_BYTE_VALUES: Final = {str(value).encode(): value for value in range(256)}
_DASH: Final = b"\n    - "
_STATUS_AND_TYPE: Final = re.compile(rb'\n      status: "(\w+)"\n      type: (\w+)(?=\n)')
_RESTARTS_AND_STATE: Final = re.compile(
    rb"\n      restartCount: (\d{1,9})\n(?:      started: (?:true|false)\n)?      state:\n        (?:(?:running|terminated):\n"
    rb"|waiting:\n(?:          message: .*\n(?:           .*\n)*+)?          reason: (?!null\n|true\n|false\n)([A-Z]\w*)(?=\n))"
)
_IP: Final = re.compile(rb"    podIP: ((\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3}))\n    podIPs:\n    - ip: \1\n")
_PROBE: Final = b"\n      readinessProbe"
_NUMBER: Final = (
    rb"(?:        (?:failureThreshold|initialDelaySeconds|periodSeconds|successThreshold|timeoutSeconds): \d+\n)*+"
)
_PROBE_KIND: Final = re.compile(
    rb"\n      readinessProbe:\n" + _NUMBER + rb"        (exec|grpc|httpGet|tcpSocket):\n"
    rb"(?:         .*\n)++" + _NUMBER + rb"(?= {0,6}\S)"
)
# No word that YAML takes for something else, and nothing that needs quotes.
_WORD: Final = rb"(?!(?i:null|true|false)\b)[A-Za-z0-9](?:[-A-Za-z0-9._/]*[A-Za-z0-9])?"
_LABELS: Final = re.compile(rb'    labels:\n(?:      %b: (?:%b|"(?:%b)?")\n)++' % (_WORD, _WORD, _WORD))
_LABEL: Final = re.compile(r"      (.*): (.*)\n")
_OWNER: Final = re.compile(
    rb"    ownerReferences:\n    - apiVersion: [\w./]+\n      blockOwnerDeletion: true\n      controller: true\n"
    rb"      kind: (%b)\n      name: (%b)\n      uid: %b\n" % (_WORD, _WORD, _WORD)
)


@dataclass(frozen=True, slots=True)
class PodBlock:
    """What was read of a block: rows for all its items, and which of them to read the general way instead."""

    rows: PodRows
    begins: Sequence[int]
    lines: Sequence[int]
    doubtful: Sequence[bool]


class PodReader:
    """Reads blocks of one file; keeps what it has read before, as most pods share their labels, nodes and owners."""

    def __init__(self) -> None:
        self._known = {part: _Known(part) for part in PARTS}

    def read(self, lines: BlockLines, first_line: int) -> PodBlock:
        """The pods of a block that begins at that line.

        >>> text = b"- apiVersion: v1\\n  kind: Pod\\n  metadata:\\n    name: a\\n  spec:\\n    nodeName: n1\\n"
        >>> found = PodReader().read(BlockLines(text + b"  status:\\n    phase: Running\\n"), 3)
        >>> found.rows.columns["node"], found.rows.lines, found.doubtful
        (['n1'], [6], [False])
        """
        keys = _Keys(lines)
        columns: dict[str, Sequence[Any]] = {"name": _names(keys)}
        for part in PARTS:
            values = self._values(part, keys)
            made = values if len(part.columns) == 1 else list(zip(*values, strict=True))
            columns |= columns_of(part, made)
        numbered = (lines.line(keys.found(_METADATA, b"name")[0]) + first_line).tolist()
        begun = (lines.line(lines.items) + first_line).tolist()
        return PodBlock(PodRows(columns, numbered), lines.items.tolist(), begun, lines.doubtful.tolist())

    def _values(self, part: Part, keys: _Keys) -> list[Any]:
        """A part's value for every item."""
        block, quick = keys.lines.block, _QUICK.get(part.keys[0])
        ranges = [keys.ranges(_SECTION_NUMBERS[part.section], key.encode()) for key in part.keys]
        if quick is None:
            texts = [block[begin:end] for begin, end in ranges[0]]
            values = list(map(self._known[part].__getitem__, texts))
        else:
            values = [quick(block, *at) for at in zip(*ranges, strict=True)]
            for item in _places_of(UNSURE, values):
                values[item] = _read(part, b"".join([block[slice(*found[item])] for found in ranges]))
        for item in _places_of(UNSURE, values):
            keys.lines.doubtful[item] = True
            values[item] = (None,) * len(part.columns) if len(part.columns) > 1 else None
        return values


class _Known(dict[bytes, Any]):
    """The values of a part by their lines, each read when it is first asked for."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._part = part

    def __missing__(self, text: bytes) -> Any:
        value = self[text] = _read(self._part, text)
        return value


class _Keys:
    """The keys of the sections of every pod of a block; an item without the outline of a pod is doubtful."""

    def __init__(self, lines: BlockLines) -> None:
        self.lines = lines
        self._sections = self._outline()
        self._by_section = {number: self._inner_of(number) for number in _SECTION_NUMBERS.values()}
        self._doubt_odd_fields(6, _SECTION_NUMBERS["spec"])
        self._doubt_odd_fields(8, _SECTION_NUMBERS["status"])

    def ranges(self, section: int, key: bytes) -> list[tuple[int, int]]:
        """Where the lines of a key begin and end in each item; 0 and 0 where it has none."""
        begin, end = self.found(section, key)
        return list(zip(begin.tolist(), end.tolist(), strict=True))

    def found(self, section: int, key: bytes) -> tuple[Places, Places]:
        """The same as two columns."""
        lines = self.lines
        indices, *words = self._by_section[section]
        fits = np.ones(len(indices), np.bool_)
        for word, part in zip(words, (key[:8], key[8:16]), strict=True):
            mask = np.uint64(int.from_bytes((b"\xff" * len(part)).ljust(8, b"\0")))
            fits &= (word & mask) == np.uint64(int.from_bytes(part.ljust(8, b"\0")))
        places = indices[fits]
        after = lines.data.take(lines.keys[places] + 4 + len(key))
        lines.doubt(lines.keys[places[(after == 32) | (after == 9)]])
        places = places[after == 58]
        begin, end = np.zeros((2, len(lines.items)), np.intp)
        owners = lines.owners[places]
        begin[owners], end[owners] = lines.keys[places], lines.key_ends[places]
        return begin, end

    def _inner_of(self, section: int) -> tuple[Places, Numbers, Numbers]:
        """The keys of a section: their places among all, and their first letters as numbers."""
        places = np.flatnonzero(self.lines.inner & (self._sections == section))
        words = self.lines.key_words[places]
        return places, words[:, 0], words[:, 1]

    def _outline(self) -> Places:
        """The number of the section that each key is in."""
        lines = self.lines
        outer = ~lines.inner
        owners = lines.owners[outer]
        counts = np.bincount(owners, minlength=len(lines.items))
        lines.doubtful |= counts != len(_SECTIONS)
        sections = np.cumsum(outer) - 1 - (np.cumsum(counts) - counts)[lines.owners]
        for number, text in enumerate(_SECTIONS):
            self._expect(np.flatnonzero(outer & (sections == number)), text, inner=number > 0)
        begins = lines.at(lines.items, len(POD))
        lines.doubtful |= (begins != np.frombuffer(POD, np.uint8)).any(axis=1)
        return sections

    def _expect(self, indices: Places, text: bytes, *, inner: bool) -> None:
        """Doubt the items whose section does not begin with just that line, and another key right behind it."""
        lines = self.lines
        places = lines.keys[indices]
        wrong = (lines.at(places, len(text)) != np.frombuffer(text, np.uint8)).any(axis=1)
        following = np.minimum(indices + 1, len(lines.keys) - 1)
        wrong |= lines.keys[following] != places + len(text)
        wrong |= lines.inner[following] != inner
        lines.doubt(places[wrong])

    def _doubt_odd_fields(self, column: int, from_section: int) -> None:
        odd = self.lines.odd_fields(column)
        following = np.searchsorted(self.lines.keys, odd)
        sections = self._sections.take(np.maximum(following - 1, 0))
        self.lines.doubt(odd[sections >= from_section])


def _places_of(value: object, values: Sequence[object]) -> list[int]:
    return [place for place, one in enumerate(values) if one is value]


def _names(keys: _Keys) -> list[str]:
    """The names of all items; where one is not certain its item is doubtful."""
    block, doubtful = keys.lines.block, keys.lines.doubtful
    begin, end = keys.found(_METADATA, b"name")
    lines = [block[b:e] for b, e in zip(begin.tolist(), end.tolist(), strict=True)]
    together = b"".join(lines)
    if not all(lines) or not _NAMES.fullmatch(together) or is_hidden(together.decode()):
        doubtful |= [not (line and _NAMES.fullmatch(line)) or is_hidden(line.decode()) for line in lines]
    return [line[_NAME_BEGINS:-1].decode("utf-8", "replace") for line in lines]


def _read(part: Part, text: bytes) -> Any:
    """A part's value, read as the general reader does; UNSURE where there is anything to remark."""
    simple = _SIMPLE.get(part.keys[0])
    if simple and (value := simple(text)) is not UNSURE:
        return value
    try:
        shown = text.decode()
        if sanitized(shown) != shown:
            return UNSURE
        found = next(read_yaml(shown), None) if text else LocatedMap(1)
        if not isinstance(found, LocatedMap):
            return UNSURE
        reading = Reading("", shown)
        record = Record(reading, "Pod", "", found)
        value = part.read(record.fields())
    except (UnicodeDecodeError, UnreadableError, IncompleteError):
        return UNSURE
    return UNSURE if reading.gaps() else value


def _labels(text: bytes) -> Any:
    if not _LABELS.fullmatch(text) or is_hidden(text.decode()):
        return UNSURE
    pairs = _LABEL.findall(text.decode())
    labels = {key: value.strip('"') for key, value in pairs}
    return labels if len(labels) == len(pairs) else UNSURE


def _owner(text: bytes) -> Any:
    found = _OWNER.fullmatch(text)
    if not found or is_hidden(text.decode()):
        return UNSURE
    return f"{found[1].decode()}/{found[2].decode()}"


_SIMPLE: Final[dict[str, Callable[[bytes], Any]]] = {"labels": _labels, "ownerReferences": _owner}
"""By the first key of a part: its value where the lines hold plain words alone, else UNSURE."""


def _ips(block: bytes, one: tuple[int, int], listed: tuple[int, int]) -> Any:
    """The one IPv4 address of a pod as a number."""
    found = _IP.fullmatch(block, one[0], listed[1])
    if found is None:
        return UNSURE
    try:
        a, b, c, d = map(_BYTE_VALUES.__getitem__, found.group(2, 3, 4, 5))
    except KeyError:
        return UNSURE
    return a << 24 | b << 16 | c << 8 | d


def _ready(block: bytes, at: tuple[int, int]) -> Any:
    if not block.startswith(b"    conditions:" + _DASH, at[0]):
        return UNSURE
    found = _STATUS_AND_TYPE.findall(block, *at)
    if len(found) != block.count(_DASH, *at):
        return UNSURE
    status = next((status for status, kind in found if kind == b"Ready"), None)
    return {b"True": True, b"False": False, b"Unknown": None, None: None}.get(status, UNSURE)


def _restarts(block: bytes, at: tuple[int, int]) -> Any:
    if not block.startswith(b"    containerStatuses:" + _DASH, at[0]):
        return UNSURE
    found = _RESTARTS_AND_STATE.findall(block, *at)
    waiting = tuple([reason.decode() for _, reason in found if reason])
    if len(found) != block.count(_DASH, *at) or block.count(b"\n        waiting", *at) != len(waiting):
        return UNSURE
    return sum([int(count) for count, _ in found]), waiting


def _probed(block: bytes, at: tuple[int, int]) -> Any:
    begin, end = at
    if not block.startswith(b"    containers:" + _DASH, begin):
        return UNSURE
    while (begin := block.find(_PROBE, begin, end)) >= 0:
        probe = _PROBE_KIND.match(block, begin)
        if not probe:
            return UNSURE
        if probe[1] != b"exec":
            return True
        begin = probe.end() - 1
    return UNSURE if block.find(b"\n    - readinessProbe", *at) >= 0 else False


_QUICK: Final[dict[str, Callable[..., Any]]] = {
    "podIP": _ips,
    "conditions": _ready,
    "containerStatuses": _restarts,
    "containers": _probed,
}
"""By the first key of a part: its value in the usual layout, else UNSURE."""
