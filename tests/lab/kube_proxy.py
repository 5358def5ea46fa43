"""kube-proxy's iptables rules for the DNS service, and for one service per DNS pod that the probes ask.

The real service picks a DNS pod at random. A service with one pod behind it takes the same rules and the same routes and
leaves nothing to chance. Source: Kubernetes pkg/proxy/iptables/proxier.go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from tests.lab.felix import filter_rules, nat_rules
from tests.lab.processes import run
from tests.lab.topology import Node, Scenario
from tests.lab.wiring import Built

_BASE = """\
:KUBE-SERVICES - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE""".splitlines()


def program(built: Built, node: Node) -> None:
    """Write the rules of kube-proxy and Felix on a node."""
    run("iptables-restore", "--noflush", text=rules(built.scenario, node), namespace=built.of(node))


def rules(scenario: Scenario, node: Node) -> str:
    """All rules of a node, as `iptables-restore` takes them."""
    nat = [*_BASE, *nat_rules(scenario), "-A POSTROUTING -j KUBE-POSTROUTING", *_services(scenario, node)]
    lines = ["*nat", *nat, "COMMIT", "*filter", *filter_rules(scenario, node), "COMMIT", ""]
    return "\n".join(lines)


def _services(scenario: Scenario, on: Node) -> Iterator[str]:
    endpoints = [node.pod_ip(pod) for node, pod in scenario.endpoints]
    if on.name in scenario.stale_rules:
        endpoints = [_gone(node, index) for index, (node, _) in enumerate(scenario.endpoints)]
    for address in endpoints:
        yield from _endpoint_chain(address)
    if endpoints:
        yield from _service_chain(scenario, scenario.service_ip, endpoints)
    for index, address in enumerate(endpoints):
        yield from _service_chain(scenario, scenario.probe_service_ip(index), [address])


def _gone(node: Node, index: int) -> str:
    """An address that a pod of the node had once: one of the last of its block."""
    return str(IPv4Network(node.block)[-2 - index])


def _endpoint_chain(address: str) -> list[str]:
    chain = _chain("SEP", address)
    # The first rule is for a pod that reaches itself through the service.
    return [
        f":{chain} - [0:0]",
        f"-A {chain} -s {address}/32 -j KUBE-MARK-MASQ",
        f"-A {chain} -p udp -m udp -j DNAT --to-destination {address}:53",
    ]


def _service_chain(scenario: Scenario, service: str, endpoints: Sequence[str]) -> Iterator[str]:
    chain, match = _chain("SVC", service), f"-d {service}/32 -p udp -m udp --dport 53"
    yield f":{chain} - [0:0]"
    yield f"-A KUBE-SERVICES {match} -j {chain}"
    if scenario.masquerade != "none":
        outside = f"! -s {scenario.pool} " if scenario.masquerade == "by-cidr" else ""
        yield f"-A {chain} {outside}{match} -j KUBE-MARK-MASQ"
    for index, address in enumerate(endpoints):
        left = len(endpoints) - index
        share = f"-m statistic --mode random --probability {1 / left:.10f} " if left > 1 else ""
        yield f"-A {chain} {share}-j {_chain('SEP', address)}"


def _chain(kind: str, text: str) -> str:
    return f"KUBE-{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16].upper()}"
