"""From the operator's Installation and calico-node's DaemonSet to the environment that detection runs with.

Sources: tigera/operator pkg/render/node.go (what a setting becomes) and pkg/controller/installation/core_controller.go
(defaults); projectcalico/calico manifests/calico.yaml (what a manifest sets).
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from calico_bundle.calico.installation import environment_of, installation_of
from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import ContainerSpec, DaemonSetFact, InstallationFact, IPPoolFact
from tests.network.hand_made import pod

SOMEWHERE = Evidence("x.yaml", 1, "x")


def daemonset(environment, image="docker.io/calico/node:v3.28.5", namespace="kube-system", owner=None):
    container = ContainerSpec("calico-node", image, environment, dict.fromkeys(environment, SOMEWHERE))
    return DaemonSetFact(namespace, "calico-node", (container,), owner, SOMEWHERE)


def installation(v4=None, v6=None, provider=None, dataplane=None):
    return InstallationFact("default", v4, v6, "Enabled", dataplane, provider, "Calico", SOMEWHERE)


def pool(cidr):
    names = IPPoolFact.__dataclass_fields__
    known = {"name": cidr, "cidr": ip_network(cidr), "evidence": SOMEWHERE}
    return IPPoolFact(**{name: known.get(name) for name in names})


def by_operator(*, pools=("10.244.0.0/16",), family=4, **settings):
    cluster = Cluster({}, installations=(installation(**settings),), pools=tuple(map(pool, pools)))
    return environment_of(cluster, family)


@pytest.mark.parametrize(
    "setting, method",
    [
        ({"interface": "eth.*"}, "interface=eth.*"),
        ({"skipInterface": "^br-.*"}, "skip-interface=^br-.*"),
        ({"canReach": "8.8.8.8"}, "can-reach=8.8.8.8"),
        ({"firstFound": True}, "first-found"),
        ({"cidrs": ["10.0.0.0/24", "10.0.1.0/24"]}, "cidr=10.0.0.0/24,10.0.1.0/24"),
        ({"kubernetes": "NodeInternalIP"}, "kubernetes-internal-ip"),
    ],
)
@pytest.mark.parametrize("family", [4, 6])
def test_each_field_becomes_autodetect_and_a_method(setting, method, family):
    """pkg/render/node.go: IP=autodetect and IP_AUTODETECTION_METHOD, IP6... for nodeAddressAutodetectionV6."""
    assert by_operator(family=family, **{f"v{family}": setting}) == ("autodetect", method)


@pytest.mark.parametrize(
    "setting, method",
    [
        ({"kubernetes": "NodeInternalIP", "interface": "eth0"}, "interface=eth0"),
        ({"kubernetes": "NodeInternalIP", "cidrs": ["10.0.0.0/8"]}, "cidr=10.0.0.0/8"),
        ({"cidrs": ["10.0.0.0/8"], "firstFound": True}, "first-found"),
        ({"firstFound": True, "canReach": "8.8.8.8"}, "can-reach=8.8.8.8"),
        ({"canReach": "8.8.8.8", "skipInterface": "br"}, "skip-interface=br"),
        ({"skipInterface": "br", "interface": "eth0"}, "interface=eth0"),
        ({"firstFound": False, "cidrs": ["10.0.0.0/8"]}, "cidr=10.0.0.0/8"),
    ],
)
def test_of_several_the_first_in_the_order_of_rendering_counts(setting, method):
    """pkg/render/node.go: interface, skipInterface, canReach, firstFound, cidrs, kubernetes."""
    assert by_operator(v4=setting) == ("autodetect", method)


@pytest.mark.parametrize("family", [4, 6])
def test_a_setting_with_nothing_usable_turns_detection_off(family):
    """pkg/render/node.go: IP=none, IP6=none."""
    assert by_operator(family=family, **{f"v{family}": {"firstFound": False}}) == ("none", None)


@pytest.mark.parametrize("family", [4, 6])
def test_an_empty_setting_turns_detection_off(family):
    """pkg/render/node.go: `{}` selects no method, and IP=none is rendered."""
    assert by_operator(family=family, **{f"v{family}": {}}) == ("none", None)


@pytest.mark.parametrize(
    "provider, method",
    [
        (None, "first-found"),
        ("GKE", "first-found"),
        ("RKE2", "first-found"),
        ("EKS", "can-reach=8.8.8.8"),
        ("DockerEnterprise", "skip-interface=^br-.*"),
    ],
)
def test_without_a_setting_the_operator_fills_in_by_provider(provider, method):
    """core_controller.go: the default of nodeAddressAutodetectionV4."""
    assert by_operator(provider=provider) == ("autodetect", method)


def test_defaults_need_a_pool_of_the_family():
    """core_controller.go: no default without a pool; first-found for IPv6 with one."""
    assert by_operator(family=6) == ("none", None)
    assert by_operator(family=6, pools=("fd00::/48",)) == ("autodetect", "first-found")
    assert by_operator(family=4, pools=("fd00::/48",)) == ("none", None)


def test_the_ebpf_dataplane_needs_an_address_without_a_pool_too():
    """core_controller.go: the IPv4 default is filled in with an IPv4 pool or with linuxDataplane BPF."""
    assert by_operator(pools=("fd00::/48",), dataplane="BPF") == ("autodetect", "first-found")


def test_without_pools_in_the_bundle_the_default_is_not_known():
    assert by_operator(pools=()) is None


def test_nothing_in_the_bundle_means_nothing_is_known():
    assert environment_of(Cluster({}), 4) is None
    assert installation_of(Cluster({})).method is None


def test_the_daemonset_wins_over_the_installation():
    """What calico-node has is what counts; the operator may not have come to it yet."""
    own = daemonset({"IP": "autodetect", "IP_AUTODETECTION_METHOD": "interface=eth0"}, owner="Installation/default")
    cluster = Cluster({}, daemonsets=(own,), installations=(installation({"firstFound": True}),))
    assert environment_of(cluster, 4) == ("autodetect", "interface=eth0")
    assert installation_of(cluster).by_operator


@pytest.mark.parametrize(
    "environment, family, expected",
    [
        ({"IP": "autodetect"}, 4, ("autodetect", None)),
        ({}, 4, (None, None)),
        ({"IP": ""}, 4, ("", None)),
        ({"IP": "10.0.0.1"}, 4, ("10.0.0.1", None)),
        ({"IP": None, "IP_AUTODETECTION_METHOD": "first-found"}, 4, ("?", "first-found")),
        ({"IP": "autodetect", "IP_AUTODETECTION_METHOD": None}, 4, ("autodetect", "?")),
        ({"IP": "autodetect", "IP6": "none"}, 6, ("none", None)),
        ({"IP6": "autodetect", "IP6_AUTODETECTION_METHOD": "interface=eth0"}, 6, ("autodetect", "interface=eth0")),
    ],
)
def test_a_manifests_environment_is_taken_as_it_stands(environment, family, expected):
    """manifests/calico.yaml sets IP=autodetect and no method; a value from a reference is not known (`?`)."""
    assert environment_of(Cluster({}, daemonsets=(daemonset(environment),)), family) == expected


@pytest.mark.parametrize(
    "environment, method",
    [
        ({"IP": "autodetect"}, "first-found"),
        ({"IP": "autodetect", "IP_AUTODETECTION_METHOD": "cidr=10.0.0.0/8"}, "cidr=10.0.0.0/8"),
        ({"IP": "none", "IP_AUTODETECTION_METHOD": "first-found"}, "none"),
        ({"IP": "10.0.0.1/24"}, "10.0.0.1/24"),
        ({"IP": None}, None),
        ({"IP": "autodetect", "IP_AUTODETECTION_METHOD": None}, None),
    ],
)
def test_the_method_that_is_shown(environment, method):
    """startup.go: a literal IP and `none` leave the method without effect."""
    found = installation_of(Cluster({}, daemonsets=(daemonset(environment),)))
    assert (found.method, found.by_operator, found.namespace) == (method, False, "kube-system")


@pytest.mark.parametrize(
    "image, version",
    [
        ("docker.io/calico/node:v3.28.5", (3, 28, 5)),
        ("quay.io/calico/node:v3.25", (3, 25)),
        ("rancher/mirrored-calico-node:v3.29.1", (3, 29, 1)),
        ("registry.example.com:5000/calico/node:v3.24.6-rc1", (3, 24, 6)),
        ("calico/node:3.1.3", (3, 1, 3)),
        ("calico/node:v3.26.4@sha256:0123456789abcdef", (3, 26, 4)),
        ("registry.example.com:5000/calico/node", None),
        ("calico/node@sha256:0123456789abcdef", None),
        ("calico/node:latest", None),
        ("calico/node:v" + "9" * 5000 + ".1.1", None),
        (None, None),
    ],
)
def test_the_version_is_that_of_the_images_tag(image, version):
    cluster = Cluster({}, daemonsets=(daemonset({"IP": "autodetect"}, image),))
    assert installation_of(cluster).version == version


def test_calico_enterprise_counts_its_versions_otherwise():
    """tigera/cnx-node:v3.19 is no Calico v3.19: its exclude list is a later one."""
    cluster = Cluster({}, daemonsets=(daemonset({"IP": "autodetect"}, "quay.io/tigera/cnx-node:v3.19.4"),))
    assert installation_of(cluster).version is None


def test_only_the_container_calico_node_is_looked_at():
    other = ContainerSpec("install-cni", "docker.io/calico/cni:v3.28.5", {"IP": "10.0.0.1"}, {})
    canal = DaemonSetFact("kube-system", "canal", (other, *daemonset({"IP": "autodetect"}).containers), None, SOMEWHERE)
    assert environment_of(Cluster({}, daemonsets=(canal,)), 4) == ("autodetect", None)


# --- what is said of the installation -------------------------------------------------------------------------------


def installed(**facts):
    return installation_of(Cluster({}, **facts))


def agent(namespace, labels=None):
    return pod(f"{namespace}/calico-node-x", "node-1", labels={"k8s-app": "calico-node"} if labels is None else labels)


def test_operator_is_known_by_its_installation_or_as_the_owner_of_the_daemonset():
    """pkg/controller/installation: the operator owns the DaemonSet that it renders."""
    plain, owned = daemonset({}), daemonset({}, owner="Installation/default")
    assert installed(installations=(installation(),)).by_operator
    assert installed(daemonsets=(plain,), installations=(installation(),)).by_operator
    assert installed(daemonsets=(owned,)).by_operator
    assert not installed(daemonsets=(plain,)).by_operator
    assert not installed(daemonsets=(daemonset({}, owner="HelmChart/calico"),)).by_operator
    assert not installed(daemonsets=(daemonset({}, namespace="calico-system"),)).by_operator


def test_without_a_daemonset_the_namespace_of_calico_nodes_pods_tells_the_operators():
    """pkg/common: the operator's namespace is calico-system, a manifest's is kube-system."""
    other = agent("calico-system", labels={"k8s-app": "calico-kube-controllers"})
    found = installed(pods=(other, agent("kube-system")))
    assert (found.namespace, found.by_operator) == ("kube-system", False)
    found = installed(pods=(agent("calico-system"),))
    assert (found.namespace, found.by_operator) == ("calico-system", True)
    assert (installed(pods=(other,)).namespace, installed(pods=(other,)).by_operator) == (None, False)


def test_method_of_the_installation_is_told_where_there_is_no_daemonset():
    setting = installation({"canReach": "8.8.8.8", "firstFound": True})
    found = installed(installations=(setting,))
    assert (found.method, found.operator_setting, found.evidence) == ("can-reach=8.8.8.8", "canReach", (SOMEWHERE,))
    assert installed(installations=(installation({"firstFound": False}),)).method == "none"
    assert installed(installations=(installation(),)).method is None


def test_lines_of_both_sources_are_kept():
    """What calico-node has, and what the operator was told; each line once."""
    env, line = Evidence("ds.yaml", 9, "value: autodetect"), Evidence("installation.yaml", 4, "canReach: 8.8.8.8")
    container = ContainerSpec("calico-node", None, {"IP": "autodetect"}, {"IP": env})
    owner = DaemonSetFact("calico-system", "calico-node", (container,), None, SOMEWHERE)
    told = replace(installation({"canReach": "8.8.8.8"}), evidence=line)
    found = installed(daemonsets=(owner,), installations=(told,))
    assert (found.method, found.operator_setting, found.evidence) == ("first-found", "canReach", (env, line))
    assert installed(installations=(told,)).evidence == (line,)
    assert installed(daemonsets=(owner,)).evidence == (env,)


@pytest.mark.parametrize("environment", [{}, {"IP": ""}])
def test_no_address_in_the_environment_leaves_the_method_in_force(environment):
    """startup.go: an empty IP detects where nothing is stored, by the method or its default."""
    assert installed(daemonsets=(daemonset(environment),)).method == "first-found"
    with_method = {**environment, "IP_AUTODETECTION_METHOD": "interface=eth0"}
    assert installed(daemonsets=(daemonset(with_method),)).method == "interface=eth0"


@pytest.mark.parametrize("provider", ["EKS", "DockerEnterprise"])
def test_default_of_ipv6_is_the_same_for_every_provider(provider):
    """core_controller.go: the providers' defaults are for nodeAddressAutodetectionV4 alone."""
    assert by_operator(family=6, pools=("fd00::/48",), provider=provider) == ("autodetect", "first-found")


@pytest.mark.parametrize(
    "image", ["registry.example.com/calico-node/tigera/cnx-node:v3.19.4", "registry.example.com/network/agent:v3.28.5"]
)
def test_image_that_is_not_calicos_tells_no_version(image):
    """A mirror's own path may have any name in it; what runs is told by the image's."""
    assert installed(daemonsets=(daemonset({}, image),)).version is None


def test_empty_setting_of_the_operator_turns_detection_off():
    """pkg/render/node.go: `nodeAddressAutodetectionV4: {}` is rendered as IP=none."""
    told = InstallationFact("default", {}, None, "Enabled", None, None, "Calico", SOMEWHERE)
    assert installation_of(Cluster({}, installations=(told,))).method == "none"
