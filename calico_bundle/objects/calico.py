"""Calico's own objects, as its CRDs (crd.projectcalico.org/v1) and its API (projectcalico.org/v3) have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from calico_bundle.facts import (
    BGPConfigurationFact,
    BGPPeerFact,
    BGPSessionFact,
    CalicoNodeStatusFact,
    FelixConfigurationFact,
    IPBlockFact,
    IPPoolFact,
    Network,
)
from calico_bundle.objects.fields import Fields, IncompleteError
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of

GROUPS = frozenset(["crd.projectcalico.org", "projectcalico.org"])
_HOST = "host:"
_PEER_TYPES = {"NodeMesh": "node-to-node mesh", "NodePeer": "node specific", "GlobalPeer": "global"}
"""CalicoNodeStatus' words for what calicoctl calls a peer's type."""


def build_ip_pool(pool: Fields) -> Iterator[IPPoolFact]:
    """An IPPool as a fact.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: default}\\nspec: {cidr: 10.244.0.0/16, vxlanMode: Always}\\n"
    >>> fact = next(build_ip_pool(Record(Reading("p.yaml", text), "IPPool", "", next(read_yaml(text))).fields()))
    >>> fact.cidr, fact.ipip_mode, fact.vxlan_mode
    (IPv4Network('10.244.0.0/16'), 'Never', 'Always')
    """
    name, spec = name_of(pool), pool.child("spec")
    yield IPPoolFact(
        name=name,
        cidr=spec.network("cidr", "cidr"),
        ipip_mode=spec.text("ipipMode", "ipip_mode") or "Never",
        vxlan_mode=spec.text("vxlanMode", "vxlan_mode") or "Never",
        nat_outgoing=spec.flag("natOutgoing", "nat_outgoing") or False,
        disabled=spec.flag("disabled", "disabled") or False,
        disable_bgp_export=spec.flag("disableBGPExport", "disable_bgp_export") or False,
        block_size=spec.integer("blockSize", "block_size"),
        node_selector=spec.text("nodeSelector", "node_selector"),
        allowed_uses=spec.texts("allowedUses", "allowed_uses"),
        evidence=spec.evidence("cidr") if "cidr" in spec else pool.child("metadata").evidence("name"),
        # Read last: it holds what of the above the collector hid, and a hidden mode is not the default.
        not_shown=pool.record.redacted,
        cited=spec.cited(ipip_mode="ipipMode", vxlan_mode="vxlanMode"),
    )


def build_block_affinity(affinity: Fields) -> Iterator[IPBlockFact]:
    """A BlockAffinity as a fact; one of another type than host (`virtual`) belongs to no node."""
    spec = affinity.child("spec")
    is_host = spec.text("type", "node") in (None, "host")
    yield IPBlockFact(
        cidr=_cidr(spec),
        node=spec.text("node", "node") if is_host else None,
        state=spec.text("state", "state"),
        deleted=spec.flag("deleted", "deleted") or False,
        borrowed={},
        source="BlockAffinity",
        evidence=spec.evidence("cidr"),
    )


def build_ipam_block(block: Fields) -> Iterator[IPBlockFact]:
    """An IPAMBlock as a fact, with the addresses that nodes other than its owner use."""
    spec = block.child("spec")
    cidr, affinity = _cidr(spec), spec.text("affinity", "node") or ""
    node = affinity.removeprefix(_HOST) if affinity.startswith(_HOST) else None
    yield IPBlockFact(
        cidr=cidr,
        node=node,
        state=None,
        deleted=spec.flag("deleted", "deleted") or False,
        borrowed=_borrowed(spec, cidr, node),
        source="IPAMBlock",
        evidence=spec.evidence("cidr"),
    )


def _cidr(spec: Fields) -> Network:
    cidr = spec.network("cidr", "cidr")
    if cidr is None:
        if "cidr" not in spec:
            spec.wrong("cidr", "is not there, so the object is left out")
        raise IncompleteError
    return cidr


def _borrowed(spec: Fields, cidr: Network, owner: str | None) -> Mapping[str, str]:
    """Address to node. `allocations` has one entry per address of the block: nothing, or an index into `attributes`."""
    secondary = [attribute.child("secondary") for attribute in spec.children("attributes")]
    users = [entry.text("node", "borrowed") for entry in secondary]
    found = {}
    for ordinal, index in spec.numbers("allocations"):
        if not 0 <= index < len(users) or ordinal >= cidr.num_addresses:
            spec.wrong("allocations", f"entry {ordinal} points to no attribute of this block")
        elif (user := users[index]) is not None and user != owner:
            found[str(cidr[ordinal])] = user
    return found


def build_bgp_configuration(configuration: Fields) -> Iterator[BGPConfigurationFact]:
    """A BGPConfiguration as a fact."""
    name, spec = name_of(configuration), configuration.child("spec")
    yield BGPConfigurationFact(
        name=name,
        node_to_node_mesh=spec.flag("nodeToNodeMeshEnabled", "node_to_node_mesh"),
        as_number=spec.text("asNumber", "as_number"),
        listen_port=spec.integer("listenPort", "listen_port"),
        bind_mode=spec.text("bindMode", "bind_mode"),
        program_cluster_routes=spec.text("programClusterRoutes", "program_cluster_routes"),
        evidence=configuration.child("metadata").evidence("name"),
    )


def build_bgp_peer(peer: Fields) -> Iterator[BGPPeerFact]:
    """A BGPPeer as a fact."""
    name, spec = name_of(peer), peer.child("spec")
    yield BGPPeerFact(
        name=name,
        node=spec.text("node", "node"),
        node_selector=spec.text("nodeSelector", "node_selector"),
        peer_ip=spec.text("peerIP", "peer_ip"),
        peer_selector=spec.text("peerSelector", "peer_selector"),
        as_number=spec.text("asNumber", "as_number"),
        source_address=spec.text("sourceAddress", "source_address"),
        evidence=peer.child("metadata").evidence("name"),
    )


def build_calico_node_status(status: Fields) -> Iterator[CalicoNodeStatusFact]:
    """A CalicoNodeStatus as a fact; it has no status until calico-node on that node has answered."""
    name, spec, told = name_of(status), status.child("spec"), status.child("status")
    peers = [p for family in ("peersV4", "peersV6") for p in told.child("bgp").children(family)]
    yield CalicoNodeStatusFact(
        name=name,
        node=spec.required("node", "node"),
        sessions=tuple(_session(peer) for peer in peers),
        period=spec.integer("updatePeriodSeconds", "period"),
        last_updated=told.text("lastUpdated", "last_updated"),
        evidence=spec.evidence("node"),
    )


def _session(peer: Fields) -> BGPSessionFact:
    """A peer of CalicoNodeStatus: its state is what BIRD shows in the info column, without the error."""
    kind, state = peer.text("type", "type"), peer.text("state", "state") or ""
    return BGPSessionFact(
        protocol=None,
        peer=peer.address("peerIP", "peer"),
        type=_PEER_TYPES.get(kind or "", kind),
        state="up" if state == "Established" else "start",
        since=peer.text("since", "since"),
        info=state,
        established=state == "Established",
        source_address=None,
        source="CalicoNodeStatus",
        evidence=peer.evidence("state"),
    )


def build_felix_configuration(configuration: Fields) -> Iterator[FelixConfigurationFact]:
    """A FelixConfiguration as a fact."""
    name, spec = name_of(configuration), configuration.child("spec")
    yield FelixConfigurationFact(
        name=name,
        program_cluster_routes=spec.text("programClusterRoutes", "program_cluster_routes"),
        bpf_enabled=spec.flag("bpfEnabled", "bpf_enabled"),
        interface_prefix=spec.text("interfacePrefix", "interface_prefix"),
        wireguard_enabled=spec.flag("wireguardEnabled", "wireguard_enabled"),
        failsafe_outbound=_failsafes(spec) if "failsafeOutboundHostPorts" in spec else None,
        evidence=configuration.child("metadata").evidence("name"),
        vxlan_port=spec.integer("vxlanPort", "vxlan_port"),
    )


def _failsafes(spec: Fields) -> tuple[str, ...]:
    found = spec.children("failsafeOutboundHostPorts")
    column = "failsafe_outbound"
    return tuple(f"{port.text('protocol', column)}/{port.integer('port', column)}" for port in found)


_NAMED: Needs = {"name": None}
NEEDS: dict[str, Needs] = {
    "BlockAffinity": {
        "metadata": _NAMED,
        "spec": {"cidr": None, "deleted": None, "node": None, "state": None, "type": None},
    },
    "IPAMBlock": {
        "metadata": _NAMED,
        "spec": {
            "affinity": None,
            "allocations": None,
            "attributes": {"secondary": {"node": None}},
            "cidr": None,
            "deleted": None,
        },
    },
}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {
    "IPPool": build_ip_pool,
    "BlockAffinity": build_block_affinity,
    "IPAMBlock": build_ipam_block,
    "BGPConfiguration": build_bgp_configuration,
    "BGPPeer": build_bgp_peer,
    "CalicoNodeStatus": build_calico_node_status,
    "FelixConfiguration": build_felix_configuration,
}
