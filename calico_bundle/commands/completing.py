"""Completion in bash, zsh and fish: what may come next on a half-written command line.

click writes the shells' scripts and asks each parameter; what is added here is the verb that need not be written, and the
words of this program: codes, tables, methods. Nothing is read but the command line: no bundle is opened for a completion.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

import click

from calico_bundle.commands import HELP_OPTIONS, verbs

# Imported where it is needed: every verb names the functions below, and only a shell that asks calls them.
if TYPE_CHECKING:
    from click.shell_completion import CompletionItem, ShellComplete

    Items: TypeAlias = list[CompletionItem[str]]

_METHODS = ("first-found", "kubernetes-internal-ip")


def answer(instruction: str, name: str, variable: str) -> str | None:
    """What a shell's script asks for: `bash_source` is the script itself, `bash_complete` the completions.

    `variable` is the one that the script sets. None where nothing of the kind can be given.

    >>> "complete" in answer("fish_source", "bundle-analyze", "_COMPLETE")
    True
    """
    from click.shell_completion import get_completion_class

    shell, _, wanted = instruction.partition("_")
    known = get_completion_class(shell)
    if known is None or wanted not in ("source", "complete"):
        return None
    asked = _with_verbs(known)(verbs()["analyze"], {"help_option_names": list(HELP_OPTIONS)}, name, variable)
    return asked.source() if wanted == "source" else asked.complete()


def _with_verbs(shell: type[ShellComplete]) -> type[ShellComplete]:
    """A shell's completion that knows that the first word may be a verb, and else belongs to `analyze`."""

    class Completion(shell):  # type: ignore[misc, valid-type]  # one class for each shell
        # click's script for fish cuts a list of codes at its first comma.
        source_template = shell.source_template.replace('(string split "," ', '(string split -m1 "," ')

        def get_completions(self, args: list[str], incomplete: str) -> Items:
            # bash gives `--format=js` as three words, the others as one, and they want it back as one.
            words = [word for word in args if word != "="]
            option, equals, rest = incomplete.partition("=")
            if equals and option.startswith("--"):
                return _prefixed(self.get_completions([*words, option], rest), f"{option}=")
            if words and words[0] in verbs():
                self.cli = verbs()[words.pop(0)]
                return list(super().get_completions(words, incomplete))
            offered = _verbs(incomplete) if not words else []
            if offered and shell.name == "bash":
                # Its script shows either words or files, and a file in the list would hide the verbs.
                return offered
            return [*offered, *super().get_completions(words, incomplete)]

    return Completion


def _verbs(beginning: str) -> Items:
    return _items(((name, command.get_short_help_str(70)) for name, command in verbs().items()), beginning)


def _items(words: Iterable[tuple[str, str | None]], beginning: str) -> Items:
    from click.shell_completion import CompletionItem

    return [CompletionItem(word, help=text) for word, text in words if word.startswith(beginning)]


def _prefixed(items: Items, prefix: str) -> Items:
    for item in items:
        item.value = prefix + item.value
    return items


# --- what parameters may be -------------------------------------------------------------------------------------------


def a_file(_context: click.Context, _parameter: click.Parameter, beginning: str) -> Items:
    """Any file: the shell completes it."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(beginning, type="file")]


def a_code(_context: click.Context, _parameter: click.Parameter, beginning: str) -> Items:
    """A code of a finding, or its name where that was begun."""
    from calico_bundle.checks import catalog

    codes = _items(((check.code, check.name) for check in catalog()), beginning.upper())
    return codes or _items(((check.name, check.means) for check in catalog()), beginning)


def some_codes(context: click.Context, parameter: click.Parameter, beginning: str) -> Items:
    """Codes with commas between them: the last is completed."""
    before, comma, last = beginning.rpartition(",")
    return _prefixed(a_code(context, parameter, last), before + comma)


def a_table(_context: click.Context, _parameter: click.Parameter, beginning: str) -> Items:
    """A table by its name."""
    from calico_bundle.columns import describe

    return _items(((table.name, table.meaning) for table in describe().columns), beginning)


def a_method(_context: click.Context, _parameter: click.Parameter, beginning: str) -> Items:
    """A detection method that needs no value of the cluster."""
    return _items(((method, None) for method in _METHODS), beginning)
