"""How a command was run: `NAME-info.json` of troubleshoot.sh, beside `NAME.txt`, which holds what it printed."""

from __future__ import annotations

import json
import re

from calico_bundle.evidence import Gap, GapKind
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_records import members_of, text_of

_KEYS = ('"command"', '"exitCode"', '"outputDir"')
_COMMAND = re.compile(r'\s*\{\s*"command"\s*:')


def recognizes(head: str) -> bool:
    """Whether a text is such a record (replicatedhq/troubleshoot pkg/collect/host_run.go).

    >>> recognizes('{"command":"/usr/sbin/ip route","exitCode":"0","error":"","outputDir":"","input":"","env":null}')
    True
    >>> recognizes('{"command": "ip route"}')
    False
    """
    return bool(_COMMAND.match(head)) and all(key in head for key in _KEYS)


def parse(text: str, path: str) -> Parsed:
    """The command line; no facts. Raises nothing.

    >>> text = '{"command":"/usr/sbin/ip route","exitCode":"0","error":"","outputDir":""}'
    >>> parse(text, "routes-info.json").command
    '/usr/sbin/ip route'
    """
    try:
        command = text_of(members_of(json.loads(text)).get("command"))
    except (ValueError, RecursionError):
        command = None
    if command is None:
        return Parsed((), (Gap(path, None, GapKind.NOT_UNDERSTOOD, "the command that was run cannot be read"),))
    return Parsed((), command=command)


PARSER = Parser("host-command", recognizes, parse)
