"""A List of pods in kubectl's own layout, read in pieces: memory holds some pieces and the columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from calico_bundle.evidence import Gap
from calico_bundle.facts import PodFact
from calico_bundle.facts.listing import FactList
from calico_bundle.facts.pod_table import PodRows, PodsAndOthers, PodTable
from calico_bundle.objects.building import read_facts, read_item_facts
from calico_bundle.objects.documents import Surroundings
from calico_bundle.objects.list_pieces import HEAD, ITEM, LONGEST_ITEM, TAIL, chunks
from calico_bundle.objects.pod_blocks import COLUMNS, PodReader
from calico_bundle.objects.pod_blocks import HEAD as POD
from calico_bundle.objects.reading import Reading

_BLOCK: Final = 1 << 16
"""Bytes that are looked at together; larger pieces come from the system each time, page by page (malloc(3))."""
_POD: Final = b"\n" + POD
# A line at the left edge that begins no item.
_NO_ITEM: Final = re.compile(rb"\n(?!- )[^ \n]")
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
        self._rows: list[tuple[Any, ...]] = []
        self._lines: list[int] = []
        self._line = HEAD.count(b"\n") + 1

    def read(self, pieces: Iterator[bytes]) -> bool:
        """Read all pieces; whether the List has the layout up to its end."""
        # What is held begins with the line end before an item.
        held = b""
        parts = chunks(pieces, len(HEAD) - 1, _BLOCK)
        for part in parts:
            held += part
            cut = held.rfind(ITEM)
            if cut <= 0:
                if len(held) <= LONGEST_ITEM:
                    continue
                return self._depart(chain((held,), parts))
            if departed := self._take(held[:cut]):
                return self._depart(chain((departed, held[cut:]), parts))
            held = held[cut:]
        end = held.rfind(b"\nkind: List\n")
        if end < 0 or not TAIL.fullmatch(held, end + 1):
            return self._depart(iter((held,)))
        departed = self._take(held[:end])
        return not departed or self._depart(iter((departed, held[end:])))

    def facts(self) -> FactList:
        """What was read, in the order of the file."""
        pods = self._pods.settled()
        return PodsAndOthers(pods, self._others) if self._others else pods

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read."""
        return self._reading.gaps()

    def lost(self) -> Mapping[str, int]:
        """How many objects of each kind could not be read."""
        return self._reading.lost

    def _take(self, block: bytes) -> bytes:
        """Read a block of whole items, without its last line end; gives back what follows from where it is no such."""
        if any(sign in block for sign in _FOREIGN):
            return block
        # Each piece is a pod without its first lines, and perhaps other items behind it.
        first, *pods = block.split(_POD)
        if first and not self._take_items(first):
            return block
        for place, pod in enumerate(pods):
            row = self._reader.read(pod)
            if row is not None:
                values, name_line, lines = row
                self._rows.append(values)
                self._lines.append(self._line + name_line)
                self._line += lines
            elif not self._take_items(_POD + pod):
                self._keep_rows()
                return _POD + _POD.join(pods[place:])
        self._keep_rows()
        return b""

    def _keep_rows(self) -> None:
        if self._rows:
            columns = dict(zip(COLUMNS, zip(*self._rows, strict=True), strict=True))
            self._pods.extend(PodRows(columns, self._lines), self._path)
            self._rows, self._lines = [], []

    def _take_items(self, items: bytes) -> bool:
        """Read items one by one the general way; False when there is something between them."""
        if _NO_ITEM.search(items):
            return False
        self._keep_rows()
        begin = 0
        while begin < len(items):
            end = items.find(ITEM, begin + 1)
            end = len(items) if end < 0 else end
            self._take_item(items[begin + 1 : end] + b"\n")
            begin = end
        return True

    def _take_item(self, data: bytes) -> None:
        item = data.decode("utf-8", "replace")
        for fact in read_item_facts(self._reading, item, self._line):
            self._add(fact)
        self._line += data.count(b"\n")

    def _depart(self, pieces: Iterator[bytes]) -> bool:
        """Read the rest of the List as a List of its own."""
        text = (HEAD[:-1] + b"".join(pieces)).decode("utf-8", "replace").replace("\r\n", "\n")
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
