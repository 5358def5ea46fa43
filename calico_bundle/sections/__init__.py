"""Texts that hold the outputs of several commands: split into parts, each with its command and its first line.

A style is a module of this folder that has a `STYLE`: one file per kind of line that tells the parts apart. Nothing else
is needed to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice

MOST_SECTIONS = 10_000
"""Parts that one text is split into; what follows the last of them stays with it."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a part is the output of.

    `line` is the command as it was typed or called, or the path of a file that was printed. `host` is the machine on
    which it ran, where the text says so; `pod` and `namespace` those that it ran in; `network_namespace` one that is not
    the machine's own. `path` is set where the part is a file of that name, which says whose it is. `is_output` is False
    for parts that are configuration and not the state of anything.
    """

    line: str = ""
    host: str | None = None
    namespace: str | None = None
    pod: str | None = None
    network_namespace: str | None = None
    path: str | None = None
    is_output: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """Where a part begins in the text: its heading at `heading`, what follows the heading at `body`."""

    heading: int
    body: int
    command: Command


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a text: `text` begins on line `line` of the whole, counted from 1, and ends on line `last`."""

    command: Command
    line: int
    last: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Style:
    """One kind of heading.

    `marks` are words of which one is in every text of the style; `starts(text)` finds the headings, in their order.
    Styles with a smaller `rank` are asked first; the parts of one may have headings of the next.
    """

    marks: tuple[str, ...]
    starts: Callable[[str], Iterable[Start]]
    rank: int


@cache
def all_styles() -> tuple[Style, ...]:
    """Every style of this folder, in the order in which they are asked.

    >>> len(all_styles()) > 2
    True
    """
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    return tuple(sorted((m.STYLE for m in modules if hasattr(m, "STYLE")), key=lambda style: style.rank))


def may_have_sections(head: str) -> bool:
    """Whether a text that begins like this has headings of any style; most have not, and are found out quickly.

    >>> may_have_sections("root@n1:~# ip addr\\n1: lo: <UP>\\n"), may_have_sections("default via 10.0.0.1 dev eth0\\n")
    (True, False)
    """
    return any(_has(style, head) for style in all_styles())


def _has(style: Style, text: str) -> bool:
    return any(mark in text for mark in style.marks) and next(iter(style.starts(text)), None) is not None


def split(text: str) -> tuple[Section, ...]:
    """The parts of a text, in their order; one that begins before the first heading has no command.

    >>> [(s.command.line, s.line, s.last) for s in split("+ ip addr\\n1: lo:\\n+ ip route\\ndefault\\n")]
    [('ip addr', 1, 2), ('ip route', 3, 4)]
    """
    sections = [Section(Command(), 1, text.count("\n") + (not text.endswith("\n")), text)]
    for style in all_styles():
        parts = [part for section in sections for part in _split(section, style)]
        sections = parts if len(parts) <= MOST_SECTIONS else sections
    return tuple(sections)


def _split(whole: Section, style: Style) -> Iterator[Section]:
    text = whole.text
    # What is one command's output is not split: only a file that was printed may hold further headings.
    is_open = not whole.command.line or whole.command.path is not None
    may = is_open and any(mark in text for mark in style.marks)
    starts = list(islice(style.starts(text), MOST_SECTIONS)) if may else []
    if not starts:
        yield whole
        return
    if text[: starts[0].heading].strip():
        before = text[: starts[0].heading]
        yield Section(whole.command, whole.line, whole.line + before.count("\n") - 1, before)
    line, seen = whole.line, 0
    ends = [*(start.heading for start in starts[1:]), len(text)]
    for start, end in zip(starts, ends, strict=True):
        line, seen = line + text.count("\n", seen, start.heading), start.heading
        yield _section(text, start, end, line, whole.command)


def _section(text: str, start: Start, end: int, line: int, around: Command) -> Section:
    """One part. Its heading becomes what every parser knows for one, on the line on which it stands."""
    above = "\n" * (text.count("\n", start.heading, start.body) - 1)
    heading = f"{above}$ {start.command.line}\n" if _runs_ip(start.command.line) else above + "\n"
    last = line + text.count("\n", start.heading, end) - (text[end - 1 : end] == "\n")
    return Section(_within(start.command, around), line, last, heading + text[start.body : end])


def _within(command: Command, around: Command) -> Command:
    """A command's part within the part of a file: the file still says whose it is."""
    if around.path and not command.path:
        return replace(command, path=around.path)
    return command


def _runs_ip(line: str) -> bool:
    return any(word == "ip" or word.endswith("/ip") for word in line.split()[:40])
