"""The exception tree: whatever this package raises derives from `BundleError`."""

from __future__ import annotations

from collections.abc import Iterable


class BundleError(Exception):
    """Base of every exception of this package; its text is one line that says what, where and what to try.

    >>> issubclass(NotABundleError, BundleError)
    True
    """


class NotABundleError(BundleError):
    """Nothing in the input can be read as a bundle: a missing file, a picture, an empty archive.

    `found` are the files that were there instead, each with what it was taken for.
    """

    def __init__(self, message: str, found: Iterable[str] = ()) -> None:
        """Say what is wrong in one line."""
        super().__init__(message)
        self.found = tuple(found)


class UnknownNameError(BundleError, LookupError):
    """A name that is not there: a pod, a node, a table, a finding code, a column.

    >>> str(UnknownNameError("table", "route", ["routes", "nodes"]))
    "no table named 'route': did you mean 'routes'?"
    """

    def __init__(self, what: str, name: str, known: list[str]) -> None:
        from calico_bundle.names import did_you_mean

        super().__init__(f"no {what} named {name!r}: {did_you_mean(name, known)}")
        self.what, self.name, self.known = what, name, known


class AmbiguousNameError(BundleError, LookupError):
    """A name that fits more than one thing: `cart` when two namespaces have a pod of that name."""


class UsageError(BundleError, ValueError):
    """Arguments that contradict each other or cannot be parsed."""
