"""A slow judge of policies, written from the references alone, on plain objects as YAML has them.

It knows all objects of a cluster, asks one pair of pods at a time, and goes through all policies for it. Documents that a
rule is from are named beside it: K = Kubernetes, Concepts, Network Policies (and the API reference of NetworkPolicy);
C-NP = Calico, Reference, Network policy; C-GNP = Calico, Reference, Global network policy; C-T = Calico, Reference, Tier;
C-NS = Calico, Reference, Network set and Global network set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

Object = dict[str, Any]
K8S_ORDER = 1000
DEFAULT_TIER = {"name": "default", "order": 1_000_000.0, "default": "Deny"}


@dataclass(frozen=True)
class Lookup:
    """Who asks whom, by their Pod objects, over which protocol, on which port of the endpoint."""

    asker: Object
    endpoint: Object
    protocol: str
    port: int


class Oracle:
    """All objects of one cluster; `global_first` says how policies of one order and of both scopes are sorted."""

    def __init__(self, objects: list[Object], *, global_first: bool = True) -> None:
        self.by_kind: dict[str, list[Object]] = {}
        for one in objects:
            kind = one["kind"]
            if kind == "NetworkPolicy" and one["apiVersion"] != "networking.k8s.io/v1":
                kind = "Calico"
            self.by_kind.setdefault(kind, []).append(one)
        self.global_first = global_first

    def allowed(self, lookup: Lookup) -> bool:
        """K, The two sorts of pod isolation: both the egress of the asker and the ingress of the endpoint must allow it."""
        return self.one_way(lookup, "Egress") and self.one_way(lookup, "Ingress")

    def one_way(self, lookup: Lookup, direction: str) -> bool:
        pod = lookup.asker if direction == "Egress" else lookup.endpoint
        for tier in self.tiers():
            applying = [p for p in self.policies(tier["name"]) if self.applies(p, pod, direction)]
            action = self.of_tier(applying, lookup, direction)
            if action is None:
                # C-T, defaultAction: for what a policy of the tier applies to and no rule matches.
                action = tier["default"] if applying else "Pass"
            if action in ("Allow", "Deny"):
                return action == "Allow"
        # C-NP: Kubernetes namespaces have a profile that allows all, which counts where no policy decides.
        return True

    def of_tier(self, policies: list[Object], lookup: Lookup, direction: str) -> str | None:
        for policy in policies:
            for rule in self.rules(policy, direction):
                # C-NP, Rule, action Log: the packet goes on to the next rule.
                if rule["action"] != "Log" and self.matches(rule, policy, lookup):
                    return str(rule["action"])
        return None

    # --- order ------------------------------------------------------------------------------------------------------

    def tiers(self) -> list[Object]:
        """C-T, order: lower first, none last."""
        found = [
            {
                "name": t["metadata"]["name"],
                "order": t["spec"].get("order", float("inf")),
                "default": t["spec"].get("defaultAction", "Deny"),
            }
            for t in self.by_kind.get("Tier", [])
        ]
        if not any(t["name"] == "default" for t in found):
            found.append(DEFAULT_TIER)
        return sorted(found, key=lambda t: (t["order"], t["name"]))

    def policies(self, tier: str) -> list[Object]:
        """C-NP, Spec, order: lower first, none last; names decide between equal ones."""
        calico = [*self.by_kind.get("Calico", []), *self.by_kind.get("GlobalNetworkPolicy", [])]
        found = [p for p in calico if p["spec"].get("tier", "default") == tier]
        found += self.by_kind.get("NetworkPolicy", []) if tier == "default" else []

        def key(policy: Object) -> tuple[Any, ...]:
            order = K8S_ORDER if is_kubernetes(policy) else policy["spec"].get("order", float("inf"))
            is_global = policy["kind"] == "GlobalNetworkPolicy"
            return order, is_global != self.global_first, policy["metadata"]["name"]

        return sorted(found, key=key)

    # --- which policies apply ---------------------------------------------------------------------------------------

    def applies(self, policy: Object, pod: Object, direction: str) -> bool:
        meta, spec = policy["metadata"], policy["spec"]
        if spec.get("preDNAT") or spec.get("doNotTrack") or direction not in types(policy):
            return False
        if "namespace" in meta and meta["namespace"] != pod["metadata"]["namespace"]:
            return False
        if is_kubernetes(policy):
            return label_selector(spec["podSelector"], pod["metadata"].get("labels", {}))
        accounts = spec.get("serviceAccountSelector")
        if accounts and not chosen(accounts, self.account_labels(pod)):
            return False
        namespaces = spec.get("namespaceSelector")
        if namespaces and not self.in_namespaces(namespaces, pod["metadata"]["namespace"]):
            return False
        return chosen(spec.get("selector", ""), pod_labels(pod))

    def rules(self, policy: Object, direction: str) -> list[Object]:
        listed = policy["spec"].get(direction.lower()) or []
        if not is_kubernetes(policy):
            return listed
        # K: what a policy's rules allow is all that they do.
        return [{**rule, "action": "Allow", "kubernetes": direction} for rule in listed]

    # --- rules ------------------------------------------------------------------------------------------------------

    def matches(self, rule: Object, policy: Object, lookup: Lookup) -> bool:
        if "kubernetes" in rule:
            return self.kubernetes_rule(rule, policy, lookup)
        if rule.get("ipVersion", 4) != 4 or not protocol_fits(rule, lookup.protocol):
            return False
        source, destination = rule.get("source") or {}, rule.get("destination") or {}
        namespace = policy["metadata"].get("namespace")
        there = ports_fit(destination, lookup)
        return (
            there
            and self.entity(source, lookup.asker, namespace)
            and self.entity(destination, lookup.endpoint, namespace)
        )

    def kubernetes_rule(self, rule: Object, policy: Object, lookup: Lookup) -> bool:
        """K, API reference: an empty or missing list of peers or ports matches all; items are alternatives."""
        is_egress = rule["kubernetes"] == "Egress"
        other = lookup.endpoint if is_egress else lookup.asker
        peers, ports = rule.get("to" if is_egress else "from"), rule.get("ports")
        if peers and not any(self.peer(peer, other, policy["metadata"]["namespace"]) for peer in peers):
            return False
        return not ports or any(kubernetes_port(port, lookup) for port in ports)

    def peer(self, peer: Object, pod: Object, namespace: str) -> bool:
        if "ipBlock" in peer:
            address, block = ip_address(pod["status"]["podIP"]), peer["ipBlock"]
            return address in ip_network(block["cidr"]) and not in_any(address, block.get("except", []))
        own = pod["metadata"]["namespace"]
        if "namespaceSelector" in peer:
            if not label_selector(peer["namespaceSelector"], self.namespace_labels(own)):
                return False
        elif own != namespace:
            return False
        return label_selector(peer.get("podSelector", {}), pod["metadata"].get("labels", {}))

    def entity(self, side: Object, pod: Object, namespace: str | None) -> bool:
        """C-NP, EntityRule: all that is given must fit."""
        address = ip_address(pod["status"]["podIP"])
        if side.get("nets") and not in_any(address, side["nets"]):
            return False
        if in_any(address, side.get("notNets") or []):
            return False
        if side.get("services") and not self.serves(side["services"], namespace, pod):
            return False
        here = [self.as_pod(pod), *self.sets_with(address)]
        if side.get("notSelector") and any(chosen(side["notSelector"], thing["labels"]) for thing in here):
            return False
        keys = ("selector", "namespaceSelector", "serviceAccounts", "notSelector")
        by_labels = any(side.get(key) for key in keys if key != "notSelector" or namespace)
        return not by_labels or any(self.means(side, thing, namespace) for thing in here)

    def means(self, side: Object, thing: Object, namespace: str | None) -> bool:
        """C-NP, EntityRule, namespaceSelector: without one, a policy with a namespace means its own."""
        if side.get("namespaceSelector"):
            if not self.in_namespaces(side["namespaceSelector"], thing["namespace"]):
                return False
        elif namespace is not None and thing["namespace"] != namespace:
            return False
        accounts = side.get("serviceAccounts") or {}
        if accounts.get("names") and thing["account"] not in accounts["names"]:
            return False
        if accounts.get("selector") and not chosen(accounts["selector"], thing["account_labels"]):
            return False
        return chosen(side.get("selector", ""), thing["labels"])

    def serves(self, services: Object, namespace: str | None, pod: Object) -> bool:
        wanted = (services.get("namespace") or namespace, services["name"])
        return wanted == ("kube-system", "kube-dns") and pod["metadata"]["labels"].get("k8s-app") == "kube-dns"

    # --- labels -----------------------------------------------------------------------------------------------------

    def as_pod(self, pod: Object) -> Object:
        return {
            "labels": pod_labels(pod),
            "namespace": pod["metadata"]["namespace"],
            "account": pod["spec"].get("serviceAccountName"),
            "account_labels": self.account_labels(pod),
        }

    def sets_with(self, address: Any) -> list[Object]:
        """C-NS: selectors of rules mean network sets as they mean endpoints."""
        found = []
        for one in [*self.by_kind.get("NetworkSet", []), *self.by_kind.get("GlobalNetworkSet", [])]:
            if in_any(address, one["spec"]["nets"]):
                own = dict(one["metadata"].get("labels", {}))
                namespace = one["metadata"].get("namespace")
                if namespace:
                    own["projectcalico.org/namespace"] = namespace
                found.append({"labels": own, "namespace": namespace, "account": None, "account_labels": {}})
        return found

    def namespace_labels(self, name: str) -> dict[str, str]:
        return next(n["metadata"]["labels"] for n in self.by_kind["Namespace"] if n["metadata"]["name"] == name)

    def in_namespaces(self, expression: str, name: str | None) -> bool:
        """C-NP, Selectors: all() means all namespaces, global() what has none."""
        own = {**self.namespace_labels(name), "projectcalico.org/name": name} if name else {}
        text = expression.replace("all()", "True" if name else "False")
        return chosen(text.replace("global()", "False" if name else "True"), own)

    def account_labels(self, pod: Object) -> dict[str, str]:
        where, name = pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName")
        if name is None:
            return {}
        for account in self.by_kind.get("ServiceAccount", []):
            if (account["metadata"]["namespace"], account["metadata"]["name"]) == (where, name):
                return {**account["metadata"].get("labels", {}), "projectcalico.org/name": name}
        return {"projectcalico.org/name": name}


def is_kubernetes(policy: Object) -> bool:
    return bool(policy["apiVersion"] == "networking.k8s.io/v1")


def types(policy: Object) -> list[str]:
    """K, policyTypes: ingress always, egress where there are such rules. C-NP, types: ingress unless only egress rules."""
    spec = policy["spec"]
    if is_kubernetes(policy):
        return spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    if spec.get("types"):
        return list(spec["types"])
    if not spec.get("egress"):
        return ["Ingress"]
    return ["Ingress", "Egress"] if spec.get("ingress") else ["Egress"]


def pod_labels(pod: Object) -> dict[str, str]:
    own = dict(pod["metadata"].get("labels", {}))
    own["projectcalico.org/namespace"] = pod["metadata"]["namespace"]
    own["projectcalico.org/orchestrator"] = "k8s"
    if pod["spec"].get("serviceAccountName"):
        own["projectcalico.org/serviceaccount"] = pod["spec"]["serviceAccountName"]
    return own


def in_any(address: Any, nets: list[str]) -> bool:
    return any(address in ip_network(net) for net in nets)


def protocol_fits(rule: Object, protocol: str) -> bool:
    """C-NP, Rule, protocol and notProtocol: a name or a number."""
    numbers = {6: "TCP", 17: "UDP"}
    wanted, unwanted = (numbers.get(rule.get(key), rule.get(key)) for key in ("protocol", "notProtocol"))
    return wanted in (None, protocol) and unwanted != protocol


def ports_fit(side: Object, lookup: Lookup) -> bool:
    return (not side.get("ports") or any(port_fits(p, lookup) for p in side["ports"])) and not any(
        port_fits(p, lookup) for p in side.get("notPorts") or []
    )


def port_fits(port: Any, lookup: Lookup) -> bool:
    """C-NP, Ports: a number, a range `first:last`, or the name of a port of the endpoint's containers."""
    first, colon, last = str(port).partition(":")
    if first.isdigit():
        return int(first) <= lookup.port <= int(last if colon else first)
    containers = lookup.endpoint["spec"]["containers"]
    own = [p for c in containers for p in c.get("ports", [])]
    return any((p["name"], p["containerPort"], p["protocol"]) == (port, lookup.port, lookup.protocol) for p in own)


def kubernetes_port(port: Object, lookup: Lookup) -> bool:
    """K, API reference, NetworkPolicyPort: TCP where no protocol is given, all ports where none is."""
    if port.get("protocol", "TCP") != lookup.protocol:
        return False
    if "port" not in port:
        return True
    return port_fits(f"{port['port']}:{port['endPort']}" if "endPort" in port else port["port"], lookup)


def label_selector(selector: Object, labels: dict[str, str]) -> bool:
    """Kubernetes, Labels and Selectors: all must hold; NotIn and DoesNotExist hold for what lacks the label."""
    tests = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, _: key in labels,
        "DoesNotExist": lambda key, _: key not in labels,
    }
    equal = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    listed = selector.get("matchExpressions", [])
    return equal and all(tests[e["operator"]](e["key"], e.get("values", [])) for e in listed)


_WORD = r"[A-Za-z0-9_./-]+"
_STEPS = (
    (rf"has\(({_WORD})\)", r" ('\1' in L) "),
    (rf"(?<!')\b({_WORD}) not in \{{([^}}]*)\}}", r" (L.get('\1') not in [\2]) "),
    (rf"(?<!')\b({_WORD}) in \{{([^}}]*)\}}", r" (L.get('\1') in [\2]) "),
    (rf"(?<!')\b({_WORD}) (==|!=) ('[^']*')", r" (L.get('\1') \2 \3) "),
    (rf"(?<!')\b({_WORD}) contains ('[^']*')", r" (\2 in L.get('\1', '\\0')) "),
    (rf"(?<!')\b({_WORD}) starts with ('[^']*')", r" (L.get('\1', '\\0').startswith(\2)) "),
    (rf"(?<!')\b({_WORD}) ends with ('[^']*')", r" (L.get('\1', '\\0').endswith(\2)) "),
    (r"all\(\)|global\(\)", "True"),
    (r"&&", " and "),
    (r"\|\|", " or "),
    (r"!(?!=)", " not "),
)


def chosen(expression: str, labels: dict[str, str]) -> bool:
    """C-NP, Selectors: the expression as Python has it."""
    if not expression:
        return True
    for pattern, to in _STEPS:
        expression = re.sub(pattern, to, expression)
    return bool(eval(expression.strip(), {"__builtins__": {}}, {"L": labels}))  # noqa: S307 - made by this test alone
