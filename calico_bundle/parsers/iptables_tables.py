"""One table of `iptables-save` as its lines: the rules that may have to do with services. No parser of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

Line = tuple[int, str]

_NAT, _FILTER, _RAW = "nat", "filter", "raw"


@dataclass(slots=True)
class SavedTable:
    """A table: how it begins, the rules of its chains that matter here, and whether it is listed to its end.

    `committed` when its `COMMIT` was met, which iptables-save prints after the last rule; `damaged` when a line of it was
    not understood; `may_be_unmet` when a PREROUTING without a jump to services is listed, of this table or of another.
    `family` and `recorded` are of the remark above it, which says by what it was saved, and when.
    """

    name: str
    head: Line
    family: int | None
    recorded: tuple[str, Line] | None
    backend: str | None
    chains: dict[str, list[Line]] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    committed: bool = False
    damaged: bool = False
    may_be_unmet: bool = False

    @property
    def whole(self) -> bool:
        """Whether every rule of the table is listed."""
        return self.committed and not self.damaged

    def add(self, number: int, line: str, rule: str) -> None:
        """Take a rule in, if it can have to do with lookups; `rule` is the line without its counters."""
        chain = rule.split(" ", 2)[1]
        if self.name == _NAT:
            wanted = chain.startswith("KUBE-") or (chain == "PREROUTING" and " -j KUBE-SERVICES" in rule)
        elif self.name == _FILTER:
            wanted = chain.startswith("KUBE-") and "--dport 53 " in rule
        else:
            wanted = self.name == _RAW and "--dport 53 " in rule
        if wanted:
            self.chains.setdefault(chain, []).append((number, line))
