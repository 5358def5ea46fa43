"""Run the laboratory: `python -m tests.lab list | run NAME... | record NAME... | compare FOLDER | sweep | lacks`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.lab import recording, topology
from tests.lab.batch import Result, run_all
from tests.lab.capabilities import missing
from tests.lab.compare import Comparison, compare
from tests.lab.fixes import Proof, judged, prove
from tests.lab.laboratory import run
from tests.lab.minimize import minimize, still_disagrees
from tests.lab.namespaces import sweep
from tests.lab.random_scenarios import random_scenarios
from tests.lab.scenarios import named
from tests.lab.topology import Scenario


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 when everything agrees, 1 when something does not, 2 when it cannot run."""
    given = _parser().parse_args(arguments)
    if given.command == "list":
        _say(*(f"{s.name:32} {s.why}" for s in named()))
        return 0
    if given.command == "compare":
        return _report([Result(str(path), compare(path), None) for path in given.folders])
    if given.command == "promised":
        return _report_fixes([judged(path / "before", path / "after") for path in given.folders])
    lacking = missing()
    if given.command == "lacks":
        _say("; ".join(lacking))
        return 0
    if lacking:
        _say(*(f"cannot run: {each}" for each in lacking))
        return 2
    return _run(given)


def _run(given: argparse.Namespace) -> int:
    if given.command == "sweep":
        _say(*sweep())
        return 0
    if given.command == "one":
        run(topology.load(given.scenario), given.out)
        return 0
    if given.command == "minimize":
        return _minimize(topology.load(given.scenario))
    if given.command == "record":
        return _record(given)
    scenarios = _chosen(given)
    if given.command == "fixes":
        return _prove(given, scenarios)
    if given.out is not None:
        return _report(run_all(scenarios, given.out, jobs=given.jobs, told=_progress))
    with tempfile.TemporaryDirectory(prefix="cblab-") as folder:
        return _report(run_all(scenarios, Path(folder), jobs=given.jobs, told=_progress))


def _prove(given: argparse.Namespace, scenarios: list[Scenario]) -> int:
    with tempfile.TemporaryDirectory(prefix="cblab-") as folder:
        out = given.out or Path(folder)
        proofs = prove(scenarios, out, method=given.method, jobs=given.jobs)
        for proof in proofs if given.record else ():
            if proof.comparison is not None:
                archive = recording.archive_of(proof.name, recording.MENDED)
                recording.write(out / "after" / proof.name, archive, recording.MEASURED)
        return _report_fixes(proofs)


def _minimize(scenario: Scenario) -> int:
    if not still_disagrees(scenario):
        _say(f"{scenario.name}: nothing disagrees")
        return 1
    _say(topology.to_json(minimize(scenario, still_disagrees)))
    return 0


def _record(given: argparse.Namespace) -> int:
    """Run, and keep whatever was measured: also what the analyzer says otherwise."""
    again = [_recorded(name, given.out) for name in given.names]
    scenarios = [*(topology.load(path) for path in given.file), *again]
    with tempfile.TemporaryDirectory(prefix="cblab-") as folder:
        results = run_all(scenarios, Path(folder), jobs=given.jobs, told=_progress)
        for result in results:
            if result.comparison is not None:
                recording.write(Path(folder, result.name), recording.archive_of(result.name, given.out))
    return _report(results)


def _recorded(name: str, place: Path) -> Scenario:
    """A scenario by its name: a named one, else that of a recording."""
    return {scenario.name: scenario for scenario in named()}.get(name) or recording.scenario_of(
        recording.archive_of(name, place)
    )


def _chosen(given: argparse.Namespace) -> list[Scenario]:
    files = [topology.load(path) for path in given.file]
    chance = random_scenarios(given.seed, given.random) if given.random else ()
    names = [_recorded(name, recording.RECORDED) for name in given.names]
    found = [*files, *names, *chance]
    return found or list(named())


def _progress(result: Result) -> None:
    _say(_line(result))


def _report_fixes(proofs: list[Proof]) -> int:
    for proof in proofs:
        _say(f"{proof.name:32} {proof.text}", *(f"  {line}" for d in proof.wrong for line in d.lines()))
        _say(*(f"  {text}" for text in proof.broken_promises))
    tried = [proof for proof in proofs if proof.comparison is not None]
    kept = sum(proof.kept for proof in tried)
    agreed, undecided = (sum(getattr(p.comparison, n) for p in tried) for n in ("agreed", "undecided"))
    counts = f"agreed {agreed}, disagreed {sum(len(p.wrong) for p in tried)}, undecided {undecided}"
    _say(f"{len(proofs)} scenarios, {len(tried)} with a fix, {kept} kept what was promised: {counts}")
    return 0 if kept == len(tried) and not any(proof.failed for proof in proofs) else 1


def _line(result: Result) -> str:
    found = result.comparison
    if found is None:
        return f"{result.name:32} FAILED {result.error}"
    counts = f"agreed {found.agreed:4}  disagreed {len(found.disagreements):3}  undecided {found.undecided:3}"
    return f"{result.name:32} {counts}  not measured {found.unmeasured}"


def _report(results: list[Result]) -> int:
    compared = [r.comparison for r in results if r.comparison]
    for found in compared:
        for each in found.disagreements:
            _say(f"{found.name}:", *(f"  {line}" for line in each.lines()))
    _say(*_reasons(compared))
    wrong, failed = sum(len(c.disagreements) for c in compared), sum(r.comparison is None for r in results)
    agreed, undecided = sum(c.agreed for c in compared), sum(c.undecided for c in compared)
    _say(f"{len(results)} scenarios: agreed {agreed}, disagreed {wrong}, undecided {undecided}, failed runs {failed}")
    return 1 if wrong or failed else 0


def _reasons(compared: list[Comparison]) -> list[str]:
    rows = [(count, c.name, reason) for c in compared for reason, count in c.open_reasons.items()]
    return [
        f"undecided {count:3} {name}: {reason}"
        for count, name, reason in sorted(rows, key=lambda r: (r[1], -r[0], r[2]))
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the named scenarios")
    commands.add_parser("sweep", help="remove what runs that crashed left behind")
    commands.add_parser("lacks", help="say what keeps the laboratory from running here, or nothing")
    several = commands.add_parser("run", help="run scenarios (all named ones when none is given) and compare")
    _add_choice(several)
    several.add_argument("--random", type=int, default=0, help="how many random scenarios")
    several.add_argument("--seed", type=int, default=1)
    several.add_argument("--out", type=Path, help="keep bundles and measurements here")
    fixes = commands.add_parser(
        "fixes", help="apply the fix that is proposed, measure again, and compare with the promise"
    )
    _add_choice(fixes)
    fixes.add_argument("--method", help="this detection method in place of the fix that is proposed")
    fixes.add_argument("--record", action="store_true", help="keep what was measured of the mended clusters")
    fixes.add_argument("--random", type=int, default=0, help="how many random scenarios")
    fixes.add_argument("--seed", type=int, default=1)
    fixes.add_argument("--out", type=Path, help="keep bundles and measurements here")
    promised = commands.add_parser("promised", help="compare again what `fixes --out` wrote, with today's analyzer")
    promised.add_argument("folders", type=Path, nargs="+")
    record = commands.add_parser("record", help="run scenarios, or those of recordings, and keep each as an archive")
    _add_choice(record)
    record.add_argument("--out", type=Path, default=recording.RECORDED)
    one = commands.add_parser("one", help="run one scenario's JSON, without comparing")
    one.add_argument("scenario", type=Path)
    one.add_argument("out", type=Path)
    compared = commands.add_parser("compare", help="compare folders that a run wrote")
    compared.add_argument("folders", type=Path, nargs="+")
    smaller = commands.add_parser("minimize", help="make a scenario that disagrees smaller")
    smaller.add_argument("scenario", type=Path)
    return parser


def _add_choice(command: argparse.ArgumentParser) -> None:
    command.add_argument("names", nargs="*")
    command.add_argument("--file", type=Path, action="append", default=[], help="a scenario's JSON")
    command.add_argument("--jobs", type=int, default=3)


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
