"""Pages that are generated are fresh; pages written by hand name everything there is, and nothing that is not."""

import configparser
import json
import re

import pytest

from calico_bundle.layouts import all_layouts
from calico_bundle.report.exit_status import ExitStatus
from tools.docs import PACKAGE, generated, layer_lines
from tools.docs_examples import ROOT

DOCS = ROOT / "docs"
RUN = "run `python -m tools.docs`"


@pytest.fixture(scope="module")
def fresh():
    """Every generated page as it should be, by its path; made once, for some of it takes an analysis."""
    return generated()


def test_every_check_has_a_page_and_no_page_is_left_over(fresh):
    present = {f"docs/checks/{path.name}" for path in (ROOT / "docs" / "checks").iterdir()}
    assert present == {name for name in fresh if name.startswith("docs/checks/")}


def test_generated_pages_are_fresh(fresh):
    assert len(fresh) > 20
    stale = [name for name, text in fresh.items() if (ROOT / name).read_text(encoding="utf-8") != text]
    assert not stale, RUN


# --- architecture ----------------------------------------------------------------------------------------------------

ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")


def rooms():
    """The modules and folders of the package, without `__init__`."""
    names = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return names - {"__init__"}


def section(title):
    return re.search(rf"(?ms)^## {title}\n(.*?)(?=^## |\Z)", ARCHITECTURE)[1]


def test_the_table_of_rooms_names_every_room_and_no_other():
    named = {
        name for row in re.findall(r"(?m)^\| (`.+?) \|", section("The rooms")) for name in re.findall(r"`(\w+)`", row)
    }
    missing, absent = rooms() - named, named - rooms()
    assert not missing, f"docs/architecture.md, table of rooms: add {sorted(missing)}, with a line on what lives there"
    assert not absent, (
        f"docs/architecture.md, table of rooms: {sorted(absent)} is not in calico_bundle (any more): take it out"
    )


def test_the_picture_names_only_rooms():
    picture = re.search(r"(?s)```text\n(.*?)```", ARCHITECTURE)[1]
    named = set(re.findall(r"[a-z]+", picture.split("\n", 1)[1]))
    assert named <= rooms(), f"docs/architecture.md, picture: {sorted(named - rooms())} is not in calico_bundle"


def test_the_layers_place_every_room():
    placed = {name for line in layer_lines() for name in re.findall(r"\w+", line)}
    assert not rooms() - placed, f".importlinter: {sorted(rooms() - placed)} stands in no layer; then {RUN}"
    shown = set(re.findall(r"\w+", re.search(r"(?s)```text\n(.*?)```", section("The layers"))[1]))
    assert shown == rooms(), f"docs/architecture.md, layers: {sorted(shown ^ rooms())} differ; {RUN}"


def test_every_file_is_listed_and_no_other():
    listed = set(re.findall(r"`([\w/]+\.py)`", section("Which file does what")))
    present = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    assert not present - listed, f"docs/architecture.md does not list {sorted(present - listed)}: {RUN}"
    assert not listed - present, f"docs/architecture.md lists {sorted(listed - present)}, which is not there: {RUN}"


def test_every_file_says_what_it_does():
    assert "| ? |" not in section("Which file does what"), "a file without a docstring"


def test_every_room_that_must_not_know_its_siblings_is_named():
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    for name in config.sections():
        if config[name].get("type") == "independence":
            room = name.rpartition(":")[2]
            assert room in section("The layers").lower(), (
                f"docs/architecture.md: say that {room} know nothing of each other"
            )


# --- what a report says ----------------------------------------------------------------------------------------------

REPORT = (DOCS / "read-a-report.md").read_text(encoding="utf-8")


def keys(schema):
    for part in (schema, *schema.get("anyOf", ())):
        for name, below in part.get("properties", {}).items():
            yield name
            yield from keys(below)
        if "items" in part:
            yield from keys(part["items"])


def enums(schema):
    if isinstance(schema, dict):
        yield from schema.get("enum", ())
        schema = list(schema.values())
    for part in schema if isinstance(schema, list) else ():
        yield from enums(part)


@pytest.mark.parametrize("name", ["schema", "trace_schema"])
def test_every_key_and_word_of_the_json_is_explained(name):
    schema = json.loads((PACKAGE / "report" / f"{name}.json").read_text(encoding="utf-8"))
    words = set(keys(schema)) | {k for part in schema.get("$defs", {}).values() for k in keys(part)}
    words |= {word for word in enums(schema) if isinstance(word, str)}
    # Said in docs/command-reference.md, or of an empty list.
    words -= {"supported", "ruled-out", "not-checkable", "translates", "kind"}
    assert not [word for word in sorted(words) if not re.search(rf"`[^`\n]*\b{re.escape(word)}\b[^`\n]*`", REPORT)]


def test_every_heading_of_the_text_report_is_explained():
    sources = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "report").glob("text*.py"))
    headings = re.findall(r'heading\("(.+?)"\)', sources)
    assert len(headings) > 5
    assert not [heading for heading in headings if f"`{heading}`" not in REPORT]


def test_every_exit_status_is_explained():
    shown = {int(number) for number in re.findall(r"(?m)^\| (\d+) \|", REPORT)}
    assert shown == {status.value for status in ExitStatus} - {ExitStatus.PIPE_CLOSED.value}


def test_every_layout_is_listed():
    text = (DOCS / "bundles.md").read_text(encoding="utf-8")
    assert not [layout.name for layout in all_layouts() if f"`{layout.name}`" not in text]
