"""Fields of an object, read with their lines: each gives its value, or None and a gap that says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import (
    IPv4Interface,
    IPv6Interface,
    ip_address,
    ip_network,
)
from sys import intern
from typing import Generic, TypeVar

from calico_bundle.evidence import Evidence, quote
from calico_bundle.facts import Address, Network
from calico_bundle.objects.located import LocatedList, LocatedMap, Value, text_of
from calico_bundle.objects.reading import Reading, is_hidden, is_hidden_address

T = TypeVar("T")
Line = Callable[[], int]
"""How to find a line: most values have nothing to remark, and lines take time to count."""
# YAML 1.1 has more words for it, and Calico's CRDs write `deleted: "false"`.
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_QUOTED_NULL = "null"
"""Harvester's kit writes what is not there as this string (seen in a real bundle)."""
_LONGEST_NAME = 253
_LONGEST_TEXT = 4096
"""Far above any name, label, address or setting that is read (names end at 253, RFC 1123; labels at 63)."""


@dataclass(frozen=True, slots=True)
class _Form(Generic[T]):
    """How text becomes a value, what to say where it does not, and whether it was hidden rather than wrong."""

    convert: Callable[[str], T]
    otherwise: str
    hidden: Callable[[str], bool] = is_hidden_address


def _whole(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise ValueError(text)
    return int(text)


_DIGITS = re.compile(r"-?[0-9]{1,18}")
_TRUTH_VALUE = _Form(lambda text: _TRUTH[text.lower()], "true or false was expected")
_WHOLE_NUMBER = _Form(_whole, "a whole number was expected")
_ADDRESS: _Form[Address] = _Form(ip_address, "not an address")
_NETWORK: _Form[Network] = _Form(partial(ip_network, strict=False), "not a network")
_INTERFACE_V4 = _Form(IPv4Interface, "not an IPv4 address")
_INTERFACE_V6 = _Form(IPv6Interface, "not an IPv6 address")


def _is_too_long(value: Value) -> bool:
    return isinstance(value, str) and len(value) > _LONGEST_TEXT


class IncompleteError(Exception):
    """An object without what its fact cannot do without; the gap is already noted."""


class Record:
    """One object being read: what it is called in gaps, and which of its columns were hidden."""

    __slots__ = ("_hidden", "body", "group", "kind", "reading")

    def __init__(self, reading: Reading, kind: str, group: str | None, body: LocatedMap) -> None:
        self.reading = reading
        self.kind = kind
        self.group = group
        self.body = body
        self._hidden: dict[str, None] = {}

    @property
    def redacted(self) -> tuple[str, ...]:
        """The columns whose value the collector hid."""
        return tuple(self._hidden)

    def hide(self, column: str, line: Line) -> None:
        """Note a hidden column, once per object."""
        if column not in self._hidden:
            self._hidden[column] = None
            self.reading.hide(self.kind, column, line())

    def wrong(self, line: int, where: str, what: str) -> None:
        """Note a field that could not be read."""
        metadata = self.body.get("metadata")
        name = metadata.get("name") if isinstance(metadata, LocatedMap) else None
        subject = f"{self.kind} {name[:_LONGEST_NAME]}" if isinstance(name, str) else self.kind
        self.reading.wrong(line, f"{subject}: {where}: {what}")

    def shown(self, value: Value, line: Line, where: str, column: str) -> str | None:
        """A scalar as text; None where it is empty, hidden, or no scalar."""
        if value is None or value == "":
            return None
        if isinstance(value, LocatedMap | LocatedList):
            self.wrong(line(), where, "text was expected")
            return None
        text = text_of(value)
        if _is_too_long(value):
            self.wrong(line(), where, f"a text of {len(text)} characters, which nothing in Kubernetes has")
            return None
        if is_hidden(text):
            self.hide(column, line)
            return None
        return text

    def fields(self) -> Fields:
        """The object's fields."""
        return Fields(self, self.body, "")


class _Absent(LocatedMap):
    """An empty mapping in place of one that is not there."""

    __slots__ = ("_at",)

    def __init__(self, at: Line) -> None:
        super().__init__(0)
        self._at = at

    def line_of(self, key: str) -> int:  # noqa: ARG002 - it has no keys
        """The line that its own key, or what it is missing from, has."""
        return self._at()


class Fields:
    """A mapping of an object and the ways to read its keys; one that is not there is empty.

    `column` is the fact's column that a value is for: it is named where the collector hid the value.
    """

    __slots__ = ("_map", "_where", "record")

    def __init__(self, record: Record, values: LocatedMap, where: str) -> None:
        self.record = record
        self._map = values
        self._where = where

    def __contains__(self, key: str) -> bool:
        return self._get(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)

    def line(self, key: str) -> int:
        """The line of a key; of the mapping where the key is not there."""
        return self._map.line_of(key)

    def evidence(self, key: str) -> Evidence:
        """The line of a key as evidence."""
        return self.record.reading.evidence(self.line(key))

    def cited(self, **keys: str) -> dict[str, Evidence]:
        """Evidence per column for those keys that are there."""
        return {column: self.evidence(key) for column, key in keys.items() if key in self}

    def child(self, key: str) -> Fields:
        """The mapping under a key; an empty one where it is not there."""
        value = self._get(key)
        if value is not None and not isinstance(value, LocatedMap):
            self.wrong(key, "a mapping was expected")
        inner = value if isinstance(value, LocatedMap) else _Absent(partial(self.line, key))
        return Fields(self.record, inner, self._path(key))

    def children(self, key: str) -> Iterator[Fields]:
        """The mappings in the list under a key."""
        for value, line in self._items(key):
            if isinstance(value, LocatedMap):
                yield Fields(self.record, value, self._path(key))
            else:
                self.record.wrong(line(), self._path(key), "a mapping was expected")

    def required(self, key: str, column: str) -> str:
        """Text that the fact cannot do without; raises `IncompleteError`."""
        value = self._map.get(key)
        text = value if value == _QUOTED_NULL and isinstance(value, str) else self.text(key, column)
        if text is None:
            if column not in self.record.redacted and not _is_too_long(value):
                self.wrong(key, "is not there, so the object is left out")
            raise IncompleteError
        return text

    def text(self, key: str, column: str) -> str | None:
        """A scalar as text; None where it is not there, empty or hidden."""
        return self._shown(self._get(key), partial(self.line, key), self._path(key), column)

    def words(self, key: str) -> str:
        """A scalar as text, hidden parts included; for sentences, not for values."""
        value = self._get(key)
        return "" if value is None or isinstance(value, LocatedMap | LocatedList) else text_of(value)

    def texts(self, key: str, column: str) -> tuple[str, ...]:
        """The scalars of a list as text."""
        found = (self._shown(value, line, self._path(key), column) for value, line in self._items(key))
        return tuple(text for text in found if text is not None)

    def string_map(self, key: str, column: str) -> dict[str, str]:
        """A mapping of text to text, such as labels; a hidden value is left out."""
        found = Fields._texts_by_key(self.child(key), column)
        # Few keys and values are in most of them.
        return {intern(name): intern(value) for name, value in found}

    def flag(self, key: str, column: str) -> bool | None:
        """A truth value, also one in quotes."""
        return self._converted(key, column, _TRUTH_VALUE)

    def integer(self, key: str, column: str) -> int | None:
        """A whole number, also one in quotes."""
        return self._converted(key, column, _WHOLE_NUMBER)

    def address(self, key: str, column: str) -> Address | None:
        """An IP address."""
        return self._converted(key, column, _ADDRESS)

    def addresses(self, key: str, column: str) -> Iterator[tuple[Address | None, int]]:
        """The IP addresses of a list, with their lines; None where one is hidden or wrong."""
        for value, line in self._items(key):
            text = self._shown(value, line, self._path(key), column)
            yield self._convert(text, line, key, column, _ADDRESS), line()

    def network(self, key: str, column: str) -> Network | None:
        """An IP network; host bits are ignored, as Calico does."""
        return self._converted(key, column, _NETWORK)

    def networks(self, key: str, column: str) -> tuple[Network, ...]:
        """The IP networks of a list."""
        texts = ((self._shown(value, line, self._path(key), column), line) for value, line in self._items(key))
        found = (self._convert(text, line, key, column, _NETWORK) for text, line in texts)
        return tuple(network for network in found if network is not None)

    def interface_v4(self, key: str, column: str) -> IPv4Interface | None:
        """An IPv4 address with its prefix length; /32 where it has none."""
        return self._converted(key, column, _INTERFACE_V4)

    def interface_v6(self, key: str, column: str) -> IPv6Interface | None:
        """An IPv6 address with its prefix length; /128 where it has none."""
        return self._converted(key, column, _INTERFACE_V6)

    def plain(self, key: str, column: str) -> dict[str, object] | None:
        """A mapping as plain Python values; None where it is not there."""
        value = self._get(key)
        if isinstance(value, LocatedMap):
            return {name: self._plain(inner, partial(value.line_of, name), column) for name, inner in value.items()}
        if value is not None:
            self.wrong(key, "a mapping was expected")
        return None

    def count(self, key: str) -> int:
        """How many items the list under a key has, whatever they are; 0 where nothing is there, -1 for what is no list."""
        value = self._get(key)
        if isinstance(value, LocatedList):
            return len(value)
        return 0 if value in (None, "") else -1

    def is_mapping(self, key: str) -> bool:
        """Whether there is a mapping under a key."""
        return isinstance(self._get(key), LocatedMap)

    def numbers(self, key: str) -> Iterator[tuple[int, int]]:
        """The whole numbers of a list, each with its place in the list; nothing where the list has null."""
        for index, (value, line) in enumerate(self._items(key)):
            if isinstance(value, int) and not isinstance(value, bool):
                yield index, value
            elif value is not None and value != _QUOTED_NULL:
                self.record.wrong(line(), self._path(key), "a whole number was expected")

    def wrong(self, key: str, what: str) -> None:
        """Note that the value under a key could not be read."""
        self.record.wrong(self.line(key), self._path(key), what)

    def _get(self, key: str) -> Value:
        value = self._map.get(key)
        return None if value == _QUOTED_NULL else value

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _texts_by_key(self, column: str) -> Iterator[tuple[str, str]]:
        for name, value in self._map.items():
            text = self.record.shown(value, partial(self.line, name), self._path(name), column)
            if text is not None or value in (None, ""):
                yield name, text or ""

    def _items(self, key: str) -> Iterator[tuple[Value, Line]]:
        value = self._get(key)
        if isinstance(value, LocatedList):
            for index, item in enumerate(value):
                yield item, partial(value.line_of, index)
        elif value is not None:
            self.wrong(key, "a list was expected")

    def _shown(self, value: Value, line: Line, where: str, column: str) -> str | None:
        return None if value == _QUOTED_NULL else self.record.shown(value, line, where, column)

    def _plain(self, value: Value, line: Line, column: str) -> object:
        if isinstance(value, LocatedMap):
            return {name: self._plain(inner, partial(value.line_of, name), column) for name, inner in value.items()}
        if isinstance(value, LocatedList):
            return [self._plain(inner, partial(value.line_of, at), column) for at, inner in enumerate(value)]
        if isinstance(value, str) and is_hidden(value):
            self.record.hide(column, line)
            return None
        return value

    def _converted(self, key: str, column: str, form: _Form[T]) -> T | None:
        return self._convert(self.text(key, column), partial(self.line, key), key, column, form)

    def _convert(self, text: str | None, line: Line, key: str, column: str, form: _Form[T]) -> T | None:
        if text is None:
            return None
        try:
            return form.convert(text.strip())
        except (ValueError, KeyError):
            if form.hidden(text):
                self.record.hide(column, line)
            else:
                self.record.wrong(line(), self._path(key), f"{form.otherwise}: {quote(text)}")
            return None
