"""One verdict per node's Calico address, each from a small cluster made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calico_bundle.addresses import AddressStatus, AddressVerdict, blamed, judge_addresses, names
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import BGPConfigurationFact, BGPPeerFact, LogEventFact
from calico_bundle.network.forwarding import Forwarding
from tests.network.hand_made import NOWHERE, blocks_of, card, cluster, lan_node, machine, pod, pool, routes_of

HEARD = "10.0.1.11 dev eth0 lladdr 02:00:0a:00:01:0b REACHABLE"


def judged(*nodes: ClusterNode, **facts: Any) -> dict[str, AddressVerdict]:
    where = cluster(*nodes, **{"pools": (pool(),), "blocks": blocks_of(1, 2, 3), **facts})
    return dict(judge_addresses(where, Forwarding(where)))


def two_cards(number: int, *others: int, calico: str, **changed: Any) -> ClusterNode:
    """A node with a second card on 192.168.50.0/24."""
    second = f"192.168.50.{10 + number}"
    given: dict[str, Any] = {
        "routes": f"{routes_of(number, *others)}\n192.168.50.0/24 dev eth1 proto kernel scope link src {second}",
        "internal": f"10.0.1.{10 + number}",
        "calico": calico,
    }
    cards = card("eth0", f"10.0.1.{10 + number}/24"), card("eth1", f"{second}/24")
    return machine(f"node-{number}", *cards, **{**given, **changed})


def incident(**changed: Any) -> dict[str, AddressVerdict]:
    wrong = two_cards(
        2, calico="192.168.50.12/24", neighbors=HEARD, sessions="10.0.1.11 Connect\n10.0.1.13 Connect", **changed
    )
    others = [lan_node(n, 4 - n, sessions=f"10.0.1.{14 - n} Established\n192.168.50.12 Passive") for n in (1, 3)]
    return judged(wrong, *others)


def test_address_that_is_the_internal_ip_is_ok():
    found = judged(lan_node(1, 2), lan_node(2, 1))
    assert {v.status for v in found.values()} == {AddressStatus.OK}
    assert (str(found["node-1"].expected), found["node-1"].interface) == ("10.0.1.11", "eth0")


def test_address_on_an_isolated_card_is_wrong():
    found = incident()
    assert {n: v.status.value for n, v in found.items()} == {"node-1": "ok", "node-2": "wrong", "node-3": "ok"}
    wrong = found["node-2"]
    assert [str(wrong.stored), wrong.interface, str(wrong.expected), wrong.expected_interface] == [
        "192.168.50.12",
        "eth1",
        "10.0.1.12",
        "eth0",
    ]
    assert {t.peer for t in wrong.trials} == {"node-1", "node-3"}
    assert all(t.text for t in wrong.trials)


def test_evidence_of_a_wrong_address_shows_both_cards():
    texts = {e.text for e in incident()["node-2"].evidence}
    assert {"inet 192.168.50.12/24 scope global eth1", "inet 10.0.1.12/24 scope global eth0"} <= texts


def working_odd_address() -> tuple[ClusterNode, ClusterNode]:
    """Both nodes are on both networks, node-2 chose the second: the session is up and the routes carry."""
    routes = (
        f"{routes_of(1)}\n192.168.50.0/24 dev eth1 scope link src 192.168.50.11\n"
        "10.244.2.0/26 via 192.168.50.12 dev eth1 proto bird"
    )
    loose = "\n".join(f"net.ipv4.conf.{i}.rp_filter = 2" for i in ("all", "eth0", "eth1"))
    one = two_cards(1, calico="10.0.1.11/24", routes=routes, sessions="192.168.50.12 Established", sysctls=loose)
    two = two_cards(2, 1, calico="192.168.50.12/24", sessions="10.0.1.11 Established", sysctls=loose)
    return one, two


def test_address_that_peers_get_along_with_is_unintended():
    found = judged(*working_odd_address(), pods=(pod("a", "node-1", "10.244.1.2"), pod("b", "node-2", "10.244.2.2")))
    assert found["node-2"].status is AddressStatus.UNINTENDED
    assert str(found["node-2"].expected) == "10.0.1.12"


def test_blackhole_of_an_address_without_pod_is_no_proof_against_the_node():
    """No pod is known, so some address of the block is tried: arriving at the node that owns the block is arriving."""
    found = judged(*working_odd_address())
    assert found["node-2"].status is AddressStatus.UNINTENDED


def test_address_of_which_nothing_is_recorded_is_unknown():
    found = judged(
        machine("node-1", internal="10.0.1.11", calico="10.0.1.11/24"),
        machine("node-2", internal="10.0.1.12", calico="192.168.50.12/24"),
        pools=(),
    )
    assert found["node-2"].status is AddressStatus.UNKNOWN
    assert found["node-1"].status is AddressStatus.OK


def test_single_node_has_no_peer_to_disagree():
    assert judged(two_cards(1, calico="192.168.50.11/24"))["node-1"].status is not AddressStatus.WRONG


def test_no_stored_address_is_unknown():
    found = judged(machine("node-1", internal="10.0.1.11"), lan_node(2))
    assert (found["node-1"].status, found["node-1"].stored) == (AddressStatus.UNKNOWN, None)


def test_no_internal_ip_is_unknown():
    found = judged(machine("node-1", card("eth0", "10.0.1.11/24"), calico="10.0.1.11/24"), lan_node(2))
    assert found["node-1"].status is AddressStatus.UNKNOWN


def test_address_that_no_card_has_is_not_on_the_node():
    found = judged(lan_node(1, calico="10.0.1.99/24"), lan_node(2))
    assert found["node-1"].status is AddressStatus.NOT_ON_NODE
    assert (str(found["node-1"].stored), found["node-1"].interface, str(found["node-1"].expected)) == (
        "10.0.1.99",
        None,
        "10.0.1.11",
    )


def test_what_was_not_recorded_is_not_absent():
    found = judged(machine("node-1", internal="10.0.1.11", calico="10.0.1.11/24"), lan_node(2))
    assert found["node-1"].status is AddressStatus.OK


def test_internal_ip_that_the_machine_does_not_have_is_not_expected():
    odd = machine("node-1", card("eth0", "10.0.1.11/24"), internal="10.9.9.9", calico="10.0.1.99/24")
    assert judged(odd, lan_node(2))["node-1"].expected is None


# --- one address, several nodes -------------------------------------------------------------------------------------


def test_of_two_that_share_an_address_the_one_is_to_blame_whose_own_it_is_not():
    """node-1 goes by the address; node-2 goes by another and took it."""
    found = judged(lan_node(1), two_cards(2, calico="10.0.1.11/24"), lan_node(3))
    assert {n: v.status.value for n, v in found.items()} == {"node-1": "ok", "node-2": "duplicate", "node-3": "ok"}
    assert found["node-2"].shared_with == ("node-1",)


def test_all_are_to_blame_where_it_is_nobodys_own():
    """VirtualBox NAT: every machine has 10.0.2.15, and nobody goes by it."""
    nat = [
        machine(
            f"node-{n}",
            card("eth0", "10.0.2.15/24"),
            card("eth1", f"10.0.1.1{n}/24"),
            internal=f"10.0.1.1{n}",
            calico="10.0.2.15/24",
            routes="default via 10.0.2.2 dev eth0",
        )
        for n in (1, 2)
    ]
    found = judged(*nat)
    assert {v.status for v in found.values()} == {AddressStatus.DUPLICATE}


def test_both_are_named_where_both_go_by_it():
    twins = [machine(f"node-{n}", internal="10.0.1.11", calico="10.0.1.11/24") for n in (1, 2)]
    assert {v.status for v in judged(*twins).values()} == {AddressStatus.DUPLICATE}


def test_node_that_outlived_its_machine_is_to_blame_for_an_address_that_another_has_now():
    """Nobody deletes the Node of a machine that is gone; its annotation stays, and Ready becomes Unknown."""
    gone = machine("old-2", internal="10.0.1.12", calico="10.0.1.12/24", ready=None)
    found = judged(lan_node(1, 2), lan_node(2, 1), gone)
    assert {n: v.status.value for n, v in found.items()} == {"node-1": "ok", "node-2": "ok", "old-2": "duplicate"}


def test_conflict_of_a_container_that_is_gone_is_over():
    line = Evidence(
        "calico-node-1.previous.log", 7, "Calico node 'node-2' is already using the IPv4 address 10.0.1.12."
    )
    event = LogEventFact(None, None, "startup", "address-conflict", {"address": "10.0.1.12"}, line)
    assert judged(replace(lan_node(1, 2), log_events=(event,)), lan_node(2, 1))["node-1"].status is AddressStatus.OK
    now = replace(event, evidence=replace(line, path="calico-node-1.log"))
    assert (
        judged(replace(lan_node(1, 2), log_events=(now,)), lan_node(2, 1))["node-1"].status is AddressStatus.DUPLICATE
    )


def test_hidden_addresses_are_never_compared():
    found = judged(*(machine(f"node-{n}") for n in (1, 2)))
    assert {v.status for v in found.values()} == {AddressStatus.UNKNOWN}


# --- how a peer shows it --------------------------------------------------------------------------------------------


def silent_incident(**facts: Any) -> tuple[ClusterNode, ClusterNode, ClusterNode]:
    """The incident without BGP state or neighbor tables."""
    return (
        two_cards(2, calico="192.168.50.12/24", **facts),
        lan_node(1, 3, sessions=None),
        lan_node(3, 1, sessions=None),
    )


def test_route_that_was_not_learned_shows_it():
    found = judged(*silent_incident())["node-2"]
    assert found.status is AddressStatus.WRONG
    assert found.trials


def test_the_one_node_of_many_that_was_dumped_is_the_one_that_is_asked():
    """`calicoctl cluster diags` dumps five nodes of any number; by name, they may come last."""
    unseen = [machine(f"a-{n}", internal=f"10.0.1.{n + 50}", calico=f"10.0.1.{n + 50}/24") for n in range(60)]
    wrong = machine("node-2", internal="10.0.1.12", calico="192.168.50.12/24")
    dumped = lan_node(3, sessions=None)
    assert judged(*unseen, wrong, dumped)["node-2"].status is AddressStatus.WRONG


def test_session_that_cannot_come_up_as_configured_says_nothing_of_the_address():
    """The BGPPeers expect another AS number than node-2 has: that is why no routes are learned, whatever the address."""
    mesh_off = BGPConfigurationFact("default", False, None, None, None, None, NOWHERE)
    other_as = BGPPeerFact("p", None, None, "192.168.50.12", None, "65009", None, NOWHERE)
    wrong = two_cards(2, calico="192.168.50.12/24", sessions="10.0.1.11 Connect")
    peer = lan_node(1, sessions="192.168.50.12 Active Socket: Connection refused")
    facts = {"bgp_configurations": (mesh_off,), "blocks": blocks_of(1, 2)}
    assert judged(wrong, peer, **facts, bgp_peers=(other_as,))["node-2"].status is not AddressStatus.WRONG


def test_loss_of_which_nothing_lies_at_the_address_blames_nobody():
    """Pods are cut off, the session is up and the odd address is usable: something else is wrong."""
    off = "\n".join(f"net.ipv4.conf.{i}.rp_filter = 2" for i in ("all", "eth0", "eth1"))
    one = two_cards(1, 2, calico="10.0.1.11/24", sessions="192.168.50.12 Established", sysctls=off)
    two = two_cards(
        2,
        calico="192.168.50.12/24",
        sessions="10.0.1.11 Established",
        sysctls=off,
        routes="10.0.1.0/24 dev eth0 scope link\n192.168.50.0/24 dev eth1 scope link",
    )
    found = judged(one, two)
    assert found["node-2"].status is not AddressStatus.OK


def test_internal_ip_that_would_serve_nobody_is_not_recommended():
    """Neither address of node-2 reaches the others: changing to the InternalIP mends nothing."""
    lost = two_cards(
        2,
        calico="192.168.50.12/24",
        neighbors="10.0.1.11 dev eth0 FAILED\n10.0.1.13 dev eth0 FAILED",
        sessions="10.0.1.11 Connect\n10.0.1.13 Connect",
    )
    others = [
        lan_node(
            n,
            4 - n,
            neighbors="10.0.1.12 dev eth0 FAILED",
            sessions=f"10.0.1.{14 - n} Established\n192.168.50.12 Passive",
        )
        for n in (1, 3)
    ]
    assert judged(lost, *others)["node-2"].status is not AddressStatus.WRONG


def test_pods_need_not_run_for_a_verdict():
    """Blocks stand in for pods: a node without any pod is judged all the same."""
    assert incident()["node-2"].status is AddressStatus.WRONG
    with_pod = judged(*silent_incident(), pods=(pod("a", "node-2", "10.244.2.2"),))
    assert with_pod["node-2"].status is AddressStatus.WRONG


def test_blamed_are_sorted_by_name_and_filtered_by_status():
    found = judged(lan_node(2, calico="10.0.1.99/24"), lan_node(1, calico="10.0.1.98/24"), lan_node(3))
    assert [v.node for v in blamed(found, AddressStatus.NOT_ON_NODE)] == ["node-1", "node-2"]
    assert names(blamed(found, AddressStatus.OK, AddressStatus.WRONG)) == {"node-3"}


def test_empty_cluster_has_no_verdicts():
    assert judge_addresses(Cluster({}), Forwarding(Cluster({}))) == {}


# --- an InternalIP that is itself the wrong one ------------------------------------------------------------------------


def kubelet_took_the_second_card(**changed: Any) -> ClusterNode:
    """Node-2 as it was measured in the laboratory (`internal-ip-wrong`): nobody on eth1, the others answer on eth0."""
    given: dict[str, Any] = {
        "internal": "192.168.50.12",
        "neighbors": f"{HEARD}\n10.0.1.13 dev eth0 lladdr 02:00:0a:00:01:0d REACHABLE",
        "sessions": "10.0.1.11 Connect\n10.0.1.13 Connect",
    }
    return two_cards(2, calico="192.168.50.12/24", **{**given, **changed})


def others_get_along(second: str = "Passive") -> list[ClusterNode]:
    return [lan_node(n, 4 - n, sessions=f"10.0.1.{14 - n} Established\n192.168.50.12 {second}") for n in (1, 3)]


def test_internal_ip_that_nobody_reaches_is_wrong_where_another_card_is_shown_to_serve():
    found = judged(kubelet_took_the_second_card(), *others_get_along())
    assert {n: v.status.value for n, v in found.items()} == {"node-1": "ok", "node-2": "wrong", "node-3": "ok"}
    wrong = found["node-2"]
    assert (str(wrong.stored), str(wrong.expected), wrong.expected_interface) == ("192.168.50.12", "10.0.1.12", "eth0")
    assert {t.peer for t in wrong.trials} == {"node-1", "node-3"}


def test_internal_ip_in_a_network_of_its_own_that_works_is_right():
    """Routed, the sessions are up and tunnels carry: that nobody else is in its network is no fault."""
    two = kubelet_took_the_second_card(sessions="10.0.1.11 Established\n10.0.1.13 Established", neighbors=None)
    found = judged(two, *others_get_along("Established"))
    assert found["node-2"].status is not AddressStatus.WRONG


def test_internal_ip_with_sessions_down_alone_is_not_shown_to_be_wrong():
    """Whoever blocks port 179 on node-2 blocks it for its other address too; no packet is shown to be lost."""
    found = judged(kubelet_took_the_second_card(neighbors=None), *others_get_along())
    assert (found["node-2"].status, found["node-2"].expected) == (AddressStatus.UNKNOWN, None)


def test_other_card_in_a_network_of_the_same_prefix_elsewhere_serves_nobody():
    """Same subnet is not same wire: on eth0 somebody answers, and it is no card of a node."""
    alone = kubelet_took_the_second_card(neighbors="10.0.1.1 dev eth0 lladdr 02:99:00:00:00:01 REACHABLE")
    found = judged(alone, *others_get_along())
    assert found["node-2"].status is AddressStatus.UNKNOWN


def test_of_two_nodes_that_each_stand_apart_neither_is_blamed():
    """Each goes by the network that the other has a second card in: nothing tells which of the two is meant."""
    one = two_cards(
        1, calico="10.0.1.11/24", neighbors="192.168.50.12 dev eth1 FAILED", sessions="192.168.50.12 Connect"
    )
    two = kubelet_took_the_second_card(
        neighbors=f"{HEARD}\n192.168.50.11 dev eth1 FAILED", sessions="10.0.1.11 Connect"
    )
    assert AddressStatus.WRONG not in {v.status for v in judged(one, two, blocks=blocks_of(1, 2)).values()}


def four(*more: int) -> list[ClusterNode]:
    """Node-2 and node-4 go by LAN B, on which they reach each other; node-1 and node-3 are on LAN A alone."""
    heard = "\n".join(f"10.0.1.{10 + n} dev eth0 lladdr 02:00:0a:00:01:{10 + n:02x} REACHABLE" for n in (1, 3))
    odd = []
    for number, other in ((2, 4), (4, 2)):
        b = f"192.168.50.{10 + other} dev eth1 lladdr 02:00:c0:a8:32:{10 + other:02x} REACHABLE"
        odd.append(
            two_cards(
                number,
                other,
                calico=f"192.168.50.{10 + number}/24",
                internal=f"192.168.50.{10 + number}",
                sessions=f"192.168.50.{10 + other} Established\n10.0.1.11 Connect\n10.0.1.13 Connect",
                routes=f"{routes_of(number)}\n192.168.50.0/24 dev eth1 proto kernel scope link src 192.168.50.{10 + number}\n"
                f"10.244.{other}.0/26 via 192.168.50.{10 + other} dev eth1 proto bird",
                sysctls="net.ipv4.conf.all.rp_filter = 1",
                neighbors=f"{heard}\n{b}",
            )
        )
    said = "\n".join(f"192.168.50.{ip} Passive" for ip in more)
    plain = [
        lan_node(n, 4 - n, routes=routes_of(n, 4 - n, default=False), sessions=f"10.0.1.{14 - n} Established\n{said}")
        for n in (1, 3)
    ]
    return [plain[0], odd[0], plain[1], odd[1]]


def test_two_nodes_whose_kubelets_took_the_same_wrong_network_are_not_called_right():
    """They reach each other on LAN B, and nobody else: the network that joins all four is LAN A."""
    found = judged(*four(12, 14), blocks=blocks_of(1, 2, 3, 4))
    assert {n: v.status.value for n, v in found.items()} == {
        "node-1": "ok",
        "node-2": "wrong",
        "node-3": "ok",
        "node-4": "wrong",
    }
    assert [str(found[n].expected) for n in ("node-2", "node-4")] == ["10.0.1.12", "10.0.1.14"]


def test_two_racks_that_lost_each_other_are_not_laid_at_nodes_with_a_card_in_both():
    """Node-5 is in rack B alone and cut off like node-2: it is not the address in rack B that is wrong."""
    alone = machine(
        "node-5",
        card("eth1", "192.168.50.15/24"),
        internal="192.168.50.15",
        calico="192.168.50.15/24",
        routes="192.168.50.0/24 dev eth1 proto kernel scope link src 192.168.50.15",
    )
    found = judged(*four(12, 14, 15), alone, blocks=blocks_of(1, 2, 3, 4, 5))
    assert {found[n].status for n in ("node-2", "node-4")} == {AddressStatus.UNKNOWN}
