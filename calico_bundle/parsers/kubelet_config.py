"""A kubelet's configuration: KubeletConfiguration as its file has it, or as `/api/v1/nodes/NODE/proxy/configz` gives it.

Source: kubernetes/kubelet config/v1beta1 (KubeletConfiguration.clusterDNS): "the IP addresses that the kubelet writes into
the resolv.conf of pods whose dnsPolicy is ClusterFirst, in place of the host's".
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from calico_bundle.evidence import Evidence, Gap, GapKind, quote
from calico_bundle.facts import Address, KubeletDnsFact
from calico_bundle.parsers import Parsed, Parser

_LARGEST = 1 << 20
_YAML = re.compile(r"(?m)^kind:[ \t]+KubeletConfiguration[ \t]*\r?$")
_JSON = re.compile(r'\s{0,100}\{\s{0,100}"kubeletconfig"\s{0,100}:\s{0,100}\{')
# A list of scalars: one per line behind a dash, or in brackets. Nothing else of a KubeletConfiguration has that key.
_BLOCK = re.compile(r"(?m)^clusterDNS:[ \t]*\r?\n((?:[ \t]{0,8}-[ \t]+[^\n]{0,200}\n?){1,16})")
_BRACKETS = re.compile(r'"?\bclusterDNS"?[ \t]*:\s{0,20}\[([^\]\n{]{0,500}(?:\n[^\]\n{]{0,200}){0,16})\]')
_DOMAIN = re.compile(
    r'(?:(?m:^)|"|[{,]\s{0,20})clusterDomain"?[ \t]*:[ \t]*"?([\w.-]{1,253})"?[ \t]*(?=[,}\r\n]|$)', re.ASCII
)
_MENTIONED = re.compile(r'"?\bclusterDNS"?[ \t]*:')
_WORD = re.compile(r"[^\s,\"'-][^\s,\"']*")


def recognizes(head: str) -> bool:
    r"""Whether a text is a kubelet's configuration.

    >>> recognizes("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"), recognizes("kind: Node\n")
    (True, False)
    """
    return bool(_JSON.match(head)) or (bool(_YAML.search(head)) and "kubelet.config.k8s.io/" in head)


def parse(text: str, path: str) -> Parsed:
    r"""The addresses that pods are told to ask. Raises nothing.

    >>> parse("kind: KubeletConfiguration\nclusterDNS:\n- 10.96.0.10\n", "config.yaml").facts[0].cluster_dns
    (IPv4Address('10.96.0.10'),)
    """
    text = text[:_LARGEST]
    mentions = [found.start() for found in _MENTIONED.finditer(text)]
    if not mentions:
        return Parsed(())
    number = text.count("\n", 0, mentions[0]) + 1
    found = _BLOCK.search(text) or _BRACKETS.search(text)
    addresses = _addresses(found[1]) if found and len(mentions) == 1 else None
    line = text.split("\n")[number - 1]
    if addresses is None:
        message = f"clusterDNS is not understood, or hidden: {quote(line)}"
        return Parsed((), (Gap(path, number, GapKind.NOT_UNDERSTOOD, message),))
    domain, cited = _domain(text, path)
    return Parsed((KubeletDnsFact(addresses, _evidence(text, path, number, addresses), domain, cited),))


def _domain(text: str, path: str) -> tuple[str | None, dict[str, Evidence]]:
    """The cluster's domain, where it is told once, with its line."""
    found = list(_DOMAIN.finditer(text))
    if len(found) != 1:
        return None, {}
    number = text.count("\n", 0, found[0].start(1)) + 1
    return found[0][1].rstrip(".").lower(), {"domain": Evidence(path, number, quote(text.split("\n")[number - 1]))}


def _addresses(listed: str) -> tuple[Address, ...] | None:
    """The addresses of a list; None where one of its words is none."""
    try:
        return tuple(ip_address(word) for word in _WORD.findall(listed))
    except ValueError:
        return None


def _evidence(text: str, path: str, number: int, addresses: tuple[Address, ...]) -> Evidence:
    """The line of the first address; of the key where the list is empty."""
    lines = text.split("\n")
    near = range(number, min(number + 3, len(lines) + 1))
    told = next((n for n in near if addresses and str(addresses[0]) in lines[n - 1]), number)
    return Evidence(path, told, quote(lines[told - 1]))


# Asked before the objects of Kubernetes, as one of which the file is written.
PARSER = Parser("kubelet-config", recognizes, parse, rank=45)
