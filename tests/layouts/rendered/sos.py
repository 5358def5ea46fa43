"""sos of today: `sos collect` packs a tar.xz per machine into one tar; kubectl's objects where `kubernetes.all` is on."""

import io
import json
import tarfile

from tests.layouts.rendered import Bundles, Files, Recorded, Rendering
from tests.layouts.rendered_texts import addr_details, addr_one_line, all_routes_of, neighbor_statistics

RULES_6 = "0:\tfrom all lookup local \n32766:\tfrom all lookup main \n"
_KUBECTL = "kubectl_--kubeconfig_.etc.kubernetes.admin.conf_"


def write(recorded: Recorded) -> Bundles:
    """One archive, of a report per node."""
    reports = {f"sosreport-{node}-2026-11-22-abcdefg": of_node(recorded, node) for node in recorded.nodes}
    top = "sos-collector-case-2026-11-22-hijkl/"
    files = {f"{top}{name}.tar.xz": tar_xz(prefixed(f"{name}/", files)) for name, files in reports.items()}
    return {"sos-collector-case-2026-11-22-hijkl.tar.gz": {**files, f"{top}sos_reports/manifest.json": b"{}\n"}}


def of_node(recorded: Recorded, node: str) -> Files:
    cluster = of_control_plane(recorded) if node == recorded.nodes[0] else {}
    return {path: text.encode() for path, text in {**of_machine(recorded, node), **cluster}.items()}


def of_machine(recorded: Recorded, node: str) -> dict[str, str]:
    addresses, routes = recorded.output(node, "ip-addr"), recorded.output(node, "ip-route")
    networking = {
        "ip_-o_addr": addr_one_line(addresses),
        "ip_-d_address": addr_details(addresses),
        "ip_route_show_table_all": routes,
        "ip_-6_route_show_table_all": all_routes_of(routes, 6),
        "ip_-d_route_show_cache": "",
        "ip_-4_rule_list": recorded.output(node, "ip-rule"),
        "ip_-6_rule_list": RULES_6,
        "ip_-s_-s_neigh_show": neighbor_statistics(recorded.output(node, "ip-neigh")),
        "ip_neigh_show_nud_noarp": NOARP,
        "ip_netns": "cni-ff305cc29f (id: 0)\n",
        "namespaces/cni-ff305cc29f/ip_netns_exec_cni-ff305cc29f_ip_-d_address_show": addr_details(OF_A_POD),
        "namespaces/cni-ff305cc29f/ip_netns_exec_cni-ff305cc29f_ip_route_show_table_all": "default via 169.254.1.1 dev eth0 \n",
    }
    return {
        "version.txt": "sosreport: 4.8.2\n",
        "hostname": f"{node}\n",
        "etc/hostname": f"{node}\n",
        "sos_commands/host/hostname": f"{node}\n",
        "sos_logs/sos.log": "2026-11-22 23:29:08,195 INFO: [plugin:networking] collecting\n",
        "etc/kubernetes/manifests/kube-apiserver.yaml": MANIFEST,
        **{f"sos_commands/networking/{name}": text for name, text in networking.items()},
    }


def of_control_plane(recorded: Recorded) -> dict[str, str]:
    info = "sos_commands/kubernetes/cluster-info/"
    texts = {f"{info}{_KUBECTL}get_-o_json_nodes": as_list(recorded.objects("nodes"))}
    for resource in ("pods", "services", "endpoints", "daemonsets"):
        objects = recorded.objects(resource)
        for namespace in sorted({one["metadata"]["namespace"] for one in objects}):
            own = [one for one in objects if one["metadata"]["namespace"] == namespace]
            name = f"{info}{namespace}/{_KUBECTL}get_-o_json_--namespace_{namespace}_{resource}"
            texts[name] = as_list(own)
    for node in recorded.nodes:
        pod, log = recorded.log(node)
        folder = f"{info}calico-system/podlogs/{pod}/"
        texts[f"{folder}{_KUBECTL}--namespace_calico-system_logs_{pod}_-c_calico-node"] = log
    return texts


def as_list(objects: list[dict[str, object]]) -> str:
    """`kubectl get -o json`."""
    whole = {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}
    return json.dumps(whole, indent=4) + "\n"


def prefixed(prefix: str, files: Files) -> Files:
    return {prefix + path: data for path, data in files.items()}


def tar_xz(files: Files) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz", preset=0) as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


OF_A_POD = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UP group default qlen 1000
    link/ether 52:54:00:e8:85:a7 brd ff:ff:ff:ff:ff:ff
    inet 10.244.2.2/32 scope global eth0
       valid_lft forever preferred_lft forever
"""
NOARP = "".join(f"224.0.0.{n} dev ens18 lladdr 01:00:5e:00:00:{n:02} NOARP \n" for n in range(1, 40))
MANIFEST = """apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: kube-system
spec:
  hostNetwork: true
"""

RENDERING = Rendering(
    "sos",
    "sos report (`sos collect`, kubernetes.all=on)",
    "sosreport/sos 5c7e63e",
    write,
    status="broken",
    lacks=("ip pools (kubectl get ippools",),
)
