"""Event objects, of the core group and of events.k8s.io."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.evidence import Evidence, clean, quote
from calico_bundle.facts import EventFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.metadata import namespace_of

GROUPS = frozenset(["", "events.k8s.io"])
# The names of the same thing in the core group, then in events.k8s.io.
_LAST_SEEN = ("lastTimestamp", "deprecatedLastTimestamp", "eventTime")


def build_event(event: Fields) -> Iterator[EventFact]:
    """An Event as a fact. Hidden words inside its message stay as they are.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {namespace: kube-system}\\nreason: Unhealthy\\nnote: BGP not established\\n"
    >>> record = Record(Reading("e.yaml", text), "Event", "events.k8s.io", next(read_yaml(text)))
    >>> fact = next(build_event(record.fields()))
    >>> fact.message, fact.count
    ('BGP not established', 1)
    """
    about = event.child("involvedObject" if "involvedObject" in event else "regarding")
    source = event.child("source" if "source" in event else "deprecatedSource")
    message = "message" if "message" in event else "note"
    counts = (event.integer("count", "count"), event.integer("deprecatedCount", "count"))
    yield EventFact(
        namespace=namespace_of(event),
        reason=event.text("reason", "reason") or "",
        message=clean(event.words(message)),
        type=event.text("type", "type"),
        object_kind=about.text("kind", "object_kind"),
        object_name=about.text("name", "object_name"),
        host=source.text("host", "host"),
        last_seen=_last_seen(event),
        count=next((count for count in counts if count is not None), 1),
        evidence=_line_of(event, message) if message in event else event.child("metadata").evidence("name"),
    )


def _line_of(event: Fields, key: str) -> Evidence:
    """The message's line; of a block scalar its last line, as a probe's own words come after those it logs."""
    first = event.evidence(key)
    words = event.words(key).rstrip("\n").split("\n")
    last = event.record.reading.evidence(event.line(key) + len(words))
    return last if first.text.endswith(("|", "|-", "|+")) and last.text == quote(words[-1]) else first


def _last_seen(event: Fields) -> str | None:
    times = (event.text(key, "last_seen") for key in _LAST_SEEN)
    return next(filter(None, times), None) or event.child("metadata").text("creationTimestamp", "last_seen")


BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"Event": build_event}
