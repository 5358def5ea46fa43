"""What pods' own logs say of their lookups, beside what their predicted path says: agreeing, contradicting, or neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import LookupErrorFact, PodFact
from calico_bundle.facts.dns import NO_SUCH_NAME, REFUSED, SERVER_FAILURE, TEMPORARY, TIMEOUT, UNREACHABLE
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_queries import FINISHED
from calico_bundle.facts.service_table import named
from calico_bundle.network.corefile import cluster_domains, configuration_of
from calico_bundle.network.node_local_dns import node_local_cache
from calico_bundle.paths import DnsPaths, PodPath, Verdict

_FAILING = (Verdict.BROKEN, Verdict.DEGRADED)
_ANSWERED = (NO_SUCH_NAME, SERVER_FAILURE)
_WITH_NAMESPACE = 2
_SERVICE_RULES = "CB402"
_WHO_REFUSES = (
    "a refusal is an answer: of kube-proxy, which rejects what is sent to a service without ready endpoints, or of a "
    "machine on which no server listens"
)
_OWN_SERVERS = "nginx"
"""A resolver that asks the servers of its own configuration, not those of the pod's resolv.conf."""


class Relation(StrEnum):
    """What a log says to the verdict on the pod's path."""

    CONTRADICTS = "contradicts"
    AGREES = "agrees"
    SAYS_NOTHING = "says-nothing"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One pod's failed lookups: how many of which kind, when, and what they say to its path (None: no path is known)."""

    namespace: str | None
    pod: str
    node: str | None
    kinds: Mapping[str, int]
    first_time: str | None
    last_time: str | None
    verdict: Verdict | None
    relation: Relation
    text: str
    evidence: tuple[Evidence, ...]
    past: bool = False
    """Whether all of it is in logs of containers before those that run."""

    @property
    def lines(self) -> int:
        """How many lines tell of failed lookups."""
        return sum(self.kinds.values())


def symptoms(cluster: Cluster, paths: DnsPaths) -> tuple[Symptom, ...]:
    """One symptom per pod whose log tells of failed lookups: contradictions first, then by the number of lines.

    >>> symptoms(Cluster({}), DnsPaths(Cluster({}), None))
    ()
    """
    by_pod: dict[tuple[str | None, str], list[LookupErrorFact]] = {}
    for fact in cluster.lookup_errors:
        if fact.pod:
            by_pod.setdefault((fact.namespace, fact.pod), []).append(fact)
    if not by_pod:
        return ()
    judge = _Judge(cluster, paths)
    pods = _pods(cluster.pods, by_pod)
    found = [judge.symptom(pods.get(whose), whose, told) for whose, told in by_pod.items()]
    order = list(Relation)
    return tuple(sorted(found, key=lambda s: (order.index(s.relation), -s.lines, s.namespace or "", s.pod)))


def _pods(pods: Sequence[PodFact], wanted: Iterable[tuple[str | None, str]]) -> dict[tuple[str | None, str], PodFact]:
    """The pods of some names; where a log's path tells no namespace, the only pod of the name."""
    columns, names = columns_of(pods), {name for _, name in wanted}
    places: dict[str, list[int]] = {}
    for place, name in enumerate(columns.names):
        if name in names:
            places.setdefault(name, []).append(place)
    found: dict[tuple[str | None, str], PodFact] = {}
    for name, all_of_name in places.items():
        found.update({(columns.namespaces[place], name): pods[place] for place in all_of_name})
        if len(all_of_name) == 1:
            found[None, name] = pods[all_of_name[0]]
    return found


class _Judge:
    """Lays failed lookups beside paths."""

    def __init__(self, cluster: Cluster, paths: DnsPaths) -> None:
        self._cluster, self._paths = cluster, paths
        dns, cache = paths.dns, node_local_cache(cluster, paths.dns)
        self._addresses = frozenset((*(dns.service.cluster_ips if dns else ()), *(cache.addresses if cache else ())))
        self._rejected = dns is not None and dns.listed and not dns.hidden and not dns.ready
        self._domains = cluster_domains(configuration_of(cluster, dns) if dns else None)

    def symptom(self, pod: PodFact | None, whose: tuple[str | None, str], told: Sequence[LookupErrorFact]) -> Symptom:
        """What the log of a pod says."""
        path = self._paths.of(pod) if pod and pod.phase not in FINISHED else None
        order = list(Relation)
        said = [(*self._relation(fact, path), fact) for fact in told]
        relation, text, fact = min(said, key=lambda s: (order.index(s[0]), -s[2].count))
        kinds: Counter[str] = Counter()
        for one in told:
            kinds[one.kind] += one.count
        return Symptom(
            namespace=pod.namespace if pod else whose[0],
            pod=whose[1],
            node=pod.node if pod else None,
            kinds=dict(sorted(kinds.items())),
            first_time=min(filter(None, (f.first_time for f in told)), default=None),
            last_time=max(filter(None, (f.last_time for f in told)), default=None),
            verdict=path.verdict if path else None,
            relation=relation,
            text=text,
            evidence=tuple(dict.fromkeys((fact.evidence, fact.cited.get("last", fact.evidence)))),
            past=all(one.past or (pod is not None and _is_past(one, pod)) for one in told),
        )

    def _relation(self, fact: LookupErrorFact, path: PodPath | None) -> tuple[Relation, str]:
        """What one kind of failures says, and why."""
        if path is None:
            return Relation.SAYS_NOTHING, f"{_what(fact)}; no path of this pod is known"
        if _is_past(fact, path.pod):
            return (
                Relation.SAYS_NOTHING,
                f"{_what(fact)}; that was before the container that runs now, or its log, began",
            )
        verdict = path.verdict
        if fact.server is not None and fact.server not in self._addresses:
            return Relation.SAYS_NOTHING, f"{_what(fact)}; it asked {fact.server}, which is not the cluster DNS"
        if verdict is Verdict.NOT_APPLICABLE:
            return Relation.SAYS_NOTHING, f"{_what(fact)}; by its dnsPolicy it does not ask the cluster DNS itself"
        if fact.kind in _ANSWERED:
            return self._answered(fact, verdict)
        return self._refused(fact, path) if fact.kind == REFUSED else self._unanswered(fact, path)

    def _answered(self, fact: LookupErrorFact, verdict: Verdict) -> tuple[Relation, str]:
        """An answer came, whatever it says: request and reply of some lookup were delivered."""
        if fact.server is None:
            return Relation.SAYS_NOTHING, f"{_what(fact)}; the log does not say which server answered"
        answer = f"{_what(fact)}: {fact.server} answered this pod"
        if verdict is Verdict.BROKEN:
            return Relation.CONTRADICTS, f"{answer}, and its path is judged broken"
        agrees = verdict is Verdict.REACHES or (verdict is Verdict.DEGRADED and fact.kind == NO_SUCH_NAME)
        return (Relation.AGREES if agrees else Relation.SAYS_NOTHING), answer

    def _refused(self, fact: LookupErrorFact, path: PodPath) -> tuple[Relation, str]:
        """Somebody answered that no server listens: packets were delivered, or rejected where they were sent."""
        what = _what(fact)
        if path.verdict in _FAILING and (self._rejected or path.group.code == _SERVICE_RULES):
            return Relation.AGREES, f"{what}, as its path lets expect"
        if path.verdict in _FAILING:
            return (
                Relation.SAYS_NOTHING,
                f"{what}; {_WHO_REFUSES}. What its path is judged broken by loses packets silently",
            )
        if path.verdict is not Verdict.REACHES or fact.server is None:
            return Relation.SAYS_NOTHING, f"{what}; {_WHO_REFUSES}"
        return Relation.CONTRADICTS, (
            f"{what} at {fact.server}, and its path is judged to reach every DNS endpoint; {_WHO_REFUSES}"
        )

    def _unanswered(self, fact: LookupErrorFact, path: PodPath) -> tuple[Relation, str]:
        """No answer came, or nothing tells that one did."""
        what, verdict = _what(fact), path.verdict
        if verdict in _FAILING and fact.kind in (TIMEOUT, UNREACHABLE, TEMPORARY) and fact.resolver != _OWN_SERVERS:
            return Relation.AGREES, f"{what}, as its path lets expect"
        if verdict is not Verdict.REACHES:
            return Relation.SAYS_NOTHING, f"{what}; its path is judged {verdict.value}"
        if fact.kind not in (TIMEOUT, UNREACHABLE):
            return Relation.SAYS_NOTHING, f"{what}; the text stands for a server that failed as well as for no answer"
        if fact.server is None:
            return Relation.SAYS_NOTHING, f"{what}; the log does not say which server was asked"
        if fact.kind == UNREACHABLE:
            return Relation.CONTRADICTS, f"{what} to {fact.server}, and its path is judged to reach every DNS endpoint"
        own = next(self._own_names(fact, path.pod), None)
        if own is None:
            why = "a name outside the cluster is asked for further on, so the path to the DNS servers may be good"
            return Relation.SAYS_NOTHING, f"{what}; {why}"
        return Relation.CONTRADICTS, (
            f"{what} at {fact.server}, for {own} too, a name that the DNS servers know by themselves; and its path is "
            "judged to reach every DNS endpoint"
        )

    def _own_names(self, fact: LookupErrorFact, pod: PodFact) -> Iterator[str]:
        """The names that the cluster's own servers answer without asking another: its domain's, and those of services."""
        for name in fact.names:
            plain = name.rstrip(".").lower()
            if plain.endswith((".svc", *(f".{domain}" for domain in self._domains))) or self._is_service(plain, pod):
                yield name

    def _is_service(self, name: str, pod: PodFact) -> bool:
        labels = name.split(".")
        if len(labels) > _WITH_NAMESPACE:
            return False
        namespace = labels[1] if len(labels) == _WITH_NAMESPACE else pod.namespace
        return named(self._cluster.services, namespace, labels[0]) is not None


def _is_past(fact: LookupErrorFact, pod: PodFact) -> bool:
    """Whether the container that runs did not say it: its log is another's, or another ended after the last line."""
    if fact.past:
        return True
    ends = (end.rpartition("/") for end in pod.last_ends if end.startswith(f"{fact.container}/"))
    return any(_is_before(fact.last_time, time) for _, _, time in ends)


def _is_before(time: str | None, other: str) -> bool:
    """Whether a time is certainly before another; False where one of the two has no zone."""
    try:
        first, second = datetime.fromisoformat(time or ""), datetime.fromisoformat(other)
    except ValueError:
        return False
    return first.tzinfo is not None and second.tzinfo is not None and first < second


_SAID = {
    TIMEOUT: "lookups time out",
    NO_SUCH_NAME: "lookups are answered with 'no such name'",
    SERVER_FAILURE: "lookups are answered with a failure of the server",
    REFUSED: "lookups are refused: no server listens",
    UNREACHABLE: "the query for a name cannot be sent, or is turned back on the way",
    TEMPORARY: "lookups fail for the time being (no answer, or a server's failure)",
}


def _what(fact: LookupErrorFact) -> str:
    """The failures in words."""
    said = _SAID.get(fact.kind, "lookups fail, of which the text does not tell how")
    return f"{said} ({fact.resolver}, {fact.count:,} line{'s' if fact.count > 1 else ''})"


def in_a_sentence(found: Sequence[Symptom], *, all_good: bool = True) -> str | None:
    """What a verdict must not leave out: logs that speak against it, or none where no log does.

    `all_good`: the verdict calls all paths good, so that any failed lookup is worth a word.

    >>> in_a_sentence(()) is None
    True
    """
    against = [s for s in found if s.relation is Relation.CONTRADICTS]
    if against and all_good:
        return f"the logs of {len(against)} of these pods contradict it, first {_told(against[0])}"
    if against:
        return f"what {_pods_of(against)} logged contradicts the verdict on the path, first {_told(against[0])}"
    failing = [s for s in found if s.kinds.keys() - {NO_SUCH_NAME} and s.verdict is Verdict.REACHES and not s.past]
    if failing and all_good:
        return f"the logs of {len(failing)} of these pods tell of failed lookups, first {_told(failing[0])}"
    return None


def _pods_of(found: Sequence[Symptom]) -> str:
    return f"{len(found):,} pod{'s' if len(found) > 1 else ''}"


def _told(symptom: Symptom) -> str:
    when = f" (last at {symptom.last_time})" if symptom.last_time else " (at times that the log does not tell)"
    return f"{symptom.namespace}/{symptom.pod}: {symptom.text}{when}"
