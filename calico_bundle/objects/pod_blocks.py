"""Pods straight from the bytes: an item of a List in kubectl's own layout to the values of a pod's columns.

kubectl writes `metadata`, `spec` and `status` at two spaces and their keys at four, each once. Here an item is cut at
these lines, and its keys taken off the left edge. That is right where the item is *level*, as `level_text` says, or
where the annotations alone are not, and the line behind them proves that nothing of theirs is open (`_CREATED`). An item
that is not, or in which anything used is to be remarked on, is left to the general reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from calico_bundle.objects.level_text import is_level, keys_of
from calico_bundle.objects.pod_parts import (
    UNSURE,
    Body,
    KnownPart,
    may_be_hidden,
    quick_ips,
    quick_ready,
    quick_restarts,
)
from calico_bundle.objects.pod_specs import END, SpecReader
from calico_bundle.objects.pods import PARTS
from calico_bundle.objects.reading import is_hidden

HEAD: Final = b"- apiVersion: v1\n  kind: Pod\n  metadata:"
"""The first lines of a pod, without the last line end."""

COLUMNS: Final = (
    "name", "namespace", "labels", "owner", "ready", "restarts", "waiting_reasons", "last_ends", "host_ip", "phase", "ips",
    "node", "host_network", "dns_policy", "dns_nameservers", "network_probe", "named_ports", "service_account",
)  # fmt: skip
"""The columns of a row, in its order."""

_HEAD_LINES: Final = HEAD.count(b"\n")
_SPEC: Final = b"\n  spec:\n"
_METADATA: Final = ("annotations", "creationTimestamp", "name", "namespace", "labels", "ownerReferences")
_STATUS: Final = ("conditions", "containerStatuses", "hostIP", "phase", "podIP", "podIPs")
_BETWEEN: Final = b"status"
_OF_KUBELET: Final = frozenset([b"conditions", b"hostIP", b"phase"])
"""What the kubelet writes with the states of containers, as the API server does a creationTimestamp behind annotations:
where one is missing it may stand among the lines of another."""
# A name of digits alone is in quotes, as `PodTable` has it; no other is.
_NAME: Final = re.compile(rb' (?:(?!null\Z|[0-9]+\Z)[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?|"[0-9]{1,253}")')
_CREATED: Final = re.compile(rb' "\w[\w:.-]*+"')
_MOST_LAYOUTS: Final = 4_096
_PART: Final = {part.keys[0]: part for part in PARTS}


PodRow = tuple[tuple[Any, ...], int, int]
"""One pod: its values in the order of `COLUMNS`, the line of its name counted from its first, and its lines."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the used keys stand among all of an item: `pick` takes their bodies, `name` is the place of the name.

    `between` is the place of the line that begins the status, behind which nothing stands that is no key's. Whether a
    pod `is_bound`, so that its spec names a node, its status tells.
    """

    pick: Callable[[tuple[Body, ...]], tuple[Body, ...]]
    name: int
    between: int
    is_bound: bool
    has_annotations: bool


class PodReader:
    """Reads the pods of one file; keeps what it has read before, as most pods share their labels, nodes and owners."""

    def __init__(self) -> None:
        self._specs = SpecReader()
        self._layouts: dict[tuple[bytes, ...], _Layout | None] = {}
        self._known = {key: KnownPart(part) for key, part in _PART.items()}

    def read(self, pod: bytes) -> PodRow | None:
        """The row of one item, told without `HEAD` and without its last line end; None where it is not sure.

        >>> text = b"\\n    name: a\\n  spec:\\n    nodeName: n1\\n  status:\\n    phase: Running"
        >>> values, name_line, lines = PodReader().read(text)
        >>> dict(zip(COLUMNS, values))["node"], name_line, lines
        ('n1', 3, 8)
        """
        cut = pod.find(_SPEC)
        begin = cut + len(_SPEC) - 1
        if cut < 0 or not (spec := self._specs.read(pod, begin)):
            return None
        shared, node, end = spec
        # Without the spec, and with the line that begins the status as one key more.
        rest = pod[:cut] + b"\n    status:" + pod[end + len(END) - 1 :]
        found = keys_of(rest)
        layout = found and self._layout(found[0])
        if not found or not layout or found[1][layout.between]:
            return None
        bodies = (*found[1], None)
        annotations, created, name, *used = layout.pick(bodies)
        if not _is_level(rest, annotations, created, leads=layout.has_annotations):
            return None
        values = self._values(name, used)
        if values is None or node is UNSURE or (node is None and layout.is_bound):
            return None
        name_line = _HEAD_LINES + layout.name + 1 + b"".join(found[1][: layout.name]).count(b"\n")
        return (*values, node, *shared.values), name_line, rest.count(b"\n") + shared.lines + _HEAD_LINES + 2

    def _values(self, name: Body, used: list[Body]) -> tuple[Any, ...] | None:
        namespace, labels, owners, conditions, statuses, host, phase, one, listed = used
        if name is None or not _NAME.fullmatch(name) or (may_be_hidden(name) and is_hidden(name.decode())):
            return None
        shown = name[1:].decode().strip('"')
        known = self._known
        if (ready := quick_ready(conditions)) is UNSURE:
            ready = known["conditions"][conditions]
        if (restarts := quick_restarts(statuses)) is UNSURE:
            restarts = known["containerStatuses"][statuses]
        if (ips := quick_ips(one, listed)) is UNSURE:
            ips = known["podIP"][one, listed]
        values = (
            known["namespace"][namespace], known["labels"][labels], known["ownerReferences"][owners], ready,
            restarts, known["hostIP"][host], known["phase"][phase], ips,
        )  # fmt: skip
        if UNSURE in values:
            return None
        return (shown, *values[:4], *restarts, *values[5:])

    def _layout(self, keys: tuple[bytes, ...]) -> _Layout | None:
        if keys not in self._layouts:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            self._layouts[keys] = _layout_of(keys)
        return self._layouts[keys]


def _layout_of(keys: tuple[bytes, ...]) -> _Layout | None:
    """Where the used keys stand; None where a key is there twice or the name is missing."""
    if keys.count(_BETWEEN) != 1:
        return None
    cut = keys.index(_BETWEEN)
    metadata, status = keys[:cut], keys[cut + 1 :]
    if len(set(metadata)) < len(metadata) or len(set(status)) < len(status) or b"name" not in metadata:
        return None
    if b"containerStatuses" in status and not _OF_KUBELET.issubset(status):
        return None
    if metadata[0] == b"annotations" and b"creationTimestamp" not in metadata:
        return None
    places = [_place(metadata, key, 0, len(keys)) for key in _METADATA]
    places += [_place(status, key, cut + 1, len(keys)) for key in _STATUS]
    return _Layout(
        itemgetter(*places), metadata.index(b"name"), cut, b"hostIP" in status, metadata[0] == b"annotations"
    )


def _place(keys: tuple[bytes, ...], key: str, first: int, absent: int) -> int:
    return keys.index(key.encode()) + first if key.encode() in keys else absent


def _is_level(rest: bytes, annotations: Body, created: Body, *, leads: bool) -> bool:
    """Whether no text of an item is open at the end of a line, its spec left out.

    Behind the annotations stands `creationTimestamp: "..."`. Were a text in double quotes open there, it would end at
    the first quote of that line, and letters right behind it are not valid. Were a bracket open, the next key would not
    be valid without a comma before it. And a text in single quotes would not end, as there are none behind.
    """
    if annotations is None or not leads:
        return is_level(rest)
    behind = rest[len("\n    annotations:") + len(annotations) :]
    is_closed = b"'" not in behind and created is not None and behind.startswith(b"\n    creationTimestamp: ")
    if is_closed and _CREATED.fullmatch(created or b""):
        return is_level(behind)
    return is_level(annotations) and is_level(behind)
