"""One entry of the kernel's IPv4 table as `/proc/net/route` has it, and `route -n` after it.

The source is fib_route_seq_show() in net/ipv4/fib_trie.c: the main table alone; of several next hops the first; neither
type, protocol, scope nor source address. A route without device is `*`, and without the mark of a refusal it drops
silently. Shared by the parsers of both forms.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, Network, NextHop, RouteFact

NO_DEVICE = frozenset(("*", "-"))


def kernel_route(
    destination: Network, gateway: Address | None, device: str, metric: int, evidence: Evidence, *, refused: bool
) -> RouteFact:
    """The route of one entry. `refused`: the entry has RTF_REJECT, as unreachable and prohibit routes do.

    >>> from ipaddress import ip_network
    >>> line = Evidence("route.txt", 3, "10.244.1.0 0.0.0.0 255.255.255.192 U 0 0 0 *")
    >>> kernel_route(ip_network("10.244.1.0/26"), None, "*", 0, line, refused=False).type
    'blackhole'
    """
    lost = refused or device in NO_DEVICE
    kind = "unreachable" if refused else "blackhole" if lost else "unicast"
    hops = () if lost else (NextHop(gateway, device, (), 1),)
    return RouteFact(destination.version, "main", kind, destination, hops, None, None, None, metric, evidence)


def masked(address: int, mask: int) -> IPv4Network | None:
    """The network of an address and a mask; None where the mask has holes or the address has bits outside of it.

    >>> masked(0x0A000100, 0xFFFFFF00), masked(0x0A000101, 0xFFFFFF00), masked(0, 0x00FFFFFF)
    (IPv4Network('10.0.1.0/24'), None, None)
    """
    free = mask ^ 0xFFFFFFFF
    if free & (free + 1) or address & free:
        return None
    return IPv4Network((address, 32 - free.bit_length()))


def mask_length(mask: IPv4Address) -> int | None:
    """The prefix length of a dotted mask.

    >>> mask_length(IPv4Address("255.255.255.192")), mask_length(IPv4Address("255.0.255.0"))
    (26, None)
    """
    found = masked(0, int(mask))
    return found.prefixlen if found else None
