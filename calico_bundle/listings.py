"""What an analysis found, as sequences that show themselves: findings, hypotheses, symptoms, what is missing, and more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, TypeAlias, overload

from calico_bundle.checks import info
from calico_bundle.display import Listing, in_a_line, where
from calico_bundle.effects import Effect
from calico_bundle.errors import UnknownNameError
from calico_bundle.evidence import Missing
from calico_bundle.findings import Finding, Skipped
from calico_bundle.hypotheses import Considered
from calico_bundle.symptoms import Symptom
from calico_bundle.what_if import Move

_Columns: TypeAlias = Mapping[str, Callable[..., object]]


class NoSuchFindingError(UnknownNameError, AttributeError):  # type: ignore[misc]  # both have a `name`: the one asked for
    """A code of which nothing was found, asked for as an attribute."""


class Findings(Listing[Finding]):
    """What was found, the most severe first; `findings["CB101"]` gives those of one code, `findings.CB101` its first.

    `skipped` are the checks that could not be made, each with its reason: skipped is not passed.

    >>> Findings()["CB101"]
    <0 findings>
    """

    noun = "finding"
    nouns = "findings"
    nothing = "nothing was found"
    columns: ClassVar[_Columns] = MappingProxyType(
        {
            "code": lambda f: f.code,
            "name": lambda f: f.name,
            "severity": lambda f: f.severity,
            "subject": lambda f: f.subject,
            "paths": lambda f: f.paths,
            "evidence": lambda f: "; ".join(where(line) for line in f.evidence[:1]),
            "message": lambda f: f.message,
        }
    )

    def __init__(self, findings: Iterable[Finding] = (), skipped: Iterable[Skipped] = ()) -> None:
        super().__init__(findings)
        self.skipped = SkippedChecks(skipped)

    @overload
    def __getitem__(self, key: int) -> Finding: ...
    @overload
    def __getitem__(self, key: slice | str) -> Findings: ...
    def __getitem__(self, key: int | slice | str) -> Finding | Findings:
        if isinstance(key, str):
            wanted = self._code_of(key)
            return Findings([f for f in self if f.code == wanted], [s for s in self.skipped if s.code == wanted])
        return Findings(self._items[key]) if isinstance(key, slice) else self._items[key]

    def __getattr__(self, name: str) -> Finding:
        # Pickle and copy ask for names of Python's own before there are any items.
        if name.startswith("_"):
            raise AttributeError(name)
        found = next((f for f in self if f.code == name.upper()), None)
        if found is None:
            raise NoSuchFindingError("finding", name, list(self.codes))
        return found

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.codes})

    def __repr__(self) -> str:
        skipped = [f"not checked: {s.code}, {s.reason}" for s in self.skipped if not self]
        heads = (f"{f.severity}[{f.code}] {f.subject}: {f.message}" for f in self)
        return "\n".join(map(in_a_line, [f"<{len(self)} finding{'' if len(self) == 1 else 's'}>", *heads, *skipped]))

    def _ipython_key_completions_(self) -> list[str]:
        return [*self.codes, *dict.fromkeys(f.name for f in self)]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what was found, each once."""
        return tuple(dict.fromkeys(f.code for f in self))

    @property
    def _caption(self) -> str:
        if self or not self.skipped:
            return super()._caption
        return "; ".join(f"not checked: {s.code}, {s.reason}" for s in self.skipped)

    def _code_of(self, key: str) -> str:
        """A code that was found, by code or name: also one of a check that is not of this package; else of the catalog."""
        wanted = key.strip().lower()
        own = next((f.code for f in self if wanted in (f.code.lower(), f.name.lower())), None)
        return own or info(key).code


class SkippedChecks(Listing[Skipped]):
    """The checks that could not be made, and why."""

    noun = "check that could not be made"
    nouns = "checks that could not be made"
    nothing = "every check was made"
    columns: ClassVar[_Columns] = MappingProxyType({"code": lambda s: s.code, "reason": lambda s: s.reason})


class Hypotheses(Listing[Considered]):
    """What else could explain broken DNS; `hypotheses["NAME"]` gives the answer to one.

    >>> Hypotheses()
    no hypothesis was considered
    """

    noun = "hypothesis"
    nouns = "hypotheses"
    nothing = "no hypothesis was considered"
    columns: ClassVar[_Columns] = MappingProxyType(
        {
            "name": lambda c: c.hypothesis.name,
            "status": lambda c: c.answer.status.value,
            "text": lambda c: c.answer.text,
        }
    )

    @overload
    def __getitem__(self, key: int | str) -> Considered: ...
    @overload
    def __getitem__(self, key: slice) -> Hypotheses: ...
    def __getitem__(self, key: int | slice | str) -> Considered | Hypotheses:
        if isinstance(key, slice):
            return Hypotheses(self._items[key])
        if isinstance(key, int):
            return self._items[key]
        names = self._ipython_key_completions_()
        if key not in names:
            raise UnknownNameError("hypothesis", key, names)
        return self._items[names.index(key)]

    def _ipython_key_completions_(self) -> list[str]:
        return [c.hypothesis.name for c in self]


class Effects(Listing[Effect]):
    """Who is hit, who is spared, and why."""

    noun = "observation"
    nouns = "observations"
    nothing = "nothing can be said of who is hit and who is spared"
    columns: ClassVar[_Columns] = MappingProxyType({
        "name": lambda e: e.name, "status": lambda e: e.status, "text": lambda e: e.text,
    })  # fmt: skip


class Symptoms(Listing[Symptom]):
    """What pods' own logs say of their lookups, beside the verdict on their path."""

    noun = "pod whose log tells of failed lookups"
    nouns = "pods whose logs tell of failed lookups"
    nothing = "no log that was read tells of failed lookups"
    columns: ClassVar[_Columns] = MappingProxyType(
        {
            "namespace": lambda s: s.namespace,
            "pod": lambda s: s.pod,
            "node": lambda s: s.node,
            "lines": lambda s: s.lines,
            "verdict": lambda s: s.verdict.value if s.verdict else None,
            "relation": lambda s: s.relation.value,
            "text": lambda s: s.text,
        }
    )


class MissingInputs(Listing[Missing]):
    """What was not in the bundle, and what stays unknown for it."""

    noun = "thing that is missing"
    nouns = "things that are missing"
    nothing = "nothing that is looked for is missing"
    columns: ClassVar[_Columns] = MappingProxyType({
        "artifact": lambda m: m.artifact, "node": lambda m: m.node, "effect": lambda m: m.effect,
    })  # fmt: skip


class Moves(Listing[Move]):
    """The nodes whose Calico address a tried change changes, or leaves open."""

    noun = "node whose address changes or is not known"
    nouns = "nodes whose addresses change or are not known"
    nothing = "no node's address changes"
    columns: ClassVar[_Columns] = MappingProxyType(
        {
            "node": lambda m: m.node,
            "before": lambda m: m.before and str(m.before),
            "after": lambda m: m.after and str(m.after),
            "open": lambda m: m.open,
        }
    )
