"""JSON text to located values: a decoder that knows the line of every key, and that outlives a broken list item.

The standard library's decoder tells no positions; it serves here to jump over what nobody needs.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_right
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined]
from sys import intern

from calico_bundle.evidence import GapKind
from calico_bundle.numbers import whole_number
from calico_bundle.objects.located import (
    DEEPEST,
    MOST_PROBLEMS,
    SKIPPED_KEYS,
    LocatedList,
    LocatedMap,
    Problem,
    Scalar,
    UnreadableError,
    Value,
    given_twice,
    too_deep,
)

_STRING = r'"((?:[^"\\\n]++|\\[^\n])*+)"'
_SPACE = r"[ \t\r\n]*+"
_NUMBER = r"(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)"
_VALUE = rf"(?:{_STRING}|{_NUMBER}|(true|false|null)|([{{\[]))"
_KEY = re.compile(rf"{_SPACE}{_STRING}{_SPACE}:{_SPACE}")
_MEMBER = re.compile(rf"{_SPACE}{_STRING}{_SPACE}:{_SPACE}{_VALUE}")
_ELEMENT = re.compile(rf"{_SPACE}{_VALUE}")
_NEXT = re.compile(rf"{_SPACE}([,}}\]])")
_END_OF_MAP = re.compile(rf"{_SPACE}\}}")
_END_OF_LIST = re.compile(rf"{_SPACE}\]")
_VALUE_AT_LEFT_EDGE = re.compile(r"\n(?=[{\[])")
_DECIDING = re.compile(r'"kind"\s*:\s*"(Pod|Node|EndpointSlice)(?:List)?"')
_NO_SPACE = re.compile(r"[^ \t\r\n]")
# A key, a value or both that the end of the text cuts short.
_UNFINISHED = re.compile(rf'(?:{_STRING}{_SPACE}:?{_SPACE})?(?:"(?:[^"\\\n]++|\\[^\n])*+\\?|[-+.\w]*+){_SPACE}\Z')
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}

_SURROGATE = re.compile("[\ud800-\udfff]")
_PASS_OVER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)


class JsonReader:
    """Reads values out of a text that holds JSON, one after the other; `problems` collects what was left out.

    >>> reader = JsonReader('{"kind": "Node",\\n "spec": {"port": 179}}')
    >>> value, end = reader.read(0)
    >>> value["spec"], value.lines["spec"], reader.problems
    ({'port': 179}, 2, [])
    """

    def __init__(self, text: str, first_line: int = 1) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._first_line = first_line
        self._lost_the_end = False
        self._unjumpable = 0
        # Millions of lines: as numbers in a list they would be several times the text.
        self._line_ends = array("Q", (found.start() for found in re.finditer("\n", text)))

    def line_of(self, position: int) -> int:
        """The line of a position in the text."""
        return bisect_right(self._line_ends, position - 1) + self._first_line

    def read(self, start: int) -> tuple[Value, int]:
        """The value that begins at `start` (`{` or `[`), and where it ends.

        A list of objects (at the top, or under `items`) that has a broken item is given without it. Raises
        `UnreadableError` when nothing of the value can be saved.
        """
        if self._text[start] == "[":
            return self._items(start + 1)
        return self._top_map(start)

    def again_after(self, error: UnreadableError, start: int) -> int:
        """Where to go on after a value that could not be read: at a line on or after the error that begins another."""
        found = _VALUE_AT_LEFT_EDGE.search(self._text, max(start, self._end_of_line_before(error.line)))
        return found.end() if found else len(self._text)

    def kind_before(self, line: int | None, start: int) -> str | None:
        """The last kind, of those that decide most, that is stated between `start` and the end of a line."""
        place = (line or 0) - self._first_line
        end = self._line_ends[place] if 0 <= place < len(self._line_ends) else len(self._text)
        last = bisect_right(self._deciding[0], end - 1) - 1
        return self._deciding[1][last] if last >= 0 and self._deciding[0][last] >= start else None

    @cached_property
    def _deciding(self) -> tuple[array[int], list[str]]:
        """Where the kinds that decide most are stated, and which: found once, as a file may have a problem in each line."""
        found = [(match.end(), match[1]) for match in _DECIDING.finditer(self._text)]
        return array("Q", (end for end, _ in found)), [intern(kind) for _, kind in found]

    def jump(self, start: int) -> int | None:
        """Where the value that begins at `start` ends, found without building it; None when it is not valid.

        It is not looked for again within what was found not to be valid: values that begin in each other, and all end at
        one mistake, would be gone through once for each of them.
        """
        if start < self._unjumpable:
            return None
        try:
            return int(_PASS_OVER.raw_decode(self._text, start)[1])
        except json.JSONDecodeError as error:
            self._unjumpable = error.pos
        except (ValueError, RecursionError):
            pass
        return None

    def _top_map(self, start: int) -> tuple[Value, int]:
        value = LocatedMap(self.line_of(start))
        try:
            return value, self._members(value, start + 1, 1)
        except UnreadableError as error:
            if "items" not in value:
                raise
            if not self._lost_the_end:
                self.problems.append(error.problem())
            return value, len(self._text)

    def _members(self, into: LocatedMap, position: int, depth: int) -> int:
        """Read the members of a map into it; gives the end of the map."""
        if empty := _END_OF_MAP.match(self._text, position):
            return empty.end()
        while True:
            member = _MEMBER.match(self._text, position)
            if not member:
                raise self._broken(position, 'a "key": value' if not _KEY.match(self._text, position) else "a value")
            key = self._string(member, 1)
            if member[5] and key in SKIPPED_KEYS and (end := self.jump(member.start(5))) is not None:
                position = end
            else:
                if key in into:
                    raise given_twice(self.line_of(member.start(1)))
                into.lines[key] = self.line_of(member.start(1))
                into[key], position = self._value(member, 2, depth, tolerant=depth == 1 and key == "items")
            end, more = self._next(position, "}")
            if not more:
                return end
            position = end

    def _elements(self, into: LocatedList, position: int, depth: int) -> int:
        """Read the elements of a list into it; gives the end of the list."""
        if empty := _END_OF_LIST.match(self._text, position):
            return empty.end()
        while True:
            position = self._element(into, position, depth)
            position, more = self._next(position, "]")
            if not more:
                return position

    def _element(self, into: LocatedList, position: int, depth: int) -> int:
        element = _ELEMENT.match(self._text, position)
        if not element:
            raise self._broken(position, "a value")
        line = self.line_of(element.end() - 1)
        value, end = self._value(element, 1, depth)
        into.lines.append(line)
        into.append(value)
        return end

    def _value(self, found: re.Match[str], group: int, depth: int, *, tolerant: bool = False) -> tuple[Value, int]:
        """The value that a match begins: its groups from `group` on are string, number, word, opening bracket."""
        kind = (found.lastindex or 0) - group
        if kind == 0:
            return self._string(found, group), found.end()
        if kind == 1:
            return _number(found[group + 1]), found.end()
        if kind == 2:
            return _WORDS[found[group + 2]], found.end()
        if tolerant and found[group + 3] == "[":
            return self._items(found.end())
        if depth >= DEEPEST:
            raise too_deep(self.line_of(found.end() - 1))
        if found[group + 3] == "{":
            value = LocatedMap(self.line_of(found.end() - 1))
            return value, self._members(value, found.end(), depth + 1)
        elements = LocatedList(self.line_of(found.end() - 1))
        return elements, self._elements(elements, found.end(), depth + 1)

    def _items(self, position: int) -> tuple[LocatedList, int]:
        """A list of objects, without those that are broken."""
        items = LocatedList(self.line_of(position - 1))
        if empty := _END_OF_LIST.match(self._text, position):
            return items, empty.end()
        start_of_item = self._start_of_item(position)
        more = True
        while more:
            try:
                end = self._element(items, position, 2)
                position, more = self._next(end, "]")
            except UnreadableError as error:
                self.problems.append(error.problem())
                begin = _NO_SPACE.search(self._text, position)
                after = max(self._end_of_line_before(error.line), begin.start() + 1 if begin else position)
                again = start_of_item.search(self._text, after) if start_of_item else None
                self._lost_the_end = again is None or len(self.problems) >= MOST_PROBLEMS
                if again is None or self._lost_the_end:
                    return items, len(self._text)
                position = again.end()
                if self._text[position] == "]":
                    return items, position + 1
        return items, position

    def _start_of_item(self, position: int) -> re.Pattern[str] | None:
        """What the first column of every item looks like, where items begin on lines of their own."""
        first = re.compile(r"[ \t\r]*\n([ \t]+)(?=\{)").match(self._text, position)
        if not first:
            return None
        # The list's own end stands to the left of its items; a bracket further in belongs to an item.
        return re.compile(rf"\n(?:{first[1]}(?=\{{)|[ \t]{{0,{len(first[1]) - 1}}}(?=\]))")

    def _end_of_line_before(self, line: int) -> int:
        index = line - self._first_line - 1
        return self._line_ends[index] if index >= 0 else 0

    def _next(self, position: int, closing: str) -> tuple[int, bool]:
        """Past the comma (and True), or past the closing bracket (and False)."""
        found = _NEXT.match(self._text, position)
        if not found or found[1] not in (",", closing):
            raise self._broken(position, f"',' or '{closing}'")
        return found.end(), found[1] == ","

    def _string(self, found: re.Match[str], group: int) -> str:
        text = found[group]
        if "\\" not in text:
            return text
        try:
            text = scanstring(self._text, found.start(group), False)[0]
        except ValueError:
            raise self._broken(found.start(group) - 1, "a string") from None
        return _SURROGATE.sub("\ufffd", text)

    def _broken(self, position: int, expected: str) -> UnreadableError:
        found = _NO_SPACE.search(self._text, position)
        position = found.start() if found else len(self._text)
        if _UNFINISHED.match(self._text, position):
            line = self.line_of(len(self._text.rstrip()))
            return UnreadableError(line, f"cut off: {expected} should follow", GapKind.TRUNCATED)
        return UnreadableError(self.line_of(position), f"not valid JSON: {expected} expected")


def _number(text: str) -> Scalar:
    magnitude = whole_number(text.removeprefix("-"))
    return text if magnitude is None else -magnitude if text.startswith("-") else magnitude
