"""DaemonSets, whose calico-node says in its environment how a node's address is chosen; Deployments, by their size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.evidence import Evidence
from calico_bundle.facts import ContainerSpec, DaemonSetFact, DeploymentFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of, namespace_of, owner_of

GROUPS = frozenset(["apps", "extensions"])


def build_daemon_set(daemon_set: Fields) -> Iterator[DaemonSetFact]:
    """A DaemonSet as a fact, with the literal environment of its containers.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = '''metadata: {name: calico-node}
    ... spec: {template: {spec: {containers: [{name: calico-node, env: [{name: IP, value: autodetect}]}]}}}'''
    >>> record = Record(Reading("d.yaml", text), "DaemonSet", "apps", next(read_yaml(text)))
    >>> next(build_daemon_set(record.fields())).containers[0].environment
    {'IP': 'autodetect'}
    """
    name, namespace = name_of(daemon_set), namespace_of(daemon_set)
    pod = daemon_set.child("spec").child("template").child("spec")
    yield DaemonSetFact(
        namespace=namespace,
        name=name,
        containers=tuple(_container(container) for container in pod.children("containers")),
        owner=owner_of(daemon_set.child("metadata")),
        evidence=daemon_set.child("metadata").evidence("name"),
    )


def _container(container: Fields) -> ContainerSpec:
    environment: dict[str, str | None] = {}
    cited: dict[str, Evidence] = container.cited(image="image")
    for variable in container.children("env"):
        name = variable.text("name", "environment")
        if name is None:
            continue
        value = variable.text("value", f"environment {name}")
        # A variable with neither value nor valueFrom is the empty string (Kubernetes API, EnvVar).
        unknown = variable.words("value") != "" or "valueFrom" in variable
        environment[name] = value if value is not None or unknown else ""
        cited[name] = variable.evidence("value" if "value" in variable else "name")
    return ContainerSpec(
        name=container.text("name", "containers") or "",
        image=container.text("image", "image"),
        environment=environment,
        cited=cited,
    )


def build_deployment(deployment: Fields) -> Iterator[DeploymentFact]:
    """A Deployment as a fact.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: coredns}\\nspec: {replicas: 0, template: {metadata: {labels: {a: b}}}}"
    >>> record = Record(Reading("d.yaml", text), "Deployment", "apps", next(read_yaml(text)))
    >>> next(build_deployment(record.fields())).replicas
    0
    """
    name, namespace = name_of(deployment), namespace_of(deployment)
    spec = deployment.child("spec")
    labels = spec.child("template").child("metadata").string_map("labels", "pod_labels")
    replicas = spec.integer("replicas", "replicas")
    line = spec.evidence("replicas") if "replicas" in spec else deployment.child("metadata").evidence("name")
    yield DeploymentFact(namespace, name, replicas, labels, line)


NEEDS: dict[str, Needs] = {
    "Deployment": {
        "metadata": {"name": None, "namespace": None},
        "spec": {"replicas": None, "template": {"metadata": {"labels": None}}},
    }
}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {
    "DaemonSet": build_daemon_set,
    "Deployment": build_deployment,
}
