"""The line that shows how far the reading is: it fits its terminal, drives nothing but itself, and leaves no trace."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.progress_line import ProgressLine, columns
from tests.cli.terminals import read_to_the_end

ROOT = Path(__file__).resolve().parents[2]
FAKES = [sys.executable, str(ROOT / "tests/cli/fakes.py")]
WIPE = "\r\x1b[2K"
UNSET = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "CALICO_BUNDLE_DEBUG")


class Terminal(io.StringIO):
    """A stream that says it is a terminal, of an encoding."""

    def __init__(self, encoding="utf-8"):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return True


def drawn(done, total, what, *, wide=80, encoding="utf-8"):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TERM", "xterm")
        patched.setenv("COLUMNS", str(wide))
        stream = Terminal(encoding)
        ProgressLine(stream, clock=lambda: 0.0)(done, total, what)
    start, line = stream.getvalue()[: len(WIPE)], stream.getvalue()[len(WIPE) :]
    assert start == WIPE
    return line


def test_it_shows_how_much_of_all_is_read_and_what():
    line = drawn(90_000_000, 120_000_000, "nodes/worker-1/ip-route.txt")
    assert line == "[===============     ]  75 % of 114.4 MiB  nodes/worker-1/ip-route.txt"


def test_of_a_pipe_it_shows_how_much_was_read():
    assert drawn(1_234_000_000, None, "pods.yaml") == "1.1 GiB  pods.yaml"


def test_in_a_narrow_terminal_the_file_goes_before_the_bar():
    line = drawn(90_000_000, 120_000_000, "calico-diagnostics-1/nodes/worker-1/ip-route.txt", wide=40)
    assert len(line) == 37
    assert line.startswith(" 75 %  ...")
    assert line.endswith("/worker-1/ip-route.txt")


@given(st.integers(0, 10**12), st.none() | st.integers(0, 10**12), st.text(), st.integers(1, 200))
def test_it_never_needs_a_second_line_and_drives_no_terminal(done, total, what, wide):
    line = drawn(done, total, what, wide=wide)
    # The terminal itself writes ^C after it.
    assert len(line) + len("^C") < wide or line == ""
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", line)


def test_wide_letters_take_two_columns():
    line = drawn(1, 2, "\u7bc0" * 60, wide=80)
    assert sum(1 if letter.isascii() else 2 for letter in line) <= 77


def test_what_the_terminal_cannot_show_takes_one_column():
    assert drawn(1, 2, "n\u00f6de", encoding="ascii").endswith("n?de")


def test_it_is_drawn_again_only_after_a_moment_or_at_the_end(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream, now = Terminal(), [0.0]
    line = ProgressLine(stream, clock=lambda: now[0])
    line(1, 9, "first")
    line(2, 9, "second")
    now[0] = 0.2
    line(3, 9, "third")
    line(9, 9, "following the paths of pods")
    frames = stream.getvalue().split(WIPE)[1:]
    assert [frame.rpartition("  ")[2] for frame in frames] == ["first", "third", "following the paths of pods"]


def test_it_is_wiped_once(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    line = ProgressLine(stream)
    line.clear()
    assert stream.getvalue() == ""
    line(1, 9, "first")
    line.clear()
    line.clear()
    assert stream.getvalue().count(WIPE) == 2
    assert stream.getvalue().endswith(WIPE)


@pytest.mark.parametrize("term, stream", [("dumb", Terminal()), ("xterm", io.StringIO()), ("xterm", None)])
def test_it_is_for_terminals_that_can_go_back_in_a_line(monkeypatch, term, stream):
    monkeypatch.setenv("TERM", term)
    assert not ProgressLine(stream).is_shown


def test_a_terminal_that_is_gone_stops_nothing(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    line = ProgressLine(stream)
    line(1, 9, "first")
    stream.close()
    line(9, 9, "last")
    line.clear()


@pytest.mark.parametrize("word, wide", [("132", 132), ("0", 80), ("-5", 80), ("wide", 80), ("", 80)])
def test_columns_are_as_the_environment_says(monkeypatch, word, wide):
    monkeypatch.setenv("COLUMNS", word)
    assert columns(io.StringIO()) == wide


# --- in a terminal --------------------------------------------------------------------------------------------------


def run_in_terminal(*command, wide=80, stdout_too=True, **more):
    """What a terminal of that width gets to see, what standard output gets where that is a pipe, and the status."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, wide, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    sized = kept | {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | more
    out = theirs if stdout_too else subprocess.PIPE
    with subprocess.Popen(command, stdin=theirs, stdout=out, stderr=theirs, env=sized) as process:
        os.close(theirs)
        piped = process.stdout.read() if process.stdout else b""
        seen = read_to_the_end(ours)
    return seen.decode(), piped, process.returncode


def left_on_screen(seen):
    """What is still to be seen in the end: a wiped line is not."""
    lines = (line.rpartition(WIPE)[2] for line in seen.replace("\r\n", "\n").split("\n"))
    return "\n".join(lines)


def test_the_width_is_that_of_the_terminal_it_is_drawn_on():
    seen, piped, status = run_in_terminal(*FAKES, "a.tgz", wide=30, stdout_too=False)
    assert status == 1
    assert seen == f"{WIPE} 50 %  ...de-1/ip_route.txt{WIPE}"
    assert piped.startswith(b"broken")
    assert b"\x1b" not in piped


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"TERM": "dumb", "NO_COLOR": "1"}])
def test_a_terminal_that_cannot_go_back_gets_no_line(more):
    seen, _, status = run_in_terminal(*FAKES, "a.tgz", **more)
    assert status == 1
    assert "\x1b" not in seen
    assert "50 %" not in seen


def test_without_color_it_is_drawn_without_color():
    seen, _, _ = run_in_terminal(*FAKES, "a.tgz", NO_COLOR="1")
    assert "50 %" in seen
    assert set(re.findall(r"\x1b\[[^A-Za-z]*[A-Za-z]", seen)) == {"\x1b[2K"}


@pytest.mark.parametrize("how, last", [("interrupt", "interrupted"), ("eof", "internal error: EOFError: short")])
def test_it_is_gone_before_a_message(how, last):
    seen, _, _ = run_in_terminal(*FAKES, "a.tgz", wide=400, FAKE_ANALYZE=how)
    assert "50 %" in seen
    assert left_on_screen(seen).startswith(f"bundle-analyze: {last}")


def test_of_a_real_reading_only_the_report_stays():
    bundle = str(ROOT / "fixtures/incident/bundle")
    seen, _, status = run_in_terminal(sys.executable, "-m", "calico_bundle", bundle, wide=100)
    assert status == 1
    assert re.search(r"100 % of [0-9.]+ KiB  following the paths of pods", seen)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", left_on_screen(seen))
    assert plain.startswith("broken: 4 of 6 DNS paths fail")
    assert " % of " not in plain


def test_a_reader_that_leaves_early_sees_no_trace_of_it():
    shell = f"{sys.executable} {FAKES[1]} a.tgz -v | head -1"
    seen, _, status = run_in_terminal("/bin/sh", "-c", shell, wide=80, FAKE_ANALYZE="large")
    assert status == 0
    assert left_on_screen(seen).startswith("broken")
