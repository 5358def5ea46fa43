"""What the paths come to with a fix, in numbers and words: of addresses and of all else, alone and together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from weakref import WeakKeyDictionary

from calico_bundle.findings import Context, Fix
from calico_bundle.paths import DnsPaths
from calico_bundle.remedies.trying import Outlook, compared
from calico_bundle.what_if.mending import Mended, paths_after

_MOST_NODES, _MOST_NAMED = 10, 3
_known: WeakKeyDictionary[DnsPaths, dict[Mended, Outlook]] = WeakKeyDictionary()


def outlook_of(paths: DnsPaths, mended: Mended) -> Outlook:
    """What the paths come to once something is mended; each is followed once."""
    known = _known.setdefault(paths, {})
    if mended not in known:
        known[mended] = compared(paths, paths_after(paths, mended))
    return known[mended]


def tried_fix(
    context: Context, title: str, commands: tuple[str, ...], disruption: str, mended: Mended, how: str
) -> Fix:
    """A fix with what it comes to on the bundle's records; `how` says what was laid into them."""
    seen = outlook_of(context.paths, mended)
    also = f"; it would lose {seen.lost} that reach now and leave {seen.lost_sight_of} open" if not seen.safe else ""
    return Fix(title, commands, disruption, *counted(seen), f"{how}: {mends(seen)}{also}", mends=mended)


def counted(seen: Outlook) -> tuple[int | None, int | None]:
    """How many paths are restored and left broken; None where that is open for some.

    >>> counted(Outlook(restored=3, left=1)), counted(Outlook(restored=3, left_open=1))
    ((3, 1), (None, None))
    """
    return (None, None) if seen.left_open else (seen.restored, seen.left)


def mends(seen: Outlook) -> str:
    """What becomes of the paths that fail now, in words.

    >>> mends(Outlook(restored=3, left=1))
    '3 of 4 failing paths reach, and none that reaches now is lost'
    """
    failing = seen.restored + seen.left + seen.left_open
    open_ones = f" and {seen.left_open} are open" if seen.left_open else ""
    mended = f"{seen.restored} of {failing} failing paths reach{open_ones}" if failing else "no path fails now"
    return f"{mended}, and none that reaches now is lost" if seen.safe else mended


def on_each(nodes: Sequence[str], commands: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Commands for each of some nodes; those of the first few, and which are left out, where there are many.

    >>> on_each(["n1"], lambda node: [f"reboot  # on {node}"])
    ('reboot  # on n1',)
    """
    shown = tuple(command for node in nodes[:_MOST_NODES] for command in commands(node))
    left = nodes[_MOST_NODES:]
    more = ", ".join(left[:_MOST_NODES]) + (f" and {len(left) - _MOST_NODES} more" if left[_MOST_NODES:] else "")
    return (*shown, f"true  # and the same on {more}") if left else shown


def listed(names: Sequence[str]) -> str:
    """A few names, and that there are others.

    >>> listed(["n1", "n2"]), listed(["n1", "n2", "n3", "n4"])
    ('n1 and n2', 'n1, n2, n3 and 1 more')
    """
    more = [f"{len(names) - _MOST_NAMED} more"] if names[_MOST_NAMED:] else []
    *first, last = [*names[:_MOST_NAMED], *more]
    return f"{', '.join(first)} and {last}" if first else last
