"""`oc adm must-gather` of a cluster with Calico, as it is by default: Calico's namespaces and objects are not in it."""

from __future__ import annotations

from collections.abc import Iterable

from tests.layouts.rendered import Bundles, Files, Recorded, Rendering
from tests.layouts.rendered.cluster_info_dump import pods_of
from tests.layouts.rendered_objects import Object, as_yaml, namespaces, of_namespace

ROOT = "must-gather.local.4711/quay-io-openshift-release-dev-ocp-v4-0-art-dev-sha256-8f14e45fceea167a/"
SOURCE = "openshift/must-gather 16ac27e, openshift/oc pkg/cli/admin/inspect, fixtures of gmeghnag/omc fa18a99"
_CALICO = ("calico-system", "tigera-operator")


def document(found: Object) -> bytes:
    """A file of `oc adm inspect`: YAML that begins with `---`."""
    return b"---\n" + as_yaml(found)


def listing(kind: str, version: str, objects: Iterable[Object]) -> bytes:
    """A namespace's objects of one kind in one file: each of them says what it is."""
    return document({"apiVersion": version, "items": list(objects), "kind": kind, "metadata": {"resourceVersion": "1"}})


def timestamped(log: str) -> bytes:
    """A log as `oc adm inspect` asks for it: with a time before every line."""
    lines = log.splitlines(keepends=True)
    return "".join(f"2026-11-22T23:29:{at % 60:02}.123456789Z {line}" for at, line in enumerate(lines)).encode()


def of_the_cluster(recorded: Recorded) -> dict[str, bytes]:
    """Nodes, one file each, and what says that this is OpenShift."""
    files = {f"{_core()}/nodes/{n['metadata']['name']}.yaml": document(n) for n in recorded.objects("nodes")}
    network = {
        "apiVersion": "config.openshift.io/v1",
        "kind": "Network",
        "metadata": {"name": "cluster"},
        "spec": {"networkType": "Calico"},
    }
    listed = {"apiVersion": "config.openshift.io/v1", "items": [network], "kind": "NetworkList", "metadata": {}}
    files["cluster-scoped-resources/config.openshift.io/networks.yaml"] = document(listed)
    return files


def _core() -> str:
    return "cluster-scoped-resources/core"


def of_namespaces(recorded: Recorded, wanted: Iterable[str]) -> dict[str, bytes]:
    """What inspect writes of some namespaces: lists, each pod once more in a folder of its own, and its logs."""
    pods, logs = pods_of(recorded), dict(recorded.log(node) for node in recorded.nodes)
    lists = (("core", "services", "ServiceList", "v1"), ("core", "endpoints", "EndpointsList", "v1"))
    lists += (("apps", "daemonsets", "DaemonSetList", "apps/v1"),)
    files: dict[str, bytes] = {}
    for namespace in wanted:
        top = f"namespaces/{namespace}"
        files[f"{top}/{namespace}.yaml"] = document(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
        for group, resource, kind, version in lists:
            objects = of_namespace(recorded.objects(resource), namespace)
            files[f"{top}/{group}/{resource}.yaml"] = listing(kind, version, objects)
        own = of_namespace(pods, namespace)
        files[f"{top}/core/pods.yaml"] = listing("PodList", "v1", own)
        for pod in own:
            files |= _pod(top, pod, logs)
    return files


def _pod(top: str, pod: Object, logs: dict[str, str]) -> dict[str, bytes]:
    name = pod["metadata"]["name"]
    files = {f"{top}/pods/{name}/{name}.yaml": document(pod)}
    for container in pod["spec"]["containers"]:
        folder = f"{top}/pods/{name}/{container['name']}/{container['name']}/logs"
        files[f"{folder}/current.log"] = timestamped(logs.get(name, ""))
        files[f"{folder}/previous.log"] = b""
        files[f"{folder}/previous.insecure.log"] = b""
    return files


def rooted(root: str, files: Files) -> dict[str, bytes]:
    """The files below a root, with what lies beside them."""
    stamps = {
        "timestamp": b"2026-11-22 23:29:08 +0000 UTC\n",
        "event-filter.html": b"<!DOCTYPE html><title>Events</title>\n",
    }
    return {
        root + path: content for path, content in {**stamps, "version": b"openshift/must-gather\n", **files}.items()
    }


def write(recorded: Recorded) -> Bundles:
    """All namespaces but Calico's: `gather` walks those of cluster operators, and the customer's are asked for."""
    wanted = [n for n in namespaces(pods_of(recorded), recorded.objects("services")) if n not in _CALICO]
    return {"must-gather.tar.gz": rooted(ROOT, {**of_the_cluster(recorded), **of_namespaces(recorded, wanted)})}


RENDERING = Rendering(
    "must-gather",
    "OpenShift must-gather",
    SOURCE,
    write,
    status="inconclusive",
    lacks=("ip pools", "ip addr", "ip route"),
)
