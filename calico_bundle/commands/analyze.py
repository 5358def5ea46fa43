"""`bundle-analyze BUNDLE...`: the report."""

from __future__ import annotations

from typing import Any

import click

from calico_bundle import __version__
from calico_bundle.commands import Outcome, Session, options, verbs
from calico_bundle.commands.reporting import EXIT_STATUS, Choices, report_on, report_options

_EPILOG = f"""\b
Examples:
  bundle-analyze customer.tar.gz                     the report, as text
  bundle-analyze node-1.tgz node-2.tgz               archives of ONE cluster
  bundle-analyze customer.tar.gz -o report.html      one page to forward
  bundle-analyze customer.tar.gz -o report.md        for a ticket
  bundle-analyze customer.tar.gz -q                  verdict and counts alone
  bundle-analyze customer.tar.gz -f json | jq .verdict
  ssh node-1 cat diags.tgz | bundle-analyze -        from standard input
  bundle-analyze explain CB101                       what a finding means

{EXIT_STATUS}

A file that is named like a verb is written with its folder: ./explain"""


class _Default(click.Command):
    """The verb that needs not be written: its help is that of the whole command, so it lists the others."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the other verbs below the options."""
        super().format_options(ctx, formatter)
        others = {name: command for name, command in verbs().items() if name != self.name}
        with formatter.section("Verbs (each has its own --help)"):
            formatter.write_dl([(name, command.get_short_help_str(70)) for name, command in others.items()])


@click.command("analyze", cls=_Default, epilog=_EPILOG)
@options.bundles
@options.stack(
    report_options,
    click.version_option(__version__, prog_name="bundle-analyze", message="%(prog)s %(version)s"),
)
@click.pass_obj
def analyze(session: Session, /, **given: Any) -> Outcome:
    """Say which pods lose DNS, why, and what would fix it, from a Kubernetes/Calico support bundle.

    BUNDLE is an archive, a directory, or `-` for standard input. Several are parts of ONE cluster.
    """
    return report_on(session, Choices(**given))


COMMAND = analyze
