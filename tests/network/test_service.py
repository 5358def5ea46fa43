"""The cluster DNS service, found by label or name or named by the user; what kube-proxy does to a node's packets."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

import calico_bundle as cb
from calico_bundle.facts import ServicePort
from calico_bundle.network.service import find_dns
from calico_bundle.network.service_proxy import masquerades
from tests.network.hand_made import cluster, endpoint, machine, service

WEB = service("shop/web", "10.96.0.99", ports=(ServicePort(None, 80, "TCP"),), selector={}, labels={})


def found(*services, wanted: str | None = None) -> str | None:
    dns = find_dns(cluster(services=services), wanted)
    return f"{dns.service.namespace}/{dns.service.name}" if dns else None


def test_found_by_label_or_selector_whatever_its_name():
    assert found(WEB, service("kube-system/my-dns")) == "kube-system/my-dns"
    assert found(WEB, service("kube-system/my-dns", labels={})) == "kube-system/my-dns"
    assert found(WEB, service("kube-system/my-dns", selector={})) == "kube-system/my-dns"


@pytest.mark.parametrize(
    "name",
    [
        "kube-system/kube-dns",
        "openshift-dns/dns-default",
        "kube-system/coredns",
        "kube-system/rke2-coredns-rke2-coredns",
    ],
)
def test_found_by_well_known_name(name: str):
    assert found(WEB, service(name, labels={}, selector={})) == name


def test_dns_that_is_not_the_clusters_is_not_taken():
    assert found(service("shop/powerdns", labels={}, selector={})) is None
    assert found(WEB) is None


def test_service_without_address_is_not_taken():
    assert found(service("kube-system/kube-dns", None)) is None


def test_service_with_a_hidden_address_is_still_the_dns_service():
    """A collector that hides addresses leaves the Service there; only where pods ask is then not known."""
    hidden = service("kube-system/kube-dns", None, redacted=("cluster_ips",))
    assert found(WEB, hidden) == "kube-system/kube-dns"
    dns = find_dns(cluster(services=(hidden,)))
    assert dns is not None
    assert dns.address is None


def test_service_that_pods_ask_comes_before_its_upstream():
    """NodeLocal DNSCache adds kube-dns-upstream with the same selector."""
    assert found(service("kube-system/kube-dns-upstream", "10.96.7.7"), service()) == "kube-system/kube-dns"


def test_named_service_is_taken_as_it_is():
    assert found(service(), WEB, wanted="shop/web") == "shop/web"


@pytest.mark.parametrize("wanted", ["kube-dns", "/kube-dns", "kube-system/", ""])
def test_name_must_have_a_namespace(wanted: str):
    with pytest.raises(cb.UsageError, match="NAMESPACE/SERVICE"):
        found(service(), wanted=wanted)


def test_name_that_is_not_there_suggests_one():
    with pytest.raises(cb.UnknownNameError, match=r"no service named .*: did you mean 'kube-system/kube-dns'"):
        found(service(), wanted="kube-system/kube-dms")


def test_endpoints_of_the_service_alone():
    endpoints = (
        endpoint("10.244.2.2", "node-2"),
        endpoint("10.244.9.9", "node-9", service="web"),
        endpoint("10.244.2.3", "node-2", ready=False),
        endpoint("fd00::2", "node-2"),
        endpoint(None, None),
    )
    dns = find_dns(cluster(services=(service(),), endpoints=endpoints))
    assert dns is not None
    assert [str(e.ip) for e in dns.endpoints] == ["10.244.2.2", "10.244.2.3", "fd00::2"]
    assert [str(e.ip) for e in dns.ready] == ["10.244.2.2"]
    assert (str(dns.address), dns.listed) == ("10.96.0.10", True)


def test_endpoints_that_are_not_in_the_bundle_are_not_none():
    dns = find_dns(cluster(services=(service(),)))
    assert dns is not None
    assert (dns.listed, dns.endpoints) == (False, ())


def test_service_of_ipv6_alone_has_no_ipv4_address():
    dns = find_dns(cluster(services=(service(ip="fd00::a"),)))
    assert dns is not None
    assert dns.address is None


# --- kube-proxy -----------------------------------------------------------------------------------------------------

ENTRY = "-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-SVC-DNS"


def masked(*rules: str, source: str = "10.0.1.11", service_ip: str = "10.96.0.10") -> bool | None:
    text = "\n".join(["*nat", ":KUBE-SERVICES - [0:0]", *rules, "COMMIT"])
    return masquerades(machine("n1", service_rules=text), ip_address(service_ip), ip_address(source))


def test_packets_from_outside_the_pod_network_are_masqueraded():
    """proxier.go: with clusterCIDR, `! -s CIDR` jumps to KUBE-MARK-MASQ."""
    rule = "-A KUBE-SVC-DNS ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-MARK-MASQ"
    assert masked(ENTRY, rule) is True
    assert masked(ENTRY, rule, source="10.244.1.2") is False


def test_packets_are_left_alone_without_such_a_rule():
    assert masked(ENTRY, "-A KUBE-SVC-DNS -j KUBE-SEP-A") is False


def test_masquerade_all_has_no_source():
    assert masked(ENTRY, "-A KUBE-SVC-DNS -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-MARK-MASQ") is True


def test_older_kube_proxy_marks_in_the_first_chain():
    mark = "-A KUBE-SERVICES ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-MARK-MASQ"
    assert masked(mark, ENTRY) is True


def test_rules_of_another_service_say_nothing():
    assert masked(ENTRY, service_ip="10.96.0.99") is None


def test_rules_that_were_not_recorded_say_nothing():
    assert masquerades(machine("n1"), ip_address("10.96.0.10"), ip_address("10.0.1.11")) is None


def test_rule_without_an_address_applies_to_every_packet_of_its_chain():
    """KUBE-SVC chains belong to one service, so their rules need not repeat its address."""
    rule = "-A KUBE-SVC-DNS ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ"
    assert masked(ENTRY, rule) is True
    assert masked(ENTRY, rule, source="10.244.1.2") is False
    assert masked(ENTRY, "-A KUBE-SVC-DNS -d 10.96.0.99/32 -j KUBE-MARK-MASQ") is False


def test_well_known_name_comes_before_any_other_that_is_marked():
    upstream = service("kube-system/a-dns-upstream", "10.96.7.7")
    assert found(upstream, service("kube-system/rke2-coredns-rke2-coredns")) == "kube-system/rke2-coredns-rke2-coredns"
    assert found(service("kube-system/coredns"), service("kube-system/kube-dns")) == "kube-system/kube-dns"
