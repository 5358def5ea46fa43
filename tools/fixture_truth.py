"""From what a laboratory run measured to what a report about it must, may and must not say.

Nothing here asks the analyzer. Every rule is over probes (real packets), never over addresses alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from itertools import chain
from typing import Any

from tools.fixture_runs import Json, Run

DEFAULT_POOL = "10.244.0.0/16"
"""The pool of a laboratory scenario that names none."""


def share(answered: Iterable[bool]) -> str:
    """How many of them hold: all, some or none.

    >>> share([True, False]), share([]), share([True])
    ('some', 'none', 'all')
    """
    values = list(answered)
    return "all" if values and all(values) else "some" if any(values) else "none"


def verdict(endpoints: str, service: str) -> str:
    """A pod's verdict from two measurements: the endpoints asked one by one, and lookups to the service address.

    A lookup goes to the service address, so that one decides where the two differ: endpoints that answer when asked
    directly are of no use to a pod whose node has no route for the service address (`service` none). The service
    address never does better than the endpoints; with `some` of them answering, `all` tries hit one that does by luck.

    >>> verdict("all", "all"), verdict("some", "some"), verdict("none", "none"), verdict("all", "none")
    ('reaches', 'degraded', 'broken', 'broken')
    """
    if service == "none":
        return "broken"
    return "reaches" if endpoints == service == "all" else "degraded"


def uses_cluster_dns(policy: str, *, host_network: bool) -> bool:
    """Whether a pod's lookups go to the cluster's DNS service at all.

    `Default` takes the node's resolv.conf, and so does hostNetwork with ClusterFirst.

    >>> uses_cluster_dns("ClusterFirst", host_network=True), uses_cluster_dns("ClusterFirst", host_network=False)
    (False, True)
    """
    return policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not host_network)


def measured(run: Run, policies: dict[str, str]) -> Json:
    """What was measured: facts of the incident, nodes, pods. `policies` is `namespace/pod` to dnsPolicy."""
    truth, scenario = run.truth, run.scenario
    pods = {str(run.pod(p["name"])): _pod(run, truth, node["name"], p, policies)
            for node in scenario["nodes"] for p in node["pods"]}  # fmt: skip
    return {
        "facts": facts(truth, scenario),
        "nodes": {name: _node(truth, name) for name in truth["nodes"]},
        "paths": dict(sorted(Counter(p["verdict"] for p in pods.values()).items())),
        "pods": pods,
    }


def _pod(run: Run, truth: Json, node: str, pod: Json, policies: dict[str, str]) -> Json:
    endpoints = {p["dst"]: {"request": p["request"], "reply": p["reply"]} for p in _dns_probes(truth)
                 if p["src"] == pod["name"] and p["dst"] in dns_pods(run.scenario)}  # fmt: skip
    vip = next(v for v in truth["dns_vip"] if v["src"] == pod["name"])
    tries = share([True] * vip["ok"] + [False] * (vip["tries"] - vip["ok"]))
    host_network = pod.get("hostNetwork", False)
    applies = uses_cluster_dns(policies.get(str(run.pod(pod["name"])), "ClusterFirst"), host_network=host_network)
    decided = verdict(share(e["reply"] for e in endpoints.values()), tries)
    return {
        "node": node,
        "host_network": host_network,
        "verdict": decided if applies else "not-applicable",
        "service": {"tries": vip["tries"], "answered": vip["ok"]},
        "endpoints": endpoints,
    }


def _node(truth: Json, name: str) -> Json:
    node, sessions = truth["nodes"][name], truth["bgp"][name]
    return {
        "internal_ip": node["internal_ip"],
        "chosen": node["chosen"],
        "interface": node["chosen_dev"],
        "method": node["method"],
        "sessions": {peer: s["info"].split("  ")[0] for peer, s in sessions.items()},
    }


def _dns_probes(truth: Json) -> list[Json]:
    return [p for p in truth["probes"] if p["proto"] == "dns"]


def dns_pods(scenario: Json) -> dict[str, str]:
    """Every DNS pod and its node."""
    return {p["name"]: n["name"] for n in scenario["nodes"] for p in n["pods"] if p.get("role") == "dns"}


# --- the five facts of the incident ---------------------------------------------------------------------------------


def facts(truth: Json, scenario: Json) -> dict[str, bool | None]:
    """The five facts that the incident was reported with, each as measured; None where nothing measured it.

    True means: in every probe. "There" is the node or nodes that host DNS, "elsewhere" all others.
    """
    there = set(dns_pods(scenario).values())
    away = [p for p in _dns_probes(truth) if p["src_node"] != p["dst_node"] and p["dst_node"] not in there]
    to_pod = [p for p in away if p["dst_kind"] == "pod"]
    from_there = [p for p in away if p["src_node"] in there]
    return {
        "dns_fails_for_pods_elsewhere": _every(not v["ok"] for v in _pod_lookups(truth) if v["src_node"] not in there),
        "other_traffic_elsewhere_works": _every(
            p["reply"] for p in to_pod if p["src_kind"] == "pod" and p["src_node"] not in there),
        "dns_works_for_pods_there": _every(
            v["ok"] == v["tries"] for v in _pod_lookups(truth) if v["src_node"] in there),
        "nodes_reach_each_other": _every(p["reply"] for p in _node_to_node(truth)),
        "pods_there_cut_off_from_pods_elsewhere": _every(
            not p["reply"] for p in from_there if p["src_kind"] == "pod" and p["dst_kind"] == "pod"),
        "host_network_there_reaches_pods_elsewhere": _every(
            p["reply"] for p in from_there if p["src_kind"] != "pod" and p["dst_kind"] == "pod"),
        "host_network_there_reaches_host_network_elsewhere": _every(
            p["reply"] for p in from_there if p["src_kind"] != "pod" and p["dst_kind"] == "hostNetworkPod"),
    }  # fmt: skip


def _every(values: Iterable[bool]) -> bool | None:
    seen = list(values)
    return all(seen) if seen else None


def _pod_lookups(truth: Json) -> list[Json]:
    return [v for v in truth["dns_vip"] if v["src_kind"] == "pod"]


def _node_to_node(truth: Json) -> list[Json]:
    internal = {name: node["internal_ip"] for name, node in truth["nodes"].items()}
    return [p for p in _dns_probes(truth) if p["src_kind"] == "node" and p["dst_kind"] == "nodeIP"
            and p["src_node"] != p["dst_node"] and p["dst_ip"] == internal[p["dst_node"]]]  # fmt: skip


# --- what a report must and must not say ------------------------------------------------------------------------------


def wrong_nodes(truth: Json) -> list[str]:
    """Nodes whose Calico address is wrong and does harm.

    All three must hold: it is not the InternalIP; packets between pods of this node and pods of another node were
    lost; and the InternalIP would do better, for every other node did reach it.
    """
    return [name for name, node in truth["nodes"].items()
            if node["chosen"] and _address(node["chosen"]) != node["internal_ip"]
            and any(not p["reply"] for p in _between_pods(truth) if name in (p["src_node"], p["dst_node"]))
            and all(p["reply"] for p in _node_to_node(truth) if p["dst_node"] == name)]  # fmt: skip


def _address(cidr: str) -> str:
    return str(ip_interface(cidr).ip)


def _between_pods(truth: Json) -> list[Json]:
    return [p for p in _dns_probes(truth) if p["src_kind"] == p["dst_kind"] == "pod" and p["src_node"] != p["dst_node"]]


def shared_addresses(truth: Json) -> set[str]:
    """Calico addresses that more than one node holds."""
    count = Counter(_address(n["chosen"]) for n in truth["nodes"].values() if n["chosen"])
    return {address for address, holders in count.items() if holders > 1}


def blame(truth: Json) -> dict[str, str]:
    """The finding that each wrong node deserves: held by two nodes, on no interface, or else simply wrong."""
    shared = shared_addresses(truth)
    return {name: "CB102" if _address(truth["nodes"][name]["chosen"]) in shared
            else "CB103" if truth["nodes"][name]["chosen_dev"] is None else "CB101"
            for name in wrong_nodes(truth)}  # fmt: skip


def root_causes(truth: Json) -> list[str] | None:
    """The codes that explain what was lost; None where no rule here does and a report is not held to any."""
    blamed = sorted(set(blame(truth).values()))
    if blamed or not any(not p["reply"] for p in chain(_between_pods(truth), _lookups_lost(truth))):
        return blamed
    if any(h["result"] != "ok" for h in truth["tcp179"] if not h["bird_is_passive"]):
        return ["CB201"]
    return ["CB202"] if _learned_by_way_of_a_router(truth) else None


def _lookups_lost(truth: Json) -> Iterable[Json]:
    return ({"reply": False} for v in truth["dns_vip"] if v["ok"] < v["tries"])


def _learned_by_way_of_a_router(truth: Json) -> bool:
    """A lost pair of nodes whose route was learned, but leads to something that is no node: an unusable next hop."""
    addresses = {_address(n["chosen"]) for n in truth["nodes"].values() if n["chosen"]}
    lost = {(p["src_node"], p["dst_node"]) for p in _between_pods(truth) if not p["reply"]}
    return any(r["dst"] == truth["nodes"][there]["block"] and r.get("gateway") not in addresses and "gateway" in r
               for here, there in lost for r in truth["pool_routes"][here])  # fmt: skip


def unintended(truth: Json) -> list[str]:
    """Nodes whose Calico address is not on the InternalIP's network and does no harm."""
    harmful = wrong_nodes(truth)
    return [name for name, node in truth["nodes"].items() if name not in harmful and node["chosen"]
            and ip_interface(node["internal_ip"]).ip not in ip_network(node["chosen"], strict=False)]  # fmt: skip


def expected(run: Run, pods: Json, after_restart: Run | None) -> Json:
    """What a report on the whole bundle must say; `after_restart` is the run that shows what the next start does."""
    truth = run.truth
    wrong = wrong_nodes(truth)
    broken = any(p["verdict"] in ("broken", "degraded") for p in pods.values())
    at_risk = after_restart is not None and bool(wrong_nodes(after_restart.truth))
    blamed = blame(truth) or _will_move(truth, after_restart)
    return {
        "verdict_status": "broken" if broken else "at-risk" if at_risk else "healthy",
        "root_causes": root_causes(truth) if broken else ["CB105"] if at_risk else [],
        "wrong_nodes": wrong,
        "blamed_codes": blamed,
        "must_not_blame": [name for name in truth["nodes"] if name not in blamed],
        "forbidden_codes": forbidden(truth),
        "warranted": warranted(run),
        "unknown_paths_allowed": False,
    }  # fmt: skip


def _will_move(truth: Json, after_restart: Run | None) -> dict[str, str]:
    if after_restart is None:
        return {}
    later = after_restart.truth["nodes"]
    return {name: "CB105" for name, n in truth["nodes"].items() if later[name]["chosen"] != n["chosen"]}


def forbidden(truth: Json) -> list[str]:
    """Codes that would be false of this cluster, whatever the bundle holds."""
    codes = blame(truth).values()
    on_interfaces = all(n["chosen_dev"] for n in truth["nodes"].values() if n["chosen"])
    false = {"CB101": not wrong_nodes(truth), "CB102": not shared_addresses(truth), "CB103": on_interfaces}
    return [code for code, is_false in false.items() if is_false and code not in codes]


def warranted(run: Run) -> dict[str, list[str]]:
    """Codes that are true of this cluster besides the root cause, with the nodes they are about."""
    dns = sorted(set(dns_pods(run.scenario).values()))
    out: dict[str, Any] = {
        "CB104": unintended(run.truth),
        "CB205": inside_a_pool(run.scenario),
        "CB303": dns if len(dns) == 1 else [],
    }
    return {code: nodes for code, nodes in out.items() if nodes}


def inside_a_pool(scenario: Json) -> list[str]:
    """Nodes with a card whose network shares addresses with the pool: with a wide mask it holds the whole of it."""
    pool = ip_network(scenario.get("pool", DEFAULT_POOL))
    return [node["name"] for node in scenario["nodes"] if any(net.overlaps(pool) for net in _networks(node))]


def _networks(node: Json) -> Iterable[IPv4Network | IPv6Network]:
    for card in node["interfaces"]:
        for address in (card.get("address"), *card.get("extra_addresses", ())):
            if address:
                yield ip_interface(address).network
