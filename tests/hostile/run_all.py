"""Analyze hostile inputs one after the other, in a process of its own: what each was told, and how much memory it took.

Prints one line of JSON for each: its name, whether the good file was read, its gaps, and the most memory so far.
"""

from __future__ import annotations

import io
import json
import resource
import sys

import calico_bundle as cb
from calico_bundle.facts import NodeFact
from calico_bundle.report import Style, formats
from tests.hostile.inputs import GOOD_NODE, LARGE_INPUTS

# What a mistake may take from the machine that runs the tests; what is asked for is less (`test_hostile.py`).
MOST_BYTES = 3 << 30


def main(names: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    for name in names:
        packed = LARGE_INPUTS[name].make()
        analysis = cb.analyze(io.BytesIO(packed))
        report = analysis.report(parts=[part for known in formats() for part in known.parts])
        sizes = [len(known.render(report, Style(80, False, True, False))) for known in formats()]
        artifacts = analysis.bundle.artifacts
        nodes = [fact.name for artifact in artifacts for fact in artifact.parsed.of(NodeFact)]
        gaps = [*analysis.bundle.gaps, *(gap for artifact in artifacts for gap in artifact.parsed.gaps)]
        told = {
            "name": name,
            "is_good_read": nodes.count(GOOD_NODE) == 1,
            "gaps": [gap.message for gap in gaps],
            "report_bytes": max(sizes),
            "files": len(report["bundle"]["files"]),
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
