"""CB101: a node's Calico address is one its peers cannot use, while another address of the node would work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, WARNING, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import node_subject

if TYPE_CHECKING:
    from calico_bundle.addresses import AddressVerdict
    from calico_bundle.evidence import Evidence
    from calico_bundle.impact import Impact

INFO = CheckInfo(
    code="CB101",
    name="wrong-bgp-source-ip",
    severity=ERROR,
    means=(
        "Calico chose an address for the node that its peers cannot use, while another address of the node would work."
    ),
    finds=(
        "The address in the node's annotation projectcalico.org/IPv4Address is not the node's InternalIP, pod traffic "
        "between the node and a peer is lost, and the peer shows that it cannot use the address: packets to or from it "
        "do not arrive, the BGP session is not established, or no route was learned. It may be the InternalIP too, where "
        "no other node is in that network, packets to or from it are lost, and another card's address gets through to "
        "the same peers; CB107 stands beside it then."
    ),
    matters=(
        "Calico uses this address as the source of its BGP sessions, as the next hop of the node's pod routes, and as "
        "the outer address of its tunnels. With a wrong one, pods on this node and pods elsewhere cannot reach each "
        "other. When CoreDNS runs on the node, every pod on other nodes loses DNS. Nodes stay Ready and reach each "
        "other, because that traffic takes the node's ordinary routes and not Calico's."
    ),
    proves=(
        "The annotation and the InternalIP, the two cards in `ip addr`, the line in calico-node's log that says which "
        "card was chosen, the readiness events of calico-node, the peers' routes and sessions."
    ),
    fix=(
        "Tell Calico how to choose: kubernetes-internal-ip fits where the InternalIP is right, else can-reach, cidr or "
        "interface. With the operator through the Installation, with a manifest through the environment of the calico-node "
        "DaemonSet. calico-node chooses again when it restarts, and with IP=autodetect once a minute."
    ),
    limits=(
        "The InternalIP is taken to be the node's right address unless packets show otherwise. Where neither the routes of "
        "the node nor those of a peer were collected, nothing shows whether peers can use the address, and "
        "this check stays silent. It is a warning where every path to DNS is decided and none is lost, as where kube-proxy "
        "masquerades all lookups: what other traffic of pods is lost is not counted."
    ),
)


def lacks(context: Context) -> str | None:
    """Without a stored address there is nothing to judge."""
    if any(v.stored for v in context.addresses.values()):
        return None
    return "no node's Calico address (annotation projectcalico.org/IPv4Address) is in the bundle"


def run(context: Context) -> list[Finding]:
    """One finding per node with a wrong address."""
    from calico_bundle.addresses import AddressStatus, blamed
    from calico_bundle.remedies import address_fix

    wrong = blamed(context.addresses, AddressStatus.WRONG)
    fixes = address_fix(context) if wrong else ()
    return [_finding(context, verdict, fixes) for verdict in wrong]


def _finding(context: Context, verdict: AddressVerdict, fixes: tuple[Fix, ...]) -> Finding:
    from calico_bundle.impact import impact_of, node_names, pairs_of, pod_names

    impact = impact_of({verdict.node}, context.paths)
    spared = not impact.paths and _all_reach(context)
    return Finding(
        INFO.code,
        INFO.name,
        # Masqueraded lookups need no route to pods: all else between pods is lost, and no path to DNS.
        WARNING if spared else ERROR,
        node_subject(verdict.node),
        _message(verdict),
        _evidence(context, verdict, impact),
        paths=impact.paths,
        pods=pod_names(context.paths, impact.groups),
        nodes=node_names(impact.groups),
        fixes=fixes,
        blames=frozenset({verdict.node}),
        pairs=pairs_of(context.cluster, impact.groups, {verdict.node}),
    )


def _all_reach(context: Context) -> bool:
    """Whether every path is decided, and none of them fails."""
    from calico_bundle.paths import Verdict

    counts = context.paths.counts
    others = (Verdict.BROKEN, Verdict.DEGRADED, Verdict.UNKNOWN)
    return bool(counts[Verdict.REACHES]) and not any(counts[verdict] for verdict in others)


def _message(verdict: AddressVerdict) -> str:
    on = f" on {verdict.interface}" if verdict.interface else ""
    should = f" on {verdict.expected_interface}" if verdict.expected_interface else ""
    text = f"Calico on {verdict.node} uses {verdict.stored}{on}, which its peers cannot use"
    return f"{text}; it should be {verdict.expected}{should}"


def _evidence(context: Context, verdict: AddressVerdict, impact: Impact) -> tuple[Evidence, ...]:
    """Address choice first, then how calico-node's probes and peers show it, then the routes that failing packets take."""
    from calico_bundle.calico.readiness import events_about
    from calico_bundle.impact import first_paths

    probes = events_about(context.cluster, context.cluster.nodes[verdict.node])[:3]
    trials = [e for t in verdict.trials[:3] for e in t.evidence]
    failing = first_paths(context.paths, impact.groups, 3)
    causes = [
        e for path in failing for fate in path.group.lost_fates for e in (fate.cause.evidence if fate.cause else ())
    ]
    return tuple(dict.fromkeys((*verdict.evidence, *probes, *trials, *causes, *context.choices.installation.evidence)))


CHECK = Check(INFO, lacks, run)
