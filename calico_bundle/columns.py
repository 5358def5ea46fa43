"""The tables' columns: names, types and meanings, all taken from the facts' own annotations; and `describe()`.

The meaning of a column stands once, beside its field in `facts`. Only what a table adds to its fact is written here.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING

from calico_bundle import facts as f
from calico_bundle.display import html_table, text_table
from calico_bundle.errors import UnknownNameError, UsageError
from calico_bundle.evidence import Gap, GapKind

if TYPE_CHECKING:
    import pandas as pd

OR_MISSING = " or missing"
"""What the type of a column ends with when its values may be missing."""

_WORDS: Mapping[type, str] = MappingProxyType({
    IPv4Address: "address", IPv6Address: "address", IPv4Network: "network", IPv6Network: "network",
    IPv4Interface: "address/length", IPv6Interface: "address/length", bool: "boolean", int: "integer",
    float: "number",
    f.ServicePort: "text",
})  # fmt: skip
_PLURALS = {"address": "addresses", "network": "networks", "text": "texts"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its name, the type of its values, and what they mean."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Parts:
    """A field that holds records of its own: the table has one row for each of them instead.

    `attribute` is that field; `numbered` names the column that counts them from 0, if there is one; `renamed` avoids
    two columns of one name.
    """

    attribute: str
    fact: type
    numbered: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """A column, and where its value comes from: the part of a record, and the attribute of that part."""

    column: Column
    part: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How one table is made: the class of its facts, the attribute that holds them, and what a row is."""

    name: str
    fact: type
    attribute: str
    on_node: bool = False
    parts: Parts | None = None
    note: str = ""

    @property
    def meaning(self) -> str:
        """One line: what the fact says of itself, and what a row is where that is not plain."""
        said = (self.fact.__doc__ or "").strip().split("\n")[0]
        return f"{said} {self.note}".strip()


_NEXT_HOPS = Parts("next_hops", f.NextHop, numbered="next_hop")
_CONTAINERS = Parts("containers", f.ContainerSpec, renamed={"name": "container"})
_REPORTED = Parts("sessions", f.BGPSessionFact)
_RULES = Parts("rules", f.PolicyRule, renamed={"unread": "rule_unread"})
_TARGETS = Parts("targets", f.ServiceTarget)
_FILTERS = Parts("rules", f.FilterRule)
_SHAPES = (
    Shape("nodes", f.NodeFact, "nodes", note="Without a Node object, only `name` and `recorded` are known."),
    Shape("interfaces", f.InterfaceFact, "interfaces", on_node=True),
    Shape("addresses", f.AddressFact, "addresses", on_node=True),
    Shape("routes", f.RouteFact, "routes", on_node=True, parts=_NEXT_HOPS, note="One row per next hop."),
    Shape("rules", f.RuleFact, "rules", on_node=True),
    Shape("bgp_sessions", f.BGPSessionFact, "sessions", on_node=True),
    Shape("pods", f.PodFact, "pods"),
    Shape("services", f.ServiceFact, "services"),
    Shape("endpoints", f.EndpointFact, "endpoints"),
    Shape("ip_pools", f.IPPoolFact, "pools"),
    Shape("ip_blocks", f.IPBlockFact, "blocks"),
    Shape("log_events", f.LogEventFact, "log_events", on_node=True),
    Shape("gaps", Gap, "gaps"),
    Shape("artifacts", f.ArtifactFact, "artifacts"),
    Shape("neighbors", f.NeighborFact, "neighbors", on_node=True),
    Shape("sysctls", f.SysctlFact, "sysctls", on_node=True),
    Shape("service_rules", f.ServiceRuleFact, "service_rules", on_node=True),
    Shape(
        "service_tables",
        f.ServiceTableFact,
        "service_tables",
        on_node=True,
        parts=_TARGETS,
        note="One row per thing that may become of a lookup.",
    ),
    Shape("port_rules", f.PortRuleFact, "port_rules", on_node=True),
    Shape("filter_tables", f.FilterTableFact, "filter_tables", on_node=True, parts=_FILTERS, note="One row per rule."),
    Shape("bgp_routes", f.BGPRouteFact, "bgp_routes", on_node=True),
    Shape("events", f.EventFact, "events"),
    Shape("daemonsets", f.DaemonSetFact, "daemonsets", parts=_CONTAINERS, note="One row per container."),
    Shape("bgp_peers", f.BGPPeerFact, "bgp_peers"),
    Shape(
        "calico_node_statuses", f.CalicoNodeStatusFact, "node_statuses", parts=_REPORTED, note="One row per session."
    ),
    Shape("bgp_configurations", f.BGPConfigurationFact, "bgp_configurations"),
    Shape("felix_configurations", f.FelixConfigurationFact, "felix_configurations"),
    Shape("installations", f.InstallationFact, "installations"),
    Shape("chart_configs", f.HelmChartConfigFact, "chart_configs"),
    Shape("namespaces", f.NamespaceFact, "namespaces"),
    Shape("policies", f.PolicyFact, "policies", parts=_RULES, note="One row per rule."),
    Shape("tiers", f.TierFact, "tiers"),
    Shape("network_sets", f.NetworkSetFact, "network_sets"),
    Shape("host_endpoints", f.HostEndpointFact, "host_endpoints"),
    Shape("service_accounts", f.ServiceAccountFact, "service_accounts"),
    Shape("lookup_errors", f.LookupErrorFact, "lookup_errors"),
    Shape("dns_server_events", f.DnsServerEventFact, "dns_server_events"),
    Shape("deployments", f.DeploymentFact, "deployments"),
    Shape("kubelet_dns", f.KubeletDnsFact, "kubelet_dns", on_node=True),
    Shape("dns_configurations", f.DnsConfigurationFact, "dns_configurations"),
    Shape("kubelet_defaults", f.KubeletDefaultsFact, "kubelet_defaults"),
    Shape("clocks", f.ClockFact, "clocks"),
)
SHAPES: Mapping[str, Shape] = MappingProxyType({shape.name: shape for shape in _SHAPES})
"""Every table by its name: first those of the contract in its order, then the others."""

_GAPS = {
    "path": "path inside the bundle",
    "line": "line, counted from 1; missing: the file as a whole",
    "kind": ", ".join(GapKind),
    "message": "what was there, and why it gave no facts",
}
# How a nested record is written in a table, where its meaning does not tell.
_WRITTEN: Mapping[tuple[type, str], str] = {(f.ServiceFact, "ports"): "; as name/port/protocol, e.g. dns/53/UDP"}
_NODE = Column("node", "text", "the node it was recorded on")
_NODE_NAME = Column("name", "text", "metadata.name; without a Node object, the name that the bundle's files give")
_RECORDED = Column(
    "recorded", "list of texts", "tables that hold what was recorded on it; any other says nothing of it, not 'none'"
)


def shape_of(name: str) -> Shape:
    """How a table is made. Raises `UnknownNameError` with a suggestion for a name that is not there.

    >>> shape_of("routes").note
    'One row per next hop.'
    """
    if name not in SHAPES:
        raise UnknownNameError("table", name, list(SHAPES))
    return SHAPES[name]


# --- from annotations to columns --------------------------------------------------------------------------------------


@cache
def cells_of(name: str) -> tuple[Cell, ...]:
    """The columns of a table in their order, each with the place its value comes from."""
    shape = shape_of(name)
    cells = [cell for item in dataclasses.fields(shape.fact) for cell in _field_cells(shape, item.name)]
    if shape.fact is f.NodeFact:
        at = next(place for place, cell in enumerate(cells) if cell.part == "evidence")
        cells.insert(at, Cell(_RECORDED, "record", "recorded"))
    return (Cell(_NODE, "record", "node"), *cells) if shape.on_node else tuple(cells)


def _field_cells(shape: Shape, name: str) -> Iterable[Cell]:
    # Evidence per field is for findings that quote it; a table's row has the one line of the whole fact.
    if name == "cited":
        return []
    if name == "evidence":
        return _evidence_cells(shape)
    if shape.parts and name == shape.parts.attribute:
        return _part_cells(shape.parts)
    if shape.fact is f.NodeFact:
        return [Cell(_NODE_NAME, "record", "node") if name == "name" else _cell(shape.fact, name, optional=True)]
    return [_cell(shape.fact, name)]


def _cell(fact: type, name: str, *, part: str = "fact", named: str | None = None, optional: bool = False) -> Cell:
    hint = _hints(fact)[name]
    meaning = hint.__metadata__[0] if typing.get_origin(hint) is typing.Annotated else _GAPS[name]
    words = type_in_words(hint)
    ending = OR_MISSING if optional and not words.endswith(OR_MISSING) else ""
    return Cell(Column(named or name, words + ending, meaning + _WRITTEN.get((fact, name), "")), part, name)


@cache
def _hints(fact: type) -> dict[str, typing.Any]:
    return typing.get_type_hints(fact, include_extras=True)


def _part_cells(parts: Parts) -> Iterable[Cell]:
    if parts.numbered:
        meaning = "which next hop of the route, from 0; missing for a route that has none"
        yield Cell(Column(parts.numbered, "integer" + OR_MISSING, meaning), "record", "place")
    for item in dataclasses.fields(parts.fact):
        if item.name not in ("cited", "evidence"):
            named = parts.renamed.get(item.name)
            yield _cell(parts.fact, item.name, part="part", named=named, optional=True)


def _evidence_cells(shape: Shape) -> Iterable[Cell]:
    what = _cell(shape.fact, "evidence").column.meaning
    ending = OR_MISSING if shape.fact is f.NodeFact else ""
    yield Cell(Column("evidence_path", "text" + ending, "file that states it"), "evidence", "path")
    line = Column("evidence_line", "integer" + OR_MISSING, f"{what}; counted from 1, missing: the file as a whole")
    yield Cell(line, "evidence", "line")


def type_in_words(hint: object) -> str:
    """The type of a column as people say it.

    >>> type_in_words(f.Address | None), type_in_words(tuple[str, ...]), type_in_words(int)
    ('address or missing', 'list of texts', 'integer')
    """
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    kinds = [hint] if isinstance(hint, type) or typing.get_origin(hint) in (tuple, Mapping) else typing.get_args(hint)
    words = dict.fromkeys(_one_type(kind) for kind in kinds if kind is not NoneType)
    return " or ".join(words) + (OR_MISSING if NoneType in kinds else "")


def _one_type(kind: typing.Any) -> str:
    origin = typing.get_origin(kind)
    if origin is tuple:
        # tuple[Address, ...]: get_args of the union inside is resolved by the same rule.
        one = type_in_words(typing.get_args(kind)[0])
        return f"list of {_PLURALS.get(one, one)}"
    return "mapping" if origin is Mapping else _WORDS.get(kind, "text")


# --- what describe() gives --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Description:
    """What a table holds, column by column: readable as text, as HTML in a notebook, and as a DataFrame."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def __repr__(self) -> str:
        return f"{self.name}: {self.meaning}\n{text_table(('name', 'type', 'meaning'), self._rows())}"

    def _repr_html_(self) -> str:
        return html_table(f"{self.name}: {self.meaning}", ("name", "type", "meaning"), self._rows())

    def _rows(self) -> list[tuple[str, str, str]]:
        return [(c.name, c.type, c.meaning) for c in self.columns]

    def to_frame(self) -> pd.DataFrame:
        """The same as a DataFrame: name, type, meaning."""
        import pandas as pd

        return pd.DataFrame(self._rows(), columns=["name", "type", "meaning"], dtype="string")


def _frame(name: str, meaning: str, /, **columns: tuple[str, str]) -> Description:
    return Description(name, meaning, tuple(Column(column, *said) for column, said in columns.items()))


_TEXT, _MAYBE, _ADDRESS = "text", "text" + OR_MISSING, "address" + OR_MISSING
_MADE = (
    _frame(
        "a.dns_paths",
        "Whether each pod reaches cluster DNS, and why not. One row per pod that is not finished.",
        namespace=(_TEXT, "the pod's namespace"),
        pod=(_TEXT, "the pod's name"),
        node=(_MAYBE, "the node that it runs on"),
        host_network=("boolean", "whether it uses its node's network and not an address of its own"),
        verdict=(_TEXT, "reaches, degraded (some DNS endpoints answer), broken (none does), unknown, not-applicable"),
        basis=(_TEXT, "observed: recorded routes decided; predicted: Calico's rules did; none: nothing did"),
        code=(_MAYBE, "the finding that explains it: a.findings[code]"),
        reason=(_TEXT, "why, in a sentence; for unknown, what would tell"),
    ),
    _frame(
        "a.nodes",
        "Each node's Calico address, judged. One row per node.",
        name=(_TEXT, "the node"),
        address_verdict=(_TEXT, "ok, wrong, duplicate, not-on-node, unintended (odd, and works), unknown"),
        internal_ip=(_ADDRESS, "the InternalIP of the Node object"),
        bgp_ip=(_ADDRESS, "the address that Calico uses, as it is stored"),
        bgp_interface=(_MAYBE, "the card that has it"),
        expected_ip=(_ADDRESS, "the address that it should be"),
        expected_interface=(_MAYBE, "the card that has that one"),
        predicted_ip=(_ADDRESS, "what Calico would choose if it looked again; missing: none, or not known"),
        detection_method=(_MAYBE, "how Calico looks for it, as calico-node's environment has it"),
        ipv6_address_verdict=(_MAYBE, "the same of the IPv6 address, where the node has one"),
        ipv6_internal_ip=(_ADDRESS, "its IPv6 InternalIP"),
        ipv6_bgp_ip=(_ADDRESS, "its stored IPv6 address"),
        ipv6_predicted_ip=(_ADDRESS, "the IPv6 address that Calico would choose if it looked again"),
    ),
)
MADE: Mapping[str, Description] = MappingProxyType({made.name: made for made in _MADE})
"""DataFrames of an analysis that are no tables of facts: what was made of them."""

FRAME_NAME = "table"
"""The key of `DataFrame.attrs` under which a DataFrame of this package has its name."""


def describe(name: str | pd.DataFrame | None = None) -> Description:
    """Say what a table holds: the name, type and meaning of each column. Without a name, say which tables there are.

    `name` may also be a DataFrame of an analysis, whole or with some of its columns.

    Types: `text`, `integer`, `boolean`, `address`, `network`, `address/length` (these three are text in the tables),
    `list of ...`, `mapping`; with `or missing` where a value can be missing. What that stands for is said in the
    meaning; where nothing is said, the bundle does not tell.

    Raises `UnknownNameError` for a table that is not there, `UsageError` for a DataFrame that is from elsewhere.

    >>> describe("namespaces")
    namespaces: A Namespace.
    name           type                meaning
    name           text                metadata.name
    labels         mapping             metadata.labels
    evidence_path  text                file that states it
    evidence_line  integer or missing  the line of metadata.name; counted from 1, missing: the file as a whole
    not_shown      list of texts       columns that a table or a description of it does not show
    redacted       list of texts       columns whose value the collector hid
    >>> describe().columns[3].name
    'routes'
    """
    if name is None:
        tables = tuple(Column(s.name, "table", s.meaning) for s in SHAPES.values())
        return Description("tables", 'describe("routes") describes the columns of one', tables)
    if not isinstance(name, str):
        return _of_frame(name)
    if name in MADE:
        return MADE[name]
    if name not in SHAPES:
        raise UnknownNameError("table", name, [*SHAPES, *MADE])
    return Description(name, shape_of(name).meaning, tuple(cell.column for cell in cells_of(name)))


def _of_frame(frame: pd.DataFrame) -> Description:
    """Columns that somebody added are left out: nothing is known of them."""
    # What else is given than a DataFrame has no attrs.
    name = getattr(frame, "attrs", {}).get(FRAME_NAME)
    if name is None:
        raise UsageError(
            "this is no table of an analysis, or what was done with it lost its name; give the table's name"
        )
    whole = describe(name)
    return dataclasses.replace(whole, columns=tuple(c for c in whole.columns if c.name in frame.columns))
