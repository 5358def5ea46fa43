"""ConfigMaps that hold the Corefile of a DNS server, or what kubeadm gives kubelets as their configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.evidence import Evidence
from calico_bundle.facts import DnsConfigurationFact, KubeletDefaultsFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.kubelet_settings import told_by
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of, namespace_of
from calico_bundle.objects.reading import is_hidden

GROUPS = frozenset([""])

_COREFILE, _KUBELET = "Corefile", "kubelet"


def build_config_map(config_map: Fields) -> Iterator[DnsConfigurationFact | KubeletDefaultsFact]:
    r"""A ConfigMap with a Corefile, or with a kubelet's configuration, as a fact; any other is nothing here.

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
    if _KUBELET in data and namespace == "kube-system" and name.startswith("kubelet-config"):
        yield from _kubelet_defaults(namespace, name, data)
    if _COREFILE not in data:
        return
    corefile = data.words(_COREFILE)
    if is_hidden(corefile):
        # Notes that it was hidden.
        data.text(_COREFILE, "corefile")
        return
    yield DnsConfigurationFact(namespace, name, corefile, data.evidence(_COREFILE), _lines(data, _COREFILE, corefile))


def _kubelet_defaults(namespace: str, name: str, data: Fields) -> Iterator[KubeletDefaultsFact]:
    text = data.words(_KUBELET)
    told = None if is_hidden(text) else told_by(text)
    if told and told.addresses is not None:
        evidence = _lines(data, _KUBELET, text).get(str(told.line - 1), data.evidence(_KUBELET))
        yield KubeletDefaultsFact(namespace, name, told.addresses, told.domain, evidence)


def _lines(data: Fields, key: str, text: str) -> dict[str, Evidence]:
    """The lines of a text by their number from 0, as they stand in the file: below the key, where it is a block."""
    found = {}
    first = data.line(key) + 1
    for number, line in enumerate(text.split("\n")):
        cited = data.record.reading.evidence(first + number) if line.strip() else None
        if cited and cited.text == line.strip():
            found[str(number)] = cited
    return found


NEEDS: dict[str, Needs] = {
    "ConfigMap": {"metadata": {"name": None, "namespace": None}, "data": {_COREFILE: None, _KUBELET: None}},
}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"ConfigMap": build_config_map}
