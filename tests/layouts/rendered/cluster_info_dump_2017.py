"""`kubectl cluster-info dump --output-directory=D` of Kubernetes 1.8: internal types, whose fields have Go's names."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.cluster_info_dump import LACKS, RESOURCES, logs, pods_of
from tests.layouts.rendered_objects import as_json, go_cased_list, namespaces, of_namespace

_GROUPS = {"daemonsets": "/apis/extensions/v1beta1", "deployments": "/apis/extensions/v1beta1"}
_GROUPS["replicasets"] = "/apis/extensions/v1beta1"


def write(recorded: Recorded) -> Bundles:
    """Every list without its kind; what it holds is told by each object's selfLink."""
    files = {"d/nodes.json": as_json(go_cased_list(recorded.objects("nodes"), "/api/v1/nodes"))}
    pods = pods_of(recorded)
    for namespace in namespaces(pods, recorded.objects("services")):
        for name, resource, _, _ in RESOURCES:
            objects = pods if resource == "pods" else recorded.objects(resource)
            link = f"{_GROUPS.get(resource, '/api/v1')}/namespaces/{{}}/{resource}"
            files[f"d/{namespace}/{name}.json"] = as_json(go_cased_list(of_namespace(objects, namespace), link))
        files |= {f"d/{path}": text for path, text in logs(recorded, namespace)}
    return {"d.tar.gz": files}


RENDERING = Rendering(
    "cluster-info-dump",
    "kubectl cluster-info dump of 2017",
    "a dump of kubectl 1.8 in tonychengtw/k8s-ha; kubernetes/kubernetes pkg/api/types.go of 1.8",
    write,
    status="inconclusive",
    lacks=LACKS,
)
