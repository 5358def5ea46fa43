"""How Calico was installed and configured: operator or manifest, version, detection method.

Sources: operator api/v1/installation_types.go and pkg/render/node.go (which environment a setting becomes);
node/pkg/lifecycle/startup/startup.go (what IP and IP_AUTODETECTION_METHOD mean).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import ContainerSpec, DaemonSetFact, InstallationFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_queries import labeled

# Render precedence of the operator when several are set (pkg/render/node.go).
_OPERATOR_METHODS = (
    ("interface", "interface={}"),
    ("skipInterface", "skip-interface={}"),
    ("canReach", "can-reach={}"),
    ("firstFound", "first-found"),
    ("cidrs", "cidr={}"),
    ("kubernetes", "kubernetes-internal-ip"),
)


@dataclass(frozen=True, slots=True)
class CalicoInstallation:
    """What is known of the installation.

    `method` is as calico-node's environment has it, `backend` its CALICO_NETWORKING_BACKEND (`?` when a reference hides
    it), `operator_setting` the field of the Installation that the operator renders; None when not known.
    """

    by_operator: bool
    namespace: str | None
    version: tuple[int, ...] | None
    method: str | None
    operator_setting: str | None
    evidence: tuple[Evidence, ...]
    backend: str | None = None


def installation_of(cluster: Cluster) -> CalicoInstallation:
    """Read the installation from the operator's Installation and calico-node's DaemonSet.

    >>> installation_of(Cluster({})).method is None
    True
    """
    operator = next(iter(cluster.installations), None)
    daemonset = cluster.calico_node
    container = _container(daemonset)
    by_operator = operator is not None or (daemonset is not None and _is_rendered(daemonset))
    method, evidence = _method(container)
    if method is None and operator is not None:
        method, evidence = _operator_method(operator.autodetection_v4), (operator.evidence,)
    setting = _rendered(operator.autodetection_v4) if operator else None
    namespace = (daemonset.namespace if daemonset else "") or _namespace_of_pods(cluster)
    by_operator = by_operator or (daemonset is None and namespace == "calico-system")
    backend = _value(container, "CALICO_NETWORKING_BACKEND") if container else None
    lines = _lines(evidence, operator)
    return CalicoInstallation(by_operator, namespace, _version(container), method, setting, lines, backend)


def has_api_server(cluster: Cluster) -> bool:
    """Whether Calico's API server is seen, through which kubectl may change Calico's own objects; its storage it may not.

    >>> has_api_server(Cluster({}))
    False
    """
    return any(name.startswith("calico-apiserver-") for name in columns_of(cluster.pods).names)


def _is_rendered(daemonset: DaemonSetFact) -> bool:
    """Whether the operator made a DaemonSet; where its owner is not shown, its namespace tells."""
    if "owner" in daemonset.not_shown:
        return daemonset.namespace == "calico-system"
    return (daemonset.owner or "").startswith("Installation/")


def environment_of(cluster: Cluster, family: int) -> tuple[str | None, str | None] | None:
    """IP and IP_AUTODETECTION_METHOD of calico-node for a family, `?` for a value that a reference hides.

    None when neither the DaemonSet nor the Installation is in the bundle. The operator writes both from its
    Installation.
    """
    suffix = "" if family == 4 else "6"
    container = _container(cluster.calico_node)
    if container is not None:
        names = (f"IP{suffix}", f"IP{suffix}_AUTODETECTION_METHOD")
        ip, method = (_value(container, name) for name in names)
        return ip, method
    operator = next(iter(cluster.installations), None)
    if operator is None:
        return None
    setting = operator.autodetection_v4 if family == 4 else operator.autodetection_v6
    if setting is None:
        return _operator_default(cluster, operator, family)
    method = _operator_method(setting) or "none"
    return ("none", None) if method == "none" else ("autodetect", method)


def with_method(cluster: Cluster, method: str | None) -> Cluster:
    """The cluster with another detection method in calico-node's environment; as it is where none is given.

    >>> with_method(Cluster({}), "first-found").daemonsets
    ()
    """
    daemonset = cluster.calico_node or _assumed(cluster)
    if method is None or daemonset is None:
        return cluster
    if cluster.calico_node is None:
        cluster = replace(cluster, daemonsets=(*cluster.daemonsets, daemonset))
    changed = replace(daemonset, containers=tuple(_detecting(c, method) for c in daemonset.containers))
    return replace(cluster, daemonsets=tuple(changed if d is daemonset else d for d in cluster.daemonsets))


def _assumed(cluster: Cluster) -> DaemonSetFact | None:
    """calico-node's DaemonSet where it was not collected: what is asked is what it would do with the method."""
    nodes = (node.kubernetes.evidence for node in cluster.nodes.values() if node.kubernetes)
    line = next((one.evidence for one in cluster.installations), None) or next(nodes, None)
    container = ContainerSpec("calico-node", None, {}, {})
    return None if line is None else DaemonSetFact("calico-system", "calico-node", (container,), None, line)


def _detecting(container: ContainerSpec, method: str) -> ContainerSpec:
    if container.name != "calico-node":
        return container
    environment = {**container.environment, "IP": "autodetect", "IP_AUTODETECTION_METHOD": method}
    cited = {name: line for name, line in container.cited.items() if name not in ("IP", "IP_AUTODETECTION_METHOD")}
    return replace(container, environment=environment, cited=cited)


def _value(container: ContainerSpec, name: str) -> str | None:
    if name not in container.environment:
        return None
    value = container.environment[name]
    return "?" if value is None else value


def _operator_default(
    cluster: Cluster, operator: InstallationFact, family: int
) -> tuple[str | None, str | None] | None:
    """What the operator fills in: nothing without a pool of the family, else by provider (core_controller.go)."""
    needed = any(p.cidr and p.cidr.version == family for p in cluster.pools)
    if not needed and not (family == 4 and operator.linux_dataplane == "BPF"):
        return None if not cluster.pools else ("none", None)
    if family == 6:
        return "autodetect", "first-found"
    methods = {"DockerEnterprise": "skip-interface=^br-.*", "EKS": "can-reach=8.8.8.8"}
    return "autodetect", methods.get(operator.kubernetes_provider or "", "first-found")


def _lines(evidence: tuple[Evidence, ...], operator: InstallationFact | None) -> tuple[Evidence, ...]:
    extra = (operator.evidence,) if operator and operator.evidence not in evidence else ()
    return (*evidence, *extra)


def _container(daemonset: DaemonSetFact | None) -> ContainerSpec | None:
    containers = daemonset.containers if daemonset else ()
    return next((c for c in containers if c.name == "calico-node"), None)


def _method(container: ContainerSpec | None) -> tuple[str | None, tuple[Evidence, ...]]:
    """The method in calico-node's environment.

    A literal IP wins, and `none`; `autodetect` takes the method, its default first-found.
    """
    if container is None:
        return None, ()
    names = ("IP", "IP_AUTODETECTION_METHOD")
    evidence = tuple(container.cited[n] for n in names if n in container.cited)
    address = container.environment.get("IP", "")
    if any(n in container.environment and container.environment[n] is None for n in names):
        return None, evidence
    if address and address != "autodetect":
        return address, evidence
    return container.environment.get("IP_AUTODETECTION_METHOD") or "first-found", evidence


def _namespace_of_pods(cluster: Cluster) -> str | None:
    """Where calico-node's pods run: calico-system is the operator's (pkg/common), a manifest takes kube-system."""
    return next((p.namespace for p in labeled(cluster.pods, "k8s-app", "calico-node")), None)


def _rendered(setting: Mapping[str, object] | None) -> str | None:
    """The field that the operator renders where several are set."""
    return next((field for field, _ in _OPERATOR_METHODS if setting and setting.get(field)), None)


def _operator_method(setting: Mapping[str, object] | None) -> str | None:
    field = _rendered(setting)
    if not setting or field is None:
        return "none" if setting is not None else None
    value = setting[field]
    pattern = dict(_OPERATOR_METHODS)[field]
    return pattern.format(",".join(map(str, value)) if isinstance(value, list) else value)


def _version(container: ContainerSpec | None) -> tuple[int, ...] | None:
    """The version in the image's tag: docker.io/calico/node:v3.28.5 gives (3, 28, 5).

    Calico Enterprise (tigera/cnx-node) counts its versions otherwise, and says nothing of Calico's.
    """
    image = (container.image or "") if container else ""
    ours = re.search(r"calico[/-]node", image) and not re.search(r"cnx|tigera", image)
    found = re.search(r":v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?", image) if ours else None
    return tuple(int(part) for part in found.groups() if part) if found else None
