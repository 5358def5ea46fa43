"""Which artifact is what, and whose: one file per bundle format, and one that goes by content alone.

A layout is a module of this folder that has a `LAYOUT`; nothing else is needed to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Placement:
    """What a layout says about one path; None where it says nothing and the content decides.

    `node` is a node name as the path has it (it may be a short or a full host name); `table` is for `ip route` of one
    table, which does not print it; `namespace`, `pod`, `container` are for a log. `kind` and `family` are what a name
    says; nothing goes by them but the kind `hostname`, since the text tells. `skip` is the reason why the file is not to
    be read as the node's or the cluster's own (another network namespace, a duplicate form). `group` marks files that
    are of one machine whose name the path does not have: a folder below the root, `.` for the root itself. A file of
    kind `hostname` in a group states the machine's name. `redacted` says of a file that is skipped that its producer
    altered what it held: then there is a gap where there would have been facts. `every_table`: `ip route` of all tables.
    """

    node: str | None = None
    kind: str | None = None
    table: str | None = None
    family: int | None = None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None
    skip: str | None = None
    group: str | None = None
    redacted: bool = False
    every_table: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """One bundle format.

    `roots(paths)` gives the folders (with their trailing `/`; `""` is the top) in which its fingerprint was found;
    `place(path, nodes)` places one path, given relative to its root, with the known node names at hand, and answers
    None for a path that the format does not have. Layouts with a smaller `rank` are asked first. `parts` are files and
    folders (with their trailing `/`) of the format, by which a bundle of no known format is likened to it.
    """

    name: str
    title: str
    roots: Callable[[Sequence[str]], tuple[str, ...]]
    place: Callable[[str, Sequence[str]], Placement | None]
    rank: int = 50
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Likeness:
    """The format that comes closest to a bundle of no known one: which of its parts are there, and which are not."""

    layout: str
    title: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]


def closest(paths: Sequence[str]) -> Likeness | None:
    """The format of which the largest share of parts is among some paths; None where no part of any is.

    >>> closest(["case/cluster-resources/pods/shop.json", "case/version.yaml"]).lacks
    ('host-collectors/', 'execution-data/')
    """
    found = [_likeness(layout, paths) for layout in all_layouts() if layout.parts]
    best = max(found, key=lambda one: len(one.has) / (len(one.has) + len(one.lacks)), default=None)
    return best if best and best.has else None


def _likeness(layout: Layout, paths: Sequence[str]) -> Likeness:
    has = tuple(part for part in layout.parts if any(_is_within(part, path) for path in paths))
    return Likeness(layout.name, layout.title, has, tuple(part for part in layout.parts if part not in has))


def _is_within(part: str, path: str) -> bool:
    if part not in path:
        return False
    return f"/{part}" in f"/{path}" if part.endswith("/") else f"/{path}".endswith(f"/{part}")


@cache
def all_layouts() -> tuple[Layout, ...]:
    """Every layout of this folder, in the order in which they are asked; the one by content comes last.

    >>> [layout.name for layout in all_layouts()][-1]
    'by-content'
    """
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = [m.LAYOUT for m in modules if hasattr(m, "LAYOUT")]
    return tuple(sorted(found, key=lambda layout: (layout.rank, layout.name)))
