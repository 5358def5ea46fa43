"""The examples in README.md and docs/: written as files, run as commands or as Python, and compared with what is shown.

Fenced blocks by their language:

    console   lines that begin with `$ ` are run, in order, in one shell; what stands below each is its output, standard
              error included. `...` stands for any text
    python    executed, as a doctest where it has `>>>`; with `# some/file.py` as its first line it is written there
              instead
    others    not touched; `sh` without `$ ` is for the reader to paste (installing, or a customer's cluster)

A comment before a console block says which paragraphs of its output stay when it is written anew, by how they begin:
`<!-- keep: broken; error[CB101]: 12 then = fix; Nodes -->` keeps all of two, and of one the first 12 lines and those
from the first with `= fix` on. `...` stands for the rest. A block with `...` and no such comment is kept by hand.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_BLOCK = re.compile(r"(?m)^(?:<!-- keep: (?P<keep>[^\n]+) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$", re.DOTALL)
_FILE_NAME = re.compile(r"# ((?:[\w-]+/)+[\w-]+\.py)\n")
_STORY = re.compile(r"fixtures/([a-z0-9-]+)/bundle")
_RULE = re.compile(r"(?P<begins>.+?)(?:: (?P<first>\d+)(?: then (?P<then>.+))?)?")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_END = "-- end of output --"
_DEFECT = re.compile(r"bundle-analyze: internal error:|Traceback \(most recent call last\)")


class DefectError(Exception):
    """A command of the documentation hit a defect: nothing that is to be shown."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: where it stands in its page, its language, its text, and how its output is to be shortened."""

    line: int
    span: tuple[int, int]
    language: str
    body: str
    keep: str | None = None

    @property
    def file_name(self) -> str | None:
        """The file that a Python block is to be written to."""
        found = _FILE_NAME.match(self.body)
        return found[1] if found and self.language == "python" else None

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Every command of a console block with the output shown below it."""
        pieces = re.split(r"(?m)^\$ ", self.body)
        pairs = (piece.partition("\n") for piece in pieces[1:])
        return [(command, shown) for command, _, shown in pairs] if self.language == "console" else []


@dataclass(frozen=True, slots=True)
class Difference:
    """An example that does not show what is true: its page and line, and both texts."""

    where: str
    command: str
    shown: str
    got: str

    def __str__(self) -> str:
        return f"{self.where}: {self.command}\n--- shown\n{self.shown}\n--- got\n{self.got}"


def pages() -> list[Path]:
    """README.md and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(text: str) -> list[Block]:
    """Find the fenced blocks of a page.

    >>> blocks("a\\n```sh\\nls\\n```\\n")[0].line
    2
    """
    found = []
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("body"))
        found.append(Block(line, match.span("body"), match["language"], match["body"], match["keep"]))
    return found


# --- a place to run in -----------------------------------------------------------------------------------------------


def furnish(text: str, place: Path) -> dict[str, str]:
    """Copy what a page's examples need into an empty folder; give the environment to run them in.

    Those are the bundles that the page names, and, where it adds a file to the package, the package.
    """
    for name in sorted(set(_STORY.findall(text))):
        shutil.copytree(ROOT / "fixtures" / name / "bundle", place / "fixtures" / name / "bundle")
    files = [block for block in blocks(text) if block.file_name]
    if files:
        # With what Python compiled, for each command would compile the package again; it goes by the files' times.
        shutil.copytree(ROOT / "calico_bundle", place / "calico_bundle")
        shutil.copy(ROOT / "pyproject.toml", place)
    for block in files:
        target = place / str(block.file_name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.body, encoding="utf-8")
    commands = place / ".bin"
    commands.mkdir()
    _script(commands / "bundle-analyze", '-m calico_bundle "$@"')
    _script(commands / "python", '"$@"')
    return _environment(commands, place if files else ROOT)


def _script(path: Path, arguments: str) -> None:
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}\n', encoding="utf-8")
    path.chmod(0o755)


def _environment(commands: Path, package: Path) -> dict[str, str]:
    unwanted = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTEST_ADDOPTS", "CALICO_BUNDLE_DEBUG"}
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    path = os.pathsep.join([str(commands), os.environ.get("PATH", os.defpath)])
    own = {"PATH": path, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    return kept | own


# --- console blocks --------------------------------------------------------------------------------------------------


def run_commands(commands: Sequence[str], place: Path, environment: dict[str, str]) -> list[str]:
    """Run commands in one shell, and give the output of each; `$?` is that of the command before.

    Raises `DefectError` for a command that ends in a defect of this project.
    """
    script = "".join(f"{command}\n_status=$?; printf '%s\\n' '{_END}'; (exit $_status)\n" for command in commands)
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
        text=True,
        encoding="utf-8",
    )
    outputs = done.stdout.split(_END + "\n")[: len(commands)]
    for command, output in zip(commands, outputs, strict=True):
        if _DEFECT.search(output):
            raise DefectError(f"`{command}` fails: {output.strip()}")
    return outputs


def fits(shown: str, got: str) -> bool:
    """Whether an output is what a page shows of it; `...` stands for any text, and blanks count as one.

    >>> fits("broken: 4 of ...\\n", "broken: 4 of 6\\n"), fits("healthy\\n", "broken\\n")
    (True, False)
    """
    return doctest.OutputChecker().check_output(_with_blank_lines(shown), _with_blank_lines(got), _FLAGS)


def _with_blank_lines(text: str) -> str:
    return text.rstrip("\n") + "\n"


def shorten(output: str, keep: str) -> str:
    """Keep some paragraphs of an output, or some of their lines; `...` stands for what is left out.

    >>> print(shorten("ab\\nb\\n\\nc\\n\\nde\\nf\\ng\\n", "a: 1; d: 1 then g"), end="")
    ab
    ...
    <BLANKLINE>
    de
    ...
    g
    """
    rules = [_RULE.fullmatch(rule.strip()) for rule in keep.split(";")]
    lines: list[str] = []
    for paragraph in output.rstrip("\n").split("\n\n"):
        rule = next((r for r in rules if r and paragraph.startswith(r["begins"])), None)
        kept = _kept(paragraph.split("\n"), rule) if rule else ["..."]
        if kept == ["..."] and lines[-1:] == ["..."]:
            continue
        lines += [*([""] if lines and kept != ["..."] else []), *kept]
    return "\n".join(lines) + "\n"


def _kept(lines: list[str], rule: re.Match[str]) -> list[str]:
    first = int(rule["first"]) if rule["first"] else len(lines)
    start = next((n for n, line in enumerate(lines) if rule["then"] and rule["then"] in line), len(lines))
    if start <= first:
        return lines
    return [*lines[:first], *(["..."] if first < len(lines) else []), *lines[start:]]


def differences(page: Path, place: Path) -> Iterator[Difference]:
    """Run the console blocks of a page, in an empty folder, and give what is not as shown."""
    text = page.read_text(encoding="utf-8")
    environment = furnish(text, place)
    for block in blocks(text):
        outputs = run_commands([command for command, _ in block.commands], place, environment) if block.commands else []
        for (command, shown), got in zip(block.commands, outputs, strict=True):
            if not fits(shown, got):
                yield Difference(f"{page.relative_to(ROOT)}:{block.line}", command, shown, got)


def with_outputs(text: str, place: Path) -> str:
    """A page with the outputs of its console blocks written anew, except those that are shortened by hand.

    Raises `DefectError`.
    """
    environment = furnish(text, place)
    pieces, end = [], 0
    for block in blocks(text):
        if not block.commands:
            continue
        outputs = run_commands([command for command, _ in block.commands], place, environment)
        shown = (_shown(block, *pair) for pair in zip(block.commands, outputs, strict=True))
        pieces += [text[end : block.span[0]], *shown]
        end = block.span[1]
    return "".join([*pieces, text[end:]])


def _shown(block: Block, pair: tuple[str, str], got: str) -> str:
    command, shown = pair
    if block.keep and "\n\n" in got:
        shown = shorten(got, block.keep)
    elif "..." not in shown:
        shown = got
    return f"$ {command}\n{shown}"


# --- Python blocks ---------------------------------------------------------------------------------------------------


def run_python(text: str, name: str) -> None:
    """Execute the Python blocks of a page in order, in one namespace and in the current folder.

    Raises what a block raises, and `AssertionError` for a doctest that shows something else.
    """
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(text):
        if block.language != "python" or block.file_name:
            continue
        if ">>> " in block.body:
            _run_doctest(block, f"{name}:{block.line}", names)
        else:
            exec(compile("\n" * block.line + block.body, name, "exec"), names)  # noqa: S102 - the project's own pages


def _run_doctest(block: Block, name: str, names: dict[str, object]) -> None:
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(block.body, names, name, name, block.line)
    # Names that one block defines are there in the next.
    doctest.DocTestRunner(optionflags=_FLAGS, verbose=False).run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    if said:
        raise AssertionError("".join(said))
