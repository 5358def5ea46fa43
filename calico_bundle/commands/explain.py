"""`bundle-analyze explain [CODE]`: what a finding means."""

from __future__ import annotations

import click

from calico_bundle.commands import Document, Outcome, Session
from calico_bundle.report.exit_status import ExitStatus
from calico_bundle.report.explain import render, render_list


@click.command("explain")
@click.argument("code", required=False)
@click.pass_obj
def explain(session: Session, *, code: str | None) -> Outcome:
    """Say what a finding means: CODE is its code (CB101) or its name. Without CODE, list all."""
    from calico_bundle.checks import catalog, info

    width = session.style(None, color="never", verbose=False, quiet=False).width
    text = render_list(catalog(), width) if code is None else render(info(code), width)
    return Outcome(ExitStatus.NOTHING_FOUND.value, (Document(text),))


COMMAND = explain
