"""The set-up script: reuses what fits, begins anew what does not, and says plainly what is missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools import environment

REPOSITORY = Path(environment.__file__).resolve().parent.parent


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    """A project folder in which nothing is really made or installed; gives the list of what was asked for."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((REPOSITORY / name).read_bytes())
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "STAMP", tmp_path / ".venv" / "stamp.json")
    asked = []

    def create():
        (tmp_path / ".venv").mkdir(exist_ok=True)
        asked.append("create")

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(environment, "same_python", (tmp_path / ".venv").exists)
    monkeypatch.setattr(environment, "pip_command", lambda: ["pip"])
    monkeypatch.setattr(environment, "install", lambda _pip, extras: asked.append(tuple(extras)))
    return asked


def test_first_run_makes_and_second_reuses(sandbox):
    environment.ensure(["test"])
    environment.ensure(["test"])
    environment.ensure([])
    assert sandbox == ["create", ("test",)]


def test_more_extras_are_added_to_what_is_there(sandbox):
    environment.ensure(["test"])
    environment.ensure(["lint"])
    assert sandbox == ["create", ("test",), ("lint", "test")]


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_install_again(sandbox, changed):
    environment.ensure([])
    with (environment.ROOT / changed).open("a") as file:
        file.write("# changed\n")
    environment.ensure([])
    assert sandbox == ["create", (), ()]


@pytest.mark.parametrize("stamp", ["", "[]", "null", '{"inputs": 1}', '{"inputs": "other", "extras": []}'])
def test_a_stamp_that_does_not_fit_installs_again(sandbox, stamp):
    environment.ensure([])
    environment.STAMP.write_text(stamp)
    environment.ensure([])
    assert sandbox == ["create", (), ()]


def test_an_interrupted_installation_leaves_no_stamp(sandbox, monkeypatch):
    def interrupted(_pip, _extras):
        raise environment.SetupError("no network")

    environment.ensure([])
    environment.STAMP.write_text(json.dumps({"inputs": "older", "extras": []}))
    monkeypatch.setattr(environment, "install", interrupted)
    with pytest.raises(environment.SetupError):
        environment.ensure([])
    assert not environment.STAMP.exists()
    assert sandbox == ["create", ()]


def test_no_pip_anywhere_names_the_package(monkeypatch, capsys):
    monkeypatch.setattr(environment, "succeeds", lambda _command: False)
    with pytest.raises(environment.SetupError, match=r"no pip to install with.*\n.*python3-venv or python3-pip"):
        environment.pip_command()
    assert capsys.readouterr().out == ""


def test_pip_is_only_ever_run_for_the_environment():
    inside = str(environment.venv_python())
    assert all(inside in command for command in environment.pip_candidates())


def test_settings_that_install_elsewhere_are_dropped(monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    cleaned = environment.clean_environment()
    assert "PIP_TARGET" not in cleaned
    assert cleaned["PIP_USER"] == "0"


@pytest.mark.parametrize("arguments,status", [([], 2), (["tests"], 2), (["demo", "x"], 2), (["--help"], 0)])
def test_usage(arguments, status, capsys):
    assert environment.main(arguments) == status
    assert "usage: python3 tools/run.py" in capsys.readouterr().err


def test_tests_run_on_all_cores_and_what_is_asked_for_comes_last(sandbox, monkeypatch):
    run = []
    monkeypatch.setattr(environment, "run", lambda command: run.append(command) or 0)
    monkeypatch.setattr(environment, "cores", lambda: 64)
    environment.main(["test", "-n", "0", "tests/tools"])
    assert sandbox == ["create", ("test",)]
    assert run[0][1:] == ["-m", "pytest", "-n", "8", "--dist", "worksteal", "-n", "0", "tests/tools"]


def test_one_core_runs_the_tests_in_one_process():
    assert environment.in_parallel(1) == []


def test_an_exit_status_and_a_signal_are_passed_on():
    assert environment.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert environment.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]) == 137


def test_a_python_that_is_too_old_names_both_versions(monkeypatch, capsys):
    from tools import run

    monkeypatch.setattr(run, "OLDEST", (99, 0))
    assert run.main() == 2
    said = capsys.readouterr().err
    assert "needs Python 99.0 or newer" in said
    assert f"is {sys.version_info[0]}.{sys.version_info[1]}." in said


def test_works_from_any_directory(tmp_path):
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "tools" / "run.py"), "--help"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout == b""
