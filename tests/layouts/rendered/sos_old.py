"""sos of 2018 to 2020: an archive per machine; names without `list`, namespaces beside the host's own outputs."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.sos import OF_A_POD, RULES_6, as_list
from tests.layouts.rendered_texts import addr_one_line

_KUBECTL = "kubectl_--kubeconfig_.root.cdk.cdk_addons_kubectl_config_get_-o_json_"


def write(recorded: Recorded) -> Bundles:
    """`sosreport-HOST-STAMP.tar.gz`; kubectl answers on the first node, and is asked for nodes alone."""
    bundles = {}
    for node in recorded.nodes:
        files = {
            f"sosreport-{node}-20261122232908/{path}": text.encode() for path, text in of_node(recorded, node).items()
        }
        bundles[f"sosreport-{node}-20261122232908.tar.gz"] = files
    return bundles


def of_node(recorded: Recorded, node: str) -> dict[str, str]:
    addresses, routes = recorded.output(node, "ip-addr"), recorded.output(node, "ip-route")
    networking = {
        "ip_-o_addr": addr_one_line(addresses),
        "ip_address": addresses,
        "ip_route_show_table_all": routes,
        "ip_-4_rule": recorded.output(node, "ip-rule"),
        "ip_-6_rule": RULES_6,
        "ip_neigh_show": recorded.output(node, "ip-neigh"),
        "ip_netns_exec_cni-ff305cc29f_ip_address_show": OF_A_POD,
    }
    texts = {f"sos_commands/networking/{name}": text for name, text in networking.items()}
    # Links of the top that an unpacking on Windows turned into copies.
    texts |= {"ip_addr": addr_one_line(addresses), "hostname": f"{node}\n", "version.txt": "sosreport: 3.6\n"}
    if node == recorded.nodes[0]:
        texts[f"sos_commands/kubernetes/nodes/{_KUBECTL}nodes"] = as_list(recorded.objects("nodes"))
    return texts


RENDERING = Rendering(
    "sos",
    "sos report (before 4.0)",
    "a real report of Charmed Kubernetes, 2021",
    write,
    status="broken",
    lacks=("pods (kubectl get pods", "services (kubectl get services", "ip pools (kubectl get ippools"),
)
