"""Random clusters with policies, as objects of YAML, and the facts that are read of them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from calico_bundle import facts as f
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.facts.pod_table import merge_pods
from calico_bundle.network.policy.dns import DnsPolicies, PolicyVerdict
from calico_bundle.network.service import find_dns
from calico_bundle.parsers.objects import parse
from tests.network.hand_made import node_object

Object = dict[str, Any]
NAMESPACES = {
    "shop": {"team": "a", "kubernetes.io/metadata.name": "shop"},
    "data": {"team": "b", "kubernetes.io/metadata.name": "data"},
    "kube-system": {"kubernetes.io/metadata.name": "kube-system"},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
    "spec": {
        "clusterIP": "10.96.0.10",
        "clusterIPs": ["10.96.0.10"],
        "selector": {"k8s-app": "kube-dns"},
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        ],
    },
}
DNS_PORTS = [
    {"containerPort": 53, "name": "dns", "protocol": "UDP"},
    {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
]


def pod_object(namespace: str, name: str, ip: str, labels: Object | None = None, **spec: Any) -> Object:
    """A running Pod on the node n1."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"nodeName": "n1", "containers": [{"name": "c"}], **spec},
        "status": {"podIP": ip, "podIPs": [{"ip": ip}], "phase": "Running"},
    }


def dns_pod(ip: str = "10.244.9.9", **spec: Any) -> Object:
    """CoreDNS, on the node n2."""
    containers = [{"name": "coredns", "ports": DNS_PORTS}]
    account = {"serviceAccountName": "coredns", "nodeName": "n2", "containers": containers}
    return pod_object("kube-system", "coredns-1", ip, {"k8s-app": "kube-dns"}, **(account | spec))


def endpoints_object(ip: str = "10.244.9.9") -> Object:
    """The Endpoints of kube-dns."""
    target = {"kind": "Pod", "name": "coredns-1", "namespace": "kube-system"}
    address = {"ip": ip, "nodeName": "n2", "targetRef": target}
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "subsets": [{"addresses": [address], "ports": [{"port": 53}]}],
    }


def namespace_objects() -> list[Object]:
    """The Namespaces."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        for name, labels in NAMESPACES.items()
    ]


def asker_object(labels: Object | None = None, **spec: Any) -> Object:
    """A pod in the namespace `shop`, which asks."""
    spec = {"serviceAccountName": "builder", **spec}
    address = (
        {"n1": "192.0.2.1", "n2": "192.0.2.2"}[spec.get("nodeName", "n1")] if "hostNetwork" in spec else "10.244.1.5"
    )
    return pod_object("shop", "asker", address, {"app": "web"} if labels is None else labels, **spec)


def kubernetes_policy(namespace: str, name: str, **spec: Any) -> Object:
    """A NetworkPolicy of Kubernetes; it applies to all pods of its namespace where nothing else is said."""
    meta = {"name": name, "namespace": namespace}
    spec = {"podSelector": {}, **spec}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def calico_policy(name: str, namespace: str | None = None, **spec: Any) -> Object:
    """A GlobalNetworkPolicy, or with a namespace a NetworkPolicy, of Calico."""
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    kind = "NetworkPolicy" if namespace else "GlobalNetworkPolicy"
    return {"apiVersion": "crd.projectcalico.org/v1", "kind": kind, "metadata": meta, "spec": spec}


def service_with(target: object) -> Object:
    """The DNS service with a target port."""
    ports = [{**port, "targetPort": target} for port in SERVICE["spec"]["ports"]]
    return {**SERVICE, "spec": {**SERVICE["spec"], "ports": ports}}


def verdict(
    *more: Object,
    asker: Object | None = None,
    dns: Object | None = None,
    target: object = 53,
    without: tuple[str, ...] = (),
    gaps: bool = False,
) -> PolicyVerdict:
    """What policies say to the asker in a small cluster; `without` names kinds or objects that were not collected."""
    endpoint = dns or dns_pod()
    objects = [*namespace_objects(), asker or asker_object(), endpoint, service_with(target), *more]
    objects.append(endpoints_object(endpoint["status"]["podIP"]))
    # What is given here stands for what the cluster has of its kind.
    kept = [one for one in objects if one in more or not {one["kind"], one["metadata"]["name"]} & set(without)]
    cluster = read(kept, gaps=gaps)
    return _on(cluster, next(pod for pod in cluster.pods if pod.name == "asker"))


def on_dns(*more: Object) -> PolicyVerdict:
    """What policies say to the DNS pod when it asks itself."""
    cluster = read([*namespace_objects(), dns_pod(), SERVICE, endpoints_object(), *more])
    return _on(cluster, cluster.pods[0])


def _on(cluster: Cluster, asker: f.PodFact) -> PolicyVerdict:
    policies = policies_of(cluster)
    endpoint = next(one for one in cluster.endpoints if one.service == "kube-dns")
    found = policies.on(policies.class_of(asker), endpoint)
    place = list(cluster.pods).index(asker)
    assert policies.on(policies.class_of(place), endpoint) == found
    return found


def read(objects: list[Object], *, gaps: bool = False) -> Cluster:
    """The cluster of some objects, as they are read from YAML; `gaps` where something is not meant to be understood."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=1)
    parsed = parse(text, "all.yaml")
    assert bool(parsed.gaps) == gaps or gaps, parsed.gaps

    def of(kind: type) -> tuple[Any, ...]:
        return tuple(fact for fact in parsed.facts if isinstance(fact, kind))

    machines = (("n1", "192.0.2.1"), ("n2", "192.0.2.2"))
    nodes = {n: ClusterNode(n, node_object(n, ip, f"{ip}/24")) for n, ip in machines}
    return Cluster(
        nodes,
        pods=merge_pods([of(f.PodFact)]),
        services=of(f.ServiceFact),
        endpoints=of(f.EndpointFact),
        namespaces=of(f.NamespaceFact),
        policies=of(f.PolicyFact),
        tiers=of(f.TierFact),
        network_sets=of(f.NetworkSetFact),
        host_endpoints=of(f.HostEndpointFact),
        service_accounts=of(f.ServiceAccountFact),
        daemonsets=of(f.DaemonSetFact),
        felix_configurations=of(f.FelixConfigurationFact),
        dns_configurations=of(f.DnsConfigurationFact),
    )


def policies_of(cluster: Cluster) -> DnsPolicies:
    """What policies say in a cluster."""
    return DnsPolicies(cluster, find_dns(cluster))


# --- random ones ------------------------------------------------------------------------------------------------------

LABELS = st.fixed_dictionaries(
    {}, optional={"app": st.sampled_from(["web", "db", "in"]), "in": st.sampled_from(["x", "xy"])}
)
NETS = st.lists(
    st.sampled_from(["10.244.1.0/24", "10.244.0.0/16", "10.244.9.9/32", "0.0.0.0/0", "10.244.1.128/25"]), max_size=2
)
ADDRESSES = ["10.244.1.5", "10.244.1.200", "10.244.9.4"]
_KEYS = st.sampled_from(["app", "in", "k8s-app", "projectcalico.org/namespace", "projectcalico.org/serviceaccount"])
_VALUES = st.sampled_from(["web", "db", "x", "xy", "kube-dns", "kube-system", "shop", "coredns"])
_NAMESPACE_KEYS = st.sampled_from(["team", "kubernetes.io/metadata.name", "projectcalico.org/name"])
_NAMESPACE_VALUES = st.sampled_from(["a", "b", "shop", "kube-system"])


def expressions(keys: Any, values: Any) -> st.SearchStrategy[str]:
    """Expressions of Calico's selector language."""
    one = st.one_of(
        st.builds("{} == '{}'".format, keys, values),
        st.builds("{} != '{}'".format, keys, values),
        st.builds("{} in {{ '{}', '{}' }}".format, keys, values, values),
        st.builds("{} not in {{ '{}' }}".format, keys, values),
        st.builds("has({})".format, keys),
        st.builds("{} contains '{}'".format, keys, values),
        st.builds("{} starts with '{}'".format, keys, values),
        st.builds("{} ends with '{}'".format, keys, values),
        st.just("all()"),
    )
    return st.recursive(
        one,
        lambda inner: st.one_of(
            st.builds("({}) && ({})".format, inner, inner),
            st.builds("{} || {}".format, inner, inner),
            st.builds("!({})".format, inner),
            st.builds("{} && {}".format, inner, inner),
        ),
        max_leaves=3,
    )


SELECTORS = expressions(_KEYS, _VALUES)
NAMESPACE_SELECTORS = st.one_of(expressions(_NAMESPACE_KEYS, _NAMESPACE_VALUES), st.just("global()"))
ACCOUNT_SELECTORS = expressions(st.sampled_from(["role", "projectcalico.org/name"]), st.sampled_from(["r", "coredns"]))
PORTS = st.lists(st.sampled_from([53, "50:60", "dns", "dns-tcp", 8080, "1:65535"]), max_size=2)


def _sometimes(**values: Any) -> st.SearchStrategy[Object]:
    return st.fixed_dictionaries({}, optional=values)


ACCOUNTS = _sometimes(
    names=st.lists(st.sampled_from(["coredns", "builder"]), min_size=1, max_size=2), selector=ACCOUNT_SELECTORS
)


def _side(*, ports: bool) -> st.SearchStrategy[Object]:
    values = {
        "selector": SELECTORS,
        "notSelector": SELECTORS,
        "namespaceSelector": NAMESPACE_SELECTORS,
        "nets": NETS,
        "notNets": NETS,
        "serviceAccounts": ACCOUNTS,
    }
    if ports:
        values |= {"ports": PORTS, "notPorts": PORTS}
    # Few at once, or nothing would ever match.
    chosen = st.lists(st.sampled_from(sorted(values)), max_size=2, unique=True)
    return chosen.flatmap(lambda keys: st.fixed_dictionaries({key: values[key] for key in keys}))


_SERVICES = st.sampled_from([
    {"services": {"name": "kube-dns", "namespace": "kube-system"}},
])  # fmt: skip
_RULES = st.builds(
    lambda action, rest, source, destination: {"action": action, **rest, "source": source, "destination": destination},
    st.sampled_from(["Allow", "Deny", "Log", "Pass", "Allow", "Deny"]),
    _sometimes(
        protocol=st.sampled_from(["UDP", "TCP", 17, "SCTP"]),
        notProtocol=st.sampled_from(["TCP", 17]),
        ipVersion=st.sampled_from([4, 6]),
    ),
    _side(ports=False),
    st.one_of(_side(ports=True), _side(ports=True), _SERVICES),
)
_ORDERS = st.sampled_from([1, 2.5, 1000, 7, None])
TIERS = ["default", "security"]


@st.composite
def calico_policies(draw: Any, number: int) -> Object:
    """A NetworkPolicy or GlobalNetworkPolicy of Calico."""
    namespace = draw(st.sampled_from([None, None, "shop", "kube-system"]))
    spec = draw(
        _sometimes(
            selector=SELECTORS,
            types=st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
            ingress=st.lists(_RULES, max_size=3),
            egress=st.lists(_RULES, max_size=3),
            tier=st.sampled_from(TIERS),
            serviceAccountSelector=ACCOUNT_SELECTORS,
            doNotTrack=st.just(True) if namespace is None and draw(st.integers(0, 9)) == 0 else st.just(False),
        )
    )
    order = draw(_ORDERS)
    if order is not None:
        spec["order"] = order
    if namespace is None and draw(st.booleans()):
        spec["namespaceSelector"] = draw(NAMESPACE_SELECTORS)
    version = draw(st.sampled_from(["crd.projectcalico.org/v1", "projectcalico.org/v3"]))
    kind = "NetworkPolicy" if namespace else "GlobalNetworkPolicy"
    meta = {"name": f"p{number}", **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}


_OPERATORS = st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"])


def _label_selectors(keys: Any, values: Any) -> st.SearchStrategy[Object]:
    one = st.builds(
        lambda key, operator, listed: {
            "key": key,
            "operator": operator,
            **({"values": listed} if operator.endswith("In") else {}),
        },
        keys,
        _OPERATORS,
        st.lists(values, min_size=1, max_size=2),
    )
    return st.one_of(
        st.just({}),
        _sometimes(matchLabels=st.dictionaries(keys, values, max_size=1), matchExpressions=st.lists(one, max_size=1)),
    )


_POD_SELECTORS = _label_selectors(st.sampled_from(["app", "in", "k8s-app"]), _VALUES)
_PEERS = st.one_of(
    st.builds(lambda one: {"podSelector": one}, _POD_SELECTORS),
    st.builds(
        lambda one: {"namespaceSelector": one},
        _label_selectors(st.sampled_from(["team", "kubernetes.io/metadata.name"]), _NAMESPACE_VALUES),
    ),
    st.builds(
        lambda one, two: {"namespaceSelector": one, "podSelector": two},
        _label_selectors(st.just("kubernetes.io/metadata.name"), _NAMESPACE_VALUES),
        _POD_SELECTORS,
    ),
    st.builds(
        lambda cidr, less: {"ipBlock": {"cidr": cidr, **({"except": less} if less else {})}},
        st.sampled_from(["10.244.0.0/16", "0.0.0.0/0"]),
        st.lists(st.sampled_from(["10.244.9.0/24", "10.244.1.128/25"]), max_size=1),
    ),
)
_K8S_PORTS = st.one_of(
    _sometimes(protocol=st.sampled_from(["UDP", "TCP"]), port=st.sampled_from([53, "dns", "dns-tcp", 80])),
    st.just({"protocol": "UDP", "port": 50, "endPort": 60}),
)


@st.composite
def kubernetes_policies(draw: Any, number: int) -> Object:
    """A NetworkPolicy of Kubernetes."""

    def rules(key: str) -> Any:
        return st.lists(
            _sometimes(**{key: st.lists(_PEERS, max_size=2)}, ports=st.lists(_K8S_PORTS, max_size=2)), max_size=2
        )

    spec = draw(
        _sometimes(
            policyTypes=st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
            ingress=rules("from"),
            egress=rules("to"),
        )
    )
    meta = {"name": f"k{number}", "namespace": draw(st.sampled_from(["shop", "kube-system", "data"]))}
    spec["podSelector"] = draw(_POD_SELECTORS)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _plain_sides(*, ports: bool) -> st.SearchStrategy[Object]:
    """One thing of a source or a destination at most."""
    values = {
        "selector": SELECTORS,
        "notSelector": SELECTORS,
        "namespaceSelector": NAMESPACE_SELECTORS,
        "nets": NETS,
        "notNets": NETS,
        "serviceAccounts": ACCOUNTS,
        **({"ports": PORTS, "notPorts": PORTS} if ports else {}),
    }
    return st.one_of(st.just({}), *(st.fixed_dictionaries({key: value}) for key, value in values.items()))


_PLAIN_RULES = st.builds(
    lambda action, source, destination: {"action": action, "source": source, "destination": destination},
    st.sampled_from(["Allow", "Deny", "Log", "Pass"]),
    _plain_sides(ports=False),
    _plain_sides(ports=True),
)


@st.composite
def plain_policies(draw: Any, number: int) -> Object:
    """A policy of Calico that applies to all, with rules that say one thing: orders and actions are what differs."""
    rules = st.lists(_PLAIN_RULES, min_size=1, max_size=2)
    spec = {draw(st.sampled_from(["ingress", "egress"])): draw(rules)}
    spec |= {"order": draw(st.integers(1, 9)), "tier": draw(st.sampled_from(TIERS))}
    return calico_policy(f"q{number}", draw(st.sampled_from([None, None, "shop", "kube-system"])), **spec)


@st.composite
def duels(draw: Any) -> list[Object]:
    """Policies of one direction and mostly one tier, with an order each, before one that allows all: order decides."""
    direction = draw(st.sampled_from(["ingress", "egress"]))
    namespace = {"ingress": "kube-system", "egress": draw(st.sampled_from([None, "shop"]))}[direction]
    orders = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True))
    tier = st.sampled_from(["default", "default", "default", "security"])
    rules = st.lists(_PLAIN_RULES, min_size=1, max_size=2)
    found = [
        calico_policy(
            f"d{number}", draw(st.sampled_from([None, namespace])), order=n, tier=draw(tier), **{direction: draw(rules)}
        )
        for number, n in enumerate(orders)
    ]
    return [*found, calico_policy("last", order=99, **{direction: [{"action": "Allow"}]})]


@st.composite
def worlds(draw: Any) -> list[Object]:
    """All objects of a cluster, its policies among them."""
    asker = pod_object(
        draw(st.sampled_from(sorted(NAMESPACES))),
        "asker",
        draw(st.sampled_from(ADDRESSES)),
        draw(LABELS),
        **draw(_sometimes(serviceAccountName=st.sampled_from(["builder", "other"]))),
    )
    mode = draw(st.sampled_from(["mixed", "plain", "duel", "duel"]))
    listed = [calico_policies(n) for n in range(draw(st.integers(0, 3)))]
    listed += [kubernetes_policies(n) for n in range(draw(st.integers(0, 2)))]
    if mode == "plain":
        listed = [plain_policies(n) for n in range(draw(st.integers(2, 4)))]
    policies = draw(duels()) if mode == "duel" else [draw(one) for one in listed]
    default, action = draw(st.sampled_from([5, 2e6])), draw(st.sampled_from(["Deny", "Pass"]))
    tier = {"apiVersion": "projectcalico.org/v3", "kind": "Tier", "metadata": {"name": "security"}}
    tier["spec"] = {"order": default, "defaultAction": action}
    account = {"name": "builder", "namespace": "shop", "labels": {"role": "r"}}
    others = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**account, "namespace": name}}
        for name in NAMESPACES
    ]
    others.append(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "coredns", "namespace": "kube-system"}}
    )
    others.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "other", "namespace": "shop"}})
    others += [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "other", "namespace": n}}
        for n in ("data", "kube-system")
    ]
    sets = []
    if draw(st.booleans()):
        place = draw(st.sampled_from([None, "shop", "kube-system"]))
        meta = {"name": "s", "labels": draw(LABELS), **({"namespace": place} if place else {})}
        kind = "NetworkSet" if place else "GlobalNetworkSet"
        sets.append(
            {"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": meta, "spec": {"nets": draw(NETS)}}
        )
    return [*namespace_objects(), asker, dns_pod(), SERVICE, endpoints_object(), tier, *others, *sets, *policies]
