"""Small clusters made by hand, from the text that `ip`, `sysctl` and `birdcl` print; nothing here is recorded.

`machine` makes one node: what is not given was "not recorded". The usual cluster is on LAN 10.0.1.0/24, with pods in
10.244.N.0/26.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from calico_bundle import facts as f
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.parsers import all_parsers

NOWHERE = Evidence("hand-made", 1, "made by hand")


def read(kind: str, text: str, path: str = "hand-made.txt") -> tuple[Any, ...]:
    """The facts of a text; a line that its parser does not know is a mistake of the test."""
    parser = next(p for p in all_parsers() if p.kind == kind)
    parsed = parser.parse(text, path)
    assert not parsed.gaps, parsed.gaps
    return parsed.facts


def lines(text: str) -> str:
    return "".join(f"{line.strip()}\n" for line in text.strip().splitlines())


def card(name: str, *addresses: str, mac: str = "", kind: str = "") -> str:
    """One interface as `ip -d addr` prints it; its index comes from `machine`."""
    state = "" if name == "lo" else f"    link/ether {mac or mac_of(addresses)} brd ff:ff:ff:ff:ff:ff\n"
    detail = f"    {kind}\n" if kind else ""
    held = "".join(
        f"    inet {a} scope global {name}\n       valid_lft forever preferred_lft forever\n" for a in addresses
    )
    return f"N: {name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default\n{state}{detail}{held}"


def mac_of(addresses: Sequence[str]) -> str:
    """A link-layer address that tells which IP address it belongs to."""
    octets = [int(o) for o in addresses[0].split("/")[0].split(".")] if addresses else [0, 0, 0, 0]
    return "02:00:" + ":".join(f"{o:02x}" for o in octets)


def machine(  # noqa: PLR0913 - one argument per kind of record
    name: str,
    *cards: str,
    routes: str | None = None,
    rules: str | None = None,
    neighbors: str | None = None,
    sysctls: str | None = None,
    sessions: str | None = None,
    service_rules: str | None = None,
    **node: Any,
) -> ClusterNode:
    """A node from what was printed on it. `node` has fields of its Node object; `kubernetes=None` leaves that away."""
    text = "".join(one.replace("N:", f"{i}:", 1) for i, one in enumerate(cards, 1))
    addressed = read("ip-addr", text, f"{name}/ip-addr.txt") if cards else None
    saved = _read_or_none("iptables-save", service_rules, name)
    kubernetes = None if "kubernetes" in node else node_object(name, **node)
    settings = None if sysctls is None else {s.key: s for s in read("sysctl", lines(sysctls), f"{name}/sysctl.txt")}
    return ClusterNode(
        name,
        kubernetes,
        interfaces=None if addressed is None else tuple(x for x in addressed if isinstance(x, f.InterfaceFact)),
        addresses=None if addressed is None else tuple(x for x in addressed if isinstance(x, f.AddressFact)),
        routes=_read_or_none("ip-route", routes, name),
        rules=_read_or_none("ip-rule", rules, name),
        neighbors=_read_or_none("ip-neigh", neighbors, name),
        sysctls=settings,
        sessions=None if sessions is None else read("bird-protocols", _protocols(sessions), f"{name}/birdcl.txt"),
        service_rules=None if saved is None else tuple(x for x in saved if isinstance(x, f.ServiceRuleFact)),
        port_rules=None if saved is None else tuple(x for x in saved if isinstance(x, f.PortRuleFact)),
        filter_tables=None if saved is None else tuple(x for x in saved if isinstance(x, f.FilterTableFact)),
        service_tables=None if saved is None else tuple(x for x in saved if isinstance(x, f.ServiceTableFact)),
    )


def _read_or_none(kind: str, text: str | None, name: str) -> tuple[Any, ...] | None:
    return None if text is None else read(kind, lines(text), f"{name}/{kind}.txt")


def _protocols(sessions: str) -> str:
    """`10.0.1.12 Established` per line, as `birdcl show protocols` prints it."""
    rows = ["name     proto    table    state  since       info"]
    for line in lines(sessions).splitlines():
        peer, info = line.split(maxsplit=1)
        state = "up" if info.startswith("Established") else "start"
        rows.append(f"Mesh_{peer.replace('.', '_')} BGP      master   {state:6} 10:00:00    {info}")
    return "\n".join(rows) + "\n"


def node_object(name: str, internal: str | None = None, calico: str | None = None, **changed: Any) -> f.NodeFact:
    """A Node object. `internal` is its InternalIP, `calico` the address with prefix that Calico stores."""
    fields: dict[str, Any] = {
        "name": name,
        "internal_ips": (ip_address(internal),) if internal else (),
        "hostname": name,
        "provider_id": None,
        "bgp_ipv4": ip_interface(calico) if calico else None,
        "bgp_ipv6": None,
        "ipip_tunnel_ip": None,
        "vxlan_tunnel_ip": None,
        "as_number": None,
        "route_reflector_cluster_id": None,
        "pod_cidrs": (),
        "calico_interfaces": None,
        "ready": True,
        "labels": {},
        "redacted": (),
        "cited": {},
        "evidence": NOWHERE,
    }
    return f.NodeFact(**{**fields, **changed})


def pod(name: str, node: str | None, *ips: str, **changed: Any) -> f.PodFact:
    """A running pod that asks cluster DNS. `name` may be NAMESPACE/POD."""
    namespace, _, plain = name.rpartition("/")
    fields: dict[str, Any] = {
        "namespace": namespace or "default",
        "name": plain,
        "node": node,
        "ips": tuple(ip_address(ip) for ip in ips),
        "host_ip": None,
        "host_network": False,
        "dns_policy": "ClusterFirst",
        "dns_nameservers": (),
        "phase": "Running",
        "ready": True,
        "restarts": 0,
        "waiting_reasons": (),
        "owner": None,
        "labels": {},
        "redacted": (),
        "evidence": NOWHERE,
    }
    return f.PodFact(**{**fields, **changed})


def host_pod(name: str, node: str, *ips: str) -> f.PodFact:
    """A hostNetwork pod that asks cluster DNS."""
    return pod(name, node, *ips, host_network=True, dns_policy="ClusterFirstWithHostNet")


def service(name: str = "kube-system/kube-dns", ip: str | None = "10.96.0.10", **changed: Any) -> f.ServiceFact:
    """A DNS service."""
    namespace, _, plain = name.rpartition("/")
    fields: dict[str, Any] = {
        "namespace": namespace,
        "name": plain,
        "type": "ClusterIP",
        "cluster_ips": (ip_address(ip),) if ip else (),
        "ports": (f.ServicePort("dns", 53, "UDP"),),
        "selector": {"k8s-app": "kube-dns"},
        "labels": {"k8s-app": "kube-dns"},
        "redacted": (),
        "evidence": NOWHERE,
    }
    return f.ServiceFact(**{**fields, **changed})


def endpoint(ip: str | None, node: str | None, pod_name: str | None = None, **changed: Any) -> f.EndpointFact:
    """An address behind the DNS service."""
    fields: dict[str, Any] = {
        "namespace": "kube-system",
        "service": "kube-dns",
        "ip": ip_address(ip) if ip else None,
        "ready": True,
        "node": node,
        "pod_namespace": "kube-system" if pod_name else None,
        "pod": pod_name,
        "source": "Endpoints",
        "evidence": NOWHERE,
    }
    return f.EndpointFact(**{**fields, **changed})


def pool(cidr: str = "10.244.0.0/16") -> f.IPPoolFact:
    """An IPPool without encapsulation."""
    return f.IPPoolFact("pool", ip_network(cidr), "Never", "Never", True, False, False, 26, None, NOWHERE)


def block(cidr: str, node: str | None, **changed: Any) -> f.IPBlockFact:
    """An address block of a node."""
    fields: dict[str, Any] = {
        "cidr": ip_network(cidr),
        "node": node,
        "state": "confirmed",
        "deleted": False,
        "borrowed": {},
        "source": "BlockAffinity",
        "evidence": NOWHERE,
    }
    return f.IPBlockFact(**{**fields, **changed})


def cluster(*nodes: ClusterNode, **facts: Any) -> Cluster:
    """A cluster of these nodes."""
    return Cluster({n.name: n for n in nodes}, **facts)


def routes_of(number: int, *others: int, default: bool = True) -> str:
    """The kernel's and BIRD's routes of node-NUMBER on the LAN, to the blocks of the others."""
    own = [
        f"10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.{10 + number}",
        f"blackhole 10.244.{number}.0/26 proto bird",
        f"10.244.{number}.2 dev cali{number}a scope link",
    ]
    learned = [f"10.244.{n}.0/26 via 10.0.1.{10 + n} dev eth0 proto bird" for n in others]
    return "\n".join([*(["default via 10.0.1.1 dev eth0 proto static"] if default else []), *own, *learned])


def lan_node(number: int, *others: int, **changed: Any) -> ClusterNode:
    """node-NUMBER of the usual cluster, with sessions to the others established."""
    name, address = f"node-{number}", f"10.0.1.{10 + number}"
    given: dict[str, Any] = {
        "routes": routes_of(number, *others),
        "sessions": "\n".join(f"10.0.1.{10 + n} Established" for n in others) if others else None,
        "internal": address,
        "calico": f"{address}/24",
    }
    return machine(name, card("eth0", f"{address}/24"), **{**given, **changed})


def blocks_of(*numbers: int) -> tuple[f.IPBlockFact, ...]:
    return tuple(block(f"10.244.{n}.0/26", f"node-{n}") for n in numbers)


def healthy(**facts: Any) -> Cluster:
    """Three nodes that get along, with CoreDNS on node-2 and a pod on each."""
    nodes = [lan_node(n, *({1, 2, 3} - {n})) for n in (1, 2, 3)]
    given: dict[str, Any] = {
        "pools": (pool(),),
        "blocks": blocks_of(1, 2, 3),
        "pods": (
            pod("app-1", "node-1", "10.244.1.2"),
            pod("kube-system/coredns", "node-2", "10.244.2.2"),
            pod("app-3", "node-3", "10.244.3.2"),
        ),
        "services": (service(),),
        "endpoints": (endpoint("10.244.2.2", "node-2", "coredns"),),
    }
    return cluster(*nodes, **{**given, **facts})
