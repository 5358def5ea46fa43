"""Namespace objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.facts import NamespaceFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of

GROUPS = frozenset([""])


def build_namespace(namespace: Fields) -> Iterator[NamespaceFact]:
    """A Namespace as a fact.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: shop, labels: {team: web}}"
    >>> next(build_namespace(Record(Reading("n.yaml", text), "Namespace", "", next(read_yaml(text))).fields())).labels
    {'team': 'web'}
    """
    name = name_of(namespace)
    metadata = namespace.child("metadata")
    labels = metadata.string_map("labels", "labels")
    yield NamespaceFact(name, labels, metadata.evidence("name"), redacted=namespace.record.redacted)


NEEDS: dict[str, Needs] = {"Namespace": {"metadata": {"name": None, "labels": None}}}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"Namespace": build_namespace}
