"""Calico's detection, as it is set up, gives a node another address than the one it has, or none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes, left_over

if TYPE_CHECKING:
    from calico_bundle.choices import Choices
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.evidence import Evidence
    from calico_bundle.facts import Address

_WORDS = Words(
    "every node has the address that Calico's detection, as it is set up, gives it",
    "what Calico's detection gives, or which address is stored,",
    ("ip addr",),
    ("kubectl get daemonsets -A -o yaml", "kubectl get nodes -o yaml"),
)


def examine(case: Case) -> Answer | None:
    """Ruled out by a replay that ends at the stored address, on every node."""
    if left_over(case):
        return None
    choices = case.context.choices
    words = replace(_WORDS, clear=f"{_WORDS.clear}{_why(case)}")
    return from_nodes(case, words, lambda node: _shown(choices, node))


def _why(case: Case) -> str:
    """Why the method gives a node at fault the card that it took, in the words of its rule; it is said where that is plain.

    Calico's documentation on first-found; interfaces.go: the cards are walked from the end of the kernel's list.
    """
    choices, nodes = case.context.choices, case.context.cluster.nodes
    if (choices.installation.method) != "first-found":
        return ""
    blamed = sorted({name for finding in case.found("CB101") for name in finding.blames})
    for name in blamed:
        seen, stored = choices.predicted(nodes[name]), nodes[name].bgp_address
        machine = choices.machine(nodes[name])
        if stored and seen.address and seen.address.ip == stored.ip and seen.interface and machine.ordered:
            return (
                f". On {name} it is {seen.interface} because first-found goes through the cards from the end of the "
                f"kernel's list, where a card added later stands, and takes the first usable address"
            )
    return ""


def _shown(choices: Choices, node: ClusterNode) -> Shown:
    replay, stored = choices.predicted(node), node.bgp_address
    method = choices.installation.method or "first-found"
    if replay.failure and choices.detects:
        kept = f"; it keeps {stored.ip}" if stored else ""
        return Shown(
            node.name, f"{method} finds no address on {node.name}: {replay.failure}{kept}", _lines(choices, node)
        )
    if stored is None or replay.address is None:
        return Shown(node.name)
    lines = _lines(choices, node, stored.ip, replay.address.ip)
    if replay.address.ip == stored.ip:
        return Shown(node.name, evidence=lines)
    sign = (
        f"{node.name} has {stored.ip}, and {method} gives it {replay.address.ip}: one of them was set at another time"
    )
    return Shown(node.name, sign, lines)


def _lines(choices: Choices, node: ClusterNode, *addresses: Address) -> tuple[Evidence, ...]:
    """The stored address, the cards with the addresses in question, and where the method is set."""
    stored = [node.kubernetes.cited["bgp_ipv4"]] if node.kubernetes and "bgp_ipv4" in node.kubernetes.cited else []
    cards = [card.evidence for card in node.card_addresses if not addresses or card.address.ip in addresses]
    return tuple(dict.fromkeys((*stored, *cards, *choices.installation.evidence)))


HYPOTHESIS = Hypothesis(
    "address-detection",
    "Does Calico's detection, as it is set up, give a node another address than it has, or none at all?",
    ("CB105", "CB106"),
    "calico/node startup.go: it detects at start, and with IP=autodetect each minute; without an address it does not start",
    examine,
)
