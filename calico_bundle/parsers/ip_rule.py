"""`ip rule`: the policy routing rules of a node's kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Network, RuleFact
from calico_bundle.facts.listing import OneKind, SharedFacts
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import (
    Command,
    Draft,
    command_in,
    family_of_path,
    interface,
    is_hidden,
    note_empty,
    note_other,
    number,
    sample_lines,
)
from calico_bundle.parsers.lines import numbered_lines

_RULE = re.compile(r"\s*(\d{1,10}):\s+((?:not\s+)?from\s.*)", re.ASCII)
# The numbers are what `ip -N` prints (FR_ACT_* in linux/fib_rules.h).
_ACTIONS = {
    "blackhole": "blackhole",
    "unreachable": "unreachable",
    "prohibit": "prohibit",
    "nop": "nop",
    "6": "blackhole",
    "7": "unreachable",
    "8": "prohibit",
}
_TABLE_ACTIONS = ("lookup", "goto")
_OTHER = frozenset(
    """uidrange ipproto sport dport tos dsfield tun_id flowlabel suppress_prefixlength suppress_ifgroup realms realm
    map-to""".split()  # noqa: SIM905
)
# Lines as iproute2 prints them (ip/iprule.c: print_rule), of words so plain that no other parser could want them.
_RULES = re.compile(rb"(?:[0-9]{1,10}:\t(?:not )?from [A-Za-z0-9.:/_ \[\]-]+\n)++")
_REMEMBERED = 32
"""Files of rules that are remembered; most nodes have the same rules."""
_LONGEST_REMEMBERED = 1 << 16

_MARKS = ("[detached]", "[unresolved]")
"""The device, or the target of goto, is not there, so the kernel passes the rule over: kept beside the selectors."""


@dataclass(slots=True)
class _Draft(Draft):
    """A rule while its words are read."""

    inverted: bool = False
    networks: dict[str, Network | None] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    mark: int | None = None
    mark_mask: int | None = None
    other: list[str] = field(default_factory=list)
    action: str | None = None
    table: str | None = None
    unknown: list[str] = field(default_factory=list)


def _read(words: list[str]) -> _Draft:
    """Take the words behind the priority into a draft."""
    draft = _Draft()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "not":
            draft.inverted = True
        elif word in _ACTIONS:
            draft.action = draft.action or _ACTIONS[word]
        elif word in _MARKS or word == "l3mdev":
            draft.other.append(word)
        elif word in _OTHER or word in ("from", "to", "iif", "oif", "fwmark", "proto", *_TABLE_ACTIONS):
            if at < len(words):
                _read_value(draft, word, words[at])
            else:
                draft.refuse("cut behind the word " + word)
            at += 1
        else:
            draft.unknown.append(word)
    if draft.action is None:
        draft.refuse("a rule without action")
    return draft


def _read_value(draft: _Draft, word: str, value: str) -> None:
    if word in ("from", "to"):
        _read_network(draft, word, value)
    elif word in ("iif", "oif"):
        draft.devices[word] = value
    elif word == "fwmark":
        _read_mark(draft, value)
    elif word in _TABLE_ACTIONS:
        draft.action, draft.table = word, value
        if value == "[l3mdev-table]":
            draft.other.append("l3mdev")
    elif word != "proto":  # `ip -d`: who wrote the rule.
        draft.other.append(f"{word} {value}")


def _read_network(draft: _Draft, word: str, value: str) -> None:
    if value in ("all", "default", "any"):
        return
    # The kernel keeps host bits in a rule (`from 192.168.21.1/24`, seen in a real bundle) and masks when it compares.
    found = interface(value)
    if found is None:
        hidden = is_hidden(value)
        draft.refuse(
            "hidden by the collector" if hidden else "network not understood", GapKind.REDACTED if hidden else None
        )
    else:
        draft.networks[word] = found.network


def _read_mark(draft: _Draft, value: str) -> None:
    mark, _, mask = value.partition("/")
    draft.mark, draft.mark_mask = number(mark), number(mask) if mask else None
    if draft.mark is None or (mask and draft.mark_mask is None):
        draft.refuse("fwmark not understood")


def _family(draft: _Draft) -> int | None:
    return next((found.version for found in draft.networks.values() if found is not None), None)


def _fact(priority: int, draft: _Draft, family: int | None, evidence: Evidence) -> RuleFact:
    return RuleFact(
        _family(draft) or family,
        priority,
        draft.inverted,
        draft.networks.get("from"),
        draft.networks.get("to"),
        draft.devices.get("iif"),
        draft.devices.get("oif"),
        draft.mark,
        draft.mark_mask,
        (*draft.other, *draft.unknown),
        draft.action or "",
        draft.table,
        evidence,
    )


def recognizes(head: str) -> bool:
    """Whether a text begins like `ip rule`: at least half of its first lines are rules.

    >>> recognizes("0:\\tfrom all lookup local\\n32766:\\tfrom all lookup main\\n")
    True
    >>> recognizes("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN\\n")
    False
    """
    if "from" not in head:
        return False
    lines = sample_lines(head)
    matches = [match for match in map(_RULE.match, lines) if match]
    rules = sum(_read(match[2].split()).action is not None for match in matches)
    return rules > 0 and 2 * rules >= len(lines)


def parse(text: str, path: str) -> Parsed:
    """Read the rules of `ip rule`, `ip -6 rule`, with `-d` and `-N` as well.

    A selector that is not known is kept among `other` and noted as a gap; a hidden network gives a gap and no rule.
    Raises nothing.

    >>> rule = parse("98:\\tnot from all fwmark 0x200000/0x300000 lookup 1234\\n", "n1/ip_-4_rule").facts[0]
    >>> rule.priority, rule.inverted, rule.mark, rule.mark_mask, rule.table, rule.family
    (98, True, 2097152, 3145728, '1234', 4)
    """
    return _parse(text, path, family_of_path(path))


def _parse(text: str, path: str, path_family: int | None) -> Parsed:
    gaps = LineGaps(path)
    facts: list[RuleFact] = []
    command = Command("rule", path_family)
    for line_number, line in numbered_lines(text, gaps):
        match = _RULE.match(line)
        if not match or command.object not in ("rule", None) or command.network_namespace is not None:
            found = command_in(line)
            command = found or command
            if line.strip() and not found:
                note_other(gaps, line_number, line)
            continue
        draft = _read(match[2].split())
        if draft.problem:
            gaps.add(line_number, line, kind=draft.problem_kind, why=draft.problem)
            continue
        if draft.unknown:
            gaps.add(line_number, line, why=f"word {draft.unknown[0]} not understood")
        family = command.family or path_family
        facts.append(_fact(int(match[1]), draft, family, Evidence(path, line_number, quote(line))))
    note_empty(gaps, text)
    return Parsed(tuple(facts), gaps.result())


class _Rules(SharedFacts[RuleFact]):
    """Rules that many files list in the same words, cited from one of them."""

    __slots__ = ()

    def __iter__(self) -> Iterator[RuleFact]:
        return (replace(r, evidence=replace(r.evidence, path=self._path)) for r in self.words)


def quick(data: bytes, path: str) -> Parsed | None:
    """Read `ip rule` as it is printed without options; None for whatever has another form or leaves a gap."""
    if len(data) > _LONGEST_REMEMBERED:
        return None
    rules = _remembered(data, _family_of_name(path.rpartition("/")[2]))
    return Parsed(OneKind(RuleFact, _Rules(rules, path))) if rules else None


@lru_cache(_REMEMBERED)
def _remembered(data: bytes, family: int | None) -> Sequence[RuleFact]:
    """The rules of a text that is nothing but rules and leaves no gap; most nodes have the same. None of any other."""
    parsed = _parse(data.decode(), "", family) if _RULES.fullmatch(data) else Parsed(())
    whole = not parsed.gaps and len(parsed.facts) == data.count(b"\n")
    return parsed.of(RuleFact) if whole else ()


_family_of_name = lru_cache(_REMEMBERED)(family_of_path)

PARSER = Parser(kind="ip-rule", recognizes=recognizes, parse=parse, quick=quick)
