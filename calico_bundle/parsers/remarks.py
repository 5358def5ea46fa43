"""Lines between objects that are none: notes and errors of the collecting command. Shared by the parsers of objects."""

from __future__ import annotations

from calico_bundle.objects.documents import Surroundings
from calico_bundle.parsers.lines import is_collector_error, output_lines

_LONGEST_REMARK = 400
"""Characters of a line that are looked at to tell whether it is a remark; a hostile line may have a million."""


def is_note(line: str) -> bool:
    """Whether a line is blank, a prompt or a note.

    >>> is_note("Defaulted container a out of: b"), is_note("kind: Node")
    (True, False)
    """
    return next(output_lines(line[:_LONGEST_REMARK]), None) is None


def is_error(line: str) -> bool:
    """Whether a line is an error in place of an object.

    >>> is_error("Error from server (Forbidden): nodes is forbidden"), is_error("kind: Node")
    (True, False)
    """
    return is_collector_error(line[:_LONGEST_REMARK])


SURROUNDINGS = Surroundings(is_note, is_error)
"""How all parsers of objects tell what is no object."""
