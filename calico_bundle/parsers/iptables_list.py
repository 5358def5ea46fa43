"""`iptables -t nat -nvL`: kube-proxy's rules as the listing for people has them, which sos and others collect.

Each rule is written as `iptables-save` would, and read as its are (iptables/iptables.c and each extension's own `print`).
The listing has no end and does not name its table: that a rule is not in it shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from calico_bundle.evidence import Evidence, LineGaps, quote
from calico_bundle.facts import ServiceTableFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.iptables_services import service_tables
from calico_bundle.parsers.iptables_tables import HOOKS, SavedTable
from calico_bundle.parsers.lines import cut_line, is_collector_error, output_lines

_CHAIN = re.compile(r"Chain (?P<name>\S+) \((?:policy \w+.*|\d+ references)\)$")
_TITLES = re.compile(r"\s*(?:pkts\s+bytes\s+)?target\s+prot\s+opt\s+(?:in\s+out\s+)?source\s+destination\s*$")
_ENDS = r"(?P<source>\S+)\s+(?P<destination>\S+)(?:\s+(?P<rest>.*))?$"
_SHORT = re.compile(rf"(?P<target>\S+)\s+(?P<protocol>\w+)\s+(?:--|-f|!f)\s+{_ENDS}")
_LONG = re.compile(
    rf"\s*\S+\s+\S+\s+(?P<target>\S+)\s+(?P<protocol>\w+)\s+(?:--|-f|!f)\s+(?P<in>\S+)\s+(?P<out>\S+)\s+{_ENDS}"
)
_COMMENT = re.compile(r"/\*.*?\*/")
_PORT = re.compile(r"\bdpt:(?:53|domain)(?!\S)")
_TO = re.compile(r"\bto:(\S+)")
# What says nothing of which packets a rule is for; `recent: SET` always applies.
_SAID = re.compile(
    r"\bdpt:\S+|\bto:\S+|\breject-with \S+|\brecent: SET name: \S+ side: \w+ mask: \S+|\b(?:udp|tcp|NOTRACK)\b"
)
_PROTOCOLS = {"udp": " -p udp", "17": " -p udp", "tcp": " -p tcp", "6": " -p tcp", "all": "", "0": ""}
_ANY = frozenset({"0.0.0.0/0", "anywhere"})
_REFUSALS, _UNTRACKING = ("REJECT", "DROP"), ("CT", "NOTRACK")


def recognizes(head: str) -> bool:
    """Whether a text begins like the listing.

    >>> recognizes("Chain PREROUTING (policy ACCEPT)\\ntarget     prot opt source               destination\\n")
    True
    """
    lines = [line for _, line in output_lines(head)][:2]
    return len(lines) > 1 and _CHAIN.match(lines[0]) is not None and _TITLES.match(lines[1]) is not None


def parse(text: str, path: str) -> Parsed:
    """Read the listing into a `ServiceTableFact`, where it has to do with services.

    >>> rule = "KUBE-SVC-TCOU7JCQXEZGVUNU  udp  --  0.0.0.0/0   10.96.0.10   udp dpt:53"
    >>> text = f"Chain KUBE-SERVICES (2 references)\\ntarget prot opt source destination\\n{rule}\\n"
    >>> parse(text, "n1").facts[0].services
    1
    """
    gaps, printed = LineGaps(path), dict[int, str]()
    tables: dict[str, SavedTable] = {}
    for chain, number, line in _rules(text, gaps):
        saved = _as_saved(chain, line)
        if saved is None:
            if chain.startswith("KUBE-"):
                gaps.add(number, line)
            continue
        printed[number] = line
        name = _table(saved, chain)
        table = tables.setdefault(name, SavedTable(name, (number, line), None, None, None))
        table.add(number, saved, saved)
    if nat := tables.get("nat"):
        nat.may_be_unmet = frozenset(hook for hook in HOOKS if hook not in nat.chains and f"Chain {hook} (" in text)
        nat.cut_line = cut_line(text)
    facts = (_quoted(fact, printed) for fact in service_tables(list(tables.values()), path))
    return Parsed(tuple(fact for fact in facts if fact.services or fact.targets), gaps.result())


def _rules(text: str, gaps: LineGaps) -> Iterator[tuple[str, int, str]]:
    """The rules, each with its chain."""
    chain = None
    for number, line in output_lines(text):
        if found := _CHAIN.match(line):
            chain = found["name"]
        elif _TITLES.match(line) or line.startswith("# "):
            continue
        elif chain is None or is_collector_error(line):
            gaps.add(number, line, why="error in place of data" if is_collector_error(line) else "line not understood")
        else:
            yield chain, number, line


def _as_saved(chain: str, line: str) -> str | None:
    """A rule as `iptables-save` writes it; `-m other` stands for any condition that is not read here."""
    found = _LONG.match(line) or _SHORT.match(line.strip())
    if found is None or found["protocol"] not in _PROTOCOLS:
        return None
    groups = found.groupdict()
    rest = _COMMENT.sub(" ", groups["rest"] or "")
    devices = "".join(f" -i {groups[key]}" for key in ("in", "out") if groups.get(key) not in (None, "*", "any"))
    source = "" if groups["source"] in _ANY else f" -s {groups['source']}"
    destination = "" if groups["destination"] in _ANY else f" -d {groups['destination']}"
    port = " --dport 53" if _PORT.search(rest) else ""
    other = " -m other" if _SAID.sub("", rest).strip() else ""
    to = _TO.search(rest)
    target = "NOTRACK" if groups["target"] == "CT" and "NOTRACK" in rest else groups["target"]
    ending = f" -j {target}" + (f" --to-destination {to[1]}" if to else "")
    return f"-A {chain}{source}{destination}{devices}{_PROTOCOLS[groups['protocol']]}{port}{other}{ending}"


def _table(saved: str, chain: str) -> str:
    """The table that a rule of kube-proxy's is of: it refuses in the filter table alone, and exempts in the raw one."""
    target = saved.rpartition(" -j ")[2].split(" ")[0]
    if target in _UNTRACKING:
        return "raw"
    return "filter" if target in _REFUSALS and chain == "KUBE-SERVICES" else "nat"


def _quoted(fact: ServiceTableFact, printed: dict[int, str]) -> ServiceTableFact:
    """The fact with its lines as they are printed."""

    def real(evidence: Evidence) -> Evidence:
        return replace(evidence, text=quote(printed.get(evidence.line or 0, evidence.text)))

    targets = tuple(replace(target, evidence=real(target.evidence)) for target in fact.targets)
    return replace(fact, targets=targets, evidence=real(fact.evidence))


PARSER = Parser("iptables-list", recognizes, parse, rank=34)
