"""A folder filled by hand without a word of Calico's addresses: tables of kubectl alone, and `ip` outputs of each node."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.hand_made_tables import write as with_calicoctl


def write(recorded: Recorded) -> Bundles:
    """The same folder, had nobody thought of calicoctl."""
    files = with_calicoctl(recorded)["case.tar.gz"]
    return {"case.tar.gz": {path: data for path, data in files.items() if not path.endswith("calicoctl.txt")}}


RENDERING = Rendering(
    "by-content",
    "hand-made folder, tables of kubectl only",
    "kubernetes/kubernetes 51652d1 (printers)",
    write,
    status="inconclusive",
    lacks=("nodes in full (kubectl get nodes -o yaml)", "pods in full (kubectl get pods -A -o yaml)", "ip pools"),
)
