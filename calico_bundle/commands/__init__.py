"""The command's verbs, one file each: arguments in, an `Outcome` out. Nothing here prints; `cli` does.

A verb is a module of this folder that has a `COMMAND`; its docstring is the help. Importing one is cheap: whatever
is heavy is imported when the verb runs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import click

from calico_bundle.report import PIPED_WIDTH, Style

Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True, slots=True)
class Document:
    """Something to write: to a file, or to standard output where `path` is None."""

    content: str | bytes
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb came to: the exit status, what to write, and what to say on standard error."""

    status: int
    documents: tuple[Document, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Session:
    """What a verb needs to know of the world around it: the terminal, and how to show progress (None: not at all)."""

    terminal_width: int | None = None
    """Columns of standard output; None when that is not a terminal."""
    progress: Progress | None = None
    environment: dict[str, str] = field(default_factory=dict)
    verbose: bool = False
    """Set by `-v` as soon as it is read, so that an error further on can be shown in full."""

    def style(self, path: str | None, *, color: str, verbose: bool, quiet: bool) -> Style:
        """Decide how a text written to `path` (None: standard output) looks."""
        to_terminal = path is None and self.terminal_width is not None
        width = self.terminal_width if to_terminal and self.terminal_width else PIPED_WIDTH
        return Style(width, self._wants_color(color, to_terminal), verbose, quiet)

    def _wants_color(self, color: str, to_terminal: bool) -> bool:
        """The option, then NO_COLOR (no-color.org), then FORCE_COLOR (force-color.org); either counts if not empty."""
        if color != "auto":
            return color == "always"
        if self.environment.get("NO_COLOR"):
            return False
        if self.environment.get("FORCE_COLOR"):
            return True
        return to_terminal and self.environment.get("TERM") != "dumb"


@cache
def verbs() -> dict[str, click.Command]:
    """Every verb by name, `analyze` first.

    >>> "explain" in verbs()
    True
    """
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found: list[click.Command] = [m.COMMAND for m in modules if hasattr(m, "COMMAND")]
    return {str(command.name): command for command in sorted(found, key=lambda c: (c.name != "analyze", str(c.name)))}
