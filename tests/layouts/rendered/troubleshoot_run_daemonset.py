"""troubleshoot.sh with `runDaemonSet` collectors in the host's network, one per command: NAME/NODE.log."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.troubleshoot import SOURCE, files, rooted

_COMMANDS = (("node-addresses", "ip-addr"), ("node-routes", "ip-route"), ("node-rules", "ip-rule"))


def write(recorded: Recorded) -> Bundles:
    """The logs of each DaemonSet's pods, by the node that they ran on."""
    found = files(recorded)
    for name, output in _COMMANDS:
        found |= {f"{name}/{node}.log": recorded.output(node, output).encode() for node in recorded.nodes}
    return rooted(found)


RENDERING = Rendering("troubleshoot", "troubleshoot.sh with runDaemonSet collectors", SOURCE, write, status="broken")
