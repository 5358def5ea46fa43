"""The network between the nodes drops tunnels: IP protocol 4 of IPIP, or UDP 4789 of VXLAN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import MOST_QUOTED, Words, bearing, left_over, on_hosts, unseen
from calico_bundle.hypotheses.tunnels_used import tunnels_used

if TYPE_CHECKING:
    from calico_bundle.cluster import Cluster, ClusterNode
    from calico_bundle.evidence import Evidence

_FILTER = {"tunl0": "ip proto 4", "vxlan.calico": "udp port 4789"}
_AZURE = "azure:"
_WORDS = Words(
    "no pool uses a tunnel",
    "which tunnels the pools use",
    anywhere=("kubectl get ippools.crd.projectcalico.org -o yaml",),
)


def examine(case: Case) -> Answer | None:
    """Told by a node's own rules, by a cloud that is known to drop it, and where no pool uses a tunnel; else never."""
    if left_over(case):
        return None
    cluster = case.context.cluster
    used = tunnels_used(cluster)
    if used.devices is None:
        return unseen(case, _WORDS, ())
    if not used.devices:
        return Answer(Status.RULED_OUT, _WORDS.clear, used.pools[:MOST_QUOTED])
    azure = [node for node in cluster.nodes.values() if _is_azures(node)]
    if rules := _by_rules(case):
        return rules
    if "tunl0" in used.devices and azure:
        return _dropped_by_azure(case, azure[0], used.devices["tunl0"])
    return _to_be_tried(cluster, tuple(used.devices))


def _by_rules(case: Case) -> Answer | None:
    """Recorded rules of the nodes' own filter tables that drop tunnels, or may."""
    from calico_bundle.network.tunnel_filters import kinds_used

    firewalls = case.context.paths.firewalls
    found = [(kind, drop) for kind in kinds_used(case.context.cluster) for drop in firewalls.tunnels_dropped(kind)]
    if not found:
        return None
    found.sort(key=lambda one: not one[1].is_sure)
    (kind, first), quoted = found[0], dict.fromkeys(drop.line for _, drop in found)
    does = "drops" if first.is_sure else "may drop"
    text = f"{first.node}'s own firewall {does} {kind.words}: `{first.line.text}`"
    if not first.is_sure:
        collect = on_hosts({first.node: "sudo iptables-save -c"})
        return Answer(Status.NOT_CHECKABLE, text, tuple(quoted)[:MOST_QUOTED], collect)
    effect = "what other nodes send it by that tunnel is lost, or what it sends"
    return Answer(Status.SUPPORTED, f"{text}. {bearing(case, {first.node}, effect)}", tuple(quoted)[:MOST_QUOTED])


def _is_azures(node: ClusterNode) -> bool:
    return bool(node.kubernetes and (node.kubernetes.provider_id or "").startswith(_AZURE))


def _dropped_by_azure(case: Case, node: ClusterNode, pools: tuple[Evidence, ...]) -> Answer:
    effect = "lookups between nodes fail, wherever they take the tunnel, while sessions and routes look right"
    text = f"a pool uses IPIP, and {node.name} is Azure's, whose network drops IP protocol 4. "
    own = (node.kubernetes.evidence,) if node.kubernetes else ()
    return Answer(Status.SUPPORTED, text + bearing(case, set(case.context.cluster.nodes), effect), (*pools[:2], *own))


def _to_be_tried(cluster: Cluster, devices: tuple[str, ...]) -> Answer:
    kinds = " or ".join(_FILTER[device] for device in devices)
    text = f"whether the network between the nodes carries `{kinds}` shows only while lookups are made: capture on both ends"
    ends = [node.name for node in cluster.nodes.values() if node.bgp_address][:2] or ["NODE"]
    capture = f'sudo timeout 30 tcpdump -ni any "{kinds}"'
    return Answer(Status.NOT_CHECKABLE, text, collect=on_hosts(dict.fromkeys(ends, capture)))


HYPOTHESIS = Hypothesis(
    "tunnel-traffic-blocked",
    "Does a firewall, a cloud or a hypervisor drop Calico's tunnels between the nodes?",
    (),
    "Calico documentation: System requirements (IP protocol 4, UDP 4789); Azure: its network fabric blocks IPIP",
    examine,
)
