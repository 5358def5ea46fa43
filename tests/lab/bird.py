"""BIRD with configuration in the shape of Calico's: what is learned, written and announced, and how long to wait for it.

Source: Calico confd/etc/calico/confd/templates/bird.cfg.template. Debian's BIRD 1.6.8 has no `krt_tunnel`; pool routes
through tunl0 are written from BIRD's table by `ipip`.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.capabilities import tool
from tests.lab.peers import Peer, peers
from tests.lab.processes import LabError, inside, output
from tests.lab.topology import DEFAULT_PORT, Node, Scenario
from tests.lab.wiring import Built

_AT_LEAST, _QUIET, _AT_MOST = 4.5, 1.5, 14.0
"""Seconds: failing sessions get two attempts; then nothing may change for a while; then it is enough."""


@dataclass(frozen=True, slots=True)
class Bird:
    """A running BIRD, its control socket and its log."""

    node: Node
    namespace: str
    process: subprocess.Popen[bytes]
    control: Path
    log: Path

    def ask(self, *command: str) -> str:
        """What `birdc` prints for a command."""
        return output("birdc", "-s", str(self.control), *command)

    def recovers(self) -> bool:
        """Whether it still holds its routes back from the kernel, because of a graceful restart (nest/proto.c)."""
        return "Graceful restart recovery in progress" in self.ask("show", "status")

    def sessions(self) -> dict[str, str]:
        """The state column of every BGP protocol."""
        rows = [line.split() for line in self.ask("show", "protocols").splitlines()]
        return {row[0]: row[5] if len(row) > 5 else row[3] for row in rows if len(row) > 3 and row[1] == "BGP"}


def can_run(scenario: Scenario, node: Node) -> bool:
    """Whether a node's BIRD gets a configuration that it can read: two peers of one address make one it cannot."""
    names = [peer.protocol for peer in peers(scenario, node)]
    return scenario.uses_bird and len(names) == len(set(names))


def configuration(scenario: Scenario, node: Node) -> str:
    """A node's bird.cfg."""
    index = [n.name for n in scenario.nodes].index(node.name) + 1
    # BIRD's own pool routes stay out of the kernel where Felix, or `ipip`, writes them.
    kept_out = f"if ( net ~ {scenario.pool} ) then reject;" if scenario.tunneled else ""
    # `learn` would bring the routes that `ipip` writes back into BIRD; one scan at the start is enough then.
    scan = 3600 if scenario.encapsulation.startswith("ipip") else 2
    # confd's "listen bgp port", for all neighbors of this BIRD.
    listen = f"listen bgp port {scenario.listen_port};" if scenario.listen_port != DEFAULT_PORT else ""
    head = _TEMPLATE.format(
        block=node.block,
        pool=scenario.pool,
        own=node.stored_ip,
        own_as=scenario.as_number_of(node),
        kept_out=kept_out,
        scan=scan,
        listen=listen,
    )
    return head + "".join(_neighbor(peer, node, index) for peer in peers(scenario, node))


def _neighbor(peer: Peer, node: Node, index: int) -> str:
    port = f" port {peer.port}" if peer.port else ""
    lines = [f"protocol bgp {peer.protocol} from bgp_template {{"]
    lines += [f"  neighbor {peer.address}{port} as {peer.as_number};", f"  source address {node.stored_ip};"]
    # Without the word BIRD makes sessions within one AS multihop and all others direct (proto/bgp/bgp.c bgp_check_config).
    lines += ["  multihop;"] if peer.multihop else []
    lines += ["  rr client;", f"  rr cluster id 244.0.0.{index};"] if peer.client else []
    lines += ["  passive on;"] if peer.passive else []
    return "\n".join([*lines, "}", ""])


_TEMPLATE = """\
protocol static {{
  route {block} blackhole;
}}
filter calico_export {{
  if ( defined(ifname) && (ifname ~ "*.calico") ) then reject;
  if ( net = {block} ) then accept;
  if ( net ~ {block} ) then reject;
  if ( net ~ {pool} ) then accept;
  reject;
}}
filter calico_kernel {{
  {kept_out}
  accept;
}}
router id {own};
{listen}
protocol kernel {{
  learn;
  persist;
  scan time {scan};
  import all;
  export filter calico_kernel;
  graceful restart;
  merge paths on;
}}
protocol device {{
  debug {{ states }};
  scan time 2;
}}
protocol direct {{
  debug {{ states }};
  interface -"cali*", -"kube-ipvs*", "*";
}}
template bgp bgp_template {{
  debug {{ states }};
  description "Connection to BGP peer";
  local as {own_as};
  gateway recursive;
  import all;
  export filter calico_export;
  add paths on;
  graceful restart;
  connect delay time 1;
  connect retry time 2;
  error wait time 1,3;
}}
"""


def start(built: Built, folder: Path) -> list[Bird]:
    """Start every node's BIRD that can run. `folder` is short: the path of a control socket has 107 characters at most."""
    return [_start_one(built, node, folder) for node in built.scenario.nodes if can_run(built.scenario, node)]


def _start_one(built: Built, node: Node, folder: Path) -> Bird:
    settings, control, log = (folder / f"{node.name}.{kind}" for kind in ("cfg", "ctl", "log"))
    settings.write_text(configuration(built.scenario, node), encoding="utf-8")
    # `setpriv` ends BIRD with the laboratory, even when that is killed.
    dying = [tool("setpriv"), "--pdeathsig", "KILL"] if tool("setpriv") else []
    recovery = ["-R"] if built.scenario.recovering else []
    command = [*dying, tool("bird"), "-d", *recovery, "-c", str(settings), "-s", str(control)]
    with inside(built.of(node)), log.open("wb") as out:
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out)
    return Bird(node, built.of(node), process, control, log)


def stop(birds: Sequence[Bird]) -> None:
    """End the BIRDs that were started."""
    for bird in birds:
        bird.process.kill()
    for bird in birds:
        bird.process.wait()


def settle(birds: Sequence[Bird]) -> None:
    """Wait, for a bounded time, until sessions and routes stay as they are."""
    began = changed = time.monotonic()
    last: object = None
    while (now := time.monotonic()) - began < _AT_MOST:
        _check_alive(birds)
        state = [(bird.sessions(), routes(bird.namespace)) for bird in birds]
        all_up = all(info == "Established" for sessions, _ in state for info in sessions.values())
        if state != last:
            last, changed = state, now
        elif now - changed > _QUIET and (all_up or now - began > _AT_LEAST):
            return
        time.sleep(0.15)


def routes(namespace: str) -> str:
    """A node's main table."""
    return output("ip", "-n", namespace, "route")


def _check_alive(birds: Sequence[Bird]) -> None:
    for bird in birds:
        if bird.process.poll() is not None:
            raise LabError(f"BIRD of {bird.node.name} ended: {bird.log.read_text(encoding='utf-8', errors='replace')}")
