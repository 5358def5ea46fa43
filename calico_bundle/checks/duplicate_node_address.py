"""CB102: two nodes hold the same Calico address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import node_subject

if TYPE_CHECKING:
    from calico_bundle.addresses import AddressVerdict

INFO = CheckInfo(
    code="CB102",
    name="duplicate-node-address",
    severity=ERROR,
    means=(
        "Two nodes hold the same Calico address; the culprit is the node whose own interfaces or InternalIP disagree."
    ),
    finds="The same address in the annotation projectcalico.org/IPv4Address of two nodes.",
    matters=(
        "BIRD never peers with its own address, so nodes that share one do not peer with each other, and others send "
        "packets for one to the other. calico-node checks for this when its address changes and then exits: the node "
        "that came later crashes, whichever of the two is wrong. Typical are addresses that every machine has: "
        "VirtualBox NAT's 10.0.2.15, a Docker or virbr bridge."
    ),
    proves="Both annotations, the InternalIPs, and the log line `Calico node 'X' is already using the IPv4 address A`.",
    fix="Have Calico choose by kubernetes-internal-ip, or leave the shared card out with skip-interface.",
    limits=(
        "Where both nodes' InternalIPs agree with the address, both are named: nothing in a bundle tells which machine "
        "is the impostor. Addresses that the collector hid are never compared."
    ),
)

_MOST_NAMED = 5


def lacks(context: Context) -> str | None:
    """Two addresses are needed to compare."""
    known = sum(1 for v in context.addresses.values() if v.stored)
    return None if known > 1 else "fewer than two nodes' Calico addresses are in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node at fault."""
    from calico_bundle.addresses import AddressStatus, blamed
    from calico_bundle.remedies import address_fix

    culprits = blamed(context.addresses, AddressStatus.DUPLICATE)
    fixes = address_fix(context) if culprits else ()
    return [_finding(context, verdict, fixes) for verdict in culprits]


def _finding(context: Context, verdict: AddressVerdict, fixes: tuple[Fix, ...]) -> Finding:
    from calico_bundle.impact import impact_of, node_names, pairs_of, pod_names

    impact = impact_of({verdict.node}, context.paths)
    others = [context.addresses[name] for name in verdict.shared_with[:_MOST_NAMED]]
    more = len(verdict.shared_with) - _MOST_NAMED
    others_named = ", ".join(o.node for o in others) + (f" and {more} more" if more > 0 else "")
    do = "does" if len(verdict.shared_with) == 1 else "do"
    should = f"; it should be {verdict.expected}" if verdict.expected else ""
    conflict = [e.evidence for e in context.cluster.nodes[verdict.node].log.events("address-conflict")]
    return Finding(
        INFO.code,
        INFO.name,
        ERROR,
        node_subject(verdict.node),
        f"{verdict.node} holds {verdict.stored} as its Calico address, and so {do} {others_named}{should}",
        tuple(dict.fromkeys((*verdict.evidence, *(e for o in others for e in o.evidence[:1]), *conflict[-1:]))),
        paths=impact.paths,
        pods=pod_names(context.paths, impact.groups),
        nodes=node_names(impact.groups),
        fixes=fixes,
        blames=frozenset({verdict.node}),
        pairs=pairs_of(context.cluster, impact.groups, {verdict.node}),
    )


CHECK = Check(INFO, lacks, run)
