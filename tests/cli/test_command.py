"""The command line: what it takes, what it refuses, where it writes and with which status."""

import csv
import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from calico_bundle import __version__, commands
from calico_bundle.cli import program
from calico_bundle.commands import RESERVED, Session, verbs
from calico_bundle.errors import NotABundleError
from tests.cli.fakes import FakeReading, install
from tests.report import hand_made
from tests.stories import story

HEADLINE = "broken: 12 of 40 pods get no DNS answer: Calico on node-2 uses an address its peers cannot reach"


@pytest.fixture
def reading(monkeypatch):
    made = FakeReading()
    for name, module in install(made):
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("NO_COLOR", "FORCE_COLOR", "CALICO_BUNDLE_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return made


def run(*words: str, **settings: Any) -> Result:
    return CliRunner().invoke(program, list(words), **settings)


def test_no_verb_means_analyze(reading):
    shown = run("customer.tar.gz")
    assert shown.stdout.startswith(HEADLINE)
    assert (shown.stderr, shown.exit_code, reading.source) == ("", 1, "customer.tar.gz")
    assert run("analyze", "customer.tar.gz").stdout == shown.stdout


def test_several_bundles_are_one_cluster(reading):
    run("-q", "a.tgz", "b.tgz")
    assert reading.source == ["a.tgz", "b.tgz"]


def test_a_dash_is_standard_input(reading):
    assert run("-", input=b"bytes").exit_code == 1
    assert reading.source.read() == b"bytes"


def test_a_file_named_like_a_verb_needs_its_folder(reading, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "explain").write_bytes(b"")
    assert run("./explain").stdout.startswith("broken: ")
    assert reading.source == "./explain"
    assert run("explain").stdout.startswith("CB101")


@pytest.mark.usefixtures("reading")
def test_a_verb_in_the_wrong_place_is_told_so():
    shown = run("-q", "trace", "a.tgz")
    assert shown.exit_code == 2
    assert "as a verb it goes first: bundle-analyze trace" in shown.stderr


@pytest.mark.usefixtures("reading")
def test_options_of_a_verb_that_comes_too_late_are_not_said_to_be_unknown():
    shown = run("-f", "json", "what-if", "a.tgz", "--method", "first-found")
    assert shown.exit_code == 2
    assert "as a verb what-if goes first: bundle-analyze what-if" in shown.stderr
    assert "No such option '--metod'" in run("a.tgz", "--metod", "first-found").stderr


@pytest.mark.parametrize("help_option", ["-h", "--help"])
def test_help_speaks_of_the_whole_command_and_of_what_exists(help_option):
    shown = run(help_option)
    assert shown.exit_code == 0
    assert shown.stdout.startswith("Usage: bundle-analyze [OPTIONS] BUNDLE...\n")
    assert "[text|html|json|junit|markdown|sarif|svg]" in shown.stdout
    for verb in ("explain", "tables", "trace", "what-if"):
        assert f"\n  {verb} " in shown.stdout
    for later in ("diff", "analyze]"):
        assert later not in shown.stdout


@pytest.mark.parametrize("verb", list(verbs()))
def test_every_verb_and_every_option_has_help(verb):
    command = verbs()[verb]
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []
    assert run(verb, "--help").stdout.startswith(f"Usage: bundle-analyze {verb} [OPTIONS]")


def test_version():
    shown = run("--version")
    assert (shown.stdout, shown.exit_code) == (f"bundle-analyze {__version__}\n", 0)


# --- what is passed on ------------------------------------------------------------------------------------------------


def test_the_choices_reach_the_analysis(reading):
    words = [
        "--select",
        "CB1,dns-single-node",
        "--select",
        "cb303",
        "--ignore",
        "CB104",
        "--dns",
        "infra/dns",
        "--paths",
        "broken",
        "-f",
        "json",
    ]
    run("a.tgz", *words)
    asked = {"select": ("CB1", "CB303"), "ignore": ("CB104",), "paths": "broken", "files": True, "parts": frozenset()}
    assert reading.analysis.asked == asked
    assert reading.asked["dns"] == "infra/dns"
    assert reading.asked["progress"] is None


def test_text_does_not_ask_for_paths_that_it_does_not_show(reading):
    run("a.tgz")
    assert reading.analysis.asked["paths"] == "none"
    run("a.tgz", "-v")
    assert reading.analysis.asked["paths"] == "all"


@pytest.mark.parametrize(
    "words, hint",
    [
        (["--select", "CB102"], "no finding code begins with 'CB102': did you mean 'CB10"),
        (["--ignore", "wrong-bgp-source"], "did you mean 'wrong-bgp-source-ip'?"),
        (["--select", "CB101,XX"], "no finding code begins with 'XX'"),
        (["--select", ","], "no code is given"),
        (["--dns", "kube-dns"], "'kube-dns' is not of the form NAMESPACE/SERVICE"),
        (["--dns", "a/b/c"], "not of the form"),
        (["-q", "-v"], "-q and -v contradict each other"),
        (["--fail-on", "fatal"], "'fatal' is not one of 'error', 'warning', 'info', 'never'"),
        (["-f", "pdf"], "'pdf' is not one of 'text', 'html'"),
        (["-o", "report.pdf"], "no format is offered for the ending '.pdf'; offered are .txt (text), .html (html)"),
        (["-o", "report"], "it has no ending"),
        (["-o", "nowhere/report.json"], "there is no directory 'nowhere'"),
        (["-o", "-", "-o", "-"], "two outputs for standard output"),
        (["--colour", "always"], "No such option"),
        (["-"], "standard input"),
    ],
)
def test_bad_usage_is_one_clear_line_and_status_2(reading, words, hint):
    shown = run("-" if words == ["-"] else "a.tgz", *words)
    assert shown.exit_code == 2
    assert hint in shown.stderr
    assert shown.stderr.count("\n") == 1
    assert shown.stderr.startswith("bundle-analyze: ")
    assert shown.stdout == ""
    assert reading.source is None


@pytest.mark.usefixtures("reading")
def test_no_bundle_is_bad_usage():
    shown = run()
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr == "bundle-analyze: Missing argument 'BUNDLE...'. (see bundle-analyze --help)\n"


def test_what_cannot_be_read_is_one_line_and_status_2(reading):
    reading.error = NotABundleError("x.png: a picture,\nnot a \x1b[31mbundle")
    shown = run("x.png")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr == "bundle-analyze: x.png: a picture, not a bundle\n"


def test_verbose_lists_what_was_there_instead_of_a_bundle_and_no_traceback(reading):
    """A traceback is for a defect of the program; here the bundle is at fault."""
    reading.error = NotABundleError("x: nothing known", ["a.txt: nothing known", "b\x1b[31m.png: binary data"])
    shown = run("-v", "x")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert shown.stderr == "bundle-analyze: x: nothing known\n  a.txt: nothing known\n  b.png: binary data\n"


# --- statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", ["text", "json"])
@pytest.mark.parametrize(
    "make, words, status",
    [
        (hand_made.broken_report, [], 1),
        (hand_made.broken_report, ["--fail-on", "never"], 0),
        (hand_made.broken_report, ["-q"], 1),
        (hand_made.healthy_report, ["--fail-on", "info"], 0),
        (hand_made.inconclusive_report, [], 3),
        (hand_made.inconclusive_report, ["--fail-on", "never"], 3),
    ],
)
def test_the_status_is_that_of_the_contract_in_every_format(reading, format_name, make, words, status):
    reading.analysis.made = make()
    assert run("a.tgz", "-f", format_name, *words).exit_code == status


# --- outputs ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("reading")
def test_json_goes_to_standard_output():
    shown = run("a.tgz", "-f", "json")
    assert json.loads(shown.stdout) == hand_made.broken_report()
    assert shown.stderr == ""


@pytest.mark.usefixtures("reading")
def test_outputs_take_their_format_from_the_ending(tmp_path):
    files = [tmp_path / "a.json", tmp_path / "b.txt"]
    shown = run("a.tgz", "-o", str(files[0]), "-o", str(files[1]))
    assert shown.stdout == ""
    assert shown.stderr.splitlines() == [HEADLINE, f"wrote {files[0]} (json)", f"wrote {files[1]} (text)"]
    assert json.loads(files[0].read_text("utf-8")) == hand_made.broken_report()
    assert files[1].read_text("utf-8").startswith(HEADLINE)
    assert shown.exit_code == 1


@pytest.mark.usefixtures("reading")
def test_a_given_format_outranks_the_ending_and_a_dash_adds_standard_output(tmp_path):
    shown = run("a.tgz", "-f", "json", "-o", str(tmp_path / "report"), "-o", "-")
    assert (tmp_path / "report").read_text("utf-8") == shown.stdout
    assert json.loads(shown.stdout)["schema_version"] == 1
    assert HEADLINE not in shown.stderr


@pytest.mark.usefixtures("reading")
def test_quiet_says_nothing_on_standard_error(tmp_path):
    assert run("a.tgz", "-q", "-o", str(tmp_path / "a.json")).stderr == ""


@pytest.mark.usefixtures("reading")
def test_the_bundle_is_not_written_over(tmp_path):
    bundle = tmp_path / "bundle.json"
    bundle.write_text("{}")
    shown = run(str(bundle), "-o", str(bundle))
    assert shown.exit_code == 2
    assert "that is the bundle itself" in shown.stderr
    assert bundle.read_text() == "{}"


@pytest.mark.usefixtures("reading")
def test_a_directory_is_no_output(tmp_path):
    (tmp_path / "a.json").mkdir()
    assert "that is a directory" in run("a.tgz", "-o", str(tmp_path / "a.json")).stderr


# --- color and width --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, environment, colored",
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": ""}, False),
    ],
)
@pytest.mark.usefixtures("reading")
def test_color_when_it_is_piped(words, environment, colored):
    assert ("\x1b[" in run("a.tgz", *words, env=environment).stdout) is colored


@pytest.mark.parametrize(
    "environment, colored",
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_color_in_a_terminal(environment, colored):
    session = Session(terminal_width=80, environment=environment)
    style = session.style(None, color="auto", verbose=False, quiet=False)
    assert (style.color, style.width) == (colored, 80)
    style = session.style("report.txt", color="auto", verbose=False, quiet=False)
    assert (style.color, style.width) == (False, 100)


# --- the other verbs --------------------------------------------------------------------------------------------------


def test_trace(reading):
    shown = run("trace", "a.tgz", "b.tgz", "--from", "shop/cart-0")
    assert shown.stdout.startswith("shop/cart-0 (10.244.1.10, node-1) -> kube-system/kube-dns")
    assert shown.exit_code == 1
    assert reading.analysis.asked == {"source": "shop/cart-0", "destination": "dns"}
    shown = run("trace", "a.tgz", "--from", "shop/cart-0", "--to", "node-3", "-f", "json")
    assert json.loads(shown.stdout) == hand_made.node_trace()
    assert shown.exit_code == 0


@pytest.mark.usefixtures("reading")
def test_trace_needs_a_source_and_says_did_you_mean():
    shown = run("trace", "a.tgz")
    assert (shown.exit_code, shown.stderr.count("\n")) == (2, 1)
    assert "'--from'" in shown.stderr
    shown = run("trace", "a.tgz", "--from", "cart-00")
    assert shown.exit_code == 2
    assert "did you mean 'shop/cart-0'" in shown.stderr


@pytest.mark.usefixtures("reading")
def test_explain():
    listed = run("explain").stdout
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("CB")] == ["CB101", "CB104", "CB303"]
    shown = run("explain", "CB101")
    assert shown.stdout.startswith("CB101 wrong-bgp-source-ip (error)\n\nWhat wrong-bgp-source-ip means")
    assert f"    kubectl {'very-' * 30}long\n" in shown.stdout
    assert "Known limits" not in shown.stdout
    shown = run("explain", "CB110")
    assert shown.exit_code == 2
    assert "did you mean" in shown.stderr


@pytest.mark.usefixtures("reading")
def test_explain_lists_the_codes_that_begin_so():
    shown = run("explain", "cb10")
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.stdout.splitlines() if line.startswith("CB")] == ["CB101", "CB104"]
    assert run("explain", "CB").stdout == run("explain").stdout


def test_every_verb_is_found_without_importing_its_module():
    """The name is the module's, and the modules that are left out are no verbs."""
    folder = Path(commands.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    with_command = {m for m in modules if hasattr(importlib.import_module(f"calico_bundle.commands.{m}"), "COMMAND")}
    assert {name.replace("-", "_") for name in verbs()} == with_command
    assert [command.name for command in verbs().values()] == list(verbs())


@pytest.mark.parametrize("verb", sorted(RESERVED))
@pytest.mark.parametrize("more", [["a.tgz", "b.tgz"], ["--help"], []])
def test_a_verb_to_come_is_refused(verb, more):
    assert verb not in verbs()
    shown = run(verb, *more)
    assert (shown.exit_code, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    assert f"{verb} is not offered yet" in shown.stderr


def test_a_bundle_named_like_a_verb_to_come_needs_its_folder(reading):
    assert run("./diff").stdout.startswith("broken: ")
    assert reading.source == "./diff"


@pytest.mark.usefixtures("reading")
def test_tables_are_listed():
    shown = run("tables", "a.tgz")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[0].split() == ["table", "rows", "what", "it", "holds"]
    assert "gaps" in shown.stdout
    assert "columns: " not in shown.stdout
    assert "columns: path, line, kind, message" in run("tables", "a.tgz", "-v").stdout


@pytest.mark.usefixtures("reading")
def test_a_table_as_csv_runs_no_formula():
    shown = run("tables", "a.tgz", "--table", "gaps")
    rows = list(csv.reader(io.StringIO(shown.stdout)))
    assert rows == [["path", "line", "kind", "message"], ["'=cmd|'/c calc'!A1", "", "refused", "'-1"]]


@pytest.mark.usefixtures("reading")
def test_a_table_as_json_is_unchanged(tmp_path):
    shown = run("tables", "a.tgz", "--table", "gaps", "-o", str(tmp_path / "gaps.json"))
    assert shown.stderr == f"wrote {tmp_path / 'gaps.json'} (json)\n"
    row = json.loads((tmp_path / "gaps.json").read_text())[0]
    assert (row["path"], row["message"]) == ("=cmd|'/c calc'!A1", "\x1b[31m-1\u202e")
    assert json.loads(run("tables", "a.tgz", "--table", "routes", "-f", "json").stdout) == []


@pytest.mark.usefixtures("reading")
def test_tables_refuse_what_they_cannot_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    for words, hint in [
        (["--table", "route"], "did you mean 'routes'"),
        (["-f", "csv"], "give its name with --table NAME"),
        (["--table", "routes", "-f", "parquet"], "parquet needs pyarrow"),
        (["--table", "routes", "-o", "x.xlsx"], "offered are .csv (csv), .json (json), .parquet (parquet)"),
    ]:
        shown = run("tables", "a.tgz", *words)
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert hint in shown.stderr


@pytest.mark.usefixtures("reading")
def test_a_verb_gives_the_same_status_whatever_the_outputs(tmp_path):
    words = ["trace", "a.tgz", "--from", "shop/cart-0"]
    assert run(*words, "-q", "-o", str(tmp_path / "t.json")).exit_code == run(*words).exit_code == 1


def test_a_file_is_the_same_whatever_others_are_written_beside_it(tmp_path):
    """Contract, section 2: byte-identical for identical input, and valid by the schema, which knows no parts of a page."""
    bundle = str(story("incident").path)
    alone, beside = tmp_path / "alone.json", tmp_path / "beside.json"
    run(bundle, "-o", str(alone))
    run(bundle, "-o", str(tmp_path / "a.html"), "-o", str(tmp_path / "a.svg"), "-o", str(beside))
    assert beside.read_bytes() == alone.read_bytes()
