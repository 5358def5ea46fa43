"""The bundle itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from calico_bundle.evidence import Evidence


@dataclass(frozen=True, slots=True)
class ArtifactFact:
    """One file of the bundle and what it was taken for."""

    path: Annotated[
        str, "path inside the bundle; a member of a nested archive is outer.zip!/inner, a part of a file ends in #L1-L9"
    ]
    layout: Annotated[str, "name of the layout that placed it"]
    kind: Annotated[str | None, "kind of its parser, e.g. ip-route; None: no parser knows its content"]
    node: Annotated[str | None, "the node it belongs to, after the join; None for the whole cluster"]
    joined_by: Annotated[str | None, "how the node was found: exact name, short name, address ..."]
    size: Annotated[int, "bytes"]
    facts: Annotated[int, "facts read from it"]
    gaps: Annotated[int, "gaps in it"]


@dataclass(frozen=True, slots=True)
class ClockFact:
    """What a clock showed when a collector asked for it."""

    time: Annotated[str, "date and time, as printed"]
    evidence: Annotated[Evidence, "the line"]
