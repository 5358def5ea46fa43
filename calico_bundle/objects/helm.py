"""Values for a chart that RKE2 or K3s installs (helm.cattle.io/v1: k3s-io/helm-controller)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.facts import HelmChartConfigFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.metadata import name_of, namespace_of
from calico_bundle.secret_words import may_hold_secret

GROUPS = frozenset(["helm.cattle.io"])
_VALUES = "valuesContent"


def build_chart_config(config: Fields) -> Iterator[HelmChartConfigFact]:
    """A HelmChartConfig as a fact.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: rke2-calico, namespace: kube-system}\\nspec: {valuesContent: 'installation: {}'}\\n"
    >>> record = Record(Reading("h.yaml", text), "HelmChartConfig", "helm.cattle.io", next(read_yaml(text)))
    >>> next(build_chart_config(record.fields())).values_content
    'installation: {}'
    """
    name, spec = name_of(config), config.child("spec")
    values = spec.text(_VALUES, "values_content")
    # Values are of any kind, passwords among them: a text with one is not kept.
    secret = values is not None and any(map(may_hold_secret, values.splitlines()))
    yield HelmChartConfigFact(
        namespace=namespace_of(config),
        name=name,
        values_content=None if secret else values,
        evidence=spec.evidence(_VALUES) if _VALUES in spec else config.child("metadata").evidence("name"),
    )


BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"HelmChartConfig": build_chart_config}
