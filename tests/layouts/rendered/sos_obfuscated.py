"""`sos clean`: names become host0 ..., addresses others, and the archive's name ends in -obfuscated."""

import re

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.sos import of_node

_ADDRESS = re.compile(rb"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(/\d{1,2})?(?![\d.])")


def write(recorded: Recorded) -> Bundles:
    """Every node's report, cleaned in one run."""
    cleaner, bundles = _Cleaner(recorded.nodes), {}
    for number, node in enumerate(recorded.nodes):
        name = f"sosreport-host{number}-2026-11-22-abcdefg"
        files = {f"{name}/{path}": cleaner.cleaned(data) for path, data in of_node(recorded, node).items()}
        bundles[f"{name}-obfuscated.tar.xz"] = files
    return bundles


class _Cleaner:
    """cleaner/mappings/ip_map.py: a network of its own for each that is met, addresses in the order of their meeting."""

    def __init__(self, nodes: tuple[str, ...]) -> None:
        self._hosts = {node.encode(): f"host{number}".encode() for number, node in enumerate(nodes)}
        self._map: dict[bytes, bytes] = {}

    def cleaned(self, data: bytes) -> bytes:
        for host, instead in self._hosts.items():
            data = data.replace(host, instead)
        return _ADDRESS.sub(lambda found: self._instead(found[1]) + (found[2] or b""), data)

    def _instead(self, address: bytes) -> bytes:
        if address.startswith((b"127.", b"0.", b"255.", b"169.254.")):
            return address
        number = len(self._map)
        return self._map.setdefault(address, f"{100 + number // 250}.0.0.{number % 250 + 1}".encode())


RENDERING = Rendering(
    "sos-obfuscated",
    "sos report, obfuscated (`sos clean`)",
    "sosreport/sos 5c7e63e",
    write,
    status="inconclusive",
    lacks=("nodes (kubectl get nodes", "pods (kubectl get pods", "services (kubectl get services", "`sos clean`"),
)
