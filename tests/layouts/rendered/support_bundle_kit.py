"""Harvester's support bundle: lists as YAML, `"null"` for what is empty, and a zip per node with a supportconfig in it."""

import io
import zipfile
from collections.abc import Iterable
from typing import Any

import yaml

from tests.layouts.rendered import Bundles, Files, Recorded, Rendering, supportconfig
from tests.layouts.rendered.sos import tar_xz

# The plural and the API group of each resource; the core group has no folder.
_CLUSTER = {"nodes": "v1", "ippools.crd.projectcalico.org": "v1", "blockaffinities.crd.projectcalico.org": "v1"}
_NAMESPACED = {"pods": "v1", "services": "v1", "endpoints": "v1", "daemonsets": "apps/v1"}


def write(recorded: Recorded) -> Bundles:
    """`supportbundle_UUID_TIME.zip`, whose one folder has the same name."""
    name = "supportbundle_9b6b22de-6e5d-4905-aec8-1f226e413986_2026-11-22T23-29-08Z"
    files = {**objects(recorded), **logs(recorded), "metadata.yaml": METADATA, "bundleGenerationError.log": b""}
    for node in recorded.nodes:
        files[f"nodes/{node}.zip"] = of_node(recorded, node)
    return {f"{name}.zip": {f"{name}/{path}": data for path, data in files.items()}}


def objects(recorded: Recorded) -> dict[str, bytes]:
    files = {}
    for resource, version in _CLUSTER.items():
        plural, _, group = resource.partition(".")
        folder = f"{group}/{version}" if group else version
        files[f"yamls/cluster/{folder}/{plural}.yaml"] = as_list(recorded.objects(resource))
    for resource, version in _NAMESPACED.items():
        found = recorded.objects(resource)
        for namespace in sorted({one["metadata"]["namespace"] for one in found} | {"cattle-dashboards"}):
            own = [one for one in found if one["metadata"]["namespace"] == namespace]
            files[f"yamls/namespaced/{namespace}/{version}/{resource}.yaml"] = as_list(own)
    return files


def as_list(found: Iterable[dict[str, Any]]) -> bytes:
    """A List in the order of its keys; every empty string becomes "null", in keys of managedFields too."""
    marked = [{**one, "metadata": {"managedFields": MANAGED, **one["metadata"]}} for one in found]
    whole = {"apiVersion": "v1", "items": marked, "kind": "List", "metadata": {"continue": "", "resourceVersion": "1"}}
    return yaml.safe_dump(whole, sort_keys=True).replace("''", '"null"').encode()


def logs(recorded: Recorded) -> dict[str, bytes]:
    found = (recorded.log(node) for node in recorded.nodes)
    return {f"logs/calico-system/{pod}/calico-node.log": log.encode() for pod, log in found}


def of_node(recorded: Recorded, node: str) -> bytes:
    """A zip of the folder NODE; `supportconfig -B supportconfig_NODE` named the archive in it."""
    name = f"scc_supportconfig_{node}"
    files: Files = {
        f"{node}/configs/etc/hostname": f"{node}\n".encode(),
        f"{node}/logs/kernel.log": b"Nov 22 23:29:08 kernel: Linux version 5.14.21-default\n",
        f"{node}/logs/{name}.txz": tar_xz(supportconfig.of_node(recorded, node, f"{name}/")),
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return data.getvalue()


MANAGED = [
    {
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {'v:"10.52.0.0/24"null': {}}},
        "manager": "rke2",
    }
]
METADATA = b"""bundlename: ""
bundleversion: 0.1.0
kubernetesversion: v1.21.7+rke2r1
projectnamespaceuuid: 9b6b22de-6e5d-4905-aec8-1f226e413986
bundlecreatedat: "2026-11-22T23:29:08Z"
issueurl: ""
"""

RENDERING = Rendering(
    "support-bundle-kit",
    "Harvester support bundle",
    "rancher/support-bundle-kit 1efdd22, and its sample",
    write,
    status="broken",
)
