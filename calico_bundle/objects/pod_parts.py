"""The parts of a pod by their lines: what some columns are read from, recognized in its usual form, else read as YAML.

`PARTS` of `pods` says which keys a column is read from, and how; here those lines alone are read that way. They are part
of `level` text, so that each line at its indentation is what it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from sys import intern
from typing import Any, Final

from calico_bundle.objects.fields import IncompleteError, Record
from calico_bundle.objects.located import LocatedMap, UnreadableError
from calico_bundle.objects.pods import Part
from calico_bundle.objects.reading import Reading, is_hidden
from calico_bundle.objects.yaml_documents import read_yaml, sanitized

UNSURE: Final = object()
"""In place of a value: the general reader must read the pod."""

Body = bytes | None
"""What stands behind the colon of a key, with all its lines and without the last line end; None: no such key."""

_MOST_KNOWN: Final = 16_384
_BYTE_VALUES: Final = {str(value).encode(): value for value in range(256)}
_DASH: Final = b"\n    - "
_CONDITION: Final = b"\n    - last"
"""The first line of a condition; all keys that begin so have a time on their line."""
_CONDITION_STATUS: Final = b"\n      status: "
_DEEP_DASH: Final = b"\n      - "
_TRUE: Final = b'\n      status: "True"\n      type: '
_FOLDED: Final = b"\n       "
_READY_TYPE: Final = b"\n      type: Ready"
_STATUS: Final = b"\n    - containerID: "
"""The first line of the status of a container that was started."""
_RUNNING: Final = b"\n      restartCount: 0\n      started: true\n      state:\n        running:\n"
_STATUS_AND_TYPE: Final = re.compile(rb'\n      status: "(\w+)"\n      type: (\w+)(?=\n {0,6}\S|\Z)')
_RESTARTS_AND_STATE: Final = re.compile(
    rb"\n      restartCount: (\d{1,9})\n(?:      started: (?:true|false)\n)?      state:\n        (?:(?:running|terminated):\n"
    rb"|waiting:\n(?:          message: .*\n(?:           .*\n)*+)?"
    rb"          reason: (?!null\b|true\b|false\b)([A-Z]\w*)(?=\n {0,10}\S|\Z))"
)
_ENDED: Final = b"lastState:\n"
"""Where a container ended before: kubectl writes `lastState: {}` for all others."""
_LAST_END: Final = re.compile(
    rb"\n      lastState:\n        terminated:\n(?:          containerID: \S+\n)?          exitCode: (0|[1-9]\d{0,8})\n"
    rb'          finishedAt: "([0-9TZ:-]{1,40})"\n'
    rb"          reason: (?!(?i:null|true|false|yes|no|on|off|y|n)\n)([A-Z][A-Za-z]*)\n"
    rb'          startedAt: "[0-9TZ:-]{1,40}"\n      name: ([a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)(?=\n)'
)
_NO_NAME: Final = frozenset([b"null", b"true", b"false", b"yes", b"no", b"on", b"off", b"y", b"n"])
_ODD_KEY: Final = re.compile(rb"\n      (?:  )?[\"'?!&*<:{\[]")
_PROBE: Final = b"\n      readinessProbe"
_PORTS: Final = b"\n      ports:"
_FIRST_PORTS: Final = b"\n    - ports:"
_PORT_LIST: Final = re.compile(
    rb"\n      ports:(?:\n      - containerPort: \d{1,5}(?:\n        hostIP: [\d.]++)?(?:\n        hostPort: \d{1,5})?"
    rb"(?:\n        name: [a-z][-a-z0-9]*+)?\n        protocol: (?:TCP|UDP|SCTP))++(?=\n {0,6}[^ \n-]|\n    - |\Z)"
)
_NAMED_PORT: Final = re.compile(
    rb"- containerPort: (\d+)(?:\n        host\w+: .*)*+\n        name: (.*)\n        protocol: (.*)"
)
_NUMBER: Final = (
    rb"(?:\n        (?:failureThreshold|initialDelaySeconds|periodSeconds|successThreshold|timeoutSeconds): \d+)*+"
)
_PROBE_KIND: Final = re.compile(
    rb"\n      readinessProbe:" + _NUMBER + rb"\n        (exec|grpc|httpGet|tcpSocket):"
    rb"(?:\n         .*)++" + _NUMBER + rb"(?=\n {0,6}\S|\Z)"
)
# An item that is no mapping which begins on the line of the dash.
_ODD_ITEM: Final = re.compile(rb"\n    - (?![a-zA-Z]+:[ \n])")
# No word that YAML takes for something else, and nothing that needs quotes.
_WORD: Final = rb"(?!(?i:null|true|false)\b)[A-Za-z0-9](?:[-A-Za-z0-9._/]*[A-Za-z0-9])?"
_PLAIN_WORD: Final = re.compile(rb" (?=[A-Za-z])%b" % _WORD)
_LABELS: Final = re.compile(rb'(?:\n      %b: (?:%b|"(?:%b)?"))++' % (_WORD, _WORD, _WORD))
_LABEL: Final = re.compile(r"\n      (.*): (.*)")
_OWNER: Final = re.compile(
    rb"\n    - apiVersion: [\w./]+\n      blockOwnerDeletion: true\n      controller: true\n"
    rb"      kind: (%b)\n      name: (%b)\n      uid: %b" % (_WORD, _WORD, _WORD)
)


class KnownPart(dict[Any, Any]):
    """The values of a part by the bodies of its keys (one body, or a tuple of them), each read when first asked for.

    Most pods share their node, owner and labels, and stand beside the pods they share them with.
    """

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._part = part
        self._simple = _SIMPLE.get(part.keys[0])

    def __missing__(self, bodies: Any) -> Any:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        value = self[bodies] = self._read(bodies if isinstance(bodies, tuple) else (bodies,))
        return value

    def _read(self, bodies: Sequence[Body]) -> Any:
        if self._simple and bodies[0] is not None and (value := self._simple(bodies[0])) is not UNSURE:
            return value
        return read_part(self._part, bodies)


def read_part(part: Part, bodies: Sequence[Body]) -> Any:
    """A part's value, read as the general reader does; UNSURE where there is anything to remark.

    >>> from calico_bundle.objects.pods import PARTS
    >>> node = next(part for part in PARTS if part.keys == ("nodeName",))
    >>> read_part(node, [b' "4711"']), read_part(node, [b" ***HIDDEN***"]) is UNSURE
    ('4711', True)
    """
    lines = [
        b"    %b:%b\n" % (key.encode(), body) for key, body in zip(part.keys, bodies, strict=True) if body is not None
    ]
    try:
        shown = b"".join(lines).decode()
        if sanitized(shown) != shown:
            return UNSURE
        found = next(read_yaml(shown), None) if shown else LocatedMap(1)
        if not isinstance(found, LocatedMap):
            return UNSURE
        reading = Reading("", shown)
        value = part.read(Record(reading, "Pod", "", found).fields())
    except (UnicodeDecodeError, UnreadableError, IncompleteError):
        return UNSURE
    return UNSURE if reading.gaps() else value


def may_be_hidden(words: bytes) -> bool:
    """Whether plain words could be what a collector put in place of a value: only x-ipv4-0000000001-x is one word.

    >>> may_be_hidden(b"x-ipv4-0000000001-x"), may_be_hidden(b"coredns-5d78c9869d-abcde")
    (True, False)
    """
    return b"-x" in words.lower()


def _labels(body: bytes) -> Any:
    if not _LABELS.fullmatch(body) or may_be_hidden(body):
        return UNSURE
    pairs = _LABEL.findall(body.decode())
    # Few keys, and the values of many, stand in thousands of sets of labels.
    labels = {intern(key): intern(value.strip('"')) for key, value in pairs}
    return labels if len(labels) == len(pairs) else UNSURE


def _owner(body: bytes) -> Any:
    found = _OWNER.fullmatch(body)
    if not found or may_be_hidden(body):
        return UNSURE
    return f"{found[1].decode()}/{found[2].decode()}"


def _word(body: bytes) -> Any:
    if not _PLAIN_WORD.fullmatch(body) or may_be_hidden(body):
        return UNSURE
    return body[1:].decode()


def _address(body: bytes) -> Any:
    value = _ipv4(body)
    return UNSURE if value is None else IPv4Address(value)


_SIMPLE: Final[dict[str, Callable[[bytes], Any]]] = {
    "labels": _labels,
    "ownerReferences": _owner,
    "namespace": _word,
    "nodeName": _word,
    "dnsPolicy": _word,
    "serviceAccountName": _word,
    "phase": _word,
    "hostIP": _address,
}
"""By the first key of a part: its value where the lines hold plain words alone, else UNSURE."""


def _ipv4(body: bytes) -> int | None:
    try:
        a, b, c, d = map(_BYTE_VALUES.__getitem__, body[1:].split(b"."))
    except (KeyError, ValueError):
        return None
    return a << 24 | b << 16 | c << 8 | d


def quick_ips(one: Body, listed: Body) -> Any:
    """The one IPv4 address of a pod as a number.

    >>> quick_ips(b" 10.1.2.3", b"\\n    - ip: 10.1.2.3")
    167838211
    """
    if one is None or listed is None or listed != b"\n    - ip:" + one:
        return UNSURE
    value = _ipv4(one)
    return UNSURE if value is None else value


def quick_ready(conditions: Body) -> Any:
    """Whether a pod is ready.

    >>> quick_ready(b'\\n    - lastProbeTime: null\\n      status: "False"\\n      type: Ready')
    False
    """
    if conditions is None or not conditions.startswith(_DASH):
        return UNSURE
    dashes = conditions.count(_DASH)
    if (
        conditions.count(_CONDITION) != dashes
        or conditions.count(_CONDITION_STATUS) != dashes
        or _DEEP_DASH in conditions
    ):
        return UNSURE
    is_there = _READY_TYPE + b"\n" in conditions or conditions.endswith(_READY_TYPE)
    if is_there and conditions.count(_TRUE) == dashes and _FOLDED not in conditions:
        return True
    found = _STATUS_AND_TYPE.findall(conditions)
    if len(found) != dashes:
        return UNSURE
    status = next((status for status, kind in found if kind == b"Ready"), None)
    return _READY.get(status, UNSURE)


_READY: Final = {b"True": True, b"False": False, b"Unknown": None, None: None}


def quick_restarts(statuses: Body) -> Any:
    """Restarts of all containers, why those wait that do, and how those ended before that were started anew."""
    if statuses is None or not statuses.startswith(_DASH):
        return UNSURE
    dashes = statuses.count(_DASH)
    if statuses.count(_STATUS) == dashes == statuses.count(_RUNNING):
        return UNSURE if _ENDED in statuses else (0, (), ())
    if _ODD_ITEM.search(statuses):
        return UNSURE
    found = _RESTARTS_AND_STATE.findall(statuses)
    waiting = tuple([reason.decode() for _, reason in found if reason])
    if len(found) != dashes or statuses.count(b"\n        waiting") != len(waiting):
        return UNSURE
    ends = _LAST_END.findall(statuses)
    if len(ends) != statuses.count(_ENDED) or any(
        n in _NO_NAME or may_be_hidden(n) or is_hidden(why.decode()) for *_, why, n in ends
    ):
        return UNSURE
    ended = tuple([b"/".join((name, why, code, at)).decode() for code, at, why, name in ends])
    return sum([int(count) for count, _ in found]), waiting, ended


def quick_named_ports(containers: Body) -> Any:
    """The ports of containers that have a name.

    >>> ports = b"\\n      ports:\\n      - containerPort: 53\\n        name: dns\\n        protocol: UDP"
    >>> quick_named_ports(b"\\n    - name: a" + ports)
    ('dns/53/UDP',)
    """
    if containers is None or not containers.startswith(_DASH) or _ODD_ITEM.search(containers):
        return UNSURE
    if _ODD_KEY.search(containers) or _FIRST_PORTS in containers:
        return UNSURE
    lists = [found[0] for found in _PORT_LIST.finditer(containers)]
    if containers.count(_PORTS) != len(lists) or any(map(may_be_hidden, lists)):
        return UNSURE
    found = [port for one in lists for port in _NAMED_PORT.findall(one)]
    return tuple([f"{name.decode()}/{number.decode()}/{protocol.decode()}" for number, name, protocol in found])


def quick_probed(containers: Body) -> Any:
    """Whether any container is asked over the network whether it is ready."""
    if containers is None or not containers.startswith(_DASH) or _ODD_ITEM.search(containers):
        return UNSURE
    if _ODD_KEY.search(containers) or containers.count(_PROBE[-14:]) != containers.count(_PROBE + b":"):
        return UNSURE
    begin = 0
    while (begin := containers.find(_PROBE, begin)) >= 0:
        probe = _PROBE_KIND.match(containers, begin)
        if not probe:
            return UNSURE
        if probe[1] != b"exec":
            return True
        begin = probe.end()
    return False
