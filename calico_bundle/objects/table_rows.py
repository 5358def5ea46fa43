"""Rows of the tables that kubectl and calicoctl print, as facts: what a column shows, and by name what none shows.

Sources: the columns and cells of Kubernetes' printers (pkg/printers/internalversion/printers.go) and of calicoctl's
resource manager (calicoctl/resourcemgr).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_network
from types import MappingProxyType

from calico_bundle.evidence import Evidence
from calico_bundle.facts import (
    Address,
    BGPConfigurationFact,
    BGPPeerFact,
    ContainerSpec,
    DaemonSetFact,
    IPPoolFact,
    NamespaceFact,
    NodeFact,
    PodFact,
    ServiceFact,
    ServicePort,
)
from calico_bundle.objects.endpoint_rows import endpoint_facts, service_of_slice, slice_facts
from calico_bundle.objects.reading import is_hidden, is_hidden_address
from calico_bundle.objects.shown_states import phase_of, waiting_reasons

NONE = "<none>"
_NEVER = frozenset({"", NONE})
_READY = re.compile(r"(\d{1,6})/(\d{1,6})")
_RESTARTS = re.compile(r"(\d{1,9})(?: \(.+ ago\))?")
_PORT = re.compile(r"(\d{1,5})(?::\d{1,5})?/([A-Z]+)")
_NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column, the namespace it is of (None: the table does not say), and its line."""

    cells: Mapping[str, str]
    namespace: str | None
    evidence: Evidence

    @property
    def name(self) -> str:
        """The object's name, without the resource that `kubectl get all` writes before it.

        >>> Row({"NAME": "pod/web-0"}, "shop", Evidence("t", 1, "")).name
        'web-0'
        """
        return self.cells["NAME"].rpartition("/")[2]

    def cell(self, column: str) -> str:
        """A cell that the printer never leaves empty; a row without it is cut."""
        found = self.cells[column]
        if not found:
            raise ValueError(f"{column} is empty")
        return found


@lru_cache(256)  # the rows of a table have few sorts of gaps
def _unshown(fact: type, shown: frozenset[str]) -> tuple[str, ...]:
    """The columns of a fact that a source does not show."""
    about = ("redacted", "cited", "evidence", "not_shown")
    return tuple(field.name for field in fields(fact) if field.name not in about and field.name not in shown)


# --- nodes ----------------------------------------------------------------------------------------------------------

_NO_NODE: Mapping[str, object] = MappingProxyType({
    "internal_ips": (), "hostname": None, "provider_id": None, "bgp_ipv4": None, "bgp_ipv6": None,
    "ipip_tunnel_ip": None, "vxlan_tunnel_ip": None, "as_number": None, "route_reflector_cluster_id": None,
    "pod_cidrs": (), "calico_interfaces": None, "ready": None, "labels": {},
})  # fmt: skip


def node_fact(name: str, shown: Mapping[str, object], cited: Mapping[str, Evidence], evidence: Evidence) -> NodeFact:
    """A node of which some columns are shown.

    >>> node_fact("n1", {"ready": True}, {}, Evidence("t", 1, "")).ready
    True
    """
    values = {key: value for key, value in shown.items() if key != "redacted"}
    redacted = shown.get("redacted", ())
    return NodeFact(
        name=name,
        **{**_NO_NODE, **values},  # type: ignore[arg-type]
        redacted=redacted,  # type: ignore[arg-type]
        cited={"name": evidence, **cited},
        evidence=evidence,
        not_shown=_unshown(NodeFact, frozenset({"name", *values})),
    )


def _node(row: Row) -> Iterator[object]:
    shown: dict[str, object] = {}
    cited = {}
    # NotReady is printed for a condition that is False and for one that is Unknown.
    if row.cell("STATUS").split(",")[0] == "Ready":
        shown["ready"], cited["ready"] = True, row.evidence
    if "INTERNAL-IP" in row.cells:
        shown |= _addresses(row.cell("INTERNAL-IP"), "internal_ips")
        cited["internal_ips"] = row.evidence
    yield node_fact(row.name, shown, cited, row.evidence)


def _calico_node(row: Row) -> Iterator[object]:
    v4, number = row.cells["IPV4"], row.cells["ASN"]
    shown: dict[str, object] = {
        "bgp_ipv4": IPv4Interface(v4) if v4 else None,
        # In parentheses stands the cluster's number, for a node without one of its own.
        "as_number": None if number.startswith("(") or not number else number,
    }
    if "IPV6" in row.cells:
        shown["bgp_ipv6"] = IPv6Interface(row.cells["IPV6"]) if row.cells["IPV6"] else None
    cited = {column: row.evidence for column in shown if shown[column] is not None}
    yield node_fact(row.name, shown, cited, row.evidence)


def _addresses(cell: str, column: str) -> dict[str, object]:
    """Addresses of a cell, as the column that they are of; a hidden one is said to be."""
    if is_hidden(cell) or is_hidden_address(cell):
        return {column: (), "redacted": (column,)}
    return {column: _ips(cell)}


def _ips(cell: str) -> tuple[Address, ...]:
    return () if cell in (*_NEVER, "None") else tuple(ip_address(part.strip()) for part in cell.split(","))


# --- pods -----------------------------------------------------------------------------------------------------------


def _pod(row: Row) -> Iterator[object]:
    ready, restarts = _READY.fullmatch(row.cell("READY")), _RESTARTS.fullmatch(row.cell("RESTARTS"))
    if ready is None or restarts is None:
        raise ValueError("no pod's READY or RESTARTS")
    status = row.cell("STATUS")
    gates = row.cells.get("READINESS GATES")
    phase = phase_of(status)
    shown: dict[str, object] = {"restarts": int(restarts[1]), "waiting_reasons": waiting_reasons(status)}
    shown |= {"phase": phase} if phase else {}
    shown |= {"ready": False} if int(ready[1]) < int(ready[2]) else {"ready": True} if gates == NONE else {}
    if "NODE" in row.cells:
        shown["node"] = _node_name(row.cell("NODE"))
    # A pod whose end is not certain may show an address that is another's by now.
    if "IP" in row.cells and (phase or status == "Terminating"):
        shown |= _addresses(row.cell("IP"), "ips")
    if "LABELS" in row.cells:
        shown["labels"] = _labels(row.cells["LABELS"])
    yield pod_fact(str(row.namespace), row.name, shown, row.evidence)


_NO_POD: Mapping[str, object] = MappingProxyType({
    "node": None, "ips": (), "host_ip": None, "host_network": None, "dns_policy": None, "dns_nameservers": (),
    "phase": None, "ready": None, "restarts": 0, "waiting_reasons": (), "last_ends": (), "owner": None, "labels": {},
    "network_probe": False, "service_account": None, "named_ports": (),
})  # fmt: skip


def pod_fact(namespace: str, name: str, shown: Mapping[str, object], evidence: Evidence) -> PodFact:
    """A pod of which some columns are shown.

    >>> pod_fact("shop", "web-0", {"node": "n1"}, Evidence("t", 1, "")).dns_policy is None
    True
    """
    values = {key: value for key, value in shown.items() if key != "redacted"}
    return PodFact(
        namespace=namespace,
        name=name,
        **{**_NO_POD, **values},  # type: ignore[arg-type]
        redacted=shown.get("redacted", ()),  # type: ignore[arg-type]
        evidence=evidence,
        not_shown=_unshown(PodFact, frozenset({"namespace", "name", *values})),
    )


def _labels(cell: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in cell.split(",") if cell not in _NEVER]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError("a label without '='")
    return {key: value for key, _, value in pairs}


def _node_name(cell: str) -> str | None:
    if cell != NONE and not _NODE_NAME.fullmatch(cell):
        raise ValueError("no name of a node")
    return None if cell == NONE else cell


# --- services and what is behind them -------------------------------------------------------------------------------


def _service(row: Row) -> Iterator[object]:
    ports = row.cell("PORT(S)")
    found = [] if ports == NONE else [_PORT.fullmatch(part) for part in ports.split(",")]
    shown = _addresses(row.cell("CLUSTER-IP"), "cluster_ips")
    redacted = shown.pop("redacted", ())
    shown |= {"type": row.cells["TYPE"]} if row.cells.get("TYPE") else {}
    shown |= {"selector": _labels(row.cells["SELECTOR"])} if "SELECTOR" in row.cells else {}
    shown |= {"labels": _labels(row.cells["LABELS"])} if "LABELS" in row.cells else {}
    shown["ports"] = tuple(_service_port(port) for port in found)
    none = {"type": "ClusterIP", "selector": {}, "labels": {}}
    yield ServiceFact(
        namespace=str(row.namespace),
        name=row.name,
        **{**none, **shown},  # type: ignore[arg-type]
        redacted=redacted,  # type: ignore[arg-type]
        evidence=row.evidence,
        not_shown=_unshown(ServiceFact, frozenset({"namespace", "name", *shown})),
    )


def _service_port(found: re.Match[str] | None) -> ServicePort:
    if found is None:
        raise ValueError("no port of a service")
    return ServicePort(None, int(found[1]), found[2])


def _endpoints(row: Row) -> Iterator[object]:
    if not row.cells.get("AGE", NONE):
        raise ValueError("the row is cut")
    yield from endpoint_facts(str(row.namespace), row.name, row.cells["ENDPOINTS"], row.evidence)


class UnusableRowError(ValueError):
    """A row that is as kubectl prints it and says too little to be used; the message says what is missing."""


def _slice(row: Row) -> Iterator[object]:
    """The addresses of an EndpointSlice, of which a table shows neither the Service nor who is ready."""
    if row.cell("ADDRESSTYPE") not in ("IPv4", "IPv6"):
        raise UnusableRowError("names in place of addresses are not followed")
    namespace, labels = str(row.namespace), row.cells.get("LABELS")
    service = service_of_slice(namespace, row.name, None if labels is None else _labels(labels))
    if service is None and labels is None:
        raise UnusableRowError(
            "it does not show which Service the EndpointSlice is of; `kubectl get endpointslices -A -o yaml` does"
        )
    if service is not None:
        yield from slice_facts(namespace, service, row.cell("ENDPOINTS"), row.evidence)


# --- others ---------------------------------------------------------------------------------------------------------


def _namespace(row: Row) -> Iterator[object]:
    if row.cell("STATUS") not in ("Active", "Terminating"):
        raise ValueError("no status of a namespace")
    yield NamespaceFact(row.name, {}, row.evidence, ("labels",))


def _daemon_set(row: Row) -> Iterator[object]:
    names = row.cells.get("CONTAINERS", row.cells.get("CONTAINER(S)", "")).split(",")
    images = row.cells.get("IMAGES", row.cells.get("IMAGE(S)", "")).split(",")
    if not names[0] or len(names) != len(images):
        return
    containers = tuple(ContainerSpec(name, image, {}, {"image": row.evidence}) for name, image in zip(names, images))  # noqa: B905
    yield DaemonSetFact(str(row.namespace), row.name, containers, None, row.evidence, ("environment", "owner"))


def _pool(row: Row) -> Iterator[object]:
    truth = {"true": True, "false": False}
    flags = [truth.get(row.cell(column)) for column in ("NAT", "DISABLED", "DISABLEBGPEXPORT")]
    if None in flags:
        raise ValueError("true or false was expected")
    modes = [row.cell(column) for column in ("IPIPMODE", "VXLANMODE")]
    if not set(modes) <= {"Never", "Always", "CrossSubnet"}:
        raise ValueError("no mode of a pool")
    nat, disabled, unexported = map(bool, flags)
    yield IPPoolFact(
        name=row.name,
        cidr=ip_network(row.cell("CIDR")),
        ipip_mode=modes[0],
        vxlan_mode=modes[1],
        nat_outgoing=nat,
        disabled=disabled,
        disable_bgp_export=unexported,
        block_size=None,
        node_selector=row.cells.get("SELECTOR") or None,
        evidence=row.evidence,
        not_shown=("block_size", "allowed_uses"),
    )


def _bgp_configuration(row: Row) -> Iterator[object]:
    mesh = {"true": True, "false": False, "-": None}
    number = row.cell("ASNUMBER")
    if row.cell("MESHENABLED") not in mesh:
        raise ValueError("true or false was expected")
    yield BGPConfigurationFact(
        name=row.name,
        node_to_node_mesh=mesh[row.cell("MESHENABLED")],
        as_number=None if number == "-" else number,
        listen_port=None,
        bind_mode=None,
        program_cluster_routes=None,
        evidence=row.evidence,
        not_shown=("listen_port", "bind_mode", "program_cluster_routes"),
    )


def _bgp_peer(row: Row) -> Iterator[object]:
    node, peer = row.cell("NODE"), row.cells["PEERIP"] or None
    by_name = _NODE_NAME.fullmatch(node)
    selector = None if by_name or node == "(global)" else node
    # Where no address of a peer is shown, a selector is set; what it is, is not shown.
    hidden = ("source_address",) if peer else ("source_address", "peer_selector")
    number = row.cells["ASN"] if row.cells["ASN"] not in ("", "0") else None
    yield BGPPeerFact(row.name, node if by_name else None, selector, peer, None, number, None, row.evidence, hidden)


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of table: the columns after NAME that tell it, those it may end with, and how its rows become facts.

    `unfit` says why a table of the kind gives no facts at all.
    """

    resource: str
    starts: tuple[str, ...]
    ends: frozenset[str]
    build: Callable[[Row], Iterator[object]]
    namespaced: bool = False
    unfit: str = ""


def _nothing(_row: Row) -> Iterator[object]:
    return iter(())


_AGE = frozenset({"AGE", "LABELS"})
TABLES = (
    Table("pods", ("READY", "STATUS", "RESTARTS", "AGE"), _AGE | {"NODE", "NOMINATED NODE", "READINESS GATES"}, _pod, True),
    Table("nodes", ("STATUS", "ROLES", "AGE", "VERSION"), frozenset({"VERSION", "CONTAINER-RUNTIME", "LABELS"}), _node),
    Table("nodes", ("STATUS", "AGE", "VERSION"), frozenset({"VERSION", "CONTAINER-RUNTIME", "LABELS"}), _node),
    Table("services", ("TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"), _AGE | {"SELECTOR"}, _service, True),
    Table("services", ("CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"), _AGE | {"SELECTOR"}, _service, True),
    Table("endpoints", ("ENDPOINTS", "AGE"), _AGE, _endpoints, True),
    Table("daemonsets", ("DESIRED", "CURRENT", "READY", "UP-TO-DATE"), _AGE | {"SELECTOR"}, _daemon_set, True),
    Table("namespaces", ("STATUS", "AGE"), _AGE, _namespace),
    Table("nodes of calicoctl", ("ASN", "IPV4", "IPV6"), frozenset({"IPV6"}), _calico_node),
    Table("ippools", ("CIDR", "NAT", "IPIPMODE", "VXLANMODE", "DISABLED", "DISABLEBGPEXPORT"), frozenset({"SELECTOR"}), _pool),
    Table("bgpconfigurations", ("LOGSEVERITY", "MESHENABLED", "ASNUMBER"), frozenset({"ASNUMBER"}), _bgp_configuration),
    Table("bgppeers", ("PEERIP", "NODE", "ASN"), frozenset({"ASN"}), _bgp_peer),
    Table("endpointslices", ("ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"), _AGE, _slice, True),
    Table(
        "ippools", ("CIDR",), frozenset({"SELECTOR"}), _nothing,
        unfit="this table of IPPools does not show their encapsulation; `calicoctl get ippools -o yaml` does",
    ),
)  # fmt: skip
"""Every kind of table whose rows say something here; the more particular ones first."""
