"""troubleshoot.sh with `runHostCollectorsInPod`: commands of the Embedded Cluster specification run on every node."""

from __future__ import annotations

import json

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.troubleshoot import SOURCE, files, rooted
from tests.layouts.rendered_objects import as_json

_COMMANDS = (
    # Collector, command, recorded output.
    ("ip-address", "/usr/sbin/ip address", "ip-addr"),
    ("routes", "/usr/sbin/ip route show table all", "ip-route"),
    ("rules", "/usr/sbin/ip rule", "ip-rule"),
    ("neighbors", "/usr/sbin/ip neigh", "ip-neigh"),
)


def write(recorded: Recorded) -> Bundles:
    """As the producer's source writes them: the node first, then what a local run has in place of it."""
    found = files(recorded)
    found["host-collectors/system/node_list.json"] = as_json({"nodes": list(recorded.nodes)}, 2)
    for node in recorded.nodes:
        top = f"host-collectors/{node}"
        found[f"{top}/system/hostos_info.json"] = json.dumps({"hostname": node, "platform": "debian"}).encode()
        for name, command, output in _COMMANDS:
            how = {"command": command, "exitCode": "0", "error": "", "outputDir": "", "input": "", "env": None}
            found[f"{top}/run-host/{name}.txt"] = recorded.output(node, output).encode()
            found[f"{top}/run-host/{name}-info.json"] = json.dumps(how).encode()
    return rooted(found)


RENDERING = Rendering(
    "troubleshoot", "troubleshoot.sh with remote host collectors that run `ip`", SOURCE, write, status="broken"
)
