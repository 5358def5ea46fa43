"""`calicoctl cluster diags`: the recorded fixture itself is one."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.stories import story


def write(_recorded: Recorded) -> Bundles:
    """The fixture's files as they are."""
    return {"calico-diagnostics-20261122_232908.tar.gz": dict(story("incident").members())}


RENDERING = Rendering(
    "calicoctl-cluster-diags", "calicoctl cluster diags", "projectcalico/calico 87c1590", write, status="broken"
)
