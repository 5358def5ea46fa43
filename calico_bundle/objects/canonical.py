"""Objects in canonical YAML to located values, without a YAML parser, and only what is needed of them.

`Canonical` gives just what `read_yaml` gives, and gives up (`NotCanonicalError`) where a line is not plainly what
kubectl writes: then the general reader has to say what the text means. Sections that nobody asks for are passed over
line by line: each must be a whole line of canonical YAML (`canonical_lines`), so that none is the inside of a text that
began before, and may follow the one before it: deeper only below a key without a value. Whether a key stands there twice
is not asked: where it does, the general reader gives up the object, and this one reads it.
"""

from __future__ import annotations

import re

from calico_bundle.objects import canonical_lines as lines
from calico_bundle.objects.located import DEEPEST, SKIPPED_KEYS, LocatedList, LocatedMap, Needs, Value
from calico_bundle.objects.yaml_words import plain_value

_MARGINS = tuple(" " * indent for indent in range(DEEPEST + 1))
_NO_ENTRY = ("", " ", "-")
_ESCAPES = {r"\"": '"', r"\\": "\\", r"\n": "\n", r"\t": "\t"}
_ESCAPE = re.compile(r"\\.")
_PLAIN, _DOUBLE, _SINGLE, _EMPTY, _LIST = range(1, 6)


class NotCanonicalError(Exception):
    """The text is not plainly what kubectl writes; caught inside this room."""


class Canonical:
    """One item of a List, `- ` to the line before the next dash, at the left edge.

    `starts` is where each line begins that a value was read from.

    >>> item = Canonical("- kind: Pod\\n  metadata:\\n    labels: {}\\n    name: a\\n", 7)
    >>> found = item.read({"metadata": {"name": None}})
    >>> found, found["metadata"].lines, item.starts
    ({'metadata': {'name': 'a'}}, {'name': 10}, {8: 12, 10: 39})
    """

    def __init__(self, text: str, first_line: int) -> None:
        self.starts: dict[int, int] = {}
        self._text = text
        self._at = 0
        self._counted = 0
        self._line = first_line

    def read(self, needs: Needs | None) -> LocatedMap:
        """The object with those of its keys that are needed; raises `NotCanonicalError`."""
        if not self._text.startswith("- ") or not lines.is_printable(self._text):
            raise NotCanonicalError
        self._at = 2
        found = self._map(2, needs)
        if self._at != len(self._text):
            raise NotCanonicalError
        return found

    def _map(self, indent: int, needs: Needs | None) -> LocatedMap:
        """A mapping whose first key stands here, behind its indentation."""
        if indent > DEEPEST:
            raise NotCanonicalError
        found = LocatedMap(self._number())
        entry = lines.entry(indent)
        others = None if needs is None else lines.others(indent, tuple(needs))
        while True:
            if others and (end := lines.past(others, self._text, self._at)) > self._at:
                self._at = end
                if not self._goes_on(indent):
                    return found
            match = entry.match(self._text, self._at)
            if match is None or match[1] in found:
                raise NotCanonicalError
            if match[1] in SKIPPED_KEYS:
                self._at = lines.past_below(self._text, match.end()) if (match.lastindex or 0) > _LIST else match.end()
            else:
                self._take(match, found, indent, needs[match[1]] if needs else None)
            if not self._goes_on(indent):
                return found

    def _goes_on(self, indent: int) -> bool:
        """Whether this line is another entry of the mapping; if so, go behind its indentation."""
        begin, self._at = self._at, self._at + indent
        if self._text.startswith(_MARGINS[indent], begin) and self._text[self._at : self._at + 1] not in _NO_ENTRY:
            return True
        self._at = begin
        return False

    def _take(self, match: re.Match[str], found: LocatedMap, indent: int, needs: Needs | None) -> None:
        """The value of an entry."""
        key, line = match[1], self._number()
        self.starts[line] = self._at - indent
        found.lines[key] = line
        self._at = match.end()
        form = (match.lastindex or 0) - 1
        if form == _LIST:
            found[key] = self._list(indent, needs)
        elif form > _LIST:
            self._at += indent + 2
            found[key] = self._map(indent + 2, needs)
        else:
            found[key] = _scalar(form, match[form + 1], line)

    def _list(self, indent: int, needs: Needs | None) -> LocatedList:
        """A list whose first dash stands on this line."""
        found = LocatedList(self._number())
        dash, item = " " * indent + "- ", lines.item(indent)
        while self._text.startswith(dash, self._at):
            line = self._number()
            found.lines.append(line)
            self.starts[line] = self._at
            self._at += len(dash)
            if match := item.match(self._text, self._at):
                self._at = match.end()
                found.append(_scalar(match.lastindex or 0, match[match.lastindex or 0], line))
            else:
                found.append(self._map(indent + 2, needs))
        return found

    def _number(self) -> int:
        """The number of the line that is being read."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


def _scalar(form: int, text: str, line: int) -> Value:
    if form == _PLAIN:
        return plain_value(text)
    if form == _DOUBLE:
        return _ESCAPE.sub(lambda escape: _ESCAPES[escape[0]], text) if "\\" in text else text
    if form == _SINGLE:
        return text.replace("''", "'")
    return LocatedMap(line) if text == "{}" else LocatedList(line)
