"""A folder filled by hand with `kubectl describe` of everything, and the `ip` outputs of each node."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.hand_made_tables import outputs
from tests.layouts.rendered_descriptions import described
from tests.layouts.rendered_kubectl import calicoctl_pools

KINDS = ("nodes", "pods", "services", "endpoints", "daemonsets")


def write(recorded: Recorded) -> Bundles:
    """One archive."""
    texts = {f"describe_{kind}.txt": described(recorded.objects(kind), kind) for kind in KINDS}
    texts["pools.txt"] = calicoctl_pools(recorded.objects("ippools.crd.projectcalico.org"))
    return {"case.tar.gz": outputs(recorded) | {f"case/{name}": text.encode() for name, text in texts.items()}}


RENDERING = Rendering(
    "by-content",
    "hand-made folder, kubectl describe",
    "kubernetes/kubectl pkg/describe",
    write,
    status="broken",
    lacks=("dnsPolicy", "kubectl get pods -A -o yaml"),
)
