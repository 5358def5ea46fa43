"""`bundle-analyze explain [CODE]`: what a finding means."""

from __future__ import annotations

import click

from calico_bundle.commands import Document, Outcome, Session, completing
from calico_bundle.report.exit_status import ExitStatus

_EPILOG = """\b
Examples:
  bundle-analyze explain
  bundle-analyze explain CB101
  bundle-analyze explain wrong-bgp-source-ip"""


@click.command("explain", epilog=_EPILOG)
@click.argument("code", required=False, shell_complete=completing.a_code)
@click.pass_obj
def explain(session: Session, *, code: str | None) -> Outcome:
    """Say what a finding means: CODE is its code (CB101) or its name.

    Without CODE, list all; with the beginning of several (CB1), list those.
    """
    from calico_bundle.checks import catalog
    from calico_bundle.report.explain import explain as text_of
    from calico_bundle.report.explain import render_list

    width = session.style(None, color="never", verbose=False, quiet=False).width
    text = render_list(catalog(), width) if code is None else text_of(code, width)
    return Outcome(ExitStatus.NOTHING_FOUND.value, (Document(text),))


COMMAND = explain
