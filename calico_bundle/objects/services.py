"""Service, Endpoints and EndpointSlice objects: the address of a service, and what stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from calico_bundle.facts import Address, EndpointFact, ServiceFact, ServicePort
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.located import Needs
from calico_bundle.objects.metadata import name_of, namespace_of

GROUPS = frozenset(["", "discovery.k8s.io"])
_SERVICE_LABEL = "kubernetes.io/service-name"
# In discovery.k8s.io/v1beta1 the node of an endpoint is in its topology.
_HOSTNAME_LABEL = "kubernetes.io/hostname"


def build_service(service: Fields) -> Iterator[ServiceFact]:
    """A Service as a fact; `clusterIP: None` (headless) gives no address.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: dns}\\nspec: {clusterIP: None}\\n"
    >>> fact = next(build_service(Record(Reading("s.yaml", text), "Service", "", next(read_yaml(text))).fields()))
    >>> fact.namespace, fact.type, fact.cluster_ips
    ('default', 'ClusterIP', ())
    """
    name, namespace = name_of(service), namespace_of(service)
    metadata, spec = service.child("metadata"), service.child("spec")
    yield ServiceFact(
        namespace=namespace,
        name=name,
        type=spec.text("type", "type") or "ClusterIP",
        cluster_ips=_cluster_ips(spec),
        ports=tuple(replace(port, target_port=entry.text("targetPort", "ports")) for port, entry in _ports(spec)),
        selector=spec.string_map("selector", "selector"),
        labels=metadata.string_map("labels", "labels"),
        redacted=service.record.redacted,
        evidence=spec.evidence("clusterIP") if "clusterIP" in spec else metadata.evidence("name"),
        internal_traffic_policy=spec.text("internalTrafficPolicy", "internal_traffic_policy"),
    )


def _cluster_ips(spec: Fields) -> tuple[Address, ...]:
    if spec.words("clusterIP") == "None":
        return ()
    found = [address for address, _ in spec.addresses("clusterIPs", "cluster_ips")]
    found = found or [spec.address("clusterIP", "cluster_ips")]
    return tuple(address for address in found if address is not None)


def _ports(spec: Fields) -> Iterator[tuple[ServicePort, Fields]]:
    """The ports that have a number, each with what more is said of it."""
    for port in spec.children("ports"):
        number = port.integer("port", "ports")
        if number is not None:
            yield ServicePort(port.text("name", "ports"), number, port.text("protocol", "ports") or "TCP"), port


def build_endpoints(endpoints: Fields) -> Iterator[EndpointFact]:
    """The addresses of an Endpoints object; when it has none, one without an address, which cites the object."""
    name, namespace = name_of(endpoints), namespace_of(endpoints)
    found: list[EndpointFact] = []
    for subset in endpoints.children("subsets"):
        ports = _listening(subset)
        for key, ready in (("addresses", True), ("notReadyAddresses", False)):
            for address in subset.children(key):
                ip, line = address.address("ip", "ip"), address.line("ip")
                fact = _endpoint(address, namespace, name, ip, line, ready=ready, source="Endpoints")
                found.append(replace(fact, ports=ports))
    yield from _with_all_ports(found) if found else [_nothing(endpoints, namespace, name, "Endpoints")]


def _listening(subset: Fields) -> tuple[ServicePort, ...] | None:
    """The ports of a subset or slice; None where they are not there, or a number is hidden or not given, which is any."""
    ports = list(subset.children("ports"))
    read = tuple(port for port, _ in _ports(subset))
    return read if read and len(read) == len(ports) else None


def _with_all_ports(found: list[EndpointFact]) -> Iterator[EndpointFact]:
    """An address is in several subsets where not all of its ports are those of the others (k8s.io/endpointslice)."""
    ports: dict[tuple[Address | None, bool | None], list[tuple[ServicePort, ...] | None]] = {}
    for fact in found:
        ports.setdefault((fact.ip, fact.ready), []).append(fact.ports)
    for fact in found:
        own = ports[fact.ip, fact.ready]
        told = [port for listed in own if listed is not None for port in listed]
        yield replace(fact, ports=None if None in own else tuple(dict.fromkeys(told)))


def build_endpoint_slice(endpoint_slice: Fields) -> Iterator[EndpointFact]:
    """The addresses of an EndpointSlice; one without an address when it has none."""
    name, namespace = name_of(endpoint_slice), namespace_of(endpoint_slice)
    labels = endpoint_slice.child("metadata").child("labels")
    if _SERVICE_LABEL not in labels:
        return  # such a slice belongs to no Service
    service = labels.required(_SERVICE_LABEL, "service")
    if endpoint_slice.words("addressType") == "FQDN":
        endpoint_slice.wrong("addressType", "names in place of addresses are not followed")
        return
    none, ports = True, _listening(endpoint_slice)
    for endpoint in endpoint_slice.children("endpoints"):
        # "A nil value should be interpreted as true" (discovery.k8s.io/v1, EndpointConditions.ready).
        conditions = endpoint.child("conditions")
        ready = conditions.flag("ready", "ready") is not False
        ends = (
            conditions.flag("serving", "ends_serving") is True
            and conditions.flag("terminating", "ends_serving") is True
        )
        for ip, line in endpoint.addresses("addresses", "ip"):
            none = False
            fact = _endpoint(endpoint, namespace, service, ip, line, ready=ready, source="EndpointSlice")
            yield replace(fact, object_name=name, ports=ports, ends_serving=ends)
    if none:
        yield replace(_nothing(endpoint_slice, namespace, service, "EndpointSlice"), object_name=name)


def _endpoint(  # noqa: PLR0913
    entry: Fields, namespace: str, service: str, ip: Address | None, line: int, *, ready: bool, source: str
) -> EndpointFact:
    target = entry.child("targetRef")
    pod = target.text("name", "pod") if target.words("kind") == "Pod" else None
    node = entry.text("nodeName", "node") or entry.child("topology").text(_HOSTNAME_LABEL, "node")
    return EndpointFact(
        namespace=namespace,
        service=service,
        ip=ip,
        ready=ready,
        node=node,
        pod_namespace=(target.text("namespace", "pod_namespace") or namespace) if pod else None,
        pod=pod,
        source=source,
        evidence=entry.record.reading.evidence(line),
    )


def _nothing(obj: Fields, namespace: str, service: str, source: str) -> EndpointFact:
    evidence = obj.child("metadata").evidence("name")
    return EndpointFact(namespace, service, None, False, None, None, None, source, evidence)


_NAMED: Needs = {"name": None, "namespace": None}
_TARGET: Needs = {"kind": None, "name": None, "namespace": None}
_ADDRESS: Needs = {"ip": None, "nodeName": None, "targetRef": _TARGET, "topology": {_HOSTNAME_LABEL: None}}
_LISTENING: Needs = {"name": None, "port": None, "protocol": None}
NEEDS: dict[str, Needs] = {
    "Service": {
        "metadata": {**_NAMED, "labels": None},
        "spec": {
            "clusterIP": None,
            "clusterIPs": None,
            "internalTrafficPolicy": None,
            "ports": {"name": None, "port": None, "protocol": None, "targetPort": None},
            "selector": None,
            "type": None,
        },
    },
    "Endpoints": {
        "metadata": _NAMED,
        "subsets": {"addresses": _ADDRESS, "notReadyAddresses": _ADDRESS, "ports": _LISTENING},
    },
    "EndpointSlice": {
        "addressType": None,
        "ports": _LISTENING,
        "endpoints": {
            **_ADDRESS,
            "addresses": None,
            "conditions": {"ready": None, "serving": None, "terminating": None},
        },
        "metadata": {**_NAMED, "labels": {_SERVICE_LABEL: None}},
    },
}
BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {
    "Service": build_service,
    "Endpoints": build_endpoints,
    "EndpointSlice": build_endpoint_slice,
}
