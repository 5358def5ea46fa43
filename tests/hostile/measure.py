"""How much memory the command takes for each hostile input: `python -m tests.hostile.measure [--write] [NAME...]`.

Each is read by the command itself, in a process of its own. `--write` puts the table into docs/security.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.hostile.inputs import LARGE_INPUTS, SMALL_INPUTS
from tools.docs import between

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
SECTION = "hostile inputs"
INPUTS = {**SMALL_INPUTS, **LARGE_INPUTS}
MIB = 1 << 20
# What a mistake may take from the machine that measures.
MOST_SECONDS = 600


class Measured(NamedTuple):
    """What the command took for one input."""

    name: str
    packed: int
    status: int
    peak: int
    seconds: float


def measure(name: str) -> Measured:
    """Run the command on one input."""
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder, "hostile")
        packed.write_bytes(INPUTS[name].make())
        command = [sys.executable, "-m", "calico_bundle", str(packed)]
        begin = time.monotonic()
        # The input is made in this process, whose memory would count for a child that is not started anew.
        ran = subprocess.run(
            [sys.executable, "-c", CHILD, *command],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=True,
        )
        seconds = time.monotonic() - begin
        status, peak = map(int, ran.stdout.split())
        return Measured(name, packed.stat().st_size, status, peak * 1024, seconds)


CHILD = """
import resource, subprocess, sys
ran = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(ran.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def table(found: list[Measured]) -> str:
    """The table of the page: only memory, which every machine gives alike, in steps of ten."""
    rows = [f"| {one.name} | {_size(one.packed)} | {_memory(one.peak)} |" for one in found]
    return "\n".join(["| input | as it lies there | most memory |", "| --- | --- | --- |", *rows])


def _size(number: int) -> str:
    return f"{number / MIB:.0f} MiB" if number >= MIB else f"{max(number // 1024, 1)} KiB"


def _memory(number: int) -> str:
    return f"{-(-number // (10 * MIB)) * 10} MiB"


def main() -> int:
    """Measure, print each as it is done, and write the page if asked to."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", metavar="NAME")
    arguments.add_argument("--write", action="store_true")
    given = arguments.parse_args()
    found = []
    for name in given.names or INPUTS:
        found.append(one := measure(name))
        sys.stdout.write(f"{one.name:34} exit {one.status:2} {_memory(one.peak):>9} {one.seconds:6.1f} s\n")
        sys.stdout.flush()
    if given.write:
        PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), SECTION, table(found)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
