"""What a Corefile says, by the CoreDNS manual: blocks, zones, and where they forward."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.bundle import read_bundle
from calico_bundle.facts import DnsConfigurationFact
from calico_bundle.network.corefile import as_address, cited, cluster_domains, forward_targets, server_blocks
from tests.network.test_node_local_dns import config_map, configuration

# kubeadm's (cmd/kubeadm/app/phases/addons/dns/manifests.go).
KUBEADM = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
    }
    loop
    reload
    loadbalance
}
"""


def test_directives_are_told_from_their_options():
    (block,) = server_blocks(KUBEADM)
    assert block.zones == (".",)
    names = [d.name for d in block.directives]
    assert names == [
        "errors",
        "health",
        "ready",
        "kubernetes",
        "prometheus",
        "forward",
        "cache",
        "loop",
        "reload",
        "loadbalance",
    ]


def test_several_blocks_with_several_zones():
    ours = "dns://corp.example:53 { # ours\n  forward . 10.9.9.9:5353 10.9.9.8\n}\n"
    text = "cluster.local:53, in-addr.arpa:53 {\n  forward . 10.0.0.1\n}\n" + ours
    one, other = server_blocks(text)
    assert (one.zones, other.zones) == (("cluster.local", "in-addr.arpa"), ("corp.example",))
    assert [target for target, _ in forward_targets(configuration(text))] == ["10.0.0.1", "10.9.9.9:5353", "10.9.9.8"]


def test_the_clusters_domain_is_that_of_the_kubernetes_directive():
    assert cluster_domains(configuration(KUBEADM)) == ("cluster.local",)
    assert cluster_domains(configuration(".:53 {\n kubernetes k8s.example.org in-addr.arpa\n}\n")) == (
        "k8s.example.org",
    )
    assert cluster_domains(None) == ("cluster.local",)


@pytest.mark.parametrize(
    "word, address",
    [("8.8.8.8", "8.8.8.8"), ("tls://9.9.9.9:853", "9.9.9.9"), ("[fd00::a]:53", "fd00::a"), ("fd00::a", "fd00::a")],
)
def test_addresses_of_targets(word, address):
    assert str(as_address(word)) == address


@pytest.mark.parametrize("word", ["/etc/resolv.conf", "__PILLAR__CLUSTER__DNS__", "dns.example"])
def test_what_is_no_address(word):
    assert as_address(word) is None


def test_each_directive_is_quoted_where_it_stands(tmp_path):
    (tmp_path / "cm.yaml").write_text(config_map("coredns", KUBEADM))
    (artifact,) = read_bundle(str(tmp_path)).artifacts
    (fact,) = artifact.parsed.of(DnsConfigurationFact)
    ((_, line),) = forward_targets(fact)
    assert line.text == "forward . /etc/resolv.conf {"
    assert (tmp_path / "cm.yaml").read_text().splitlines()[(line.line or 0) - 1].strip() == line.text


def test_in_json_the_whole_stands_for_each_line(tmp_path):
    made = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "coredns", "namespace": "kube-system"}}
    (tmp_path / "cm.json").write_text(json.dumps({**made, "data": {"Corefile": ".:53 {\n  loop\n}\n"}}))
    (artifact,) = read_bundle(str(tmp_path)).artifacts
    (fact,) = artifact.parsed.of(DnsConfigurationFact)
    assert cited(fact, 1) == fact.evidence


def test_other_config_maps_give_nothing_and_a_hidden_one_is_a_gap(tmp_path):
    (tmp_path / "cm.yaml").write_text("kind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n---\nkind: ConfigMap\n"
                                      "metadata: {name: coredns}\ndata: {Corefile: '***HIDDEN***'}\n")  # fmt: skip
    (artifact,) = read_bundle(str(tmp_path)).artifacts
    assert artifact.parsed.facts == ()
    assert [gap.kind.value for gap in artifact.parsed.gaps] == ["redacted"]


@settings(max_examples=100, derandomize=True, database=None)
@given(st.text(alphabet=st.sampled_from("{}\n :.#abforward kubernetes")))
def test_no_text_makes_it_raise(text):
    forward_targets(configuration(text))
    cluster_domains(configuration(text))
