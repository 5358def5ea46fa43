"""`head`, `tail` and `more` of several files: `==> n1/ip_route.txt <==`, then the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from calico_bundle.sections import Command, Start, Style

_HEADING = re.compile(r"^==> (?P<path>[^\n]{1,1024}) <==[ \t]*(?:\n|\Z)", re.MULTILINE)


def starts(text: str) -> Iterator[Start]:
    """The headings, each with the path of its file.

    >>> [start.command.path for start in starts("==> n1/ip_a <==\\n1: lo:\\n\\n==> n2/ip_a <==\\n1: lo:\\n")]
    ['n1/ip_a', 'n2/ip_a']
    """
    for found in _HEADING.finditer(text):
        yield Start(found.start(), found.end(), Command(found["path"], path=found["path"]))


STYLE = Style(("==> ",), starts, rank=20)
