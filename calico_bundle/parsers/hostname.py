"""`hostname`, or a copy of `/etc/hostname`: what a machine calls itself.

Any text of one word looks like this. So a file counts as one only where its layout says so (`Placement.kind`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.evidence import Gap, GapKind, quote
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import is_collector_error, is_redacted, output_lines

_LONGEST_NAME = 253
# RFC 1123; underscores and capitals are met all the same.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def recognizes(head: str) -> bool:
    """Whether a text is one word that can be a host's name.

    >>> recognizes("worker-1.example.com\\n"), recognizes("no such host\\n")
    (True, False)
    """
    return len(head) <= 2 * _LONGEST_NAME and _name(list(output_lines(head))) is not None


def _name(lines: Sequence[tuple[int, str]]) -> str | None:
    name = lines[0][1].strip() if len(lines) == 1 else ""
    return name if len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) else None


def parse(text: str, path: str) -> Parsed:
    """The name as the owner of what lies around this file; no facts. Raises nothing.

    >>> parse("worker-1\\n", "diagnostics/hostname").owner
    'worker-1'
    """
    lines = list(output_lines(text))
    if name := _name(lines):
        # Every machine may go by that one, so it is nobody's.
        return Parsed((), owner=name if name != "localhost" else None)
    if not lines:
        return Parsed(
            (), (Gap(path, None, GapKind.COLLECTOR_ERROR, "the file is empty, which hostname never answers"),)
        )
    number, line = lines[0]
    return Parsed((), (Gap(path, number, _kind(line), f"no host name: {quote(line)}"),))


def _kind(line: str) -> GapKind:
    if is_redacted(line):
        return GapKind.REDACTED
    return GapKind.COLLECTOR_ERROR if is_collector_error(line) else GapKind.NOT_UNDERSTOOD


# Asked last: a word says too little.
PARSER = Parser("hostname", recognizes, parse, rank=99)
