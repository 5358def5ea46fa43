"""NodeLocal DNSCache: whether lookups go by a cache on the pod's own node, and whom that cache asks.

Source: kubernetes/dns and cluster/addons/dns/nodelocaldns of kubernetes/kubernetes; kubespray's nodelocaldns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from shlex import quote

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, DaemonSetFact, DnsConfigurationFact, PodFact
from calico_bundle.facts.pod_queries import FINISHED, labeled
from calico_bundle.facts.service_table import named
from calico_bundle.network.corefile import addresses_in, cited, cluster_domains, is_node_local, server_blocks
from calico_bundle.network.outcome import Cause, Settles, Why
from calico_bundle.network.service import DnsService

DUMMY_CARD = "nodelocaldns"
_IMAGE = "k8s-dns-node-cache"
_LABELS = ("node-local-dns", "nodelocaldns")
_UPSTREAM = "kube-dns-upstream"


@dataclass(frozen=True, slots=True)
class NodeLocalCache:
    """A DNS cache on each node, in the node's own network.

    `addresses` are those that it listens on. `asked` says whether pods' lookups go by it: True where it holds the DNS
    service's address itself, or pods are seen or told to ask it; False where all kubelets tell them to ask the service;
    None where only the kubelets' `clusterDNS` would tell. What it does not know it asks `upstream`, from the node's own
    address (None: not told). `down` are the nodes whose cache is not ready, with its pod. `runs` is False where nothing
    but its configuration is in the bundle.
    """

    addresses: tuple[Address, ...]
    asked: bool | None
    why: str
    upstream: Address | None
    evidence: tuple[Evidence, ...]
    down: Mapping[str, PodFact] = field(default_factory=dict)
    runs: bool = True

    def doubt(self, node: str | None) -> Cause | None:
        """Why lookups of a node's pods may find nobody there; None where nothing says so."""
        pod = self.down.get(node or "") if self.asked is not False else None
        if pod is None:
            return None
        asks = "ask it" if self.asked else "may ask it"
        text = f"the DNS cache of {node} is not ready ({pod.name}), and pods there {asks}"
        look = f"kubectl describe pod -n {quote(pod.namespace)} {quote(pod.name)}"
        return Cause(Why.UNDECIDED, node, text, (pod.evidence,), settle=Settles((look,)))


def node_local_cache(cluster: Cluster, dns: DnsService | None) -> NodeLocalCache | None:
    """The cluster's NodeLocal DNSCache; None where nothing in the bundle speaks of one.

    >>> node_local_cache(Cluster({}), None) is None
    True
    """
    daemonset = next((d for d in cluster.daemonsets if _is_cache(d)), None)
    configuration = next((c for c in cluster.dns_configurations if is_node_local(c.name)), None)
    cards = [a for n in cluster.nodes.values() for a in n.card_addresses if a.interface == DUMMY_CARD]
    pods = cache_pods(cluster)
    runs = bool(daemonset or cards or pods)
    if not runs and configuration is None:
        return None
    bound = dict(_bound(configuration))
    held = {a.address.ip: a.evidence for a in reversed(cards)}
    addresses = tuple(dict.fromkeys((*held, *bound)))
    asked, why, lines = _asked(cluster, dns, {**bound, **held}) if runs else _not_seen(configuration)
    upstream, told = _upstream(cluster, configuration)
    found = (daemonset.evidence if daemonset else None, *(p.evidence for p in pods[:1]), *lines, *told)
    down = {pod.node: pod for pod in pods if pod.ready is False and pod.node}
    return NodeLocalCache(addresses, asked, why, upstream, tuple(dict.fromkeys(e for e in found if e)), down, runs)


def cache_pods(cluster: Cluster) -> list[PodFact]:
    """The pods of the cache that are not over, by the label of the upstream manifest and of kubespray's.

    >>> cache_pods(Cluster({}))
    []
    """
    found = [pod for value in _LABELS for pod in labeled(cluster.pods, "k8s-app", value)]
    return [pod for pod in found if pod.phase not in FINISHED]


def _not_seen(configuration: DnsConfigurationFact | None) -> tuple[None, str, tuple[Evidence, ...]]:
    named = f"{configuration.namespace}/{configuration.name}" if configuration else "?"
    lines = (configuration.evidence,) if configuration else ()
    return None, f"its configuration {named} is there, and whether it runs is not in the bundle", lines


def _is_cache(daemonset: DaemonSetFact) -> bool:
    return is_node_local(daemonset.name) or any(_IMAGE in (c.image or "") for c in daemonset.containers)


def _bound(configuration: DnsConfigurationFact | None) -> Iterator[tuple[Address, Evidence]]:
    """The addresses of the `bind` directives."""
    for block in server_blocks(configuration.corefile) if configuration else ():
        for directive in block.named("bind"):
            for address in addresses_in(directive.arguments):
                if configuration:
                    yield address, cited(configuration, directive.line)


def _asked(
    cluster: Cluster, dns: DnsService | None, held: dict[Address, Evidence]
) -> tuple[bool | None, str, tuple[Evidence, ...]]:
    """Whether pods ask the cache, why that is known, and the lines."""
    service = dns.address if dns else None
    if service is not None and service in held:
        return True, f"it listens on the DNS service's own address {service} on each node", (held[service],)
    seen = next((e for e in cluster.lookup_errors if e.server is not None and e.server in held), None)
    if seen is not None:
        return True, f"a pod's log shows that it asks {seen.server}", (seen.evidence,)
    if told := _told_by_kubelets(cluster, dns, held):
        return told
    listed = ", ".join(map(str, held)) or "its address"
    return None, f"whether pods ask {listed} is in the kubelets' clusterDNS, which is not in the bundle", ()


def _told_by_kubelets(
    cluster: Cluster, dns: DnsService | None, held: Mapping[Address, Evidence]
) -> tuple[bool, str, tuple[Evidence, ...]] | None:
    """The same, where every node's kubelet tells pods to ask the cache, or each tells them to ask the service alone."""
    facts = [fact for node in cluster.nodes.values() for fact in node.kubelet_dns or ()]
    if not facts or not all(node.kubelet_dns for node in cluster.nodes.values()):
        return None
    first = facts[0].evidence
    if held and all(not held.keys().isdisjoint(fact.cluster_dns) for fact in facts):
        return True, f"the kubelets' clusterDNS is {facts[0].cluster_dns[0]}", (first,)
    service = set(dns.service.cluster_ips) if dns else set()
    if held and service and all(service.issuperset(fact.cluster_dns) and fact.cluster_dns for fact in facts):
        return False, f"the kubelets' clusterDNS is the DNS service's own address {facts[0].cluster_dns[0]}", (first,)
    return None


def _upstream(
    cluster: Cluster, configuration: DnsConfigurationFact | None
) -> tuple[Address | None, tuple[Evidence, ...]]:
    """Whom the cache asks for the cluster's names: the address that its Corefile has, else the service for it.

    The upstream manifest leaves a placeholder in the Corefile, which node-cache replaces by that service's address.
    """
    domains = cluster_domains(None)
    for block in server_blocks(configuration.corefile) if configuration else ():
        if set(block.zones) & set(domains):
            for directive in block.named("forward"):
                found = addresses_in(directive.arguments[1:])
                if found and configuration:
                    return found[0], (cited(configuration, directive.line),)
    service = named(cluster.services, configuration.namespace if configuration else "kube-system", _UPSTREAM)
    address = next((ip for ip in service.cluster_ips if ip.version == 4), None) if service else None
    return address, (service.evidence,) if service else ()
