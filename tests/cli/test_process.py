"""The command as a process: streams, signals, pipes, terminals, and what it imports."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminals import read_to_the_end

ROOT = Path(__file__).resolve().parents[2]
FAKES = [sys.executable, str(ROOT / "tests/cli/fakes.py")]
UNSET = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CALICO_BUNDLE_DEBUG", "PYTHONIOENCODING", "PYTHONUTF8")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return kept | {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | more


def run(*words: str, fake: str = "", **more: str) -> subprocess.CompletedProcess[bytes]:
    command = [*FAKES, *words]
    return subprocess.run(
        command, capture_output=True, env=environment(FAKE_ANALYZE=fake, **more), check=False, timeout=60
    )


def test_python_m_runs_the_command():
    words = [sys.executable, "-m", "calico_bundle", "--version"]
    shown = subprocess.run(words, capture_output=True, env=environment(), check=True, text=True)
    assert shown.stdout.startswith("bundle-analyze ")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["explain"], ["explain", "CB101"], ["trace", "--help"]])
def test_help_and_explain_import_nothing_heavy(words):
    """With the real checks: their catalog must stay light, too."""
    code = "import sys; sys.argv[0] = 'x'\ntry:\n    from calico_bundle.cli import main; main()\nfinally:\n    "
    code += "print([m for m in ('pandas', 'numpy', 'networkx', 'rich', 'jinja2', 'yaml') if m in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, env=environment(), check=False, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines()[-1] == "[]"


FOR_NOTEBOOKS = (
    "pandas", "numpy", "networkx", "jinja2", "calico_bundle.tables", "calico_bundle.columns", "calico_bundle.trace",
)  # fmt: skip


@pytest.mark.parametrize(
    "words, unwanted",
    [((), FOR_NOTEBOOKS), (("-q",), FOR_NOTEBOOKS), (("-f", "json"), (*FOR_NOTEBOOKS, "rich"))],
    ids=["text", "quiet", "json"],
)
def test_a_report_is_made_without_what_only_notebooks_need(words, unwanted):
    code = "import sys\ntry:\n    from calico_bundle.cli import main; main()\nfinally:\n    "
    code += f"print('imported', [m for m in {unwanted} if m in sys.modules], file=sys.stderr)"
    bundle = str(ROOT / "fixtures/incident/bundle")
    shown = subprocess.run(
        [sys.executable, "-c", code, bundle, *words], capture_output=True, env=environment(), check=False, text=True
    )
    assert (shown.returncode, shown.stderr) == (1, "imported []\n")
    assert "shop-worker-2" in shown.stdout


# Creating the dataclasses of these takes longer than Python itself takes to start.
ROOMS = (
    "addresses", "analysis", "bundle", "calico", "choices", "cluster", "coverage", "diagnosis", "effects", "facts",
    "graph", "identity", "impact", "layouts", "losses", "network", "objects", "parsers", "paths", "remedies",
    "sources", "tables", "trace",
)  # fmt: skip
SLOW = (
    "bz2", "csv", "difflib", "importlib.metadata", "ipaddress", "json", "lzma", "pathlib", "shutil", "tarfile", "zipfile",
)  # fmt: skip
# The help lists the formats, of which one is JSON.
HELP_NEEDS = {"json"}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["explain"], ["explain", "CB101"], ["explain", "CB1"]])
def test_help_and_explain_import_no_room_of_the_analysis(words):
    """That they say it in time; `tests/benchmarks/measure.py` measures it."""
    code = "import sys, click; before = set(sys.modules); sys.argv[0] = 'x'\ntry:\n    "
    code += "from calico_bundle.cli import main; main()\nfinally:\n    print(*(set(sys.modules) - before))"
    shown = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, env=environment(), check=True, text=True
    )
    imported = set(shown.stdout.splitlines()[-1].split())
    assert "calico_bundle.cli" in imported
    assert sorted(imported & {f"calico_bundle.{room}" for room in ROOMS}) == []
    allowed = HELP_NEEDS if words[0].startswith("-") else {"difflib"}
    assert sorted(imported & set(SLOW) - allowed) == []


def test_a_defect_says_so_with_status_70_and_no_traceback():
    shown = run("a.tgz", fake="defect")
    assert (shown.returncode, shown.stdout) == (70, b"")
    line = shown.stderr.decode()
    assert line.count("\n") == 1
    assert line.startswith("bundle-analyze: internal error: KeyError: 'node-")
    assert "at fakes.py:" in line
    assert "a defect of bundle-analyze, not of the bundle: please report it" in line
    assert "\x1b" not in line
    assert str(ROOT) not in line


@pytest.mark.parametrize(
    "words, more", [(["-v", "a.tgz"], {}), (["a.tgz", "-v"], {}), (["a.tgz"], {"CALICO_BUNDLE_DEBUG": "1"})]
)
def test_whoever_asks_for_the_traceback_gets_it_on_standard_error(words, more):
    shown = run(*words, fake="defect", **more)
    assert shown.returncode == 70
    assert b"Traceback (most recent call last)" in shown.stderr
    assert b"\x1b" not in shown.stderr
    assert shown.stdout == b""


def test_the_end_of_a_file_is_no_interrupt():
    assert run("a.tgz", fake="eof").returncode == 70


def test_ctrl_c_exits_130():
    shown = run("a.tgz", fake="interrupt")
    assert (shown.returncode, shown.stdout, shown.stderr) == (130, b"", b"bundle-analyze: interrupted\n")


def test_ctrl_c_sent_as_a_signal_exits_130():
    with subprocess.Popen([*FAKES, "a.tgz"], stderr=subprocess.PIPE, env=environment(FAKE_ANALYZE="slow")) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"reading\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"bundle-analyze: interrupted\n"
    assert process.returncode == 130


@pytest.mark.parametrize("format_name", ["text", "json"])
def test_a_pipe_that_closes_early_is_silent_and_keeps_the_status(format_name):
    words = [*FAKES, "a.tgz", "-v", "-f", format_name]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, env=environment(FAKE_ANALYZE="large")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_help_into_a_closed_pipe_is_silent():
    reader, writer = os.pipe()
    os.close(reader)
    words = [*FAKES, "--help"]
    shown = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, env=environment(), check=False)
    os.close(writer)
    assert (shown.returncode, shown.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("words", [["a.tgz"], ["a.tgz", "-f", "json"], ["explain"]])
def test_a_full_disk_under_standard_output_is_one_line_and_status_2(words):
    with Path("/dev/full").open("wb") as full:
        shown = subprocess.run([*FAKES, *words], stdout=full, stderr=subprocess.PIPE, env=environment(), check=False)
    assert shown.returncode == 2
    assert shown.stderr == b"bundle-analyze: cannot write standard output: No space left on device\n"


def test_a_closed_standard_output_is_one_line_and_status_2():
    words = ["sh", "-c", 'exec "$@" >&-', "sh", *FAKES, "a.tgz"]
    shown = subprocess.run(words, stderr=subprocess.PIPE, env=environment(), check=False)
    assert shown.returncode == 2
    assert shown.stderr.startswith(b"bundle-analyze: cannot write standard output")


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
@pytest.mark.parametrize("format_name", ["text", "json"])
def test_a_pipe_gets_utf8_whatever_the_locale(locale, format_name):
    more = {"LC_ALL": locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    shown = run("a.tgz", "-f", format_name, fake="odd", **more)
    assert shown.returncode == 1
    assert "n\u00f6des \\udcff \U0001f525" in shown.stdout.decode("utf-8")


def test_standard_error_is_empty_without_a_terminal():
    assert run("a.tgz").stderr == b""


def in_terminal(*words: str, fake: str = "", columns: int = 80, **more: str) -> tuple[bytes, int]:
    """Everything that a terminal of that width gets to see, and the status."""
    ours, theirs = pty.openpty()
    sized = environment(FAKE_ANALYZE=fake, COLUMNS=str(columns), **more)
    process = subprocess.Popen([*FAKES, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=sized)
    os.close(theirs)
    seen = read_to_the_end(ours)
    return seen.replace(b"\r\n", b"\n"), process.wait(60)


@pytest.mark.parametrize("columns", [80, 160])
def test_a_terminal_gets_color_its_width_and_progress_that_is_wiped(columns):
    seen, status = in_terminal("a.tgz", columns=columns)
    assert status == 1
    progress, _, report = seen.partition(b"\r\x1b[2K\x1b[1;31mbroken")
    assert progress == b"\r\x1b[2K[==========          ]  50 % of 100 bytes  nodes/node-1/ip_route.txt"
    assert b"\x1b[" in report
    shown = re.sub(r"\x1b\[[0-9;]*m", "", report.decode())
    long = [line for line in shown.splitlines() if len(line) > columns and "kubectl" not in line]
    assert long == []
    assert max(map(len, shown.splitlines())) > columns - 30


@pytest.mark.parametrize("words", [["-q", "a.tgz"], ["explain"]])
def test_no_progress_where_none_is_wanted(words):
    assert b"\x1b[2K" not in in_terminal(*words)[0]


def test_an_ascii_terminal_shows_escapes_and_does_not_crash():
    more = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    seen, status = in_terminal("a.tgz", "-q", fake="odd", **more)
    assert status == 1
    assert b"n\\xf6des \\udcff \\U0001f525" in seen
    assert seen.isascii()


def test_standard_input_from_a_terminal_is_refused():
    seen, status = in_terminal("-")
    assert status == 2
    assert b"standard input is a terminal" in seen
