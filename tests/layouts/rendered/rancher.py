"""Rancher's logs collector: an archive per node; the first node is a server, which kubectl answers."""

import json

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_kubectl import endpoints_table, pods_wide, services_wide
from tests.layouts.rendered_texts import addr_of_family, routes_of_table


def write(recorded: Recorded) -> Bundles:
    """`tar -C base .`: members begin with `./`, and the archive has the host's name and the time."""
    stamp = "2026-11-22_23_29_08"
    bundles = {}
    for node in recorded.nodes:
        texts = {**of_machine(recorded, node), **(of_server(recorded) if node == recorded.nodes[0] else of_agent())}
        bundles[f"{node}-{stamp}.tar.gz"] = {f"./{node}-{stamp}/{path}": text.encode() for path, text in texts.items()}
    return bundles


def of_machine(recorded: Recorded, node: str) -> dict[str, str]:
    addresses, routes = recorded.output(node, "ip-addr"), recorded.output(node, "ip-route")
    return {
        "systeminfo/hostname": f"{node}\n",
        "systeminfo/hostnamefqdn": "hostname: Name or service not known\n",
        "systeminfo/uptime": " 23:29:08 up 3 days,  2:10,  1 user,  load average: 0.10, 0.12, 0.09\n",
        "networking/ipaddrshow": addresses,
        "networking/ipv6addrshow": addr_of_family(addresses, 6),
        "networking/iproute": routes,
        "networking/ipv6route": routes_of_table(routes, "main", 6),
        "networking/iprule": recorded.output(node, "ip-rule"),
        "networking/ipv6rule": "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n",
        "networking/ipneighbour": recorded.output(node, "ip-neigh"),
        "networking/iptablessave": recorded.output(node, "iptables-nft-save"),
        "networking/ip6tablessave": "",
        "rke2/version": "rke2 version v1.28.9+rke2r1\n",
    }


def of_server(recorded: Recorded) -> dict[str, str]:
    nodes = {
        "apiVersion": "v1",
        "items": recorded.objects("nodes"),
        "kind": "List",
        "metadata": {"resourceVersion": ""},
    }
    texts = {
        "rke2/kubectl/nodes.json": json.dumps(nodes, indent=4),
        "rke2/kubectl/pods": pods_wide(recorded.objects("pods")),
        "rke2/kubectl/services": services_wide(recorded.objects("services")),
        "rke2/kubectl/endpoints": endpoints_table(recorded.objects("endpoints")),
        "rke2/kubectl/hpa": "No resources found\n",
    }
    for node in recorded.nodes:
        pod, log = recorded.log(node)
        texts[f"rke2/podlogs/calico-system-{pod}"] = log
        texts[f"rke2/podlogs/calico-system-{pod}-previous"] = (
            f'Error from server (BadRequest): previous terminated container "calico-node" in pod "{pod}" not found\n'
        )
    return texts


def of_agent() -> dict[str, str]:
    forbidden = 'Error from server (Forbidden): pods is forbidden: User "system:node:x" cannot list resource "pods"\n'
    return {"rke2/kubectl/pods": forbidden, "rke2/kubectl/services": forbidden}


RENDERING = Rendering(
    "rancher-logs-collector",
    "Rancher logs collector",
    "rancherlabs/support-tools 7b2593c",
    write,
    status="broken",
    lacks=("ip pools (kubectl get ippools",),
)
