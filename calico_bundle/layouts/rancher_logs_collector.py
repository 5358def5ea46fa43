"""Rancher's logs collector: one archive per node, outputs without extensions, logs and tables of the cluster.

Written from its source (rancherlabs/support-tools 7b2593c, rancher2_logs_collector.sh). Files of `networking/` and
`systeminfo/` are the node's own. What `kubectl` printed is about the whole cluster: the logs in `podlogs/` of a server
are of pods on every node, and only the folders copied from /var/log/pods on an agent are of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.file_names import read_name
from calico_bundle.layouts.pod_paths import pod_of

_MARK = re.compile(r"(^|.*?/)networking/(?:ipaddrshow|iptablessave)$")
_NETWORKING = {
    "ipaddrshow": Placement(kind="ip-addr", group="."),
    "ipv6addrshow": Placement(kind="ip-addr", family=6, group="."),
    "iplinkshow": Placement(group="."),
    "iproute": Placement(kind="ip-route", group="."),
    "ipv6route": Placement(kind="ip-route", family=6, group="."),
    "iprule": Placement(kind="ip-rule", family=4, group="."),
    "ipv6rule": Placement(kind="ip-rule", family=6, group="."),
    "ipneighbour": Placement(kind="ip-neigh", group="."),
    "ipv6neighbour": Placement(kind="ip-neigh", family=6, group="."),
    "iptablessave": Placement(kind="iptables-save", family=4, group="."),
    "ip6tablessave": Placement(skip="packet filter of IPv6, which is not looked at"),
}
_SYSTEM = {
    "hostname": Placement(kind="hostname", group="."),
    "hostnamefqdn": Placement(kind="hostname", group="."),
    "sysctla": Placement(kind="sysctl", group="."),
}
_OF_THE_MACHINE = frozenset({"networking", "systeminfo", "systemlogs", "journald", "docker", "etcd"})
_DISTRIBUTIONS = frozenset({"rke", "rke2", "k3s", "kubeadm", "k8s", "pod"})
# SYSTEM_NAMESPACES of the script, over its versions.
_NAMESPACES = """
    calico-apiserver calico-system cattle-alerting cattle-capi-system cattle-csp-adapter-system cattle-elemental-system
    cattle-epinio-system cattle-externalip-system cattle-fleet-clusters-system cattle-fleet-local-system
    cattle-fleet-system cattle-gatekeeper-system cattle-global-data cattle-istio-system cattle-logging
    cattle-logging-system cattle-monitoring-system cattle-neuvector-system cattle-pipeline cattle-prometheus
    cattle-provisioning-capi-system cattle-resources-system cattle-sriov-system cattle-system cattle-turtles-system
    cattle-ui-plugin-system cattle-windows-gmsa-system cert-manager cis-operator-system fleet-default fleet-local
    fleet-system harvester-system ingress-nginx istio-system kube-node-lease kube-public kube-system longhorn-system
    rancher-alerting-drivers rancher-operator-system security-scan suse-observability system-upgrade tigera-operator
"""
_BY_LENGTH = sorted(_NAMESPACES.split(), key=len, reverse=True)


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders that hold `networking/` with outputs of `ip` or iptables, and `systeminfo/`.

    >>> roots(["n1-2026-11-22_10_30_00/networking/ipaddrshow", "n1-2026-11-22_10_30_00/systeminfo/uname"])
    ('n1-2026-11-22_10_30_00/',)
    """
    marked = {
        found[1]
        for path in paths
        if path.endswith(("/ipaddrshow", "/iptablessave", "networking/ipaddrshow", "networking/iptablessave"))
        and (found := _MARK.match(path))
    }
    systems = {path.rpartition("systeminfo/")[0] for path in paths if "systeminfo/" in path}
    return tuple(sorted(marked & systems))


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root.

    >>> place("rke2/podlogs/kube-system-rke2-canal-x7k2p", []).pod
    'rke2-canal-x7k2p'
    """
    top, _, rest = path.partition("/")
    if top in _DISTRIBUTIONS and rest:
        return _of_distribution(rest.split("/"))
    if top not in _OF_THE_MACHINE or not rest:
        return None
    if top == "networking":
        return _NETWORKING.get(rest, Placement(group="."))
    if top == "systeminfo":
        return _SYSTEM.get(rest, Placement(group="."))
    return Placement(group=".")


def _of_distribution(parts: Sequence[str]) -> Placement:
    folder, *below = parts
    if folder == "kubectl" or not below:
        return Placement()
    if folder == "podlogs":
        return _pod_log(below)
    return Placement(kind=read_name(parts[-1]).kind, group=".")


def _pod_log(below: Sequence[str]) -> Placement:
    if len(below) > 1 or below[0].startswith("k8s_"):  # of Docker, with RKE1: containers of this node
        pod = pod_of(below[:-1], below[-1])
        return Placement(namespace=pod.namespace, pod=pod.pod, container=pod.container, group=".")
    name = below[0].removesuffix("-previous")
    namespace = next((known for known in _BY_LENGTH if name.startswith(known + "-")), None)
    return Placement(namespace=namespace, pod=name[len(namespace) + 1 :] if namespace else None)


_PARTS = ("systeminfo/", "networking/ipaddrshow", "networking/iproute", "journald/")
LAYOUT = Layout("rancher-logs-collector", "Rancher logs collector", roots, place, rank=25, parts=_PARTS)
