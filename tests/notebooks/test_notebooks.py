"""The notebooks: their committed outputs are what execution gives, and nothing in them is of one machine."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tools.docs_examples import ROOT, blocks
from tools.docs_notebooks import executed, notebooks


@pytest.fixture(params=notebooks(), ids=lambda path: path.name)
def notebook(request):
    return request.param


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def test_there_is_one_for_each_question():
    names = ["incident", "next-restart", "own-check", "three-fixes", "unknown-layout"]
    assert [path.name for path in notebooks()] == [f"{name}.ipynb" for name in names]


def test_each_is_small_enough_to_be_shown_by_a_code_host(notebook):
    assert notebook.stat().st_size < 200_000


@pytest.mark.slow
def test_committed_outputs_are_what_execution_gives(notebook):
    assert executed(notebook) == notebook.read_text(encoding="utf-8"), "stale: run `python -m tools.docs`"


def test_every_code_cell_has_been_executed_in_order_and_shows_something(notebook):
    code = cells(notebook, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(cell["outputs"] for cell in code)


@pytest.mark.slow
def test_an_analysis_shows_itself_once_as_a_card_and_as_text(notebook):
    """A text report made inside a kernel must be a text that is returned, not output that is shown line by line."""
    code = json.loads(executed(notebook))["cells"]
    (outputs,) = [cell["outputs"] for cell in code if cell["cell_type"] == "code" and cell["source"] == ["a"]]
    assert [output["output_type"] for output in outputs] == ["execute_result"]
    assert re.match("(?:broken|at-risk): ", "".join(outputs[0]["data"]["text/plain"]))


def test_whatever_is_shown_as_a_page_can_be_read_as_text(notebook):
    for cell in cells(notebook, "code"):
        for output in cell["outputs"]:
            if "text/html" in output.get("data", {}):
                text = "".join(output["data"]["text/plain"])
                assert text.strip()
                assert " object at 0x" not in text
                assert "<script" not in "".join(output["data"]["text/html"])


def test_every_code_cell_stands_below_its_question_and_answer(notebook):
    kinds = [cell["cell_type"] for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]]
    assert kinds == ["markdown", *["markdown", "code"] * len(cells(notebook, "code"))]
    for cell in cells(notebook, "markdown")[1:]:
        assert re.match(r"\*\*[A-Z].*\?\*\* .+[.]$", "".join(cell["source"]))


def test_nothing_in_it_is_of_one_machine_or_moment(notebook):
    text = notebook.read_text(encoding="utf-8")
    assert not re.search(r"/(?:home|root|tmp|usr|work|Users)/", text)
    assert str(ROOT) not in text
    assert not re.search(r'"(?:iopub|shell)\.|"execution": *\{|"version": "3\.', text)


@pytest.mark.slow
def test_it_finds_its_bundle_from_another_place_of_a_fresh_clone(tmp_path, notebook):
    clone = tmp_path / "clone"
    for name in ("fixtures", "docs"):
        shutil.copytree(ROOT / name, clone / name)
    (clone / "pyproject.toml").touch()
    (clone / "some/where").mkdir(parents=True)
    for file in (notebook, *notebook.parent.glob("*.py")):
        shutil.copy(file, clone / "some/where")
    assert executed(clone / "some/where" / notebook.name) == notebook.read_text(encoding="utf-8")


@pytest.mark.slow
def test_all_run_from_a_fresh_clone_by_the_words_of_the_readme(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (words,) = [block.body for block in blocks(readme) if "nbmake" in block.body]
    clone = tmp_path / "clone"
    names = ("notebooks", "fixtures", "docs", "calico_bundle", "tools", "pyproject.toml")
    for name in names:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, clone / name)
    # What sets up takes a package index, and CI does it as a step of its own: its Python is this one.
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (clone / ".venv/bin/python").chmod(0o755)
    (run,) = [line for line in words.splitlines() if "nbmake" in line]
    environment = os.environ | {"PYTHONPATH": str(clone)}
    done = subprocess.run(
        ["/bin/sh", "-c", run], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(notebooks())} passed" in done.stdout
