"""Whether a rule matches a packet: protocol, addresses, endpoints, Services and ports, all that is given.

Source: Calico's reference, Network policy: Rule, EntityRule, Ports, Services; Kubernetes' reference: NetworkPolicy.
"""

from __future__ import annotations

from collections.abc import Callable

from calico_bundle.calico.selectors import both
from calico_bundle.facts import Network, PolicyPort, PolicyRule, PolicySide
from calico_bundle.network.policy.packet import End, Packet, either, opposite
from calico_bundle.network.policy.selection import selected

ServiceAddresses = Callable[[str], "tuple[Network, ...] | None"]
"""The addresses behind a Service, by namespace/name; None where they were not collected."""

_NUMBERS = {"6": "TCP", "17": "UDP"}
_FIRST_PORTS, _LAST_PORT = (0, 1), 65_535


class Matching:
    """Matches the rules of policies; knows the addresses behind Services, and which Service is the cluster's DNS."""

    def __init__(self, behind: ServiceAddresses, dns: str | None, protocols: frozenset[str]) -> None:
        self._behind, self._dns, self._protocols = behind, dns, protocols

    def matches(self, rule: PolicyRule, packet: Packet, namespace: str | None) -> bool | None:
        """Whether a rule of a policy with that namespace matches; None where that cannot be told."""
        return both(
            is_for(rule, packet.protocol),
            self._side(rule.source, packet.source, packet.protocol, namespace, is_source=True),
            self._side(rule.destination, packet.destination, packet.protocol, namespace, is_source=False),
            None if rule.unread else True,
        )

    def _side(
        self, side: PolicySide, end: End, protocol: str, namespace: str | None, *, is_source: bool
    ) -> bool | None:
        return both(
            True if side.nets is None else end.within(side.nets),
            opposite(end.within(side.not_nets)) if side.not_nets else True,
            selected(side, end, namespace),
            True if side.service is None else self._behind_service(side.service, end, protocol, is_source=is_source),
            True if side.ports is None else _any_port(side.ports, end, protocol),
            opposite(_any_port(side.not_ports, end, protocol)) if side.not_ports else True,
            None if side.unread else True,
        )

    def _behind_service(self, service: str, end: End, protocol: str, *, is_source: bool) -> bool | None:
        """Whether an end is behind a Service: as a destination with the Service's own ports, as a source with any."""
        behind = self._behind(service)
        if behind is None:
            return None
        inside = end.within(behind)
        if is_source:
            return inside
        if service == self._dns:
            return both(inside, protocol in self._protocols)
        # Which ports another Service has there is not kept.
        return None if inside else inside


def is_for(rule: PolicyRule, protocol: str) -> bool:
    """Whether a rule is for IPv4 packets of a protocol, as far as protocols go."""
    is_it = rule.protocol is None or _protocol(rule.protocol) == protocol
    return (
        is_it
        and rule.ip_version in (None, 4)
        and (rule.not_protocol is None or _protocol(rule.not_protocol) != protocol)
    )


def _protocol(text: str) -> str:
    return _NUMBERS.get(text, text.upper())


def _any_port(ports: tuple[PolicyPort, ...], end: End, protocol: str) -> bool | None:
    found: bool | None = False
    for port in ports:
        found = either(found, _has_port(port, end, protocol))
    return found


def _has_port(port: PolicyPort, end: End, protocol: str) -> bool | None:
    if port.first is None or port.last is None:
        if end.named_ports is None:
            return None
        if end.port is None:
            return None if any(one.startswith(f"{port.name}/") for one in end.named_ports) else False
        return f"{port.name}/{end.port}/{protocol}" in end.named_ports
    if port.first in _FIRST_PORTS and port.last == _LAST_PORT:
        return True
    return None if end.port is None else port.first <= end.port <= port.last
