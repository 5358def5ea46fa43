"""A chart's values with another detection method among them: all else stays as it was, or nothing is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_DEEPEST = 50
_LONGEST = 20_000
"""More than a person writes, and than pastes into a shell."""


def merged(values: str | None, wanted: Mapping[str, object]) -> str | None:
    """A text of values with a detection method in it; None where the text cannot be taken over as it is.

    >>> merged("installation: {calicoNetwork: {mtu: 1400}}", {"canReach": "10.0.0.1"})
    '{"installation": {"calicoNetwork": {"mtu": 1400, "nodeAddressAutodetectionV4": {"canReach": "10.0.0.1"}}}}'
    >>> merged("[1]", {}), merged("a: &x 1\\nb: *x", {}), merged("***HIDDEN***", {})
    (None, None, None)
    """
    found = _read(values)
    place = found
    for key in ("installation", "calicoNetwork"):
        place = place.setdefault(key, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        return None
    place["nodeAddressAutodetectionV4"] = dict(wanted)
    try:
        return json.dumps(found)
    except TypeError:  # a date, or a key that is none of JSON's
        return None


def _read(values: str | None) -> Any:
    import yaml

    if values is None or len(values) > _LONGEST:
        return None
    try:
        return (yaml.safe_load(values) or {}) if _is_plain(yaml.parse(values)) else None
    except (yaml.YAMLError, ValueError):
        return None


def _is_plain(events: Any) -> bool:
    """Whether a text is of bounded depth and without anchors, by which few lines stand for many."""
    import yaml

    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST or getattr(event, "anchor", None):
            return False
    return True
