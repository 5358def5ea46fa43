"""Decoded JSON as located values: each is made, and its line counted, only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from calico_bundle.objects.located import SKIPPED_KEYS, LocatedList, LocatedMap, Scalar, Value

_TOO_LARGE = 10**18
"""Numbers from here on stay text, as `numbers.whole_number` has it."""

_Parent: TypeAlias = "DecodedMap | DecodedList"


class DecodedMap(LocatedMap):
    """A mapping that was decoded without its lines. They follow from the layout.

    `tall` text has a line for every key, element and closing bracket of what is not empty; other text is on one line.
    """

    __slots__ = ("_key", "_parent", "_raw", "_tall")

    def __init__(self, raw: dict[str, Any], *, tall: bool, parent: _Parent | None = None, key: Any = None) -> None:
        dict.__init__(self, raw)
        for skipped in SKIPPED_KEYS & raw.keys():
            if isinstance(raw[skipped], (dict, list)):
                del self[skipped]
        self._raw, self._tall, self._parent, self._key = raw, tall, parent, key

    def __getattr__(self, name: str) -> Any:
        """Fill in `line` or `lines`: neither is there before it is asked for."""
        if name == "line" and self._parent is not None:
            self.line = self._parent.line_of(self._key)
        elif name == "lines":
            lines = zip(self._raw, _lines(self._raw.values(), self.line, tall=self._tall), strict=True)
            self.lines = {key: line for key, line in lines if key in self}
        else:
            raise AttributeError(name)
        return object.__getattribute__(self, name)

    def line_of(self, key: str) -> int:
        """The line of a key; of the mapping where the key is not there."""
        if key not in self:
            return self.line
        lines = zip(self._raw, _lines(self._raw.values(), self.line, tall=self._tall), strict=True)
        return next(line for name, line in lines if name == key)

    def __getitem__(self, key: str) -> Value:
        """The value under a key."""
        value = dict.__getitem__(self, key)
        if type(value) in _TO_MAKE:
            value = self[key] = _made(value, self, key, tall=self._tall)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """The value under a key."""
        value = dict.get(self, key, default)
        return self[key] if type(value) in _TO_MAKE and key in self else value

    def values(self) -> Any:
        """All values."""
        self._make_all()
        return super().values()

    def items(self) -> Any:
        """All keys and values."""
        self._make_all()
        return super().items()

    def _make_all(self) -> None:
        for key, value in super().items():
            if type(value) in _TO_MAKE:
                self[key] = _made(value, self, key, tall=self._tall)


class DecodedList(LocatedList):
    """A list that was decoded without its lines."""

    __slots__ = ("_key", "_parent", "_raw", "_tall")

    def __init__(self, raw: list[Any], *, tall: bool, parent: _Parent, key: Any) -> None:
        list.__init__(self)
        self._raw, self._tall, self._parent, self._key = raw, tall, parent, key
        self += [_made(one, self, n, tall=tall) if type(one) in _TO_MAKE else one for n, one in enumerate(raw)]

    def __getattr__(self, name: str) -> Any:
        """Fill in `line` or `lines`: neither is there before it is asked for."""
        if name == "line":
            self.line = self._parent.line_of(self._key)
        elif name == "lines":
            self.lines = list(_lines(self._raw, self.line, tall=self._tall))
        else:
            raise AttributeError(name)
        return object.__getattribute__(self, name)


def located(raw: dict[str, Any], line: int, *, tall: bool) -> DecodedMap:
    """A decoded object that begins at a line.

    >>> found = located({"kind": "Node", "metadata": {"labels": {"a": "b"}, "name": "n1"}}, 4, tall=True)
    >>> found["metadata"].lines, found.lines["metadata"]
    ({'labels': 7, 'name': 10}, 6)
    """
    found = DecodedMap(raw, tall=tall)
    found.line = line
    return found


def _made(value: Any, parent: _Parent, key: Any, *, tall: bool) -> Value:
    if type(value) is dict:
        return DecodedMap(value, tall=tall, parent=parent, key=key)
    if type(value) is list:
        return DecodedList(value, tall=tall, parent=parent, key=key)
    return _number(value)


def _number(value: int) -> Scalar:
    return value if -_TOO_LARGE < value < _TOO_LARGE else str(value)


_TO_MAKE = (dict, list, int)


def _lines(values: Iterable[Any], line: int, *, tall: bool) -> Iterator[int]:
    """The line of each member of what begins at `line`."""
    line += tall
    for value in values:
        yield line
        if tall:
            line += _height(value)


def _height(value: Any) -> int:
    """How many lines a value takes where it is tall."""
    if not isinstance(value, (dict, list)) or not value:
        return 1
    return 2 + sum(map(_height, value.values() if isinstance(value, dict) else value))
