"""The lines of canonical YAML: how kubectl's encoder writes them, as regular expressions.

Each text stands on the line of its key, so that no line is the middle of another's: plain text that holds nothing that
YAML reads otherwise (`: `, ` #`, an indicator in front), or text in quotes that close on the same line. All of it is
printable, and no character is one that YAML takes for the end of a line. A key or text of another form matches nothing
here, and its object is read the general way.
"""

from __future__ import annotations

import re
from functools import cache

# Beyond ASCII everything; `is_printable` has to be asked of the text as a whole.
_TEXT = r"[^\x00-\x1f\x7f-\xa0]"
_LETTER = r"[^\x00-\x20:\x7f-\xa0]"
# One word, and words with blanks between them. `:` is part of a word where no blank follows, `#` where none precedes.
_WORD = rf"(?:[^\x00-#%-'*,\-:>?@\[\]`{{|}}\x7f-\xa0]|-(?=[!-~])){_LETTER}*+(?::++{_LETTER}++)*+"
_PLAIN = rf"{_WORD}(?: ++(?!\#)(?::*+{_LETTER}++)++)*+"
_IN_DOUBLE = r"[^\x00-\x1f\"\\\x7f-\xa0]*+"
_IN_SINGLE = r"[^\x00-\x1f'\x7f-\xa0]*+(?:''[^\x00-\x1f'\x7f-\xa0]*+)*+"
_EMPTY = r"\{\}|\[\]"
# Where a text is passed over, its escapes may name any character of Unicode's two first planes.
_ANY_ESCAPE = r"\\(?:[\"\\0abefnrtv]|x[0-9A-Fa-f]{2}|u(?![dD][89A-Fa-f])[0-9A-Fa-f]{4}|U0001[0-9A-Fa-f]{4})"
_QUOTED = rf"\"{_IN_DOUBLE}(?:{_ANY_ESCAPE}{_IN_DOUBLE})*+\"|'{_IN_SINGLE}'"
_NAME = rf"(?:{_PLAIN}|{_QUOTED})"
_ESCAPED = rf"{_IN_DOUBLE}(?:\\[\"\\nt]{_IN_DOUBLE})*+"
_SCALAR = rf"(?:({_PLAIN})|\"({_ESCAPED})\"|'({_IN_SINGLE})'|({_EMPTY}))"
# YAML takes no key of more than 1024 characters; `<<` would be a merge.
_KEY = r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,300}+"

_ASCII = bytes(range(128))

Pattern = re.Pattern[str]


def is_printable(text: str) -> bool:
    """Whether all characters beyond ASCII have a shape: others could be forbidden in YAML, or the end of a line.

    >>> is_printable("Regal \u00b7 7"), is_printable("a\u2028b")
    (True, False)
    """
    return text.isascii() or text.encode("utf-8", "replace").translate(None, _ASCII).decode().isprintable()


@cache
def entry(indent: int) -> Pattern:
    """`key: value`, or `key:` with what is in it below; the groups are the key, and one for each form of value.

    >>> entry(2).match("kind: Pod\\n").groups()
    ('kind', 'Pod', None, None, None, None, None)
    """
    inside = rf"\n(?=( {{{indent}}}- )| {{{indent + 2}}}([A-Za-z0-9_]))"
    return re.compile(rf"({_KEY}):(?: {_SCALAR}\n(?! {{{indent}}}[ -])|{inside})")


@cache
def item(indent: int) -> Pattern:
    """A scalar of a list, behind the dash; the groups are as those of an `entry` from the second on."""
    return re.compile(rf"{_SCALAR}\n(?! {{{indent + 1}}})")


def after(pattern: Pattern, text: str, at: int) -> int:
    """Where the lines end that a pattern finds from there on, which may be none."""
    found = pattern.match(text, at)
    return found.end() if found else at


@cache
def below(indent: int) -> Pattern:
    """All lines that belong to the entry before them, which has no value on its line."""
    return re.compile(_below(indent))


@cache
def others(indent: int, needed: tuple[str, ...]) -> Pattern:
    """All entries, from where the first key stands, up to one of those that are needed or the end of the mapping.

    >>> text = "- a: 1\\n  b:\\n  - x: y\\n  c: 2\\n"
    >>> text[after(others(2, ("c",)), text, 2) :]
    '  c: 2\\n'
    """
    # Before the first key stands a blank; every other line is matched from its beginning.
    margin = rf" {{{indent}}}"
    begin, not_needed = rf"(?:{margin}|(?<= ))", rf"(?!(?:{'|'.join(map(re.escape, needed))}):)(?=[A-Za-z0-9_])"
    # A literal text: any line that is indented deeper, or blank, once its first is there.
    deeper = rf"{margin} "
    literal = rf"[|>][-+]?\n(?:{deeper} *+[^\x00-\x20\x7f-\xa0]{_TEXT}*+\n(?:{deeper}{_TEXT}*+\n|\n)*+)?+(?!{margin}-)"
    value = rf" (?:{_ended(margin)}|{literal})"
    return re.compile(rf"(?:{begin}{not_needed}{_NAME}:(?:{value}|\n(?!{deeper}(?! [^ -])){_below(indent)}))*+")


def _below(indent: int) -> str:
    """The lines below `key:` at that indentation: its entries, two blanks deeper, or the items of a list at its own."""
    margin = rf" {{{indent}}}"
    entries = rf"(?:{_line(margin + '  ', 'e')})++(?!{margin}-)"
    items = rf"(?={margin}- )(?:{_line(margin + '(?:  |(?=- ))', 'i')})++"
    return rf"(?:{items}|{entries})?+"


def _line(margin: str, name: str) -> str:
    """A line, together with those below it that go on with its text, and what the next one may not be.

    The next may stand no deeper, but behind `key:` two blanks deeper, or be a dash at the place of the key.
    """
    place = f"(?P={name})"
    keyed, item = _keyed(place), rf"- (?:{_keyed(place + '  ')}|{_text(place)}(?!{place} ))"
    return rf"(?P<{name}>{margin} *+)(?:{keyed}|{item})"


def _keyed(place: str) -> str:
    """A key that stands at that place, and what is on its line."""
    return rf"{_NAME}:(?: {_ended(place)}|\n(?!{place} (?! [^ -])))"


def _ended(place: str) -> str:
    """A text behind a key at that place, up to a line that can follow it."""
    return rf"{_text(place)}(?!{place}[ -])"


def _text(place: str) -> str:
    """A text, and the lines that go on with it: deeper than that place, and without a key among them."""
    return rf"(?:{_PLAIN}\n(?:{place} ++{_PLAIN}\n)*+|(?:{_QUOTED}|{_EMPTY})\n)"
