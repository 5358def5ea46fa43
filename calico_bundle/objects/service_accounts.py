"""ServiceAccount objects: policies may select pods by their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.facts import ServiceAccountFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of, namespace_of
from calico_bundle.objects.policy_fields import Careful

GROUPS = frozenset([""])


def build_service_account(account: Fields) -> Iterator[ServiceAccountFact]:
    """A ServiceAccount as a fact.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: web, labels: {team: a}}"
    >>> read = Record(Reading("s.yaml", text), "ServiceAccount", "", next(read_yaml(text)))
    >>> next(build_service_account(read.fields())).labels
    {'team': 'a'}
    """
    name, namespace, metadata = name_of(account), namespace_of(account), Careful(account.child("metadata"))
    labels = metadata.labels("labels")
    yield ServiceAccountFact(namespace, name, labels, tuple(metadata.unread), metadata.fields.evidence("name"))


NEEDS: dict[str, Needs] = {"ServiceAccount": {"metadata": {"name": None, "namespace": None, "labels": None}}}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"ServiceAccount": build_service_account}
