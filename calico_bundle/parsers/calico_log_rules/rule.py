"""One rule: a text that Calico's programs write, and what it means here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

KEY_LENGTH = 5
"""Characters of a message by which its rules are found."""

PROTOCOL = r"(?P<protocol>[^\s:]+): "
"""The name that BIRD writes before a message about one of its protocols."""

ADDRESS = r"[0-9A-Fa-f:.]+"
NAME = r"[A-Za-z0-9]+(?:[.-]+[A-Za-z0-9]+)*"


@dataclass(frozen=True, slots=True)
class Rule:
    """A text of a log and what it means.

    `pattern` is matched at the start of the message and its named groups are the event's values, with `constants`;
    `source` is the file that writes it; `example` a message it matches. `starts` are the literal beginnings of such
    messages (found from the pattern where not given). Of repeated events about the same thing (`about`: the values that
    name it) only changes are kept; `varies` names the values whose change is none, such as a port of the moment. No
    value may be called `count`: that is the length of a run.
    """

    slug: str
    pattern: str
    meaning: str
    source: str
    example: str
    constants: Mapping[str, str] = field(default_factory=dict)
    starts: tuple[str, ...] = ()
    about: tuple[str, ...] = ("family", "protocol")
    varies: tuple[str, ...] = ()

    def beginnings(self) -> frozenset[str]:
        """The first characters of every message that can match; a test compares them with the example."""
        return frozenset(start[:KEY_LENGTH] for start in self.literals())

    def literals(self) -> tuple[str, ...]:
        """The texts of which one begins every message that can match (after the name of a protocol, if it has one)."""
        return self.starts or (_literal_start(self.pattern.removeprefix(PROTOCOL)),)


def _literal_start(pattern: str) -> str:
    """The characters before the first one that means something else than itself."""
    found = re.match(r"[A-Za-z0-9 '/,\"=_-]*(?![*+?{])", pattern)
    return found[0] if found else ""
