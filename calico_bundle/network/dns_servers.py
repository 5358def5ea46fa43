"""The cluster's DNS servers: their pods, and what their own logs say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from calico_bundle.bundle import Bundle
from calico_bundle.calico.programming import pool_of
from calico_bundle.cluster import Cluster
from calico_bundle.facts import DeploymentFact, DnsServerEventFact, PodFact
from calico_bundle.facts.pod_queries import FINISHED, labeled
from calico_bundle.network.service import DnsService
from calico_bundle.pod_logs import PodLogs

LOG = "dns-server-log"
API = ("api-unreachable", "api-refused", "waiting-for-api")
OWN = ("loop", "configuration-error", "address-in-use", "panic")
"""Events for which a server stops by itself, whatever the network does."""


REFUSED = "connection refused"
"""An answer: packets were delivered, and nobody listens. The pod network is not what keeps a server from the API."""

OUT_OF_MEMORY = "OOMKilled"
_COMPLETED = "Completed"


@dataclass(frozen=True, slots=True)
class DnsServers:
    """The DNS service's pods, what their logs say, and whose logs are in the bundle."""

    pods: tuple[PodFact, ...]
    events: tuple[DnsServerEventFact, ...]
    logged: frozenset[str]

    def told(self, *events: str) -> tuple[DnsServerEventFact, ...]:
        """The events of some kinds, those with the most lines first."""
        return tuple(sorted((e for e in self.events if e.event in events), key=lambda e: -e.count))

    @property
    def failing(self) -> tuple[PodFact, ...]:
        """The pods that are not ready."""
        return tuple(p for p in self.pods if p.ready is False)

    @property
    def ended(self) -> tuple[tuple[PodFact, str], ...]:
        """The pods of which a container ended before, and not of its own accord, with how it did, in words."""
        found = ((pod, end.split("/", 3)) for pod in self.pods for end in pod.last_ends)
        return tuple((pod, _in_words(*end)) for pod, end in found if end[1] != _COMPLETED)

    @property
    def all_logged(self) -> bool:
        """Whether there are pods and the log of each is in the bundle."""
        return bool(self.pods) and all(pod.name in self.logged for pod in self.pods)

    @property
    def all_ready(self) -> bool:
        """Whether there are pods and each is known to be ready."""
        return bool(self.pods) and all(pod.ready for pod in self.pods)


def dns_servers(bundle: Bundle, cluster: Cluster, dns: DnsService | None) -> DnsServers:
    """The DNS servers of a cluster, as far as the bundle has them.

    >>> dns_servers(Bundle((), (), (), ()), Cluster({}), None).pods
    ()
    """
    pods = _selected(cluster.pods, dns) if dns else ()
    names = {(pod.namespace, pod.name) for pod in pods}
    whose = PodLogs(pods).whose
    logs = (whose(a) for a in bundle.artifacts if a.kind == LOG)
    events = tuple(e for e in cluster.dns_server_events if _is_of(e.namespace, e.pod, names))
    logged = frozenset(log.pod for log in logs if log.pod and _is_of(log.namespace, log.pod, names))
    return DnsServers(pods, events, logged)


def need_routes_back(cluster: Cluster, pods: Sequence[PodFact]) -> bool:
    """Whether what these pods send out of the pools surely keeps their own addresses, to which answers need a route.

    With natOutgoing it leaves with the node's address, and no route of Calico's has a part in the answers.

    >>> need_routes_back(Cluster({}), ())
    False
    """
    pools = [pool_of(cluster, ip) for pod in pods for ip in pod.ips[:1]]
    return bool(pools) and all(p and not p.nat_outgoing and "nat_outgoing" not in p.not_shown for p in pools)


def stopped_deployment(cluster: Cluster, dns: DnsService) -> DeploymentFact | None:
    """The Deployment of the DNS pods, where it shall have none."""
    selector, namespace = dns.service.selector, dns.service.namespace
    own = [
        d
        for d in cluster.deployments
        if d.namespace == namespace and selector and selector.items() <= d.pod_labels.items()
    ]
    return own[0] if own and all(deployment.replicas == 0 for deployment in own) else None


def _in_words(container: str, reason: str, code: str, time: str) -> str:
    at = f" at {time}" if time != "?" else ""
    why = reason if reason != "?" else "ended"
    return f"{container}: {why}, exit code {code}{at}"


def may_be_cut_off(events: Sequence[DnsServerEventFact]) -> bool:
    """Whether what servers say of themselves may follow from the pod network: they say nothing, or miss the API server.

    >>> may_be_cut_off(())
    True
    """
    if any(event.event in OWN for event in events):
        return False
    missed = [e.values.get("error") for e in events if e.event == "api-unreachable"]
    answered = REFUSED in missed or any(event.event == "api-refused" for event in events)
    return not answered or any(error != REFUSED for error in missed)


def logs_of(dns: DnsService) -> str:
    """The command that collects the logs of the DNS pods, each in a file of its own in its pod's folder."""
    space = dns.service.namespace
    return f"kubectl cluster-info dump --namespaces {quote(space)} --output-directory dump"


def _selected(pods: Sequence[PodFact], dns: DnsService) -> tuple[PodFact, ...]:
    """The pods that the service selects, without those that are over."""
    selector = dns.service.selector
    if not selector:
        return ()
    key, value = next(iter(selector.items()))
    found = (p for p in labeled(pods, key, value) if p.namespace == dns.service.namespace and p.phase not in FINISHED)
    return tuple(p for p in found if selector.items() <= p.labels.items())


def _is_of(namespace: str | None, pod: str | None, names: set[tuple[str, str]]) -> bool:
    """Whether a log is that of one of these pods; its path may not tell the namespace."""
    return any(pod == name and namespace in (None, own) for own, name in names)
