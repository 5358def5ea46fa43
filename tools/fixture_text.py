"""Shapes in which people send what a node printed, each rendered by rule from the recorded `ip addr`.

The rules were checked against iproute2's own output for the same namespace; busybox' against a public sample.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tools.fixture_runs import Json

_HEADER = re.compile(r"(?m)^(?=\d+: )")
_STATE = re.compile(r" state (\S+)")


def _stanzas(addresses: str) -> list[list[str]]:
    """The listing, interface by interface, as lines."""
    return [part.splitlines() for part in _HEADER.split(addresses) if part]


def _name(header: str) -> str:
    return header.split()[1].rstrip(":")


def one_line(addresses: str) -> str:
    r"""`ip -o addr`: a line per address.

    >>> one_line("2: ens18: <UP> mtu 1500\n    link/ether 52:54:00:00:00:01\n    inet 10.0.1.12/24 scope global ens18\n"
    ...          "       valid_lft forever preferred_lft forever\n")
    '2: ens18    inet 10.0.1.12/24 scope global ens18\\       valid_lft forever preferred_lft forever\n'
    """
    out = []
    for header, *rest in _stanzas(addresses):
        prefix = f"{header.split()[0]} {_name(header).split('@')[0]}"
        out += [f"{prefix}    {line.lstrip()}\\{after}\n" for line, after in zip(rest, [*rest[1:], ""], strict=True)
                if line.startswith("    inet")]  # fmt: skip
    return "".join(out)


def brief(addresses: str) -> str:
    """`ip -br addr`: a line per interface, no index, no flags."""
    out = []
    for header, *rest in _stanzas(addresses):
        state = _STATE.search(header)
        found = " ".join(line.split()[1] for line in rest if line.startswith("    inet"))
        out.append(f"{_name(header):<16} {state[1] if state else 'UNKNOWN':<14} {found}{' ' if found else ''}\n")
    return "".join(out)


def ipv4_only(addresses: str) -> str:
    """`ip -4 addr`: interfaces that have an IPv4 address, without their link lines."""
    out = []
    for header, *rest in _stanzas(addresses):
        at = [i for i, line in enumerate(rest) if line.startswith("    inet ")]
        if at:
            out += [header, *(line for i in at for line in rest[i : i + 2])]
    return "".join(line + "\n" for line in out)


def busybox(addresses: str) -> str:
    """`ip addr` of a small container image: no group, no queue length, no name of the peer's namespace."""
    short = re.sub(r"(?m)^(\d+: .* state \S+).*$", r"\1 ", addresses)
    return re.sub(r" link-netns \S+", "", short)


def link(addresses: str) -> str:
    """`ip link`: the listing without addresses, and with the link mode after the state."""
    lines = [line for line in addresses.splitlines() if not re.match(r"\s+(inet6?|valid_lft) ", line)]
    return "".join(_STATE.sub(r" state \1 mode DEFAULT", line) + "\n" for line in lines)


def as_is(addresses: str) -> str:
    """`ip addr` as iproute2 printed it."""
    return addresses


ADDRESS_SHAPES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "plain": ("ip_addr_show.txt", as_is),
    "detail": ("ip_d_addr.txt", as_is),
    "json": ("ip_j_addr.json", as_is),
    "one-line": ("ip_addr_show.txt", one_line),
    "brief": ("ip_addr_show.txt", brief),
    "ipv4": ("ip_addr_show.txt", ipv4_only),
    "busybox": ("ip_addr_show.txt", busybox),
}
"""Shape to the recorded file it is made from and the rule that makes it."""


# --- calico-node ------------------------------------------------------------------------------------------------------


def calico_log(recorded: str, node: Json, line: str | None) -> str:
    """calico-node's log; `line` replaces the text of the first one where the laboratory logs what Calico would not.

    `line` may name `{address}` (without the prefix length), `{chosen}` and `{interface}`.
    """
    if line is None:
        return recorded
    first, _, rest = recorded.partition("\n")
    stamp = " ".join(first.split()[:2])
    chosen = node["chosen"]
    text = line.format(address=chosen.split("/")[0], chosen=chosen, interface=node["chosen_dev"])
    return f"{stamp} {text}\n{rest}"


def node_status(protocols: str) -> str:
    """`calicoctl node status` (up to v3.32) as it would show BIRD's recorded state.

    Headers are centered, INFO is wrapped at 30 columns; the first word of INFO is BGP's state, the rest the last error.
    """
    rows = [row for line in protocols.splitlines() for row in _peer_rows(line)]
    head = "Calico process is running.\n\nIPv4 BGP status\n"
    table = _table(["PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO"], rows) if rows else "No IPv4 peers found.\n"
    return f"{head}{table}\nIPv6 BGP status\nNo IPv6 peers found.\n"


def _peer_rows(line: str) -> list[list[str]]:
    words = line.split()
    kind = {"Mesh": "node-to-node mesh", "Node": "node specific", "Global": "global"}.get(
        line.split("_", maxsplit=1)[0]
    )
    if kind is None:
        return []
    first, *more = _wrapped(" ".join(words[5:]))
    address = words[0].split("_", 1)[1].replace("_", ".")
    return [[address, kind, words[3], words[4], first], *(["", "", "", "", part] for part in more)]


def _wrapped(text: str, columns: int = 30) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > columns:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    rule = "+" + "+".join("-" * (w + 2) for w in widths) + "+\n"
    title = "|" + "|".join(f" {h.center(w)} " for h, w in zip(head, widths, strict=True)) + "|\n"
    body = ["|" + "|".join(f" {c:<{w}} " for c, w in zip(r, widths, strict=True)) + "|\n" for r in rows]
    return rule + title + rule + "".join(body) + rule


def readiness_message(stamp: str, established: int, missing: list[str]) -> str:
    """calico-node's readiness probe, as kubelet puts it into an event."""
    return (f"Readiness probe failed: {stamp} [INFO][412] confd/health.go 180: Number of node(s) with BGP peering "
            f"established = {established}\ncalico/node is not ready: BIRD is not ready: BGP not established with "
            f"{','.join(missing)}\n")  # fmt: skip
