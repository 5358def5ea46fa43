"""A node's NodeNetworkState (nmstate.io), from its recorded `ip addr` and `ip route`.

nmstate reports the addresses of all interfaces and, of the routes, those that somebody set (rust/src/lib/nispor); its
operator leaves out unmanaged veths (kubernetes-nmstate pkg/state/filter).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_interface
from typing import Any

from tests.layouts.rendered import Recorded

_HEAD = re.compile(r"\d+: (?P<name>[^:@]+)(?:@\S+)?: <(?P<flags>[^>]*)> mtu (?P<mtu>\d+)")


def network_state(recorded: Recorded, node: str) -> dict[str, Any]:
    """A node's NodeNetworkState: cards sorted by name, pods' cables left out, static routes alone."""
    state = {
        "interfaces": [_interface(card) for card in sorted(_cards_of(recorded, node), key=lambda card: card["name"])],
        "routes": {"config": [], "running": _static_routes_of(recorded, node)},
        "route-rules": {"config": []},
        "dns-resolver": {"config": {}, "running": {"server": ["10.0.1.1"]}},
    }
    return {
        "apiVersion": "nmstate.io/v1beta1",
        "kind": "NodeNetworkState",
        "metadata": {"name": node, "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": node}]},
        "status": {"currentState": state, "lastSuccessfulUpdateTime": "2026-11-22T23:29:08Z"},
    }


def _interface(card: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "name": card["name"],
        "type": "loopback" if card["name"] == "lo" else "ethernet",
        "state": "up" if "UP" in card["flags"] else "down",
        "mac-address": card["mac"].upper(),
        "mtu": card["mtu"],
    }
    for family, version in (("ipv4", 4), ("ipv6", 6)):
        held = [
            {"ip": str(a.ip), "prefix-length": a.network.prefixlen} for a in card["addresses"] if a.version == version
        ]
        shown[family] = {"enabled": bool(held), "address": held, "dhcp": False} if held else {"enabled": False}
    return shown


def _cards_of(recorded: Recorded, node: str) -> list[dict[str, Any]]:
    """The cards of a node with their addresses, in the order of `ip addr`, without the host ends of pods' cables."""
    return [card for card in _cards(recorded.output(node, "ip-addr")) if not card["name"].startswith("cali")]


def _cards(text: str) -> Iterator[dict[str, Any]]:
    card: dict[str, Any] | None = None
    for line in text.splitlines():
        if head := _HEAD.match(line):
            if card:
                yield card
            flags = head["flags"].split(",")
            card = {"name": head["name"], "flags": flags, "mtu": int(head["mtu"]), "mac": "", "addresses": []}
        elif card and (words := line.split()):
            if words[0].startswith("link/"):
                card["mac"] = words[1]
            elif words[0] in ("inet", "inet6"):
                card["addresses"].append(ip_interface(words[1]))
    if card:
        yield card


def _static_routes_of(recorded: Recorded, node: str) -> list[dict[str, Any]]:
    """The routes of `proto static` and `proto boot`, as nmstate writes them; no others are reported (its route.rs)."""
    found = []
    for line in recorded.output(node, "ip-route").splitlines():
        words = dict(zip(line.split()[1::2], line.split()[2::2], strict=False))
        if words.get("proto") in ("static", "boot", "dhcp") and "via" in words:
            found.append({
                "destination": line.split()[0].replace("default", "0.0.0.0/0"),
                "next-hop-interface": words["dev"],
                "next-hop-address": words["via"],
                "metric": int(words.get("metric", 0)),
                "table-id": 254,
            })  # fmt: skip
    return found
