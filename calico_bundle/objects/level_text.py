"""What may be read off the left edge of YAML as kubectl writes it, and whether it may.

A key at the left edge is a key and no part of a text where nothing written before it can still be open. In YAML 1.1
(and libyaml's scanner) only two things go on over a line that is not indented deeper than they are: text in quotes,
and `{...}` or `[...]`. All else - words without quotes, text behind `|` or `>` - stands deeper than its key. Text in
which neither is open at the end of any line is called *level* here. It is where

* quotes pair off, in their order, each pair on one line, no backslash in it and no blank before the second one.
  Whichever quote opens a text is then the first of a pair, as one that opens stands behind a blank, and the next ends it;
* there are no brackets but `{}` and `[]` at the end of a line, and no tab.

Text that is not, is gone through line by line: each must be a text in quotes that ends on its line, a key with a text
(in quotes, or behind `|` or `>`) that stands deeper than the key, or a line in which nothing opens.

Both rules tell what is valid YAML apart. Text is *orderly* where besides each line may follow the one before it: deeper only
below a key without a value, or as more of a text. What is read is cut at such lines alone. Where a field that nobody reads
is not valid, or has an alias, a tag or a key given twice, the general reader gives up the object, and a quick one that
goes by these rules reads the rest of it.
"""

from __future__ import annotations

import re
from typing import Final

_KEY: Final = rb"[A-Za-z][\w./-]*+: "
_CLOSED: Final = rb"\n {4,}(?:- )*+(?:%b)?(?:\"(?:[^\"\\\n]|\\[^\n])*+\"|'(?:[^'\n]|'')*+')(?=\n|\Z)" % _KEY
# What could open something only where it opens nothing, behind another letter or word. No tag and no anchor, as a text
# may open behind them.
_WORDS: Final = (
    rb"(?:[^\"'{\[\t\n|>&! ]++| ++(?![\"'{\[|>&!])|(?<=[^ \n])[\"'{\[|>&!]|(?<=[\w.,;]) ++[\"'{\[|>])++"
    rb"(?: (?:\{\}|\[\]))?+(?=\n|\Z)"
)


def _text(place: bytes) -> bytes:
    """A text over several lines, each of them deeper than that place."""
    deeper = place + b" "
    quoted = rb"(?:\"(?:[^\"\\\n]|\\[^\n]|\\?\n+@)*+\"|'(?:[^'\n]|''|\n+@)*+')(?=\n|\Z)"
    block = rb"[|>][1-9]?[-+]?(?:\n+@[^\n]*+)*+(?=\n|\Z)"
    return (b"(?:%b|%b)" % (quoted, block)).replace(b"@", deeper)


# A dash behind a line that ends in a colon is one, and so are those below it at its place. Any other could be a word.
_ITEM: Final = b"- (?:%b|%b)" % (_text(rb"(?P=a)"), _WORDS)
_LIST: Final = rb"(?<=:)\n(?P<a> {4,})%b(?:\n(?P=a)%b)*+" % (_ITEM, _ITEM)
_TEXT: Final = rb"\n(?P<b> {4,})%b%b" % (_KEY, _text(rb"(?P=b)"))
_LINES: Final = re.compile(rb"(?:%b|\n {4,}%b|%b|%b)*+" % (_LIST, _WORDS, _CLOSED, _TEXT))


def _value(place: bytes) -> bytes:
    """A text behind a key or a dash; lines that go on with one without quotes have no key among them."""
    plain = rb"(?![\"'|>])%b(?:\n+%b ++%b)*+" % (_NO_KEY, place, _NO_KEY)
    return b"(?:%b|%b)" % (plain, _text(place))


def _entry(place: bytes) -> bytes:
    """A key at that place, what is on its line, and what the next line may not be."""
    name = rb"(?:[\w./-]++|\"[^\"\\\n]*+\"|'[^'\n]*+'):"
    return rb"%b(?: %b(?!\n%b[ -])|(?!\n%b (?! [^ \n-])))" % (name, _value(place), place, place)


_NO_KEY: Final = rb"(?!.*:(?: |\n|\Z))[^\n]++"
_ORDERLY: Final = re.compile(
    rb"(?:\n(?P<a> {4,}+)(?:%b|- (?:%b|%b(?!\n(?P=a) )))(?=\n|\Z))*+"
    % (_entry(rb"(?P=a)"), _entry(rb"(?P=a)  "), _value(rb"(?P=a)"))
)
# Below a key stand entries, two blanks deeper, or items; behind a text on its line nothing stands deeper, nor does a dash.
_ENTRIES: Final = rb"\n      [^ \n-]%b(?!\n    -)"
_MORE: Final = rb"(?:\n      .*+|\n(?=\n))*+"
_END: Final = rb"(?![^\n]|\n    [ -])"
_KEYS: Final = re.compile(
    rb"\n    ([a-z]\w*):( .*+|%b|\n    - .*+(?:\n    (?:  |- ).*+)*+|)%b" % (_ENTRIES % rb".*+(?:\n      .*+)*+", _END)
)
_FOLDED: Final = rb"\"(?:[^\"\\]|\\[^\n]|\\\n)*+\"|'(?:[^']|'')*+'|[|>].*+%b" % _MORE
# Lines that go on with a text without quotes have no key among them.
_PLAIN: Final = rb"(?![\"'|>]).*+(?:\n      ++(?!.*:(?: |\n|\Z)).*+|\n(?=\n))*+"
_KEYS_AND_BLANK_LINES: Final = re.compile(
    rb"\n    ([a-z]\w*):( (?:%b|%b)|%b|(?:\n    - .*+%b)++|)%b"
    % (_FOLDED, _PLAIN, _ENTRIES % (b".*+" + _MORE), _MORE, _END)
)
_AROUND: Final = len("\n    :")


def is_level(text: bytes) -> bool:
    """Whether no text in quotes and no bracket is open at the end of a line.

    >>> is_level(b'\\n    a: "b"\\n    c: {}'), is_level(b'\\n    a: "b\\n    c: d"')
    (True, False)
    """
    return _is_plainly_level(text) or bool(_LINES.fullmatch(text))


def is_orderly(text: bytes) -> bool:
    """Whether in level text no line stands deeper, or is a dash, where the line before it does not allow it.

    >>> is_orderly(b"\\n    a: b\\n    c:\\n      d: e"), is_orderly(b"\\n    a: b\\n      d: e")
    (True, False)
    """
    return bool(_ORDERLY.fullmatch(text))


def _is_plainly_level(text: bytes) -> bool:
    return (
        _pairs_off(text, b'"')
        and (b"'" not in text or _pairs_off(text, b"'"))
        and b"\t" not in text
        and (b"[" not in text or text.count(b"[") == (text + b"\n").count(b" []\n"))
        and _has_empty_braces_only(text)
    )


def _pairs_off(text: bytes, quote: bytes) -> bool:
    pieces = text.split(quote)
    within = quote.join(pieces[1::2]) + quote
    return len(pieces) % 2 == 1 and not (b"\n" in within or b"\\" in within or b" " + quote in within)


def _has_empty_braces_only(text: bytes) -> bool:
    at = text.find(b"{")
    while at >= 0:
        if text[at - 1 : at + 3] not in (b" {}\n", b" {}"):
            return False
        at = text.find(b"{", at + 3)
    return True


def keys_of(text: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]] | None:
    """The keys at four spaces, and what stands behind each, with all lines that are its; None where there is more.

    >>> keys_of(b"\\n    a: b\\n    c:\\n    - d\\n      e")
    ((b'a', b'c'), (b' b', b'\\n    - d\\n      e'))
    """
    return _all_keys(_KEYS, text) or _all_keys(_KEYS_AND_BLANK_LINES, text)


def _all_keys(form: re.Pattern[bytes], text: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]] | None:
    found = form.findall(text)
    if not found:
        return None
    keys, bodies = zip(*found, strict=True)
    size = len(b"".join(keys)) + len(b"".join(bodies)) + _AROUND * len(keys)
    return (keys, bodies) if size == len(text) else None
