"""Objects to facts: each found object through the builder of its kind, each problem to the gaps of its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from calico_bundle.objects import all_kinds, builder_of, needs_of
from calico_bundle.objects.canonical import Canonical, NotCanonicalError
from calico_bundle.objects.documents import LIST, STATUS, Found, KubernetesObject, Surroundings, read_item, read_objects
from calico_bundle.objects.fields import IncompleteError, Record
from calico_bundle.objects.located import Problem
from calico_bundle.objects.reading import Reading


def is_wanted(kind: str) -> bool:
    """Whether objects of a kind, or its Lists, hold anything to be read.

    >>> is_wanted("Node"), is_wanted("Secret")
    (True, False)
    """
    return kind in (LIST, STATUS) or kind.removesuffix(LIST) in all_kinds()


def read_facts(reading: Reading, text: str, around: Surroundings, first_line: int = 1) -> Iterator[object]:
    """The facts of a text that is a file, or the rest of one from that line on.

    >>> text = "kind: Namespace\\nmetadata:\\n  name: shop\\n"
    >>> around = Surroundings(lambda line: False, lambda line: False)
    >>> [fact.name for fact in read_facts(Reading("ns.yaml", text), text, around)]
    ['shop']
    """
    return _facts(read_objects(text, all_kinds().__contains__, around, first_line), reading)


def read_item_facts(reading: Reading, item: str, line: int) -> Iterator[object]:
    """The facts of one item of a List of apiVersion v1 that more text follows; the reading turns to it, at that line."""
    reading.turn_to(item, line)
    return _facts(read_item(item, line, "v1", all_kinds().__contains__), reading)


def _facts(found: Iterable[Found], reading: Reading) -> Iterator[object]:
    if reading.is_given_up():
        return
    for one in found:
        if isinstance(one, Problem):
            reading.note(one)
            if reading.is_given_up():
                return
        else:
            yield from built(one, reading)


def canonical_object(reading: Reading, item: str, line: int, kind: str) -> KubernetesObject | None:
    """The object that an item is, if it is laid out as kubectl does it; the reading turns to it."""
    found = Canonical(item, line)
    try:
        body = found.read(needs_of(kind))
    except NotCanonicalError:
        return None
    version = body.get("apiVersion")
    if body.get("kind") != kind or version in (None, "", "null") or not isinstance(version, str):
        return None
    reading.turn_to(item, line, found.starts)
    return KubernetesObject(kind, version.rpartition("/")[0], body)


def built(found: KubernetesObject, reading: Reading) -> Iterator[object]:
    """The facts of one object, by the builder of its kind."""
    build = builder_of(found.kind, found.group)
    if build is None:
        return
    try:
        yield from build(Record(reading, found.kind, found.group, found.body).fields())
    except IncompleteError:
        reading.lost[found.kind] += 1
