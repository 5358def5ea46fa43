"""Fuzz every parser, the readers of archives and text, the layouts and the command: `python -m tools.fuzz --seconds 60`.

Needs atheris (`pip install atheris`), which is no dependency of anything else. Exits with 1 when a target crashed, and
leaves the input that did it in `--crashes`. docs/fuzzing.md tells what to do then.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.fuzz_targets import targets

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "fuzz" / "corpus"

_LONGEST_INPUT = {"command": 4096, "sources": 4096}
_OTHER_INPUTS = 1024
_SLOWEST_SECONDS, _MOST_MEMORY_MB = 25, 1024
_EXECUTIONS = re.compile(r"stat::number_of_executed_units: (\d+)")
_TOLD_LINES = 40
_WORD = re.compile(r"[\w./:@-]{3,40}", re.ASCII)
_MOST_WORDS = 400


class Run(NamedTuple):
    """How one target fared."""

    target: str
    executions: int
    crashed: bool
    told: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz what the arguments ask for; 0 when nothing crashed."""
    chosen = _parser().parse_args(arguments)
    names = chosen.target or list(targets())
    with tempfile.TemporaryDirectory() as scratch:
        found = Path(chosen.found or scratch)
        crashed = False
        for run in _rounds(names, chosen, found):
            _tell(run, chosen.counts)
            crashed |= run.crashed
    return int(crashed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--target", action="append", choices=list(targets()), help="only this one; repeatable")
    parser.add_argument("--seconds", type=int, default=60, help="for all targets of a round together (default: 60)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each target has its turn (default: 1)")
    parser.add_argument("--found", metavar="DIR", help="keep new inputs here, and go on from them")
    parser.add_argument(
        "--crashes", metavar="DIR", default=".", help="where an input that crashes is left (default: here)"
    )
    parser.add_argument("--counts", metavar="FILE", help="append the executions of each turn, as a line of JSON")
    return parser


def _rounds(names: Sequence[str], chosen: argparse.Namespace, found: Path) -> Iterator[Run]:
    seconds = max(chosen.seconds // len(names), 1)
    Path(chosen.crashes).mkdir(parents=True, exist_ok=True)
    for _ in range(chosen.rounds):
        for name in names:
            yield _fuzz(name, seconds, found / name, Path(chosen.crashes))


def _fuzz(name: str, seconds: int, found: Path, crashes: Path) -> Run:
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".dict", encoding="ascii") as words:
        words.write("".join(f'"{word}"\n' for word in _words(CORPUS / name)))
        words.flush()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tools.fuzz_one", name, str(found), *map(str, _seeds(name))),
                f"-max_total_time={seconds}",
                f"-max_len={_LONGEST_INPUT.get(name, _OTHER_INPUTS)}",
                f"-timeout={_SLOWEST_SECONDS}",
                f"-rss_limit_mb={_MOST_MEMORY_MB}",
                f"-artifact_prefix={crashes}/{name}-",
                f"-dict={words.name}",
                "-print_final_stats=1",
            ],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
        )
    count = _EXECUTIONS.search(done.stderr)
    told = "\n".join((done.stdout + done.stderr).splitlines()[-_TOLD_LINES:])
    return Run(name, int(count[1]) if count else 0, done.returncode != 0, told)


def _seeds(name: str) -> Iterator[Path]:
    if (CORPUS / name).is_dir():
        yield CORPUS / name


def _words(folder: Path) -> list[str]:
    """The words of the seeds, for the fuzzer to put elsewhere."""
    texts = (path.read_text("ascii", "ignore") for path in sorted(folder.glob("*")))
    return list(dict.fromkeys(word for text in texts for word in _WORD.findall(text)))[:_MOST_WORDS]


def _tell(run: Run, counts: str | None) -> None:
    print(f"{run.target:28} {run.executions:>10} executions{'  CRASHED' if run.crashed else ''}", flush=True)
    if run.crashed:
        print(run.told, flush=True)
    if counts:
        with Path(counts).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"target": run.target, "executions": run.executions, "crashed": run.crashed}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
