"""CB103: the stored Calico address is on none of the node's interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, Check, CheckInfo, Context, Finding
from calico_bundle.names import node_subject

if TYPE_CHECKING:
    from calico_bundle.addresses import AddressVerdict

INFO = CheckInfo(
    code="CB103",
    name="address-not-on-node",
    severity=ERROR,
    means="The address that Calico stores for the node is on none of the node's interfaces.",
    finds="The annotation projectcalico.org/IPv4Address names an address that `ip addr` of the node does not list.",
    matters=(
        "BIRD cannot open a session from an address the machine does not have, peers send to an address where nobody "
        "answers, and tunnels are sent from nowhere. It happens when a node's address changed and Calico kept the old "
        "one (IP unset or `none`), when somebody wrote the address by hand, or when detection failed."
    ),
    proves=(
        "The annotation, and the node's `ip addr` without that address; in the log `Unable to confirm IPv4 address`."
    ),
    fix=(
        "Let calico-node detect again (IP=autodetect with a method that fits) and restart it on the node, or correct "
        "the stored address by hand where detection is off."
    ),
    limits="Needs the node's `ip addr`. An address added after the bundle was taken would look the same.",
)


def lacks(context: Context) -> str | None:
    """A stored address and the node's own list of addresses."""
    nodes = context.cluster.nodes.values()
    if any(n.bgp_address and n.addresses is not None for n in nodes):
        return None
    return "for no node are both its Calico address and its `ip addr` in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node."""
    from calico_bundle.addresses import AddressStatus, blamed

    return [_finding(context, v) for v in blamed(context.addresses, AddressStatus.NOT_ON_NODE)]


def _finding(context: Context, verdict: AddressVerdict) -> Finding:
    from calico_bundle.impact import impact_of, node_names, pairs_of, pod_names
    from calico_bundle.remedies import address_fix

    node = context.cluster.nodes[verdict.node]
    impact = impact_of({verdict.node}, context.paths)
    said = [e.evidence for e in node.log.events("address-not-on-host", "bird-socket-error")]
    listed = [a.evidence for a in node.card_addresses if a.address.ip == verdict.expected]
    should = f"; it should be {verdict.expected} on {verdict.expected_interface}" if verdict.expected else ""
    return Finding(
        INFO.code,
        INFO.name,
        ERROR,
        node_subject(verdict.node),
        f"Calico stores {verdict.stored} for {verdict.node}, which no interface of the node has{should}",
        tuple(dict.fromkeys((*verdict.evidence, *listed, *said[-1:]))),
        paths=impact.paths,
        pods=pod_names(context.paths, impact.groups),
        nodes=node_names(impact.groups),
        fixes=address_fix(context),
        blames=frozenset({verdict.node}),
        pairs=pairs_of(context.cluster, impact.groups, {verdict.node}),
    )


CHECK = Check(INFO, lacks, run)
