"""Hypotheses about single nodes: what each node shows, and the one answer that all of them give together.

It is supported where a node shows a sign of it, ruled out where every node shows lines that exclude it, and open where one
node shows neither. Hypotheses share this; it is none itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calico_bundle.hypotheses import Answer, Case, Status

if TYPE_CHECKING:
    from calico_bundle.cluster import ClusterNode
    from calico_bundle.evidence import Evidence
    from calico_bundle.network.outcome import Settles

MOST_QUOTED = 6
"""Lines that an answer quotes: they are examples, the whole is in the tables."""

BIRD_SESSIONS = "birdcl -s /var/run/calico/bird.ctl show protocols all"
"""Shows a node's sessions; the socket is where calico-node has it (its BIRD is built with another default)."""

_MOST_NODES = 12
"""Nodes that get a command of their own: where more lack the same, these tell enough to go on."""

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """What one node shows: a sign of the hypothesis, else lines that exclude it; neither where nothing was collected."""

    node: str
    sign: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """How a hypothesis about nodes speaks: `clear` when ruled out, `unseen` what is not known of some nodes.

    `commands` show it on a node, `anywhere` wherever kubectl works. `effect` is what a sign means for DNS; without it the
    paths tell, which are judged by routes, tunnels, sessions and the reverse-path filter.
    """

    clear: str
    unseen: str
    commands: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    effect: str = ""


def from_nodes(
    case: Case, words: Words, show: Callable[[ClusterNode], Shown], first: Sequence[Evidence] = ()
) -> Answer:
    """The answer of all nodes together; `first` are lines that belong before those of the nodes."""
    shown = [show(node) for node in case.context.cluster.nodes.values()]
    signs = [one for one in shown if one.sign]
    if signs:
        return _supported(case, words, signs)
    lacking = [one.node for one in shown if not one.evidence] + unlisted(case)
    if lacking or not shown:
        return unseen(case, words, lacking)
    lines = [*first, *(line for one in shown[:MOST_QUOTED] for line in one.evidence)]
    return Answer(Status.RULED_OUT, words.clear, tuple(dict.fromkeys(lines))[:MOST_QUOTED])


def unseen(case: Case, words: Words, nodes: Sequence[str]) -> Answer:
    """The answer where some nodes do not show it, with the commands that would."""
    from calico_bundle.network.outcome import Settles

    on_nodes = [Settles(words.commands, node) for node in nodes[:_MOST_NODES] if words.commands]
    wanted = [Settles(words.anywhere), *(on_nodes or [Settles(words.commands)])]
    of = f" on {named(nodes)}" if nodes else ""
    return Answer(Status.NOT_CHECKABLE, f"{words.unseen}{of} is not in the bundle", collect=lines(case, wanted))


def lines(case: Case, wanted: Iterable[Settles]) -> tuple[str, ...]:
    """Commands, ready to paste, for this cluster."""
    from calico_bundle.collecting import Commands

    return Commands(case.context.cluster).lines(wanted)


def on_hosts(scripts: Mapping[str, str]) -> tuple[str, ...]:
    """Commands for tools that calico-node's image lacks, such as tcpdump and ethtool: on the machines themselves.

    >>> on_hosts({"node-1": "uname -r"})
    ("ssh node-1 'uname -r'",)
    """
    return tuple(f"ssh {shlex.quote(node)} {shlex.quote(script)}" for node, script in scripts.items())


def unlisted(case: Case) -> list[str]:
    """Nodes that pods run on and of which the bundle has nothing."""
    from calico_bundle.facts.pod_columns import columns_of

    cluster = case.context.cluster
    return sorted({node for node in columns_of(cluster.pods).nodes if node} - cluster.nodes.keys())


def left_over(case: Case) -> bool:
    """Whether another plugin runs in Calico's place: then what is left of Calico explains nothing."""
    from calico_bundle.calico.other_plugins import replaced_by

    return replaced_by(case.context.cluster) is not None


def named(nodes: Sequence[str]) -> str:
    """Some nodes by name.

    >>> named(["n1", "n2", "n3", "n4", "n5"])
    'n1, n2, n3 and 2 more'
    """
    more = f" and {len(nodes) - _MOST_NAMED:,} more" if len(nodes) > _MOST_NAMED else ""
    return ", ".join(nodes[:_MOST_NAMED]) + more


def _supported(case: Case, words: Words, signs: Sequence[Shown]) -> Answer:
    text = "; ".join(one.sign for one in signs[:_MOST_NAMED])
    more = f"; and {len(signs) - _MOST_NAMED:,} nodes more" if len(signs) > _MOST_NAMED else ""
    quoted = tuple(dict.fromkeys(line for one in signs for line in one.evidence))[:MOST_QUOTED]
    meant = bearing(case, {one.node for one in signs}, words.effect)
    return Answer(Status.SUPPORTED, f"{text}{more}. {meant}", quoted)


def bearing(case: Case, nodes: Collection[str], effect: str = "") -> str:
    """What something that holds on some nodes has to do with the DNS paths of this cluster.

    `effect` is said where the paths are judged without regard to it.
    """
    if not effect:
        return _laid(case, nodes)
    lost, theirs = lost_at(case, nodes)
    told = f" {theirs:,} of the {lost:,} lost paths begin or end there." if theirs else ""
    return f"{effect[0].upper()}{effect[1:]}. Paths are judged without regard to it, so whether it breaks DNS is open.{told}"


def _laid(case: Case, nodes: Collection[str]) -> str:
    from calico_bundle.paths import Verdict

    lost, theirs = lost_at(case, nodes)
    counts = case.context.paths.counts
    if theirs:
        return f"{theirs:,} of the {lost:,} lost paths begin or end there"
    if lost:
        laid = "begins or ends there" if nodes else "is laid to it"
        if counts[Verdict.UNKNOWN]:
            unknown = f"whether it breaks the {counts[Verdict.UNKNOWN]:,} that cannot be judged is open"
            return f"None of the {lost:,} lost paths {laid}; {unknown}"
        return f"True, and not what breaks DNS here: none of the {lost:,} lost paths {laid}"
    if counts[Verdict.UNKNOWN] or not counts[Verdict.REACHES]:
        return "Whether it breaks DNS is open: not every path can be judged"
    return f"True, and not seen to break DNS here: none of {counts[Verdict.REACHES]:,} paths is lost"


def lost_at(case: Case, nodes: Collection[str]) -> tuple[int, int]:
    """Paths that are lost, and those of them that have to do with some nodes."""
    from calico_bundle.impact import Blame, failing_groups, lost_pairs

    paths = case.context.paths
    failing = failing_groups(paths)
    if not failing:
        return 0, 0
    blame = Blame(paths.cluster, nodes)
    theirs = [
        group
        for group in failing
        if any(not set(pair).isdisjoint(nodes) or blame.lies_with(pair) for pair in lost_pairs(group))
    ]
    return sum(len(group.pods) for group in failing), sum(len(group.pods) for group in theirs)
