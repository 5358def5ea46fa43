"""Calico's selector language: which labels an expression selects.

Source: libcalico-go/lib/selector (parser and tokenizer): `==`, `!=`, `in {..}`, `not in {..}`, `contains`,
`starts with`, `ends with`, `has(..)`, `all()`, `global()`, `!`, `&&`, `||`, parentheses; `!` binds closest, then `&&`.
An operator in words is one only behind a label: a label may be called `in` or `contains`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a thing's labels: where they are not `complete`, one that is not listed may be there.

    `namespaced` is given where the labels are those of a namespace: whether there is one (`all()`), or none (`global()`).
    """

    labels: Labels
    complete: bool = True
    namespaced: bool | None = None


Test = Callable[[Known], "bool | None"]

_AFTER_LABEL = re.compile(r"\s*(?P<word>contains|starts\s*with|ends\s*with|not\s*in|in)")
_TOKEN = re.compile(
    r"""\s*(?:(?P<op>&&|\|\||==|!=|!|\(|\)|\{|\}|,)
    |(?P<call>has\s*\(\s*(?P<name>[^)\s]+)\s*\)|(?:all|global)\s*\(\s*\))
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<label>[a-zA-Z0-9_./-]+))""",
    re.VERBOSE,
)
_LONGEST = 10_000
_DEEPEST = 40


class SelectorError(ValueError):
    """An expression that Calico would refuse, or that is longer than any that it holds."""


@dataclass(frozen=True, slots=True)
class Selector:
    """An expression that was read: `test` says whether it selects, and None where it cannot be told; `keys` it looks at."""

    test: Test
    keys: frozenset[str]


def selects(expression: str, labels: Labels) -> bool:
    """Whether an expression selects an object with these labels; an empty one selects all.

    Raises `SelectorError` for an expression that cannot be parsed.

    >>> selects("has(rr) && zone in {'a', 'b'}", {"rr": "", "zone": "b"})
    True
    """
    return bool(compiled(expression).test(Known(labels)))


@lru_cache(4096)
def compiled(expression: str) -> Selector:
    """An expression, read once. Raises `SelectorError` for one that cannot be parsed.

    >>> compiled("zone == 'a'").test(Known({}, complete=False)) is None
    True
    """
    if len(expression) > _LONGEST:
        raise SelectorError(f"a selector of {len(expression)} characters")
    if not expression.strip():
        return Selector(_always, frozenset())
    parser = _Parser(_tokens(expression))
    test = parser.any_of()
    parser.expect_end()
    return Selector(test, frozenset(parser.keys))


def both(*found: bool | None) -> bool | None:
    """Whether all are so: not where one is not, unknown where one is and none is not.

    >>> both(True, None), both(None, False)
    (None, False)
    """
    return _all(found)


def _all(found: Iterable[bool | None]) -> bool | None:
    open_one = False
    for one in found:
        if one is False:
            return False
        open_one |= one is None
    return None if open_one else True


def _any(found: Iterable[bool | None]) -> bool | None:
    return _inverted(_all(_inverted(one) for one in found))


def _inverted(found: bool | None) -> bool | None:
    return None if found is None else not found


def _always(_: Known) -> bool:
    return True


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    text, at = expression.strip(), 0
    while at < len(text):
        behind_label = bool(tokens) and tokens[-1][0] == "label"
        found = (behind_label and _AFTER_LABEL.match(text, at)) or _TOKEN.match(text, at)
        if not found:
            raise SelectorError(f"cannot read {text[at : at + 20]!r} in the selector {expression[:80]!r}")
        kind = "call" if found.groupdict().get("call") else str(found.lastgroup)
        tokens.append((kind, "".join(found[kind].split()) if kind == "word" else found[kind]))
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.keys: set[str] = set()

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        self._at += 1
        return token

    def _take(self, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("op", text):
            self._at += 1
            return True
        return False

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise SelectorError(f"unexpected {self._tokens[self._at][1]!r} in a selector")

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._take("||"):
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda known: _any(test(known) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._take("&&"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda known: _all(test(known) for test in tests)

    def _one(self) -> Test:
        inverted = False
        while self._take("!"):
            inverted = not inverted
        test = self._grouped() if self._take("(") else self._comparison()
        return (lambda known: _inverted(test(known))) if inverted else test

    def _grouped(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SelectorError(f"a selector with more than {_DEEPEST} parentheses in one another")
        test = self.any_of()
        if not self._take(")"):
            raise SelectorError("a parenthesis is not closed in a selector")
        self._depth -= 1
        return test

    def _comparison(self) -> Test:
        kind, text = self._next()
        if kind == "call":
            return self._call(text)
        if kind != "label":
            raise SelectorError(f"a label is expected and not {text!r} in a selector")
        self.keys.add(text)
        return self._compared(text)

    def _compared(self, label: str) -> Test:
        _, operator = self._next()
        if operator in {"in", "notin"}:
            values = self._set()
            # A label that is not there is in no set, and not equal to anything.
            is_in = partial(_labeled, label, values.__contains__)
            return is_in if operator == "in" else lambda known: _inverted(is_in(known))
        value = self._value()
        tests: dict[str, Callable[[str], bool]] = {
            "==": value.__eq__,
            "!=": value.__eq__,
            "contains": lambda text: value in text,
            "startswith": lambda text: text.startswith(value),
            "endswith": lambda text: text.endswith(value),
        }
        if operator not in tests:
            raise SelectorError(f"an operator is expected and not {operator!r} in a selector")
        fits = partial(_labeled, label, tests[operator])
        return (lambda known: _inverted(fits(known))) if operator == "!=" else fits

    def _value(self) -> str:
        kind, text = self._next()
        if kind != "text":
            raise SelectorError(f"a quoted text is expected and not {text!r} in a selector")
        return text[1:-1]

    def _set(self) -> frozenset[str]:
        if not self._take("{"):
            raise SelectorError("a set in braces is expected in a selector")
        values = set()
        while not self._take("}"):
            values.add(self._value())
            self._take(",")
        return frozenset(values)

    def _call(self, text: str) -> Test:
        if text.startswith("has"):
            name = text[text.index("(") + 1 : -1].strip()
            self.keys.add(name)
            return partial(_labeled, name, lambda _: True)
        wanted = text.startswith("all")
        return lambda known: known.namespaced is None or known.namespaced is wanted


def _labeled(label: str, fits: Callable[[str], bool], known: Known) -> bool | None:
    """Whether a label is there with a fitting value."""
    value = known.labels.get(label)
    if value is None:
        return False if known.complete else None
    return fits(value)
