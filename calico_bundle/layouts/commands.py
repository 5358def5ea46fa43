"""What a recorded command line says of its output: the routing table, or that it shows a part only. Shared by the layouts.

An output of `ip route show table 100` does not say that it is of table 100, and one of `ip route show dev eth1` not that
there are other routes: read by its text alone, each would be taken for the main table.
"""

from __future__ import annotations

import re
from dataclasses import replace

from calico_bundle.layouts import Placement

# The last `ip` of a line: before it may stand a path, `sudo`, `sh -c`, `nsenter -t 1 -n`.
_IP = re.compile(r"""(?:^|[\s/"'])ip\s+(?P<options>(?:-\S+\s+)*)(?P<object>[a-z]+)(?P<rest>[^|;&"'><]*)(?P<pipe>\|?)""")
_NETNS = re.compile(r"""(?:^|[\s/"'])ip\s+(?:-n\S*\s+\S|(?:-\S+\s+)*netns\s+exec\s)""")
_FAMILY = re.compile(r"(?:^|\s)-(?:f\s+inet)?(?P<family>[46])(?=\s)")
_SHOW = ("show", "list", "lst", "ls", "sh", "s", "l")
_TABLE_WORDS = ("table", "t", "tab")
_WHOLE_TABLES = frozenset({"all", "0"})


def as_run(placement: Placement, command: str) -> Placement:
    """A file's placement, with what the command says whose output it is.

    >>> as_run(Placement("n1"), "/usr/sbin/ip route show table 100").table
    '100'
    >>> as_run(Placement("n1"), "ip route show dev eth1").skip
    'only some of what `ip route` lists was asked for: ip route show dev eth1'
    """
    if placement.skip:
        return placement
    if _NETNS.search(command):
        return replace(placement, skip="another network namespace, not the node's own")
    found = _IP.search(command)
    kind = _kind_of(found["object"]) if found else None
    if found is None or kind is None:
        return placement
    words = found["rest"].split()
    words = words[1:] if words and words[0] in _SHOW else words
    table = words[1] if kind == "ip-route" and len(words) == 2 and words[0] in _TABLE_WORDS else None
    if found["pipe"] or (words and table is None):
        why = f"only some of what `{kind.replace('-', ' ')}` lists was asked for: {command[:200]}"
        return replace(placement, skip=why)
    family = _FAMILY.search(f" {found['options']}")
    return replace(
        placement,
        kind=kind,
        table=None if table in _WHOLE_TABLES else table,
        family=int(family["family"]) if family else None,
    )


def _kind_of(word: str) -> str | None:
    """The kind of listing, by the word that `ip` takes for its object, which may be cut short (iproute2 ip.c)."""
    kinds = (("address", "ip-addr"), ("route", "ip-route"), ("rule", "ip-rule"), ("neighbor", "ip-neigh"))
    return next((kind for name, kind in (*kinds, ("neighbour", "ip-neigh")) if name.startswith(word)), None)
