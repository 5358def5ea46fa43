"""Facts that are too many to be held one by one: a sequence that makes each record when it is asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class FactList(Sequence[object]):
    """Many facts of one artifact, kept in columns or as differences; the records are made on demand."""

    @abstractmethod
    def of(self, kind: type[T]) -> Sequence[T]:
        """The facts of one class, in their order; an empty sequence when there is none."""
