"""Each part of a text through its own parser, with the line numbers that it has in the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from calico_bundle.evidence import Evidence
from calico_bundle.layouts import Placement
from calico_bundle.layouts.commands import as_run, selects
from calico_bundle.parsers import Parsed, Parser, choose
from calico_bundle.sections import Command, Section, split
from calico_bundle.sections.commands import is_known, tool_of

_HOSTNAME, _COLLECTOR_ERROR = "hostname", "collector-error"
_LOG = "calico-log"
_BLANK_LINES = re.compile(r"\n(?=[ \t]*\n)")
_WITHOUT_BLANK_LINES = frozenset({"ip-addr", "ip-route", "ip-rule", "ip-neigh"})
_MAY_QUOTE = frozenset({"k8s-objects", _LOG})
"""Kinds whose own lines may look like headings: a remark in YAML, a command in a log. They are read as a whole."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of a file was taken for, and where it stands: from line `line` to line `last`."""

    command: Command
    line: int
    last: int
    kind: str
    parsed: Parsed


@dataclass(frozen=True, slots=True)
class Parts:
    """A file of several outputs: the parts that a parser knows; `has_more` when there are others."""

    known: tuple[Part, ...]
    has_more: bool


def read_parts(text: str, path: str, whole: Parser | None) -> Parts | Command | None:
    """The parts of a text with headings; where all of it is one parser's, only the command that it is the output of.

    `whole` is the parser that the text as a whole was taken for. None when nothing is gained by its parts: no parser
    knows any of them, or no heading says more than the text itself.
    """
    found = [(section, _parser_of(section)) for section in split(text)]
    known = [(section, parser) for section, parser in found if parser]
    if not known:
        return None
    sorts = {(parser.kind, *_whose(section.command)) for section, parser in known}
    has_more = len(known) < sum(1 for section, _ in found if section.text.count("\n") > 1 or not section.command.line)
    first, parser = known[0][0].command, known[0][1]
    is_plain = first.path is None and first.network_namespace is None
    is_alone = len(known) == 1 or not any(selects(section.command.line, one.kind) for section, one in known)
    if is_plain and len(sorts) == 1 and parser is whole and (parser.kind in _MAY_QUOTE or (is_alone and not has_more)):
        return first
    if whole and whole.kind == _LOG and not any(s.command.host or s.command.path for s, _ in known):
        return None  # a program's own trace in its log
    return Parts(tuple(_read(section, parser, path) for section, parser in known), has_more)


def may_have_blocks(text: bytes, whole: Parser | None) -> bool:
    """Whether a text that was taken for `whole` may be several outputs of `ip`, one behind the other.

    >>> may_have_blocks(b"default via 10.0.0.1 dev eth0\\n", None)
    False
    """
    return b"\n\n" in text and (whole is None or whole.kind in _WITHOUT_BLANK_LINES)


def read_blocks(text: str, path: str) -> Parts | None:
    """The outputs of `ip` in a text without headings, parted by blank lines, which `ip` itself prints nowhere.

    Only where each block is known and none is of the kind of another: else they may be of several machines.

    >>> routes, rules = "default via 10.0.0.1 dev eth0\\n", "0:\\tfrom all lookup local\\n32766:\\tfrom all lookup main\\n"
    >>> [(part.kind, part.line) for part in read_blocks(f"{routes}\\n{rules}", "n1.txt").known]
    [('ip-route', 1), ('ip-rule', 3)]
    """
    found: list[Part] = []
    for section in _blocks(text):
        parser = choose(section.text)
        if parser is None or parser.kind not in _WITHOUT_BLANK_LINES or any(parser.kind == part.kind for part in found):
            return None
        found.append(_read(section, parser, path))
    return Parts(tuple(found), has_more=False) if len(found) > 1 else None


def _blocks(text: str) -> Iterator[Section]:
    line = 1
    for block in _BLANK_LINES.split(text):
        last, body = line + block.count("\n"), block.lstrip("\n")
        if body.strip():
            yield Section(Command(), last - body.count("\n"), last, body + "\n")
        line = last + 1


def _whose(command: Command) -> tuple[str | None, ...]:
    return command.host, command.path, command.pod, command.network_namespace


def _parser_of(section: Section) -> Parser | None:
    """The parser of one part; of one that says too little by itself, only where its command says so too."""
    if not section.command.is_output:
        return None
    parser, line = choose(section.text), section.command.line
    if parser and parser.kind == _HOSTNAME:
        return parser if states_hostname(section.command) else None
    if parser and parser.kind == _COLLECTOR_ERROR:
        return parser if is_known(line) or not line else None
    return parser


def states_hostname(command: Command) -> bool:
    """Whether what a command prints is the name of its machine.

    >>> states_hostname(Command("/bin/hostname")), states_hostname(Command("date"))
    (True, False)
    """
    line = command.line
    return tool_of(line) == "hostname" or line.lower().removeprefix("cat ") == "/etc/hostname"


def _read(section: Section, parser: Parser, path: str) -> Part:
    parsed = moved(parser.parse(section.text, path), section.line - 1)
    owner = parsed.owner or section.command.host
    return Part(section.command, section.line, section.last, parser.kind, replace(parsed, owner=owner))


def moved(parsed: Parsed, by: int) -> Parsed:
    """What a parser made of a part, cited by the lines of the whole file, which has `by` more lines above it.

    >>> from calico_bundle.evidence import Gap, GapKind
    >>> moved(Parsed((), (Gap("f", 2, GapKind.TRUNCATED, "cut"),)), 10).gaps[0].line
    12
    """
    facts = tuple(_moved(fact, by) for fact in parsed.facts)
    gaps = tuple(replace(gap, line=(gap.line or 1) + by) for gap in parsed.gaps)
    return Parsed(facts, gaps, parsed.owner)


def _moved(value: Any, by: int) -> Any:
    """A record with every line that it cites moved."""
    if isinstance(value, Evidence):
        return replace(value, line=None if value.line is None else value.line + by)
    if isinstance(value, Mapping):
        return {key: _moved(one, by) for key, one in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_moved(one, by) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    before = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
    after = {name: _moved(one, by) for name, one in before.items()}
    return replace(
        value, **{name: one for name, one in after.items() if one is not before[name] and one != before[name]}
    )


def placed_part(placement: Placement, part: Part, path: str, *, is_mixed: bool) -> Placement:
    """Where one part of the file `path` belongs, by the place of the file and by its command.

    Where no layout says whose the file is, its parts are of one machine all the same.

    In a file with prompts of several machines (`is_mixed`), and behind `ssh`, that machine counts, and not the file's name.

    >>> part = Part(Command("ip a", host="n2"), 5, 9, "ip-addr", Parsed(()))
    >>> placed_part(Placement(node="n1"), part, "dump.txt", is_mixed=True).node
    'n2'
    """
    return as_run(_at_home(placement, part, path, is_mixed=is_mixed), part.command.line, part.kind)


def _at_home(placement: Placement, part: Part, path: str, *, is_mixed: bool) -> Placement:
    command = part.command
    if command.network_namespace:
        return Placement(skip="another network namespace, not the node's own")
    if placement.skip:
        return placement
    if command.pod:
        return replace(placement, namespace=command.namespace, pod=command.pod)
    kind = _HOSTNAME if part.kind == _HOSTNAME else None
    if is_mixed or tool_of(command.line) == "ssh":
        return Placement(command.host, kind)
    is_of_file = command.path is None and not (placement.node or placement.pod)
    group = placement.group or (path if is_of_file else None)
    return replace(placement, kind=kind, table=None, family=None, group=group)
