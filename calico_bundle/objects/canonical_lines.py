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
def others(indent: int, needed: tuple[str, ...]) -> Pattern:
    """Entries that are not needed, from where the first key stands, up to one with lines below it (`open`); for `past`."""
    # Before the first key stands a blank; every other line is matched from its beginning.
    margin = rf" {{{indent}}}"
    begin, not_needed = rf"(?:{margin}|(?<= ))", rf"(?!(?:{'|'.join(map(re.escape, needed))}):)(?=[A-Za-z0-9_])"
    # A literal text: any line that is indented deeper, or blank, once its first is there.
    deeper = rf"{margin} "
    literal = rf"[|>][-+]?\n(?:{deeper} *+[^\x00-\x20\x7f-\xa0]{_TEXT}*+\n(?:{deeper}{_TEXT}*+\n|\n)*+)?+(?!{margin}-)"
    value = rf" (?:{_ended(margin)}|{literal})|\n(?!{margin}[ -])"
    key = rf"{begin}{not_needed}{_NAME}:"
    return re.compile(rf"(?:{key}(?:{value}))*+(?:{key}\n(?P<open>(?={margin}(?:  [^ -]|- ))))?+")


def past(entries: Pattern, text: str, at: int) -> int:
    """Where the next entry begins that is needed (not one of `others`), or the mapping ends.

    >>> text = "- a: 1\\n  b:\\n  - x: y\\n  c: 2\\n"
    >>> text[past(others(2, ("c",)), text, 2) :]
    '  c: 2\\n'
    """
    while found := entries.match(text, at):
        at = found.end()
        if not found.lastgroup:
            break
        at = past_below(text, at)
    return at


def past_below(text: str, at: int) -> int:
    """Where the lines end that belong to the key before them: its entries, or the items of a list.

    >>> past_below("  - a: b\\n    c: d\\n  e: f\\n", 0)
    18
    """
    return after(_below(), text, at)


@cache
def _below() -> Pattern:
    """Lines at the place of the first or deeper, and each of them where the one before allows it.

    That is no deeper than the one before, but behind `key:` two blanks deeper, and no dash at the place of a key.
    """
    place = "(?P=line)"
    line = r"(?P<line>(?P=first)(?(list)(?:  |(?=- ))) *+)"
    item = rf"- (?:{_keyed(place + '  ')}|{_text(place)}(?!{place} ))"
    return re.compile(rf"(?=(?P<first> *+)(?P<list>- )?+)(?:{line}(?:{_keyed(place)}|{item}))*+")


def _keyed(place: str) -> str:
    """A key that stands at that place, and what is on its line."""
    return rf"{_NAME}:(?: {_ended(place)}|\n(?!{place} (?! [^ -])))"


def _ended(place: str) -> str:
    """A text behind a key at that place, up to a line that can follow it."""
    return rf"{_text(place)}(?!{place}[ -])"


def _text(place: str) -> str:
    """A text, and the lines that go on with it: deeper than that place, and without a key among them."""
    return rf"(?:{_PLAIN}\n(?:{place} ++{_PLAIN}\n)*+|(?:{_QUOTED}|{_EMPTY})\n)"
