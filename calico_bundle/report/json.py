"""The report as JSON, for scripts: stable keys in the contract's order, byte-identical for identical input."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from json.encoder import encode_basestring
from typing import Any, Literal

from calico_bundle.report import Format, View

# Valid JSON, and yet not to be shown raw: DEL and the C1 controls drive a terminal, bidi and zero-width characters
# reorder or hide text, and a lone surrogate (a file name that is not UTF-8) cannot be encoded. Escaped, none is lost.
_NOT_SHOWN_RAW = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def render(report: View) -> str:
    r"""Write a report as JSON: two spaces of indent, keys in the order of its schema, a newline at the end.

    Raises `ValueError` for a number that JSON does not have (NaN), `TypeError` for a value that is none of its types.

    >>> print(render({"tool": {"version": "1", "name": "\u00e9"}, "schema_version": 1}), end="")
    {
      "schema_version": 1,
      "tool": {
        "name": "é",
        "version": "1"
      }
    }
    """
    return _render(report, _shape_of("schema"))


def render_trace(trace: View) -> str:
    """Write one path, hop by hop, as JSON; in every other respect like `render`.

    >>> render_trace({"verdict": "reaches"}).split()
    ['{', '"verdict":', '"reaches"', '}']
    """
    return _render(trace, _shape_of("trace_schema"))


def schema(name: Literal["schema", "trace_schema"] = "schema") -> dict[str, Any]:
    """Give the JSON Schema that ships inside the package: of the report, or of a trace.

    >>> schema()["properties"]["schema_version"]
    {'const': 1}
    """
    from importlib.resources import files

    loaded: dict[str, Any] = json.loads(files("calico_bundle.report").joinpath(f"{name}.json").read_text("utf-8"))
    return loaded


@dataclass(frozen=True, slots=True)
class _Shape:
    """The order of an object's keys, what is inside each, and what is inside a list."""

    keys: tuple[str, ...] = ()
    inside: Mapping[str, _Shape] = field(default_factory=dict)
    item: _Shape | None = None


_ANY = _Shape()
_ARRAYS = (list, tuple)
_CONSTANTS = {None: "null", True: "true", False: "false"}


@cache
def _shape_of(name: Literal["schema", "trace_schema"]) -> _Shape:
    whole = schema(name)
    return _shape(whole, whole["$defs"])


def _shape(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> _Shape:
    if "$ref" in part:
        return _shape(definitions[part["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in part:
        return _shape(part["anyOf"][0], definitions)
    properties = part.get("properties", {})
    inside = {key: _shape(value, definitions) for key, value in properties.items()}
    return _Shape(tuple(properties), inside, _shape(part["items"], definitions) if "items" in part else None)


def _render(view: View, shape: _Shape) -> str:
    return _Writer().value(view, shape, "\n") + "\n"


# Written here, because json.dumps neither keeps a given order of keys nor uses its C encoder once there is an indent:
# for a report of 150,000 pods this takes half of its time.
class _Writer:
    """Writes one report; a list that stands in it more than once, as one object, is written once."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[int, str], str] = {}

    def value(self, value: object, shape: _Shape, newline: str) -> str:
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, dict):
            return self._object(value, shape, newline) if value else "{}"
        if value is None or value is True or value is False:
            return _CONSTANTS[value]
        if isinstance(value, _ARRAYS):
            return self._array(value, shape.item or _ANY, newline) if value else "[]"
        return json.dumps(value, allow_nan=False)

    def _object(self, value: dict[str, Any], shape: _Shape, newline: str) -> str:
        keys: Sequence[str] = shape.keys
        if tuple(value) != keys:
            keys = [k for k in keys if k in value] + [k for k in value if k not in shape.inside]
        inner = newline + "  "
        find = shape.inside.get
        parts = [f"{_key(k, inner)}{self.value(value[k], find(k, _ANY), inner)}" for k in keys]
        return f"{{{','.join(parts)}{newline}}}"

    def _array(self, value: Sequence[Any], item: _Shape, newline: str) -> str:
        # The report holds the list until it is written, so no other can have its identity.
        key = (id(value), newline)
        if key not in self._arrays:
            inner = newline + "  "
            written = ",".join([inner + self.value(v, item, inner) for v in value])
            self._arrays[key] = f"[{written}{newline}]"
        return self._arrays[key]


def _text(value: str) -> str:
    return _NOT_SHOWN_RAW.sub(lambda m: f"\\u{ord(m[0]):04x}", encode_basestring(value))


@lru_cache(maxsize=1024)
def _key(key: str, newline: str) -> str:
    return f"{newline}{_text(key)}: "


FORMAT = Format(
    name="json",
    suffix=(".json",),
    render=lambda report, _style: render(report),
    render_trace=lambda trace, _style: render_trace(trace),
)
