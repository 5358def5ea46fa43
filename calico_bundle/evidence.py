"""What a statement rests on: the quoted line, and the gaps where there was none to quote."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from calico_bundle.secret_words import HIDDEN, PrivateKeys, may_hold_secret, without_secrets

LONGEST_QUOTE = 400
"""Characters of a quoted line; the rest is cut and marked with an ellipsis."""

MOST_LINE_GAPS = 100
"""Lines of one file that are listed one by one as gaps; the others are counted in one more gap."""

_MOST_LOST_LINES = 200
"""The same of lines that are hidden or cut: each of them may have been a fact."""

# C0, DEL, C1 controls, and the Unicode characters that reorder or hide text (UAX #9 bidi controls, zero-width).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ANSI = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_])")
TERMINAL_SEQUENCES = re.compile(
    "\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\)?|[()][0-9A-Za-z]|[@-Z\\\\^_=>78])"
)
"""Colors, cursor movements, window titles: what a terminal acts upon, as programs print it into a text.

None of them spans a line, so that an unfinished sequence cannot swallow the lines after it.
"""


class GapKind(StrEnum):
    """Why something that was there gave no facts."""

    UNREADABLE = "unreadable"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    NOT_UNDERSTOOD = "not-understood"
    COLLECTOR_ERROR = "collector-error"
    REDACTED = "redacted"
    CONTRADICTED = "contradicted"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """One line of the bundle that proves something.

    `path` is the path inside the bundle, `line` counts from 1 (None: the file as a whole), `text` is the line
    as `quote` gives it.
    """

    path: str
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Input that was there and gave no facts: where, and why."""

    path: str
    line: int | None
    kind: GapKind
    message: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Input that was not there, and what stays unknown for it."""

    artifact: str
    node: str | None
    effect: str


def clean(text: str) -> str:
    """Strip what a terminal or a browser could act upon: escape sequences, control and bidi characters.

    >>> clean("eth1\\x1b[31m red\\x07")
    'eth1 red'
    >>> clean("a\\tb")
    'a b'
    """
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub("", _ANSI.sub("", text.replace("\t", " ")))


def quote(line: str) -> str:
    """A line as evidence: cleaned, trimmed, secrets blanked, at most `LONGEST_QUOTE` characters.

    >>> quote("  inet 10.0.1.12/24 scope global ens18  ")
    'inet 10.0.1.12/24 scope global ens18'
    >>> quote("password: hunter2")
    'password: <secret>'
    """
    if _is_plain(line):
        return line.strip()
    # Cut first, with room for escape sequences, so that a line of many megabytes costs nothing more.
    text = without_secrets(clean(line[: 4 * LONGEST_QUOTE]).strip())
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "\u2026"


def _is_plain(line: str) -> bool:
    """Whether a line needs nothing but trimming, seen without the slow search for what else it may hold."""
    if len(line) > LONGEST_QUOTE or not line.isascii() or not line.isprintable():
        return False
    return not may_hold_secret(line)


@dataclass(slots=True)
class LineGaps:
    """Collects the lines of one file that were not understood; none is lost, the first ones are listed.

    >>> gaps = LineGaps("n1/ip-route.txt")
    >>> gaps.add(3, "garbage here")
    >>> gaps.result()[0].message
    'line not understood: garbage here'
    """

    path: str
    kind: GapKind = GapKind.NOT_UNDERSTOOD
    _listed: list[Gap] = field(default_factory=list)
    _more: int = 0
    _keys: PrivateKeys = field(default_factory=PrivateKeys)

    def add(
        self, line: int | None, text: str, *, kind: GapKind | None = None, why: str = "line not understood"
    ) -> None:
        """Note one line (its number from 1, its text as it stands). What is cut or hidden has more room."""
        ordinary = (kind or self.kind) is GapKind.NOT_UNDERSTOOD
        if len(self._listed) >= (MOST_LINE_GAPS if ordinary else _MOST_LOST_LINES):
            self._more += 1
            return
        quoted = HIDDEN if text and self._keys.holds(text) else quote(text)
        # The reason often names a word of the line, which is as little to be trusted as the line is.
        self._listed.append(Gap(self.path, line, kind or self.kind, f"{quote(why)}: {quoted}" if text else quote(why)))

    @property
    def count(self) -> int:
        """How many lines were noted, listed or not."""
        return len(self._listed) + self._more

    def result(self) -> tuple[Gap, ...]:
        """The gaps: the first lines one by one, then one that counts the rest."""
        if not self._more:
            return tuple(self._listed)
        rest = Gap(self.path, None, self.kind, f"{self._more} more lines not understood")
        return (*self._listed, rest)
