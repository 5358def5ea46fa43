"""One whole analysis with a clock on each part, and what lines cost at the least: `python -m tests.benchmarks.timed_run FILE`.

It is the command itself, in a process of its own. Each second of CPU goes to one part: that which was begun last and has
not ended. Then the same bytes are cut into lines, and run over by a regular expression, with nothing done with the lines.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

START, DECOMPRESSION, TAR, PLACING = (
    "start-up and imports",
    "decompression (isal)",
    "cutting the tar",
    "placing the files",
)
JOINING, PATHS, CHECKS, EFFECTS = "joining", "likeness and paths", "checks", "effects and verdict"
REPORT, COLLECTOR, FREED, REST = "report", "cyclic collector", "memory given back", "not accounted"
_OPEN = "a file of which the kind is not known yet"

_LINE = re.compile(rb".*\n")

OBJECTS = {
    "pods.yaml": "pods",
    "nodes.yaml": "Nodes",
    "services.yaml": "Services",
    "endpoints.yaml": "Endpoints, EndpointSlices",
    "endpointslices.yaml": "Endpoints, EndpointSlices",
    "ipamblocks.crd.projectcalico.org.yaml": "IPAM blocks",
}
KINDS = {
    "ip-route": "routes",
    "ip-addr": "interfaces",
    "ip-neigh": "neighbors",
    "ip-rule": "rules",
    "calico-log": "logs",
    None: "files of no kind",
}


def part_of(kind: str | None, path: str) -> str:
    """The part that reading a file is.

    >>> part_of("k8s-objects", "cluster/pods.yaml"), part_of("k8s-objects", "a.yaml"), part_of("ip-rule", "ip-rule.txt")
    ('pods', 'other objects', 'rules')
    """
    if kind == "k8s-objects":
        return OBJECTS.get(path.rsplit("/", 1)[-1], "other objects")
    return KINDS.get(kind, str(kind))


class Clock:
    """Seconds of CPU by part. What a part begins inside it is not its own."""

    def __init__(self, now: Callable[[], float] = time.process_time) -> None:
        self._now, self._since = now, 0.0
        self._stack = [START]
        self.spent: dict[str, float] = defaultdict(float)

    def begin(self, part: str) -> None:
        """Go on with a part inside the one at hand."""
        self._pass()
        self._stack.append(part)

    def end(self) -> None:
        """Go back to the part around it."""
        self._pass()
        self._stack.pop()

    def rest(self, part: str) -> None:
        """Say what the time is from here on that is no part's."""
        self._pass()
        self._stack[0] = part

    def _pass(self) -> None:
        now = self._now()
        self.spent[self._stack[-1]] += now - self._since
        self._since = now

    def timed(self, part: str, run: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose time is a part's."""

        def timed(*args: Any, **named: Any) -> Any:
            self.begin(part)
            try:
                return run(*args, **named)
            finally:
                self.end()

        return timed

    def pieces(self, part: str, found: Iterator[Any]) -> Iterator[Any]:
        """An iterator whose time is a part's; not that of whoever takes what it gives."""
        begun = self.timed(part, next)
        while (piece := begun(found, _OPEN)) is not _OPEN:
            yield piece

    def move(self, part: str) -> None:
        """Give to a part what the file of unknown kind took."""
        self.spent[part] += self.spent.pop(_OPEN, 0.0)


class _Stream:
    """The bytes of a member, whose time is that of cutting the tar."""

    def __init__(self, stream: Any, clock: Clock) -> None:
        self._stream, self._clock = stream, clock
        self.peek = clock.timed(TAR, stream.peek)

    def pieces(self) -> Iterator[bytes]:
        return self._clock.pieces(TAR, self._stream.pieces())


class TimedRun:
    """The command with a clock on its parts."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.parts_of_files: dict[str, str] = {}
        self.found: dict[str, int] = {}

    def run(self, path: Path) -> dict[str, float]:
        """Analyze a bundle; the seconds of each part."""
        self._prepare()
        self._watch_collector()
        from calico_bundle import cli

        self.clock.rest(REST)
        sys.argv[1:] = [str(path)]
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.suppress(SystemExit):
            cli.main()
        self.clock.rest(REST)
        return dict(self.clock.spent)

    def _prepare(self) -> None:
        """Import everything that is imported anyway, and put the clock on."""
        from calico_bundle import bundle, diagnosis
        from calico_bundle.checks import catalog
        from calico_bundle.commands import reporting, verbs
        from calico_bundle.layouts import all_layouts
        from calico_bundle.parsers import all_parsers
        from calico_bundle.report import formats
        from calico_bundle.sources.compression import Decompressed

        for imported in (catalog, all_layouts, all_parsers, formats, verbs):
            imported()
        self._watch(Decompressed, _decompress=DECOMPRESSION)
        self._watch_reading(bundle)
        self._watch(bundle, place=PLACING)
        self._watch(diagnosis, join=JOINING, find_dns=JOINING, judge_addresses=CHECKS, missing=CHECKS, Choices=CHECKS)
        self._watch(diagnosis, run_all=CHECKS, effects=EFFECTS, sum_up=EFFECTS)
        diagnosis.DnsPaths = self.clock.timed(PATHS, self._decided(diagnosis.DnsPaths))
        self._watch_report(reporting)

    def _watch(self, module: Any, /, **parts: str) -> None:
        for name, part in parts.items():
            setattr(module, name, self.clock.timed(part, getattr(module, name)))

    def _watch_reading(self, bundle: Any) -> None:
        read_members, parse, clock = bundle.read_members, bundle._parse, self.clock

        def timed_members(*args: Any, **named: Any) -> Iterator[Any]:
            for member in clock.pieces(TAR, read_members(*args, **named)):
                stream = member.stream and _Stream(member.stream, clock)
                yield replace(member, read=clock.timed(TAR, member.read), stream=stream)

        def timed_parse(member: Any, *args: Any) -> Sequence[Any]:
            clock.begin(_OPEN)
            found: Sequence[Any] = parse(member, *args)
            clock.end()
            part = part_of(next((one.kind for one in found if one.kind), None), member.path)
            clock.move(part)
            self.parts_of_files[member.path] = part
            return found

        bundle.read_members, bundle._parse = timed_members, timed_parse

    def _decided(self, make_paths: Callable[..., Any]) -> Callable[..., Any]:
        """The paths, decided at once and not when somebody first asks."""

        def decided(cluster: Any, dns: Any) -> Any:
            paths = make_paths(cluster, dns)
            counts = {verdict.name: count for verdict, count in paths.counts.items()}
            asking = sum(counts.values()) - counts["NOT_APPLICABLE"]
            pairs = asking * len(dns.ready) if dns else 0
            walked = paths.walked if pairs else 0
            self.found = {"nodes": len(cluster.nodes), "pods": len(cluster.pods), "pairs": pairs, "walked": walked}
            return paths

        return decided

    def _watch_report(self, command: Any) -> None:
        from calico_bundle.analysis import Analysis

        self._watch(Analysis, report=REPORT)
        document = self.clock.timed(REPORT, command._document)

        def last(*args: Any) -> Any:
            found = document(*args)
            self.clock.rest(FREED)  # nothing is left to do but to write the text
            return found

        command._document = last

    def _watch_collector(self) -> None:
        def watch(phase: str, _told: object) -> None:
            self.clock.begin(COLLECTOR) if phase == "start" else self.clock.end()

        gc.callbacks.append(watch)


def floors(path: Path, parts_of_files: dict[str, str]) -> dict[str, dict[str, float]]:
    """By part: its files and bytes, and the seconds to cut these into lines, and to run over each with an expression."""
    from calico_bundle.sources import read_members

    found: dict[str, Counter[str]] = defaultdict(Counter)
    for member in read_members(path, on_gap=lambda _gap: None):
        count = found[parts_of_files[member.path]]
        count["files"] += 1
        for piece in member.pieces():
            began = time.process_time()
            piece.split(b"\n")
            between = time.process_time()
            _LINE.findall(piece)
            count["expression"] += time.process_time() - between
            count["split"] += between - began
            count["bytes"] += len(piece)
    return {part: dict(count) for part, count in found.items()}


def main() -> None:
    """Analyze, measure the floors, and say what was found; the last of it is when this process began to end."""
    from tests.benchmarks.jobs import decompress

    path = Path(sys.argv[1])
    timed = TimedRun()
    told: dict[str, Any] = {"parts": timed.run(path), **timed.found}
    gc.callbacks.clear()
    told["read"] = floors(path, timed.parts_of_files)
    run = decompress(path)
    began = time.process_time()
    run()
    told["decompression"] = time.process_time() - began
    timed.parts_of_files.clear()
    sys.stdout.write(json.dumps(told | {"until": time.process_time()}))


if __name__ == "__main__":
    main()
