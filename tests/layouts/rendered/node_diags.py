"""`calicoctl node diags`: an archive per node, of commands run on it; no object of the cluster."""

from tests.layouts.rendered import Bundles, Files, Recorded, Rendering
from tests.layouts.rendered_texts import addr_of_family, routes_of_table

UID = "6d0f4d3c-2b64-4f3c-9a5e-0d8c3f1b7a21"


def write(recorded: Recorded) -> Bundles:
    """An archive per node; the file names do not tell the node, `hostname` does."""
    return {f"diags-20261122_23290{n}.tar.gz": of_node(recorded, node) for n, node in enumerate(recorded.nodes)}


def of_node(recorded: Recorded, node: str) -> Files:
    pod, log = recorded.log(node)
    addresses, routes = recorded.output(node, "ip-addr"), recorded.output(node, "ip-route")
    texts = {
        "date": "Sun Nov 22 23:29:08 UTC 2026\n",
        "hostname": f"{node}\n",
        "ipv4_route": routes_of_table(routes, "main", 4),
        "ipv6_route": routes_of_table(routes, "main", 6),
        "ipv4_addr": addr_of_family(addresses, 4),
        "ipv6_addr": addr_of_family(addresses, 6),
        "ipv4_tables": recorded.output(node, "iptables-nft-save"),
        "ipsets": "",
        f"logs/k8s_calico-node_{pod}_calico-system_{UID}_0.log": log,
    }
    return {f"diagnostics/{name}": text.encode() for name, text in texts.items()}


RENDERING = Rendering(
    "calicoctl-node-diags",
    "calicoctl node diags",
    "projectcalico/calico 87c1590",
    write,
    status="inconclusive",
    lacks=("nodes (kubectl get nodes", "pods (kubectl get pods", "services (kubectl get services"),
)
