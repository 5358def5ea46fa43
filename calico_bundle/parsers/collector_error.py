"""A file that holds an error of the collecting command and no output: not collected, which is never "empty"."""

from __future__ import annotations

from itertools import islice

from calico_bundle.evidence import Gap, GapKind, quote
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import is_collector_error, output_lines

_MOST_LINES = 20
"""An error text is short; a file with more lines is output, whatever its first line says."""


def recognizes(head: str) -> bool:
    """Whether a text is an error and nothing else.

    >>> recognizes("error: unable to upgrade connection: pod does not exist\\n")
    True
    >>> recognizes("default via 10.0.0.1 dev eth0\\n")
    False
    """
    lines = output_lines(head)
    _, first = next(lines, (0, ""))
    return is_collector_error(first) and sum(1 for _ in islice(lines, _MOST_LINES)) < _MOST_LINES


def parse(text: str, path: str) -> Parsed:
    """No facts, and one gap that quotes the error.

    >>> parse("error: unable to upgrade connection\\n", "n1/ip-rule.txt").gaps[0].kind.value
    'collector-error'
    """
    number, line = next(output_lines(text), (None, ""))
    message = f"not collected, the command failed: {quote(line)}"
    return Parsed((), (Gap(path, number, GapKind.COLLECTOR_ERROR, message),))


PARSER = Parser("collector-error", recognizes, parse, rank=95)
