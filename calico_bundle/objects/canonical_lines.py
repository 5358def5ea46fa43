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
_VALUE = rf"(?:{_PLAIN}|{_QUOTED}|{_EMPTY})"
_ANY_LINE = rf"(?:- )*+(?:{_PLAIN}(?::(?: {_VALUE})?)?|(?:{_QUOTED})(?::(?: {_VALUE})?)?|{_EMPTY})\n"
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
    """All lines that belong to the entry before them."""
    return re.compile(_below(indent))


@cache
def others(indent: int, needed: tuple[str, ...]) -> Pattern:
    """All entries, from where the first key stands, up to one of those that are needed or the end of the mapping.

    >>> text = "- a: 1\\n  b:\\n  - x: y\\n  c: 2\\n"
    >>> text[after(others(2, ("c",)), text, 2) :]
    '  c: 2\\n'
    """
    # Before the first key stands a blank; every other line is matched from its beginning.
    begin, not_needed = rf"(?: {{{indent}}}|(?<= ))", rf"(?!(?:{'|'.join(map(re.escape, needed))}):)(?=[A-Za-z0-9_])"
    # A literal text: any line that is indented deeper, or blank, once its first is there.
    deeper = rf" {{{indent + 1}}}"
    literal = rf"[|>][-+]?\n(?:{deeper} *+[^\x00-\x20\x7f-\xa0]{_TEXT}*+\n(?:{deeper}{_TEXT}*+\n|\n)*+)?+"
    return re.compile(
        rf"(?:(?:{begin}{not_needed}| {{{indent}}}(?: ++|(?=- ))){_ANY_LINE}|{begin}{not_needed}{_WORD}: {literal})*+"
    )


def _below(indent: int) -> str:
    return rf"(?: {{{indent}}}(?: ++|(?=- )){_ANY_LINE})*+"
