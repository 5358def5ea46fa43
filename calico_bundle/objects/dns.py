"""ConfigMaps that hold a Corefile, and Deployments of DNS servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.evidence import Evidence
from calico_bundle.facts import DeploymentFact, DnsConfigurationFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of, namespace_of
from calico_bundle.objects.reading import is_hidden

GROUPS = frozenset(["", "apps", "extensions"])

_COREFILE = "Corefile"
_OF_DNS = ("dns", "node-cache")


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
    data = config_map.child("data") if "data" in config_map else None
    if data is None or _COREFILE not in data:
        return
    corefile = data.words(_COREFILE)
    if is_hidden(corefile):
        # Notes that it was hidden.
        data.text(_COREFILE, "corefile")
        return
    yield DnsConfigurationFact(
        namespace_of(config_map), name_of(config_map), corefile, data.evidence(_COREFILE), _lines(data, corefile)
    )


def _lines(data: Fields, corefile: str) -> dict[str, Evidence]:
    """The lines of the Corefile as they stand in the file: below the key, where it is written as a block."""
    found = {}
    first = data.line(_COREFILE) + 1
    for number, line in enumerate(corefile.split("\n")):
        cited = data.record.reading.evidence(first + number) if line.strip() else None
        if cited and cited.text == line.strip():
            found[str(number)] = cited
    return found


def build_deployment(deployment: Fields) -> Iterator[DeploymentFact]:
    """A Deployment of DNS servers as a fact; any other is nothing here."""
    spec, status = deployment.child("spec"), deployment.child("status")
    labels = spec.child("selector").string_map("matchLabels", "labels")
    name = name_of(deployment)
    if not any(word in text for word in _OF_DNS for text in (name, *labels.values())):
        return
    yield DeploymentFact(
        namespace=namespace_of(deployment),
        name=name,
        replicas=spec.integer("replicas", "replicas"),
        ready_replicas=(status.integer("readyReplicas", "ready_replicas") or 0) if "status" in deployment else None,
        labels=labels,
        evidence=spec.evidence("replicas") if "replicas" in spec else deployment.child("metadata").evidence("name"),
    )


_NAMED: Needs = {"name": None, "namespace": None}
NEEDS: dict[str, Needs] = {
    "ConfigMap": {"metadata": _NAMED, "data": {_COREFILE: None}},
    "Deployment": {
        "metadata": _NAMED,
        "spec": {"replicas": None, "selector": {"matchLabels": None}},
        "status": {"readyReplicas": None},
    },
}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {
    "ConfigMap": build_config_map,
    "Deployment": build_deployment,
}
