"""A folder filled by hand on machines without `ip` and net-tools: files of /proc/net, and `kubectl get -o json`."""

from __future__ import annotations

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.net_tools import RESOURCES
from tests.layouts.rendered_net_tools import docker_json, fib_trie, listed, proc_net_route


def write(recorded: Recorded) -> Bundles:
    """A folder per machine, with the files under their own paths."""
    files = {f"case/{name.partition('.')[0]}.json": listed(recorded.objects(name)) for name in RESOURCES}
    for node in recorded.nodes:
        pod, log = recorded.log(node)
        routes = recorded.output(node, "ip-route")
        files[f"case/{node}/proc/net/route"] = proc_net_route(routes).encode()
        files[f"case/{node}/proc/net/fib_trie"] = fib_trie(routes).encode()
        files[f"case/{node}/{pod}-json.log"] = docker_json(log).encode()
    return {"case.tar.gz": files}


RENDERING = Rendering(
    "by-content", "files of /proc/net", "net/ipv4/fib_trie.c of Linux 6.1; docker's json-file", write, status="broken"
)
