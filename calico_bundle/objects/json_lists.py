"""Lists of objects in JSON: the items are cut out, and each is decoded by a decoder that knows no lines.

That is done only where an item is, to the byte, laid out as the usual programs write it: a line for every key (kubectl),
or everything on one line. There the lines of a decoded item follow from its shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from calico_bundle.evidence import Evidence
from calico_bundle.objects import all_kinds
from calico_bundle.objects.building import built, read_facts
from calico_bundle.objects.documents import LIST, STATUS, KubernetesObject, Surroundings, text_under
from calico_bundle.objects.json_documents import JsonReader
from calico_bundle.objects.json_pods import PodMaker
from calico_bundle.objects.json_values import located
from calico_bundle.objects.located import LocatedMap, UnreadableError
from calico_bundle.objects.reading import Reading

KUBECTL_HEAD: Final = b'{\n    "apiVersion": "v1",\n    "items": [\n'
"""How a List of kubectl begins, up to its first item."""

_KUBECTL_INDENT: Final = 4
_BEGIN_OF_ITEM: Final = b"        {\n"
_END_OF_ITEM: Final = b"\n        }"
_BETWEEN: Final = _END_OF_ITEM + b",\n" + _BEGIN_OF_ITEM
_LONGEST_ITEM: Final = 8 << 20
"""The API server takes no object above 1.5 MiB (etcd's limit on a request), which grows when it is indented."""
_DEEPEST: Final = 90
"""Levels of nesting within an item; together with those around it they stay below `located.DEEPEST`."""
_TALL: Final = re.compile(rb'\{\n( {1,8})"')
_SPACED: Final = re.compile(rb'\{"\w+": ')
_AT_LEFT_EDGE: Final = re.compile(rb'\n[^\s{}\[\]"]')
"""What could be a remark of the collecting command between lines of JSON."""

_decode = msgspec.json.Decoder(float_hook=str).decode
_encode = msgspec.json.Encoder().encode


class OddError(Exception):
    """Text that only the general reader reads right."""


class _List(msgspec.Struct, forbid_unknown_fields=True):
    """The outline of a list, whose items are not looked into."""

    items: list[msgspec.Raw]
    kind: str = ""
    apiVersion: str = ""  # noqa: N815 - the key's own name
    metadata: object = None


@dataclass(frozen=True, slots=True)
class _Style:
    """How items are written and what the list says of them: `indent` as `msgspec.json.format` has it (0, -1: one line)."""

    indent: int
    kind: str = ""
    version: str = ""


def read_list(data: bytes, reading: Reading) -> list[object]:
    """The facts of a file that is one list of objects; raises `OddError` for any that has to be read another way.

    >>> item = b'{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'
    >>> data = b'{"apiVersion":"v1","kind":"List","items":[' + item + b"]}"
    >>> [fact.name for fact in read_list(data, Reading("ns.json", data.decode()))]
    ['shop']
    """
    try:
        items = [bytes(item) for item in msgspec.json.decode(data, type=_List).items]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise OddError from None
    if not items or not data.startswith(b"{"):
        raise OddError
    begins = list(_begins(data, items))
    style = _style_of(data, data[: begins[0]] + data[begins[-1] + len(items[-1]) :])
    reader, facts = _ItemReader(style, reading), list[object]()
    line, counted = 1, 0
    for begin, item in zip(begins, items, strict=True):
        line, counted = line + data.count(b"\n", counted, begin), begin
        facts += reader.facts(item, line)
    return facts


def read_kubectl_list(pieces: Iterator[bytes], reading: Reading, around: Surroundings) -> Iterator[object]:
    """The facts of a List that begins with `KUBECTL_HEAD`, read in pieces.

    Its last item, or all that follows where it departs from the layout (an item that is broken, an end that is missing),
    is read as a List of its own, the general way.
    """
    reader = _ItemReader(_Style(_KUBECTL_INDENT, "", "v1"), reading)
    held, begin, line = next(pieces, b"")[len(KUBECTL_HEAD) :], 0, KUBECTL_HEAD.count(b"\n") + 1
    try:
        while True:
            while (end := held.find(_BETWEEN, begin)) >= 0:
                end += len(_END_OF_ITEM)
                shown = held[begin:end].decode()
                reading.turn_to(shown, line)
                yield from reader.facts(held[begin:end].lstrip(b" "), line)
                begin, line = end + len(b",\n"), line + shown.count("\n") + 1
            held, begin = held[begin:] + next(pieces), 0
            if len(held) > _LONGEST_ITEM and _BETWEEN not in held:
                break
    except (OddError, UnicodeDecodeError, StopIteration):
        held = held[begin:]
    text = (KUBECTL_HEAD + b"".join((held, *pieces))).decode("utf-8", "replace")
    line -= KUBECTL_HEAD.count(b"\n")
    reading.turn_to(text, line)
    yield from read_facts(reading, text, around, line)


def _begins(data: bytes, items: list[bytes]) -> Iterator[int]:
    """Where each item begins."""
    end = data.find(b"[", data.find(b'"items"'))
    for item in items:
        begin = data.find(item, end)
        yield begin
        end = begin + len(item)


def _style_of(data: bytes, outline: bytes) -> _Style:
    """How the items of a list are written, by its first letters and by what stands around the items."""
    top = _top_of(outline)
    kind, version = text_under(top, "kind") or "", text_under(top, "apiVersion") or ""
    own = kind.removesuffix(LIST)
    if kind and (own == kind or (own and own not in all_kinds())):
        raise OddError
    tall = _TALL.match(data)
    return _Style(len(tall[1]) if tall else 0 if _SPACED.match(data) else -1, own, version)


def _top_of(outline: bytes) -> LocatedMap:
    text = outline.decode()
    reader = JsonReader(text)
    try:
        top, end = reader.read(0)
    except UnreadableError:
        raise OddError from None
    if reader.problems or text[end:].strip(" \t\r\n") or _AT_LEFT_EDGE.search(outline):
        raise OddError
    if not isinstance(top, LocatedMap) or top.get("items") != []:
        raise OddError
    return top


class _ItemReader:
    """Reads items of one style."""

    def __init__(self, style: _Style, reading: Reading) -> None:
        self._style = style
        self._reading = reading
        self._pods = PodMaker()

    def facts(self, item: bytes, line: int) -> Iterable[object]:
        """The facts of an item that begins at that line."""
        style = self._style
        raw = _decoded(item, style.indent)
        value = located(raw, line, tall=style.indent > 0)
        kind = text_under(value, "kind") or style.kind
        version = text_under(value, "apiVersion") or style.version
        if not kind or kind == STATUS or kind.endswith(LIST) or ("items" in value and not text_under(value, "kind")):
            raise OddError
        if kind not in all_kinds():
            return ()
        if kind == "Pod" and "/" not in version and (pod := self._pods.made(raw, partial(self._name_line, value))):
            return (pod,)
        group = version.rpartition("/")[0] if version else None
        return built(KubernetesObject(kind, group, value), self._reading)

    def _name_line(self, value: LocatedMap) -> Evidence:
        metadata = value["metadata"]
        return self._reading.evidence(metadata.line_of("name") if isinstance(metadata, LocatedMap) else value.line)


def _decoded(item: bytes, indent: int) -> dict[str, object]:
    """An item without its lines; `OddError` where its layout is another, or the general reader could object to it."""
    try:
        value = _decode(item)
        if isinstance(value, dict) and _is_usual(item, _encode(value), indent):
            return value
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    raise OddError


def _is_usual(item: bytes, again: bytes, indent: int) -> bool:
    """Whether an item is laid out like that all through, not too deep, and has each key once.

    `again` is what was decoded and written again on one line: of a key that is given twice, one is lost there.
    """
    if indent <= 0:
        return not _is_deep(msgspec.json.format(item, indent=1), 1) and (
            again == item or (_has_as_many_keys(item, again) and msgspec.json.format(item, indent=indent) == item)
        )
    shown = b"[\n%*b[\n%*b%b\n%*b]\n]" % (indent, b"", 2 * indent, b"", item, indent, b"")
    return not _is_deep(item, indent) and (
        msgspec.json.format(b"[[%b]]" % again, indent=indent) == shown
        # The same text can be escaped in several ways.
        or (_has_as_many_keys(item, again) and msgspec.json.format(shown, indent=indent) == shown)
    )


def _is_deep(text: bytes, indent: int) -> bool:
    return b"\n" + b" " * (_DEEPEST * indent) in text


def _has_as_many_keys(item: bytes, again: bytes) -> bool:
    return b'\\\\":' not in item and _keys(item) == _keys(again)


def _keys(text: bytes) -> int:
    """The number of keys, where none ends in a backslash: elsewhere a quote before a colon is escaped."""
    return text.count(b'":') - text.count(b'\\":')
