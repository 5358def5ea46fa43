"""Objects to facts: each found object through the builder of its kind, each problem to the gaps of its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from calico_bundle.objects import all_kinds, builder_of
from calico_bundle.objects.documents import Found, KubernetesObject, Surroundings, read_item, read_objects
from calico_bundle.objects.fields import IncompleteError, Record
from calico_bundle.objects.located import Problem
from calico_bundle.objects.reading import Reading


def read_facts(reading: Reading, text: str, around: Surroundings, first_line: int = 1) -> Iterator[object]:
    """The facts of a text that is a file, or the rest of one from that line on.

    >>> text = "kind: Namespace\\nmetadata:\\n  name: shop\\n"
    >>> around = Surroundings(lambda line: False, lambda line: False)
    >>> [fact.name for fact in read_facts(Reading("ns.yaml", text), text, around)]
    ['shop']
    """
    return _facts(read_objects(text, all_kinds().__contains__, around, first_line), reading)


def read_item_facts(reading: Reading, item: str, line: int) -> Iterator[object]:
    """The facts of one item of a List of apiVersion v1 that more text follows; the item begins at that line."""
    return _facts(read_item(item, line, "v1", all_kinds().__contains__), reading)


def _facts(found: Iterable[Found], reading: Reading) -> Iterator[object]:
    for one in found:
        if isinstance(one, Problem):
            reading.note(one)
        else:
            yield from facts_of(one, reading)


def facts_of(found: KubernetesObject, reading: Reading) -> Iterator[object]:
    """The facts of one object; none where it lacks what its fact cannot do without."""
    build = builder_of(found.kind, found.group)
    if build is None:
        return
    try:
        yield from build(Record(reading, found.kind, found.group, found.body).fields())
    except IncompleteError:
        return
