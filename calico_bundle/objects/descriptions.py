"""What `kubectl describe` shows of an object, as facts, and by name what it does not show.

Source: kubectl's pkg/describe/describe.go. Neither dnsPolicy nor hostNetwork of a pod, nor a DaemonSet's owner is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_network

from calico_bundle.evidence import Evidence, clean
from calico_bundle.facts import Address, ContainerSpec, DaemonSetFact, EndpointFact, EventFact, ServiceFact, ServicePort
from calico_bundle.objects.description import Description, Entry, Line, plain, tree
from calico_bundle.objects.endpoint_rows import SERVICE_LABEL, SLICE, endpoint_fact, endpoint_facts
from calico_bundle.objects.table_rows import node_fact, pod_fact

_CALICO = "projectcalico.org/"
_TEXTS = {"as_number": "ASNumber", "route_reflector_cluster_id": "RouteReflectorClusterID"}
_TUNNELS = {"ipip_tunnel_ip": "IPv4IPIPTunnelAddr", "vxlan_tunnel_ip": "IPv4VXLANTunnelAddr"}
_READY = {"True": True, "False": False}
_HEARD_OF = re.compile(r"\s*Ready\s+\S+\s+([A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}) ")
"""LastHeartbeatTime stands behind the status, in the form of RFC 1123 (kubectl pkg/describe, describeNode)."""
# "A nil value should be interpreted as true" (discovery.k8s.io/v1, EndpointConditions.ready).
_SLICE_READY = {"true": True, "false": False, "<unset>": True}
# In discovery.k8s.io/v1beta1 the node of an endpoint is in its topology.
_HOSTNAME = "kubernetes.io/hostname"
_NETWORK_PROBE = re.compile(r"(?:http-get|tcp-socket|grpc)\b")
# What a reference is shown as: `(v1:spec.nodeName)`, `<set to the key 'a' of config map 'b'>  Optional: false`.
_REFERENCE = re.compile(r"\(v\d\w*:|\((?:requests|limits)\.|<set to |<error")
_EVENT = re.compile(
    r"(?P<type>Normal|Warning) {2,}(?P<reason>\S+) {2,}(?P<age>\S+)(?: \(x(?P<count>\d{1,9}) over \S+\))? {2,}"
    r"(?P<source>\S+(?:, \S+)?) {2,}(?P<message>.*)"
)
_PORT_TITLES = ("Name", "Port", "Protocol")
_PORT = re.compile(r"(?P<name>\S+) +(?P<port>\d{1,5})/(?P<protocol>[A-Z]+)")


# --- nodes ----------------------------------------------------------------------------------------------------------


def _node(described: Description) -> Iterator[object]:
    annotations, addresses = described.pairs("Annotations"), described.pairs("Addresses")
    if f"{_CALICO}IPv4Address" not in annotations and described.mentions(f"{_CALICO}IPv4Address:"):
        raise ValueError("its lines are not indented as kubectl indents them")
    cited: dict[str, Evidence] = {}
    labels = described.labels()
    shown: dict[str, object] = {
        "labels": labels,
        "hostname": plain(addresses, "Hostname") or labels.get("kubernetes.io/hostname"),
        "internal_ips": tuple(_internal_ips(described, cited)),
        "pod_cidrs": tuple(map(ip_network, _listed(described.value("PodCIDRs") or described.value("PodCIDR")))),
    }
    for column, name, kind in (("bgp_ipv4", "IPv4Address", IPv4Interface), ("bgp_ipv6", "IPv6Address", IPv6Interface)):
        text = plain(annotations, _CALICO + name)
        shown[column] = kind(text) if text else None
        if text:
            cited[column] = described.evidence(annotations[_CALICO + name][1])
    for column, name in _TEXTS.items():
        shown[column] = plain(annotations, _CALICO + name)
    for column, name in _TUNNELS.items():
        text = plain(annotations, _CALICO + name)
        shown[column] = ip_address(text) if text else None
    shown |= _readiness(described, cited)
    # Only clients of the time of leases (v1.17) are known to print what else the spec has.
    if described.value("ProviderID") or "Lease" in described.keys:
        shown["provider_id"] = described.value("ProviderID") or None
    yield node_fact(described.value("Name"), shown, cited, described.evidence(described.entries[0].line))
    yield from _events(described, "Node", "default")


def _internal_ips(described: Description, cited: dict[str, Evidence]) -> Iterator[Address]:
    """The InternalIPs: one line each, so that a pair of the same key does not do."""
    entry = described.entry("Addresses")
    for line in entry.lines() if entry else ():
        key, _, value = line.text.partition(":")
        if key == "InternalIP":
            cited.setdefault("internal_ips", described.evidence(line))
            yield ip_address(value.strip())


def _readiness(described: Description, cited: dict[str, Evidence]) -> dict[str, object]:
    found = described.condition("Ready")
    if found is None:
        return {}
    cited["ready"] = described.evidence(found[1])
    heard_of = _HEARD_OF.match(found[1].text)
    if heard_of:
        cited["heartbeat"] = cited["ready"]
    return {"ready": _READY.get(found[0]), "heartbeat": heard_of[1] if heard_of else None}


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


# --- pods -----------------------------------------------------------------------------------------------------------


def _pod(described: Description) -> Iterator[object]:
    node, _, host = described.value("Node").partition("/")
    status = described.value("Status")
    ready = described.condition("Ready")
    shown: dict[str, object] = {
        "node": node or None,
        "ips": tuple(_pod_ips(described)),
        "host_ip": ip_address(host) if host else None,
        "ready": _READY.get(ready[0]) if ready else None,
        "owner": described.value("Controlled By") or None,
        "labels": described.labels(),
    }
    if "Containers" in described.keys:
        shown |= _of_containers(described)
    if status and not status.startswith("Terminating"):
        shown["phase"] = status
    namespace, name = described.value("Namespace"), described.value("Name")
    yield pod_fact(namespace, name, shown, described.evidence(described.entries[0].line))
    yield from _events(described, "Pod", namespace)


def _containers(described: Description) -> Iterator[tuple[tuple[str, ...], str, Line]]:
    entry = described.entry("Containers")
    return tree(entry.below) if entry else iter(())


def _of_containers(described: Description) -> dict[str, object]:
    """What is told of all containers together."""
    counts = [value for keys, value, _ in _containers(described) if keys[-1] == "Restart Count"]
    probes = [value for keys, value, _ in _containers(described) if keys[-1] == "Readiness"]
    return {
        "restarts": sum(int(count) for count in counts if count.isdigit()),
        "waiting_reasons": tuple(_waiting(described)),
        "last_ends": tuple(_last_ends(described)),
        "network_probe": any(map(_NETWORK_PROBE.match, probes)),
    }


def _waiting(described: Description) -> Iterator[str]:
    waits = False
    for keys, value, _ in _containers(described):
        if keys[-1] == "State":
            waits = value == "Waiting"
        elif waits and keys[-2:] == ("State", "Reason"):
            yield value


def _last_ends(described: Description) -> Iterator[str]:
    """How containers ended before: name/reason/exit code/time, as `Last State` has them."""
    ends: dict[str, dict[str, str]] = {}
    for keys, value, _ in _containers(described):
        if keys[-2:-1] == ("Last State",):
            ends.setdefault(keys[0], {})[keys[-1]] = value
    for name, end in ends.items():
        if "Exit Code" in end:
            yield f"{name}/{end.get('Reason', '?')}/{end['Exit Code']}/{end.get('Finished', '?')}"


def _pod_ips(described: Description) -> Iterator[Address]:
    """The addresses of a pod: those of `IPs`, else (clients before v1.16) the one of `IP`."""
    entry = described.entry("IPs")
    lines = [line.text.partition(":") for line in entry.lines() if line.text != "<none>"] if entry else []
    texts = [value.strip() for key, _, value in lines if key == "IP"] or [described.value("IP")]
    return (ip_address(text) for text in texts if text)


# --- services and what is behind them -------------------------------------------------------------------------------


def _service(described: Description) -> Iterator[object]:
    namespace, name = described.value("Namespace"), described.value("Name")
    texts = _listed(described.value("IPs")) or _listed(described.value("IP"))
    ports = [_PORT.match(entry.value) for entry in described.all("Port")]
    told = [entry.value.partition("/")[0] for entry in described.all("TargetPort")]
    targets = told if len(told) == len(ports) else [None] * len(ports)
    line = (described.entry("IP") or described.entries[0]).line
    yield ServiceFact(
        namespace=namespace,
        name=name,
        type=described.value("Type"),
        cluster_ips=tuple(ip_address(text) for text in texts if text != "None"),
        ports=tuple(map(_service_port, ports, targets)),
        selector=_selector(described.value("Selector")),
        labels=described.labels(),
        redacted=(),
        evidence=described.evidence(line),
        internal_traffic_policy=described.value("Internal Traffic Policy")
        if described.entry("Internal Traffic Policy")
        else None,
    )
    yield from _behind(described, namespace, name)


def _service_port(found: re.Match[str] | None, target: str | None) -> ServicePort:
    if found is None:
        raise ValueError("no port of a service")
    name = None if found["name"] == "<unset>" else found["name"]
    return ServicePort(name, int(found["port"]), found["protocol"], target)


def _selector(text: str) -> dict[str, str]:
    return {key: value for key, equals, value in (part.partition("=") for part in _listed(text)) if equals}


def _behind(described: Description, namespace: str, name: str) -> Iterator[object]:
    """The ready addresses, of all ports; three pairs each at most, and how many more."""
    seen: set[object] = set()
    found = described.all("Endpoints")
    facts = [f for e in found for f in endpoint_facts(namespace, name, e.value, described.evidence(e.line))]
    kept = [fact for fact in facts if fact.ready] or facts[:1]
    for fact in kept:
        if fact.ip not in seen:
            seen.add(fact.ip)
            yield fact


def _endpoints(described: Description) -> Iterator[object]:
    namespace, name = described.value("Namespace"), described.value("Name")
    entry = described.entry("Subsets")
    none = True
    for _, value, line, ready in _subsets(entry):
        for text in _listed(value.replace("<none>", "")):
            none = False
            yield endpoint_fact(namespace, name, ip_address(text), described.evidence(line), ready=ready)
    if none:
        yield endpoint_fact(namespace, name, None, described.evidence(described.entries[0].line), ready=False)


def _subsets(entry: Entry | None) -> Iterator[tuple[str, str, Line, bool]]:
    for line in entry.below if entry else ():
        key, _, value = line.text.partition(":")
        if key in ("Addresses", "NotReadyAddresses"):
            yield key, value.strip(), line, key == "Addresses"


def _slice(described: Description) -> Iterator[object]:
    """The addresses of an EndpointSlice; the namespace of the pods behind them is not shown."""
    service = described.labels().get(SERVICE_LABEL)
    if service is None:
        return  # such a slice belongs to no Service
    if described.value("AddressType") == "FQDN":
        raise ValueError("names in place of addresses are not followed")
    namespace, none, ports = described.value("Namespace"), True, _ports_of_slice(described)
    for line, shown in _endpoints_of_slice(described.entry("Endpoints")):
        kind, _, name = shown.get("TargetRef", "").partition("/")
        for text in _listed(shown["- Addresses"].replace("<none>", "")):
            none = False
            yield EndpointFact(
                namespace=namespace,
                service=service,
                ip=ip_address(text),
                ready=_SLICE_READY[shown["Ready"]],
                node=_set(shown.get("NodeName") or shown.get(_HOSTNAME, "")),
                pod_namespace=None,
                pod=name if kind == "Pod" else None,
                source=SLICE,
                evidence=described.evidence(line),
                not_shown=("pod_namespace",),
                ports=ports,
            )
    if none:
        line = described.entries[0].line
        yield EndpointFact(namespace, service, None, False, None, None, None, SLICE, described.evidence(line))


def _ports_of_slice(described: Description) -> tuple[ServicePort, ...] | None:
    """The table `Name Port Protocol`; None where it is not there, or a port is not set, which stands for any."""
    entry = described.entry("Ports")
    rows = [line.text.split() for line in entry.below[2:]] if entry else []
    if not rows or any(len(row) != len(_PORT_TITLES) or not row[1].isdigit() for row in rows):
        return None
    return tuple(ServicePort(_set(name), int(port), protocol) for name, port, protocol in rows)


def _endpoints_of_slice(entry: Entry | None) -> Iterator[tuple[Line, dict[str, str]]]:
    """The line of each endpoint of a slice, and what is shown of it."""
    found: list[tuple[Line, dict[str, str]]] = []
    for line in entry.below if entry else ():
        key, _, value = line.text.removeprefix("Topology:").strip().partition("=" if _HOSTNAME in line.text else ":")
        if key == "- Addresses":
            found.append((line, {}))
        if found:
            found[-1][1].setdefault(key, value.strip())
    if any(shown.get("Ready") not in _SLICE_READY for _, shown in found):
        raise ValueError("an endpoint without its condition Ready")
    return iter(found)


def _set(text: str) -> str | None:
    return None if text in ("", "<unset>") else text


# --- daemon sets ----------------------------------------------------------------------------------------------------


def _daemon_set(described: Description) -> Iterator[object]:
    template = described.entry("Pod Template")
    found: dict[str, tuple[list[tuple[str, str, Line]], list[tuple[str, Line]]]] = {}
    for keys, value, line in tree(template.below) if template else ():
        if keys[0] == "Containers" and len(keys) > 1:
            variables, images = found.setdefault(keys[1], ([], []))
            if keys[2:] == ("Image",):
                images.append((value, line))
            elif keys[2:3] == ("Environment",) and len(keys) == 4:
                variables.append((keys[3], value, line))
    containers = tuple(_container(described, name, *parts) for name, parts in found.items())
    if not containers:
        raise ValueError("no containers of a DaemonSet")
    namespace = described.value("Namespace")
    yield DaemonSetFact(
        namespace=namespace,
        name=described.value("Name"),
        containers=containers,
        owner=None,
        evidence=described.evidence(described.entries[0].line),
        not_shown=("owner",) if namespace else ("owner", "namespace"),
    )


def _container(
    described: Description, name: str, variables: list[tuple[str, str, Line]], images: list[tuple[str, Line]]
) -> ContainerSpec:
    cited = {key: described.evidence(line) for key, _, line in variables}
    if images:
        cited["image"] = described.evidence(images[0][1])
    environment = {key: None if _REFERENCE.match(value) else value for key, value, _ in variables}
    return ContainerSpec(name, images[0][0] if images else None, environment, cited)


# --- events ---------------------------------------------------------------------------------------------------------


def _events(described: Description, kind: str, namespace: str) -> Iterator[EventFact]:
    """The events, the oldest first as kubectl sorts them; a message can go on over several lines.

    They have no time of their own. Of those by which probes fail only the last counts how often: what an earlier one
    says need not hold any more.
    """
    found: list[tuple[re.Match[str], list[Line]]] = []
    entry = described.entry("Events")
    for line in entry.below if entry else ():
        if match := _EVENT.match(line.text):
            found.append((match, [line]))
        elif found and not line.text.startswith(("Type ", "----")):
            found[-1][1].append(line)
    failing = [at for at, (match, _) in enumerate(found) if match["reason"] == "Unhealthy"]
    for at, (match, lines) in enumerate(found):
        source, _, host = match["source"].partition(", ")
        told = at not in failing or at == failing[-1]
        yield EventFact(
            namespace=namespace,
            reason=match["reason"],
            message=clean(" ".join((match["message"], *(line.text for line in lines[1:])))),
            type=match["type"],
            object_kind=kind,
            object_name=described.value("Name"),
            host=host or None if source == "kubelet" else None,
            last_seen=None,
            count=int(match["count"] or 1) if told else 1,
            evidence=described.evidence(lines[-1]),
        )


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of description: the keys that tell it, and how it becomes facts."""

    keys: frozenset[str]
    build: Callable[[Description], Iterator[object]]


_NAMED = ("Name", "Namespace")
SORTS = (
    Sort(frozenset({"Name", "Roles", "Conditions", "Addresses", "Unschedulable"}), _node),
    Sort(frozenset({*_NAMED, "Node", "Status", "IP", "Conditions"}), _pod),
    Sort(frozenset({*_NAMED, "Node", "Status", "IP", "Events"}), _pod),  # a pod may have no conditions yet
    Sort(frozenset({*_NAMED, "Selector", "Type", "IP", "Session Affinity"}), _service),
    Sort(frozenset({*_NAMED, "Subsets", "Events"}), _endpoints),
    Sort(frozenset({*_NAMED, "AddressType", "Endpoints", "Events"}), _slice),
    Sort(frozenset({"Name", "Selector", "Desired Number of Nodes Scheduled", "Pod Template", "Events"}), _daemon_set),
)  # fmt: skip
"""The sorts of descriptions that say something here."""

CUT = (
    ("Node", frozenset({"Name", "Roles", "Unschedulable"})),
    ("Pod", frozenset({*_NAMED, "Node", "Status", "IP"})),
    ("DaemonSet", frozenset({"Name", "Desired Number of Nodes Scheduled"})),
    ("Endpoints", frozenset({*_NAMED, "Subsets"})),
    ("EndpointSlice", frozenset({*_NAMED, "AddressType"})),
)
"""Keys that tell what a description was going to be that ends before its time."""
