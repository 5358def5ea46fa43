"""Which address Calico chooses for a node: a replay of its autodetection.

Source: node/pkg/lifecycle/startup/startup.go (configureIPsAndSubnets) and
node/pkg/lifecycle/startup/autodetection/{autodetection_methods,interfaces,filtered,reachaddr}.go. What surprises most: the
interfaces are walked in REVERSE kernel order, and their state is never looked at, so a card that is down can win.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network

from calico_bundle.calico.exclusions import Version, default_exclusions
from calico_bundle.facts import Address, Interface, Network

RouteSource = Callable[[Address], Address | None]
"""The address a node's kernel would send from toward a destination; None when it has no route."""

_LONGEST_PATTERN = 1000
# What Go's RE2 refuses and Python's re accepts: look-around, back references, possessive and atomic groups.
_NOT_RE2 = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9]|\(\?P=|[*+?}]\+")


@dataclass(frozen=True, slots=True)
class Card:
    """An interface as autodetection sees it: its name and its addresses in kernel order."""

    name: str
    addresses: tuple[Interface, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """What autodetection looks at on one node.

    `cards` are in kernel order (`ip addr`), None when they were not recorded; `ordered` is False when their order is not
    known (the annotation projectcalico.org/Interfaces is sorted by name).
    """

    cards: tuple[Card, ...] | None
    internal_ips: tuple[Address, ...] = ()
    route_source: RouteSource | None = None
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Detection:
    """What a method chooses: an address with its prefix and card, or a failure, or an open question."""

    address: Interface | None = None
    interface: str | None = None
    failure: str | None = None
    undecided: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """calico-node's environment for one family: IP (None: unset), IP_AUTODETECTION_METHOD, and the version."""

    ip: str | None
    method: str | None
    version: Version | None = None
    family: int = 4


def choose_address(settings: Settings, machine: Machine, stored: Interface | None) -> Detection:
    """The address a node has after calico-node's next start (or poll, while IP is autodetect).

    The environment wins over the stored value: a literal address as it is, `autodetect` by the method (a failure keeps the
    stored value), `none` and an unset IP keep what is stored; unset with nothing stored means autodetect, for IPv4 alone.
    """
    ip = (settings.ip or "").strip()
    if ip == "autodetect" or (not ip and stored is None and settings.family == 4):
        found = detect(settings.method or "", machine, settings.version, settings.family)
        return Detection(stored, failure=found.failure) if found.failure and stored else found
    if ip in ("", "none"):
        return Detection(stored, failure=None if stored else "no address is stored, and detection is off")
    return _literal(ip, machine, settings.family)


def detect(method: str, machine: Machine, version: Version | None = None, family: int = 4) -> Detection:
    """Replay one method string (IP_AUTODETECTION_METHOD) on a node.

    >>> cards = tuple(Card(n, (ip_interface(a),)) for n, a in [("eth0", "10.0.1.12/24"), ("eth1", "192.168.50.12/24")])
    >>> detect("first-found", Machine(cards)).interface
    'eth1'
    """
    name, _, argument = method.partition("=")
    if method in ("", "first-found"):
        return _by_interface(machine, family, (), default_exclusions(version))
    if method.startswith("kubernetes-internal-ip"):
        return _internal_ip(machine, family)
    if name == "interface":
        return _by_interface(machine, family, _split(argument), ())
    if name == "skip-interface":
        return _by_interface(machine, family, (), (*default_exclusions(version), *_split(argument)))
    if name == "cidr":
        return _by_cidr(machine, family, _split(argument))
    if name == "can-reach":
        return _can_reach(machine, family, argument)
    return Detection(failure=f"invalid autodetection method {method!r}: calico-node exits")


def _split(text: str) -> tuple[str, ...]:
    """Lists are split at commas with the blanks around them."""
    return tuple(re.split(r"\s*,\s*", text.strip()))


# --- walking the cards ------------------------------------------------------------------------------------------------


def _by_interface(machine: Machine, family: int, include: Sequence[str], exclude: Sequence[str]) -> Detection:
    patterns = (_joined(include), _joined(exclude))
    if any(p is False for p in patterns):
        return Detection(failure="a pattern is no regular expression that Go accepts: detection ends with an error")
    if machine.cards is None:
        return _cards_unknown()
    wanted, unwanted = patterns
    names = [c for c in machine.cards if _named(c.name, wanted, unwanted)]
    if not names:
        return Detection(failure="no valid host interfaces found")
    return _first(names, family, lambda _: True, ordered=machine.ordered)


def _named(name: str, wanted: re.Pattern[str] | bool | None, unwanted: re.Pattern[str] | bool | None) -> bool:
    included = not isinstance(wanted, re.Pattern) or wanted.search(name) is not None
    return included and not (isinstance(unwanted, re.Pattern) and unwanted.search(name))


def _joined(patterns: Sequence[str]) -> re.Pattern[str] | bool | None:
    """One pattern for a list, joined as `(a)|(b)`; None for an empty list, False for what Go would refuse."""
    if not patterns:
        return None
    text = "|".join(f"({p})" for p in patterns)
    if len(text) > _LONGEST_PATTERN or _NOT_RE2.search(text):
        return False
    try:
        return re.compile(text)
    except re.error:
        return False


def _by_cidr(machine: Machine, family: int, items: Sequence[str]) -> Detection:
    """`cidr=` filters addresses and no names: default exclusions do not apply. One bad item ends the detection."""
    networks: list[Network] = []
    for item in items:
        try:
            networks.append(ip_network(item, strict=False))
        except ValueError:
            return Detection(failure=f"{item!r} is no CIDR: detection returns nothing")
    if machine.cards is None:
        return _cards_unknown()
    fitting = [n for n in networks if n.version == family]
    return _first(machine.cards, family, lambda a: any(a in n for n in fitting), ordered=machine.ordered)


def _first(cards: Sequence[Card], family: int, accept: Callable[[Address], bool], *, ordered: bool) -> Detection:
    """The first global unicast address of the last card: cards are walked in reverse, addresses within one are not."""
    found = list(_candidates(cards, family, accept))
    if not found:
        return Detection(failure=f"no valid IPv{family} addresses found on the host interfaces")
    if not ordered and len({name for name, _ in found}) > 1:
        return Detection(undecided="several cards fit, and their kernel order is not in the bundle (`ip addr` has it)")
    name, address = found[0]
    return Detection(address, name)


def _candidates(
    cards: Sequence[Card], family: int, accept: Callable[[Address], bool]
) -> Iterator[tuple[str, Interface]]:
    for card in reversed(cards):
        for address in card.addresses:
            if address.version == family and is_global_unicast(address.ip) and accept(address.ip):
                yield card.name, address


def is_global_unicast(address: Address) -> bool:
    """Go's IP.IsGlobalUnicast: private and shared addresses count, loopback, link-local and multicast do not.

    >>> is_global_unicast(ip_address("10.0.0.1")), is_global_unicast(ip_address("169.254.7.1"))
    (True, False)
    """
    if address == IPv4Address("255.255.255.255"):
        return False
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local)


def _cards_unknown() -> Detection:
    return Detection(undecided="the node's interfaces (`ip addr`) are not in the bundle")


# --- the other methods ---------------------------------------------------------------------------------------------------


def _internal_ip(machine: Machine, family: int) -> Detection:
    """The first InternalIP of the family, with the prefix of the card that has it; on no card, detection fails."""
    address = next((ip for ip in machine.internal_ips if ip.version == family), None)
    if address is None:
        return Detection(failure=f"the Node has no InternalIP of IPv{family}")
    return _with_prefix(machine, address, absent=f"the InternalIP {address} is on none of the node's interfaces")


def _can_reach(machine: Machine, family: int, host: str) -> Detection:
    """The source address that the kernel takes toward a host, looked up on all cards without any filter."""
    target = _parsed(host)
    if target is None:
        return Detection(undecided=f"whether and how the node resolves {host!r} is not in the bundle")
    if target.version != family:
        return Detection(failure=f"{host} is no IPv{family} address")
    if machine.route_source is None:
        return Detection(undecided="the node's routes (`ip route`) are not in the bundle")
    source = machine.route_source(target)
    if source is None:
        return Detection(failure=f"no route to {host}")
    return _with_prefix(machine, source, absent=f"the source address {source} toward {host} is on no interface")


def _with_prefix(machine: Machine, address: Address, *, absent: str) -> Detection:
    if machine.cards is None:
        # The prefix stays open; the address does not hang on it.
        return Detection(ip_interface(address))
    for card in machine.cards:
        for held in card.addresses:
            if held.ip == address:
                return Detection(held if machine.ordered else ip_interface(address), card.name)
    return Detection(failure=absent)


def _literal(text: str, machine: Machine, family: int) -> Detection:
    """IP set to an address: a bare IPv4 takes the prefix of the card that has it (v3.18), else it is a /32."""
    try:
        address = ip_interface(text)
    except ValueError:
        return Detection(failure=f"IP={text!r} is no address: calico-node exits")
    if "/" in text or family == 6:
        return Detection(address)
    found = _with_prefix(machine, address.ip, absent="")
    return found if found.address else Detection(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None
