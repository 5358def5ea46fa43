"""A card or its driver breaks the checksums of what a tunnel carries, so that the receiver drops it."""

from __future__ import annotations

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import MOST_QUOTED, Words, left_over, on_hosts, unseen
from calico_bundle.hypotheses.tunnels_used import tunnels_used

VXLAN = "vxlan.calico"
_TUNNELS = {VXLAN: ("tx-checksum-ip-generic", "VXLAN"), "tunl0": ("tx-checksum-ip-generic", "IPIP")}
"""The tunnels' devices, with what ethtool calls the computing of checksums there (net/core/netdev features)."""

_WORDS = Words(
    "no pool uses a tunnel, whose inner checksums a card could break",
    "which tunnels the pools use",
    anywhere=("kubectl get ippools.crd.projectcalico.org -o yaml",),
)


def examine(case: Case) -> Answer | None:
    """Ruled out where no pool uses a tunnel, nor a node has the device of VXLAN; never to be told from a bundle else."""
    if left_over(case):
        return None
    nodes = case.context.cluster.nodes.values()
    used = tunnels_used(case.context.cluster)
    made = any(node.interface(VXLAN) for node in nodes)
    if used.devices is None and not made:
        return unseen(case, _WORDS, ())
    devices = sorted({*(used.devices or ()), *([VXLAN] if made else [])})
    if not devices:
        return Answer(Status.RULED_OUT, _WORDS.clear, used.pools[:MOST_QUOTED])
    return _to_be_tried(case, VXLAN if VXLAN in devices else devices[0])


def _to_be_tried(case: Case, device: str) -> Answer:
    nodes = case.context.cluster.nodes.values()
    using = [node.name for node in nodes if node.interface(device)] or [node.name for node in nodes]
    feature, kind = _TUNNELS[device]
    text = (
        f"what cards do to checksums is in no bundle; answers that come from another node through {kind} would be dropped. "
        f"To try it: `ethtool -K {device} {feature} off` on two nodes (it costs throughput)"
    )
    look = f"uname -r; ethtool -k {device} | grep {feature}; netstat -s | grep -i checksum"
    return Answer(Status.NOT_CHECKABLE, text, collect=on_hosts(dict.fromkeys(using[:2] or ["NODE"], look)))


HYPOTHESIS = Hypothesis(
    "nic-offload",
    "Do cards break the checksums of packets in tunnels?",
    (),
    "Felix: featureDetectOverride ChecksumOffloadBroken; kernels before 5.7 and some drivers (VMXNET3) get them wrong",
    examine,
)
