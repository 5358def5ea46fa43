"""`kubectl describe`: nodes, pods, services, endpoints and DaemonSets, as far as their descriptions show them."""

from __future__ import annotations

import re

from calico_bundle.evidence import GapKind, LineGaps
from calico_bundle.objects.description import Description
from calico_bundle.objects.descriptions import CUT, SORTS
from calico_bundle.objects.reading import is_hidden
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.lines import is_collector_error, is_output

_LONGEST_REMARK = 400
_MOST_LINES = 20_000
"""Lines of one description that are held; a node's, with all its pods, has some hundreds."""
_MOST_DESCRIPTIONS = 200_000
"""Descriptions of one file that are read: 5,000 nodes have some 150,000 pods."""
_FIRST = re.compile(r"Name: {2,}\S")
_SECOND = re.compile(r"(?m)^(?:Namespace|Roles|Labels|Selector|Annotations): {1,}\S")


def recognizes(head: str) -> bool:
    """Whether a text begins like a description.

    >>> recognizes("Name:               n1\\nRoles:              <none>\\n"), recognizes("Name: n1\\n")
    (True, False)
    """
    if "Name:  " not in head:
        return False
    lines = (line for line in head.split("\n") if is_output(line[:_LONGEST_REMARK]) and not is_collector_error(line))
    return bool(_FIRST.match(next(lines, ""))) and bool(_SECOND.search(head))


def parse(text: str, path: str) -> Parsed:
    """The facts of all descriptions in a text; what nobody needs is passed over.

    >>> described = '''Name:               n1
    ... Roles:              <none>
    ... Annotations:        projectcalico.org/IPv4Address: 10.0.0.1/24
    ... Unschedulable:      false
    ... Conditions:
    ...   Ready            True    KubeletReady
    ... Addresses:
    ...   InternalIP:  10.0.0.1
    ... '''
    >>> [str(node.bgp_ipv4) for node in parse(described, "nodes.txt").facts]
    ['10.0.0.1/24']
    """
    gaps, facts = LineGaps(path), list[object]()
    described: Description | None = None
    count = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if _FIRST.match(line):
            facts += _facts(described, gaps)
            described = Description(path)
            count += 1
        if described and described.length < _MOST_LINES and count <= _MOST_DESCRIPTIONS:
            # What looks like a prompt or an error may be the message of an event.
            described.add(number, line)
        elif described:
            gaps.add(number, line, why="in a description that is too long, or one too many")
        elif is_collector_error(line):
            gaps.add(number, line, kind=GapKind.COLLECTOR_ERROR, why="not collected")
        elif is_output(line[:_LONGEST_REMARK]):
            gaps.add(number, line)
    return Parsed((*facts, *_facts(described, gaps)), gaps.result())


def _facts(described: Description | None, gaps: LineGaps) -> list[object]:
    """The facts of one description; one that does not fit, or ends before its time, is a gap."""
    if described is None or not described.entries:
        return []
    keys, first = described.keys, described.entries[0].line
    _note_hidden(described, gaps)
    sort = next((sort for sort in SORTS if sort.keys <= keys), None)
    cut = next((name for name, telling in CUT if telling <= keys), None)
    if sort is None:
        if cut:
            gaps.add(first.number, first.text, kind=GapKind.TRUNCATED, why=f"the description of a {cut} is cut off")
        return []
    try:
        return list(sort.build(described))
    except ValueError as error:
        gaps.add(first.number, first.text, why=f"description not understood ({error})")
        return []


def _note_hidden(described: Description, gaps: LineGaps) -> None:
    for entry in described.entries:
        for line in entry.lines():
            if is_hidden(line.text):
                gaps.add(line.number, line.text, kind=GapKind.REDACTED, why="hidden by the collector")


PARSER = Parser(kind="k8s-describe", recognizes=recognizes, parse=parse, rank=85, late=True)
