"""What is fuzzed: every parser, the readers of archives and text, the layouts, and the whole command.

A target is a function of bytes that returns for whatever it is given; an exception of any kind is a defect. Each target
also checks what must hold for every input, so that a wrong quote or an unsafe name is found as a crash is.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import re
import sys
import tarfile
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from unittest import mock

from calico_bundle import parsers
from calico_bundle.cli import program
from calico_bundle.errors import NotABundleError
from calico_bundle.evidence import Evidence, Gap, clean, quote
from calico_bundle.layouts import all_layouts
from calico_bundle.parsers import HEAD_CHARACTERS, Parsed, Parser, choose
from calico_bundle.report import formats
from calico_bundle.report.exit_status import ExitStatus
from calico_bundle.sections.reading import Parts, read_parts
from calico_bundle.sources import Limits, read_members
from calico_bundle.sources.text import can_come_in_pieces, decode, decode_head, looks_binary, text_pieces

Target = Callable[[bytes], None]

_PATH = "nodes/n1/file.txt"
_SMALL = Limits(
    max_members=100,
    max_member_bytes=1 << 20,
    max_total_bytes=1 << 22,
    max_decoder_bytes=1 << 23,
)
_NEXT_FILE = re.compile(rb"^@@ (.*)\n", re.MULTILINE)
_PIECE_BYTES = 64


def targets() -> dict[str, Target]:
    """Every target by name; a parser that is added has one by itself.

    >>> {"sources", "layouts", "command", "parser-ip_route"} <= set(targets())
    True
    """
    by_parser = {f"parser-{name}": _of_parser(parser) for name, parser in _parsers().items()}
    others = {"sources": read_archive, "text": read_text, "sections": read_sections, "layouts": place_paths}
    return {**others, "command": run_command, **by_parser}


def _parsers() -> dict[str, Parser]:
    modules = {
        m.name: importlib.import_module(f"{parsers.__name__}.{m.name}") for m in pkgutil.iter_modules(parsers.__path__)
    }
    return {name: module.PARSER for name, module in modules.items() if hasattr(module, "PARSER")}


# --- parsers ----------------------------------------------------------------------------------------------------------


def _of_parser(parser: Parser) -> Target:
    def read(data: bytes) -> None:
        text = decode(data)
        lines = text.split("\n")
        parsed = parser.parse(text, _PATH)
        _check_quotes(parsed, lines)
        if parser.recognizes(text[:HEAD_CHARACTERS]) and data:
            _check_other_ways(parser, data, parsed, lines)

    return read


def _check_quotes(parsed: Parsed, lines: Sequence[str]) -> None:
    for gap in parsed.gaps:
        assert gap.path == _PATH, gap
        assert gap.line is None or 1 <= gap.line <= len(lines), gap
        assert clean(gap.message) == gap.message, gap
    for fact in parsed.facts:
        evidence = getattr(fact, "evidence", None)
        if isinstance(evidence, Evidence) and evidence.line is not None:
            assert quote(lines[evidence.line - 1]) == evidence.text, evidence


def _check_other_ways(parser: Parser, data: bytes, parsed: Parsed, lines: Sequence[str]) -> None:
    """Reading in bytes, beside a file like it, or in pieces gives the same facts, or no answer.

    Where the general way has gaps, another may know more: it gives up an object for a line that nobody needs, and a
    list for what stands behind it.
    """
    if parsed.gaps:
        return
    quick = parser.reader() if parser.reader else parser.quick
    found = [quick(data, _PATH), quick(data, _PATH)] if quick else []
    for taken in found:
        assert taken is None or _same(taken, parsed), (taken, parsed)
    if parser.stream and can_come_in_pieces(data) and not looks_binary(data):
        pieces = (data[at : at + _PIECE_BYTES] for at in range(0, len(data), _PIECE_BYTES))
        streamed = parser.stream(text_pieces(pieces), _PATH)
        _check_quotes(streamed, lines)
        # A list that departs from kubectl's own layout further on has given its first items by then.
        assert found[:1] in ([], [None]) or _same(streamed, parsed), (streamed, parsed)


def _same(found: Parsed, parsed: Parsed) -> bool:
    return (list(found.facts), found.gaps, found.owner) == (list(parsed.facts), parsed.gaps, parsed.owner)


# --- sections ---------------------------------------------------------------------------------------------------------


def read_sections(data: bytes) -> None:
    """Split a text that may hold several outputs, and read its parts; every part's lines are those of the text."""
    text = decode(data)
    lines = text.split("\n")
    found = read_parts(text, _PATH, choose(text[:HEAD_CHARACTERS]))
    for part in found.known if isinstance(found, Parts) else ():
        assert 1 <= part.line <= part.last <= len(lines), part
        _check_quotes(part.parsed, lines)


# --- sources ----------------------------------------------------------------------------------------------------------


def read_archive(data: bytes) -> None:
    """Read bytes as an input, once as a file and once as a pipe."""
    _read_members(io.BytesIO(data))
    _read_members(io.BufferedReader(io.BytesIO(data)))


def _read_members(source: io.BytesIO | io.BufferedReader) -> None:
    gaps: list[Gap] = []
    paths: set[str] = set()
    with contextlib.suppress(NotABundleError):
        for member in read_members(source, limits=_SMALL, on_gap=gaps.append):
            assert member.path not in paths, member.path
            assert not {"", ".."} & set(member.path.split("/")), member.path
            assert len(member.read()) <= member.size <= _SMALL.max_member_bytes
            paths.add(member.path)
    assert all("\n" not in gap.message for gap in gaps), gaps


def read_text(data: bytes) -> None:
    """Decode bytes: whole, their head alone, and in pieces."""
    text = decode(data)
    head = decode_head(data, 100)
    assert head == text[:100], (head, text[:100])
    looks_binary(data)
    if can_come_in_pieces(data):
        pieces = (data[at : at + _PIECE_BYTES] for at in range(0, len(data), _PIECE_BYTES))
        assert b"".join(text_pieces(pieces)).decode("utf-8", "replace") == text
    for line in text.split("\n"):
        assert clean(quote(line)) == quote(line), line


def place_paths(data: bytes) -> None:
    """Ask every layout where the files of a bundle belong; a line is a path, one with a blank the name of a node."""
    lines = data.decode("utf-8", "replace").split("\n")
    paths = [line for line in lines if line and " " not in line]
    nodes = sorted({line.strip() for line in lines if " " in line})
    for layout in all_layouts():
        for root in layout.roots(paths):
            for path in paths:
                if path.startswith(root):
                    layout.place(path[len(root) :], nodes)


# --- the command ------------------------------------------------------------------------------------------------------


def run_command(data: bytes) -> None:
    """Run the command on a bundle; `@@ PATH` begins a file of it, and the first byte chooses the format."""
    known = [known.name for known in formats()]
    output, errors = _Captured(), _Captured()
    words = ["-", "-v", "-f", known[data[0] % len(known)] if data else known[0]]
    stdin = SimpleNamespace(buffer=io.BytesIO(bundle_of(data)), isatty=lambda: False)
    with mock.patch.multiple(sys, stdin=stdin, stdout=output, stderr=errors):
        status = _status(words)
    assert status != ExitStatus.DEFECT, errors.text()
    assert status in set(ExitStatus), status
    if words[-1] == "text":
        assert clean(output.text().replace("\n", "")) == output.text().replace("\n", ""), output.text()


def _status(words: list[str]) -> int:
    try:
        program.main(words)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else ExitStatus.DEFECT


class _Captured(io.TextIOWrapper):
    """Standard output or error that keeps what is written."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        """What was written."""
        self.seek(0)
        return self.read()


def bundle_of(data: bytes) -> bytes:
    """A tar archive of the files that `@@ PATH` lines begin; what stands before the first is left out.

    >>> len(bundle_of(b"0\\n@@ a.txt\\ndefault via 10.0.0.1 dev eth0\\n")) % 512
    0
    """
    parts = _NEXT_FILE.split(data)
    packed = []
    for name, content in zip(parts[1::2], parts[2::2], strict=True):
        header = tarfile.TarInfo(name.decode("utf-8", "replace")[:100] or "file")
        header.size = len(content)
        packed += [header.tobuf(tarfile.GNU_FORMAT), content, bytes(-len(content) % 512)]
    return b"".join(packed) + bytes(1024)
