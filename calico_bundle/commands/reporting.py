"""What the verbs share that write a report: their options, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from calico_bundle.commands import Document, Outcome, Session, completing, options
from calico_bundle.commands.targets import Target, choose, keep_bundles
from calico_bundle.report import View, formats
from calico_bundle.report.exit_status import FAIL_ON, FailOn, exit_status

if TYPE_CHECKING:
    from calico_bundle.sources import Limits
    from calico_bundle.what_if import Change

_FORMATS = {known.name: known for known in formats()}
_PARTS = frozenset().union(*(known.parts for known in _FORMATS.values()))
"""Parts of the view that only some formats show."""

EXIT_STATUS = """\b
Exit status:
  0   no finding at or above --fail-on
  1   at least one such finding
  2   the bundle cannot be read at all, or bad usage
  3   no such finding, but data that would settle it is missing
  70  a defect of this program"""


def _codes(_context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Codes, their beginnings, or names, from options that may be repeated and hold several each."""
    words = [word.strip() for value in values for word in value.split(",")]
    if values and not any(words):
        raise click.BadParameter("no code is given", param=parameter)
    return tuple(dict.fromkeys(_code(word) for word in words if word))


def _code(word: str) -> str:
    from calico_bundle.checks import catalog
    from calico_bundle.names import did_you_mean

    names = {check.name: check.code for check in catalog()}
    code = names.get(word.lower(), word.upper())
    if not any(known.startswith(code) for known in names.values()):
        hint = did_you_mean(code if code.startswith("CB") else word.lower(), [*names.values(), *names])
        raise click.BadParameter(f"no finding code begins with {word!r}: {hint}")
    return code


def _codes_option(name: str, text: str) -> Callable[[options.Decorated], options.Decorated]:
    return click.option(
        name, metavar="CODES", multiple=True, callback=_codes, shell_complete=completing.some_codes, help=text
    )


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose."""

    bundles: tuple[str, ...]
    wanted: str | None
    outputs: tuple[str, ...]
    fail_on: FailOn
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    dns: str | None
    limits: Limits | None
    paths: Literal["all", "broken", "none"]
    color: str
    quiet: bool
    verbose: bool


report_options = options.stack(
    click.option("-f", "--format", "wanted", type=click.Choice(list(_FORMATS)), help="Format (default: text)."),
    options.output,
    click.option(
        "--fail-on", type=click.Choice(FAIL_ON), default="error", help="Exit 1 from here on (default: error)."
    ),
    _codes_option("--select", "Only these findings: CB101,CB3"),
    _codes_option("--ignore", "Not these findings: CB9"),
    options.dns,
    click.option(
        "--paths",
        type=click.Choice(["all", "broken", "none"]),
        default="all",
        help="Which paths a report for machines lists (default: all).",
    ),
    options.limits,
    options.color,
    options.quiet,
    options.verbose,
)


def report_on(session: Session, choices: Choices, change: Change | None = None) -> Outcome:
    """Read the bundles and write the report, on what they show or on what a change would make of it.

    Raises `BundleError` where that cannot be done.
    """
    options.check_loudness(choices.quiet, choices.verbose)
    targets = choose(choices.wanted, choices.outputs, {f.name: f.suffix for f in _FORMATS.values()}, "text")
    keep_bundles(choices.bundles, targets)
    analysis = options.open_bundles(
        choices.bundles, session, dns=choices.dns, limits=choices.limits, quiet=choices.quiet
    )
    if change is not None:
        analysis = analysis.after(change)
    listed = choices.verbose or _lists_paths(targets)
    report = analysis.report(
        select=choices.select,
        ignore=choices.ignore,
        paths=_paths(choices, targets),
        files=listed,
        parts=frozenset().union(*(_FORMATS[target.format].parts for target in targets)),
    )
    documents = tuple(_document(report, target, choices, session) for target in targets)
    notes = (
        ()
        if choices.quiet
        else options.written(targets, f"{report['verdict']['status']}: {report['verdict']['headline']}")
    )
    return Outcome(exit_status(report, choices.fail_on), documents, notes)


def _paths(choices: Choices, targets: Sequence[Target]) -> Literal["all", "broken", "none"]:
    """For people the counts do, and listing 150,000 pods that nobody sees takes seconds."""
    if _lists_paths(targets):
        return choices.paths
    return "all" if choices.verbose else "none"


def _lists_paths(targets: Sequence[Target]) -> bool:
    return any(_FORMATS[target.format].lists_paths for target in targets)


def _document(report: View, target: Target, choices: Choices, session: Session) -> Document:
    style = session.style(target.path, color=choices.color, verbose=choices.verbose, quiet=choices.quiet)
    known = _FORMATS[target.format]
    # A file is the same whatever others are written beside it.
    own = {name: part for name, part in report.items() if name not in _PARTS or name in known.parts}
    return Document(known.render(own, style), target.path)
