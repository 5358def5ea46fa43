"""Reports and traces written by hand, to the letter of the JSON contract, for the tests of the formats.

They show what an analysis could say of a three-node cluster without encapsulation whose node-2 chose an address of its
second network; no analysis made them. Each function gives a new dictionary that a test may change.
"""

from __future__ import annotations

from typing import Any

Made = dict[str, Any]


def evidence(path: str, line: int | None, text: str) -> Made:
    return {"path": path, "line": line, "text": text}


CHOSEN = evidence("cluster/nodes.yaml", 28, 'projectcalico.org/IPv4Address: "192.168.50.12/24"')
DETECTED = evidence(
    "nodes/node-2/calico-node.log",
    1,
    "2026-11-22 23:29:08.000 [INFO][9] startup/autodetection_methods.go 103: Using autodetected IPv4 address on "
    "interface ens19: 192.168.50.12/24",
)
SESSION = evidence(
    "nodes/node-1/birdcl_show_protocols.txt", 7, "Mesh_192_168_50_12 BGP      master   start  23:29:02    Passive"
)
COMMAND = (
    "kubectl set env daemonset/calico-node --namespace kube-system --containers calico-node "
    "IP_AUTODETECTION_METHOD=kubernetes-internal-ip"
)


def finding(**changed: Any) -> Made:
    made: Made = {
        "code": "CB101",
        "name": "wrong-bgp-source-ip",
        "severity": "error",
        "subject": "node/node-2",
        "message": "Calico on node-2 uses 192.168.50.12 of ens19, which node-1 and node-3 cannot reach; its InternalIP "
        "10.0.1.12 on ens18 would work",
        "evidence": [dict(line) for line in (CHOSEN, DETECTED, SESSION)],
        "affects": {"paths": 12, "pods": ["shop/cart-0", "shop/cart-1"], "nodes": ["node-1", "node-3"]},
        "fixes": [
            {
                "title": "let Calico take the address that Kubernetes uses",
                "commands": [COMMAND, "kubectl rollout status daemonset/calico-node --namespace kube-system"],
                "disruption": "calico-node restarts node by node; pods keep running, sessions come back within seconds",
                "restores": 12,
                "leaves_broken": 0,
            },
            {
                "title": "choose the interface by name",
                "commands": [COMMAND.replace("kubernetes-internal-ip", "interface=ens18")],
                "disruption": "as above",
                "restores": None,
                "leaves_broken": None,
            },
        ],
    }
    return made | changed


def node(name: str, ip: str, **changed: Any) -> Made:
    made: Made = {
        "name": name,
        "internal_ip": ip,
        "bgp_ip": ip,
        "bgp_interface": "ens18",
        "expected_ip": ip,
        "expected_interface": "ens18",
        "detection_method": "first-found",
        "predicted_ip": ip,
        "address_verdict": "ok",
        "ipv6": None,
    }
    return made | changed


def path(pod: str, on: str, verdict: str, **changed: Any) -> Made:
    made: Made = {
        "namespace": "shop",
        "pod": pod,
        "node": on,
        "host_network": False,
        "verdict": verdict,
        "basis": "observed",
        "reason": {"code": "CB101", "text": "node-1 has no route to 10.244.2.0/26, where every DNS endpoint is"},
        "endpoints": [
            {"ip": "10.244.2.2", "pod": "coredns-2a", "node": "node-2", "request": "lost", "reply": "lost"},
        ],
    }
    return made | changed


def _bundle() -> Made:
    return {
        "inputs": ["customer.tar.gz"],
        "layouts": ["cluster-info-dump", "per-node"],
        "closest_layout": {"layout": "sos", "title": "sos report", "has": ["sos_commands/"], "lacks": ["sos_logs/"]},
        "artifacts": 61,
        "files": [
            {
                "path": "cluster/nodes.json",
                "layout": "cluster-info-dump",
                "kind": "k8s-objects",
                "node": None,
                "not_read": None,
            },
            {
                "path": "nodes/node-3/ip_rule.txt",
                "layout": "per-node",
                "kind": "ip-rule",
                "node": "node-3",
                "not_read": None,
            },
            {
                "path": "notes.txt",
                "layout": "by-content",
                "kind": None,
                "node": None,
                "not_read": "of no kind that is known",
            },
        ],
        "gaps": [
            {
                "path": "nodes/node-3/ip_rule.txt",
                "line": 4,
                "kind": "not-understood",
                "message": "line not understood: x",
            },
            {
                "path": "nodes/node-3/ip_rule.txt",
                "line": 5,
                "kind": "not-understood",
                "message": "line not understood: y",
            },
            {
                "path": "cluster/secrets.yaml",
                "line": None,
                "kind": "redacted",
                "message": "values hidden by the collector",
            },
        ],
        "missing": [
            {"artifact": "ip-route", "node": "node-3", "effect": "its routes are predicted, not observed"},
            {"artifact": "calicoctl ippools", "node": None, "effect": "the encapsulation is taken from the routes"},
        ],
    }


def _verdict() -> Made:
    return {
        "status": "broken",
        "headline": "12 of 40 pods get no DNS answer: Calico on node-2 uses an address its peers cannot reach",
        "root_causes": ["CB101"],
    }


def _nodes() -> list[Made]:
    return [
        node("node-1", "10.0.1.11"),
        node(
            "node-2",
            "10.0.1.12",
            bgp_ip="192.168.50.12",
            bgp_interface="ens19",
            predicted_ip="192.168.50.12",
            address_verdict="wrong",
        ),
        node("node-3", "10.0.1.13", predicted_ip="172.17.0.1"),
    ]


def _findings() -> list[Made]:
    return [
        finding(),
        finding(
            code="CB303",
            name="dns-single-node",
            severity="warning",
            subject="service/kube-system/kube-dns",
            message="both endpoints of the cluster DNS run on node-2",
            evidence=[evidence("cluster/endpoints.yaml", 12, "- ip: 10.244.2.2")],
            affects={"paths": 0, "pods": [], "nodes": []},
            fixes=[],
        ),
    ]


def check(code: str, name: str, severity: str, status: str, reason: str | None = None) -> Made:
    """One check and what became of it."""
    means = f"What {code} means."
    return {
        "code": code, "name": name, "severity": severity, "means": means, "status": status, "reason": reason,
    }  # fmt: skip


def _hypotheses() -> list[Made]:
    return [
        {
            "name": "firewall-drops-bgp",
            "status": "ruled-out",
            "text": "node-1 and node-3 have a session over the same port",
            "evidence": [evidence("nodes/node-1/birdcl_show_protocols.txt", 8, "Mesh_10_0_1_13 BGP up Established")],
            "collect": [],
        },
        {
            "name": "policy-denies-dns",
            "status": "not-checkable",
            "text": "no network policy is in the bundle",
            "evidence": [],
            "collect": ["kubectl get networkpolicies.networking.k8s.io --all-namespaces --output yaml"],
        },
    ]


def _dns() -> Made:
    return {
        "services": [
            {
                "namespace": "kube-system",
                "name": "kube-dns",
                "cluster_ips": ["10.96.0.10"],
                "endpoints": [
                    {
                        "namespace": "kube-system",
                        "pod": "coredns-2a",
                        "node": "node-2",
                        "ip": "10.244.2.2",
                        "ready": True,
                        "ready_shown": True,
                    },
                    {
                        "namespace": None,
                        "pod": None,
                        "node": None,
                        "ip": "10.244.2.3",
                        "ready": False,
                        "ready_shown": True,
                    },
                ],
            }
        ],
        "paths": {"total": 43, "reaches": 27, "degraded": 0, "broken": 12, "unknown": 1, "not_applicable": 3},
    }


def _symptoms() -> Made:
    line = evidence("pods/logs/shop/cart-0/cart.log", 7, "lookup orders on 10.96.0.10:53: read udp: i/o timeout")
    symptom = {
        "namespace": "shop",
        "pod": "cart-0",
        "node": "node-1",
        "kinds": {"timeout": 12},
        "first_time": "2026-11-22T23:30:00Z",
        "last_time": "2026-11-22T23:41:00Z",
        "verdict": "broken",
        "relation": "agrees",
        "text": "lookups time out (Go, 12 lines), as its path lets expect",
        "evidence": [line],
    }
    relations = {"contradicts": 0, "agrees": 1, "says-nothing": 0}
    return {"pods": 1, "lines": 12, "relations": relations, "listed": [symptom]}


def _effects() -> list[Made]:
    return [
        {
            "name": "dns-on-node-2",
            "status": "works",
            "text": "Pods on node-2 reach both endpoints without leaving their node",
            "evidence": [],
        },
        {
            "name": "dns-from-other-nodes",
            "status": "broken",
            "text": "Pods on node-1 and node-3 get no DNS answer: those nodes have no route to 10.244.2.0/26",
            "evidence": [evidence("nodes/node-1/ip_route.txt", 5, "10.244.3.0/26 via 10.0.1.13 dev ens18 proto bird")],
        },
    ]


def broken_report() -> Made:
    """A wrong address on node-2: what most reports look like."""
    return {
        "schema_version": 1,
        "tool": {"name": "bundle-analyze", "version": "0.1.0"},
        "bundle": _bundle(),
        "verdict": _verdict(),
        "nodes": _nodes(),
        "findings": _findings(),
        "hypotheses": _hypotheses(),
        "collect": {
            "paths": 3,
            "commands": ["kubectl exec -n kube-system calico-node-x7k2p -c calico-node -- sh -c 'ip addr; ip rule'"],
            "beside": ["the routes of 10.0.1.1"],
        },
        "dns": _dns(),
        "effects": _effects(),
        "symptoms": _symptoms(),
        "checks": [
            check("CB101", "wrong-bgp-source-ip", "error", "found"),
            check("CB303", "dns-single-node", "warning", "found"),
            check("CB302", "dns-no-ready-endpoints", "error", "nothing-found"),
            check("CB401", "policy-denies-dns", "error", "skipped", "no network policy is in the bundle"),
        ],
        "checks_skipped": [{"code": "CB401", "reason": "no network policy is in the bundle"}],
        "coverage": [
            {"artifact": "ip-route", "seen": 2, "of": 3, "text": "routes of node-1 and node-2"},
            {"artifact": "pods", "seen": 43, "of": None, "text": "pods of all namespaces"},
        ],
        "other_plugins": [
            {
                "name": "flannel",
                "daemonset": "kube-system/kube-flannel-ds",
                "text": "it runs beside calico-node",
                "evidence": [{"path": "cluster/pods.json", "line": 7, "text": "name: kube-flannel-ds-x7k2p"}],
            }
        ],
        "paths": [
            path("cart-0", "node-1", "broken"),
            path("cart-1", "node-3", "broken"),
            path("web-0", "node-2", "reaches"),
        ],
    }


def healthy_report() -> Made:
    """Nothing found, and everything looked at."""
    made = broken_report()
    made["verdict"] = {"status": "healthy", "headline": "all 40 pods that use cluster DNS reach it", "root_causes": []}
    made["findings"] = []
    made["nodes"] = [node(f"node-{number}", f"10.0.1.1{number}") for number in (1, 2, 3)]
    made["hypotheses"] = made["effects"] = made["checks_skipped"] = made["coverage"] = []
    made["other_plugins"] = made["paths"] = []
    made["symptoms"] = {
        "pods": 0,
        "lines": 0,
        "relations": {"contradicts": 0, "agrees": 0, "says-nothing": 0},
        "listed": [],
    }
    made["collect"] = None
    made["checks"] = [one for one in made["checks"] if one["status"] == "nothing-found"]
    made["bundle"]["gaps"] = made["bundle"]["missing"] = []
    made["dns"]["paths"] = {"total": 40, "reaches": 40, "degraded": 0, "broken": 0, "unknown": 0, "not_applicable": 0}
    return made


def inconclusive_report() -> Made:
    """Nothing found because nothing could be looked at."""
    made = healthy_report()
    made["verdict"] = {"status": "inconclusive", "headline": "the bundle holds no pods", "root_causes": []}
    made["nodes"] = []
    made["dns"] = {
        "services": [],
        "paths": {"total": 0, "reaches": 0, "degraded": 0, "broken": 0, "unknown": 0, "not_applicable": 0},
    }
    return made


def large_report(size: int = 5000) -> Made:
    """As many nodes as Kubernetes allows, a few of them wrong."""
    made = broken_report()
    names = [f"node-{number}" for number in range(size)]
    made["nodes"] = [node(name, "10.0.1.1") for name in names]
    for wrong in made["nodes"][-3:]:
        wrong |= {"address_verdict": "wrong", "bgp_ip": "192.168.50.12"}
    made["findings"] = [finding(affects={"paths": 149_990, "pods": ["shop/cart-0"] * 20, "nodes": names})]
    made["bundle"]["missing"] = [{"artifact": "ip-route", "node": name, "effect": "unknown"} for name in names]
    made["dns"]["services"][0]["endpoints"] *= 100
    return made


def dual_stack_report() -> Made:
    """IPv6 beside IPv4, and only IPv6 is wrong."""
    made = broken_report()
    made["nodes"][0]["ipv6"] = {
        "internal_ip": "2001:db8::11",
        "bgp_ip": "fd00:c0a8:0:dac6:e9ec:5405:ccc5:87c0",
        "bgp_interface": "vxlan-v6.calico",
        "expected_ip": "2001:db8::11",
        "predicted_ip": "2001:db8::11",
        "address_verdict": "wrong",
    }
    return made


def hop(on: str | None, does: str, **changed: Any) -> Made:
    return {"node": on, "does": does, "rule": None, "expected": None, "found": None, "evidence": None} | changed


def dns_trace() -> Made:
    """From a pod to the DNS service, with one endpoint: the request is lost on the first node."""
    translates = hop("node-1", "translates", rule="10.96.0.10:53 -> 10.244.2.2:53")
    drops = hop(
        "node-1",
        "drops",
        rule="no route to 10.244.2.2",
        expected="10.244.2.0/26 via 10.0.1.12 dev ens18",
        evidence=evidence("nodes/node-1/ip_route.txt", 1, "default via 10.0.1.1 dev ens18 proto static"),
    )
    return {
        "schema_version": 1,
        "from": {"kind": "pod", "name": "shop/cart-0", "node": "node-1", "ip": "10.244.1.10"},
        "to": {"kind": "ip", "name": "kube-system/kube-dns", "node": None, "ip": "10.96.0.10"},
        "verdict": "broken",
        "basis": "observed",
        "reason": {"code": "CB101", "text": "node-1 has no route to 10.244.2.0/26"},
        "endpoints": [
            {
                "to": {"kind": "pod", "name": "kube-system/coredns-2a", "node": "node-2", "ip": "10.244.2.2"},
                "request": {"outcome": "lost", "hops": [translates, drops]},
                "reply": {"outcome": "unknown", "hops": []},
            }
        ],
    }


def node_trace() -> Made:
    """From a pod to a node: one pair, and it arrives."""
    made = dns_trace()
    del made["endpoints"]
    made["to"] = {"kind": "node", "name": "node-3", "node": "node-3", "ip": "10.0.1.13"}
    made["verdict"], made["reason"] = "reaches", {"code": None, "text": "both directions are delivered"}
    way = {
        "outcome": "delivered",
        "hops": [hop("node-1", "routes", found="10.0.1.0/24 dev ens18"), hop("node-3", "delivers")],
    }
    return made | {"request": way, "reply": way}
