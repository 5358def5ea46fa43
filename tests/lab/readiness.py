"""Which pods answer their node: the question by which the kubelet finds a pod ready, asked for real."""

from __future__ import annotations

import contextlib
import select
import socket
import time

from tests.lab.processes import inside
from tests.lab.wiring import Built

PORT = 8181
_MOST_SECONDS = 1.0


def ready_pods(built: Built) -> frozenset[str]:
    """The names of the pods with a network of their own to which a TCP connection of their node comes up."""
    with contextlib.ExitStack() as open_things:
        asked: dict[int, tuple[str, socket.socket]] = {}
        for node, pod in built.scenario.pods:
            if pod.ip is None:
                continue
            server = open_things.enter_context(_socket(built.of_pod(node, pod)))
            server.bind((pod.ip, PORT))
            server.listen()
            client = open_things.enter_context(_socket(built.of(node)))
            client.connect_ex((pod.ip, PORT))
            asked[client.fileno()] = (pod.name, client)
        return _connected(asked)


def _socket(namespace: str) -> socket.socket:
    with inside(namespace):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    return made


def _connected(asked: dict[int, tuple[str, socket.socket]]) -> frozenset[str]:
    """Those that can be written to without an error before the time is over."""
    found: set[str] = set()
    deadline = time.monotonic() + _MOST_SECONDS
    while asked and (left := deadline - time.monotonic()) > 0:
        _, writable, _ = select.select([], list(asked), [], left)
        for descriptor in writable:
            name, client = asked.pop(descriptor)
            if client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                found.add(name)
    return frozenset(found)
