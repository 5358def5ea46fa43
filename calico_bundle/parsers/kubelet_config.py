"""A kubelet's configuration: KubeletConfiguration as its file has it, or as `/api/v1/nodes/NODE/proxy/configz` gives it.

Source: kubernetes/kubelet config/v1beta1 (KubeletConfiguration.clusterDNS): "the IP addresses that the kubelet writes into
the resolv.conf of pods whose dnsPolicy is ClusterFirst, in place of the host's".
"""

from __future__ import annotations

import re

from calico_bundle.evidence import Evidence, Gap, GapKind, quote
from calico_bundle.facts import KubeletDnsFact
from calico_bundle.objects.kubelet_settings import LARGEST, told_by
from calico_bundle.parsers import Parsed, Parser

_YAML = re.compile(r"(?m)^kind:[ \t]+KubeletConfiguration[ \t]*\r?$")
_JSON = re.compile(r'\s{0,100}\{\s{0,100}"kubeletconfig"\s{0,100}:\s{0,100}\{')


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
    told = told_by(text)
    if told is None:
        return Parsed(())
    if told.addresses is None:
        message = f"clusterDNS is not understood, or hidden: {quote(_line(text, told.line))}"
        return Parsed((), (Gap(path, told.line, GapKind.NOT_UNDERSTOOD, message),))
    cited = {"domain": _evidence(text, path, told.domain_line)} if told.domain else {}
    return Parsed((KubeletDnsFact(told.addresses, _evidence(text, path, told.line), told.domain, cited),))


def _line(text: str, number: int) -> str:
    return text[:LARGEST].split("\n")[number - 1]


def _evidence(text: str, path: str, number: int) -> Evidence:
    return Evidence(path, number, quote(_line(text, number)))


# Asked before the objects of Kubernetes, as one of which the file is written.
PARSER = Parser("kubelet-config", recognizes, parse, rank=45)
