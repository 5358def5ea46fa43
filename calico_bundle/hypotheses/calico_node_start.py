"""calico-node does not come up on a node: it crashes, or Felix meets a device that another plugin or setup has left."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Hypothesis
from calico_bundle.hypotheses.node_by_node import Shown, Words, from_nodes, left_over, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calico_bundle.cluster import Cluster, ClusterNode
    from calico_bundle.facts import LogEventFact, PodFact

_AGENTS = ("calico-node", "canal", "rke2-canal")
_STARTED = "calico-started"
_ENDS = {
    "calico-start-failed": "ends before it has started",
    "startup-terminating": "ends before it has started",
    "address-conflict": "ends because another node has its address",
    "address-none-detected": "ends because it finds no address",
    "detection-method-invalid": "ends because its detection method is none",
}
_TUNNEL_SET_UP = "felix-tunnel-configured"
_TUNNEL = {
    "felix-tunnel-failed": "cannot set up its tunnel device",
    "felix-vni-taken": "cannot make its tunnel device, because another device has its VXLAN id",
}
# Felix asks for the kernel's filter before it works at the dataplane: what it says of that shows that it got past it.
_FELIX_WORKS = ("felix-interface-addresses", "felix-host-metadata", "felix-hosts-refreshed", _TUNNEL_SET_UP)
_REFUSED = {
    "felix-loose-filter-refused": (
        "ends over the reverse-path filter: this Felix wants `all` of rp_filter at 0 or 1, or FELIX_IGNORELOOSERPF=true"
    )
}
_ROUNDS = (((_TUNNEL_SET_UP,), _TUNNEL), (_FELIX_WORKS, _REFUSED), ((_STARTED,), _ENDS))
"""What ends well, and what else it may end with."""

_WORDS = Words("calico-node runs on every node", "whether calico-node runs", ("ip -d link",))


def examine(case: Case) -> Answer | None:
    """Ruled out by a calico-node pod that is ready on every node, or by its log."""
    from calico_bundle.calico.installation import installation_of
    from calico_bundle.calico.readiness import without_sessions

    if left_over(case):
        return None
    pods = _agents(case.context.cluster)
    where = f"-n {quote(installation_of(case.context.cluster).namespace or 'kube-system')}"
    logs = f"kubectl logs {where} -l k8s-app=calico-node -c calico-node --tail=2000 --prefix"
    alone = without_sessions(case.context.cluster)
    clear = f"{_WORDS.clear}{_but(list(alone))}"
    words = replace(_WORDS, clear=clear, anywhere=(f"kubectl get pods {where} -o yaml", logs))
    return from_nodes(case, words, lambda node: _shown(node, pods), tuple(alone.values()))


def _but(alone: Sequence[str]) -> str:
    """That to have started is not to be ready."""
    if not alone:
        return ""
    return f"; but on {named(alone)} it is not ready: it has started, and has no BGP session that is established"


def _agents(cluster: Cluster) -> dict[str, PodFact]:
    """The calico-node pods by node."""
    from calico_bundle.facts.pod_columns import columns_of

    names = columns_of(cluster.pods).names
    found = (cluster.pods[place] for place, name in enumerate(names) if name.startswith(_AGENTS))
    return {pod.node: pod for pod in found if pod.node}


def _shown(node: ClusterNode, pods: Mapping[str, PodFact]) -> Shown:
    for well, meanings in _ROUNDS:
        last = _last(node, *well, *meanings)
        if last and last.event in meanings:
            return Shown(node.name, f"calico-node on {node.name} {meanings[last.event]}", (last.evidence,))
    pod = pods.get(node.name)
    if pod and pod.waiting_reasons:
        sign = f"calico-node on {node.name} does not run: {', '.join(pod.waiting_reasons)}"
        return Shown(node.name, sign, (pod.evidence,))
    if pod and pod.ready:
        return Shown(node.name, evidence=(pod.evidence,))
    # BIRD is started after start-up has ended well.
    runs = _last(node, _STARTED) or node.current_log.last_change(*node.current_log.last_states)
    return Shown(node.name, evidence=(runs.evidence,) if runs else ())


def _last(node: ClusterNode, *events: str) -> LogEventFact | None:
    found = node.current_log.events(*events)
    return found[-1] if found else None


HYPOTHESIS = Hypothesis(
    "calico-node-start",
    "Does calico-node fail to start on a node, over a device that is left there or for another reason?",
    (),
    "Felix vxlan_mgr.go, route_mgr.go, ipip_mgr.go (a device that cannot be made); node/pkg/lifecycle/startup/startup.go; "
    "felix int_dataplane.go before v3.12 (the kernel's filter)",
    examine,
)
