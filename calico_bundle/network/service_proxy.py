"""What kube-proxy's rules do to a node's own packets to the DNS service: masquerade them, or not.

Source: Kubernetes pkg/proxy/iptables/proxier.go: packets to a service from outside the cluster's pod network
(`! -s CIDR`), or all of them with masqueradeAll, jump to KUBE-MARK-MASQ and get the address of the device they leave
by.
"""

from __future__ import annotations

from collections.abc import Sequence

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import Address, ServiceRuleFact

_MARK = "KUBE-MARK-MASQ"
_SERVICES = "KUBE-SERVICES"
_IPV4 = 4


def masquerades(node: ClusterNode, service: Address, source: Address) -> bool | None:
    """Whether kube-proxy masquerades a packet from `source` to a service address; None where no rules were recorded.

    >>> from ipaddress import ip_address
    >>> masquerades(ClusterNode("n1"), ip_address("10.96.0.10"), ip_address("10.0.0.1")) is None
    True
    """
    rules = node.service_rules or ()
    entry = [r for r in rules if r.chain == _SERVICES and r.destination and service in r.destination]
    if not entry:
        return None
    chains = {r.jump for r in entry if r.jump}
    marking = [r for r in rules if r.jump == _MARK and (r in entry or r.chain in chains)]
    return _any_applies(marking, service, source)


def leading_to(node: ClusterNode, endpoint: Address) -> ServiceRuleFact | None:
    """The rule of kube-proxy that translates the service address to an endpoint; None where none was recorded.

    >>> from ipaddress import ip_address
    >>> leading_to(ClusterNode("n1"), ip_address("10.244.2.2")) is None
    True
    """
    rules = (r for r in node.service_rules or () if r.to_destination)
    named = str(endpoint) if endpoint.version == _IPV4 else f"[{endpoint}]"
    return next((r for r in rules if r.to_destination == named or str(r.to_destination).startswith(f"{named}:")), None)


def _any_applies(rules: Sequence[ServiceRuleFact], service: Address, source: Address) -> bool:
    for rule in rules:
        to_it = rule.destination is None or service in rule.destination
        from_it = rule.source is None or ((source in rule.source) != rule.source_inverted)
        if to_it and from_it:
            return True
    return False
