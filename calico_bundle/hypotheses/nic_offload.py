"""A card or its driver breaks the checksums of what VXLAN carries, so that the receiver drops it."""

from __future__ import annotations

from calico_bundle.hypotheses import Answer, Case, Hypothesis, Status
from calico_bundle.hypotheses.node_by_node import left_over, on_hosts
from calico_bundle.hypotheses.tunnels_used import tunnels_used

_DEVICE = "vxlan.calico"
_LOOK = f"uname -r; ethtool -k {_DEVICE} | grep tx-checksum-ip-generic; netstat -s | grep -i checksum"


def examine(case: Case) -> Answer | None:
    """Never to be told from a bundle; it arises where VXLAN is used."""
    nodes = case.context.cluster.nodes.values()
    using = [node.name for node in nodes if node.interface(_DEVICE)] or [node.name for node in nodes]
    asked = _DEVICE in (tunnels_used(case.context.cluster).devices or ())
    if left_over(case) or not (asked or any(node.interface(_DEVICE) for node in nodes)):
        return None
    text = (
        "what cards do to checksums is in no bundle; answers that come from another node through VXLAN would be dropped. "
        f"To try it: `ethtool -K {_DEVICE} tx-checksum-ip-generic off` on two nodes (it costs throughput)"
    )
    return Answer(Status.NOT_CHECKABLE, text, collect=on_hosts(dict.fromkeys(using[:2] or ["NODE"], _LOOK)))


HYPOTHESIS = Hypothesis(
    "nic-offload",
    "Do cards break the checksums of packets in VXLAN?",
    (),
    "Felix: featureDetectOverride ChecksumOffloadBroken; kernels before 5.7 and some drivers (VMXNET3) get them wrong",
    examine,
)
