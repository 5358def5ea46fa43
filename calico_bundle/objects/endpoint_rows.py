"""Addresses behind Services as tables and descriptions of kubectl show them: the first three, and how many more.

Sources: formatEndpoints and formatDiscoveryEndpoints of Kubernetes' printers (pkg/printers/internalversion/printers.go);
the names of EndpointSlices: k8s.io/endpointslice, whose slices are named by the API server (generateName: the Service's
name, a hyphen, and five of the letters and digits of k8s.io/apimachinery's pkg/util/rand), and the API server's own slice of
its Service `kubernetes` (pkg/controlplane/reconcilers), which has the Service's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address, EndpointFact

SERVICE_LABEL = "kubernetes.io/service-name"
SLICE = "EndpointSlice"
_NOTHING = frozenset({"", "<none>", "<unset>"})
_MORE = re.compile(r"(.*?) ?\+ \d+ more\.\.\.")
_OF_A_TABLE = ("node", "pod_namespace", "pod", "ports")
"""A table has all ports of an address, without their names."""
_GENERATED = re.compile(r"([a-z][a-z0-9-]{0,56})-[bcdfghjklmnpqrstvwxz2456789]{5}")
"""Names of Services that are longer are cut before the five letters are added."""
_OF_API_SERVER = ("default", "kubernetes")


def endpoint_facts(namespace: str, service: str, cell: str, evidence: Evidence) -> Iterator[EndpointFact]:
    """The ready addresses of a cell `10.0.0.1:53,10.0.0.2:53 + 4 more...`; those that are not ready are never in it.

    Only three pairs of address and port are shown: the rest is one address more that is ready and hidden.

    >>> [e.ip for e in endpoint_facts("kube-system", "kube-dns", "10.0.0.1:53,10.0.0.1:9153", Evidence("t", 1, ""))]
    [IPv4Address('10.0.0.1')]
    """
    found, more = _listed(cell)
    for ip in found:
        yield endpoint_fact(namespace, service, ip, evidence, ready=True)
    if more:
        yield endpoint_fact(namespace, service, None, evidence, ready=True)
    elif not found:
        yield endpoint_fact(namespace, service, None, evidence, ready=False)


def endpoint_fact(namespace: str, service: str, ip: Address | None, evidence: Evidence, *, ready: bool) -> EndpointFact:
    """An address behind a Service of which nothing else is shown; None for one that is hidden, or where there is none."""
    hidden = (*_OF_A_TABLE, "ip") if ip is None and ready else _OF_A_TABLE
    return EndpointFact(namespace, service, ip, ready, None, None, None, "Endpoints", evidence, hidden)


def slice_facts(namespace: str, service: str, cell: str, evidence: Evidence) -> Iterator[EndpointFact]:
    """The addresses of a slice in a cell `10.0.0.1,10.0.0.2 + 4 more...`: all there are, and nothing says who is ready.

    >>> [(e.ip, e.ready) for e in slice_facts("kube-system", "kube-dns", "10.0.0.1", Evidence("t", 1, ""))]
    [(IPv4Address('10.0.0.1'), None)]
    """
    found, more = _listed(cell)
    unshown = (*_OF_A_TABLE, "ready")
    for ip in found:
        yield EndpointFact(namespace, service, ip, None, None, None, None, SLICE, evidence, unshown)
    if more:
        yield EndpointFact(namespace, service, None, None, None, None, None, SLICE, evidence, (*unshown, "ip"))
    elif not found:
        yield EndpointFact(namespace, service, None, False, None, None, None, SLICE, evidence, _OF_A_TABLE)


def service_of_slice(namespace: str, name: str, labels: Mapping[str, str] | None) -> str | None:
    """The Service that a slice is of: by its label, else (no labels are shown) by its name. None: by neither.

    >>> service_of_slice("kube-system", "kube-dns-8tzqk", None), service_of_slice("shop", "by-hand", None)
    ('kube-dns', None)
    """
    if labels is not None:
        return labels.get(SERVICE_LABEL)
    if (namespace, name) == _OF_API_SERVER:
        return name
    found = _GENERATED.fullmatch(name)
    return found[1] if found else None


def _listed(cell: str) -> tuple[list[Address], bool]:
    """The addresses of a cell, each once, and whether there are more."""
    more = _MORE.fullmatch(cell)
    listed = (more[1] if more else cell).strip()
    pairs = () if listed in _NOTHING else listed.split(",")
    return list(dict.fromkeys(_without_port(part.strip()) for part in pairs)), bool(more)


def _without_port(text: str) -> Address:
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    return ip_address(host.partition(":")[0] if host.count(":") == 1 else host)
