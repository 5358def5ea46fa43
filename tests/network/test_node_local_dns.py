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
from tests.dns_bundles import with_files

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


BROKEN = "stale-address"
CACHES = """apiVersion: v1
kind: List
items:
"""
CACHE_POD = """- apiVersion: v1
  kind: Pod
  metadata: {{name: node-local-dns-{0}, namespace: kube-system, labels: {{k8s-app: node-local-dns}}}}
  spec: {{nodeName: node-{0}, hostNetwork: true, dnsPolicy: Default}}
  status:
    phase: Running
    hostIP: 10.0.1.1{0}
    podIP: 10.0.1.1{0}
    conditions: [{{type: Ready, status: "{1}"}}]
"""


def caches(**ready: str) -> dict[str, str]:
    """The pods of the upstream manifest's DaemonSet (label k8s-app: node-local-dns), without the DaemonSet."""
    return {"k8s/caches.yaml": CACHES + "".join(CACHE_POD.format(n, ready.get(f"n{n}", "True")) for n in "123")}


def looked_at(files: dict[str, str], name: str = "healthy"):
    report = with_files(name, files).report()
    told = next((h for h in report["hypotheses"] if h["name"] == "node-local-dns-cache"), None)
    return told, {p["pod"]: p["verdict"] for p in report["paths"] if p["verdict"] != "not-applicable"}, report


def test_its_pods_show_it_without_the_daemonset():
    told, verdicts, _ = looked_at(caches())
    assert (told["status"], set(verdicts.values())) == ("not-checkable", {"reaches"})


def test_pods_of_a_node_whose_cache_is_not_ready_are_not_called_good():
    """In iptables mode it holds the DNS service's address on its node, and nothing else answers there."""
    files = {**caches(n1="False"), "k8s/cache-cm.yaml": config_map("node-local-dns", WITH_IPTABLES)}
    told, verdicts, report = looked_at(files)
    assert told["status"] == "supported"
    assert "1 of 3 are not ready: on node-1" in told["text"]
    assert {pod for pod, verdict in verdicts.items() if verdict == "unknown"} == {"app-1", "host-1"}
    assert report["verdict"]["status"] == "inconclusive"
    (text,) = {p["reason"]["text"] for p in report["paths"] if p["verdict"] == "unknown"}
    assert "the DNS cache of node-1 is not ready (node-local-dns-1)" in text


def test_where_nobody_knows_whether_it_is_asked_one_that_is_not_ready_is_named():
    told, verdicts, _ = looked_at(caches(n1="False"))
    assert told["status"] == "not-checkable"
    assert "1 of 3 are not ready: on node-1" in told["text"]
    assert {pod for pod, verdict in verdicts.items() if verdict == "unknown"} == {"app-1", "host-1"}


def test_a_path_that_is_lost_with_the_cache_and_without_it_stays_lost():
    """In `stale-address` node-1 has no route to the block of the DNS pods, for its pods and for itself alike."""
    lost = {pod for pod, verdict in looked_at({}, BROKEN)[1].items() if verdict == "broken"}
    assert lost
    assert {pod for pod, verdict in looked_at(caches(n1="False"), BROKEN)[1].items() if verdict == "broken"} == lost


def test_its_configuration_alone_shows_neither_that_it_runs_nor_that_it_does_not():
    told, verdicts, _ = looked_at({"k8s/cache-cm.yaml": config_map("node-local-dns", WITH_IPTABLES)})
    assert (told["status"], set(verdicts.values())) == ("not-checkable", {"reaches"})
    assert "whether it runs is not in the bundle" in told["text"]
    assert told["evidence"][0]["path"] == "k8s/cache-cm.yaml"


def test_a_kubelet_that_names_a_cache_of_which_nothing_shows_that_it_runs():
    kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nclusterDNS:\n- 169.254.25.10\nkind: KubeletConfiguration\n"
    files = {"k8s/cache-cm.yaml": config_map("nodelocaldns", KUBESPRAY), "nodes/node-1/kubelet-config.yaml": kubelet}
    assert looked_at(files)[1]["app-1"] == "unknown"
