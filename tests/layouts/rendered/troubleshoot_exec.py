"""troubleshoot.sh with `exec` collectors that run `ip` in calico-node: NAME/NAMESPACE/POD/COLLECTOR-stdout.txt."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.troubleshoot import SOURCE, files, rooted

_COMMANDS = (("addresses", "ip-addr"), ("routes", "ip-route"), ("rules", "ip-rule"))


def write(recorded: Recorded) -> Bundles:
    """calico-node runs in the host's network, so what it prints is the node's own."""
    found = files(recorded)
    for node in recorded.nodes:
        pod, _ = recorded.log(node)
        for collector, output in _COMMANDS:
            top = f"calico/calico-system/{pod}/{collector}"
            found[f"{top}-stdout.txt"] = recorded.output(node, output).encode()
            found[f"{top}-stderr.txt"] = b'Defaulted container "calico-node" out of: calico-node, install-cni (init)\n'
    return rooted(found)


RENDERING = Rendering("troubleshoot", "troubleshoot.sh with exec collectors", SOURCE, write, status="broken")
