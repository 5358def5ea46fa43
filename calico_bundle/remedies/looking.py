"""Where no fix can be tried: what to look at on the node where packets are lost, what mends it then, and why none is safe.

A bundle shows that a route is not there, and seldom who should have written it; which address or network is free, it never
shows. Nothing here changes anything: a command that did would be a guess.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from calico_bundle.cluster import ClusterNode
from calico_bundle.collecting import Commands
from calico_bundle.facts import AddressFact
from calico_bundle.findings import Context, Fix
from calico_bundle.network.ends import has_default_route, own_rules
from calico_bundle.network.outcome import Cause, Settles
from calico_bundle.remedies.elsewhere import see_which

_ONLY_LOOKS = "Looking interrupts nothing, and nothing is changed."
_ROUTES = "ip rule; ip route show table all"
_OTHER_TABLE = re.compile(r"\btable (?!main\b|254\b|local\b|255\b)", re.ASCII)
_BIRD = "birdcl -s /var/run/calico/bird.ctl show protocols"


def see_default_route(context: Context, node: str) -> tuple[Fix, ...]:
    """See what took a node's default route, so that the system's own configuration gets it back."""
    known = context.cluster.nodes.get(node)
    if known and has_default_route(known) and own_rules(known):
        return _see_rule(node)
    title = f"give {node} its default route again, where its network is configured (netplan, NetworkManager, networkd, ifcfg)"
    on = f"# on {shlex.quote(node)}"
    looks = (f"ip route show default; ip rule  {on}", f"networkctl status --no-pager || nmcli device show  {on}")
    return (_looked_at(title, looks, "which gateway is the right one is not in the bundle"),)


def see_route(context: Context, node: str, cause: Cause) -> tuple[Fix, ...]:
    """See who should have written a route: BIRD, Felix, or the system; each has its own word for why it did not."""
    if any(_OTHER_TABLE.search(line.text) for line in cause.evidence):
        return _see_rule(node)
    gets = (f"ip route get {cause.toward}",) if cause.toward else ()
    looks = Commands(context.cluster).lines([Settles((*gets, _ROUTES, _BIRD), node)])
    logs = f"kubectl logs -n {_namespace(context)} -l k8s-app=calico-node -c calico-node --tail=500 --prefix"
    title = f"see who should have written the route on {node} (BIRD, Felix or the system), and what they say of it"
    return (_looked_at(title, (*looks, logs), "why the route is not there is not in the bundle"),)


def _see_rule(node: str) -> tuple[Fix, ...]:
    title = (
        f"have the table that a rule of {node} (ip rule) sends these packets to lead on as main does, or drop the rule"
    )
    looks = (f"{_ROUTES}  # on {shlex.quote(node)}",)
    return (_looked_at(title, looks, "what the rule is for is not in the bundle"),)


def see_next_hop(context: Context, node: str, cause: Cause) -> tuple[Fix, ...]:
    """See where packets go that a learned route sends nowhere, with pools that are encapsulated or nodes of one network."""
    gets = (f"ip route get {cause.toward}",) if cause.toward else ()
    looks = Commands(context.cluster).lines([Settles((*gets, "ip neigh", _ROUTES), node)])
    title = f"see by which next hop {node} sends these packets; encapsulation would not keep them from it"
    return (_looked_at(title, looks, "what stands at the next hop is not in the bundle"),)


def see_far_end(context: Context, node: ClusterNode, others: Iterable[str]) -> tuple[Fix, ...]:
    """Ping some nodes from each address of the one that a tunnel leads to: the answers show which Calico should have."""
    nodes = context.cluster.nodes
    stored = node.bgp_address
    peer = next((held.ip for name in others if name in nodes and (held := nodes[name].bgp_address)), None)
    if stored is None or peer is None:
        return ()
    addresses = [stored.ip, *(card.address.ip for card in other_cards(context, node))]
    return see_which(node, addresses, peer)


def other_cards(context: Context, node: ClusterNode) -> Sequence[AddressFact]:
    """The addresses of a node's cards that are not Calico's address; tunnels and cables of pods are no cards."""
    stored = node.bgp_address.ip if node.bgp_address else None
    cards = context.paths.forwarding.pods.own_networks(node.name)
    return [card for card in cards if card.address.version == 4 and card.address.ip != stored]


def see_card_in_the_way(node: str, cause: Cause) -> tuple[Fix, ...]:
    """See the card whose network takes the pods' packets; it or the pods need another network."""
    on = f"# on {shlex.quote(node)}"
    looks = (
        f"ip route get {cause.toward}  {on}",
        f"ip -4 addr  {on}",
        "kubectl get ippools.crd.projectcalico.org -o yaml",
    )
    title = f"give the card of {node} another network, or move the pods to a pool that overlaps with nothing"
    return (
        _looked_at(
            title, looks, "which network is free is not in the bundle, and pods keep their addresses until made anew"
        ),
    )


def _looked_at(title: str, looks: tuple[str, ...], why: str) -> Fix:
    return Fix(title, looks, _ONLY_LOOKS, tried=f"no: {why}")


def _namespace(context: Context) -> str:
    return shlex.quote(context.choices.installation.namespace or "kube-system")
