"""What the text of a KubeletConfiguration says of DNS: whom pods are to ask, and the cluster's domain.

Source: kubernetes/kubelet config/v1beta1 (KubeletConfiguration, clusterDNS and clusterDomain).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple

from calico_bundle.facts import Address

LARGEST = 1 << 20
# A list of scalars: one per line behind a dash, or in brackets. Nothing else of a KubeletConfiguration has that key.
_BLOCK = re.compile(r"(?m)^clusterDNS:[ \t]*\r?\n((?:[ \t]{0,8}-[ \t]+[^\n]{0,200}\n?){1,16})")
_BRACKETS = re.compile(r'"?\bclusterDNS"?[ \t]*:\s{0,20}\[([^\]\n{]{0,500}(?:\n[^\]\n{]{0,200}){0,16})\]')
_DOMAIN = re.compile(
    r'(?:(?m:^)|"|[{,]\s{0,20})clusterDomain"?[ \t]*:[ \t]*"?([\w.-]{1,253})"?[ \t]*(?=[,}\r\n]|$)', re.ASCII
)
_MENTIONED = re.compile(r'"?\bclusterDNS"?[ \t]*:')
_WORD = re.compile(r"[^\s,\"'-][^\s,\"']*")


class Told(NamedTuple):
    """What it says, each with the number of its line from 1; no addresses (None) where they are not understood."""

    addresses: tuple[Address, ...] | None
    line: int
    domain: str | None
    domain_line: int


def told_by(text: str) -> Told | None:
    r"""What the text of a KubeletConfiguration says of DNS; None where it does not say whom pods ask.

    >>> told_by("clusterDNS:\n- 10.96.0.10\nclusterDomain: cluster.local\n")
    Told(addresses=(IPv4Address('10.96.0.10'),), line=2, domain='cluster.local', domain_line=3)
    """
    text = text[:LARGEST]
    mentions = [found.start() for found in _MENTIONED.finditer(text)]
    if not mentions:
        return None
    found = _BLOCK.search(text) or _BRACKETS.search(text)
    addresses = _addresses(found[1]) if found and len(mentions) == 1 else None
    domains = list(_DOMAIN.finditer(text))
    domain = domains[0] if len(domains) == 1 else None
    line = _line_of(text, mentions[0], addresses)
    if domain is None:
        return Told(addresses, line, None, 0)
    return Told(addresses, line, domain[1].rstrip(".").lower(), text.count("\n", 0, domain.start(1)) + 1)


def _addresses(listed: str) -> tuple[Address, ...] | None:
    """The addresses of a list; None where one of its words is none."""
    try:
        return tuple(ip_address(word) for word in _WORD.findall(listed))
    except ValueError:
        return None


def _line_of(text: str, place: int, addresses: tuple[Address, ...] | None) -> int:
    """The line of the first address; of the key where the list is empty, or not understood."""
    number = text.count("\n", 0, place) + 1
    lines = text.split("\n")
    near = range(number, min(number + 3, len(lines) + 1))
    return next((n for n in near if addresses and str(addresses[0]) in lines[n - 1]), number)
