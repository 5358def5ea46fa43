"""What a recorded command line says of its output: the routing table, or that it shows a part only. Shared by the layouts.

An output of `ip route show table 100` does not say that it is of table 100, and one of `ip route show dev eth1` not that
there are other routes: read by its text alone, each would be taken for the main table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from calico_bundle.layouts import Placement

# The `ip` of a command: before it may stand a path, `sudo`, `sh -c`, `nsenter -t 1 -n`.
_IP = re.compile(r"""(?:^|[\s/"'`(])ip\s+(?P<options>(?:-\S+\s+)*)(?P<object>[a-z]+)(?P<rest>[^"'`()#]*)""")
_NETNS = re.compile(r"""(?:^|[\s/"'])ip\s+(?:-n\S*\s+\S|(?:-\S+\s+)*netns\s+exec\s)""")
_FAMILY = re.compile(r"(?:^|\s)-(?:f\s+inet)?(?P<family>[46])(?=\s)")
_SHOW = ("show", "list", "lst", "ls", "sh", "s", "l")
_TABLE_WORDS = ("table", "t", "tab")
_WHOLE_TABLES = frozenset({"all", "0"})
_ALL_STATES = ["nud", "all"]
"""What lets `ip neigh` list more than it does by itself."""

_LONGEST = 4000
_REDIRECTION = re.compile(r"\d?(?:>>?|<)&?[ \t]*\S*|&>>?[ \t]*\S*")
_NEXT_COMMAND = re.compile(r"&&|\|\||[;&]")
_PASS_ALL = frozenset({"cat", "tee", "less", "more"})
_PICK = frozenset({"head", "tail", "grep", "egrep", "fgrep", "zgrep", "rg", "awk", "gawk", "sed", "cut", "uniq"})
_BEFORE = frozenset({"sudo", "time", "env", "-E"})
_LISTINGS = frozenset(
    """ip-addr ip-route ip-rule ip-neigh ifconfig route-n arp fib-trie bird-protocols bird-routes calicoctl-node-status
    iptables-save""".split()  # noqa: SIM905
)
"""Kinds of which what is not listed is not there: of settings and of logs each line stands for itself."""


def as_run(placement: Placement, command: str, kind: str | None = None) -> Placement:
    """A file's placement, with what the command says whose output it is; `kind` where the text has told what that is.

    >>> as_run(Placement("n1"), "/usr/sbin/ip route show table 100").table
    '100'
    >>> as_run(Placement("n1"), "ip route show dev eth1").skip
    'only some of what `ip route` lists was asked for: ip route show dev eth1'
    >>> as_run(Placement("n1"), "birdcl show route | head -3", "bird-routes").skip
    'only some lines of it were kept: birdcl show route | head -3'
    """
    if placement.skip:
        return placement
    if _NETNS.search(command):
        return replace(placement, skip="another network namespace, not the node's own")
    for first, *behind in _pipelines(command):
        if found := _ip_of(first, kind):
            return _of_ip(placement, found, behind, command)
        if kind in _LISTINGS and any(_tool(stage) in _PICK for stage in (first, *behind)):
            return replace(placement, skip=f"only some lines of it were kept: {command[:200]}")
    return placement


def selects(command: str, kind: str) -> bool:
    """Whether an output of a kind is less than its text alone would be taken for: one table, or some lines.

    >>> selects("ip route show table 100", "ip-route"), selects("ip route show table 100", "ip-rule")
    (True, False)
    """
    placed = as_run(Placement(), command, kind)
    return bool(placed.skip or placed.table)


def _pipelines(command: str) -> Iterator[list[str]]:
    """The commands of a line, each with what its output was sent through."""
    for one in _NEXT_COMMAND.split(_REDIRECTION.sub(" ", command[:_LONGEST])):
        yield one.split("|")


def _tool(stage: str) -> str | None:
    words = (word for word in stage.replace('"', " ").replace("'", " ").split() if word not in _BEFORE)
    first = next(words, None)
    return first.rpartition("/")[2] if first else None


def _ip_of(stage: str, kind: str | None) -> re.Match[str] | None:
    """The call of `ip` that prints a kind; of any kind that is read, where the text has told none."""
    for found in _IP.finditer(stage):
        listed = _kind_of(found["object"])
        if listed and kind in (None, listed):
            return found
    return None


def _of_ip(placement: Placement, found: re.Match[str], behind: Sequence[str], command: str) -> Placement:
    kind, words = _kind_of(found["object"]), found["rest"].split()
    words = words[1:] if words and words[0] in _SHOW else words
    words = [] if words == _ALL_STATES else words
    table = words[1] if kind == "ip-route" and len(words) == 2 and words[0] in _TABLE_WORDS else None
    is_picked = any(_tool(stage) not in _PASS_ALL for stage in behind)
    if is_picked or (words and table is None):
        why = f"only some of what `{(kind or '').replace('-', ' ')}` lists was asked for: {command[:200]}"
        return replace(placement, skip=why)
    family = _FAMILY.search(f" {found['options']}")
    return replace(
        placement,
        kind=kind,
        table=None if table in _WHOLE_TABLES else table,
        family=int(family["family"]) if family else None,
        every_table=table in _WHOLE_TABLES,
    )


def _kind_of(word: str) -> str | None:
    """The kind of listing, by the word that `ip` takes for its object, which may be cut short (iproute2 ip.c)."""
    kinds = (("address", "ip-addr"), ("route", "ip-route"), ("rule", "ip-rule"), ("neighbor", "ip-neigh"))
    return next((kind for name, kind in (*kinds, ("neighbour", "ip-neigh")) if name.startswith(word)), None)
