"""The nature of a node: all that its records say of itself, and of machines that are no nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from calico_bundle.calico.bgp import recovering
from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import InterfaceFact, RouteFact, RuleFact, ServiceRuleFact
from calico_bundle.facts.listing import words_of
from calico_bundle.facts.route_queries import has_bird_routes
from calico_bundle.network.cards import may_be_in_a_cloud
from calico_bundle.network.forwarding import Forwarding
from calico_bundle.network.likeness.addresses import Key, Roles, marks
from calico_bundle.network.likeness.differences import cable_devices
from calico_bundle.network.likeness.mentions import Mentions
from calico_bundle.network.likeness.tables import THIRD, Tables

# What `network.settings` and `network.wires` read of a kernel's settings.
_SETTINGS = re.compile(r"net\.ipv4\.(?:conf\.(?P<device>.+)\.(?:rp_filter|accept_local)|neigh\.default\.gc_thresh1)")


class Natures:
    """The natures of all nodes of one cluster; equal ones are nodes that only their names and addresses tell apart."""

    def __init__(
        self,
        forwarding: Forwarding,
        roles: Roles,
        tables: Tables,
        mentions: Mentions,
        two_homes: frozenset[str],
    ) -> None:
        self._forwarding, self._two_homes = forwarding, two_homes
        self._roles, self._tables, self._mentions = roles, tables, mentions
        self._is_cable = forwarding.pods.is_workload_device

    @cached_property
    def all_differ(self) -> bool:
        """Whether configuration tells nodes apart by name, label or number: then each is taken for itself."""
        cluster = self._forwarding.cluster
        nodes = cluster.nodes.values()
        configurations = [c.name for c in cluster.bgp_configurations] + [c.name for c in cluster.felix_configurations]
        named = any(name != "default" for name in configurations)
        numbers = {n.kubernetes.as_number for n in nodes if n.kubernetes}
        reflecting = any(n.kubernetes and n.kubernetes.route_reflector_cluster_id for n in nodes)
        return named or reflecting or len(numbers) > 1 or bool(cluster.bgp_peers)

    def of(self, node: ClusterNode) -> Key:
        """A node's nature; its name where nothing else will do."""
        if self.all_differ or self.is_odd(node):
            return (node.name,)
        return (
            node.addresses is None,
            self._roles.all_of(node.name),
            self._kubernetes(node),
            self._interfaces(node),
            self._tables.of_itself(node.name),
            has_bird_routes(node.routes or ()),
            None if node.rules is None else tuple(map(_rule, words_of(node.rules))),
            self._settings(node),
            _service_rules(node),
            tuple((rule.source, rule.destination, rule.ports) for rule in node.port_rules or ()),
            self._mentions.of_others(node.name),
            self._forwarding.wires.forgets(node),
            node.sessions is None,
            recovering(node) is not None,
            node.incomplete,
            node.listed_in_order,
            node.reprogrammed,
            node.moved,
            tuple(map(_plain_route, node.some_routes)),
            self._forwarding.pods.gateway_answers(node.name),
        )

    def is_odd(self, node: ClusterNode) -> bool:
        """Whether its own records lead packets where neither end is, its pods have two homes, or BIRD's table stands in.

        What it says of one node is then nothing to go by for another: each way to and from it is a case of its own.
        """
        own = self._tables.relation(node.name, node.name) or ()
        return (
            node.name in self._two_homes
            or THIRD in own
            or self._tables.by_another(node.name)
            or (node.bgp_routes is not None and node.routes is None)
            or any(map(self._is_about_some, node.some_routes))
            or bool(node.disputed)
        )

    def _is_about_some(self, route: RouteFact) -> bool:
        """Whether a route is about some destinations, or leads to another node of the cluster."""
        gateways = (hop.gateway for hop in route.next_hops if hop.gateway is not None)
        return route.family == 4 and (
            route.destination.prefixlen > 0 or any(int(gateway) in self._roles.held for gateway in gateways)
        )

    def has_uneven_cables(self, node: ClusterNode) -> bool:
        """Whether the kernel's settings are not the same for the cables of all of its pods."""
        settings = node.sysctls or {}
        found = {key: _SETTINGS.fullmatch(key) for key in settings}
        set_for = {match["device"] for match in found.values() if match and match["device"]}
        cables = {device for device in set_for if self._is_cable(device)}
        if not cables:
            return False
        cables |= cable_devices(node.routes or (), self._is_cable)
        cables.update(i.name for i in node.cards if self._is_cable(i.name))
        return any(
            len({fact and fact.value for fact in (settings.get(f"net.ipv4.conf.{c}.{name}") for c in cables)}) > 1
            for name in ("rp_filter", "accept_local")
        )

    @staticmethod
    def _kubernetes(node: ClusterNode) -> Key | None:
        of = node.kubernetes
        return None if of is None else (of.ready, may_be_in_a_cloud(node), bool(of.redacted), bool(of.pod_cidrs))

    def _interfaces(self, node: ClusterNode) -> Key | None:
        if node.interfaces is None:
            return None
        return tuple(self._interface(node, i) for i in node.cards if not self._is_cable(i.name))

    def _interface(self, node: ClusterNode, interface: InterfaceFact) -> Key:
        holders = self._forwarding.wires.cards_with(interface.mac) if interface.mac else ()
        mac = interface.mac if len(holders) > 1 else bool(interface.mac)
        local = interface.vxlan_local
        part = local and (self._roles.of(node.name, local) or str(local))
        up = "UP" in interface.flags
        return (interface.name, up, bool(interface.flags), mac, interface.kind, part, interface.vxlan_device)

    def _settings(self, node: ClusterNode) -> frozenset[tuple[str, str]] | None:
        if node.sysctls is None:
            return None
        return frozenset(_setting(key, fact.value, self._is_cable) for key, fact in node.sysctls.items() if _asked(key))


def _rule(rule: RuleFact) -> Key:
    matched = (rule.source, rule.destination, rule.input_device, rule.output_device, rule.mark, rule.mark_mask)
    return (rule.family, rule.priority, rule.inverted, *matched, rule.other, rule.action, rule.table)


def _plain_route(route: RouteFact) -> Key:
    return (route.family, route.table, route.type, route.destination, route.next_hops, route.metric)


def _asked(key: str) -> bool:
    return _SETTINGS.fullmatch(key) is not None


def _setting(key: str, value: str, is_cable: Callable[[str], bool]) -> tuple[str, str]:
    found = _SETTINGS.fullmatch(key)
    device = found["device"] if found else None
    return (key.replace(device, "*") if device and is_cable(device) else key, value)


def _service_rules(node: ClusterNode) -> Key | None:
    """What kube-proxy's rules say of sources; None where none were recorded."""
    return None if node.service_rules is None else tuple(_service_rule(r) for r in node.service_rules if marks(r))


def _service_rule(rule: ServiceRuleFact) -> Key:
    return (rule.chain, rule.source, rule.source_inverted, rule.destination, rule.jump)
