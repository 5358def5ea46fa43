"""The lines at the left edge of many objects as kubectl writes them, found at once, and where they cannot be trusted.

A *block* is some whole items of a List, `- apiVersion: ...` to the line before the next dash. kubectl sorts keys and
indents by two, so within an item the keys of the object stand at two spaces, those of `metadata`, `spec` and `status`
at four, and the fields of a container or condition at six. A line that looks like such a key could also be part of a
text. Why what is found here is a key and no text, where the item is YAML at all (YAML 1.1, and libyaml's scanner):

* Text without quotes, and text behind `|` or `>`, is indented deeper than the mapping it stands in. What stands in a
  mapping at four spaces therefore never reaches the fourth column. That the mapping is one, and at that place, is read
  off the line before it, which holds a bare `spec:` and nothing else.
* Text in quotes may be indented in any way. So every quote that could open one - behind a blank, a line end, or one of
  `{[,:?` - must be followed by its closing quote before any line that could be taken for a key (`_harmless`). The
  rule asks this of every such quote, whether it opens a text or is part of one, and so needs not know which.
* Within `{...}` and `[...]` a key may stand at any place, but only behind a comma or the opening bracket. So no key is
  trusted where the line before it ends in one, is blank, or has a comment.
* Keys in another form (quotes, anchors, tags, `?`, a blank before the colon), keys that are not in order, and keys given
  twice make the item `doubtful`.

Doubtful items go to the general reader. What stands in fields that nobody reads is not checked here: where such a field
is not valid YAML, the general reader gives up the object, and this one reads it.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = "NDArray[np.intp]"
Truths: TypeAlias = "NDArray[np.bool_]"
Bytes: TypeAlias = "NDArray[np.uint8]"
Numbers: TypeAlias = "NDArray[np.uint64]"

_PAD = b"\n" * 64
_KEY_BYTES = 16
"""Bytes of a key that are compared; no two keys of a pod that are read agree in as many."""
_MOST_QUOTES = 4_000
_LONGEST_TEXT = 16_384
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
# A text in quotes, from its opening one on.
_QUOTED = {ord('"'): re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL), ord("'"): re.compile(rb"'(?:[^']++|'')*+'")}
# Within a text in quotes: a line that could be taken for a key.
_LIKE_A_KEY = re.compile(
    rb"\n(?: {0,4}[^ \n]| {5,6}(?:-|[^ \n]*:)|(?: {8}| {10})(?:exec|grpc|httpGet|tcpSocket|waiting|reason))"
)
# A line that opens and closes its text itself; whoever stands in such a line opens nothing more.
_WHOLE_LINE = re.compile(rb" +(?:- +)*(?:[A-Za-z][\w./-]*: )?(?:\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\n]|'')*+')")
# A word before a quote, so that it opens nothing: only a tag (`!!str`) or an anchor (`&a`) may stand before a text.
_WITHIN_TEXT = re.compile(rb" [^ \t!&]*[^ \t!&:,\[{?-] +\Z")


def _table(members: frozenset[int]) -> Truths:
    return np.array([byte in members for byte in range(256)])


_LETTER = _table(_LETTERS)
_OPENING = _table(frozenset(b" \t\n{[,:?"))
_UNTRUSTED_BEFORE = _table(frozenset(b" \t\n\r{[,?"))
_ODD_KEY = _table(frozenset(b"\"'?!&*<:{[|>#%@`\t"))


def _any_of(data: Bytes, members: bytes) -> Truths:
    found: Truths = data == members[0]
    for member in members[1:]:
        found |= data == member
    return found


class BlockLines:
    """The left edge of a block of items.

    `items` is where each item begins, `keys` where each key at two or four spaces stands, `owners` the item of each
    key; `doubtful` says of each item whether anything in it could be misread.

    >>> lines = BlockLines(b'- kind: Pod\\n  spec:\\n    nodeName: n1\\n  status:\\n    phase: "a\\n    b: c"\\n')
    >>> lines.keys.tolist(), lines.doubtful.tolist()
    ([12, 20, 37, 47, 61], [True])
    """

    def __init__(self, block: bytes) -> None:
        self.block = block
        self.data: Bytes = np.frombuffer(block + _PAD, np.uint8)
        self._marks: Places = np.flatnonzero(_any_of(self.data[: len(block)], b"\n\"'#"))
        self._kinds: Bytes = self.data.take(self._marks)
        self.ends: Places = self._marks[self._kinds == 10]
        self.starts: Places = np.concatenate((np.zeros(1, np.intp), self.ends[:-1] + 1))
        self._sort_out()
        self.doubtful: Truths = np.zeros(len(self.items), np.bool_)
        self.doubt(self._edge[self._odd])
        self.doubt(self.keys[self._disordered()])
        self.doubt(self._untrusted())
        self.doubt(self._open_quotes())

    @property
    def departs(self) -> bool:
        """Whether a line at the left edge begins no item, so that this is no List of items alone."""
        return bool(len(self.items) != self._at_margin)

    def owner(self, places: Places) -> Places:
        """The item in which each place lies."""
        found: Places = np.searchsorted(self.items, places, "right") - 1
        return found

    def line(self, places: Places) -> Places:
        """The number of the line (from 0) that begins at each place."""
        found: Places = np.searchsorted(self.starts, places)
        return found

    def at(self, places: Places, width: int) -> Bytes:
        """The bytes from each place on, a row for each."""
        rows: Bytes = self.data.take(places[:, None] + np.arange(width))
        return rows

    @cached_property
    def key_words(self) -> Numbers:
        """The first 16 bytes of each key as two numbers, in a row for each."""
        rows = self.at(self.keys + np.where(self.inner, 4, 2), _KEY_BYTES)
        return rows.view(">u8").astype(np.uint64)

    def _sort_out(self) -> None:
        """Find the lines with at most four spaces, and which of them are items, keys and others."""
        starts, data = self.starts, self.data
        first = data.take(starts)
        edge = first != 32
        for column in (1, 2, 3, 4):
            edge |= data[column:].take(starts) != 32
        edge &= first != 10
        self._is_edge: Truths = edge
        self._edge: Places = starts[edge]
        rows = self.at(self._edge, 8)
        blank = rows == 32
        item = (rows[:, 0] == 45) & blank[:, 1]
        outer = blank[:, 0] & blank[:, 1] & _LETTER[rows[:, 2]]
        four = blank[:, :4].all(axis=1)
        inner = four & _LETTER[rows[:, 4]]
        dash = four & (rows[:, 4] == 45) & blank[:, 5] & _LETTER[rows[:, 6]]
        self._at_margin = np.count_nonzero(~blank[:, 0])
        self._odd: Truths = ~(item | outer | inner | dash)
        self.items: Places = self._edge[item]
        key = outer | inner
        self.keys: Places = self._edge[key]
        self.inner: Truths = inner[key]
        self.owners: Places = (np.cumsum(item) - 1)[key]
        # A key's value ends where the next key, or the next item, begins.
        following = np.append(self._edge[key | item], len(self.block))
        self.key_ends: Places = following[1:][(key)[key | item]]

    def _disordered(self) -> Truths:
        """Keys at four spaces that do not stand in order, or twice."""
        words = self.key_words
        high, low = words[:, 0], words[:, 1]
        wrong = np.zeros(len(words), np.bool_)
        ordered = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
        wrong[1:] = self.inner[1:] & self.inner[:-1] & ~ordered
        return wrong

    def _untrusted(self) -> Places:
        """The lines that, for what stands before them, could be part of something in brackets."""
        before = self.data.take(np.maximum(self._edge - 2, 0))
        found = self._edge[(self._edge > 0) & _UNTRUSTED_BEFORE[before]]
        comments = self._marks[self._kinds == 35]
        comments = comments[_OPENING[self.data.take(np.maximum(comments - 1, 0))]]
        after = np.searchsorted(self.ends, comments) + 1
        after = after[after < len(self.starts)]
        return np.concatenate((found, self.starts[after[self._is_edge[after]]]))

    def _open_quotes(self) -> Places:
        """Where a quote could open a text that goes on over a line that looks like a key."""
        data, kinds = self.data, self._kinds
        quotes = np.flatnonzero((kinds == 34) | (kinds == 39))
        quotes = quotes[_OPENING[data.take(np.maximum(self._marks[quotes] - 1, 0))]]
        # Nearly all have their closing one on the same line, and nothing else before it.
        end = self._marks[np.minimum(quotes + 1, len(kinds) - 1)]
        kind = kinds[quotes]
        whole = data[end] == kind
        # A doubled ' and a \" close nothing.
        whole &= np.where(kind == 34, data.take(end - 1) != 92, data.take(end + 1) != 39)
        rest: Places = self._marks[quotes[~whole]]
        if len(rest) > _MOST_QUOTES:
            return rest
        return np.array([place for place in rest.tolist() if not self._harmless(place)], np.intp)

    def _harmless(self, place: int) -> bool:
        """Whether a text that this quote opens, if it does, ends before a line that looks like a key."""
        begin = self.block.rfind(b"\n", 0, place) + 1
        if _WITHIN_TEXT.search(self.block, begin, place):
            return True
        text = _QUOTED[self.block[place]].match(self.block, place, place + _LONGEST_TEXT)
        if text and not _LIKE_A_KEY.search(self.block, place, text.end()):
            return True
        return bool(_WHOLE_LINE.fullmatch(self.block, begin, self.block.find(b"\n", place)))

    def doubt(self, places: Places) -> None:
        """Trust the items no more in which these places lie."""
        if len(places):
            self.doubtful[self.owner(places)] = True

    def odd_fields(self, column: int) -> Places:
        """Lines with that many spaces whose key is not written plainly."""
        found = self.starts[_ODD_KEY[self.data[column:].take(self.starts)]]
        found = found[self.data.take(found + column - 1) == 32]
        plain: Places = found[(self.at(found, column) == 32).all(axis=1)]
        return plain
