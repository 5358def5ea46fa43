"""SUSE supportconfig: `#==[ Command ]====#`, then `# /sbin/ip addr`, then its output.

Written from its source (openSUSE/supportutils 001ba3f: log_cmd, conf_files, log_files).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from calico_bundle.sections import Command, Start, Style
from calico_bundle.sections.commands import command_of

_HEADING = re.compile(
    r"^#==\[ (?P<what>[^\]\n]{1,80}) \]=[=#]*[ \t]*\n(?:#[ \t]?(?P<title>[^\n]*)(?:\n|\Z))?", re.MULTILINE
)
_OUTPUTS = frozenset({"Command", "Log File"})
_NOT_OUTPUT_BUT_TOLD = ("/etc/hostname", "/etc/HOSTNAME")


def starts(text: str) -> Iterator[Start]:
    """The headings of a file of supportconfig.

    >>> text = "#==[ Command ]======================================#\\n# /sbin/ip addr\\n1: lo:\\n"
    >>> [start.command.line for start in starts(text)]
    ['/sbin/ip addr']
    """
    for found in _HEADING.finditer(text):
        yield Start(found.start(), found.end(), _command(found["what"], (found["title"] or "").strip()))


def _command(what: str, title: str) -> Command:
    if what == "Command":
        return command_of(title)
    return Command(title, is_output=what in _OUTPUTS or title in _NOT_OUTPUT_BUT_TOLD)


STYLE = Style(("#==[ ",), starts, rank=10)
