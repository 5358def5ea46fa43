"""A check of our own, in one file: run it as `python several_cards.py BUNDLE`."""

import sys
from typing import Any

import calico_bundle as cb

ABOUT = cb.CheckInfo(
    code="SHOP1",
    name="several-cards",
    severity="info",
    means="The node has IPv4 addresses on more than one card, so address detection has a choice.",
)
NOT_CARDS = ("cali", "tunl", "vxlan", "docker", "lo")


def lacks(context: cb.Context) -> str | None:
    """Why the check cannot be made; None: it can."""
    if all(node.addresses is None for node in context.cluster.nodes.values()):
        return "no node's addresses (ip addr) are in the bundle"
    return None


def run(context: cb.Context) -> list[cb.Finding]:
    """One finding per node with two cards or more, with the lines that say so."""
    return [finding for node in context.cluster.nodes.values() if (finding := look_at(node))]


def look_at(node: Any) -> cb.Finding | None:
    """What is to be said of one node; `node.addresses` is None where they were not collected."""
    found = [a for a in node.addresses or () if a.address.version == 4 and a.scope == "global"]
    found = [a for a in found if not a.interface.startswith(NOT_CARDS)]
    if len({a.interface for a in found}) < 2:
        return None
    cards = ", ".join(f"{a.interface} ({a.address.ip})" for a in found)
    return cb.Finding(
        ABOUT.code,
        ABOUT.name,
        ABOUT.severity,
        subject=f"node/{node.name}",
        message=f"{node.name} has addresses on several cards: {cards}",
        evidence=tuple(a.evidence for a in found),
        nodes=(node.name,),
    )


CHECK = cb.Check(ABOUT, lacks, run)

if __name__ == "__main__":
    print(cb.analyze(sys.argv[1]).check(CHECK))
