"""ConfigMaps that hold the Corefile of a DNS server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.evidence import Evidence
from calico_bundle.facts import DnsConfigurationFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of, namespace_of
from calico_bundle.objects.reading import is_hidden

GROUPS = frozenset([""])

_COREFILE = "Corefile"


def build_config_map(config_map: Fields) -> Iterator[DnsConfigurationFact]:
    r"""A ConfigMap with a Corefile as a fact; any other is nothing here.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: coredns}\ndata:\n  Corefile: |\n    .:53 {\n      loop\n    }\n"
    >>> fact = next(build_config_map(Record(Reading("c.yaml", text), "ConfigMap", "", next(read_yaml(text))).fields()))
    >>> fact.corefile.split(), fact.cited["1"].line
    (['.:53', '{', 'loop', '}'], 5)
    """
    name, namespace = name_of(config_map), namespace_of(config_map)
    data = config_map.child("data")
    if _COREFILE not in data:
        return
    corefile = data.words(_COREFILE)
    if is_hidden(corefile):
        # Notes that it was hidden.
        data.text(_COREFILE, "corefile")
        return
    yield DnsConfigurationFact(namespace, name, corefile, data.evidence(_COREFILE), _lines(data, corefile))


def _lines(data: Fields, corefile: str) -> dict[str, Evidence]:
    """The lines of the Corefile as they stand in the file: below the key, where it is written as a block."""
    found = {}
    first = data.line(_COREFILE) + 1
    for number, line in enumerate(corefile.split("\n")):
        cited = data.record.reading.evidence(first + number) if line.strip() else None
        if cited and cited.text == line.strip():
            found[str(number)] = cited
    return found


NEEDS: dict[str, Needs] = {
    "ConfigMap": {"metadata": {"name": None, "namespace": None}, "data": {_COREFILE: None}},
}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"ConfigMap": build_config_map}
