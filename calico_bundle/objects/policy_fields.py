"""Fields of policies, each with a word on whether it was understood: a rule that is read in part must not decide.

What is hidden or odd becomes a gap of the file, and its name stands in `unread`. In its place stands what matches all:
what was not understood can only narrow that.
"""

from __future__ import annotations

import re
from typing import TypeVar

from calico_bundle.evidence import Evidence
from calico_bundle.facts import Network, PolicyPort
from calico_bundle.objects.fields import Fields

T = TypeVar("T")
_RANGE = re.compile(r"(\d{1,5})(?::(\d{1,5}))?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?(?:[eE][+]?\d{1,2})?")
_HIGHEST_PORT = 65_535


class Careful:
    """The fields of one mapping; `unread` are those that are there and gave no value, or only a part of it."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.unread: list[str] = []

    @property
    def line(self) -> Evidence:
        """The line of its first key, as evidence; its own where it has none."""
        return self.fields.evidence(next(iter(self.fields), ""))

    def text(self, key: str) -> str | None:
        """Text; None where there is none."""
        found = self.fields.text(key, key)
        if found is None and self.fields.count(key):
            self.unread.append(key)
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of a list."""
        found = self.fields.texts(key, key)
        self._counted(key, len(found))
        return found

    def networks(self, key: str) -> tuple[Network, ...]:
        """The networks of a list, as far as they were understood."""
        found = self.fields.networks(key, key)
        self._counted(key, len(found))
        return found

    def whole(self, key: str, found: tuple[T, ...]) -> tuple[T, ...]:
        """What was found under a key; nothing where that is not all of it."""
        return () if key in self.unread else found

    def flag(self, key: str) -> bool:
        """A truth value; False where there is none."""
        found = self.fields.flag(key, key)
        if found is None and key in self.fields:
            self.unread.append(key)
        return found or False

    def number(self, key: str) -> float | None:
        """A number, whole or not."""
        text = self.text(key)
        if text is not None and not _NUMBER.fullmatch(text):
            self.fields.wrong(key, "a number was expected")
            self.unread.append(key)
            return None
        return None if text is None else float(text)

    def labels(self, key: str) -> dict[str, str]:
        """Labels, as far as their values are shown."""
        found = self.fields.string_map(key, key)
        inside = self.inside(key).fields
        if len(found) != len(list(inside)):
            self.unread.append(key)
        return found

    def inside(self, key: str) -> Careful:
        """The mapping under a key; an empty one where nothing is there."""
        if key in self.fields and not self.fields.is_mapping(key):
            self.unread.append(key)
        return Careful(self.fields.child(key))

    def mappings(self, key: str) -> list[Fields]:
        """The mappings of a list."""
        found = list(self.fields.children(key))
        self._counted(key, len(found))
        return found

    def ports(self, key: str) -> tuple[PolicyPort, ...] | None:
        """Ports: numbers, ranges such as 1:1024, names; None where none are given, or not all were understood."""
        found = [port_of(text) for text in self.texts(key)]
        if None in found:
            self.fields.wrong(key, "a port, a range or a name was expected")
            self.unread.append(key)
        return self.whole(key, tuple(port for port in found if port)) or None

    def only(self, *known: str) -> None:
        """Note the keys that are none of those known."""
        self.unread += [key for key in self.fields if key not in known and key in self.fields]

    def _counted(self, key: str, found: int) -> None:
        if found != self.fields.count(key):
            self.unread.append(key)


def port_of(text: str) -> PolicyPort | None:
    """A port as policies write it; None for what is none.

    >>> port_of("53"), port_of("1:1024"), port_of("dns-tcp"), port_of("***")
    (PolicyPort(first=53, last=53, name=None), PolicyPort(first=1, last=1024, name=None), \
PolicyPort(first=None, last=None, name='dns-tcp'), None)
    """
    if found := _RANGE.fullmatch(text):
        first, last = int(found[1]), int(found[2] or found[1])
        return PolicyPort(first, last) if first <= last <= _HIGHEST_PORT else None
    return PolicyPort(None, None, text) if _NAME.fullmatch(text) else None
