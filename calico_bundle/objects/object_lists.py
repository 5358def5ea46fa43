"""A List of any objects in kubectl's own layout, read in pieces: each item without a YAML parser, where that is safe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Any, Final

from calico_bundle.evidence import Gap
from calico_bundle.facts import EndpointFact, ServiceFact
from calico_bundle.facts.endpoint_table import EndpointGroup, EndpointTable, Group, groups_of
from calico_bundle.facts.listing import Parts
from calico_bundle.facts.packed import packed_together
from calico_bundle.facts.service_table import ServiceTable, ServiceText
from calico_bundle.objects import all_kinds
from calico_bundle.objects.building import built, canonical_object, is_wanted, read_facts, read_item_facts
from calico_bundle.objects.documents import Surroundings
from calico_bundle.objects.list_pieces import HEAD, ITEM, LONGEST_ITEM, TAIL, chunks
from calico_bundle.objects.reading import Reading
from calico_bundle.objects.shaped_items import ShapedItems, hides
from calico_bundle.objects.yaml_lists import stated_kind

_BLOCK: Final = 1 << 19
_FOREIGN: Final = (b"\r", b"\x1b")
"""What is taken out of a text, or emptied, before it is read the general way."""
_AT_LEFT_EDGE: Final = re.compile(r"\n(?![ \n]|\Z)")


class ObjectList:
    """Reads a List that begins with `HEAD` and an item.

    An item that is not plainly canonical goes to the general reader alone. Where the List itself departs from the layout
    (a remark between items, an end that is missing), all that follows goes there, and what was read before stays.
    """

    def __init__(self, path: str, around: Surroundings) -> None:
        self._around = around
        self._reading = Reading(path, "")
        self._shaped = ShapedItems(path, self._reading)
        self._runs: list[tuple[type, list[Any]]] = []
        self._line = HEAD.count(b"\n") + 1

    def read(self, pieces: Iterator[bytes]) -> bool:
        """Read all pieces; whether the List has the layout up to its end."""
        held = b""
        parts = chunks(pieces, len(HEAD), _BLOCK)
        for part in parts:
            held += part
            cut = held.rfind(ITEM) + 1
            if not cut and len(held) <= LONGEST_ITEM:
                continue
            taken = self._take(held[:cut])
            held = held[taken:]
            if not cut or taken < cut:
                return self._depart(chain((held,), parts))
        end = held.rfind(b"\nkind: List\n") + 1
        if not end or not TAIL.fullmatch(held, end):
            return self._depart(iter((held,)))
        taken = self._take(held[:end])
        return taken == end or self._depart(iter((held[taken:],)))

    def facts(self) -> Sequence[object]:
        """What was read, in the order of the file."""
        parts = [(kind, _table(kind, found)) for kind, found in self._runs]
        if any(kind in _TABLES for kind, _ in parts):
            return Parts(parts)
        return tuple(chain.from_iterable(facts for _, facts in parts))

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read."""
        return self._reading.gaps()

    def lost(self) -> Mapping[str, int]:
        """How many objects of each kind could not be read."""
        return self._reading.lost

    def _take(self, block: bytes) -> int:
        """Read a block of whole items; how many bytes of it are such items, one behind the other."""
        taken = 0
        if any(sign in block for sign in _FOREIGN):
            return 0
        usual = not hides(block)
        while taken < len(block):
            end = block.find(ITEM, taken) + 1 or len(block)
            text = block[taken:end].decode("utf-8", "replace")
            if not self._take_item(text, usual=usual):
                break
            self._line += text.count("\n")
            taken = end
        return taken

    def _take_item(self, text: str, *, usual: bool) -> bool:
        """Read one item; False where a line that is not its own stands in it."""
        if self._reading.is_given_up():
            return True
        kind = stated_kind(text, 2)
        if kind and not is_wanted(kind):
            return not _AT_LEFT_EDGE.search(text)
        if usual and (shaped := self._shaped.read(kind, text, self._line)):
            self._add((shaped,))
            return True
        if kind and kind in all_kinds() and (found := canonical_object(self._reading, text, self._line, kind)):
            self._add(built(found, self._reading))
            return True
        if _AT_LEFT_EDGE.search(text):
            return False
        self._add(read_item_facts(self._reading, text, self._line))
        return True

    def _add(self, facts: Iterable[object]) -> None:
        for fact in facts:
            kind = _CLASSES.get(type(fact), type(fact))
            if not self._runs or self._runs[-1][0] is not kind:
                self._runs.append((kind, []))
            self._runs[-1][1].append(fact)

    def _depart(self, pieces: Iterator[bytes]) -> bool:
        """Read the rest of the List as a List of its own."""
        text = (HEAD + b"".join(pieces)).decode("utf-8", "replace").replace("\r\n", "\n")
        line = self._line - HEAD.count(b"\n")
        self._reading.turn_to(text, line)
        self._add(read_facts(self._reading, text, self._around, line))
        return False


def _endpoint_table(found: Iterable[Any]) -> EndpointTable:
    groups: list[Group] = []
    for is_group, run in groupby(found, lambda one: isinstance(one, EndpointGroup)):
        together = tuple(run)
        groups += together if is_group else groups_of(together)
    return EndpointTable(packed_together(groups))


def _service_table(found: Sequence[Any]) -> ServiceTable:
    return ServiceTable(packed_together(found))


_CLASSES: Final[dict[type, type]] = {EndpointGroup: EndpointFact, ServiceText: ServiceFact}
"""What the items are records of that are not made into one yet."""
_TABLES: Final[dict[type, Callable[[list[Any]], Sequence[object]]]] = {
    EndpointFact: _endpoint_table,
    ServiceFact: _service_table,
}


def _table(kind: type, found: list[Any]) -> Sequence[object]:
    table = _TABLES.get(kind)
    return table(found) if table else tuple(found)
