"""must-gather, with `oc adm inspect` of Calico's namespaces and objects, where the NMState operator is installed."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.must_gather import ROOT, SOURCE, document, of_namespaces, of_the_cluster, rooted
from tests.layouts.rendered.must_gather import write as write_default
from tests.layouts.rendered_network_state import network_state

_INSPECT = "inspect.local.0815/"
_CALICO_OBJECTS = (
    ("crd.projectcalico.org", "ippools"),
    ("crd.projectcalico.org", "blockaffinities"),
    ("operator.tigera.io", "installations"),
)


def write(recorded: Recorded) -> Bundles:
    """Two folders, as the two commands leave them."""
    files = dict(write_default(recorded)["must-gather.tar.gz"])
    states = {
        f"cluster-scoped-resources/nmstate.io/nodenetworkstates/{node}.yaml": document(network_state(recorded, node))
        for node in recorded.nodes
    }
    files |= {ROOT + path: content for path, content in states.items()}
    asked = of_namespaces(recorded, ["calico-system"]) | of_the_cluster(recorded)
    for group, plural in _CALICO_OBJECTS:
        for found in recorded.objects(f"{plural}.{group}"):
            asked[f"cluster-scoped-resources/{group}/{plural}/{found['metadata']['name']}.yaml"] = document(found)
    return {"case-02134711.zip.tar.gz": {**files, **rooted(_INSPECT, asked)}}


RENDERING = Rendering(
    "must-gather",
    "must-gather with oc adm inspect of Calico and NodeNetworkState",
    f"{SOURCE}; nmstate rust/src/lib/nispor, nmstate/kubernetes-nmstate pkg/state/filter",
    write,
    status="broken",
)
