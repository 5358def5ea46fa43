"""YAML text to located values, safe on hostile text.

Values are built from the event stream with a stack of our own: libyaml's composer recurses and overflows the machine's
stack on 100,000 opening brackets, its event stream does not. Aliases, merge keys and tags of one's own are not
Kubernetes' ways of writing and are refused, as they would let a small file mean a huge one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from calico_bundle.evidence import GapKind
from calico_bundle.objects.located import (
    DEEPEST,
    SKIPPED_KEYS,
    LocatedList,
    LocatedMap,
    UnreadableError,
    Value,
    given_twice,
    too_deep,
)
from calico_bundle.objects.yaml_words import plain_value

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What YAML does not allow in a stream, and the line ends that YAML counts and we do not (lone CR, NEL, LS, PS).
_FOREIGN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)")
_HIDING = "***"
# Where quotes are on the line it may be the inside of a text, which quotes would end.
_HIDDEN_KEY = re.compile(r"(?m)^( *+(?:- ++)*+)(\*\*\*[^\n\"':]*+)(?=:(?:[ \t][^\n\"']*+)?\r?$)")
_HIDDEN_VALUE = re.compile(
    r"(?m)^( *+(?:- ++)*+(?:(?:[^\s\"'#*][^\n\"']*?|'\*\*\*[^\n\"':]*+'): +)?)(\*\*\*[^\n\"'\r]*+)(?=\r?$)"
)
_PREFIX = "tag:yaml.org,2002:"
_TAGS = frozenset(
    ["!", *(_PREFIX + name for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp"))]
)
_TEXT_TAGS = frozenset(["!", _PREFIX + "str"])


def sanitized(text: str) -> str:
    """The text without the characters that YAML forbids, each line where it was.

    >>> sanitized("a: b\\x07\\rc\\r\\n") == "a: b\\ufffd\\ufffdc\\r\\n"
    True
    """
    return _FOREIGN.sub("\ufffd", text)


def with_hidden_quoted(text: str) -> str:
    """The text with quotes around what a collector hid by `***HIDDEN***`, which without them is an alias in YAML.

    troubleshoot redacts the text of a file, whatever stands there; each line stays where it was.

    >>> with_hidden_quoted("spec:\\n  podCIDR: ***HIDDEN***/26\\n  ips:\\n  - ***HIDDEN***\\n")
    "spec:\\n  podCIDR: '***HIDDEN***/26'\\n  ips:\\n  - '***HIDDEN***'\\n"
    """
    return _HIDDEN_VALUE.sub(r"\1'\2'", _HIDDEN_KEY.sub(r"\1'\2'", text)) if _HIDING in text else text


def read_yaml(text: str, first_line: int = 1) -> Iterator[Value]:
    """The values of a text, one per YAML document in it; `text` is `sanitized`.

    Raises `UnreadableError` at the first document that cannot be read.

    >>> value = next(read_yaml("kind: Node\\nspec:\\n  asNumber: 64512\\n"))
    >>> value["spec"], value.lines["spec"]
    ({'asNumber': 64512}, 2)
    """
    loader = _LOADER(text)
    try:
        yield from _documents(loader, first_line)
    except yaml.YAMLError as error:
        raise _unreadable(error, text, first_line) from None
    finally:
        loader.dispose()


def _documents(loader: Any, first_line: int) -> Iterator[Value]:
    while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
        if isinstance(event, yaml.DocumentStartEvent):
            yield _document(loader.get_event, first_line)


def _document(next_event: Any, first_line: int) -> Value:
    """Build the value of one document, whose start was just read, up to its end."""
    document = LocatedList(first_line)
    into: LocatedMap | LocatedList = document
    key: str | None = None
    key_line = first_line
    outer: list[LocatedMap | LocatedList] = []
    while True:
        event = next_event()
        kind = type(event)
        if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            into = outer.pop()
            continue
        if kind is yaml.DocumentEndEvent:
            return document[0]
        line = event.start_mark.line + first_line
        if key is None and type(into) is LocatedMap:
            key, key_line = _key(event, line), line
            if key in SKIPPED_KEYS:
                _pass_over(next_event)
                key = None
            continue
        value = _value(event, kind, line)
        _place(value, line, into, key, key_line)
        key = None
        if isinstance(value, LocatedMap | LocatedList):
            outer.append(into)
            into = value
            if len(outer) > DEEPEST:
                raise too_deep(line)


def _place(value: Value, line: int, into: LocatedMap | LocatedList, key: str | None, key_line: int) -> None:
    if isinstance(into, LocatedList):
        into.append(value)
        into.lines.append(line)
    elif key is not None:
        if key in into:
            raise given_twice(key_line)
        into[key] = value
        into.lines[key] = key_line


def _key(event: Any, line: int) -> str:
    if type(event) is not yaml.ScalarEvent:
        what = "an alias" if isinstance(event, yaml.AliasEvent) else "a list or mapping"
        raise UnreadableError(line, f"refused: {what} as a key", GapKind.REFUSED)
    return str(event.value)


def _value(event: Any, kind: type, line: int) -> Value:
    if kind is yaml.AliasEvent:
        raise UnreadableError(line, "refused: an alias (*name), which Kubernetes never writes", GapKind.REFUSED)
    tag = event.tag
    if tag is not None and tag not in _TAGS:
        raise UnreadableError(line, "refused: a tag that is not one of YAML's own", GapKind.REFUSED)
    if kind is yaml.MappingStartEvent:
        return LocatedMap(line)
    if kind is yaml.SequenceStartEvent:
        return LocatedList(line)
    text: str = event.value
    if (event.style and tag is None) or tag in _TEXT_TAGS:
        return text
    return plain_value(text)


def _pass_over(next_event: Any) -> None:
    """Read one value without building it."""
    depth = 0
    while True:
        event = next_event()
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth <= 0:
            return


def _unreadable(error: yaml.YAMLError, text: str, first_line: int) -> UnreadableError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML")
    line, last = mark.line if mark else 0, text.rstrip().count("\n")
    if line > last or "end of stream" in reason:
        return UnreadableError(first_line + min(line, last), f"cut off: {reason}", GapKind.TRUNCATED)
    return UnreadableError(first_line + line, f"not valid YAML: {reason}")
