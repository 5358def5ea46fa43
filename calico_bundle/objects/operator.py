"""The Tigera operator's Installation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.facts import InstallationFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.metadata import name_of

GROUPS = frozenset(["operator.tigera.io"])
_V4, _V6 = "nodeAddressAutodetectionV4", "nodeAddressAutodetectionV6"


def build_installation(installation: Fields) -> Iterator[InstallationFact]:
    """An Installation as a fact. An empty detection mapping is kept apart from a missing one: it means IP=none.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: default}\\nspec: {calicoNetwork: {nodeAddressAutodetectionV4: {firstFound: true}}}\\n"
    >>> record = Record(Reading("i.yaml", text), "Installation", "operator.tigera.io", next(read_yaml(text)))
    >>> next(build_installation(record.fields())).autodetection_v4
    {'firstFound': True}
    """
    name = name_of(installation)
    spec = installation.child("spec")
    network = spec.child("calicoNetwork")
    yield InstallationFact(
        name=name,
        autodetection_v4=network.plain(_V4, "autodetection_v4"),
        autodetection_v6=network.plain(_V6, "autodetection_v6"),
        bgp=network.text("bgp", "bgp"),
        linux_dataplane=network.text("linuxDataplane", "linux_dataplane"),
        kubernetes_provider=spec.text("kubernetesProvider", "kubernetes_provider"),
        cni_type=spec.child("cni").text("type", "cni_type"),
        evidence=network.evidence(_V4) if _V4 in network else installation.child("metadata").evidence("name"),
    )


BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"Installation": build_installation}
