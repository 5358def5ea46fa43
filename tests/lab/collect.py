"""Write a node's machine's outputs as a person would collect them by hand: `nodes/NODE/*.txt`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.lab.bird import Bird
from tests.lab.processes import inside, output
from tests.lab.topology import Node
from tests.lab.wiring import Built

_SETTINGS = ("rp_filter", "arp_ignore", "proxy_arp", "forwarding")
_NO_BIRD = "Unable to connect to server control socket (/var/run/calico/bird.ctl): No such file or directory\n"
_BIRD_COMMANDS = ("show status", "show protocols", "show protocols all", "show route", "show route all")
_LINK_NAMESPACE = re.compile(r" link-netns \S+")


def collect(built: Built, birds: list[Bird], out: Path) -> None:
    """Write every node's files, but those that the scenario leaves out."""
    running = {bird.node.name: bird for bird in birds}
    for node in built.scenario.nodes:
        folder = out / "nodes" / node.name
        folder.mkdir(parents=True)
        for name, text in _outputs(built, node, running.get(node.name)):
            if name.rsplit(".", 1)[0] not in built.scenario.omitted:
                (folder / name).write_text(text, encoding="utf-8")


def _outputs(built: Built, node: Node, bird: Bird | None) -> Iterator[tuple[str, str]]:
    place = ("ip", "-n", built.of(node))
    # The far ends of our cards live in a namespace whose name holds our process id; real cards have none.
    yield "ip_addr_show.txt", _LINK_NAMESPACE.sub("", output(*place, "addr", "show"))
    yield "ip_d_addr.txt", _LINK_NAMESPACE.sub("", output(*place, "-d", "addr"))
    yield "ip_j_addr.json", output(*place, "-j", "addr")
    yield "ip_route_table_all.txt", output(*place, "route", "show", "table", "all")
    yield "ip_rule.txt", output(*place, "rule")
    yield "ip_neigh.txt", output(*place, "neigh")
    yield "sysctl_net.txt", _settings(built.of(node))
    yield "iptables_save.txt", output("iptables-save", namespace=built.of(node))
    if built.scenario.uses_bird:
        for command in _BIRD_COMMANDS:
            text = bird.ask(*command.split()) if bird else _NO_BIRD
            yield f"birdcl_{command.replace(' ', '_')}.txt", text
    yield "calico-node.log", _log(node, bird)


def _settings(namespace: str) -> str:
    with inside(namespace):
        root = Path("/proc/sys/net/ipv4/conf")
        paths = [p for key in _SETTINGS for p in sorted(root.glob(f"*/{key}"))]
        return "".join(f"net.ipv4.conf.{_dotted(p)} = {p.read_text(encoding='ascii')}" for p in paths)


def _dotted(path: Path) -> str:
    """`sysctl` prints an interface's own dots as slashes."""
    return f"{path.parent.name.replace('.', '/')}.{path.name}"


def _log(node: Node, bird: Bird | None) -> str:
    """The line of the choice in Calico's wording, then BIRD's own lines."""
    where = f" on interface {node.parent}" if node.parent else ""
    line = "2024-05-01 10:00:00.000 [INFO][9] startup/autodetection_methods.go 103: Using autodetected IPv4 address"
    tail = bird.log.read_text(encoding="utf-8", errors="replace") if bird else ""
    return f"{line}{where}: {node.stored}\n{tail}" if where else tail
