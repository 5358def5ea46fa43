"""`kubectl cluster-info dump --output-directory=D -A`: a folder, lists in JSON, logs framed per container."""

from __future__ import annotations

from collections.abc import Iterator

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_objects import Object, as_json, namespaces, of_namespace, typed_list, with_containers

RESOURCES = (
    # File, resource, kind and version, in the order in which they are written.
    ("events", "events", "EventList", "v1"),
    ("replication-controllers", "replicationcontrollers", "ReplicationControllerList", "v1"),
    ("services", "services", "ServiceList", "v1"),
    ("daemonsets", "daemonsets", "DaemonSetList", "apps/v1"),
    ("deployments", "deployments", "DeploymentList", "apps/v1"),
    ("replicasets", "replicasets", "ReplicaSetList", "apps/v1"),
    ("pods", "pods", "PodList", "v1"),
)
SOURCE = "kubernetes/kubernetes clusterinfo_dump.go 04791b4"
LACKS = ("endpoints", "ip pools", "ip addr", "ip route")
"""A dump has no endpoints, no object of Calico's, and nothing of the machines."""


def pods_of(recorded: Recorded) -> list[Object]:
    """The pods, with the containers that their DaemonSet gives them."""
    return with_containers(recorded.objects("pods"), recorded.objects("daemonsets"))


def lists(recorded: Recorded) -> Iterator[tuple[str, Object]]:
    """Each list with its path without extension, in the order of writing; pods come last of their namespace."""
    yield "nodes", typed_list("NodeList", "v1", recorded.objects("nodes"))
    pods = pods_of(recorded)
    for namespace in namespaces(pods, recorded.objects("services")):
        for name, resource, kind, version in RESOURCES:
            objects = pods if resource == "pods" else recorded.objects(resource)
            yield f"{namespace}/{name}", typed_list(kind, version, of_namespace(objects, namespace))


def logs(recorded: Recorded, namespace: str) -> Iterator[tuple[str, bytes]]:
    """The path and the text of each pod's logs."""
    recorded_logs = dict(recorded.log(node) for node in recorded.nodes)
    for pod in of_namespace(pods_of(recorded), namespace):
        name = pod["metadata"]["name"]
        text = "".join(
            framed(container["name"], f"{namespace}/{name}", recorded_logs.get(name, ""))
            for container in pod["spec"]["containers"]
        )
        yield f"{namespace}/{name}/logs.txt", text.encode()


def framed(container: str, pod: str, log: str) -> str:
    """A container's log between its two lines."""
    return (
        f"==== START logs for container {container} of pod {pod} ====\n{log}"
        f"==== END logs for container {container} of pod {pod} ====\n"
    )


def write(recorded: Recorded) -> Bundles:
    """The folder, packed by hand."""
    files = {f"cluster-state/{path}.json": as_json(found) for path, found in lists(recorded)}
    for namespace in namespaces(pods_of(recorded)):
        files |= {f"cluster-state/{path}": text for path, text in logs(recorded, namespace)}
    return {"cluster-state.tar.gz": files}


RENDERING = Rendering(
    "cluster-info-dump", "kubectl cluster-info dump", SOURCE, write, status="inconclusive", lacks=LACKS
)
