"""NodeNetworkState of kubernetes-nmstate: a node's cards and addresses, some of its routes and rules (nmstate.io).

What it leaves out, by its source (nmstate rust/src/lib/nispor/{route,route_rule}.rs; kubernetes-nmstate pkg/state/filter):
routes of the kernel and of routing daemons (BIRD's and Felix's), the three default rules, interfaces of pods. So a route or
a rule that is not in it may well be there. It sorts the interfaces: their order is not the kernel's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from calico_bundle.evidence import GapKind
from calico_bundle.facts import AddressFact, InterfaceFact, NextHop, RouteFact, RuleFact
from calico_bundle.objects.documents import read_objects
from calico_bundle.objects.fields import Fields, Record
from calico_bundle.objects.located import LocatedMap, Problem
from calico_bundle.objects.reading import Reading
from calico_bundle.parsers import Parsed, Parser, Part
from calico_bundle.parsers.ip_text import interface, is_hidden, network, number
from calico_bundle.parsers.remarks import SURROUNDINGS

_KIND = "NodeNetworkState"
_GROUP = "nmstate.io"
_YAML = re.compile(r"(?m)^kind:[ \t]*[\"']?(\w+)")
_JSON = re.compile(r'\s*\{\s*(?:"apiVersion"\s*:\s*"[^"\n]*"\s*,\s*)?"kind"\s*:\s*"(\w+)"')
# kubectl and `oc adm inspect` write a list's keys in the order of the alphabet.
_LIST = re.compile(
    r"""(?x)
    (?:---[ ]*\r?\n)? apiVersion:[^\n]*\n items:[ ]*\r?\n
    [ ]*-[ ]apiVersion:[ ]*nmstate\.io/[^\n]*\n [ ]+kind:[ ]*NodeNetworkState\s
    | \s*\{\s*"apiVersion"\s*:\s*"[^"\n]*"\s*,\s*"items"\s*:\s*\[\s*
      \{\s*"apiVersion"\s*:\s*"nmstate\.io/[^"\n]*"\s*,\s*"kind"\s*:\s*"NodeNetworkState"
    """
)
# nmstate's types of interfaces, as `ip -d` calls them (nmstate rust/src/lib/iface.rs).
_TYPES = {"linux-bridge": "bridge", "mac-vlan": "macvlan", "mac-vtap": "macvtap", "bond": "bond", "vlan": "vlan"}
_SAME_NAMES = ("vxlan", "veth", "vrf", "dummy", "tun", "ipip", "wireguard")
_TYPES |= {name: name for name in _SAME_NAMES}
_NO_CARD = "ovs-bridge"
"""Open vSwitch's own object, with the name of the interface that belongs to it; the kernel has no such card."""
# Insights writes xxxxxxxxxxxxxxxxx (openshift/insights-operator docs/insights-archive-sample).
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5,19}")
_FLAGS = {"up": ("UP",), "down": ("DOWN",)}
"""`down` means that the kernel's UP flag is not set (nmstate rust/src/lib/nispor/base_iface.rs); `ignore` tells nothing."""
_TABLES = {"254": "main", "255": "local", "253": "default", "0": "main"}
_FAMILIES = {"ipv4": 4, "ipv6": 6}
_NOWHERE = ("blackhole", "unreachable", "prohibit")


def recognizes(head: str) -> bool:
    """Whether a text begins with such an object, or with a list of such.

    >>> recognizes("apiVersion: nmstate.io/v1beta1\\nkind: NodeNetworkState\\n"), recognizes("kind: Node\\n")
    (True, False)
    """
    if _KIND not in head:
        return False
    if _LIST.match(head):
        return True
    found = _JSON.match(head) or _YAML.search(head)
    return found is not None and found[1] == _KIND


def parse(text: str, path: str) -> Parsed:
    """Read one node's state, whose name is the owner, or those of several nodes, each a part. Raises nothing.

    >>> text = '''kind: NodeNetworkState
    ... metadata: {name: n1}
    ... status:
    ...   currentState:
    ...     interfaces:
    ...     - {name: eth0, type: ethernet, state: up, ipv4: {address: [{ip: 10.0.0.1, prefix-length: 24}]}}
    ... '''
    >>> card, own = parse(text, "n1.yaml").facts
    >>> card.name, card.state, str(own.address)
    ('eth0', 'UP', '10.0.0.1/24')
    """
    reading = Reading(path, text)
    states: list[LocatedMap] = []
    for found in read_objects(text, lambda _kind: True, SURROUNDINGS):
        if isinstance(found, Problem):
            reading.note(found)
        elif found.kind == _KIND:
            states.append(found.body)
        else:
            message = f"a {found.kind} beside a {_KIND} in one file is not read"
            reading.note(Problem(found.body.line, GapKind.NOT_UNDERSTOOD, message))
    if len(states) == 1:
        return _state(states[0], reading)
    starts = _starts_of_lines(text) if states else {}
    return Parsed((), reading.gaps(), parts=tuple(_parts(states, path, text, starts)))


def _state(body: LocatedMap, reading: Reading) -> Parsed:
    state = Record(reading, _KIND, _GROUP, body).fields()
    facts, owner = tuple(_facts(state, reading)), state.child("metadata").text("name", "name")
    return Parsed(facts, reading.gaps(), owner)


def _parts(states: Iterable[LocatedMap], path: str, text: str, starts: Mapping[int, int]) -> Iterator[Part]:
    for place, body in enumerate(states, start=1):
        reading = Reading(path, text)
        reading.turn_to(text, 1, starts)
        parsed = _state(body, reading)
        yield Part(f"{_KIND} {place}", "nmstate", parsed, parsed.owner)


def _starts_of_lines(text: str) -> dict[int, int]:
    """Where each line begins, so that no reading has to look for it anew."""
    found = {line: match.end() for line, match in enumerate(re.finditer("\n", text), start=2)}
    return {1: 0, **found}


def _facts(state: Fields, reading: Reading) -> Iterator[object]:
    current = state.child("status").child("currentState")
    if "interfaces" not in current:
        reading.note(Problem(state.line("status"), GapKind.COLLECTOR_ERROR, "not collected: it holds no interfaces"))
    for order, card in enumerate(current.children("interfaces")):
        yield from _interface(card, order, reading)
    yield from _each(current.child("routes").children("running"), _route)
    yield from _each(current.child("route-rules").children("config"), _rule)


def _each(found: Iterable[Fields], read: Callable[[Fields], object]) -> Iterator[object]:
    return (fact for fields in found if (fact := read(fields)) is not None)


# --- cards and addresses ----------------------------------------------------------------------------------------------


def _interface(card: Fields, order: int, reading: Reading) -> Iterator[object]:
    name = card.text("name", "interface")
    if name is None:
        if "name" not in card:
            card.wrong("name", "an interface without a name")
        return
    kind, state = card.words("type"), card.words("state")
    if kind == _NO_CARD:
        return
    vxlan = card.child("vxlan")
    yield InterfaceFact(
        order=order,
        index=None,
        name=name,
        flags=_FLAGS.get(state, ()),
        state=state.upper() if state in _FLAGS else None,
        mtu=card.integer("mtu", "mtu"),
        mac=_mac(card, reading),
        master=card.text("controller", "master"),
        kind=_TYPES.get(kind),
        vxlan_local=vxlan.address("local", "vxlan_local"),
        vxlan_device=vxlan.text("base-iface", "vxlan_device"),
        evidence=card.evidence("name"),
    )
    for family in _FAMILIES:
        yield from _each(card.child(family).children("address"), _Address(name).read)
    if state == "ignore" and kind != "veth" and not any(family in card for family in _FAMILIES):
        message = f"not collected: the addresses of {name}, which NetworkManager does not manage"
        reading.note(Problem(card.line("name"), GapKind.COLLECTOR_ERROR, message))


def _mac(card: Fields, reading: Reading) -> str | None:
    text = card.text("mac-address", "mac")
    if text is None or _MAC.fullmatch(text):
        return text and text.lower()
    # The same for every card of every node: taken for a value, it would make one card of all.
    if set(text) <= set("xX:-"):
        reading.note(Problem(card.line("mac-address"), GapKind.REDACTED, "link-layer address hidden by the collector"))
    else:
        card.wrong("mac-address", "a link-layer address was expected")
    return None


@dataclass(frozen=True, slots=True)
class _Address:
    """Reads the addresses of one card."""

    card: str

    def read(self, entry: Fields) -> AddressFact | None:
        """An address with its prefix length; None, with a gap, where it cannot be known."""
        ip, length = entry.text("ip", "address"), entry.text("prefix-length", "address")
        found = interface(f"{ip}/{length}") if ip and length else None
        if found is None:
            _refuse(entry, "ip", "an address with its prefix length was expected")
            return None
        return AddressFact(self.card, found, None, None, (), entry.evidence("ip"))


# --- routes and rules -------------------------------------------------------------------------------------------------


def _route(entry: Fields) -> RouteFact | None:
    destination = network(entry.text("destination", "route") or "")
    gateway, device = entry.address("next-hop-address", "route"), entry.text("next-hop-interface", "route")
    kind, metric = entry.words("route-type") or "unicast", entry.integer("metric", "route")
    leads_nowhere = kind in _NOWHERE
    # A hidden next hop is not "none there": the route would be one of a connected network.
    is_whole = leads_nowhere or (device is not None and (gateway is not None or not entry.words("next-hop-address")))
    if destination is None or not is_whole:
        _refuse(entry, "destination", "a route with destination and next hop was expected")
        return None
    hop = NextHop(None if gateway is None or gateway.is_unspecified else gateway, device, (), 1)
    return RouteFact(
        family=destination.version,
        table=_table(entry),
        type=kind,
        destination=destination,
        next_hops=() if leads_nowhere else (hop,),
        protocol=None,
        scope=None,
        source=entry.address("source", "route"),
        metric=max(metric or 0, 0),
        evidence=entry.evidence("destination"),
    )


def _table(entry: Fields, key: str = "table-id") -> str:
    told = entry.words(key) or "0"
    return _TABLES.get(told, told)


def _rule(entry: Fields) -> RuleFact | None:
    priority = entry.integer("priority", "rule")
    if priority is None:
        _refuse(entry, "priority", "a rule with a priority was expected")
        return None
    source, destination = (network(entry.words(key)) for key in ("ip-from", "ip-to"))
    mark, mask = (number(entry.words(key)) for key in ("fwmark", "fwmask"))
    selectors = {"ip-from": source, "ip-to": destination, "fwmark": mark, "fwmask": mask}
    # What is hidden, or not understood, selects all the same.
    unread = [key for key, value in selectors.items() if value is None and entry.words(key)]
    action, family = entry.words("action"), _FAMILIES.get(entry.words("family"))
    return RuleFact(
        family=family or next((found.version for found in (source, destination) if found), None),
        priority=priority,
        inverted=False,
        source=source,
        destination=destination,
        input_device=entry.text("iif", "rule"),
        output_device=None,
        mark=mark,
        mark_mask=mask,
        other=(*unread, *(key for key in ("suppress-prefix-length",) if key in entry)),
        action=action or "lookup",
        table=None if action else _table(entry, "route-table"),
        evidence=entry.evidence("priority"),
    )


def _refuse(entry: Fields, key: str, what: str) -> None:
    """Note that an entry gives no fact, unless the collector hid it, which is noted already."""
    if not any(is_hidden(entry.words(name)) for name in entry):
        entry.wrong(key, what)


# Asked before the parser of all other objects.
PARSER = Parser("nmstate", recognizes, parse, rank=40)
