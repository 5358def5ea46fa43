"""`bundle-analyze tables BUNDLE...`: the facts themselves, table by table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from calico_bundle.commands import Document, Outcome, Session, completing, options
from calico_bundle.commands.targets import Target, choose, keep_bundles
from calico_bundle.errors import UnknownNameError
from calico_bundle.report.exit_status import ExitStatus

if TYPE_CHECKING:
    from calico_bundle.analysis import Analysis

_ENDINGS = {name: (f".{name}",) for name in ("csv", "json", "parquet")}

_EPILOG = """\b
Examples:
  bundle-analyze tables customer.tar.gz
  bundle-analyze tables customer.tar.gz --table routes -o routes.csv
  bundle-analyze tables customer.tar.gz --table pods -f json | jq '.[0]'

CSV is made for spreadsheets: a text cell that begins with =, +, - or @ gets a single quote in front, so
that nothing out of a bundle is run as a formula, and control characters are left out. JSON and parquet hold every value
unchanged."""


@click.command("tables", epilog=_EPILOG)
@options.bundles
@options.stack(
    click.option(
        "--table",
        metavar="NAME",
        shell_complete=completing.a_table,
        help="Write this table; without it, list the tables.",
    ),
    click.option(
        "-f", "--format", "wanted", type=click.Choice(list(_ENDINGS)), help="Format of --table (default: csv)."
    ),
    options.output,
    options.dns,
    options.limits,
    options.quiet,
    options.verbose,
)
@click.pass_obj
def tables(session: Session, /, **given: Any) -> Outcome:
    """List the tables of facts read from the bundle, or write one."""
    options.check_loudness(given["quiet"], given["verbose"])
    name: str | None = given["table"]
    targets = _targets(given, name, session)
    keep_bundles(given["bundles"], targets)
    analysis = options.open_bundles(
        given["bundles"], session, dns=given["dns"], limits=given["limits"], quiet=given["quiet"]
    )
    if name is not None and name not in analysis.tables.names:
        raise UnknownNameError("table", name, list(analysis.tables.names))
    documents = tuple(_document(analysis, name, target, session) for target in targets)
    notes = tuple(f"wrote {target.path} ({target.format})" for target in targets if target.path)
    return Outcome(ExitStatus.NOTHING_FOUND.value, documents, () if given["quiet"] else notes)


def _targets(given: dict[str, Any], name: str | None, session: Session) -> tuple[Target, ...]:
    if name is None:
        if given["wanted"]:
            raise click.UsageError(f"-f {given['wanted']} writes one table: give its name with --table NAME")
        return choose(None, given["outputs"], {"text": (".txt",)}, "text")
    targets = choose(given["wanted"], given["outputs"], _ENDINGS, "csv")
    if any(target.format == "parquet" for target in targets):
        _check_parquet(targets, session)
    return targets


def _check_parquet(targets: tuple[Target, ...], session: Session) -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise click.UsageError("parquet needs pyarrow, which is not installed: pip install pyarrow, or use -f csv")
    if session.terminal_width is not None and any(target.path is None for target in targets):
        raise click.UsageError("parquet is not for a terminal: give -o FILE")


def _document(analysis: Analysis, name: str | None, target: Target, session: Session) -> Document:
    from calico_bundle.commands.table_formats import as_list, render

    if name is None:
        width = session.style(target.path, color="never", verbose=False, quiet=False).width
        return Document(as_list(analysis, width, verbose=session.verbose), target.path)
    return Document(render(analysis, name, target.format), target.path)


COMMAND = tables
