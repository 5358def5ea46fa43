"""One table of `iptables-save` as its lines: the rules that may have to do with services. No parser of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

Line = tuple[int, str]

_NAT, _FILTER, _RAW = "nat", "filter", "raw"


HOOKS = ("PREROUTING", "OUTPUT")
"""The chains of the nat table that packets come to: those that come in by a card, and those that are made on the machine."""


@dataclass(slots=True)
class SavedTable:
    """A table: how it begins, the rules of its chains that matter here, and whether it is listed to its end.

    `committed` when its `COMMIT` was met, which iptables-save prints after the last rule; `damaged` when a line of it was
    not understood; `may_be_unmet` are the chains of HOOKS that are listed without a jump to services, of this table or of
    another; `cut_line` is that of a line that may go on. `family` and `recorded` are of the remark above it, which says by
    what it was saved, and when. `heads` are the lines that name the chains of HOOKS, `others` the nat table's rules of
    chains that are not kube-proxy's, where the listing has them in full.
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
    may_be_unmet: frozenset[str] = frozenset()
    cut_line: int | None = None
    heads: dict[str, Line] = field(default_factory=dict)
    others: list[Line] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether every rule of the table is listed."""
        return self.committed and not self.damaged

    def is_met_from(self, hook: str) -> bool | None:
        """Whether packets of a chain come to the rules for services; None where they may not.

        Where a table is not listed in full, the jump is taken to be there.
        """
        if hook in self.chains or not self.whole:
            return None if hook in self.may_be_unmet else True
        return False

    def declare(self, number: int, line: str) -> None:
        """Take in that there is a chain."""
        chain = line[1:].split(" ", 1)[0]
        self.declared.add(chain)
        if chain in HOOKS:
            self.heads[chain] = (number, line)

    def add_other(self, number: int, rule: str) -> None:
        """Take in a rule that is not kube-proxy's, and may come before its rules."""
        if self.name == _NAT and not rule.startswith("-A KUBE-"):
            self.others.append((number, rule))

    def add(self, number: int, line: str, rule: str) -> None:
        """Take a rule in, if it can have to do with lookups; `rule` is the line without its counters."""
        chain = rule.split(" ", 2)[1]
        if self.name == _NAT:
            wanted = chain.startswith("KUBE-") or (chain in HOOKS and " -j KUBE-SERVICES" in rule)
        elif self.name == _FILTER:
            wanted = chain.startswith("KUBE-") and "--dport 53 " in rule
        else:
            wanted = self.name == _RAW and "--dport 53 " in rule
        if wanted:
            self.chains.setdefault(chain, []).append((number, line))
