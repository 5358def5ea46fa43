"""What a typed command says of where it ran: on this machine, on another by ssh, in a pod, in a network namespace."""

from __future__ import annotations

import re
from itertools import pairwise

from calico_bundle.layouts.pod_paths import is_pod_name
from calico_bundle.sections import Command

_ON_THE_MACHINE = frozenset(
    """ip ifconfig route netstat arp ss birdcl birdc calicoctl iptables ip6tables iptables-save ip6tables-save ipset nft ipvsadm
    iptables-legacy-save iptables-nft-save bridge sysctl hostname hostnamectl cat head tail grep uname tc ethtool""".split()  # noqa: SIM905
)
"""Tools that show the machine on which they are called."""

_ELSEWHERE = frozenset("kubectl oc docker crictl podman nerdctl ctr ssh nsenter chroot journalctl".split())  # noqa: SIM905
_BESIDE = frozenset("date uptime ls ps ping df free dmesg lsmod top timedatectl systemctl whoami id w who".split())  # noqa: SIM905
_KNOWN = _ON_THE_MACHINE | _ELSEWHERE | _BESIDE
_BEFORE = frozenset({"sudo", "time", "env", "watch", "-E", "-n"})
_LONGEST = 1000
_SSH_HOST = re.compile(r"(?:[^@\s]+@)?([A-Za-z0-9][A-Za-z0-9._-]*)")


def tool_of(line: str) -> str | None:
    """The program that a command calls, without its folder, and without `sudo`.

    >>> tool_of("sudo /usr/sbin/ip addr"), tool_of("")
    ('ip', None)
    """
    words = (word for word in line[:_LONGEST].split() if word not in _BEFORE)
    first = next(words, None)
    return first.rpartition("/")[2] if first else None


def is_known(line: str) -> bool:
    """Whether a line begins with a tool whose output people collect, and so is a command rather than a remark.

    >>> is_known("ip route"), is_known("the routes of node 1")
    (True, False)
    """
    return tool_of(line) in _KNOWN


def command_of(line: str, host: str | None = None) -> Command:
    """A command, with what it says of where it ran; `host` is the machine at whose prompt it was typed.

    >>> command_of("ip addr", "n1").host, command_of("kubectl exec -n x calico-node-x7k2p -- ip a", "laptop").pod
    ('n1', 'calico-node-x7k2p')
    """
    tool, words = tool_of(line), line[:_LONGEST].split()
    if tool == "ip" and (inner := _network_namespace(words)):
        return Command(line, host, network_namespace=inner)
    if tool == "ssh":
        return Command(line, _ssh_host(words))
    if tool in ("kubectl", "oc") and "exec" in words:
        return Command(line, namespace=_after(words, ("-n", "--namespace")), pod=_pod(words))
    return Command(line, host if tool in _ON_THE_MACHINE else None)


def _network_namespace(words: list[str]) -> str | None:
    if "netns" in words and "exec" in words:
        return _after(words, ("exec",))
    return _after(words, ("-n", "-netns"))


def _ssh_host(words: list[str]) -> str | None:
    """The first word behind `ssh` that is no option; options with a value (`-i key`) leave it open."""
    behind = words[words.index("ssh") + 1 :] if "ssh" in words else []
    found = _SSH_HOST.fullmatch(behind[0]) if behind else None
    return found[1] if found else None


def _pod(words: list[str]) -> str | None:
    names = (word.removeprefix("pod/").removeprefix("pods/") for word in words)
    return next((name for name in names if is_pod_name(name)), None)


def _after(words: list[str], keys: tuple[str, ...]) -> str | None:
    return next((value for word, value in pairwise(words) if word in keys), None)
