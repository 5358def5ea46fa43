"""The benchmark says what it measured: ratios the right way round, goals met or not, and nothing of a run that failed."""

from pathlib import Path

import pytest

from tests.benchmarks.bundles import FLOOR, LOADER, LOADER_OFF, PODS, WHOLE, Input, check
from tests.benchmarks.measure import CLICK, HELP, _ratios, _seconds
from tests.benchmarks.page import PAGE, written
from tests.benchmarks.processes import Job, Taken, medians, run

MEDIUM = {
    WHOLE: Taken(0.5, 0.6, 90.0),
    FLOOR: Taken(0.1, 0.1, 20.0),
    PODS: Taken(0.05, 0.05, 50.0),
    LOADER: Taken(20.0, 21.0, 900.0),
    LOADER_OFF: Taken(3.0, 3.1, 900.0),
}
BUNDLES = {name: Input(Path("a.tar.gz"), 710, 40_000_000, 25_000_000, {}) for name in ("medium", "xl")}
START_UP = {CLICK: Taken(0.04, 0.04, 15.0), HELP: Taken(0.1, 0.1, 20.0)}


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_goals_are_held_against_the_size_they_are_asked_of():
    shown = rows(_ratios(BUNDLES, {"medium": MEDIUM}, START_UP))
    assert [(size, measured, met) for _, size, _, measured, met in shown] == [
        ("", "2.50", "no"),
        ("medium", "40", "yes"),
        ("medium", "400", "yes"),
        ("medium", "60", "no"),
    ]


def test_what_was_not_run_is_marked():
    shown = rows(_seconds(BUNDLES, {"medium": MEDIUM, "xl": MEDIUM}))
    marked = [(size, what) for size, _, what, *cells in shown if all(cell.startswith("~") for cell in cells)]
    assert marked == [("xl", LOADER), ("xl", LOADER_OFF)]
    assert shown[0] == ["medium", "40 MB, 710 files", WHOLE, "0.50", "0.60", "90", "80.0"]


def test_a_command_that_fails_has_no_figures():
    with pytest.raises(SystemExit, match="exit status 3"):
        run(Job(("-c", "raise SystemExit(3)")))


def test_a_job_tells_its_own_seconds():
    said = Job(("-c", 'print(\'{"cpu": 1.5, "clock": 2.5}\')'), measures_itself=True)
    taken = medians({"said": said}, 3)["said"]
    assert (taken.cpu, taken.clock) == (1.5, 2.5)
    assert taken.megabytes > 1


def test_a_wrong_answer_is_not_measured():
    bundle = Path(__file__).parents[2] / "fixtures/incident/bundle"
    truth = {"paths": {}, "wrong_nodes": [], "verdict": "healthy"}
    with pytest.raises(SystemExit, match="does not find the truth"):
        check(Input(bundle, 32, 1, 1, truth))


@pytest.mark.parametrize("name", ["sizes", "growth", "parts"])
def test_the_page_has_a_place_for_each_table(name):
    assert "| new |" in written(PAGE.read_text(encoding="utf-8"), name, "| new |")
