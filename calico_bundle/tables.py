"""The facts of a bundle as tables: rows of plain values for files, DataFrames for people who want to look further.

Every value can be written as JSON: addresses and networks are text, tuples lists, mappings dicts; None is "not known".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, NamedTuple, cast

from calico_bundle import facts as f
from calico_bundle.bundle import Bundle
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.columns import (
    FRAME_NAME,
    OR_MISSING,
    SHAPES,
    Cell,
    Column,
    Description,
    Shape,
    cells_of,
    describe,
    shape_of,
)
from calico_bundle.display import html_table, text_table
from calico_bundle.errors import UnknownNameError
from calico_bundle.evidence import Gap
from calico_bundle.facts.route_queries import next_hop_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "Description", "Tables", "UnknownTableError", "describe"]

_AS_IT_IS = frozenset({str, int, bool, NoneType})


class UnknownTableError(UnknownNameError, AttributeError):  # type: ignore[misc]  # both have a `name`: the one asked for
    """A table that is not there, asked for as an attribute: `hasattr` works, and the message says what is there."""


class Record(NamedTuple):
    """What one row is made of: a fact, its node, and for a fact with several parts the part and its place."""

    fact: object | None
    node: str | None = None
    place: int | None = None
    part: object | None = None
    recorded: tuple[str, ...] = ()


class Tables:
    """All tables of one bundle: `tables.routes` is a DataFrame, `tables.rows("routes")` gives plain rows.

    A DataFrame is made anew on each access: keep it in a variable when it is large. Missing values are missing
    (`pd.NA`), never 0 or an empty text.

    >>> tables = Tables(Bundle((), (), (), ()), Cluster({"n1": ClusterNode("n1")}), ())
    >>> next(tables.rows("nodes"))["name"]
    'n1'
    >>> hasattr(tables, "route")
    False
    """

    def __init__(self, bundle: Bundle, cluster: Cluster, gaps: Sequence[Gap]) -> None:
        self._bundle = bundle
        self._cluster = cluster
        self._gaps = tuple(gaps)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all tables."""
        return tuple(SHAPES)

    def columns(self, name: str) -> tuple[str, ...]:
        """The column names of a table, in order; `describe(name)` says what they mean.

        Raises `UnknownNameError`, as `rows`, `count` and `frame` do, for a table that is not there.
        """
        return tuple(cell.column.name for cell in cells_of(name))

    def count(self, name: str) -> int:
        """How many rows a table has, without making them."""
        shape = shape_of(name)
        if name == "routes":
            return sum(next_hop_rows(node.routes or ()) for node in self._cluster.nodes.values())
        if shape.parts:
            return sum(1 for _ in self._records(shape))
        if shape.on_node:
            return sum(len(getattr(node, shape.attribute) or ()) for node in self._cluster.nodes.values())
        return len(self._of_bundle(name))

    def least(self, name: str) -> int:
        """How many rows a table has at least, told from the number of its facts without looking at any of them."""
        shape = shape_of(name)
        if shape.on_node:
            return sum(len(getattr(node, shape.attribute) or ()) for node in self._cluster.nodes.values())
        aside = {"nodes": self._cluster.nodes, "gaps": self._gaps, "artifacts": self._bundle.artifacts}
        return len(aside[name] if name in aside else getattr(self._cluster, shape.attribute))

    def rows(self, name: str) -> Iterator[dict[str, object]]:
        """The rows of a table, one dict each, in column order, with values that JSON knows."""
        names = self.columns(name)
        return (dict(zip(names, values, strict=True)) for values in self._values(name))

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a DataFrame with pandas' nullable dtypes; an empty one has all its columns, too."""
        import pandas as pd

        columns = [cell.column for cell in cells_of(name)]
        values: list[Sequence[object]] = list(zip(*self._values(name), strict=True)) or [()] * len(columns)
        frame = pd.DataFrame({c.name: series(v, c.type) for c, v in zip(columns, values, strict=True)})
        frame.attrs[FRAME_NAME] = name
        return frame

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name not in SHAPES:
            raise UnknownTableError("table", name, list(SHAPES))
        return self.frame(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *SHAPES})

    def __repr__(self) -> str:
        return text_table(("table", "rows", "what it holds"), self._overview())

    def _repr_html_(self) -> str:
        return html_table("Tables", ("table", "rows", "what it holds"), self._overview())

    def _overview(self) -> list[tuple[str, str, str]]:
        return [(s.name, str(self.count(s.name)), s.meaning) for s in SHAPES.values()]

    # --- from facts to rows -------------------------------------------------------------------------------------------

    def _values(self, name: str) -> Iterator[tuple[object, ...]]:
        getters = [_getter(cell) for cell in cells_of(name)]
        return (tuple(get(record) for get in getters) for record in self._records(shape_of(name)))

    def _records(self, shape: Shape) -> Iterator[Record]:
        if shape.name == "nodes":
            nodes = self._cluster.nodes.values()
            return (Record(n.kubernetes, n.name, recorded=_recorded(n)) for n in nodes)
        whole = self._on_nodes(shape.attribute) if shape.on_node else map(Record, self._of_bundle(shape.name))
        return (part for record in whole for part in _split(record, shape))

    def _on_nodes(self, attribute: str) -> Iterator[Record]:
        for node in self._cluster.nodes.values():
            facts = getattr(node, attribute) or ()
            for fact in facts.values() if isinstance(facts, Mapping) else facts:
                yield Record(fact, node.name)

    def _of_bundle(self, name: str) -> Collection[object]:
        if name == "gaps":
            return self._gaps
        if name == "artifacts":
            return list(self._artifacts())
        found = getattr(self._cluster, SHAPES[name].attribute)
        return cast(Collection[object], found.values() if isinstance(found, Mapping) else found)

    def _artifacts(self) -> Iterator[f.ArtifactFact]:
        gaps = Counter(gap.path for gap in self._gaps)
        for a in self._bundle.artifacts:
            owner = self._cluster.owners.get(a.path)
            node, how = (owner.node, owner.joined_by) if owner else (None, None)
            count = len(a.parsed.gaps) if a.part else gaps[a.path]
            yield f.ArtifactFact(a.path, a.layout, a.kind, node, how, a.size, len(a.parsed.facts), count)


def _recorded(node: ClusterNode) -> tuple[str, ...]:
    """The tables that hold something of a machine. None is "not recorded"; log lines are there or they are not."""
    found = ((s.name, getattr(node, s.attribute)) for s in SHAPES.values() if s.on_node)
    return tuple(name for name, facts in found if facts is not None and (facts or name != "log_events"))


def _split(record: Record, shape: Shape) -> Iterable[Record]:
    """One record per part of a fact; a fact without parts (a blackhole route) keeps one row."""
    parts = getattr(record.fact, shape.parts.attribute) if shape.parts else ()
    if not parts:
        return (record,)
    return (record._replace(place=place, part=part) for place, part in enumerate(parts))


def _getter(cell: Cell) -> Callable[[Record], object]:
    attribute, part = cell.attribute, cell.part
    if part == "record":
        return lambda record: plain(getattr(record, attribute))
    if part == "evidence":
        return lambda record: plain(getattr(record.fact.evidence, attribute) if record.fact else None)  # type: ignore[attr-defined]

    def get(record: Record) -> object:
        # None where there is no Node object, or the route has no next hop.
        whole = record.fact if part == "fact" else record.part
        return None if whole is None else plain(getattr(whole, attribute))

    return get


def plain(value: object) -> object:
    """A value as JSON has it.

    >>> from ipaddress import ip_network
    >>> plain((ip_network("10.0.0.0/8"), f.ServicePort("dns", 53, "UDP"), None))
    ['10.0.0.0/8', 'dns/53/UDP', None]
    """
    if type(value) in _AS_IT_IS or isinstance(value, float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, f.ServicePort):
        return "/".join(filter(None, (value.name, str(value.port), value.protocol)))
    return str(value.value if isinstance(value, Enum) else value)


# --- DataFrames -----------------------------------------------------------------------------------------------------


def series(values: Sequence[object], type_in_words: str) -> pd.Series:
    """Values as a column, in pandas' nullable type for a column of this type (in the words of `describe`)."""
    import pandas as pd

    one = type_in_words.removesuffix(OR_MISSING)
    if one.startswith(("list", "mapping")):
        return pd.Series(list(values), dtype=object)
    if one == "boolean":
        return pd.Series(list(values), dtype="boolean")
    if one == "number":
        return pd.Series(list(values), dtype="Float64")
    if one == "integer":
        return _integers(values)
    # Kept by Python, not by pyarrow, whether or not that is installed: it refuses text that is not valid Unicode, which
    # JSON can carry (a lone "\ud800").
    return pd.Series(list(values), dtype=pd.StringDtype("python"))


def _integers(values: Sequence[object]) -> pd.Series:
    """Whole numbers; as Python's own where one needs more than 64 bits, which a damaged listing can hold."""
    import pandas as pd

    try:
        return pd.Series(list(values), dtype="Int64")
    except OverflowError:
        return pd.Series(list(values), dtype=object)
