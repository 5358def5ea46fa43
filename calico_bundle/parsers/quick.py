"""The readers of bytes in one reading pass, and which of them is likely to be a file's own."""

from __future__ import annotations

from calico_bundle.parsers import Parsed, Parser, all_parsers


class QuickReading:
    """The quick readers of one pass.

    Of a file whose name is known (or all of it but what a pod's name ends in), the reader of the last such file is asked
    before anything else. That saves the choice of a parser and changes no answer: a file that a quick reader takes is no
    other's.

    >>> QuickReading().guess(b"a remark", "remark.txt") is None
    True
    """

    def __init__(self) -> None:
        """Begin a pass, with nothing read."""
        readers = ((parser, parser.reader() if parser.reader else parser.quick) for parser in all_parsers())
        self._readers = {parser: reader for parser, reader in readers if reader}
        self._latest: dict[str, Parser] = {}
        self._asked: Parser | None = None

    def guess(self, data: bytes, path: str) -> tuple[str, Parsed] | None:
        """The kind of a file and what it holds, as the likely reader has it; None where its content has to say."""
        name, sort = _name_and_sort(path)
        self._asked = None
        likely = self._latest.get(name) or self._latest.get(sort)
        return self._ask(likely, data, path) if likely and data else None

    def read(self, parser: Parser, data: bytes, path: str) -> tuple[str, Parsed] | None:
        """What a file holds that is this parser's by its content; None where the general way of reading has to say."""
        name, sort = _name_and_sort(path)
        if self._latest.setdefault(sort, parser) is not parser:
            self._latest[name] = parser
        return None if parser is self._asked else self._ask(parser, data, path)

    def _ask(self, parser: Parser, data: bytes, path: str) -> tuple[str, Parsed] | None:
        self._asked = parser
        reader = self._readers.get(parser)
        parsed = reader(data, path) if reader else None
        return None if parsed is None else (parser.kind, parsed)


def _name_and_sort(path: str) -> tuple[str, str]:
    """A file's name, and all of it but what a pod's name ends in: `calico-node-x7k2p.log`, `calico-node.log`."""
    name = path[path.rfind("/") + 1 :]
    return name, name.rpartition("-")[0] + name[name.rfind(".") :]
