"""Calico's and the operator's objects to their facts, column by column."""

from __future__ import annotations

from dataclasses import fields
from ipaddress import ip_network

import pytest

from calico_bundle import facts
from calico_bundle.evidence import Evidence
from calico_bundle.parsers.objects import parse


def columns(record: object, *without: str) -> dict[str, object]:
    """A fact's columns; evidence as its text. An object shows all of them."""
    assert getattr(record, "not_shown", ()) == ()
    without = (*without, "not_shown")
    found = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in without}  # type: ignore[arg-type]
    return {name: value.text if isinstance(value, Evidence) else value for name, value in found.items()}


def only(text: str) -> object:
    parsed = parse(text, "f.yaml")
    assert parsed.gaps == ()
    (fact,) = parsed.facts
    return fact


@pytest.mark.parametrize("version", ["crd.projectcalico.org/v1", "projectcalico.org/v3"])
def test_ip_pool(version: str):
    text = f"""\
apiVersion: {version}
kind: IPPool
metadata: {{name: default-ipv4-ippool}}
spec:
  cidr: 10.244.0.0/16
  ipipMode: CrossSubnet
  natOutgoing: true
  disableBGPExport: true
  blockSize: 26
  nodeSelector: all()
  allowedUses: [Workload, Tunnel]
"""
    found = only(text)
    assert {name: line.text for name, line in found.cited.items()} == {"ipip_mode": "ipipMode: CrossSubnet"}  # type: ignore[attr-defined]
    assert columns(found, "cited") == {
        "name": "default-ipv4-ippool",
        "cidr": ip_network("10.244.0.0/16"),
        "ipip_mode": "CrossSubnet",
        "vxlan_mode": "Never",
        "nat_outgoing": True,
        "disabled": False,
        "disable_bgp_export": True,
        "block_size": 26,
        "node_selector": "all()",
        "evidence": "cidr: 10.244.0.0/16",
        "allowed_uses": ("Workload", "Tunnel"),
    }


@pytest.mark.parametrize(
    "spec, for_pods",
    [
        ("", True),
        (", allowedUses: [Workload]", True),
        (", allowedUses: [Tunnel]", False),
        (", allowedUses: [LoadBalancer]", False),
        (", disabled: true", False),
    ],
)
def test_pools_that_give_pods_no_addresses(spec: str, for_pods: bool):
    """ippool.go: allowedUses is Workload and Tunnel when it is not there; a disabled pool gives no address."""
    pool = only(f"kind: IPPool\nmetadata: {{name: a}}\nspec: {{cidr: 10.0.0.0/16{spec}}}\n")
    assert isinstance(pool, facts.IPPoolFact)
    assert pool.for_pods is for_pods


STATUS = """\
apiVersion: projectcalico.org/v3
kind: CalicoNodeStatus
metadata: {name: w1}
spec: {node: worker-1, classes: [Agent, BGP, Routes], updatePeriodSeconds: 10}
status:
  lastUpdated: "2024-05-01T10:00:00Z"
  agent:
    birdV4: {state: Ready, routerID: 10.0.1.11}
  bgp:
    numberEstablishedV4: 1
    numberNotEstablishedV4: 1
    peersV4:
    - {peerIP: 10.0.1.12, since: "09:58:01", state: Established, type: NodeMesh}
    - peerIP: 10.0.1.13
      since: "09:58:02"
      state: Active
      type: NodePeer
    peersV6:
    - {peerIP: "fd00::12", since: "09:58:03", state: Idle, type: GlobalPeer}
"""


def test_calico_node_status():
    """api/pkg/apis/projectcalico/v3/calico_node_status.go."""
    status = only(STATUS)
    assert isinstance(status, facts.CalicoNodeStatusFact)
    assert (status.name, status.node, status.period) == ("w1", "worker-1", 10)
    assert status.last_updated == "2024-05-01T10:00:00Z"
    seen = [(str(s.peer), s.state, s.info, s.established, s.type) for s in status.sessions]
    assert seen == [
        ("10.0.1.12", "up", "Established", True, "node-to-node mesh"),
        ("10.0.1.13", "start", "Active", False, "node specific"),
        ("fd00::12", "start", "Idle", False, "global"),
    ]
    assert {s.source for s in status.sessions} == {"CalicoNodeStatus"}
    assert status.sessions[1].evidence.text == "state: Active"


def test_calico_node_status_that_nothing_answered_yet():
    status = only("kind: CalicoNodeStatus\nmetadata: {name: w1}\nspec: {node: worker-1}\n")
    assert isinstance(status, facts.CalicoNodeStatusFact)
    assert (status.sessions, status.last_updated, status.period) == ((), None, None)


@pytest.mark.parametrize(
    "spec, node, deleted",
    [
        ('deleted: "false", node: w1', "w1", False),
        ("deleted: true, node: w1, type: host", "w1", True),
        ("node: load-balancer, type: virtual", None, False),
    ],
)
def test_block_affinity(spec: str, node: str | None, deleted: bool):
    text = f"kind: BlockAffinity\nmetadata: {{name: a}}\nspec: {{cidr: 10.244.2.0/26, state: confirmed, {spec}}}\n"
    assert columns(only(text), "evidence") == {
        "cidr": ip_network("10.244.2.0/26"),
        "node": node,
        "state": "confirmed",
        "deleted": deleted,
        "borrowed": {},
        "source": "BlockAffinity",
    }


BLOCK = """\
kind: IPAMBlock
metadata: {name: 10-244-2-0-29}
spec:
  affinity: host:w1
  cidr: 10.244.2.0/29
  allocations: [0, null, 1, 2, 1, null, null, null]
  attributes:
  - {handle_id: a, secondary: {node: w1, pod: p0}}
  - {handle_id: b, secondary: {node: w2, pod: p1}}
  - {handle_id: c}
"""


def test_ipam_block():
    assert columns(only(BLOCK)) == {
        "cidr": ip_network("10.244.2.0/29"),
        "node": "w1",
        "state": None,
        "deleted": False,
        "borrowed": {"10.244.2.2": "w2", "10.244.2.4": "w2"},
        "source": "IPAMBlock",
        "evidence": "cidr: 10.244.2.0/29",
    }


@pytest.mark.parametrize("affinity", ["affinity: null", "affinity: virtual:load-balancer"])
def test_a_block_that_no_host_owns(affinity: str):
    block = only(BLOCK.replace("affinity: host:w1", affinity))
    assert isinstance(block, facts.IPBlockFact)
    assert block.node is None
    assert block.borrowed == {"10.244.2.0": "w1", "10.244.2.2": "w2", "10.244.2.4": "w2"}


@pytest.mark.parametrize("allocations", ["[7]", "[-1]", "[a]", "[" + "null, " * 8 + "0]"])
def test_allocations_that_point_nowhere_are_a_gap(allocations: str):
    parsed = parse(BLOCK.replace("[0, null, 1, 2, 1, null, null, null]", allocations), "f")
    assert len(parsed.facts) == 1
    assert [g.line for g in parsed.gaps] == [6]


@pytest.mark.parametrize(
    "cidr, kind", [("cidr: x", "not-understood"), ("a: b", "not-understood"), ("cidr: '***'", "redacted")]
)
def test_a_block_without_its_network_is_left_out_and_told(cidr: str, kind: str):
    parsed = parse(f"kind: BlockAffinity\nmetadata: {{name: a}}\nspec: {{{cidr}}}\n", "f")
    assert parsed.facts == ()
    assert [g.kind for g in parsed.gaps] == [kind]


def test_bgp_configuration_peer_and_felix_configuration():
    text = """\
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: false, asNumber: 64512, listenPort: 178, bindMode: NodeIP, programClusterRoutes: Enabled}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: rr}
spec: {peerIP: "10.0.0.1:178", asNumber: 64513, nodeSelector: all(), sourceAddress: UseNodeIP}
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec: {bpfEnabled: true, interfacePrefix: cali, wireguardEnabled: false, programClusterRoutes: Disabled}
"""
    parsed = parse(text, "f")
    assert parsed.gaps == ()
    configuration, peer, felix = parsed.facts
    assert columns(configuration, "evidence") == {
        "name": "default",
        "node_to_node_mesh": False,
        "as_number": "64512",
        "listen_port": 178,
        "bind_mode": "NodeIP",
        "program_cluster_routes": "Enabled",
    }
    assert columns(peer, "evidence") == {
        "name": "rr",
        "node": None,
        "node_selector": "all()",
        "peer_ip": "10.0.0.1:178",
        "peer_selector": None,
        "as_number": "64513",
        "source_address": "UseNodeIP",
    }
    assert columns(felix, "evidence") == {
        "name": "default",
        "program_cluster_routes": "Disabled",
        "bpf_enabled": True,
        "interface_prefix": "cali",
        "wireguard_enabled": False,
        "failsafe_outbound": None,
        "vxlan_port": None,
    }


def test_installation():
    text = """\
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec:
  calicoNetwork:
    bgp: Disabled
    linuxDataplane: Iptables
    nodeAddressAutodetectionV4: {cidrs: [10.0.0.0/8]}
    nodeAddressAutodetectionV6: {}
  cni: {type: Calico}
  kubernetesProvider: EKS
"""
    assert columns(only(text)) == {
        "name": "default",
        "autodetection_v4": {"cidrs": ["10.0.0.0/8"]},
        "autodetection_v6": {},
        "bgp": "Disabled",
        "linux_dataplane": "Iptables",
        "kubernetes_provider": "EKS",
        "cni_type": "Calico",
        "evidence": "nodeAddressAutodetectionV4: {cidrs: [10.0.0.0/8]}",
    }
