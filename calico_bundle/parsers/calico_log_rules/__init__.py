"""The texts that matter in Calico's logs and probe events, as a table: one `Rule` a text.

The patterns follow the format strings in Calico's and BIRD's source, named in each rule; line numbers in a log are not
stable over versions, so rules look at the message alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from calico_bundle.evidence import clean
from calico_bundle.parsers.calico_log_rules.addresses import DETECTION, STARTUP
from calico_bundle.parsers.calico_log_rules.daemons import BIRD, CONFD, FELIX, is_of_pod
from calico_bundle.parsers.calico_log_rules.health import COMPANION, PROBES
from calico_bundle.parsers.calico_log_rules.rule import KEY_LENGTH, Rule

__all__ = ["CALICO_LINE", "RULES", "Rule", "classify", "is_of_pod", "match_bird", "match_calico", "may_match"]

RULES: tuple[Rule, ...] = (*PROBES, *DETECTION, *STARTUP, *CONFD, *FELIX, *COMPANION, *BIRD)
"""Every rule; the probes' come first, because an event may hold a log line before the probe's own text."""

CALICO_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) \[(?P<level>[A-Z]+)\]\[\d+\] "
    r"(?:(?P<component>[\w.-]+)/)?(?P<file>[^\s/]+) (?:\d+|<nil>): ?"
)
"""The prefix of every line that Calico's own programs write (libcalico-go/lib/logutils; before v3.14 no component)."""

_Compiled = tuple[Rule, re.Pattern[str]]
_PROBE_TEXT = "calico/node is not ready: "
_BEFORE_PROBE_TEXT = ("calico/node is", "Runtime health")


def _table(rules: Sequence[Rule]) -> dict[str, tuple[_Compiled, ...]]:
    """Rules by the first characters of their messages: one look-up tells most lines apart from all of them."""
    table: dict[str, list[_Compiled]] = {}
    for rule in rules:
        for key in sorted(rule.beginnings()):
            table.setdefault(key, []).append((rule, re.compile(rule.pattern)))
    return {key: tuple(found) for key, found in table.items()}


_OF_CALICO = (*DETECTION, *STARTUP, *CONFD, *FELIX, *COMPANION)
_CALICO = _table(_OF_CALICO)
_BEGINNINGS = (*_BEFORE_PROBE_TEXT, *sorted({text for rule in _OF_CALICO for text in rule.literals()}))
_BIRD = _table(BIRD)
_PROBES: tuple[_Compiled, ...] = tuple((rule, re.compile(rule.pattern)) for rule in PROBES)

Match = tuple[Rule, dict[str, str]]


def match_calico(message: str) -> Match | None:
    """The rule and the values for a message of one of Calico's programs (without the prefix of its line).

    >>> rule, values = match_calico("Using node name: worker-2")
    >>> rule.slug, values["node"]
    ('node-name', 'worker-2')
    """
    candidates = _CALICO.get(message[:KEY_LENGTH])
    if candidates and (found := _first(candidates, message)):
        return found
    if message.startswith(_BEFORE_PROBE_TEXT) and _PROBE_TEXT in message:
        return _first_anywhere(message)
    return None


def may_match(beginning: str) -> bool:
    """Whether any rule can match a message of Calico's that begins so.

    >>> may_match("Using autodetected IP"), may_match("Summarising 25 dataplane")
    (True, False)
    """
    return beginning.startswith(_BEGINNINGS) or any(text.startswith(beginning) for text in _BEGINNINGS)


def match_bird(message: str) -> Match | None:
    """The rule and the values for a message of BIRD (without the `bird: ` before it).

    >>> rule, values = match_bird("Mesh_10_0_0_1: State changed to up")
    >>> rule.slug, values
    ('bird-protocol-state', {'protocol': 'Mesh_10_0_0_1', 'state': 'up'})
    """
    name, separator, rest = message.partition(": ")
    # A protocol's name has no blank in it; "Next hop address fd00:: is ..." is no message of a protocol.
    start = rest if separator and " " not in name else message
    return _first(_BIRD.get(start[:KEY_LENGTH], ()), message)


def classify(message: str) -> tuple[str, Mapping[str, str]] | None:
    """What a message means: the slug of its rule and the values in it; None for a text that no rule knows.

    Takes the message of an Event as well as a line of a log, with or without its prefix.

    >>> classify("calico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.1,10.0.0.2")
    ('bgp-not-established', {'peers': '10.0.0.1,10.0.0.2'})
    >>> classify("Pulled image") is None
    True
    """
    found = _first_anywhere(message) if _PROBE_TEXT in message else None
    if found is None:
        line = message.split("probe failed: ", 1)[-1].split("\n", 1)[0]
        if prefix := CALICO_LINE.match(line):
            line = line[prefix.end() :]
        found = match_bird(line.split(": ", 1)[1]) if line.startswith(("bird: ", "bird6: ")) else match_calico(line)
    return (found[0].slug, found[1]) if found else None


def _first(candidates: Sequence[_Compiled], message: str) -> Match | None:
    for rule, pattern in candidates:
        if found := pattern.match(message):
            return rule, _values(rule, found)
    return None


def _first_anywhere(message: str) -> Match | None:
    for rule, pattern in _PROBES:
        if found := pattern.search(message):
            return rule, _values(rule, found)
    return None


def _values(rule: Rule, found: re.Match[str]) -> dict[str, str]:
    values = {name: clean(value) for name, value in found.groupdict().items() if value}
    return {**values, **rule.constants}
