"""What becomes of a packet, hop by hop, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from calico_bundle.display import in_a_line
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address

NODES, PODS = "kubectl get nodes -o yaml", "kubectl get pods -A -o yaml"
ENDPOINTS, SERVICES = "kubectl get endpoints,endpointslices -A -o yaml", "kubectl get services -A -o yaml"


NO_NODE = "a machine that is no node"
"""Where a hop is that is on none of the cluster's nodes."""


class Outcome(StrEnum):
    """What becomes of a packet."""

    DELIVERED = "delivered"
    LOST = "lost"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """The rule that ended a packet's way, or that keeps its fate open."""

    NO_ROUTE = "no-route"
    DROPPING_ROUTE = "dropping-route"
    ROUTER_HAS_NO_POD_ROUTE = "router-has-no-pod-route"
    NEXT_HOP_SILENT = "next-hop-silent"
    NETWORKS_NOT_JOINED = "networks-not-joined"
    NO_POD_GATEWAY = "no-pod-gateway"
    NO_SERVICE_ROUTE = "no-service-route"
    REVERSE_PATH_FILTER = "reverse-path-filter"
    TUNNEL_SOURCE_REFUSED = "tunnel-source-refused"
    NO_TUNNEL_DEVICE = "no-tunnel-device"
    WRONG_MACHINE = "wrong-machine"
    POLICY_DENIES = "policy-denies"
    SERVICE_RULES_STALE = "service-rules-stale"
    FIREWALL_DROPS = "firewall-drops"
    SERVICE_LEADS_NOWHERE = "service-leads-nowhere"
    LOOP = "loop"
    ROUTES_NOT_RECORDED = "routes-not-recorded"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Hop:
    """One step: on which node, what it does, and the line that decided.

    `does` is routes, encapsulates, translates, delivers or drops. `toward` is the address that a route was looked up for;
    None where a check decided, or nothing did.
    """

    node: str | None
    does: str
    rule: str | None = None
    expected: str | None = None
    found: str | None = None
    evidence: Evidence | None = None
    predicted: bool = False
    toward: Address | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.node or NO_NODE} {self.does} {self.rule or self.found or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Settles:
    """What would settle an open question: commands for a node, or (None) for wherever kubectl works.

    `beside` is what no command of theirs shows, in words.

    >>> str(Settles(("ip rule",), "n1", "and what sets its selectors"))
    '`ip rule` on n1, and what sets its selectors'
    """

    commands: tuple[str, ...]
    node: str | None = None
    beside: str = ""

    def __str__(self) -> str:
        commands = " and ".join(f"`{command}`" for command in self.commands)
        on = f" on {self.node}" if self.node and commands else ""
        return ", ".join(filter(None, (commands + on, self.beside)))


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a packet was not delivered: the rule, where, a sentence, the lines.

    `toward` is the address that could not be reached or was refused: the outer address for a tunnel. `settle` says
    what would settle an open case, `device` by which device of the node a packet came in that is dropped there.
    """

    why: Why
    node: str | None
    text: str
    evidence: tuple[Evidence, ...] = ()
    toward: Address | None = None
    settle: Settles | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """A packet's way: its outcome, its hops, where it ended, and the cause when it was not delivered."""

    outcome: Outcome
    hops: tuple[Hop, ...]
    node: str | None
    interface: str | None = None
    cause: Cause | None = None

    def __repr__(self) -> str:
        hops = [f"  {hop}" for hop in self.hops]
        why = [f"  {self.cause.text}"] if self.cause else []
        return "\n".join(map(in_a_line, (self.outcome.value, *hops, *why)))

    @property
    def predicted(self) -> bool:
        """Whether a table that was worked out, and not recorded, has a part in it."""
        return any(hop.predicted for hop in self.hops)

    @property
    def delivered(self) -> bool:
        """Whether it arrived."""
        return self.outcome is Outcome.DELIVERED


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as routing sees it; `source` is None while the kernel has not chosen one.

    `routed_as` is the source that the first node routes it by, where kube-proxy masquerades it after that (POSTROUTING).
    `restored` is, for an answer, the node that masqueraded the question and the address that it puts back: conntrack does
    that before the node routes or filters the packet (PREROUTING).
    """

    source: Address | None
    destination: Address
    routed_as: Address | None = None
    restored: tuple[str, Address] | None = None

    def on(self, node: str) -> Packet:
        """The packet as a node routes it when it comes in."""
        if self.restored is None or self.restored[0] != node:
            return self
        return Packet(self.source, self.restored[1])
