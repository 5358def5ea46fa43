"""Machines made by hand, and what is detected on them."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from calico_bundle.calico.detection import Card, Detection, Machine


def machine(*cards, internal=(), route_source=None, ordered=True):
    """A machine from `"eth0 10.0.1.12/24 fd00::12/64"`, in kernel order."""
    made = tuple(Card(n, tuple(map(ip_interface, rest))) for n, *rest in (c.split() for c in cards))
    return Machine(made, tuple(map(ip_address, internal)), route_source, ordered)


def chosen(found: Detection):
    """The result as text: `ADDRESS on CARD`, the failure, or `?`."""
    if found.undecided:
        assert found.address is None, "an open question has no answer"
        return "?"
    if found.address is None:
        return found.failure
    return f"{found.address} on {found.interface}"


TWO = machine("lo 127.0.0.1/8 ::1/128", "eth0 10.0.1.12/24 fd00:1::12/64", "eth1 192.168.50.12/24 fd00:2::12/64")
STORED = ip_interface("10.0.1.99/24")
STORED_6 = ip_interface("fd00:9::9/64")
NOTHING = machine("lo 127.0.0.1/8")
NONE_STORED = "no address is stored, and detection is off"
