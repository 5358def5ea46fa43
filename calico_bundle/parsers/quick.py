"""The readers of bytes, in the order that is likely to find a file's own at once."""

from __future__ import annotations

from calico_bundle.parsers import Parsed, Quick, quick_readers


class QuickReading:
    """The quick readers of one reading pass.

    The one that takes files of a name (else, of its ending) is asked first. That saves asking the others and changes no
    answer: a file that one of them takes is no other's.

    >>> QuickReading().read(b"a remark", "remark.txt") is None
    True
    """

    def __init__(self) -> None:
        """Begin a pass, with nothing read."""
        self._readers = quick_readers()
        self._takes: dict[str, tuple[str, Quick]] = {}

    def read(self, data: bytes, path: str) -> tuple[str, Parsed] | None:
        """The kind of a file and what it holds; None where the general way of reading has to say."""
        if not data:
            return None
        name = path[path.rfind("/") + 1 :]
        ending = name[name.rfind(".") :]
        likely = self._takes.get(name) or self._takes.get(ending)
        if likely and (parsed := likely[1](data, path)) is not None:
            return likely[0], parsed
        for reader in self._readers:
            if reader is not likely and (parsed := reader[1](data, path)) is not None:
                if self._takes.setdefault(ending, reader) is not reader:
                    self._takes[name] = reader
                return reader[0], parsed
        return None
