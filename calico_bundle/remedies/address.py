"""The fix for addresses: of all methods that were tried, the one that mends everything, breaks nothing and lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Interface
from weakref import WeakKeyDictionary

from calico_bundle.addresses import AddressStatus, AddressVerdict
from calico_bundle.calico.distribution import distribution_of
from calico_bundle.calico.installation import environment_of
from calico_bundle.calico.programming import without_bgp
from calico_bundle.facts import Address
from calico_bundle.findings import Context, Fix
from calico_bundle.paths import DnsPaths
from calico_bundle.remedies.asking import asking_after
from calico_bundle.remedies.candidates import Candidate, candidates
from calico_bundle.remedies.commands import restarts, stored_by_hand, telling, verifying
from calico_bundle.remedies.outlooks import counted, mends
from calico_bundle.remedies.trying import Outlook, Trials, Tried
from calico_bundle.remedies.undoing import undoing, undoing_by_hand
from calico_bundle.what_if import Move
from calico_bundle.what_if.mending import Mended, paths_after
from calico_bundle.what_if.trial import stored

_GOOD = frozenset({AddressStatus.OK, AddressStatus.UNINTENDED})
_AT_FAULT = frozenset({AddressStatus.WRONG, AddressStatus.DUPLICATE, AddressStatus.NOT_ON_NODE})
_ASSUMED = (
    "predicted for when calico-node has come to rest, up to 240 s after its start where a peer does not answer, and where no "
    "firewall that the bundle does not show stands between"
)
_REWRITTEN = (
    "No pod restarts. calico-node on these nodes sees the change and writes BIRD's and its own routes anew: their BGP "
    "sessions come up again, and pod traffic to and from them stops for some seconds."
)
_known: WeakKeyDictionary[DnsPaths, tuple[Fix, ...]] = WeakKeyDictionary()
_kept: WeakKeyDictionary[DnsPaths, tuple[Fix, ...]] = WeakKeyDictionary()


def address_fix(context: Context) -> tuple[Fix, ...]:
    """The fix for all nodes whose address is at fault; a note that none is safe where none is."""
    if context.paths not in _known:
        wrong = [v for _, v in sorted(context.addresses.items()) if v.status in _AT_FAULT]
        _known[context.paths] = (_proposed(context, wrong),) if wrong else ()
    return _known[context.paths]


def keeping_fix(context: Context) -> tuple[Fix, ...]:
    """A method that chooses on every node what it has now: for addresses that are right and would move."""
    if context.paths not in _kept:
        at_fault = any(v.status in _AT_FAULT for v in context.addresses.values())
        _kept[context.paths] = address_fix(context) if at_fault else (_proposed(context, ()),)
    return _kept[context.paths]


def _proposed(context: Context, wrong: Sequence[AddressVerdict]) -> Fix:
    homeless = [v.node for v in wrong if v.expected is None]
    if homeless:
        why = f"which address {homeless[0]} should have is not known: it has none of its InternalIP"
        return _nothing((Tried(Candidate("", ""), why),))
    wanted = {v.node: v.stored for v in context.addresses.values() if v.status in _GOOD and v.stored}
    kept = frozenset(wanted)
    wanted.update({v.node: v.expected for v in wrong if v.expected})
    trials = Trials(context.choices, context.paths, wanted, kept)
    tried = _tried(context, wanted, trials)
    best = next((t for t in tried if t.proposed), None)
    by_hand = _by_hand(context, wrong, trials) if best is None or best.falls else None
    if by_hand is not None:
        return replace(by_hand, runner_up=_lost(tried[0] if tried else None))
    if best is None:
        return _nothing(tried)
    return _fix(context, wrong, best, next((t for t in tried if t is not best), None))


def _tried(context: Context, wanted: Mapping[str, Address], trials: Trials) -> Sequence[Tried]:
    """Methods by what they come to, the best first; no more than it takes to find a good one and the next best."""
    now = context.choices.installation.method
    tried: list[Tried] = []
    for candidate in candidates(context.cluster, wanted):
        if candidate.method != now:  # what is set now has done what it does
            tried.append(trials.of(candidate))
        if len(tried) > 1 and any(t.proposed and not t.falls for t in tried):
            break
    return sorted(tried, key=lambda t: t.rank)


def _by_hand(context: Context, wrong: Sequence[AddressVerdict], trials: Trials) -> Fix | None:
    """Write the addresses themselves: where detection is off, nothing overwrites them (configureIPsAndSubnets)."""
    environment = environment_of(context.cluster, 4)
    if not wrong or environment is None or environment[0] not in (None, "", "none"):
        return None
    moves = []
    for verdict in wrong:
        node = context.cluster.nodes[verdict.node]
        held = next((a.address for a in node.card_addresses if a.address.ip == verdict.expected), None)
        if held is None:
            return None
        moves.append(Move(node.name, stored(node), IPv4Interface(held)))
    seen = trials.outlook(tuple(moves))
    if not seen.safe:
        return None
    commands = (*(stored_by_hand(move.node, move.after) for move in moves), *verifying(wrong))
    title = "write the right address into each node at fault: calico-node does not detect it here"
    mended = Mended(moves=frozenset(moves))
    commands = (*commands, *_asked(context, seen, mended))
    tried, undo = f"{mends(seen)} ({_ASSUMED})", undoing_by_hand(moves)
    return Fix(title, commands, _REWRITTEN, *counted(seen), tried, mends=mended, undo=undo)


def _asked(context: Context, seen: Outlook, mended: Mended) -> tuple[str, ...]:
    """A lookup of a pod that fails now and reaches then; the paths are followed for it only where not all of them reach."""
    whole = not seen.left and not seen.left_open
    return asking_after(context, None if whole else lambda: paths_after(context.paths, mended))


def _fix(context: Context, wrong: Sequence[AddressVerdict], best: Tried, second: Tried | None) -> Fix:
    distribution = distribution_of(context.cluster)
    chart = next((c for c in context.cluster.chart_configs if c.name == "rke2-calico"), None)
    told = telling(context.choices.installation, distribution, best.candidate.method, chart)
    seen = best.outlook or Outlook()
    mended = Mended(moves=frozenset(best.moves))
    commands = (*told.commands, *verifying(wrong), *_asked(context, seen, mended))
    interrupts = restarts(by_bgp=not without_bgp(context.cluster))
    disruption = f"{interrupts} {told.note}".rstrip()
    undo = undoing(context.cluster, context.choices.installation, distribution, best.candidate.method, chart)
    return Fix(best.candidate.title, commands, disruption, *counted(seen), _told(best), _lost(second), mended, undo)


def _told(tried: Tried) -> str:
    """How a method was tried, and what it came to."""
    lasts = f"but {tried.falls}" if tried.falls else "and a card added later changes none of its choices"
    named = ", ".join(tried.unjudged[:3]) + (" and others" if tried.unjudged[3:] else "")
    also = f"; it moves {named} too, whose address could not be judged" if named else ""
    return f"replayed on every node: {mends(tried.outlook or Outlook())}; {lasts}{also} ({_ASSUMED})"


def _lost(second: Tried | None) -> str:
    """The next best, and why it is that."""
    if second is None:
        return ""
    return f"{second.candidate.method}: {_why_not(second)}"


def _why_not(tried: Tried) -> str:
    seen = tried.outlook or Outlook()
    if tried.because:
        return tried.because
    if not seen.safe:
        return f"of the paths that reach now it loses {seen.lost} and leaves {seen.lost_sight_of} open"
    if tried.falls:
        return tried.falls
    if seen.left or seen.left_open:
        return f"{seen.left} failing paths still fail and {seen.left_open} are open"
    return f"it does the same, but {tried.candidate.asks}"


def _nothing(tried: Iterable[Tried]) -> Fix:
    """Say that nothing is proposed, and why each method is out."""
    listed = "; ".join(_lost(t) if t.candidate.method else t.because for t in tried)
    title = "none is proposed: no detection method is shown to give every node the right address and to break nothing"
    return Fix(title, (), "Nothing is changed.", tried=listed)
