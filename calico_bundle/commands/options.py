"""Arguments that several verbs share, each checked before the bundle is opened."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from calico_bundle.commands import Session, completing
from calico_bundle.commands.targets import Target

if TYPE_CHECKING:
    from calico_bundle.analysis import Analysis
    from calico_bundle.sources import Limits

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_NUMBER = re.compile(r"([0-9]{1,15})([KMG]?)(?:iB|B)?", re.IGNORECASE | re.ASCII)
_SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30}


def _remember_verbose(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    if isinstance(context.obj, Session):
        context.obj.verbose = value
    return value


def _check_dns(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and (value.count("/") != 1 or not all(value.split("/"))):
        raise click.BadParameter(f"{value!r} is not of the form NAMESPACE/SERVICE")
    return value


def _limits(_context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> Limits | None:
    """The limits with those that the options change; None where they change none."""
    if not values:
        return None
    from calico_bundle.sources import Limits

    names = [field.name for field in fields(Limits)]
    changed: dict[str, int] = {}
    for value in values:
        name, _, number = value.partition("=")
        found = _NUMBER.fullmatch(number)
        if name.replace("-", "_") not in names or not found:
            known = ", ".join(name.replace("_", "-") for name in names)
            message = (
                f"{value!r} is not NAME=NUMBER, such as max-ratio=1000 or max-total-bytes=64G; the names are {known}"
            )
            raise click.BadParameter(message, param=parameter)
        changed[name.replace("-", "_")] = int(found[1]) << _SHIFTS[found[2].upper()]
    return replace(Limits(), **changed)


bundles = click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
output = click.option(
    "-o",
    "--output",
    "outputs",
    metavar="FILE",
    multiple=True,
    shell_complete=completing.a_file,
    help="Write to FILE; repeatable. The format is taken from its ending unless -f is given. `-` is standard output.",
)
dns = click.option(
    "--dns",
    metavar="NAMESPACE/SERVICE",
    callback=_check_dns,
    help="The cluster DNS service, when it is not found by itself.",
)
color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Color the text (default: in a terminal). NO_COLOR and FORCE_COLOR are honored.",
)
limits = click.option(
    "--limit",
    "limits",
    metavar="NAME=NUMBER",
    multiple=True,
    callback=_limits,
    help="Let a bundle ask for more, as the gap says that it would: max-ratio=1000, max-total-bytes=64G. Repeatable.",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Only the verdict and the last line; no progress.")
verbose = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    is_eager=True,
    callback=_remember_verbose,
    help="Fold nothing; list every file and gap (of one file the first 100 lines that are not understood).",
)


def stack(*options: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    """Put several options on a verb, shown in this order.

    >>> callable(stack(quiet, verbose))
    True
    """

    def decorate(function: Decorated) -> Decorated:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def check_loudness(quiet: bool, verbose: bool) -> None:
    """Refuse `-q` together with `-v`.

    >>> check_loudness(True, False)
    """
    if quiet and verbose:
        raise click.UsageError("-q and -v contradict each other")


def written(targets: Sequence[Target], verdict: str) -> tuple[str, ...]:
    """Say on standard error what went into files, and the verdict where standard output does not show it.

    >>> written([Target("json", "a.json")], "healthy: all is well")
    ('healthy: all is well', 'wrote a.json (json)')
    """
    files = tuple(f"wrote {target.path} ({target.format})" for target in targets if target.path)
    return files if len(files) < len(targets) else (verdict, *files)


def open_bundles(
    bundles: Sequence[str], session: Session, *, dns: str | None, limits: Limits | None, quiet: bool
) -> Analysis:
    """Read the bundles, as parts of one cluster, into an analysis.

    Raises `BundleError` when one cannot be read at all.
    """
    _check_bundles(bundles)
    sources: list[str | BinaryIO] = [sys.stdin.buffer if bundle == "-" else bundle for bundle in bundles]
    from calico_bundle.analysis import analyze

    source = sources[0] if len(sources) == 1 else sources
    return analyze(source, dns=dns, limits=limits, progress=None if quiet else session.progress)


def _check_bundles(bundles: Sequence[str]) -> None:
    from pathlib import Path

    from calico_bundle.commands import verbs

    if bundles.count("-") > 1:
        raise click.UsageError("standard input (`-`) can be read only once")
    if "-" in bundles and sys.stdin.isatty():
        raise click.UsageError("standard input is a terminal: pipe a bundle into it, or name a file")
    for bundle in bundles:
        if bundle in verbs() and not Path(bundle).exists():
            raise click.UsageError(
                f"there is no bundle {bundle!r}; as a verb it goes first: bundle-analyze {bundle} ..."
            )
