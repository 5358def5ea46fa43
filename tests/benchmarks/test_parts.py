"""The tables of the parts say what was measured: each second once, beside the floor of the same bytes."""

import json
import tarfile

import pytest

from tests.benchmarks.bundles import FLOOR, LOADER, LOADER_OFF, PODS, WHOLE
from tests.benchmarks.parts import Floor, Goal, goals, others, read_parts, reading
from tests.benchmarks.processes import ROOT, Taken, ran, timed_run
from tests.benchmarks.test_measure import BUNDLES, rows
from tests.benchmarks.timed_run import DECOMPRESSION, FREED, REST, START, TAR, Clock

TOLD = {
    "parts": {START: 0.25, DECOMPRESSION: 0.5, TAR: 0.25, "pods": 2.0, "logs": 0.5, FREED: 0.25, REST: 0.05},
    "read": {
        "pods": {"files": 1, "bytes": 300_000_000, "split": 0.4, "expression": 1.0},
        "logs": {"files": 9, "bytes": 100_000_000, "split": 0.1, "expression": 0.2},
    },
    "decompression": 0.4,
    "nodes": 100,
    "pods": 10_000,
    "pairs": 20_000,
    "walked": 4,
    "until": 6.0,
}
PARTS = read_parts(TOLD, 6.2)


def test_what_follows_the_last_word_of_a_process_counts_as_memory_given_back():
    assert PARTS.seconds[FREED] == pytest.approx(0.45)
    assert PARTS.total == pytest.approx(4.0)


def test_reading_stands_beside_its_floor_most_first():
    shown = rows(reading(PARTS))
    assert [row[0] for row in shown] == [DECOMPRESSION, TAR, "pods", "logs", "all kinds of files"]
    assert shown[2] == ["pods", "1", "300.0", "2.00", "50.0%", "150", "0.400", "1.00", "2.0"]
    assert shown[4] == ["all kinds of files", "10", "400.0", "2.50", "62.5%", "160", "0.500", "1.20", "2.1"]


def test_all_parts_together_are_the_whole():
    *parts, whole = rows(others(PARTS))
    assert parts[2] == ["reading pods", "2.00", "50.0%", "20,000.0", "200.0"]
    assert sum(float(row[1]) for row in parts) == pytest.approx(float(whole[1]))


def test_a_goal_is_held_against_what_it_leaves():
    taken = {f"xl: {name}": Taken(1.0, 1.0, 1.0) for name in (WHOLE, FLOOR, PODS)}
    taken |= {f"medium: {name}": Taken(150.0, 150.0, 1.0) for name in (LOADER, LOADER_OFF)}
    shown = rows(goals({"xl": PARTS}, taken, BUNDLES))
    assert [(row[2], row[4], row[-1]) for row in shown] == [
        ("6.00", "4.00", "met"),
        ("0.500", "1.00", "less than one pass"),
        ("1.88", "1.00", "met"),
    ]


@pytest.mark.parametrize(
    "allowed,left",
    [
        (1.5, "missed without reading any text"),
        (2.3, "less than cutting the lines"),
        (2.9, "less than one pass"),
        (3.5, "1.5 passes; 3.0 are made"),
        (5.0, "met"),
    ],
)
def test_what_a_goal_leaves_is_told_in_passes(allowed, left):
    assert Goal("", "", allowed, 5.0, 2.0, Floor(1, 1, 0.5, 1.0)).comes_to == left


def test_the_clock_gives_each_second_to_one_part():
    ticks = iter(range(1, 20))
    clock = Clock(lambda: float(next(ticks)))
    inner = clock.timed("inner", lambda: None)
    clock.timed("outer", inner)()
    clock.rest(REST)
    assert dict(clock.spent) == {START: 2.0, "outer": 2.0, "inner": 1.0}


def test_a_timed_run_finds_every_file_and_loses_no_time(tmp_path):
    pytest.importorskip("isal")
    folder, bundle = ROOT / "fixtures/incident/bundle", tmp_path / "bundle.tar.gz"
    with tarfile.open(bundle, "w:gz") as archive:
        archive.add(folder, "bundle")
    said, taken = ran(timed_run(bundle))
    found = read_parts(json.loads(said), taken.cpu)
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert found.floor.files == len(files)
    assert found.floor.bytes == sum(file.stat().st_size for file in files)
    assert set(found.floors) <= set(found.seconds)
    assert min(found.seconds.values()) >= 0
