"""What a machine's own firewall does with packets: the rules of its filter table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from calico_bundle.evidence import Evidence


@dataclass(frozen=True, slots=True)
class FilterRule:
    """A rule of a filter table, or the policy of one of its chains, which comes after all rules."""

    chain: Annotated[str, "chain, e.g. FORWARD, INPUT, DOCKER-USER"]
    matches: Annotated[tuple[str, ...], "the conditions as printed, word by word; none applies to every packet"]
    jump: Annotated[str | None, "-j or -g: ACCEPT, DROP, REJECT, RETURN, another target, or a chain"]
    evidence: Annotated[Evidence, "its line"]


@dataclass(frozen=True, slots=True)
class FilterTableFact:
    """The filter table of a node for IPv4 (`iptables-save`): what packets through, to and from the machine meet."""

    whole: Annotated[bool, "listed from its beginning to its end"]
    backend: Annotated[str | None, "nft | legacy, where the listing says which: a machine can have one of each"]
    rules: Annotated[
        tuple[FilterRule, ...], "rules and policies, without those of Calico's and kube-proxy's own inner chains"
    ]
    evidence: Annotated[Evidence, "the line that the table begins with"]
