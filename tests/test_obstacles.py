"""What stops lookups whatever the routes say, from the bundle to the verdict: policies, and the service rules of a node."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.test_checks import Edit, changed
from tests.dns_bundles import with_files

DENY_SHOP = """apiVersion: v1
kind: List
items:
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata:
    name: nothing-out
    namespace: {namespace}
  spec:
    podSelector: {{}}
    policyTypes:
    - Egress
    egress: {egress}
"""
ALLOW_DNS = """
    - ports:
      - port: 53
        protocol: UDP
      - port: 53
        protocol: TCP
"""


def with_policy(namespace: str, egress: str) -> Edit:
    """The daemonsets' file with a policy behind it: any file of objects can hold any object."""
    policy = DENY_SHOP.format(namespace=namespace, egress=egress)
    return lambda path, text: f"{text.rstrip()}\n---\n{policy}" if path.endswith("k8s/daemonsets.yaml") else text


def paths_of(report: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {f"{p['namespace']}/{p['pod']}": (p["verdict"], p["reason"]["code"]) for p in report["paths"]}


def in_host_network(report: dict[str, Any]) -> set[str]:
    return {f"{p['namespace']}/{p['pod']}" for p in report["paths"] if p["host_network"]}


def asking(report: dict[str, Any]) -> set[str]:
    return {name for name, (verdict, _) in paths_of(report).items() if verdict != "not-applicable"}


def test_a_policy_that_lets_nothing_out_breaks_the_pods_it_selects_and_no_others():
    before = changed("healthy").report()
    namespace = min(asking(before)).partition("/")[0]
    after = changed("healthy", with_policy(namespace, "[]")).report()
    for name in asking(before):
        # Kubernetes, Network Policies: what applies to pods in their node's network is not defined; Calico applies none.
        hit = name.startswith(f"{namespace}/") and name not in in_host_network(before)
        assert paths_of(after)[name] == (("broken", "CB401") if hit else paths_of(before)[name])
    assert after["verdict"]["status"] == "broken"


def test_a_policy_that_lets_dns_out_breaks_nothing():
    before = changed("healthy").report()
    namespace = min(asking(before)).partition("/")[0]
    after = changed("healthy", with_policy(namespace, ALLOW_DNS)).report()
    assert paths_of(after) == paths_of(before)


def of_service_rules(node: str, old: str, new: str) -> Edit:
    return lambda path, text: text.replace(old, new) if path.endswith(f"{node}/iptables-save.txt") else text


@pytest.mark.parametrize("stale, verdict", [(("10.244.2.2", "10.244.2.3"), "broken"), (("10.244.2.3",), "degraded")])
def test_service_rules_that_lead_elsewhere_break_the_lookups_of_their_node(stale: tuple[str, ...], verdict: str):
    def edit(path: str, text: str) -> str:
        for ip in stale:
            text = of_service_rules("node-1", f"to-destination {ip}:", "to-destination 10.244.9.9:")(path, text) or ""
        return text

    before, after = changed("healthy").report(), changed("healthy", edit).report()
    for path in after["paths"]:
        name = f"{path['namespace']}/{path['pod']}"
        if path["node"] == "node-1" and name in asking(before):
            assert path["verdict"] in (verdict, "unknown"), path
        else:
            assert paths_of(after)[name] == paths_of(before)[name]


# --- what leaves paths open, and must not be called healthy -----------------------------------------------------------


def test_a_node_that_does_not_forward_leaves_the_paths_through_it_open():
    """The kernel asks the card by which a packet came in (IN_DEV_FORWARD) before it sends it on to a pod."""

    def still(path: str, text: str) -> str:
        card = ("ens18.forwarding = 1", "ens18.forwarding = 0")
        return text.replace(*card) if path.endswith("node-2/sysctl.txt") else text

    after = changed("healthy", still).report()
    assert after["verdict"]["status"] == "inconclusive"
    assert {p["verdict"] for p in after["paths"] if p["node"] == "node-1"} <= {"unknown", "not-applicable"}
    assert all(p["verdict"] == "reaches" for p in after["paths"] if p["pod"].startswith("coredns"))


def apart(path: str, text: str) -> str | None:
    """The wrong card's address as InternalIP: the other nodes are all in the network of the node's other card."""
    return text.replace("- address: 10.0.1.12", "- address: 192.168.50.12") if path.endswith("nodes.yaml") else text


def test_an_internal_ip_that_nobody_reaches_is_wrong_where_neighbors_show_the_other_card_to_serve():
    """As it was measured in the laboratory (`internal-ip-wrong`), with the addresses of the incident."""
    after = changed("incident", apart)
    node = next(n for n in after.report()["nodes"] if n["name"] == "shop-worker-2")
    assert (node["address_verdict"], node["expected_ip"]) == ("wrong", "10.0.1.12")
    assert after.verdict.root_causes[0] == "CB101"
    (beside,) = after.findings["CB107"]
    assert "kubernetes-internal-ip would change nothing" in beside.message
    assert any("--node-ip=10.0.1.12" in command for command in beside.fixes[0].commands)
    (fix,) = after.findings["CB101"][0].fixes
    assert fix.title == "have Calico use the address from which each node reaches 10.0.1.1 (can-reach)"
    assert (fix.leaves_broken, bool(fix.restores)) == (0, True)
    assert not any("NodeInternalIP" in c or "kubernetes-internal-ip" in c for c in fix.commands)
    assert "kubernetes-internal-ip: it leaves shop-worker-2 with 192.168.50.12" in fix.runner_up


def test_an_internal_ip_that_stands_apart_is_not_called_right():
    """Without the neighbor tables nothing shows which wires the cards are on."""
    after = changed("incident", lambda path, text: None if "ip-neigh" in path else apart(path, text))
    node = next(n for n in after.report()["nodes"] if n["name"] == "shop-worker-2")
    assert node["address_verdict"] == "unknown"
    (beside,) = after.findings["CB107"]
    assert beside.subject == "node/shop-worker-2"
    assert beside.fixes[0].commands[1].startswith("ping -c 3 -I 10.0.1.12 ")
    assert "CB201" not in after.verdict.root_causes
    told = {h["name"]: h["status"] for h in after.report()["hypotheses"]}
    assert told["calico-address"] != "ruled-out"


CACHE = """apiVersion: v1
kind: Pod
metadata:
  name: node-local-dns-{node}
  namespace: kube-system
  labels:
    k8s-app: node-local-dns
spec:
  nodeName: {node}
  hostNetwork: true
  containers:
  - name: node-cache
status:
  phase: Running
"""
TO_COREDNS = """
    - to:
      - namespaceSelector: {}
        podSelector:
          matchLabels:
            k8s-app: kube-dns
      ports:
      - port: 53
        protocol: UDP
      - port: 53
        protocol: TCP
"""


def test_pods_of_a_cache_alone_do_not_make_lookups_go_by_it():
    """Whether pods ask a cache is in the kubelet's clusterDNS, or shown by whose address it holds."""

    def with_caches(path: str, text: str) -> str:
        if not path.endswith("k8s/daemonsets.yaml"):
            return text
        pods = "---\n".join(CACHE.format(node=f"node-{n}") for n in (1, 2, 3))
        return f"{with_policy('default', TO_COREDNS)(path, text)}---\n{pods}"

    after = changed("healthy", with_caches).report()
    assert "CB401" not in {f["code"] for f in after["findings"]}


def test_a_method_is_tried_where_the_daemonset_was_not_collected():
    bundle = changed("incident", lambda path, text: None if path.endswith("daemonsets.yaml") else text)
    after = bundle.what_if(method="kubernetes-internal-ip").report()
    assert after["verdict"]["status"] == "healthy"
    assert {n["detection_method"] for n in after["nodes"]} == {"kubernetes-internal-ip"}
    assert not [fix for finding in after["findings"] for fix in finding["fixes"]]


def test_service_rules_without_the_dns_address_leave_the_node_open():
    """Rules of services that nobody knows may be of another time or cluster: they say nothing of where lookups go."""
    edit = of_service_rules("node-1", "10.96.0.10/32", "10.96.0.77/32")
    before, after = changed("healthy").report(), changed("healthy", edit).report()
    assert after["verdict"]["status"] == "inconclusive"
    for path in after["paths"]:
        name = f"{path['namespace']}/{path['pod']}"
        open_one = path["node"] == "node-1" and name in asking(before)
        assert path["verdict"] == ("unknown" if open_one else paths_of(before)[name][0])


def test_what_is_surely_lost_is_lost_whatever_else_is_open():
    """A policy denies what a node may not forward either."""

    def edit(path: str, text: str) -> str:
        still = text.replace("forwarding = 1", "forwarding = 0") if path.endswith("node-2/sysctl.txt") else text
        return with_policy("default", "[]")(path, still) or ""

    after = changed("healthy", edit).report()
    assert paths_of(after)["default/app-1"] == ("broken", "CB401")


# --- what could not be had, and what nobody collected ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, text, status",
    [
        ("networkpolicies.yaml", "Error from server (Forbidden): networkpolicies is forbidden\n", "inconclusive"),
        ("networkpolicies.yaml", "apiVersion: v1\nitems: []\nkind: List\n", "healthy"),
        # An API server that does not know a kind has no objects of it.
        ("globalnetworkpolicies.yaml", 'error: the server doesn\'t have a resource type "globalnetworkpolicies"\n', "healthy"),
        ("podsecuritypolicies.yaml", "Error from server (Forbidden): podsecuritypolicies is forbidden\n", "healthy"),
    ],
)  # fmt: skip
def test_policies_that_could_not_be_had_leave_nothing_healthy(name: str, text: str, status: str):
    assert with_files("healthy", {f"k8s/{name}": text}).verdict.status == status


def test_a_healthy_verdict_says_what_it_does_not_rest_on():
    found = with_files("healthy").verdict
    assert found.status == "healthy"
    assert "not looked at: network policies" in found.headline


def test_a_host_endpoint_is_no_policy_that_was_looked_at():
    """Calico, Host endpoints: it is what policies apply to, and none."""
    text = (
        "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: n1, labels: {host: 'yes'}}\n"
        "spec: {node: node-1, interfaceName: '*'}\n"
    )
    assert "not looked at: network policies" in with_files("healthy", {"k8s/hep.yaml": text}).verdict.headline
