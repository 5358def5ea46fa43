"""A kubelet's clusterDNS, from its file and from configz (kubernetes/kubelet config/v1beta1, KubeletConfiguration)."""

from __future__ import annotations

import pytest

from calico_bundle.parsers.kubelet_config import parse, recognizes

FILE = (
    "apiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n  x509: {}\nclusterDNS:\n- 10.96.0.10\n- fd00::a\n"
    "clusterDomain: cluster.local\nkind: KubeletConfiguration\nresolvConf: /run/systemd/resolve/resolv.conf\n"
)
CONFIGZ = (
    '{"kubeletconfig":{"syncFrequency":"1m0s","clusterDomain":"cluster.local","clusterDNS":["10.96.0.10","fd00::a"]}}'
)
PRETTY = '{\n  "kubeletconfig": {\n    "clusterDNS": [\n      "10.96.0.10",\n      "fd00::a"\n    ]\n  }\n}\n'


@pytest.mark.parametrize("text, line", [(FILE, 5), (CONFIGZ, 1), (PRETTY, 4), (FILE.replace("\n", "\r\n"), 5)])
def test_the_addresses_and_the_line_of_the_first(text, line):
    assert recognizes(text)
    (fact,) = parse(text, "a").facts
    assert ([str(ip) for ip in fact.cluster_dns], fact.evidence.line) == (["10.96.0.10", "fd00::a"], line)


def test_an_empty_list_is_one():
    assert (
        parse(FILE.replace("clusterDNS:\n- 10.96.0.10\n- fd00::a\n", "clusterDNS: []\n"), "a").facts[0].cluster_dns
        == ()
    )


@pytest.mark.parametrize("hidden", ["***HIDDEN***", "x-ipv4-0000000001-x", "<redacted>"])
def test_what_a_collector_hid_is_a_gap_and_no_address(hidden):
    parsed = parse(FILE.replace("10.96.0.10", hidden), "a")
    assert (parsed.facts, [gap.line for gap in parsed.gaps]) == ((), [4])


def test_a_configuration_that_does_not_say_it_says_nothing():
    parsed = parse("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", "a")
    assert (parsed.facts, parsed.gaps) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  kubelet: |\n    kind: KubeletConfiguration\n",
        "apiVersion: v1\nkind: Node\n",
        '{"kubelet": {"clusterDNS": []}}',
    ],
)
def test_other_objects_are_not_taken_for_one(text):
    assert not recognizes(text)
