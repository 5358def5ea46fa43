"""One file per kind of artifact: text in, facts or gaps out. Parsers know nothing of each other.

A parser is a module of this folder that has a `PARSER`; nothing else is needed to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TypeVar

from calico_bundle.evidence import Gap
from calico_bundle.facts.listing import FactList

T = TypeVar("T")

HEAD_CHARACTERS = 8192
"""How much of a text `recognizes` gets to see."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one parser made of one artifact.

    `facts` are records of `calico_bundle.facts`, in a `FactList` where they are many; `owner` is the node name that the
    text itself states, if it does; `command` is the command line of which it says that the output lies beside it. `parts`
    are what else the artifact holds, of another kind or owner. `lost` says how many objects of each kind could not be read.
    """

    facts: Sequence[object]
    gaps: tuple[Gap, ...] = ()
    owner: str | None = None
    command: str | None = None
    parts: tuple[Part, ...] = ()
    lost: Mapping[str, int] = field(default_factory=dict)

    def of(self, kind: type[T]) -> Sequence[T]:
        """The facts of one class, in their order.

        >>> Parsed((1, "a", 2)).of(int)
        (1, 2)
        """
        # First what is quickly asked: an abstract class takes its time to say that a tuple is none of its own.
        if type(self.facts) is not tuple and isinstance(self.facts, FactList):
            return self.facts.of(kind)
        return tuple([fact for fact in self.facts if isinstance(fact, kind)])


@dataclass(frozen=True, slots=True)
class Part:
    """What one artifact holds of another: its kind, what was made of it, and whose it is (a node or a pod).

    `name` tells the parts of one artifact apart.
    """

    name: str
    kind: str
    parsed: Parsed
    node: str | None = None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None


Quick = Callable[[bytes, str], Parsed | None]


@dataclass(frozen=True, slots=True)
class Parser:
    """How to read one kind of artifact.

    `kind` names the artifact (`ip-route`); `recognizes(head)` says whether text that begins like this is one;
    `parse(text, path)` reads it, raises nothing, and cites `path` in evidence and gaps; parsers with a smaller `rank`
    are asked first.

    `quick(data, path)` reads the bytes of a file that has, from its first line to its last, the layout that the
    producing command gives it, and answers None for any other, which then goes to `parse`. Both give the same facts, and
    no file that `quick` takes is another parser's. `reader()` makes a `quick` for one reading pass, which may hold a file
    beside those before it. `stream(pieces, path)` reads a file too large to be held, in pieces.

    `late` for a kind that layouts often set aside: a file of it is read when its layout has placed it, and only then.
    """

    kind: str
    recognizes: Callable[[str], bool]
    parse: Callable[[str, str], Parsed]
    rank: int = 50
    quick: Quick | None = None
    reader: Callable[[], Quick] | None = None
    stream: Callable[[Iterator[bytes], str], Parsed] | None = None
    late: bool = False


@cache
def all_parsers() -> tuple[Parser, ...]:
    """Every parser of this folder, in the order in which they are asked.

    >>> "ip-route" in [p.kind for p in all_parsers()]
    True
    """
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = [m.PARSER for m in modules if hasattr(m, "PARSER")]
    return tuple(sorted(found, key=lambda p: (p.rank, p.kind)))


def choose(text: str) -> Parser | None:
    """The parser for a text, by its content alone; None when no parser knows it.

    >>> choose("default via 10.0.0.1 dev eth0 proto static\\n").kind
    'ip-route'
    """
    return _chosen(text[:HEAD_CHARACTERS])


@lru_cache(64)  # some files are the same on every node
def _chosen(head: str) -> Parser | None:
    return next((p for p in all_parsers() if p.recognizes(head)), None)
