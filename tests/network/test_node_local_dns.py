"""NodeLocal DNSCache: whose lookups go by it, by the upstream manifest and kubespray's.

Sources: kubernetes/kubernetes cluster/addons/dns/nodelocaldns/nodelocaldns.yaml (binds the link-local and, with
iptables, the DNS service's address; forwards to the Service kube-dns-upstream); kubespray roles/kubernetes-apps
nodelocaldns-config.yml.j2 (169.254.25.10, forwards to the DNS service's address).
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface

from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import (
    AddressFact,
    DaemonSetFact,
    DnsConfigurationFact,
    LookupErrorFact,
    ServiceFact,
    ServicePort,
)
from calico_bundle.network.node_local_dns import node_local_cache
from calico_bundle.network.service import find_dns

LINE = Evidence("k8s/all.yaml", 1, "name")
SERVICE, UPSTREAM, LOCAL = "10.96.0.10", "10.96.7.7", "169.254.20.10"
WITH_IPTABLES = """cluster.local:53 {
    bind 169.254.20.10 10.96.0.10
    forward . __PILLAR__CLUSTER__DNS__ {
        force_tcp
    }
}
"""
KUBESPRAY = """cluster.local:53 {
    bind 169.254.25.10
    forward . 10.233.0.3 {
        force_tcp
    }
}
.:53 {
    bind 169.254.25.10
}
"""


def configuration(text: str, name: str = "node-local-dns") -> DnsConfigurationFact:
    return DnsConfigurationFact("kube-system", name, text, LINE, {})


def config_map(name: str, corefile: str) -> str:
    block = "".join(f"    {line}\n" if line else "\n" for line in corefile.splitlines())
    head = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: kube-system\n"
    return f"{head}data:\n  Corefile: |\n{block}"


def service(name: str, address: str) -> ServiceFact:
    port = ServicePort("dns", 53, "UDP")
    return ServiceFact(
        "kube-system", name, "ClusterIP", (ip_address(address),), (port,), {"k8s-app": "kube-dns"}, {}, (), LINE
    )


def cluster(corefile: str | None, name: str = "node-local-dns") -> Cluster:
    return Cluster(
        {},
        services=(service("kube-dns", SERVICE), service("kube-dns-upstream", UPSTREAM)),
        daemonsets=(DaemonSetFact("kube-system", name, (), None, LINE),),
        dns_configurations=(configuration(corefile, name),) if corefile else (),
    )


def test_it_is_asked_where_it_holds_the_service_address():
    found = cluster(WITH_IPTABLES)
    cache = node_local_cache(found, find_dns(found))
    assert cache is not None
    assert (cache.asked, str(cache.upstream)) == (True, UPSTREAM)
    assert [str(a) for a in cache.addresses] == [LOCAL, SERVICE]


def test_with_a_link_local_address_alone_only_the_kubelets_know():
    found = cluster(KUBESPRAY, "nodelocaldns")
    cache = node_local_cache(found, find_dns(found))
    assert cache is not None
    assert (cache.asked, str(cache.upstream)) == (None, "10.233.0.3")
    assert "clusterDNS" in cache.why


def test_a_pods_log_shows_that_it_is_asked():
    asked = ip_address("169.254.25.10")
    error = LookupErrorFact("shop", "cart-0", None, "timeout", "Go", asked, (), 1, None, None, LINE, {})
    found = replace(cluster(KUBESPRAY, "nodelocaldns"), lookup_errors=(error,))
    cache = node_local_cache(found, find_dns(found))
    assert cache is not None
    assert cache.asked is True


def test_the_card_on_a_node_shows_it_without_any_object():
    address = AddressFact("nodelocaldns", ip_interface(f"{SERVICE}/32"), None, "global", (), LINE)
    found = Cluster({"n1": ClusterNode("n1", addresses=(address,))}, services=(service("kube-dns", SERVICE),))
    cache = node_local_cache(found, find_dns(found))
    assert cache is not None
    assert (cache.asked, cache.upstream) == (True, None)


def test_without_any_sign_there_is_none():
    found = replace(cluster(None), daemonsets=())
    assert node_local_cache(found, find_dns(found)) is None


def test_a_daemonset_without_its_corefile_tells_no_address():
    found = cluster(None)
    cache = node_local_cache(found, find_dns(found))
    assert cache is not None
    assert (cache.addresses, cache.asked) == ((), None)
