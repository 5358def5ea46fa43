"""The command's verbs, one file each: arguments in, an `Outcome` out. Nothing here prints; `cli` does.

A verb is a module of this folder that has a `COMMAND`; its docstring is the help. A verb is imported when it is asked
for, or when the help lists it; whatever is heavy is imported when the verb runs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
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


HELP_OPTIONS = ("-h", "--help")
"""What asks for help. click remembers the first answer for each verb, so whoever makes a context of one gives these."""

# The modules of this folder that are no verb: they are not imported to find that out.
_NOT_VERBS = frozenset({"completing", "options", "reporting", "table_formats", "targets"})

RESERVED = frozenset({"diff"})
"""Verbs to come. Until then they are no names of bundles either, so that no script changes its meaning one day."""


class _Verbs(Mapping[str, click.Command]):
    """Names are known at once; the module behind one is imported when it is looked up."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules

    def __getitem__(self, name: str) -> click.Command:
        command: click.Command = importlib.import_module(self._modules[name]).COMMAND
        return command

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


@cache
def verbs() -> Mapping[str, click.Command]:
    """Every verb by name, `analyze` first.

    >>> "explain" in verbs()
    True
    """
    modules = [m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NOT_VERBS]
    ordered = sorted(modules, key=lambda name: (name != "analyze", name))
    return _Verbs({name.replace("_", "-"): f"{__name__}.{name}" for name in ordered})
