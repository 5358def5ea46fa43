"""troubleshoot.sh with its default collectors: objects of the cluster, nothing of the machines."""

from __future__ import annotations

from collections.abc import Iterable

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.cluster_info_dump import pods_of
from tests.layouts.rendered_objects import Object, as_json, as_yaml, namespaces, of_namespace

ROOT = "support-bundle-2026-11-22T23_29_08/"
SOURCE = "replicatedhq/troubleshoot 5bf008f, and a real bundle of 2025"
_NAMESPACED = (
    ("pods", "PodList", "v1"),
    ("services", "ServiceList", "v1"),
    ("endpoints", "EndpointsList", "v1"),
    ("daemonsets", "DaemonSetList", "apps/v1"),
)
_CUSTOM = ("ippools.crd.projectcalico.org", "blockaffinities.crd.projectcalico.org", "installations.operator.tigera.io")
VERSION = b"apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: v0.123.14\n"


def _list(kind: str, version: str, objects: Iterable[Object]) -> bytes:
    """Each item says what it is; `items` of an empty list is null."""
    items = [{"kind": kind.removesuffix("List"), "apiVersion": version, **o} for o in objects]
    return as_json(
        {"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "687"}, "items": items or None}, 2
    )


def files(recorded: Recorded) -> dict[str, bytes]:
    """Everything below the root but what a specification asks for beside the defaults."""
    pods = pods_of(recorded)
    found = {
        "version.yaml": VERSION,
        "execution-data/summary.txt": b"============ Collectors summary =============\n",
        "cluster-resources/nodes.json": _list("NodeList", "v1", recorded.objects("nodes")),
    }
    for namespace in (*namespaces(pods), "kube-public"):
        for resource, kind, version in _NAMESPACED:
            objects = pods if resource == "pods" else recorded.objects(resource)
            path = f"cluster-resources/{resource}/{namespace}.json"
            found[path] = _list(kind, version, of_namespace(objects, namespace))
    for resource in _CUSTOM:
        path = f"cluster-resources/custom-resources/{resource}"
        found[f"{path}.json"] = as_json(recorded.objects(resource), 2)
        found[f"{path}.yaml"] = as_yaml(recorded.objects(resource))
    return found


def rooted(below: dict[str, bytes]) -> Bundles:
    """The archive, named after its root."""
    return {f"{ROOT[:-1]}.tar.gz": {ROOT + path: content for path, content in below.items()}}


def write(recorded: Recorded) -> Bundles:
    """As it comes without a specification of one's own."""
    return rooted(files(recorded))


RENDERING = Rendering(
    "troubleshoot",
    "troubleshoot.sh, default collectors",
    SOURCE,
    write,
    status="inconclusive",
    lacks=("ip addr", "ip route"),
)
