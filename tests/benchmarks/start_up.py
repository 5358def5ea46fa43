"""How long the command takes to start, beside what it cannot do without: `python tests/benchmarks/start_up.py`.

Each round runs every command once, so that a busy moment of the machine slows all of them and not one. The floor is
Python with click, because every verb needs both.
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

ROUNDS = 15
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import click'": ["-c", "import click"],
    "bundle-analyze --help": ["-m", "calico_bundle", "--help"],
    "bundle-analyze explain CB101": ["-m", "calico_bundle", "explain", "CB101"],
    "bundle-analyze explain": ["-m", "calico_bundle", "explain"],
}
FLOOR = "python -c 'import click'"


def main() -> None:
    """Print the median of each command and its ratio to the floor."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, words in COMMANDS.items():
            seconds[name].append(_run([sys.executable, *words]))
    floor = median(seconds[FLOOR])
    for name, taken in seconds.items():
        print(f"{name:<32} {1000 * median(taken):7.1f} ms  {median(taken) / floor:5.2f} x")  # noqa: T201


def _run(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
