"""The types that columns have."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from calico_bundle.evidence import Evidence

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network
Cited = Mapping[str, Evidence]
"""The line of each field that a finding may want to quote on its own: field name to evidence."""
