"""`Analysis`, the object a notebook holds: everything about one bundle, worked out when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from calico_bundle.bundle import Bundle, Progress, read_bundle
from calico_bundle.checks import catalog
from calico_bundle.collecting import Collection as ToCollect
from calico_bundle.diagnosis import ClusterVerdict, Diagnosis, diagnose, diagnose_change
from calico_bundle.errors import UnknownNameError
from calico_bundle.findings import Check, Context, Skipped
from calico_bundle.layouts import Likeness
from calico_bundle.listings import Effects, Findings, Hypotheses, MissingInputs, Moves, Symptoms
from calico_bundle.report import model
from calico_bundle.report.model_paths import reason_code
from calico_bundle.report.model_trace import build_trace
from calico_bundle.sources import Input, Limits
from calico_bundle.what_if import Change

# Tables, traces and the graph are imported when they are asked for: a report needs none of them.
if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from calico_bundle.report.picture_shown import Picture
    from calico_bundle.tables import Tables
    from calico_bundle.traced_path import Path


def analyze(
    source: Input | Sequence[Input],
    *,
    dns: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Read a bundle and say why pods lose DNS.

    `source` is a path, a directory, a binary file object, or a list of them that are parts of one cluster; `dns` is
    NAMESPACE/SERVICE when the cluster DNS is not found by itself; `progress` is called with bytes read, bytes in all
    (None: not known) and the file being read; then, all being read, with what is worked out.

    Raises `NotABundleError` when the input cannot be read at all or nothing in it is known, `UnknownNameError` or
    `UsageError` for `dns`, `UsageError` for a `source` that is none of these.
    """
    if progress is None:
        return Analysis(read_bundle(source, limits=limits), dns=dns)
    steps = _Steps(progress)
    return Analysis(read_bundle(source, limits=limits, progress=steps.read), dns=dns, tell=steps.work)


class _Steps:
    """Passes on how far the reading is, and what is done after it: then all bytes are read."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bytes = 0

    def read(self, done: int, total: int | None, what: str) -> None:
        self._bytes = total or done
        self._progress(done, total, what)

    def work(self, what: str) -> None:
        self._progress(self._bytes, self._bytes, what)


class Analysis:
    """One analyzed bundle.

    `verdict`, `findings`, `effects`, `nodes`, `dns_paths`, `path(...)`, `hypotheses`, `symptoms`, `missing`, `collect`,
    `tables`, `graph`, `what_if(...)`, `check(...)`, `report()`, `save(...)`. It shows itself in a terminal as text and in
    Jupyter as a card, and so does whatever it gives.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        dns: str | None = None,
        tell: Callable[[str], None] = lambda _phase: None,
        diagnosis: Diagnosis | None = None,
    ) -> None:
        self.bundle = bundle
        self._dns = dns
        # A wrong --dns is said at once, not at the first attribute somebody looks at.
        self.diagnosis: Diagnosis = diagnosis or diagnose(bundle, dns=dns, tell=tell)

    @property
    def verdict(self) -> ClusterVerdict:
        """Status, headline and root causes of the whole cluster."""
        return self.diagnosis.verdict

    def what_if(
        self,
        *,
        method: str | None = None,
        address: Mapping[str, str] | None = None,
        remove_interface: Mapping[str, str | Collection[str]] | None = None,
    ) -> Analysis:
        """What the report would say after a change; the files stay those of the bundle, the rest is predicted.

        `method` is an IP_AUTODETECTION_METHOD for every node, `address` a Calico address with its prefix length by node,
        `remove_interface` one or several interfaces by node. Addresses are chosen anew by a replay of the detection, and
        Calico's routes and sessions follow from them; what the bundle does not show stays unknown.

        Raises `UnknownNameError` or `UsageError` for a change of what is not there.
        """
        return self.after(Change.of(method, address, remove_interface))

    def after(self, change: Change) -> Analysis:
        """The analysis after a change that was made with `calico_bundle.what_if.Change`; see `what_if`.

        Raises `UnknownNameError` or `UsageError` for a change of what is not there.
        """
        return Analysis(self.bundle, dns=self._dns, diagnosis=diagnose_change(self.diagnosis, change))

    @cached_property
    def findings(self) -> Findings:
        """What was found."""
        return Findings(self.diagnosis.findings, self.diagnosis.skipped)

    @property
    def effects(self) -> Effects:
        """Who is hit, who is spared, and why."""
        return Effects(self.diagnosis.effects)

    @property
    def hypotheses(self) -> Hypotheses:
        """What else could explain broken DNS: supported, ruled out, or not checkable, with what would settle it."""
        return Hypotheses(self.diagnosis.hypotheses, self._only_recorded)

    @property
    def symptoms(self) -> Symptoms:
        """What pods' own logs say of failed lookups, beside the verdict on their paths."""
        return Symptoms(self.diagnosis.symptoms, self._only_recorded)

    @property
    def missing(self) -> MissingInputs:
        """What was not in the bundle, and what stays unknown for it."""
        return MissingInputs(self.diagnosis.missing)

    @property
    def collect(self) -> ToCollect:
        """What to collect: commands, ready to paste, that would decide the paths that are unknown."""
        return self.diagnosis.collect or ToCollect(0, ())

    @property
    def closest_layout(self) -> Likeness | None:
        """For a bundle of no known format: the one that comes closest, with what of it is there and what is not."""
        return model.closest_layout(self.bundle)

    @property
    def moves(self) -> Moves:
        """After `what_if`: the nodes whose Calico address the change changes, or leaves open."""
        trial = self.diagnosis.trial
        return Moves(trial.moves) if trial else Moves((), "nothing was changed: this is the cluster as it was recorded")

    @property
    def _only_recorded(self) -> str | None:
        """Why there is nothing of what is known of the cluster as it was recorded only."""
        return (
            "nothing: this is a change that was tried out, not the cluster as it was recorded"
            if self.diagnosis.trial
            else None
        )

    @property
    def context(self) -> Context:
        """What checks look at: the joined cluster, its DNS, paths and judged addresses."""
        return self.diagnosis.context

    def check(self, check: Check) -> Findings:
        """Run one check on this bundle, such as one of your own; the verdict and the report stay as they are.

        Where the check says that it cannot run, there are no findings and `.skipped` has the reason.
        """
        reason = check.lacks(self.context)
        return Findings((), [Skipped(check.info.code, reason)]) if reason else Findings(check.run(self.context))

    @cached_property
    def tables(self) -> Tables:
        """All facts as DataFrames: `a.tables.routes`, `a.tables.nodes` ..."""
        from calico_bundle.tables import Tables

        return Tables(self.bundle, self.diagnosis.cluster, self.diagnosis.gaps)

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """One row per node: its Calico address, the verdict on it, what it should be and what Calico would choose now."""
        rows = (node | {f"ipv6_{key}": value for key, value in (node["ipv6"] or {}).items()} for node in self._nodes)
        return _frame("a.nodes", rows)

    @property
    def _nodes(self) -> list[dict[str, Any]]:
        return model.nodes_of(self.diagnosis)

    @cached_property
    def dns_paths(self) -> pd.DataFrame:
        """One row per pod: namespace, pod, node, host_network, verdict, basis, code, reason."""
        findings = self.diagnosis.findings
        rows = (
            {
                "namespace": p.pod.namespace,
                "pod": p.pod.name,
                "node": p.pod.node,
                "host_network": p.pod.host_network,
                "verdict": p.verdict.value,
                "basis": p.basis,
                "code": reason_code(p, findings),
                "reason": p.text,
            }
            for p in self.diagnosis.paths.pods
        )
        return _frame("a.dns_paths", rows)

    @cached_property
    def graph(self) -> nx.MultiDiGraph[str]:
        """Nodes, cards, networks, blocks, DNS and sessions as a networkx graph; `graph_with` adds pods and routes."""
        return self.graph_with()

    def graph_with(self, *, pods: bool = False, routes: bool = False) -> nx.MultiDiGraph[str]:
        """The graph with pods and their ends on the nodes, with an edge per route and node, or with both.

        Both grow with the cluster: 5,000 nodes have 150,000 pods and 25 million routes.
        """
        from calico_bundle.graph import build_graph

        return build_graph(self.diagnosis.cluster, self.diagnosis.dns, pods=pods, routes=routes)

    @cached_property
    def picture(self) -> Picture:
        """The cluster as a picture: nodes, cards, networks and lookups; equal nodes are one, however many there are.

        It shows itself in Jupyter and prints as its words; `a.picture.save("cluster.svg")` writes it.
        """
        return _picture(self.report(paths="none", files=False, parts=["picture"])["picture"])

    def path(self, source: str, to: str = "dns") -> Path:
        """One path, hop by hop: from a pod or node to a pod, a node, an address or `dns`; `.picture` draws it.

        Raises `UnknownNameError` or `AmbiguousNameError`.
        """
        from calico_bundle.trace import trace

        return replace(trace(self.diagnosis.paths, source, to, self.diagnosis.addresses), draw=self._drawn)

    def _drawn(self, path: Path) -> Picture:
        from calico_bundle.report.path_words import path_picture
        from calico_bundle.report.picture import path_svg
        from calico_bundle.report.picture_shown import Picture

        view = build_trace(path, self.diagnosis.findings)
        shown = path_picture(view)
        return Picture(shown["title"], shown["text"], lambda narrow: path_svg(view, narrow=narrow))

    def trace(self, source: str, destination: str = "dns") -> dict[str, Any]:
        """The same as plain data, as `bundle-analyze trace -f json` writes it."""
        return build_trace(self.path(source, destination), self.diagnosis.findings)

    def report(
        self,
        *,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        paths: str = "all",
        files: bool = True,
        parts: Collection[str] = (),
    ) -> dict[str, Any]:
        """The report as plain data: the JSON report of the command.

        `select` and `ignore` are codes or their beginnings; without `files` it does not list the files of the bundle.
        `parts` adds what only some formats show: `picture`, `path_groups`.
        Raises `UnknownNameError` for a code that no finding has.
        """
        from calico_bundle import __version__

        return model.build(
            self.diagnosis, __version__, wanted=_chosen(select, ignore), paths=paths, files=files, parts=parts
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report to a file; the format is taken from the ending.

        Raises `UsageError` for an ending that no format has, and for a place that cannot be written to.
        """
        from calico_bundle.report import format_of, save

        name = os.fspath(path)
        known = format_of(name)
        save(self.report(paths="all" if known.lists_paths else "none", parts=known.parts), name)

    def to_text(self, *, width: int = 100, color: bool = False) -> str:
        """The report as the command prints it."""
        from calico_bundle.report import text

        return text.render(self.report(paths="none", files=False), width=width, color=color, verbose=False, quiet=False)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        """A card for Jupyter: verdict, findings with fix, who is hit and who is spared. All text is escaped."""
        from calico_bundle.report import card

        report = self.report(paths="none", files=False, parts=["picture"])
        return card.render(report, _picture(report["picture"])._repr_html_())


def _picture(view: Mapping[str, Any]) -> Picture:
    from calico_bundle.report.picture import TITLE, svg
    from calico_bundle.report.picture_shown import Picture

    return Picture(TITLE, view["text"], lambda narrow: svg(view, narrow=narrow))


def _frame(name: str, rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows as a DataFrame with the columns that `describe(name)` describes."""
    import pandas as pd

    from calico_bundle.columns import FRAME_NAME, describe
    from calico_bundle.tables import series

    made = list(rows)
    columns = {column.name: column.type for column in describe(name).columns}
    frame = pd.DataFrame({name: series([row.get(name) for row in made], type_) for name, type_ in columns.items()})
    frame.attrs[FRAME_NAME] = name
    return frame


def _chosen(select: Sequence[str], ignore: Sequence[str]) -> model.Wanted:
    for code in (*select, *ignore):
        if not any(i.code.startswith(code.upper()) for i in catalog()):
            raise UnknownNameError("finding", code, [i.code for i in catalog()])
    wanted, unwanted = tuple(c.upper() for c in select), tuple(c.upper() for c in ignore)

    def chosen(code: str) -> bool:
        return (not wanted or code.startswith(wanted)) and not (unwanted and code.startswith(unwanted))

    return chosen
