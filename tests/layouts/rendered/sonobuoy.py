"""sonobuoy: objects per resource and namespace where its queries are on, and the logs of pods; no outputs of machines."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_net_tools import listed

# pkg/discovery/queries.go: resources/cluster/GROUP_VERSION_PLURAL.json, resources/ns/NAMESPACE/GROUP_VERSION_PLURAL.json.
CLUSTER = {"nodes": "core_v1_nodes", "ippools.crd.projectcalico.org": "crd.projectcalico.org_v1_ippools"}
NAMESPACED = {
    "pods": "core_v1_pods",
    "services": "core_v1_services",
    "endpoints": "core_v1_endpoints",
    "daemonsets": "apps_v1_daemonsets",
}


def write(recorded: Recorded) -> Bundles:
    """The results of one run."""
    files = {
        "meta/config.json": b'{"Description":"DEFAULT","UUID":"0ddc0ffe","Version":"v0.57.1","Namespace":"sonobuoy"}',
        "meta/run.log": b'{"level":"info","msg":"Scanning plugins"}\n',
    }
    for resource, name in CLUSTER.items():
        files[f"resources/cluster/{name}.json"] = listed(recorded.objects(resource))
    for resource, name in NAMESPACED.items():
        by_namespace: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in recorded.objects(resource):
            by_namespace[one["metadata"]["namespace"]].append(one)
        files |= {f"resources/ns/{ns}/{name}.json": listed(items) for ns, items in by_namespace.items()}
    for node in recorded.nodes:
        pod, log = recorded.log(node)
        files[f"hosts/{node}/healthz.json"] = b'{"status":200}'
        files[f"podlogs/{recorded.namespace(pod)}/{pod}/logs/calico-node.txt"] = log.encode()
    return {"202611222310_sonobuoy_0ddc0ffe.tar.gz": files}


RENDERING = Rendering(
    "sonobuoy",
    "sonobuoy",
    "vmware-tanzu/sonobuoy 3075601",
    write,
    status="broken",
)
