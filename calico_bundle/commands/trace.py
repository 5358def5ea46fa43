"""`bundle-analyze trace BUNDLE... --from POD|NODE`: one path, hop by hop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from calico_bundle.commands import Document, Outcome, Session, options
from calico_bundle.commands.targets import choose, keep_bundles
from calico_bundle.report import Style, View, formats
from calico_bundle.report.exit_status import trace_exit_status

_RENDER: dict[str, Callable[[View, Style], str]] = {f.name: f.render_trace for f in formats() if f.render_trace}
_ENDINGS = {f.name: f.suffix for f in formats() if f.render_trace}

_EPILOG = """\b
Examples:
  bundle-analyze trace customer.tar.gz --from shop/cart-0
  bundle-analyze trace customer.tar.gz --from shop/cart-0 --to shop/db-0
  bundle-analyze trace customer.tar.gz --from node-1 --to 10.244.2.3
  bundle-analyze trace customer.tar.gz --from shop/cart-0 -f json

\b
Exit status:
  0   the path reaches, or the pod does not use cluster DNS
  1   it is broken or degraded
  2   the bundle cannot be read, there is no such pod or node, or bad usage
  3   the bundle does not hold what decides it"""


@click.command("trace", short_help="Follow one path hop by hop, request and reply.", epilog=_EPILOG)
@options.bundles
@options.stack(
    click.option("--from", "source", metavar="POD|NODE", required=True, help="NAMESPACE/POD, or a node's name."),
    click.option("--to", "destination", metavar="POD|NODE|IP|dns", default="dns", help="Where to (default: dns)."),
    click.option("-f", "--format", "wanted", type=click.Choice(list(_RENDER)), help="Format (default: text)."),
    options.output,
    options.dns,
    options.limits,
    options.color,
    options.quiet,
    options.verbose,
)
@click.pass_obj
def trace(session: Session, /, **given: Any) -> Outcome:
    """Follow one path hop by hop, request and reply, with what was expected beside what was found."""
    options.check_loudness(given["quiet"], given["verbose"])
    targets = choose(given["wanted"], given["outputs"], _ENDINGS, "text")
    keep_bundles(given["bundles"], targets)
    analysis = options.open_bundles(
        given["bundles"], session, dns=given["dns"], limits=given["limits"], quiet=given["quiet"]
    )
    traced = analysis.trace(given["source"], given["destination"])
    loudness = {key: given[key] for key in ("color", "verbose", "quiet")}
    documents = tuple(
        Document(_RENDER[target.format](traced, session.style(target.path, **loudness)), target.path)
        for target in targets
    )
    notes = () if given["quiet"] else options.written(targets, f"{traced['verdict']}: {traced['reason']['text']}")
    return Outcome(trace_exit_status(traced), documents, notes)


COMMAND = trace
