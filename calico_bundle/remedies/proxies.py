"""Has service rules written anew: what is restarted in which installation, what it brings back, and how to see that it did.

Sources: kubeadm (DaemonSet kube-proxy, label k8s-app=kube-proxy, in kube-system); rancher/rke2 (a static pod, and crictl with
agent/etc/crictl.yaml); k3s-io/k3s (kube-proxy runs in the agent's process); canonical/microk8s (in kubelite); Calico's eBPF
dataplane (Felix writes the entries itself).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import quote

from calico_bundle.calico.distribution import Distribution, distribution_of
from calico_bundle.facts import Address, ProxyMode
from calico_bundle.findings import Context, Fix
from calico_bundle.network.service_proxies import ServiceProxies
from calico_bundle.network.service_targets import ProxyRules
from calico_bundle.remedies.outlooks import on_each, tried_fix
from calico_bundle.what_if.mending import Mended

_MOST_NAMED = 3
_CRICTL = "sudo env CRI_CONFIG_FILE=/var/lib/rancher/rke2/agent/etc/crictl.yaml /var/lib/rancher/rke2/bin/crictl"
_PLAIN_CRICTL = "sudo crictl"
_KEPT = "The rules stay in the kernel while it restarts; new services and endpoints wait for some seconds."
_AGENT = {
    Distribution.K3S: (
        "sudo systemctl try-restart k3s k3s-agent",
        "K3s restarts on the node; its containers go on. {kept}",
    ),
    Distribution.MICROK8S: (
        "sudo snap restart microk8s.daemon-kubelite",
        "Kubelet and kube-proxy restart there, on a control plane node the API server too; pods keep running. {kept}",
    ),
}
_EBPF_INTERRUPTS = (
    "calico-node restarts on the node: its entries stay in the kernel, and graceful restart keeps its routes while its BGP "
    "sessions come up again."
)
_LISTING = {
    ProxyMode.IPTABLES: "sudo iptables-save -t nat | grep -F -- '--to-destination {first}:'",
    ProxyMode.NFTABLES: "sudo nft list ruleset ip | grep -F '{first} .'",
    ProxyMode.IPVS: "sudo ipvsadm -Ln -u {address}:53",
}


def rewrite_rules(context: Context, nodes: Mapping[str, ProxyRules]) -> tuple[Fix, ...]:
    """Have the rules of some nodes written anew; where their writer is seen to fail, see why first."""
    proxies, names = context.paths.service_proxies, list(nodes)
    if proxies is None:
        return ()
    failing = [name for name in names if proxies.translators.failing(context.cluster.nodes[name])]
    if failing:
        return run_again(context, failing)
    rules = next(iter(nodes.values()))
    mode = rules.mode
    commands, interrupts = _restart(context, proxies, names, mode)
    who = "calico-node" if mode == ProxyMode.EBPF else "kube-proxy"
    title = f"restart {who} on the node{'s' * (len(names) > 1)}, so that it writes its rules anew"
    how = "with rules for today's ready endpoints; the log of the one that restarts should say why they fell behind"
    mended = Mended(rewritten=frozenset(names))
    return (
        tried_fix(context, title, (*commands, *_seen(context, names[0], mode, rules.unmet)), interrupts, mended, how),
    )


def run_again(context: Context, names: Sequence[str]) -> tuple[Fix, ...]:
    """See why kube-proxy does not run on some nodes: only what mends that lets a restart help."""
    proxies = context.paths.service_proxies
    pods = proxies.translators.pods if proxies else {}
    looks = tuple(
        _look(pods[n][0].namespace, pods[n][0].name) if pods.get(n) else _placed(n) for n in names[:_MOST_NAMED]
    )
    title = "see why kube-proxy does not run there, and mend that; it writes its rules anew when it starts"
    why = "no: what keeps kube-proxy from running is not in its rules"
    return (Fix(title, looks, "Looking interrupts nothing.", tried=why),)


def _look(namespace: str, name: str) -> str:
    return f"kubectl logs -n {quote(namespace)} {quote(name)} --previous --tail=50  # and without --previous"


def _placed(node: str) -> str:
    return f"kubectl describe node {quote(node)}  # its taints and labels, against kube-proxy's tolerations and nodeSelector"


# --- restarts -----------------------------------------------------------------------------------------------------------


def _restart(context: Context, proxies: ServiceProxies, names: Sequence[str], mode: str) -> tuple[tuple[str, ...], str]:
    """The commands, and what they interrupt."""
    if mode == ProxyMode.EBPF:
        namespace = context.choices.installation.namespace or "calico-system"
        return _deleted(names, namespace, "calico-node", "calico-node"), _EBPF_INTERRUPTS
    distribution = distribution_of(context.cluster)
    if distribution in _AGENT:
        command, interrupts = _AGENT[distribution]
        return on_each(names, lambda name: [f"{command}  # on {quote(name)}"]), interrupts.format(kept=_KEPT)
    owners = {pod.owner or "" for name in names for pod in proxies.translators.pods.get(name, ())}
    if distribution is Distribution.RKE2 or any(owner.startswith("Node/") for owner in owners):
        return on_each(names, lambda name: [_stopped(name, distribution)]), f"Its container restarts. {_KEPT}"
    pod = next((p for name in names for p in proxies.translators.pods.get(name, ())), None)
    owner = (pod.owner or "").removeprefix("DaemonSet/") if pod else ""
    return _deleted(names, pod.namespace if pod else "kube-system", owner or "kube-proxy", "kube-proxy"), _KEPT


def _deleted(names: Sequence[str], namespace: str, daemonset: str, label: str) -> tuple[str, ...]:
    """Of few nodes their own pods, by label; of more the whole DaemonSet, node by node."""
    of, wait = f"-n {quote(namespace)}", f"kubectl rollout status daemonset/{quote(daemonset)} -n {quote(namespace)}"
    if len(names) > _MOST_NAMED:
        return f"kubectl rollout restart daemonset/{quote(daemonset)} {of}", wait
    chosen = (f"kubectl delete pod {of} -l k8s-app={label} --field-selector spec.nodeName={quote(n)}" for n in names)
    return *chosen, wait


def _stopped(node: str, distribution: Distribution) -> str:
    """A static pod: the kubelet starts its container again. Deleting its mirror in the API would not."""
    tool = _CRICTL if distribution is Distribution.RKE2 else _PLAIN_CRICTL
    return f"{tool} ps -q --name kube-proxy | xargs -r {tool} stop  # on {quote(node)}"


def _seen(context: Context, node: str, mode: str, unmet: str | None) -> tuple[str, ...]:
    """How to see that it worked: the rules of a node lead to today's endpoints."""
    ready: list[Address] = [e.ip for e in context.dns.ready if e.ip is not None] if context.dns else []
    address = context.dns.address if context.dns else None
    if not ready or address is None:
        return ()
    listed = ", ".join(map(str, ready[:_MOST_NAMED])) + (" and others" if ready[_MOST_NAMED:] else "")
    if mode == ProxyMode.EBPF:
        namespace = quote(context.choices.installation.namespace or "calico-system")
        dump = f"kubectl exec -n {namespace} daemonset/calico-node -c calico-node -- calico-node -bpf nat dump"
        return (f"{dump}  # {address} port 53 should lead to {listed}; the command asks one node's pod",)
    if unmet and mode == ProxyMode.IPTABLES:
        return (
            f"sudo iptables-save -t nat | grep -e '-A {unmet} '  # on {quote(node)}: one should lead to KUBE-SERVICES",
        )
    command = _LISTING[ProxyMode(mode)].format(first=ready[0], address=address)
    return (f"{command}  # on {quote(node)}: {address} should lead to {listed}",)
