"""From a bundle to the verdict: joins, walks, judges and checks, in this order, and sums up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from calico_bundle.addresses import AddressVerdict, judge_addresses
from calico_bundle.bundle import Bundle
from calico_bundle.calico.other_plugins import replaced_by
from calico_bundle.checks import run_all
from calico_bundle.choices import Choices
from calico_bundle.cluster import Cluster
from calico_bundle.collecting import Collection, to_decide
from calico_bundle.coverage import missing
from calico_bundle.display import html_head, in_a_line
from calico_bundle.effects import Effect, effects
from calico_bundle.evidence import Gap, Missing
from calico_bundle.findings import ERROR, Context, Finding, Skipped
from calico_bundle.hypotheses import Case, Considered, consider_all
from calico_bundle.joining import join
from calico_bundle.names import node_subject
from calico_bundle.network.service import DnsService, find_dns
from calico_bundle.paths import DnsPaths, Verdict
from calico_bundle.remedies import with_plan
from calico_bundle.symptoms import Symptom, in_a_sentence, symptoms
from calico_bundle.what_if import Change, Trial, try_out

TIME_BOMB, WRONG_ADDRESS = "CB105", "CB101"
OF_TWO_TIMES = "CB903"
BROKEN, AT_RISK, HEALTHY, INCONCLUSIVE = "broken", "at-risk", "healthy", "inconclusive"


@dataclass(frozen=True, slots=True)
class ClusterVerdict:
    """The verdict on the whole: its status, one sentence to paste, and the codes to blame, most responsible first."""

    status: str
    headline: str
    root_causes: tuple[str, ...]

    def __repr__(self) -> str:
        causes = f" (root causes: {', '.join(self.root_causes)})" if self.root_causes else ""
        return in_a_line(f"{self.status}: {self.headline}{causes}")

    def _repr_html_(self) -> str:
        causes = html_head("Root causes:", ", ".join(self.root_causes)) if self.root_causes else ""
        return html_head(f"{self.status}:", self.headline) + causes


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was found out about one bundle."""

    bundle: Bundle
    cluster: Cluster
    dns: DnsService | None
    paths: DnsPaths
    addresses: Mapping[str, AddressVerdict]
    choices: Choices
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    hypotheses: tuple[Considered, ...]
    effects: tuple[Effect, ...]
    symptoms: tuple[Symptom, ...]
    gaps: tuple[Gap, ...]
    missing: tuple[Missing, ...]
    collect: Collection | None
    verdict: ClusterVerdict
    trial: Trial | None = None
    """What was changed, where this is not the cluster as it was recorded."""

    @property
    def context(self) -> Context:
        """What checks look at."""
        return Context(
            self.bundle,
            self.cluster,
            self.dns,
            self.paths,
            self.addresses,
            self.choices,
            self.gaps,
            self.missing,
        )


def _tell_nobody(_phase: str) -> None:
    pass


def diagnose(bundle: Bundle, *, dns: str | None = None, tell: Callable[[str], None] = _tell_nobody) -> Diagnosis:
    """Work out the verdict on a bundle; `dns` is NAMESPACE/SERVICE when the cluster DNS is not found by itself.

    `tell` is called with what is done next, where that may take long.

    Raises `UsageError` or `UnknownNameError` for a `dns` that is not there.

    >>> diagnose(Bundle((), (), (), ())).verdict.status
    'inconclusive'
    """
    tell("joining what was read")
    cluster = join(bundle)
    service = find_dns(cluster, dns)
    paths = DnsPaths(cluster, service)
    tell("following the paths of pods")
    return _concluded(bundle, paths, symptoms(cluster, paths))


def diagnose_change(before: Diagnosis, change: Change) -> Diagnosis:
    """Work out the verdict on the same cluster after a change.

    Raises `UsageError` or `UnknownNameError` for a change of what is not there.

    >>> diagnose_change(diagnose(Bundle((), (), (), ())), Change(method="first-found")).verdict.headline[:54]
    'predicted, with the detection method first-found: Noth'
    """
    trial = try_out(before.paths, before.dns, change)
    found = _concluded(before.bundle, trial.paths)
    headline = f"predicted, with {change.text}: {found.verdict.headline}"
    # Fixes and other causes are of the cluster as it is: commands for a change that nobody made would do harm.
    findings = tuple(replace(finding, fixes=()) for finding in found.findings)
    verdict = replace(found.verdict, headline=headline)
    return replace(found, findings=findings, hypotheses=(), verdict=verdict, trial=trial)


def _concluded(bundle: Bundle, paths: DnsPaths, told: tuple[Symptom, ...] = ()) -> Diagnosis:
    """The verdict on a cluster whose paths can be followed; what logs tell is of the cluster as it was recorded."""
    cluster, service = paths.cluster, paths.dns
    addresses = judge_addresses(cluster, paths.forwarding)
    gaps = (*bundle.gaps, *(g for a in bundle.artifacts for g in a.parsed.gaps), *cluster.gaps)
    lacking = missing(cluster, service)
    choices = Choices(cluster, paths.forwarding)
    context = Context(bundle, cluster, service, paths, addresses, choices, gaps, lacking)
    found, skipped = run_all(context)
    findings = with_plan(context, found)
    at_fault = frozenset(n for f in findings for n in f.blames)
    seen = effects(cluster, paths, at_fault)
    return Diagnosis(
        bundle,
        cluster,
        service,
        paths,
        addresses,
        choices,
        findings,
        skipped,
        consider_all(Case(context, findings, skipped)),
        seen,
        told,
        gaps,
        lacking,
        to_decide(paths),
        sum_up(cluster, paths, findings, seen, told),
    )


def sum_up(
    cluster: Cluster,
    paths: DnsPaths,
    findings: Sequence[Finding],
    seen: Sequence[Effect] = (),
    told: Sequence[Symptom] = (),
) -> ClusterVerdict:
    """The verdict on the whole.

    Broken when a path is or an error was found; healthy only when every path was decided.

    >>> sum_up(Cluster({}), DnsPaths(Cluster({}), None), ()).headline
    'Nothing in this bundle speaks of Calico, so nothing can be said about its addresses and routes.'
    """
    counts = paths.counts
    failing = counts[Verdict.BROKEN] + counts[Verdict.DEGRADED]
    errors = [f for f in findings if f.severity == ERROR]
    apart = next((f"{f.message.partition(': ')[0]} ({f.code})" for f in findings if f.code == OF_TWO_TIMES), None)
    if errors or failing:
        against = in_a_sentence(told, all_good=False)
        headline = _but(_but(_broken_headline(errors, failing, paths), against), apart)
        return ClusterVerdict(BROKEN, headline, _root_causes(errors))
    # A wrong address is an error where paths fail by it: as a warning, it is one by which none does so far.
    moving = [f for f in findings if f.code in (TIME_BOMB, WRONG_ADDRESS)]
    against = in_a_sentence(told)
    if moving and not counts[Verdict.UNKNOWN]:
        text = f"No DNS path is broken now, but {moving[0].message}."
        return ClusterVerdict(AT_RISK, _but(_but(text, against), apart), (moving[0].code,))
    if counts[Verdict.UNKNOWN] or not counts[Verdict.REACHES]:
        against = in_a_sentence(told, all_good=False)
        return ClusterVerdict(INCONCLUSIVE, _but(_inconclusive_headline(cluster, paths), against), ())
    if cluster.unread:
        lost = ", ".join(f"{count} {kind}" for kind, count in cluster.unread.items())
        text = f"All {counts[Verdict.REACHES]} pods that were read reach every DNS endpoint that was, but not all was: {lost}"
        return ClusterVerdict(INCONCLUSIVE, f"{text} could not be read.", ())
    text = f"All {counts[Verdict.REACHES]} pods that use cluster DNS reach every ready DNS endpoint."
    if apart:
        return ClusterVerdict(INCONCLUSIVE, _but(text, apart), ())
    # The verdict is on DNS; what else does not work, or was not seen to work, is said beside it.
    aside = next((e.text for e in seen if e.status != "works"), None)
    return ClusterVerdict(HEALTHY, _but(_but(_as_far_as(text, paths), against), aside), ())


def _as_far_as(text: str, paths: DnsPaths) -> str:
    """A verdict that rests on routes alone says so: most bundles have neither policies nor service rules."""
    proxies = paths.service_proxies
    unseen = {
        "network policies": paths.policies.collected,
        "the nodes' service rules": bool(proxies and proxies.known),
        "the nodes' own firewalls": not paths.firewalls.unread,
    }
    lacking = [name for name, is_seen in unseen.items() if not is_seen]
    named = " and ".join(filter(None, [", ".join(lacking[:-1]), *lacking[-1:]]))
    return f"{text} Not in the bundle, and not looked at: {named}." if named else text


def _but(text: str, aside: str | None) -> str:
    return f"{text} But: {aside.rstrip('.')}." if aside else text


def _root_causes(errors: Sequence[Finding]) -> tuple[str, ...]:
    """Codes by the paths they break, most first; what another follows from stands before it."""
    weight: dict[str, int] = {}
    for finding in errors:
        weight[finding.code] = weight.get(finding.code, 0) + finding.paths
    following = {finding.code: finding.after & weight.keys() for finding in errors if finding.after & weight.keys()}
    for code, causes in following.items():
        weight |= {cause: max(weight[cause], weight[code]) for cause in causes}
    return tuple(sorted(weight, key=lambda code: (-weight[code], code in following, code)))


def _broken_headline(errors: Sequence[Finding], failing: int, paths: DnsPaths) -> str:
    judged = len(paths.pods) - paths.counts[Verdict.NOT_APPLICABLE]
    if not errors:
        return f"{failing} of {judged} DNS paths are broken; what breaks them is not among the causes known here."
    leading = _root_causes(errors)[0]
    first = max((f for f in errors if f.code == leading), key=lambda f: f.paths)
    same = [f for f in errors if f.code == first.code]
    more = f" ({len(same) - 1} more {first.code})" if len(same) > 1 else ""
    return f"{_failing(paths, judged)}: {first.message}{more}." if failing else f"{first.message}{more}."


def _failing(paths: DnsPaths, judged: int) -> str:
    """How many paths fail, and how many only now and then: those of which some endpoints answer."""
    broken, degraded = paths.counts[Verdict.BROKEN], paths.counts[Verdict.DEGRADED]
    if not degraded:
        return f"{broken} of {judged} DNS paths fail"
    also = f"{broken} of {judged} DNS paths fail, and {degraded}" if broken else f"{degraded} of {judged} DNS paths"
    return f"{also} fail now and then"


def _inconclusive_headline(cluster: Cluster, paths: DnsPaths) -> str:
    other = replaced_by(cluster)
    if cluster.mixture:
        return f"Nothing can be judged from this: {cluster.mixture}."
    runs = f" {other.name} (DaemonSet {other.daemonset}) runs here, and calico-node does not." if other else ""
    if not cluster.has_calico:
        return f"Nothing in this bundle speaks of Calico, so nothing can be said about its addresses and routes.{runs}"
    if runs:
        return f"What this bundle has of Calico was left behind, and no path can be judged by it.{runs}"
    unknown = paths.counts[Verdict.UNKNOWN]
    suspects = [n for n in cluster.nodes.values() if _looks_odd(n.bgp_address, n.internal_ip)]
    hint = ""
    if suspects:
        node = suspects[0]
        address = node.bgp_address.ip if node.bgp_address else None
        hint = (
            f" {node_subject(node.name)} deserves a look: its Calico address {address} is not its InternalIP "
            f"{node.internal_ip}, and the bundle does not show whether its peers can use it."
        )
    if not paths.pods:
        return f"No pods are in this bundle, so no DNS path can be judged.{hint}"
    judged = len(paths.pods) - paths.counts[Verdict.NOT_APPLICABLE]
    return f"{unknown} of {judged} DNS paths cannot be decided from this bundle.{hint}"


def _looks_odd(stored: object, internal: object) -> bool:
    return stored is not None and internal is not None and getattr(stored, "ip", None) != internal
