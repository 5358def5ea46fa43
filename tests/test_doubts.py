"""What a node may do to packets whatever its routes say: drop them for a full table of connections, or be gone."""

from __future__ import annotations

import re

import pytest

from tests.checks.test_checks import Edit, changed

SETTINGS = "net.netfilter.nf_conntrack_count = {}\nnet.netfilter.nf_conntrack_max = 262144\n"


def tracking(count: int, node: str = "node-2") -> Edit:
    return lambda path, text: text + SETTINGS.format(count) if path.endswith(f"{node}/sysctl.txt") else text


def verdicts(edit: Edit) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in changed("healthy", edit).report()["paths"]:
        if path["verdict"] != "not-applicable":
            found.setdefault(path["node"], set()).add(path["verdict"])
    return found


def test_a_full_table_of_connections_leaves_paths_that_begin_or_end_there_open():
    """nf_conntrack_core.c: above the maximum a new connection is dropped unless early_drop() finds one to give up.

    Each lookup is a new connection, on the node of the pod and on that of the DNS pod.
    """
    assert verdicts(tracking(262144)) == {f"node-{n}": {"unknown"} for n in (1, 2, 3)}
    after = changed("healthy", tracking(262144))
    reasons = {p["reason"]["text"] for p in after.report()["paths"] if p["verdict"] == "unknown"}
    assert all("node-2 tracks 262,144 of at most 262,144 connections" in text for text in reasons)
    assert after.verdict.status == "inconclusive"


def test_a_table_that_is_not_full_drops_nothing():
    assert {"reaches"} == set().union(*verdicts(tracking(250000)).values())


def test_a_full_table_of_a_node_without_dns_pods_concerns_its_own_pods():
    assert verdicts(tracking(300000, "node-3")) == {"node-1": {"reaches"}, "node-2": {"reaches"}, "node-3": {"unknown"}}


def not_ready(node: str, status: str, *, observed: bool) -> Edit:
    def edit(path: str, text: str) -> str | None:
        if f"/{node}/" in path and not observed:
            return None
        if not path.endswith("k8s/nodes.yaml"):
            return text
        head, name, rest = text.partition(f" name: {node}\n")
        assert name
        return head + name + rest.replace('status: "True"', f'status: "{status}"', 1)

    return edit


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_that_is_not_ready_and_was_not_looked_at_may_be_gone(status: str):
    """Kubernetes, Nodes: Unknown where nothing was heard for the grace period; False where the kubelet itself complains.

    What routes it would have by Calico's rules says nothing of a machine that may be off.
    """
    found = verdicts(not_ready("node-3", status, observed=False))
    assert found["node-3"] == {"unknown"}
    assert found["node-1"] == found["node-2"] == {"reaches"}


def test_endpoints_on_a_node_that_may_be_gone_are_not_said_to_be_reached():
    """Endpoints lose the addresses of such a node some time later: those still listed may answer nobody."""
    assert set().union(*verdicts(not_ready("node-2", "Unknown", observed=False)).values()) == {"unknown"}


def test_the_routes_of_a_node_that_is_not_ready_are_believed_where_they_were_recorded():
    found = verdicts(not_ready("node-3", "Unknown", observed=True))
    assert found == {f"node-{n}": {"reaches"} for n in (1, 2, 3)}


def cut_off(path: str, text: str, address: str = "10.0.1.13", block: str = "10.244.3.0/26") -> str:
    """What the others show of a node that is off: no session, and no route to its block."""
    if "birdcl_show_protocols" in path:
        session = rf"(Mesh_{address.replace('.', '_')}\s+BGP\s+\S+\s+)up(\s+\S+\s+)Established"
        return re.sub(session, r"\1start\2Active        Socket: No route to host", text)
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(block)) if "route" in path else text


def test_pods_of_a_node_that_may_be_off_are_not_said_to_fail_for_want_of_a_route():
    """The machine's own table was not seen: by the sessions that the others have not, it would lack routes, if it ran."""
    gone = not_ready("node-3", "Unknown", observed=False)

    def edit(path: str, text: str) -> str | None:
        kept = gone(path, text)
        return None if kept is None or path.endswith("calico-node.log") else cut_off(path, kept)

    after = changed("healthy", edit).report()
    theirs = [p for p in after["paths"] if p["node"] == "node-3" and p["verdict"] != "not-applicable"]
    assert {p["verdict"] for p in theirs} == {"unknown"}
    assert all("node-3 is not Ready" in p["reason"]["text"] for p in theirs)
    assert after["verdict"]["root_causes"] == []


def test_a_session_with_a_node_that_is_not_ready_is_said_to_be_one():
    """The DNS pods' node is gone, and the endpoints still list them: the machine comes before the port."""

    def edit(path: str, text: str) -> str | None:
        kept = not_ready("node-2", "Unknown", observed=False)(path, text)
        if kept is None or path.endswith("calico-node.log"):
            return None
        return cut_off(path, kept, "10.0.1.12", "10.244.2.0/26")

    after = changed("healthy", edit)
    (down,) = after.findings["CB201"]
    assert "node-2 is not Ready: see first whether the machine runs" in down.message
