"""Values that remember the line they were read from, whatever format they were written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from calico_bundle.evidence import GapKind

DEEPEST = 100
"""Levels of nesting that are followed; Kubernetes' own objects stay below 30."""

SKIPPED_KEYS = frozenset(["managedFields"])
"""Keys whose value is passed over: who set which field, up to half of an object's size, and nothing for us."""

Scalar: TypeAlias = "str | int | bool | None"
"""A number that is not whole stays text: nothing is computed with it, and 1.10 must remain 1.10."""

Value: TypeAlias = "Scalar | LocatedMap | LocatedList"


Needs: TypeAlias = "Mapping[str, Needs | None]"
"""The keys of a mapping that are read (or of each mapping in a list), each with what is read below it; None: all."""


class LocatedMap(dict[str, "Value"]):
    """A mapping; `line` is where it begins, `lines` where each of its keys stands (from 1)."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """The line of a key; of the mapping where the key is not there."""
        return self.lines.get(key, self.line)


class LocatedList(list["Value"]):
    """A list; `line` is where it begins, `lines` where each of its items begins (from 1)."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []

    def line_of(self, index: int) -> int:
        """The line of an item."""
        return self.lines[index]


@dataclass(frozen=True, slots=True)
class Problem:
    """Text that gave no value: its line, why, and the line's own words where they may be quoted.

    `without_kind` are the objects that it counts, the first of which stands on that line; 0 for any other problem.
    `lost` is the kind of the object that is lost with it, where that is known.
    """

    line: int | None
    kind: GapKind
    message: str
    text: str = ""
    without_kind: int = 0
    lost: str | None = None


MOST_PROBLEMS: Final = 100_000
"""Problems after which the rest of a file is left: an honest list of every pod of a large cluster has fewer items."""


def no_kind(line: int | None, count: int) -> Problem:
    """Some objects that say no kind, the first of them on that line.

    >>> no_kind(7, 2).message
    '2 object(s) without a kind; here is the first'
    """
    message = f"{count} object(s) without a kind; here is the first"
    return Problem(line, GapKind.NOT_UNDERSTOOD, message, without_kind=count)


class UnreadableError(Exception):
    """A document that cannot be read; caught inside this room and told as a `Problem`."""

    def __init__(self, line: int, message: str, kind: GapKind = GapKind.NOT_UNDERSTOOD) -> None:
        super().__init__(message)
        self.line, self.message, self.kind = line, message, kind

    def problem(self, lost: str | None = None) -> Problem:
        """The same as a value, to be handed on."""
        return Problem(self.line, self.kind, self.message, lost=lost)


def text_of(value: str | int | bool) -> str:
    """A scalar as the text that kubectl would print.

    >>> text_of(64512), text_of(True), text_of("1.10")
    ('64512', 'true', '1.10')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def given_twice(line: int) -> UnreadableError:
    """The refusal of a mapping that contradicts itself: a key that it has twice. The API server never writes one."""
    return UnreadableError(line, "a key is given twice in one mapping", GapKind.CONTRADICTED)


def too_deep(line: int) -> UnreadableError:
    """The refusal of a value that is nested deeper than any object of Kubernetes."""
    return UnreadableError(line, f"refused: nested more than {DEEPEST} levels deep", GapKind.REFUSED)
