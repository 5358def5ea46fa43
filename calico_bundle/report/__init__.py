"""One file per report format, all drawn from one plain view: the dictionary of the JSON report, and that of a trace.

A format is a module of this folder that has a `FORMAT`; nothing else is needed to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

View = Mapping[str, Any]
"""A report, or a trace: the dictionary that is also written as JSON."""

PIPED_WIDTH = 100
"""Columns of a text report that no terminal shows: a pipe and a file get the same text wherever they are written."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is to look: columns, color, and how much of it (formats for machines ignore all of it)."""

    width: int = PIPED_WIDTH
    color: bool = False
    verbose: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a report.

    `suffix` are the file endings that stand for it, `render(report, style)` gives the text, and `render_trace` that of
    one path, where the format has it. `lists_paths` says whether it shows the path of every pod.

    >>> Format("shout", (".txt",), lambda report, style: report["verdict"]["headline"].upper()).name
    'shout'
    """

    name: str
    suffix: tuple[str, ...]
    render: Callable[[View, Style], str]
    render_trace: Callable[[View, Style], str] | None = None
    lists_paths: bool = True
    parts: frozenset[str] = frozenset()
    """Parts of the view that are made for the formats that show them alone: `picture` and `path_groups`."""


# The modules of this folder that are no format: they are not even imported to find that out, because the view model
# pulls in the whole analysis, and `--help` lists the formats.
_NOT_FORMATS = frozenset({
    "card", "exit_status", "explain", "files", "model", "model_paths", "model_picture", "model_trace", "page",
    "picture_words", "text_findings", "text_trace", "words",
})  # fmt: skip


@cache
def formats() -> tuple[Format, ...]:
    """Every format there is, `text` first because it is the default, then by name.

    >>> formats()[0].name
    'text'
    """
    names = [m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NOT_FORMATS]
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    found = [m.FORMAT for m in modules if hasattr(m, "FORMAT")]
    return tuple(sorted(found, key=lambda f: (f.name != "text", f.name)))


def format_of(path: str) -> Format:
    """The format that a file's ending stands for.

    Raises `UsageError` for an ending that stands for none.

    >>> format_of("report.json").name
    'json'
    """
    from calico_bundle.report.files import by_ending

    name = by_ending(path, {known.name: known.suffix for known in formats()})
    return next(known for known in formats() if known.name == name)


def save(report: View, path: str) -> None:
    """Write a report to a file, in the format that its ending stands for: all of it, or nothing.

    Raises `UsageError` for an ending that stands for none, and where the file cannot be written.
    """
    from calico_bundle.errors import UsageError
    from calico_bundle.report.files import write_file

    content = format_of(path).render(report, Style()).encode("utf-8", "backslashreplace")
    try:
        write_file(path, content)
    except (OSError, ValueError) as error:
        # The error of the system names the file that is written first, beside the one that was asked for.
        raise UsageError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error
