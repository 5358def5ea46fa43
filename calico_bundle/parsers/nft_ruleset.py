"""`nft list ruleset`: kube-proxy's rules that a DNS lookup can meet, in its nftables mode and in that of iptables.

In nftables mode (Kubernetes pkg/proxy/nftables/proxier.go) all is in `table ip kube-proxy`: the map `service-ips` leads each
address, protocol and port to the chain of its service, and `no-endpoint-services` to a refusal. The chain picks a chain
`endpoint-...` by number, or since Kubernetes 1.36 the address itself. The rules that iptables-nft writes are listed too, as
`table ip nat`; what nft has no words for is printed as `xt target "DNAT"`, without the address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import Address, Does, ProxyMode, ServiceTableFact, ServiceTarget
from calico_bundle.facts.service_proxy import MOST_SAMPLES
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import cut_line, is_collector_error, output_lines
from calico_bundle.parsers.nft_blocks import Line, Table, read_tables
from calico_bundle.parsers.service_chains import DNS_PORT, Step, Target, address_in, ends, target_in

_HEAD = re.compile(r"^table (?:ip6?|inet|arp|bridge|netdev) \S+ \{(?: # handle \d+)?$", re.MULTILINE)
_ELEMENT = re.compile(
    r"([0-9.]+) +\. +(udp|tcp|17|6) +\. +53(?: +comment +\"[^\"]*\")?(?: +counter packets \d+ bytes \d+)? +: +"
    r"(goto|jump|drop|reject)(?: +([^\s,}]+))?"
)
_ANY_ELEMENT = re.compile(r"([0-9.]+) +\. +\w+ +\. +\d+")
_DESTINATION = re.compile(r"(?:^|\s)ip daddr ([0-9.]+)")
_NAT_ENTRY = re.compile(r"(?:^|\s)ip daddr ([0-9.]+)(?:/32)?\s+(udp|tcp) dport 53\s")
_JUMPS = re.compile(r"(?:goto|jump) ([^\s,}]+)")
_DNAT = re.compile(r"\bdnat (?:ip )?(?:addr \. port )?to (?P<to>.*)")
_PAIR = re.compile(r"(?<![\w.])((?:\d+\.){3}\d+)(?::| \. )(\d{1,5})(?![\w.])")
_OF_SERVICES = ("service-", "endpoint-", "local-", "external-", "KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-XLB-")
_REFUSALS = (("reject-chain", Does.REJECTS), ("reject", Does.REJECTS), ("drop", Does.DROPS))
# What may stand before a rule's verdict where it applies to every packet of the service.
_PLAIN = re.compile(r"\s*(?:meta l4proto (?:udp|tcp)\s+|counter packets \d+ bytes \d+\s+|(?:udp|tcp) dport 53\s+)*$")
# Of iptables' `recent` nft prints the name alone; before a translation it is `--set`, which always applies.
_REMEMBERS = re.compile(r"xt match \"?recent\"?\s+")
# Rules of services' chains that let a packet go on: they mark it, or write its sender down.
_GOES_ON = re.compile(r"\bmark set\b|\bjump (?:mark-for-masquerade|KUBE-MARK-MASQ)\b|\bupdate @")
_NUMBERED = re.compile(r"numgen (?:random|inc) mod \d+ (?:offset \d+ )?v?map \{")
_PROTOCOLS = {"udp": "UDP", "17": "UDP", "tcp": "TCP", "6": "TCP"}
_TO_SERVICES = re.compile(r"\b(?:jump|goto) (?:services|KUBE-SERVICES)$|@service-ips\b")
_Read: TypeAlias = "Callable[[Line], Step]"
_KUBE_PROXY, _NAT = "ip kube-proxy", "ip nat"


def recognizes(head: str) -> bool:
    """Whether a text begins like `nft list ruleset`.

    >>> recognizes("table ip kube-proxy {\\n\\tcomment \\"rules for kube-proxy\\"\\n"), recognizes("table of contents")
    (True, False)
    """
    return "table " in head and bool(_HEAD.search(head))


def parse(text: str, path: str) -> Parsed:
    r"""Read a listing of nftables into a `ServiceTableFact` for each table of kube-proxy's rules for IPv4.

    >>> parse("table ip kube-proxy {\n}\n", "n1").facts[0].mode.value
    'nftables'
    """
    gaps = LineGaps(path)
    lines = []
    for number, line in output_lines(text):
        if is_collector_error(line):
            gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR, why="error in place of data")
        else:
            lines.append((number, line))
    cut = cut_line(text)
    tables: dict[str, Table] = {}
    for table in read_tables(lines):
        tables.setdefault(table.name, table)
        if not table.closed:
            gaps.add(table.head[0], table.head[1], kind=GapKind.TRUNCATED, why="the table is cut off")
    untracked = tuple(_untracked(tables, path))
    facts = [
        fact for table in tables.values() for fact in _facts(table, tables, partial(_step, path=path, cut=cut), path)
    ]
    if untracked and not facts:
        head = Evidence(path, lines[0][0], quote(lines[0][1]))
        facts = [ServiceTableFact(ProxyMode.IPTABLES, False, False, 0, (), "nft", None, (), head)]
    return Parsed(tuple(replace(fact, targets=(*fact.targets, *untracked)) for fact in facts), gaps.result())


def _facts(table: Table, tables: dict[str, Table], read: _Read, path: str) -> Iterator[ServiceTableFact]:
    if table.name == _KUBE_PROXY:
        elements = [found for _, line in table.maps.get("service-ips", ()) for found in _ANY_ELEMENT.findall(line)]
        yield _fact(ProxyMode.NFTABLES, table, path, elements, tuple(_by_maps(table, read, path)))
    elif table.name == _NAT:
        entries = [
            line for _, line in table.chains.get("KUBE-SERVICES", ()) if "KUBE-SVC-" in line or "KUBE-SVL-" in line
        ]
        named = [found[1] for line in entries if (found := _DESTINATION.search(line))]
        targets = (*_by_rules(table, read, path), *_refused(tables.get("ip filter"), path))
        yield _fact(ProxyMode.IPTABLES, table, path, named, targets)


def _fact(
    mode: ProxyMode, table: Table, path: str, named: Sequence[str], targets: tuple[ServiceTarget, ...]
) -> ServiceTableFact:
    head = Evidence(path, table.head[0], quote(table.head[1]))
    samples = tuple(a for name in named[:MOST_SAMPLES] if (a := address_in(name)))
    backend = "nft" if mode is ProxyMode.IPTABLES else None
    entries = table.chains.get("KUBE-SERVICES") if mode is ProxyMode.IPTABLES else table.maps.get("service-ips")
    in_sets = any("match-set" in line or "xt match" in line for _, line in entries or ())
    prepared = entries is not None and not in_sets
    from_pods, from_node = (_is_met_from(table, hook) for hook in ("prerouting", "output"))
    seen = (mode, table.closed, prepared, len(named), samples, backend, None, targets, head)
    return ServiceTableFact(*seen, from_pods, from_node, in_sets)


def _is_met_from(table: Table, hook: str) -> bool:
    """Whether packets of a hook come to the rules for services; where the table is cut off, they are taken to do so."""
    of_hook = (lines for lines in table.chains.values() if any(f"type nat hook {hook} " in line for _, line in lines))
    return not table.closed or any(_TO_SERVICES.search(line) for lines in of_hook for _, line in lines)


# --- nftables mode ---------------------------------------------------------------------------------------------------


def _by_maps(table: Table, read: _Read, path: str) -> Iterator[ServiceTarget]:
    """What the maps of kube-proxy's own table say of lookups; a refusal comes first, in the filter hooks before NAT's."""
    for name in ("no-endpoint-services", "service-ips"):
        for number, line in table.maps.get(name, ()):
            for found in _ELEMENT.finditer(line):
                evidence = Evidence(path, number, quote(line))
                yield from _of_element(found, evidence, table, read)


def _of_element(found: re.Match[str], evidence: Evidence, table: Table, read: _Read) -> Iterator[ServiceTarget]:
    address, verdict, chain = address_in(found[1]), found[3], found[4]
    if address is None:
        return
    protocol = _PROTOCOLS[found[2]]
    refusal = dict(_REFUSALS).get(chain if verdict in ("goto", "jump") else verdict)
    if refusal or chain is None:
        yield ServiceTarget(address, protocol, refusal or Does.NOT_SHOWN, None, local=False, evidence=evidence)
        return
    local = chain.startswith("local-")
    for end in ends(Step(evidence, (chain,)), table.chains, read, whole=table.closed, known=table.chains):
        yield end.of((address, protocol), local=local)


# --- iptables mode, by iptables-nft ----------------------------------------------------------------------------------


def _by_rules(table: Table, read: _Read, path: str) -> Iterator[ServiceTarget]:
    """What KUBE-SERVICES of the nat table says of lookups."""
    taken: set[tuple[Address, str]] = set()
    for number, line in table.chains.get("KUBE-SERVICES", ()):
        asked = _asked(line)
        step = read((number, line)) if asked else Step(Evidence(path, number, ""))
        if asked is None or not step.chains or asked in taken:
            continue
        taken.add(asked)
        local = step.chains[0].startswith(("KUBE-SVL-", "KUBE-XLB-"))
        for end in ends(step, table.chains, read, whole=table.closed, known=table.chains):
            yield end.of(asked, local=local)


def _refused(table: Table | None, path: str) -> Iterator[ServiceTarget]:
    """Services without endpoints: the filter table's KUBE-SERVICES rejects them."""
    for number, line in table.chains.get("KUBE-SERVICES", ()) if table else ():
        asked, words = _asked(line), line.split()
        does = next((does for word, does in _REFUSALS if word in words), None)
        if asked and does:
            yield ServiceTarget(*asked, does, None, local=False, evidence=Evidence(path, number, quote(line)))


def _untracked(tables: dict[str, Table], path: str) -> Iterator[ServiceTarget]:
    """Lookups that NodeLocal DNSCache keeps from being translated."""
    raw = tables.get("ip raw")
    for number, line in raw.chains.get("PREROUTING", ()) if raw else ():
        asked = _asked(line)
        if asked and "notrack" in line.lower():
            evidence = Evidence(path, number, quote(line))
            yield ServiceTarget(*asked, Does.UNTRACKED, None, local=False, evidence=evidence)


def _asked(line: str) -> tuple[Address, str] | None:
    found = _NAT_ENTRY.search(f"{line} ")
    address = address_in(found[1]) if found else None
    return (address, _PROTOCOLS[found[2]]) if found and address else None


# --- rules -----------------------------------------------------------------------------------------------------------


def _step(line: Line, path: str, cut: int | None) -> Step:
    """One rule; of a line that may go on, what is left need not be all."""
    number, text = line
    evidence = Evidence(path, number, quote(text))
    translation = _DNAT.search(text)
    if translation:
        # A map of endpoints has number : address . port; what stands before it is no address.
        targets = tuple(_led_to(translation["to"]))
        before = _REMEMBERS.sub("", text[: translation.start()])
        does = None if targets and number != cut else Does.NOT_SHOWN
        return Step(evidence, targets=targets, does=does, always=_PLAIN.match(before) is not None)
    jumps = tuple(chain for chain in _JUMPS.findall(text) if chain.startswith(_OF_SERVICES))
    if not jumps:
        return Step(evidence) if _GOES_ON.search(text) else Step(evidence, does=Does.NOT_SHOWN, always=True)
    verdict = _NUMBERED.search(text) or _JUMPS.search(text)
    return Step(
        evidence, chains=jumps, always=verdict is not None and _PLAIN.match(text[: verdict.start()]) is not None
    )


def _led_to(words: str) -> Iterator[Target]:
    """The addresses behind `dnat to`; without a port the packet keeps its own (nft(8))."""
    pairs = _PAIR.findall(words)
    targets = (target_in(f"{ip}:{port}", is_cut=False) for ip, port in pairs)
    alone = target_in(words.strip(), is_cut=False, portless=DNS_PORT)
    yield from filter(None, targets if pairs else (alone,))


PARSER = Parser("nft-ruleset", recognizes, parse, rank=31)
