"""Calico's selector language: which labels an expression selects.

Source: libcalico-go/lib/selector (parser and tokenizer): `==`, `!=`, `in {..}`, `not in {..}`, `contains`,
`starts with`, `ends with`, `has(..)`, `all()`, `global()`, `!`, `&&`, `||`, parentheses; `!` binds closest, then `&&`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Labels = Mapping[str, str]
Test = Callable[[Labels], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<op>&&|\|\||==|!=|!|\(|\)|\{|\}|,)
    |(?P<word>(?:not\s+in|starts\s+with|ends\s+with|contains|in)\b)
    |(?P<call>has\s*\(\s*(?P<name>[^)\s]+)\s*\)|(?:all|global)\s*\(\s*\))
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<label>[a-zA-Z0-9_./-]+))""",
    re.VERBOSE,
)
_LONGEST = 10_000


class SelectorError(ValueError):
    """An expression that Calico would refuse, or that is longer than any that it holds."""


def selects(expression: str, labels: Labels) -> bool:
    """Whether an expression selects an object with these labels; an empty one selects all.

    Raises `SelectorError` for an expression that cannot be parsed.

    >>> selects("has(rr) && zone in {'a', 'b'}", {"rr": "", "zone": "b"})
    True
    """
    if len(expression) > _LONGEST:
        raise SelectorError(f"a selector of {len(expression)} characters")
    if not expression.strip():
        return True
    parser = _Parser(_tokens(expression))
    test = parser.any_of()
    parser.expect_end()
    return test(labels)


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    text = expression.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise SelectorError(f"cannot read {text[at : at + 20]!r} in the selector {expression[:80]!r}")
        kind = "call" if found["call"] else str(found.lastgroup)
        tokens.append((kind, " ".join(found[kind].split()) if kind == "word" else found[kind]))
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

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
        return lambda labels: any(test(labels) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._take("&&"):
            tests.append(self._one())
        return lambda labels: all(test(labels) for test in tests)

    def _one(self) -> Test:
        inverted = False
        while self._take("!"):
            inverted = not inverted
        test = self._grouped() if self._take("(") else self._comparison()
        return (lambda labels: not test(labels)) if inverted else test

    def _grouped(self) -> Test:
        test = self.any_of()
        if not self._take(")"):
            raise SelectorError("a parenthesis is not closed in a selector")
        return test

    def _comparison(self) -> Test:
        kind, text = self._next()
        if kind == "call":
            return _call(text)
        if kind != "label":
            raise SelectorError(f"a label is expected and not {text!r} in a selector")
        return self._compared(text)

    def _compared(self, label: str) -> Test:
        _, operator = self._next()
        if operator in {"in", "not in"}:
            values = self._set()
            if operator == "in":
                return lambda labels: labels.get(label) in values
            return lambda labels: labels.get(label) not in values
        value = self._value()
        tests: dict[str, Test] = {
            "==": lambda labels: labels.get(label) == value,
            # A label that is not there is not equal to anything.
            "!=": lambda labels: labels.get(label) != value,
            "contains": lambda labels: label in labels and value in labels[label],
            "starts with": lambda labels: label in labels and labels[label].startswith(value),
            "ends with": lambda labels: label in labels and labels[label].endswith(value),
        }
        if operator not in tests:
            raise SelectorError(f"an operator is expected and not {operator!r} in a selector")
        return tests[operator]

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


def _call(text: str) -> Test:
    if not text.startswith("has"):
        return lambda _: True
    name = text[text.index("(") + 1 : -1].strip()
    return lambda labels: name in labels
