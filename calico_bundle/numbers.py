"""Whole numbers out of text that anybody may have written."""

from __future__ import annotations

_MOST_DIGITS = 18
"""Any number here is below 2^64; int() itself refuses texts of some thousand digits."""


def whole_number(text: str | None) -> int | None:
    """A whole number in ASCII digits; None for any other text. `str.isdigit` alone lets through what int() refuses.

    >>> whole_number("64512"), whole_number("-1"), whole_number("²"), whole_number(None)
    (64512, None, None, None)
    """
    plain = text is not None and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if plain and text is not None else None
