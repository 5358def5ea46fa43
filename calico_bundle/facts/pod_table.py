"""Many pods as one table: each column is a list, equal values are one object, and a record is made when it is asked for."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from ipaddress import IPv4Address
from typing import Any, TypeVar, cast, overload

from calico_bundle.evidence import Evidence
from calico_bundle.facts.coded import coded
from calico_bundle.facts.kubernetes import PodFact
from calico_bundle.facts.listing import FactList
from calico_bundle.facts.pod_columns import PodColumns, is_not_whole

T = TypeVar("T")

COLUMNS = tuple(field.name for field in fields(PodFact) if field.name not in ("redacted", "not_shown", "evidence"))
"""The columns that are kept as lists: a pod with anything redacted, or not shown, is kept as a record."""


DAEMONSET = "DaemonSet/"
"""How the owner of a DaemonSet's pod begins."""


@dataclass(frozen=True, slots=True)
class PodRows:
    """Pods of one file in columns, to be added to a table: lists of equal length by column, and their lines.

    A list of addresses that is one IPv4 address is kept as an integer. The line of a name is `name: web-1`; a name of
    digits alone is in quotes there.
    """

    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]


class PodTable(FactList):
    """The pods of a cluster or of one file, as a sequence of `PodFact` and as columns.

    >>> table = PodTable()
    >>> len(table), table.columns.names, table.of(PodFact) is table
    (0, [], True)
    """

    def __init__(self) -> None:
        # Lists; when nothing more is added, sequences that hold less.
        self._columns: dict[str, Any] = {name: [] for name in COLUMNS}
        self._lines = array("Q")
        self._paths: Any = []
        self._records: dict[int, PodFact] = {}

    def add(self, pod: PodFact) -> None:
        """Add one pod that is a record already; it stays one."""
        self._records[len(self)] = pod
        for name, column in self._columns.items():
            column.append(getattr(pod, name))
        self._lines.append(pod.evidence.line or 0)
        self._paths.append(pod.evidence.path)

    def extend(self, rows: PodRows, path: str, begin: int = 0, end: int | None = None) -> None:
        """Add some rows of a file."""
        lines = rows.lines[begin:end]
        for name, column in self._columns.items():
            column.extend(rows.columns[name][begin:end])
        self._lines.extend(lines)
        self._paths.extend([path] * len(lines))

    def add_new(self, pods: Sequence[PodFact], seen: set[tuple[str, str]]) -> None:
        """Add those pods whose namespace and name were not seen before."""
        if not isinstance(pods, PodTable):
            for pod in pods:
                if not _is_seen((pod.namespace, pod.name), seen):
                    self.add(pod)
            return
        self._copy(pods, [place for place, key in enumerate(pods.keys()) if not _is_seen(key, seen)])

    def _copy(self, pods: PodTable, places: Sequence[int]) -> None:
        start = len(self)
        for name, column in self._columns.items():
            other = pods._columns[name]
            column.extend([other[place] for place in places])
        self._lines.extend([pods._lines[place] for place in places])
        self._paths.extend([pods._paths[place] for place in places])
        for place, source in enumerate(places if pods._records else (), start):
            if source in pods._records:
                self._records[place] = pods._records[source]

    def settled(self) -> PodTable:
        """This table in less memory; nothing can be added to it from now on."""
        self._columns = {name: coded(column) for name, column in self._columns.items()}
        self._paths = coded(self._paths)
        return self

    @property
    def is_unique(self) -> bool:
        """Whether no two pods have the same namespace and name."""
        # Names differ in most clusters, and asking for them alone makes no pairs.
        return len(set(self._columns["name"])) == len(self) or len(set(self.keys())) == len(self)

    @property
    def columns(self) -> PodColumns:
        """What is asked of every pod."""
        kept = self._columns
        return PodColumns(
            namespaces=kept["namespace"],
            names=kept["name"],
            nodes=kept["node"],
            ipv4s=self._ipv4s,
            host_networks=kept["host_network"],
            dns_policies=kept["dns_policy"],
            phases=kept["phase"],
            labels=kept["labels"],
            service_accounts=kept["service_account"],
            not_whole=self._not_whole,
        )

    @cached_property
    def _not_whole(self) -> frozenset[int]:
        return frozenset(place for place, pod in self._records.items() if is_not_whole(pod))

    @cached_property
    def _ipv4s(self) -> list[int | None]:
        return [ips if isinstance(ips, int) else _first_ipv4(ips) for ips in self._columns["ips"]]

    def probed_nodes(self) -> frozenset[str]:
        """The nodes with a pod of their own network that is ready and is asked over the network whether it is."""
        kept = self._columns
        rows = zip(kept["node"], kept["network_probe"], kept["ready"], kept["host_network"], strict=True)
        return frozenset(node for node, probed, ready, host in rows if probed and ready and node and host is False)

    def unready_on_host_network(self) -> tuple[int, ...]:
        """The places of the pods in the node's network that are not ready."""
        kept = zip(self._columns["host_network"], self._columns["ready"], strict=True)
        return tuple(place for place, (host, ready) in enumerate(kept) if host and ready is False)

    def labeled(self, key: str, value: str) -> tuple[int, ...]:
        """The places of the pods that have a label."""
        fitting: dict[int, bool] = {}
        return tuple(
            place
            for place, labels in enumerate(self._columns["labels"])
            if (known if (known := fitting.get(id(labels))) is not None else _note(fitting, labels, key, value))
        )

    def first_of_daemonsets(self) -> dict[str, int]:
        """The place of the first pod of each DaemonSet, by the DaemonSet's name."""
        first: dict[str, int] = {}
        for place, owner in enumerate(self._columns["owner"]):
            if owner is not None and owner not in first:
                first[owner] = place
        return {owner.removeprefix(DAEMONSET): place for owner, place in first.items() if owner.startswith(DAEMONSET)}

    def keys(self) -> Iterator[tuple[str, str]]:
        """Namespace and name of each pod."""
        return zip(self._columns["namespace"], self._columns["name"], strict=True)

    def of(self, kind: type[T]) -> Sequence[T]:
        """The pods, where they are what is asked for."""
        return self if issubclass(PodFact, kind) else ()  # type: ignore[return-value]

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> PodFact: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PodFact, ...]: ...
    def __getitem__(self, index: int | slice) -> PodFact | tuple[PodFact, ...]:
        if isinstance(index, slice):
            return tuple(self._made(i) for i in range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self._made(index % len(self))

    def __iter__(self) -> Iterator[PodFact]:
        return (self._made(index) for index in range(len(self)))

    def _made(self, index: int) -> PodFact:
        if (record := self._records.get(index)) is not None:
            return record
        values = {name: column[index] for name, column in self._columns.items()}
        ips = values["ips"]
        values["ips"] = (IPv4Address(ips),) if isinstance(ips, int) else ips
        evidence = Evidence(self._paths[index], self._lines[index], _name_line(values["name"]))
        return PodFact(**values, redacted=(), evidence=evidence)


class PodsAndOthers(FactList):
    """Pods among which stand other facts, each told with the number of pods before it."""

    def __init__(self, pods: PodTable, others: Sequence[tuple[int, object]]) -> None:
        self._pods = pods
        self._others = others

    def of(self, kind: type[T]) -> Sequence[T]:
        """The facts of one class, in their order."""
        others = tuple(fact for _, fact in self._others if isinstance(fact, kind))
        pods = self._pods.of(kind)
        if not others or not pods:
            return others or pods
        return tuple(fact for fact in self if isinstance(fact, kind))

    def __len__(self) -> int:
        return len(self._pods) + len(self._others)

    def __iter__(self) -> Iterator[object]:
        begin = 0
        for place, fact in self._others:
            yield from self._pods[begin:place]
            yield fact
            begin = place
        yield from self._pods[begin:]

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[object, ...]: ...
    def __getitem__(self, index: int | slice) -> object:
        return tuple(self)[index]


def merge_pods(parts: Sequence[Sequence[PodFact]]) -> Sequence[PodFact]:
    """The pods of several files, each once: the first one that has its namespace and name; tables stand last.

    >>> merge_pods([])
    ()
    """
    parts = sorted((part for part in parts if part), key=lambda part: len(part[0].not_shown))
    if not parts:
        return ()
    if isinstance(parts[0], PodTable) and parts[0].is_unique and not _new_beside(parts[0], parts[1:]):
        return cast("Sequence[PodFact]", parts[0])
    merged = PodTable()
    seen: set[tuple[str, str]] = set()
    for part in parts:
        merged.add_new(part, seen)
    return cast("Sequence[PodFact]", merged.settled())


def _new_beside(table: PodTable, others: Sequence[Sequence[PodFact]]) -> set[tuple[str, str]]:
    """Namespaces and names of pods that are not in a table. A few files of one pod each often stand beside a whole list."""
    keys = (part.keys() if isinstance(part, PodTable) else ((p.namespace, p.name) for p in part) for part in others)
    found = {key for part in keys for key in part}
    if found:
        found.difference_update(table.keys())
    return found


def _name_line(name: str) -> str:
    return f'name: "{name}"' if name.isdigit() else f"name: {name}"


def _first_ipv4(ips: Sequence[Any]) -> int | None:
    return next((int(ip) for ip in ips if ip.version == 4), None)


def _note(fitting: dict[int, bool], labels: Mapping[str, str], key: str, value: str) -> bool:
    return fitting.setdefault(id(labels), labels.get(key) == value)


def _is_seen(key: tuple[str, str], seen: set[tuple[str, str]]) -> bool:
    if key in seen:
        return True
    seen.add(key)
    return False
