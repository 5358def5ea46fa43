"""Where kube-proxy's rules of iptables lead lookups: from `iptables-save`'s tables. No parser of its own.

Source: Kubernetes pkg/proxy/iptables/proxier.go. KUBE-SERVICES has a rule for each service's address, protocol and port; a
service without endpoints is rejected by a rule of the filter table's KUBE-SERVICES in its place. NodeLocal DNSCache (
kubernetes/dns pkg/netif, cmd/node-cache) exempts the addresses that it answers itself by NOTRACK in the raw table, and
what is not tracked is not translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from ipaddress import ip_network
from itertools import islice

from calico_bundle.evidence import Evidence, quote
from calico_bundle.facts import Address, Does, ProxyMode, ServiceTableFact, ServiceTarget
from calico_bundle.facts.service_proxy import MOST_SAMPLES
from calico_bundle.parsers.iptables_order import taken_before
from calico_bundle.parsers.iptables_tables import HOOKS, Line, SavedTable
from calico_bundle.parsers.service_chains import DNS_PORT, Step, address_in, ends, target_in

_IPV4, _IPV6 = 4, 6
_LOOKUP = re.compile(r" (?:--dport|--dports) 53(?= |$)")
_DESTINATION = re.compile(r" -d (\S+)")
_PROTOCOL = re.compile(r" -p (udp|tcp|17|6)(?= |$)")
_JUMP = re.compile(r" -[jg] (\S+)")
_TO = re.compile(r" --to-destination (\S+)")
_COMMENT = re.compile(r' --comment (?:"(?:[^"\\]|\\.)*"|\S+)')
_PROTOCOLS = {"udp": "UDP", "17": "UDP", "tcp": "TCP", "6": "TCP"}
_OF_SERVICES = ("KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-EXT-", "KUBE-XLB-", "KUBE-FW-")
_LOCAL = ("KUBE-SVL-", "KUBE-XLB-")
# What a rule may say and still hold for every packet of the chain's service.
# `recent --set` writes the sender down and always applies (iptables-extensions(8)).
_PLAIN = re.compile(
    r"(?:\[\d+:\d+\] )?-A \S+(?: -p (?:udp|tcp|17|6)| -m (?:udp|tcp|comment)"
    r"| -m recent --set --name \S+(?: --mask \S+)?(?: --rsource)?)*$"
)
_REFUSALS = {"REJECT": Does.REJECTS, "DROP": Does.DROPS}
_MOST_TARGETS = 1


def service_tables(tables: Sequence[SavedTable], path: str) -> Iterator[ServiceTableFact]:
    """One fact for each nat table of IPv4, with what the filter and raw tables beside it do to lookups."""
    own = [table for table in tables if _family(table) != _IPV6]
    beside = [target for table in own for target in _beside(table, path)]
    nats = [table for table in own if table.name == "nat"]
    for table in nats:
        whole = table.whole and not any(map(_is_hidden, _lookups(table)))
        yield _fact(table, path, [*_targets(table, path), *beside], whole=whole)
    if own and not nats and (beside or all(table.name and table.whole for table in own)):
        # That no nat table is listed may be because another one was asked for.
        yield _fact(own[0], path, beside, whole=False)


def _has_sets(table: SavedTable) -> bool:
    """Whether rules are for sets of addresses, which `iptables-save` does not list."""
    return any("--match-set" in line for _, line in _entries(table))


def _is_hidden(entry: Line) -> bool:
    """Whether a rule of KUBE-SERVICES leads lookups on, and the address that it is for cannot be read."""
    return " -j KUBE-SV" in entry[1] and _asked(entry[1]) is None


def _fact(table: SavedTable, path: str, targets: Iterable[ServiceTarget], *, whole: bool) -> ServiceTableFact:
    served = [line for _, line in _entries(table) if " -j KUBE-SVC-" in line or " -j KUBE-SVL-" in line]
    recorded, said = table.recorded or (None, None)
    (from_pods, by_pods), (from_node, by_node) = (_met_from(table, hook) for hook in HOOKS)
    cited = {"recorded": said, "from_pods": by_pods, "from_node": by_node}
    return ServiceTableFact(
        ProxyMode.IPTABLES,
        whole,
        _is_prepared(table),
        len(served),
        tuple(islice(_destinations(served), MOST_SAMPLES)),
        table.backend,
        recorded,
        tuple(targets),
        _line(path, table.head),
        from_pods,
        from_node,
        _has_sets(table),
        {name: _line(path, line) for name, line in cited.items() if line},
    )


def _met_from(table: SavedTable, hook: str) -> tuple[bool | None, Line | None]:
    """Whether packets of a chain come to the rules for services, and the line that says why not, or perhaps not."""
    taken = taken_before(table, hook, {found[0] for entry in _lookups(table) if (found := _asked(entry[1]))})
    if taken:
        return None, taken
    is_met = table.is_met_from(hook)
    return is_met, table.heads.get(hook) if is_met is False else None


def _line(path: str, line: Line) -> Evidence:
    return Evidence(path, line[0], quote(line[1]))


def _is_prepared(table: SavedTable) -> bool:
    """Whether KUBE-SERVICES is there for entries; in IPVS mode it has rules for sets of addresses instead."""
    return "KUBE-SERVICES" in table.declared and not _has_sets(table)


def _destinations(lines: Iterable[str]) -> Iterator[Address]:
    found = (_DESTINATION.search(line) for line in lines)
    addresses = (address_in(one[1].partition("/")[0]) for one in found if one)
    return (address for address in addresses if address is not None)


def _family(table: SavedTable) -> int | None:
    """IPv4 or IPv6: by what saved it, else by an address of a service; None where nothing tells."""
    if table.family is not None:
        return table.family
    named = (_DESTINATION.search(line) for lines in table.chains.values() for _, line in lines)
    first = next((found[1] for found in named if found), None)
    return None if first is None else (_IPV6 if ":" in first else _IPV4)


def _entries(table: SavedTable) -> list[Line]:
    return table.chains.get("KUBE-SERVICES", []) if table.name == "nat" else []


def _lookups(table: SavedTable) -> list[Line]:
    return [line for line in _entries(table) if "--dport 53 " in f"{line[1]} "]


def _targets(table: SavedTable, path: str) -> Iterator[ServiceTarget]:
    """What becomes of lookups by the nat table's rules."""
    read = partial(_step, path=path, cut_line=table.cut_line)
    taken: set[tuple[Address, str]] = set()
    for line in _lookups(table):
        asked, step = _asked(line[1]), read(line)
        if asked is None or not step.chains or asked in taken:
            continue  # a rule for all of them comes first and has them
        taken.add(asked)
        local = step.chains[0].startswith(_LOCAL)
        for end in ends(step, table.chains, read, whole=table.whole, known=table.declared):
            yield end.of(asked, local=local)


def _beside(table: SavedTable, path: str) -> Iterator[ServiceTarget]:
    """What the filter and raw tables do to lookups."""
    for chain, lines in table.chains.items():
        for number, line in lines if table.name in ("filter", "raw") else ():
            asked, does = _asked(line), _does(table.name, chain, line)
            if asked and does:
                yield ServiceTarget(*asked, does, None, local=False, evidence=Evidence(path, number, quote(line)))


def _does(table: str, chain: str, line: str) -> Does | None:
    jump = _JUMP.search(_COMMENT.sub("", line))
    if table == "raw":
        untracked = jump and (jump[1] == "NOTRACK" or (jump[1] == "CT" and "--notrack" in line))
        return Does.UNTRACKED if untracked and chain == "PREROUTING" else None
    return _REFUSALS.get(jump[1]) if jump and chain == "KUBE-SERVICES" else None


def _asked(line: str) -> tuple[Address, str] | None:
    """The address and protocol of lookups that a rule is for; None for a rule of other packets."""
    rule = _COMMENT.sub("", line)
    destination, protocol = _DESTINATION.search(rule), _PROTOCOL.search(rule)
    if not destination or not protocol or not _LOOKUP.search(rule):
        return None
    try:
        network = ip_network(destination[1])
    except ValueError:
        return None
    is_one = network.num_addresses == _MOST_TARGETS
    return (network.network_address, _PROTOCOLS[protocol[1]]) if is_one else None


def _step(line: Line, path: str, cut_line: int | None) -> Step:
    """One rule; a rule that marks or remembers a packet and lets it go on has neither chains nor targets.

    DNAT without a port leaves the packet its own (iptables-extensions(8)).
    """
    rule = _COMMENT.sub("", line[1])
    jump, to = _JUMP.search(rule), _TO.search(rule)
    target = target_in(to[1], is_cut=line[0] == cut_line, portless=DNS_PORT) if to else None
    evidence = Evidence(path, line[0], quote(line[1]))
    if jump is None:
        return Step(evidence)
    always = _PLAIN.match(rule[: jump.start()]) is not None
    if jump[1] == "DNAT":
        does = None if target else Does.NOT_SHOWN
        return Step(evidence, targets=(target,) if target else (), does=does, always=always)
    if jump[1].startswith(_OF_SERVICES):
        return Step(evidence, chains=(jump[1],), always=always)
    return Step(evidence, does=_REFUSALS.get(jump[1]), always=always)
