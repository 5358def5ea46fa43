"""A kubelet's command line, where it says whom pods ask: in a listing of processes, a unit of systemd, or a file of arguments.

Sources: kubelet's reference, `--cluster-dns` (a comma-separated list) and `--cluster-domain`; both stand before what its
configuration file says. systemd.service(5), `Environment=`; MicroK8s keeps the arguments in a file, one on a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from calico_bundle.evidence import Evidence, Gap, GapKind, quote
from calico_bundle.facts import Address, KubeletDnsFact
from calico_bundle.parsers import Parsed, Parser

_LARGEST = 1 << 20
_LONGEST = 20_000
"""Characters of a line; a command line of a kubelet has some thousand."""
_FLAG = "--cluster-dns"
_DNS = re.compile(r"(?<![\w-])--cluster-dns[= ]([0-9a-fA-F.:]{2,45}(?:,[0-9a-fA-F.:]{2,45}){0,15})(?![\w,.:*<-])")
_DOMAIN = re.compile(r"(?<![\w-])--cluster-domain[= ]([\w.-]{1,253})", re.ASCII)
_PROCESSES = re.compile(r"(?:[A-Z%]{1,8}[ \t]+){0,20}PID[ \t][^\n]{0,200}\b(?:CMD|COMMAND)[ \t]*\r?(?:\n|$)")
_LOGGED = re.compile(r"\bFLAG:|\] \"?Flag |\blevel=")


def recognizes(head: str) -> bool:
    """Whether a text lists processes, or has a kubelet's arguments.

    >>> recognizes("USER PID %CPU COMMAND\\n"), recognizes("KUBELET_EXTRA_ARGS=--cluster-dns=10.96.0.10\\n")
    (True, True)
    >>> recognizes("kind: Pod\\n")
    False
    """
    return bool(_PROCESSES.match(head.lstrip())) or ("kubelet" in head.lower() and any(True for _ in _told(head)))


def parse(text: str, path: str) -> Parsed:
    """The addresses that pods are told to ask; nothing where no argument says so. Raises nothing.

    >>> parse("root 1 /usr/bin/kubelet --cluster-dns=10.96.0.10 --cluster-domain=cluster.local", "ps").facts[0].domain
    'cluster.local'
    """
    told = list(_told(text[:_LARGEST]))
    if len({addresses for addresses, _, _ in told}) > 1:
        message = f"{_FLAG} is told in two ways: {quote(told[0][2])}"
        return Parsed((), (Gap(path, told[0][1], GapKind.NOT_UNDERSTOOD, message),))
    for addresses, number, line in told[:1]:
        evidence = Evidence(path, number, quote(line.strip()))
        domain = _DOMAIN.search(line)
        name = domain[1].rstrip(".").lower() if domain else None
        return Parsed((KubeletDnsFact(addresses, evidence, name, {"domain": evidence} if name else {}),))
    return Parsed(())


def _told(text: str) -> Iterator[tuple[tuple[Address, ...], int, str]]:
    """Each line with the argument: its addresses, number and text; comments and logs of a kubelet's start are left."""
    if _FLAG not in text:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if _FLAG not in line or len(line) > _LONGEST or line.lstrip().startswith("#") or _LOGGED.search(line):
            continue
        found = _DNS.search(line)
        if found and (addresses := _addresses(found[1])):
            yield addresses, number, line


def _addresses(listed: str) -> tuple[Address, ...]:
    try:
        return tuple(ip_address(word) for word in listed.split(","))
    except ValueError:
        return ()


PARSER = Parser("kubelet-command", recognizes, parse, rank=88)
