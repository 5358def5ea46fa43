"""What the name of a file says: the command whose output it is, the routing table, the address family, and a host.

Shared by the layouts. People name such files freely: `ip-addr-node1.log`, `node1_ip_a`, `ip_-6_route_show_table_all`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_EXTENSION = re.compile(r"(?i)\.(?:txt|log|out|raw|json|csv|md|cfg|conf|gz|xz|bz2|zst)$")
_ARCHIVE = re.compile(r"(?i)(?:\.tar)?\.(?:gz|xz|bz2|zst|tgz|txz|tbz2?|tzst|tar|zip)$")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d([-_.]?)\d\d\1\d\d(?:[T_.-]?\d\d[:_-]?\d\d(?:[:_-]?\d\d)?Z?)?(?!\d)")
_TOKEN = re.compile(r"[A-Za-z0-9]+")
_CALICO_NODE = re.compile(r"(?i)(?<![a-z0-9])calico[-_]node(?![a-z0-9])")
_DOTTED_QUAD = re.compile(r"\d{1,3}(?:[._-]\d{1,3}){3}")

# `ip`, its options as sos and people write them (`ip_-d_-6_`), then the family.
_FAMILY_OPTION = re.compile(r"(?i)(?<![a-z0-9])ip(?:[ _.-]+-?(?:d|s|o|j|br|c|n))*[ _.-]+-?([46])(?![a-z0-9])")
_FAMILY_WORD = re.compile(r"(?i)(?<![a-z0-9])(?:ip|ipv|v|inet|route|routes|rule|rules)([46])(?![0-9])")
# `ip route show table NAME` names any table; without `show` a word after `table` may as well be a host.
_TABLE = re.compile(r"(?i)(?:show|list|ls)[ _.-]+(?:table|vrf)(?:[ _]+([a-z0-9-]+)|[.-]+([a-z0-9]+))")
_PLAIN_TABLE = re.compile(r"(?i)(?<![a-z0-9])table[ _.-]*(\d+|main|local|default|all)(?![a-z0-9])")

_OBJECT = (
    r"(a|addr|addrs|address|addresses|r|ro|route|routes|rule|rules|ru|n|neigh|neighbor|neighbors|neighbour|l|link)"
)
_IP_OBJECT = re.compile(rf"^(ip(?:v?[46])?)?{_OBJECT}(?:[46])?(?:show|list|ls|save)?$")
_KINDS = {"a": "ip-addr", "n": "ip-neigh"}
_MACHINE_WORDS = frozenset(
    {"ip", "ip4", "ip6", "ipv4", "ipv6", "birdcl", "birdc", "bird", "bird6", "calicoctl", "sysctl"}
)

_LEFT_ASIDE = (
    ("nud_noarp", "entries that need no ARP, which leaves out every neighbor that answers"),
    ("route_show_cache", "what the kernel learned about single destinations, and no routes"),
)
_NET_TOOLS = frozenset({"ifconfig", "netstat", "fib", "arp"})
"""Commands of machines without `ip`, and `/proc/net/fib_trie`."""

_GENERIC_WORDS = """
    ifconfig ifconfiga an rn nr rne nre rnee nree rnv rnve fib trie proc
    ip ip4 ip6 ipv4 ipv6 v4 v6 inet inet6 a addr addrs address addresses r ro route routes route4 route6 rule rules
    ru n neigh neighbor neighbors neighbour neighbours arp l link links show list ls table tables all main local
    default br brief o d s j c color detail details stats statistics output outputs out command commands cmd cmds
    info result results dump dumps get wide birdcl birdc bird bird6 calicoctl status protocols protocol iptables
    ip6tables nft ipset save sysctl net network networking networks interface interfaces system systeminfo diag
    diags diagnostics exec nsenter sudo sh bash nud noarp maddr mroute netns vrf netstat ss stdout stderr kubectl
    txt log logs json of for from on the pods pod var usr etc tmp home root opt files data bundle support cluster
    resources sos collect collected previous current startup
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
_NOT_A_HOST = frozenset({"node", "nodes", "host", "hosts", "machine", "vm", "server", "servers", "worker", "workers"})
_NOT_A_HOST_FOLDER = frozenset({"kube-system", "calico-system", "tigera-operator", "calico-apiserver", "kube-public"})


@dataclass(frozen=True, slots=True)
class NameHint:
    """What a file name says; None where it says nothing.

    `machine` tells that the file looks like the output of a command run on one machine; `rest` is the part of the name
    that belongs to no command: a host, or a remark.
    """

    kind: str | None = None
    family: int | None = None
    table: str | None = None
    machine: bool = False
    rest: str | None = None


def components(path: str) -> list[str]:
    """The folders and the file of a path, those of a nested archive included, without empty ones.

    >>> components("case.zip!/n1/ip_a.txt")
    ['case.zip', 'n1', 'ip_a.txt']
    """
    return [part for part in path.replace("!/", "/").split("/") if part not in {"", "."}]


def stem(name: str) -> str:
    """A file name without its extensions.

    >>> stem("ip-addr-node1.log.gz"), stem("worker-1.example.com.txt")
    ('ip-addr-node1', 'worker-1.example.com')
    """
    while (shorter := _EXTENSION.sub("", name)) != name and shorter:
        name = shorter
    return name


@lru_cache(maxsize=4096)  # every node's folder holds the same names
def read_name(name: str) -> NameHint:
    """Read the name of a file.

    >>> read_name("ip_-6_route_show_table_100.txt")
    NameHint(kind='ip-route', family=6, table='100', machine=True, rest=None)
    >>> read_name("ip-addr-node-1.log").rest
    'node-1'
    """
    if name.lower().endswith((".yaml", ".yml")):
        return NameHint()
    text = _DATE.sub("", stem(name))
    words = [word.lower() for word in _TOKEN.findall(text)]
    kind, is_machine = _command(words, text)
    if not is_machine:
        return NameHint()
    table, without = _table(text)
    table = table if kind == "ip-route" else None
    return NameHint(kind, _family(text), table, machine=True, rest=_rest(without))


def _command(words: list[str], text: str) -> tuple[str | None, bool]:
    """The kind of artifact, and whether this is a machine's output at all."""
    present = set(words)
    if present & {"birdcl", "birdc", "bird", "bird6"}:
        return _bird_kind(present), True
    if "calicoctl" in present:
        return ("calicoctl-node-status" if {"node", "status"} <= present else None), {"node", "status"} <= present
    if _CALICO_NODE.search(text):
        return "calico-log", True
    if "sysctl" in present:
        return "sysctl", True
    if present & _NET_TOOLS or ({"route", "n"} <= present and "ip" not in present):
        return None, True
    return _ip_kind(words)


def _bird_kind(present: set[str]) -> str | None:
    if present & {"protocols", "protocol"}:
        return "bird-protocols"
    if present & {"route", "routes"}:
        return "bird-routes"
    return "bird-status" if "status" in present else None


def _ip_kind(words: list[str]) -> tuple[str | None, bool]:
    prefixed = False
    for word in words:
        found = _IP_OBJECT.match(word)
        # `a` and `route` alone mean nothing: the word `ip` comes before them, or is written together with them.
        if found and (found[1] or prefixed):
            return _object_kind(found[2]), True
        prefixed = prefixed or word in {"ip", "ip4", "ip6", "ipv4", "ipv6"}
    return None, prefixed or (bool(words) and set(words) <= _GENERIC and bool(set(words) & {"route", "routes", "addr"}))


def _object_kind(word: str) -> str | None:
    if word.startswith("ru"):
        return "ip-rule"
    return "ip-route" if word.startswith("r") else _KINDS.get(word[0])


def _family(text: str) -> int | None:
    found = _FAMILY_OPTION.search(text) or _FAMILY_WORD.search(text)
    return int(found[1]) if found else None


def _table(text: str) -> tuple[str | None, str]:
    """The routing table named (None for all of them, or none), and the text without it."""
    found = _TABLE.search(text) or _PLAIN_TABLE.search(text)
    if not found:
        return None, text
    table = next(group for group in found.groups() if group)
    return (None if table.lower() == "all" else table), text[: found.start()] + " show " + text[found.end() :]


def _rest(text: str) -> str | None:
    """The runs of words that belong to no command, as they are written."""
    text = _CALICO_NODE.sub(" ip ", _FAMILY_OPTION.sub(" ip ", text))
    runs: list[tuple[int, int]] = []
    open_run = False
    for token in _TOKEN.finditer(text):
        if token[0].lower() in _GENERIC or _is_command_word(token[0].lower()):
            open_run = False
        elif open_run:
            runs[-1] = (runs[-1][0], token.end())
        else:
            runs.append((token.start(), token.end()))
            open_run = True
    found = (text[start:end] for start, end in runs)
    return "_".join(run for run in found if run.lower() not in _NOT_A_HOST) or None


def _is_command_word(word: str) -> bool:
    found = _IP_OBJECT.match(word)
    return bool(found and found[1])


def left_aside(name: str) -> str | None:
    """Why an output is not read, though it looks like one that is; None for any other.

    >>> left_aside("ip_neigh_show_nud_noarp"), left_aside("ip_neigh_show")
    ('entries that need no ARP, which leaves out every neighbor that answers', None)
    """
    words = "_".join(_TOKEN.findall(name.lower()))
    return next((reason for part, reason in _LEFT_ASIDE if part in words), None)


def names_a_host(text: str) -> bool:
    """Whether a text could name a host: neither a number nor a word for any host.

    >>> [names_a_host(t) for t in ("node-1", "10.0.1.12", "node", "2", "")]
    [True, True, False, False, False]
    """
    if not text or text.lower() in _NOT_A_HOST:
        return False
    return not re.fullmatch(r"[\d ._:-]+", text) or bool(_DOTTED_QUAD.fullmatch(text))


@lru_cache(maxsize=4096)
def host_of_folder(folder: str) -> str | None:
    """The host a folder or a nested archive may be named for; None when its name is made of common words.

    >>> host_of_folder("worker-1-2026-11-22_10_30_00.tar.gz")
    'worker-1'
    >>> host_of_folder("sos_commands") is None
    True
    """
    text = _DATE.split(_ARCHIVE.sub("", folder))[0].strip("-_. ")
    text = re.sub(r"(?i)^(?:sosreport|sos|scc|nts|diags?)[-_]", "", text)
    words = {word.lower() for word in _TOKEN.findall(text)}
    if not words or words <= _GENERIC or text.lower() in _NOT_A_HOST_FOLDER:
        return None
    return text if names_a_host(text) else None
