"""Real lookups between namespaces, each direction seen where it arrives.

A request counts as delivered when the DNS pod's socket gets it; a reply when the asking pod's socket gets it. Where the
request is lost, the DNS pod sends a packet shaped like the reply all the same, from its port 53 to the address that the
request bore, so that both ways are measured for themselves.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.lab.processes import inside, run
from tests.lab.topology import Node, Pod
from tests.lab.wiring import Built

TRIES_THROUGH_SERVICE = 6
_SEND_AT = (0.0, 0.3, 0.8, 1.3)
_REQUEST_SECONDS, _REPLY_SECONDS = 1.8, 1.8
_LATEST_NUMBER = re.compile(rb"^(query|reply) (\d+)$")
_REPLY_RULE = "POSTROUTING -p udp -m udp --sport 53 -j ACCEPT"
"""The stand-in reply opens a flow where the true one would belong to the request's: natOutgoing must not touch it."""


@dataclass(slots=True)
class Probe:
    """One lookup of one pod. `endpoint` is the DNS pod it is for; None when the service picks one."""

    number: int
    node: Node
    pod: Pod
    endpoint: tuple[Node, Pod] | None
    through_service: bool
    target: str
    client: socket.socket
    requested: bool = False
    replied: bool = False
    answered_by: str | None = None
    seen_source: str | None = None
    expected_source: str | None = None
    error: str | None = None

    @property
    def port(self) -> int:
        """The port that the pod asks from."""
        return int(self.client.getsockname()[1])


@dataclass(slots=True)
class Prober:
    """All probes of one cluster, driven from one thread."""

    built: Built
    poll: select.epoll = field(default_factory=select.epoll)
    handlers: dict[int, Callable[[], None]] = field(default_factory=dict)
    sockets: list[socket.socket] = field(default_factory=list)
    servers: dict[str, socket.socket] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)

    def __enter__(self) -> Self:
        for node, pod in self.built.scenario.endpoints:
            self._serve(node, pod)
        for node, pod in self.built.scenario.pods:
            self._ask(node, pod)
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.sockets:
            each.close()
        self.poll.close()

    def watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        """Call a handler whenever a descriptor can be read."""
        self.handlers[descriptor] = handler
        self.poll.register(descriptor, select.EPOLLIN)

    # --- sockets ------------------------------------------------------------------------------------------------------

    def _socket(self, namespace: str, address: tuple[str, int]) -> socket.socket:
        with inside(namespace):
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sockets.append(made)
        made.setblocking(False)
        made.bind(address)
        return made

    def _serve(self, node: Node, pod: Pod) -> None:
        server = self._socket(self.built.of_pod(node, pod), (node.pod_ip(pod), 53))
        self.servers[pod.name] = server
        self.watch(server.fileno(), lambda: self._on_request(pod, server))

    def _ask(self, node: Node, pod: Pod) -> None:
        """A pod's probes: each DNS pod through a service of its own and directly, then the service that picks."""
        scenario = self.built.scenario
        for index, (far, dns) in enumerate(scenario.endpoints):
            self._add(node, pod, (far, dns), scenario.probe_service_ip(index))
            self._add(node, pod, (far, dns), far.pod_ip(dns))
        for _ in range(TRIES_THROUGH_SERVICE if scenario.endpoints else 0):
            self._add(node, pod, None, scenario.service_ip)

    def _add(self, node: Node, pod: Pod, endpoint: tuple[Node, Pod] | None, target: str) -> None:
        client = self._socket(self.built.of_pod(node, pod), ("", 0))
        direct = endpoint is not None and target == endpoint[0].pod_ip(endpoint[1])
        probe = Probe(len(self.probes), node, pod, endpoint, not direct, target, client)
        self.probes.append(probe)
        self.watch(client.fileno(), lambda: self._on_reply(probe))

    # --- what arrives -------------------------------------------------------------------------------------------------

    def _on_request(self, pod: Pod, server: socket.socket) -> None:
        data, peer = server.recvfrom(2048)
        found = _LATEST_NUMBER.match(data)
        if not found or found[1] != b"query":
            return
        probe = self.probes[int(found[2])]
        probe.requested, probe.seen_source, probe.answered_by = True, peer[0], pod.name
        _send(server, b"reply %d" % probe.number, peer)

    def _on_reply(self, probe: Probe) -> None:
        data, _ = probe.client.recvfrom(2048)
        found = _LATEST_NUMBER.match(data)
        if found and found[1] == b"reply" and int(found[2]) == probe.number:
            probe.replied = True

    # --- the two rounds -----------------------------------------------------------------------------------------------

    def run(self, between: Callable[[], None]) -> list[Probe]:
        """Send everything, do what is to be done between, then send the replies that no request called for."""
        self._round(self._send_request, lambda p: p.replied, _REQUEST_SECONDS)
        between()
        for probe in self.probes:
            self._learn_source(probe)
        lost = [p for p in self.probes if not p.requested and p.endpoint and p.through_service and p.expected_source]
        spaces = sorted({self.built.of(p.endpoint[0]) for p in lost if p.endpoint})
        _reply_rule("-I", spaces)
        self._round(self._send_stand_in, lambda p: p.replied or p not in lost, _REPLY_SECONDS)
        _reply_rule("-D", spaces)
        return self.probes

    def _round(self, send: Callable[[Probe], None], done: Callable[[Probe], bool], seconds: float) -> None:
        began, due = time.monotonic(), list(_SEND_AT)
        while (elapsed := time.monotonic() - began) < seconds:
            waiting = [probe for probe in self.probes if not done(probe)]
            if not waiting:
                return
            if due and elapsed >= due[0]:
                due.pop(0)
                for probe in waiting:
                    send(probe)
            self._drain(0.02)

    def _drain(self, seconds: float) -> None:
        for descriptor, _ in self.poll.poll(seconds):
            # An ICMP error on a socket is no packet; the next read gives what came.
            with contextlib.suppress(OSError):
                for _ in range(64):
                    self.handlers[descriptor]()

    def _send_request(self, probe: Probe) -> None:
        probe.error = _send(probe.client, b"query %d" % probe.number, (probe.target, 53)) or probe.error

    def _send_stand_in(self, probe: Probe) -> None:
        assert probe.endpoint is not None
        assert probe.expected_source is not None
        _send(self.servers[probe.endpoint[1].name], b"reply %d" % probe.number, (probe.expected_source, probe.port))

    def _learn_source(self, probe: Probe) -> None:
        """The address a reply has to go to: what the DNS pod saw, else what the asking node's connection table says."""
        probe.expected_source = probe.seen_source or _tracked_source(self.built.of(probe.node), probe)
        itself = probe.endpoint is not None and probe.endpoint[1] is probe.pod
        if probe.expected_source is None and not probe.pod.host_network and not itself:
            # It did not get past its own node, and what leaves a pod bears the pod's address. Only of a pod that asks
            # itself is that not so: its node puts another address in, or the answer would not come back this way.
            probe.expected_source = probe.pod.ip


def _reply_rule(action: str, namespaces: Sequence[str]) -> None:
    for name in namespaces:
        run("iptables", "-t", "nat", action, *_REPLY_RULE.split(), namespace=name)


def _send(sender: socket.socket, payload: bytes, target: tuple[str, int]) -> str | None:
    """Send; the error's text when the kernel refuses."""
    try:
        sender.sendto(payload, target)
    except OSError as error:
        return error.strerror
    return None


def _tracked_source(namespace: str, probe: Probe) -> str | None:
    """Where the connection table of a node expects the answer of a flow: the reply direction's destination."""
    with inside(namespace):
        text = Path("/proc/thread-self/net/nf_conntrack").read_text(encoding="ascii")
    return expected_source(text, probe.pod, probe.node, probe.port, probe.target)


def expected_source(table: str, pod: Pod, node: Node, port: int, target: str) -> str | None:
    """What a connection table says of a pod's flow. Two pods, or a pod and its node, may ask from one port by chance."""
    others = {other.ip for other in node.pods if other is not pod and other.ip}
    for line in table.splitlines():
        fields = re.findall(r"(src|dst|sport|dport)=(\S+)", line)
        if len(fields) != 8 or fields[1:4] != [("dst", target), ("sport", str(port)), ("dport", "53")]:
            continue
        if fields[0][1] == pod.ip or (pod.ip is None and fields[0][1] not in others):
            return str(fields[5][1])
    return None
