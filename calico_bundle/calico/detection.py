"""Which address Calico chooses for a node: a replay of its autodetection.

Source: node/pkg/lifecycle/startup/startup.go (configureIPsAndSubnets) and
node/pkg/lifecycle/startup/autodetection/{autodetection_methods,interfaces,filtered,reachaddr}.go. What surprises most:
the interfaces are walked in REVERSE kernel order, and their state is never looked at, so a card that is down can win.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network

from calico_bundle.calico.exclusions import Version, possible_exclusions
from calico_bundle.facts import Address, Interface, Network


class OpenRouteError(Exception):
    """Raised by a `RouteSource` when the bundle leaves open which route is taken; its text says what is missing."""


RouteSource = Callable[[Address], Address | None]
"""The address a node's kernel would send from toward a destination; None when it has no route."""

ANNOTATED_SINCE = (3, 31)
"""The annotation projectcalico.org/Interfaces, which lists cards without their order, is written from here on."""

_LONGEST_PATTERN = 1000
# What Go's RE2 refuses and Python's re accepts: look-around, back references, possessive and atomic groups, \Z.
_NOT_RE2 = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9Z]|\(\?P=|(?<!\\)[*+?}]\+")
# What Go accepts and Python reads otherwise or not at all: POSIX and Unicode classes, flags within, set look-alikes.
_GO_ALONE = re.compile(
    r"\[\[|\[[^\]]*(?:--|&&|\|\||~~)|\\[pPzQC]|\\x\{|\(\?[imsU-]+\)|\(\?[ims-]*U|\(\?<[A-Za-z]|\{,\d"
)
_LEADING_FLAGS = re.compile(r"^\(\?([ims]+)\)(.*)", re.DOTALL)
_SCOPED = r"(?\1:\2)"  # Python takes flags only at the very start of a pattern, or with a scope
# net.ParseCIDR wants a prefix length behind the address.
_CIDR = re.compile(r"[^/\s]+/\d{1,3}")
_BARE_ADDRESS_WIDENED = (3, 18)
# A name of each kind that default exclusions leave out of the annotation projectcalico.org/Interfaces and that can
# have an address (`cali*` and `veth*` are ends of cables, which have none).
_NOT_ANNOTATED = (
    "br-0242ac110002", "cbr0", "cni0", "docker0", "dummy0", "flannel.1", "kube-ipvs0", "lo", "lxcbr0", "nodelocaldns",
    "podman0", "tunl0", "virbr0", "vxlan.calico", "wireguard.cali",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """An interface as autodetection sees it: its name and its addresses in kernel order."""

    name: str
    addresses: tuple[Interface, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """What autodetection looks at on one node.

    `cards` are in kernel order (`ip addr`), None when they were not recorded; `ordered` is False when they come from
    the annotation projectcalico.org/Interfaces: sorted by name, without those that default exclusions leave out.
    `may_have_others` is True where nothing shows whether the Node has more than these `internal_ips`.
    """

    cards: tuple[Card, ...] | None
    internal_ips: tuple[Address, ...] = ()
    route_source: RouteSource | None = None
    ordered: bool = True
    may_have_others: bool = False


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


def choose_address(
    settings: Settings, machine: Machine, stored: Interface | None, *, is_stored_seen: bool = True
) -> Detection:
    """The address a node has after calico-node's next start (or poll, while IP is autodetect).

    The environment wins over the stored value: a literal address as it is, `autodetect` by the method (a failure keeps
    the stored value), `none` and an unset IP keep what is stored; unset with nothing stored means autodetect, for IPv4
    alone. Where `is_stored_seen` is False nothing shows whether an address is stored.
    """
    ip = (settings.ip or "").strip()
    if not is_stored_seen and ip in ("", "none"):
        return Detection(undecided="the address that is stored for the node is not in the bundle, or hidden")
    if ip == "autodetect" or (not ip and stored is None and settings.family == 4):
        found = detect(settings.method or "", machine, settings.version, settings.family)
        return Detection(stored, failure=found.failure) if found.failure and stored else found
    if ip in ("", "none"):
        return Detection(stored, failure=None if stored else "no address is stored, and detection is off")
    return _literal(ip, machine, settings)


def detect(method: str, machine: Machine, version: Version | None = None, family: int = 4) -> Detection:
    """Replay one method string (IP_AUTODETECTION_METHOD) on a node.

    >>> cards = tuple(Card(n, (ip_interface(a),)) for n, a in [("eth0", "10.0.1.12/24"), ("eth1", "192.168.50.12/24")])
    >>> detect("first-found", Machine(cards)).interface
    'eth1'
    """
    name, equals, argument = method.partition("=")
    if method in ("", "first-found"):
        return _with_exclusions(machine, family, version, ())
    if method.startswith("kubernetes-internal-ip"):
        return _internal_ip(machine, family)
    if not equals:
        return _invalid(method)
    if name == "interface":
        return _by_interface(machine, family, _split(argument), ())
    if name == "skip-interface":
        return _with_exclusions(machine, family, version, _split(argument))
    if name == "cidr":
        return _by_cidr(machine, family, _split(argument))
    if name == "can-reach":
        return _can_reach(machine, family, argument)
    return _invalid(method)


def _with_exclusions(machine: Machine, family: int, version: Version | None, more: tuple[str, ...]) -> Detection:
    """By the default list of the version; where that is not known, all lists must come to the same."""
    if version is None and not machine.ordered:
        version = ANNOTATED_SINCE
    found = [_by_interface(machine, family, (), (*patterns, *more)) for patterns in possible_exclusions(version)]
    if all(one == found[0] for one in found):
        return found[0]
    return Detection(undecided="Calico's version is not in the bundle, and which interfaces it passes over decides")


def _invalid(method: str) -> Detection:
    return Detection(failure=f"invalid autodetection method {method!r}: calico-node exits")


def _split(text: str) -> tuple[str, ...]:
    """Lists are split at commas with the blanks around them; blanks at either end of the list stay."""
    return tuple(re.split(r"\s*,\s*", text))


# --- walking the cards ------------------------------------------------------------------------------------------------


def _by_interface(machine: Machine, family: int, include: tuple[str, ...], exclude: tuple[str, ...]) -> Detection:
    wanted, unwanted = _joined(include), _joined(exclude)
    for pattern in (wanted, unwanted):
        if isinstance(pattern, Detection):
            return pattern
    if machine.cards is None:
        return _cards_unknown()
    if not machine.ordered and any(_named(name, wanted, unwanted) for name in _NOT_ANNOTATED):
        return _not_annotated()
    names = [c for c in machine.cards if _named(c.name, wanted, unwanted)]
    return _first(names, family, lambda _: True, ordered=machine.ordered)


def _named(name: str, wanted: re.Pattern[str] | Detection | None, unwanted: re.Pattern[str] | Detection | None) -> bool:
    included = not isinstance(wanted, re.Pattern) or wanted.search(name) is not None
    return included and not (isinstance(unwanted, re.Pattern) and unwanted.search(name))


@lru_cache(64)  # all nodes are asked with the same few
def _joined(patterns: tuple[str, ...]) -> re.Pattern[str] | Detection | None:
    """One pattern for a list, joined as `(a)|(b)`; None for an empty list, how detection ends when there is none."""
    if not patterns:
        return None
    text = "|".join(f"({_LEADING_FLAGS.sub(_SCOPED, p)})" for p in patterns)
    if _NOT_RE2.search(text):
        return _refused()
    if len(text) > _LONGEST_PATTERN or _GO_ALONE.search(text):
        return Detection(undecided="a pattern is not of the kind that this replay reads as Go does")
    try:
        return re.compile(text)
    except re.error:
        return _refused()


def _refused() -> Detection:
    return Detection(failure="a pattern is no regular expression that Go accepts: detection ends with an error")


def _by_cidr(machine: Machine, family: int, items: Sequence[str]) -> Detection:
    """`cidr=` filters addresses and no names: default exclusions do not apply. One bad item ends the detection."""
    networks: list[Network] = []
    for item in items:
        network = _network(item)
        if network is None:
            return Detection(failure=f"{item!r} is no CIDR: detection returns nothing")
        networks.append(network)
    if machine.cards is None:
        return _cards_unknown()
    if not machine.ordered:
        return _not_annotated()
    fitting = [n for n in networks if n.version == family]
    return _first(machine.cards, family, lambda a: any(a in n for n in fitting), ordered=machine.ordered)


def _network(text: str) -> Network | None:
    """A CIDR as net.ParseCIDR reads it: an address alone, or with a netmask, is none."""
    try:
        return ip_network(text, strict=False) if _CIDR.fullmatch(text) else None
    except ValueError:
        return None


def _first(cards: Sequence[Card], family: int, accept: Callable[[Address], bool], *, ordered: bool) -> Detection:
    """The first global unicast address of the last card: cards are walked in reverse, addresses within one are not."""
    if not cards:
        return Detection(failure="no valid host interfaces found")
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


def _not_annotated() -> Detection:
    text = "interfaces that Calico's annotation leaves out may fit too (`ip addr` has them all)"
    return Detection(undecided=text)


# --- the other methods ------------------------------------------------------------------------------------------------


def _internal_ip(machine: Machine, family: int) -> Detection:
    """The first InternalIP of the family, with the prefix of the card that has it; on no card, detection fails."""
    address = next((ip for ip in machine.internal_ips if ip.version == family), None)
    if address is None and machine.may_have_others:
        return Detection(undecided="the node's InternalIP is not in the bundle, or hidden")
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
    try:
        source = machine.route_source(target)
    except OpenRouteError as error:
        return Detection(undecided=str(error))
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
    return Detection(failure=absent) if machine.ordered else _not_annotated()


def _literal(text: str, machine: Machine, settings: Settings) -> Detection:
    """IP set to an address: a bare IPv4 takes the prefix of the card that has it (v3.18), else it is a /32."""
    try:
        address = ip_interface(text)
    except ValueError:
        address = None
    if address is None or address.version != settings.family:
        return Detection(failure=f"IP={text!r} is no IPv{settings.family} address: calico-node exits")
    old = settings.version is not None and settings.version < _BARE_ADDRESS_WIDENED
    if "/" in text or old or settings.family == 6:
        return Detection(address)
    found = _with_prefix(machine, address.ip, absent="")
    return found if found.address else Detection(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None
