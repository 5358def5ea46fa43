"""Known node names, found again in folders and file names. Shared by the layouts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_TOKEN = re.compile(r"[a-z0-9]+")


class NodeNames:
    """The names of the cluster's nodes, looked up by full name, short name and inside longer texts.

    >>> names = NodeNames(["worker-1.example.com", "worker-10.example.com"])
    >>> names.same("worker-1"), names.within("ip_a_worker-10.example.com.txt")
    ('worker-1.example.com', 'worker-10.example.com')
    """

    def __init__(self, nodes: Iterable[str]) -> None:
        nodes = frozenset(nodes)
        self._names = nodes
        self._forms: dict[str, set[str]] = {}
        self._tokens: dict[tuple[str, ...], set[str]] = {}
        for node in nodes:
            for form in {node.lower(), short_name(node.lower())}:
                self._forms.setdefault(form, set()).add(node)
                tokens = tuple(_TOKEN.findall(form))
                if tokens:
                    self._tokens.setdefault(tokens, set()).add(node)
        self._longest = max((len(tokens) for tokens in self._tokens), default=0)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def same(self, text: str) -> str | None:
        """The node that a folder is named for, in full or short; None when none or several are."""
        lowered = text.lower()
        fitting = self._forms.get(lowered) or self._forms.get(short_name(lowered), set())
        exact = [node for node in fitting if node.lower() == lowered]
        candidates = exact or list(fitting)
        return candidates[0] if len(candidates) == 1 else None

    def within(self, text: str) -> str | None:
        """The one node whose name stands in a text, between other words; None when none or several do.

        The longest name counts, and separators need not agree: `worker_1` is `worker-1`. A name that goes on with a
        small number (`worker-1` in `worker-1-2`) is another machine's.
        """
        tokens = list(_TOKEN.finditer(text.lower()))
        words = [token[0] for token in tokens]
        found: set[str] = set()
        at = 0
        while at < len(words):
            length = self._match(words, at)
            if not length:
                at += 1
                continue
            if not _goes_on(text, tokens, at + length):
                found |= self._tokens[tuple(words[at : at + length])]
            at += length
        return found.pop() if len(found) == 1 else None

    def without(self, name: str) -> str:
        """A text with known node names taken out, so that what is left can be read as a command."""
        tokens = list(_TOKEN.finditer(name.lower()))
        words = [token[0] for token in tokens]
        kept, last, at = "", 0, 0
        while at < len(words):
            length = self._match(words, at)
            if length and not _goes_on(name, tokens, at + length):
                kept += name[last : tokens[at].start()]
                last = tokens[at + length - 1].end()
            at += length or 1
        return kept + name[last:]

    def _match(self, words: Sequence[str], at: int) -> int:
        """How many words from here are a node's name; the most that fit, 0 for none."""
        most = min(self._longest, len(words) - at)
        return next((n for n in range(most, 0, -1) if tuple(words[at : at + n]) in self._tokens), 0)


def _goes_on(text: str, tokens: Sequence[re.Match[str]], after: int) -> bool:
    """Whether the word after a match still belongs to a host name: a small number behind a dash or a dot."""
    if after >= len(tokens):
        return False
    separator = text[tokens[after - 1].end() : tokens[after].start()]
    return separator in {"-", "."} and bool(re.fullmatch(r"\d{1,3}", tokens[after][0]))


def short_name(name: str) -> str:
    """A host name without its domain; an address has none.

    >>> short_name("worker-1.example.com"), short_name("10.0.1.12")
    ('worker-1', '10.0.1.12')
    """
    first = name.split(".", 1)[0]
    return name if first.isdigit() or not first else first


_latest: tuple[Sequence[str], int, NodeNames] | None = None


def node_names(nodes: Sequence[str]) -> NodeNames:
    """The look-up for these names; kept for the next path, since one bundle has one list and many thousand paths."""
    global _latest  # noqa: PLW0603 - one entry, checked for identity; a result never depends on it
    if _latest is None or _latest[0] is not nodes or _latest[1] != len(nodes):
        _latest = (nodes, len(nodes), NodeNames(nodes))
    return _latest[2]
