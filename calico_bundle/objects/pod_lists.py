"""A List of pods in kubectl's own layout, read in pieces: memory holds some pieces and the columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

import numpy as np

from calico_bundle.evidence import Gap
from calico_bundle.facts import PodFact
from calico_bundle.facts.listing import FactList
from calico_bundle.facts.pod_table import PodsAndOthers, PodTable
from calico_bundle.objects.block_lines import BlockLines
from calico_bundle.objects.building import read_facts, read_item_facts
from calico_bundle.objects.documents import Surroundings
from calico_bundle.objects.pod_blocks import PodReader
from calico_bundle.objects.reading import Reading

HEAD: Final = b"apiVersion: v1\nitems:\n"
_TAIL: Final = re.compile(rb'kind: List\nmetadata:\n  resourceVersion: ""\n(?:  selfLink: ""\n)?')
_BLOCK: Final = 1 << 20
"""Bytes that are looked at together: few enough to stay in the processor's cache, enough to be worth numpy's calls."""
_LONGEST_ITEM: Final = 8 << 20
"""The API server takes no object above 1.5 MiB (etcd's limit on a request)."""
_ITEM: Final = b"\n- "
_FOREIGN: Final = (b"\r", b"\x1b")
"""What is taken out of a text before it is read the general way."""


class PodList:
    """Reads a List that begins with `HEAD` and a pod.

    An item that cannot be trusted goes to the general reader alone. Where the List itself departs from the layout (a
    remark between items, an end that is missing), all that follows goes there, and what was read before stays.
    """

    def __init__(self, path: str, around: Surroundings) -> None:
        self._path = path
        self._around = around
        self._reading = Reading(path, "")
        self._reader = PodReader()
        self._pods = PodTable()
        self._others: list[tuple[int, object]] = []
        self._line = HEAD.count(b"\n") + 1

    def read(self, pieces: Iterator[bytes]) -> bool:
        """Read all pieces; whether the List has the layout up to its end."""
        _keep_memory()
        held = b""
        chunks = _chunks(pieces, len(HEAD))
        for chunk in chunks:
            held += chunk
            cut = held.rfind(_ITEM) + 1
            if not cut and len(held) <= _LONGEST_ITEM:
                continue
            if not cut or not self._take(held[:cut]):
                return self._depart(chain((held,), chunks))
            held = held[cut:]
        end = held.rfind(b"\nkind: List\n") + 1
        if end and _TAIL.fullmatch(held, end) and self._take(held[:end]):
            return True
        return self._depart(iter((held,)))

    def facts(self) -> FactList:
        """What was read, in the order of the file."""
        return PodsAndOthers(self._pods, self._others) if self._others else self._pods

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read."""
        return self._reading.gaps()

    def _take(self, block: bytes) -> bool:
        """Read a block of whole items; False when it is no such block."""
        if any(sign in block for sign in _FOREIGN):
            return False
        lines = BlockLines(block)
        if lines.departs:
            return False
        found = self._reader.read(lines, self._line)
        begin, ends = 0, [*found.begins[1:], len(block)]
        for item, doubtful in enumerate(found.doubtful):
            if doubtful:
                self._pods.extend(found.rows, self._path, begin, item)
                self._take_item(block[found.begins[item] : ends[item]].decode("utf-8", "replace"), found.lines[item])
                begin = item + 1
        self._pods.extend(found.rows, self._path, begin)
        self._line += len(lines.ends)
        return True

    def _take_item(self, item: str, line: int) -> None:
        self._reading.turn_to(item, line)
        for fact in read_item_facts(self._reading, item, line):
            self._add(fact)

    def _depart(self, pieces: Iterator[bytes]) -> bool:
        """Read the rest of the List as a List of its own."""
        text = (HEAD + b"".join(pieces)).decode("utf-8", "replace").replace("\r\n", "\n")
        line = self._line - HEAD.count(b"\n")
        self._reading.turn_to(text, line)
        for fact in read_facts(self._reading, text, self._around, line):
            self._add(fact)
        return False

    def _add(self, fact: object) -> None:
        if isinstance(fact, PodFact):
            self._pods.add(fact)
        else:
            self._others.append((len(self._pods), fact))


def _keep_memory() -> None:
    """Let the arrays of a block take the place of those of the one before.

    glibc otherwise returns such large pieces to the system and gets them anew, page by page; it stops when it has seen
    a larger one come and go (mallopt(3), M_MMAP_THRESHOLD).
    """
    np.empty(24 * _BLOCK, np.uint8)


def _chunks(pieces: Iterator[bytes], skip: int) -> Iterator[bytes]:
    """The pieces without their first bytes, joined and cut to about the size of a block."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        for begin in range(0, len(piece), _BLOCK):
            part = piece[begin : begin + _BLOCK]
            part, skip = part[skip:], max(skip - len(part), 0)
            waiting.append(part)
            size += len(part)
            if size >= _BLOCK:
                yield b"".join(waiting)
                waiting, size = [], 0
    if size:
        yield b"".join(waiting)
