"""Completion of command lines: what is offered, in the shells themselves where they are installed, and what it costs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from calico_bundle import columns
from calico_bundle.checks import catalog
from calico_bundle.cli import COMPLETE
from calico_bundle.commands import HELP_OPTIONS, Session, completing, verbs
from calico_bundle.report import formats

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def offered(monkeypatch):
    """What bash is offered after a command line; the last word is the one that is being typed."""

    def ask(line):
        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        answered = completing.answer("bash_complete", "bundle-analyze", COMPLETE)
        return [tuple(item.split(",", 1)) for item in answered.splitlines()]

    return ask


def words_of(offers):
    return [value for kind, value in offers if kind == "plain"]


def test_first_come_the_verbs(offered):
    assert words_of(offered("bundle-analyze ")) == list(verbs())


def test_what_is_no_verb_is_a_file(offered):
    assert offered("bundle-analyze ./fix") == [("file", "./fix")]
    assert offered("bundle-analyze trace x") == [("file", "x")]
    assert offered("bundle-analyze x -o r") == [("file", "r")]


def test_options_are_those_of_the_verb(offered):
    assert "--fail-on" in words_of(offered("bundle-analyze x --"))
    assert "--from" not in words_of(offered("bundle-analyze x --"))
    assert "-h" in words_of(offered("bundle-analyze x -"))
    assert words_of(offered("bundle-analyze trace x --fr")) == ["--from"]


def test_formats(offered):
    names = [known.name for known in formats()]
    assert words_of(offered("bundle-analyze x -f ")) == names
    # As bash gives `--format=`.
    assert words_of(offered("bundle-analyze x --format = ")) == names
    # As zsh and fish give it.
    assert words_of(offered("bundle-analyze x --format=j")) == ["--format=json", "--format=junit"]


def test_codes_and_names_of_findings(offered):
    codes = [check.code for check in catalog()]
    assert words_of(offered("bundle-analyze explain ")) == codes
    assert words_of(offered("bundle-analyze explain cb9")) == [code for code in codes if code.startswith("CB9")]
    assert words_of(offered("bundle-analyze explain wrong-")) == ["wrong-bgp-source-ip"]
    assert words_of(offered("bundle-analyze x --ignore CB101,CB10"))[:2] == ["CB101,CB101", "CB101,CB102"]


def test_tables_and_methods(offered):
    assert words_of(offered("bundle-analyze tables x --table ")) == [table.name for table in columns.describe().columns]
    assert words_of(offered("bundle-analyze what-if x --method k")) == ["kubernetes-internal-ip"]


def test_an_impossible_command_line_is_no_defect(offered):
    for line in ("explain x y z ", "--nonsense ", "x --select ,,", "x --limit a=b --", "what-if --address x --method "):
        offered(f"bundle-analyze {line}")


# --- as a process -----------------------------------------------------------------------------------------------------

LIGHT = "import sys\ntry:\n    from calico_bundle.cli import main; main()\nfinally:\n    print(sorted(sys.modules))"


def run(words, **more):
    return subprocess.run(words, env=os.environ | more, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "line", ["bundle-analyze explain CB", "bundle-analyze tables x --table r", "bundle-analyze x -f "]
)
def test_a_completion_imports_nothing_heavy_and_opens_no_bundle(line):
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), COMPLETE: "bash_complete", "PYTHONPATH": str(ROOT)}
    done = run([sys.executable, "-c", LIGHT], **asked)
    assert done.returncode == 0, done.stderr
    loaded = set(re.findall(r"'([\w.]+)'", done.stdout.splitlines()[-1]))
    assert not loaded & {"pandas", "numpy", "networkx", "rich", "jinja2", "yaml", "calico_bundle.analysis"}


def test_help_does_not_pay_for_completion():
    code = LIGHT.replace("print(sorted(sys.modules))", "print('click.shell_completion' in sys.modules)")
    done = run([sys.executable, "-c", code, "--help"], PYTHONPATH=str(ROOT))
    assert done.stdout.splitlines()[-1] == "False"


def test_an_unknown_shell_is_said():
    done = run([sys.executable, "-m", "calico_bundle"], PYTHONPATH=str(ROOT), **{COMPLETE: "tcsh_source"})
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("bundle-analyze: ")


# --- in the shells ----------------------------------------------------------------------------------------------------

BASH = """eval "$(_BUNDLE_ANALYZE_COMPLETE=bash_source bundle-analyze)"
complete -p bundle-analyze
COMP_WORDS=(bundle-analyze explain CB10) COMP_CWORD=2
_bundle_analyze_completion bundle-analyze
printf '%s\\n' "${COMPREPLY[@]}"
"""
# zsh completes at a terminal only: the script is given to a second zsh in one, which zsh has a module for.
ZSH = """zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1= ; autoload -U compinit; compinit -D; eval "$(_BUNDLE_ANALYZE_COMPLETE=zsh_source bundle-analyze)"'
zpty -w shell 'print rea""dy'
zpty -r -m shell seen '*ready*'
zpty -w -n shell $'bundle-analyze explain CB40\\t'
zpty -r -m shell seen '*service-proxy-stale*'
print -r -- "$seen"
"""
FISH = """_BUNDLE_ANALYZE_COMPLETE=fish_source bundle-analyze | source
complete -C 'bundle-analyze explain CB10'
complete -C 'bundle-analyze x --select CB101,CB10'
"""


@pytest.mark.parametrize(
    "shell, options, script, expected",
    [
        ("bash", ["--norc"], BASH, ["CB101", "CB107"]),
        ("zsh", ["-f"], ZSH, ["CB401", "policy-denies-dns", "CB402"]),
        ("fish", ["--no-config"], FISH, ["CB101", "CB107", "wrong-bgp-source-ip", "CB101,CB107"]),
    ],
)
def test_the_shell_offers_it(shell, options, script, expected, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command = tmp_path / "bin" / "bundle-analyze"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m calico_bundle "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "script").write_text(script, encoding="utf-8")
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = run(
        [shell, *options, str(tmp_path / "script")], PATH=path, PYTHONPATH=str(ROOT), HOME=str(tmp_path), TERM="dumb"
    )
    missing = [word for word in expected if word not in re.split(r"\s+", done.stdout)]
    assert not missing, f"{missing}\n{done.stdout}\n{done.stderr}"


# --- the examples of the help -------------------------------------------------------------------------------------------


def examples(command):
    found = re.search(r"Examples:\n((?:  .+\n?)+)", command.epilog)
    return [re.split(r" {2,}| \| jq", line.strip())[0].split("| ")[-1] for line in found[1].splitlines()]


@pytest.mark.parametrize("name", list(verbs()))
def test_the_examples_of_each_verb_are_understood(name):
    lines = examples(verbs()[name])
    assert len(lines) >= 3
    for line in lines:
        program, *words = shlex.split(line)
        verb = words.pop(0) if words[:1] and words[0] in verbs() else "analyze"
        assert program == "bundle-analyze"
        verbs()[verb].make_context(verb, words, obj=Session(), help_option_names=list(HELP_OPTIONS))


@pytest.mark.parametrize("name", list(verbs()))
def test_the_help_fits_eighty_columns(name):
    words = [] if name == "analyze" else [name]
    done = run([sys.executable, "-m", "calico_bundle", *words, "--help"], PYTHONPATH=str(ROOT), COLUMNS="80")
    assert "Examples:" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
