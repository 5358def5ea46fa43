"""The type of `a.graph`: a networkx graph that says in a notebook what is in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import networkx as nx

from calico_bundle.display import html_table, text_table
from calico_bundle.graph_attributes import EDGE_ATTRIBUTES, VERTEX_ATTRIBUTES

if TYPE_CHECKING:
    _Graph = nx.MultiDiGraph[str]
else:
    _Graph = nx.MultiDiGraph
_HEADER = ("", "kind", "how many", "attributes")


class ClusterGraph(_Graph):
    """A `networkx.MultiDiGraph` that shows itself as the kinds of its vertices and edges, with their attributes.

    >>> graph = ClusterGraph()
    >>> graph.add_node("node/n1", kind="node")
    >>> print(repr(graph).splitlines()[0])
    1 vertices and 0 edges; a.graph.nodes(data=True) lists the ones, a.graph.edges(data=True) the others
    """

    def __repr__(self) -> str:
        return f"{self._summary}\n{text_table(_HEADER, self._rows())}"

    def _repr_html_(self) -> str:
        return html_table(self._summary, _HEADER, self._rows())

    @property
    def _summary(self) -> str:
        how = "a.graph.nodes(data=True) lists the ones, a.graph.edges(data=True) the others"
        return f"{self.number_of_nodes():,} vertices and {self.number_of_edges():,} edges; {how}"

    def _rows(self) -> list[tuple[str, str, str, str]]:
        vertices = Counter(about.get("kind") for _, about in self.nodes(data=True))
        edges = Counter(about.get("kind") for _, _, about in self.edges(data=True))
        both = (("vertex", vertices, VERTEX_ATTRIBUTES), ("edge", edges, EDGE_ATTRIBUTES))
        return [
            (what, str(kind), f"{number:,}", ", ".join(attributes.get(str(kind), ())))
            for what, counted, attributes in both
            for kind, number in counted.items()
        ]
