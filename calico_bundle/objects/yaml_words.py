"""What YAML's words mean, without a YAML parser."""

from __future__ import annotations

import re

from calico_bundle.objects.located import Scalar

_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}


def plain_value(word: str) -> Scalar:
    """What a word without quotes means: nothing, a truth value, a whole number, or itself.

    >>> plain_value("null"), plain_value("true"), plain_value("53"), plain_value("053"), plain_value("2024-01-01")
    (None, True, 53, '053', '2024-01-01')
    """
    if word in _WORDS:
        return _WORDS[word]
    if word[0] in "-0123456789" and _WHOLE_NUMBER.fullmatch(word):
        return int(word)
    return word
