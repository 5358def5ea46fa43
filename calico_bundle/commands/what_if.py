"""`bundle-analyze what-if BUNDLE... --method METHOD`, and the like: what a change would make of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from calico_bundle.commands import Outcome, Session, completing, options
from calico_bundle.commands.reporting import EXIT_STATUS, Choices, report_on, report_options

if TYPE_CHECKING:
    from calico_bundle.what_if import Change


_EPILOG = f"""\b
Examples:
  bundle-analyze what-if customer.tar.gz --method kubernetes-internal-ip
  bundle-analyze what-if customer.tar.gz --method 'interface=^eth0$' -q
  bundle-analyze what-if customer.tar.gz --address node-2=10.0.1.12/24
  bundle-analyze what-if customer.tar.gz --remove-interface node-2=ens19

{EXIT_STATUS}"""


def _pairs(_context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """NODE=VALUE, several times."""
    pairs = []
    for value in values:
        node, equals, rest = value.partition("=")
        if not (node and equals and rest):
            raise click.BadParameter(f"{value!r} is not of the form {parameter.metavar}", param=parameter)
        pairs.append((node, rest))
    return tuple(pairs)


@click.command("what-if", short_help="Say what a change would make of DNS, before it is made.", epilog=_EPILOG)
@options.bundles
@options.stack(
    click.option(
        "--method",
        metavar="METHOD",
        shell_complete=completing.a_method,
        help="An IP_AUTODETECTION_METHOD for every node: kubernetes-internal-ip, can-reach=10.0.0.1, interface=^eth0$ ...",
    ),
    click.option(
        "--address",
        metavar="NODE=ADDRESS/LENGTH",
        multiple=True,
        callback=_pairs,
        help="A Calico address for one node. Repeatable.",
    ),
    click.option(
        "--remove-interface",
        metavar="NODE=NAME",
        multiple=True,
        callback=_pairs,
        help="Take an interface of one node away. Repeatable.",
    ),
    report_options,
)
@click.pass_obj
def what_if(
    session: Session,
    /,
    method: str | None,
    address: Sequence[tuple[str, str]],
    remove_interface: Sequence[tuple[str, str]],
    **given: Any,
) -> Outcome:
    """Say what would become of DNS after a change: a detection method, a node's address, an interface that is gone.

    Every node's Calico address is chosen anew by a replay of its detection; routes and sessions follow from that by
    Calico's rules. What the bundle does not show stays unknown.
    """
    return report_on(session, Choices(**given), _change(method, address, remove_interface))


def _change(
    method: str | None, address: Sequence[tuple[str, str]], remove_interface: Sequence[tuple[str, str]]
) -> Change:
    """The change, checked before any bundle is opened."""
    from calico_bundle.what_if import Change

    twice = {node for node, _ in address if sum(node == other for other, _ in address) > 1}
    if twice:
        raise click.UsageError(f"--address gives {min(twice)} more than one address")
    removed: dict[str, list[str]] = {}
    for node, name in remove_interface:
        removed.setdefault(node, []).append(name)
    return Change.of(method, dict(address), removed)


COMMAND = what_if
