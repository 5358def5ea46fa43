"""The notebooks: their committed outputs are what execution gives, and nothing in them is of one machine."""

import json
import re
import shutil

import pytest

from tools.docs_examples import ROOT
from tools.docs_notebooks import executed, notebooks


@pytest.fixture(params=notebooks(), ids=lambda path: path.name)
def notebook(request):
    return request.param


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def test_there_is_one():
    assert [path.name for path in notebooks()] == ["incident.ipynb"]


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
    (outputs,) = [cell["outputs"] for cell in code if cell["source"] == ["a"]]
    assert [output["output_type"] for output in outputs] == ["execute_result"]
    assert "".join(outputs[0]["data"]["text/plain"]).startswith("broken: ")


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
    shutil.copytree(ROOT / "fixtures/incident/bundle", clone / "fixtures/incident/bundle")
    (clone / "pyproject.toml").touch()
    (clone / "some/where").mkdir(parents=True)
    copy = shutil.copy(notebook, clone / "some/where" / notebook.name)
    assert executed(clone / "some/where" / notebook.name) == notebook.read_text(encoding="utf-8"), copy
