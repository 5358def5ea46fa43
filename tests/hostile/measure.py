"""How much memory and time the command takes for each hostile input, each in a process of its own.

    python -m tests.hostile.measure                        all of them
    python -m tests.hostile.measure "bomb of xz" "7z"      some
    python -m tests.hostile.measure --write                all, and the memory goes into docs/security.md

Only the memory is written: the seconds are this machine's, and of its other work.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.page import table, written
from tests.benchmarks.processes import ROOT, Taken, command, environment, run
from tests.hostile.inputs import LARGE_INPUTS, SMALL_INPUTS

PAGE = ROOT / "docs" / "security.md"
INPUTS = {**SMALL_INPUTS, **LARGE_INPUTS}
ENDS = (0, 1, 3)
"""Nothing found, something found, and too little to tell: what the command says of a bundle that it could read."""
MOST_MEGABYTES = (1 << 30) / 1e6
# Below this it is what any start of the command takes.
_STEP = 10
_MIB = 1 << 20


def measure(name: str, folder: str) -> tuple[int, Taken]:
    """The bytes of an input, and what the command took for it."""
    path = Path(folder, "hostile")
    # Made elsewhere: the memory of the process that starts another counts as the other's.
    subprocess.run(
        [sys.executable, "-m", __spec__.name, "--make", name, str(path)], cwd=ROOT, env=environment(), check=True
    )
    return path.stat().st_size, run(replace(command(str(path)), ends=ENDS))


def make(name: str, path: str) -> None:
    """Write an input to a file."""
    Path(path).write_bytes(INPUTS[name].make())


def told(found: dict[str, tuple[int, Taken]]) -> str:
    """The table of the page."""
    rows = [(name, _size(packed), f"{_rounded(taken.megabytes)} MB") for name, (packed, taken) in found.items()]
    return table(("input", "size as it comes", "most memory"), rows)


def _size(packed: int) -> str:
    return f"{packed / _MIB:.0f} MiB" if packed >= _MIB else f"{-(-packed // 1024)} KiB"


def _rounded(megabytes: float) -> int:
    return -int(-megabytes // _STEP) * _STEP


def main() -> None:
    """Measure, and print each as it is done."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME", help="an input of tests/hostile/inputs.py")
    options.add_argument("--write", action="store_true", help="write docs/security.md; only with all inputs")
    options.add_argument("--make", nargs=2, metavar=("NAME", "FILE"), help="write one input to a file, and end")
    given = options.parse_args()
    if given.make:
        make(*given.make)
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names or INPUTS:
            packed, taken = found[name] = measure(name, folder)
            mark = "  <-- above 1 GiB" if taken.megabytes > MOST_MEGABYTES else ""
            sys.stdout.write(
                f"{name:34} {_size(packed):>8} {taken.megabytes:6.0f} MB {taken.cpu:6.1f} s of CPU{mark}\n"
            )
            sys.stdout.flush()
    if given.write and not given.names:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), "hostile", told(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
