"""The Kubernetes and Calico objects of a cluster, as `calicoctl cluster diags` has kubectl print them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from tests.benchmarks.cluster import BLOCK_ADDRESSES, DNS_ADDRESS, POOL, Cluster, Node, Pod
from tests.benchmarks.pod_text import pod_text

_NODE = """\
- apiVersion: v1
  kind: Node
  metadata:
    annotations:
      csi.volume.kubernetes.io/nodeid: '{{"csi.tigera.io":"{name}"}}'
      projectcalico.org/IPv4Address: {calico}
      volumes.kubernetes.io/controller-managed-attach-detach: "true"
    creationTimestamp: "2026-08-15T00:33:04Z"
    labels:
      kubernetes.io/arch: amd64
      kubernetes.io/hostname: {name}
      kubernetes.io/os: linux
    name: {name}
    resourceVersion: "{serial}"
    uid: 6e3b0d30-9be1-4c05-a0fd-{serial:012x}
  spec:
    podCIDR: 10.64.0.0/24
  status:
    addresses:
    - address: {ip}
      type: InternalIP
    - address: {name}
      type: Hostname
    allocatable:
      cpu: "8"
      memory: 32Gi
      pods: "110"
    conditions:
    - lastHeartbeatTime: "2026-09-25T00:33:04Z"
      lastTransitionTime: "2026-08-15T00:33:04Z"
      message: kubelet is posting ready status
      reason: KubeletReady
      status: "True"
      type: Ready
    images:
{images}    nodeInfo:
      architecture: amd64
      kernelVersion: 6.8.0-60-generic
      kubeletVersion: v1.33.4
      osImage: Ubuntu 24.04.2 LTS
"""

_IMAGES = "".join(
    f"    - names:\n      - registry.example.com/shop/image-{number:02d}@sha256:{number:064x}\n"
    f"      - registry.example.com/shop/image-{number:02d}:1.{number}.0\n      sizeBytes: {31_000_000 + number}\n"
    for number in range(40)
)

_SERVICE = """\
- apiVersion: v1
  kind: Service
  metadata:
    creationTimestamp: "2026-03-18T08:00:11Z"
    labels:
      {label}: {app}
    name: {name}
    namespace: {namespace}
  spec:
    clusterIP: {ip}
    clusterIPs:
    - {ip}
    ipFamilies:
    - IPv4
    ipFamilyPolicy: SingleStack
    ports:
    - name: {port_name}
      port: {port}
      protocol: {protocol}
      targetPort: {target}
    selector:
      {label}: {app}
    sessionAffinity: None
    type: ClusterIP
  status:
    loadBalancer: {{}}
"""

_SLICE = """\
- addressType: IPv4
  apiVersion: discovery.k8s.io/v1
  endpoints:
{endpoints}  kind: EndpointSlice
  metadata:
    creationTimestamp: "2026-04-12T08:00:11Z"
    labels:
      endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io
      kubernetes.io/service-name: {name}
    name: {name}-qsqnt
    namespace: {namespace}
  ports:
  - name: {port_name}
    port: {target}
    protocol: {protocol}
"""

_ENDPOINT = """\
  - addresses:
    - {ip}
    conditions:
      ready: true
      serving: true
      terminating: false
    nodeName: {node}
    targetRef:
      kind: Pod
      name: {name}
      namespace: {namespace}
"""

_AFFINITY = """\
- apiVersion: crd.projectcalico.org/v1
  kind: BlockAffinity
  metadata:
    name: {node}-{dashed}
  spec:
    cidr: {block}
    deleted: "false"
    node: {node}
    state: confirmed
"""

_BLOCK = """\
- apiVersion: crd.projectcalico.org/v1
  kind: IPAMBlock
  metadata:
    name: {dashed}
  spec:
    affinity: host:{node}
    allocations:
{allocations}    attributes:
{attributes}    cidr: {block}
    deleted: false
    strictAffinity: false
    unallocated:
{unallocated}"""

_ATTRIBUTE = """\
    - handle_id: k8s-pod-network.{number:064x}
      secondary:
        namespace: {namespace}
        node: {node}
        pod: {name}
        timestamp: 2026-08-01 06:58:37.000000000 +0000 UTC
"""

_ONCE = {
    "crd/ippools.crd.projectcalico.org.yaml": f"""\
- apiVersion: crd.projectcalico.org/v1
  kind: IPPool
  metadata:
    name: default-ipv4-ippool
  spec:
    allowedUses:
    - Workload
    - Tunnel
    blockSize: 26
    cidr: {POOL}
    ipipMode: Never
    natOutgoing: true
    nodeSelector: all()
    vxlanMode: Never
""",
    "crd/installations.operator.tigera.io.yaml": """\
- apiVersion: operator.tigera.io/v1
  kind: Installation
  metadata:
    name: default
  spec:
    calicoNetwork:
      bgp: Enabled
      linuxDataplane: Iptables
      nodeAddressAutodetectionV4:
        firstFound: true
""",
    "crd/clusterinformations.crd.projectcalico.org.yaml": """\
- apiVersion: crd.projectcalico.org/v1
  kind: ClusterInformation
  metadata:
    name: default
  spec:
    calicoVersion: v3.31.7
    clusterType: k8s,operator,bgp
    datastoreReady: true
""",
    "kubernetes/daemonsets.yaml": """\
- apiVersion: apps/v1
  kind: DaemonSet
  metadata:
    labels:
      k8s-app: calico-node
    name: calico-node
    namespace: calico-system
    ownerReferences:
    - apiVersion: operator.tigera.io/v1
      blockOwnerDeletion: true
      controller: true
      kind: Installation
      name: default
  spec:
    selector:
      matchLabels:
        k8s-app: calico-node
    template:
      metadata:
        labels:
          k8s-app: calico-node
      spec:
        containers:
        - env:
          - name: CALICO_NETWORKING_BACKEND
            value: bird
          - name: IP
            value: autodetect
          - name: IP_AUTODETECTION_METHOD
            value: first-found
          image: docker.io/calico/node:v3.31.7
          name: calico-node
        hostNetwork: true
""",
}

PODS = "kubernetes/pods.yaml"

_Writer = Callable[[dict[str, str], list[tuple[Node, Pod]]], str]


def cluster_files(cluster: Cluster) -> Iterator[tuple[str, Iterable[str]]]:
    """The files below `cluster/`, each in pieces, because the pods of a large cluster are more than a gigabyte."""
    for path, item in _ONCE.items():
        yield path, _listed([item])
    yield "kubernetes/nodes.yaml", _listed(_node(node) for node in cluster.nodes)
    yield "kubernetes/services.yaml", _listed(_of_services(cluster, _service))
    yield "kubernetes/endpointslices.yaml", _listed(_of_services(cluster, _slice))
    yield "crd/blockaffinities.crd.projectcalico.org.yaml", _listed(_affinity(node) for node in cluster.nodes)
    yield "crd/ipamblocks.crd.projectcalico.org.yaml", _listed(_block(node) for node in cluster.nodes)
    yield PODS, _listed(pod_text(node, pod, serial) for serial, (node, pod) in enumerate(cluster.pods()))


def _listed(items: Iterable[str]) -> Iterator[str]:
    """A List as kubectl prints it."""
    yield "apiVersion: v1\nitems:\n"
    yield from items
    yield 'kind: List\nmetadata:\n  resourceVersion: ""\n'


def _node(node: Node) -> str:
    words = {"name": node.name, "calico": node.calico_address, "ip": node.internal_ip, "serial": node.index}
    return _NODE.format_map(words | {"images": _IMAGES})


def _dashed(node: Node) -> str:
    return node.block.replace(".", "-").replace("/", "-")


def _affinity(node: Node) -> str:
    return _AFFINITY.format(node=node.name, block=node.block, dashed=_dashed(node))


def _block(node: Node) -> str:
    """As Calico's IPAM keeps it: for each address the number of what has it, or null."""
    pods = [pod for pod in node.pods() if not pod.host_network]
    holders = {pod.ip: number for number, pod in enumerate(pods)}
    numbers = [holders.get(node.address(at)) for at in range(BLOCK_ADDRESSES)]
    return _BLOCK.format(
        node=node.name,
        dashed=_dashed(node),
        block=node.block,
        allocations="".join(f"    - {'null' if number is None else number}\n" for number in numbers),
        attributes="".join(
            _ATTRIBUTE.format(number=number, namespace=pod.namespace, node=node.name, name=pod.name)
            for number, pod in enumerate(pods)
        ),
        unallocated="".join(f"    - {at}\n" for at, number in enumerate(numbers) if number is None),
    )


# --- Services -------------------------------------------------------------------------------------------------------


def _of_services(cluster: Cluster, written: _Writer) -> Iterator[str]:
    """The DNS Service, then one for each workload, whose pods follow one another."""
    dns = [(node, pod) for node, pod in cluster.pods() if pod.labels == (("k8s-app", "kube-dns"),)]
    yield written(_DNS, dns)
    with_number = (found for found in cluster.pods() if found[1].workload is not None)
    for number, found in groupby(with_number, key=lambda one: one[1].workload or 0):
        pods = list(found)
        app = pods[0][1].labels[0][1]
        yield written(
            {
                "name": app, "namespace": pods[0][1].namespace, "label": "app.kubernetes.io/instance", "app": app,
                "ip": f"10.97.{number >> 8}.{number & 255}", "port_name": "http", "port": "80", "target": "8080",
                "protocol": "TCP",
            },
            pods,
        )  # fmt: skip


_DNS = {
    "name": "kube-dns", "namespace": "kube-system", "label": "k8s-app", "app": "kube-dns", "ip": DNS_ADDRESS,
    "port_name": "dns", "port": "53", "target": "53", "protocol": "UDP",
}  # fmt: skip


def _service(words: dict[str, str], _pods: list[tuple[Node, Pod]]) -> str:
    return _SERVICE.format_map(words)


def _slice(words: dict[str, str], pods: list[tuple[Node, Pod]]) -> str:
    endpoints = "".join(
        _ENDPOINT.format(ip=pod.ip, node=node.name, name=pod.name, namespace=pod.namespace) for node, pod in pods
    )
    return _SLICE.format_map(words | {"endpoints": endpoints})
