"""What Calico would choose on the nodes of a cluster, replayed from the facts of a bundle."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from itertools import count

import pytest

from calico_bundle.bundle import read_bundle
from calico_bundle.choices import Choices
from calico_bundle.joining import join
from calico_bundle.network.forwarding import Forwarding
from tests.incidents.clusters import Incident, Node, write

CARDS = ("eth0 10.0.1.12/24", "eth1 192.168.50.12/24")
ROUTES = ("default via 10.0.1.1 dev eth0", "10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.12",
          "192.168.50.0/24 dev eth1 proto kernel scope link src 192.168.50.12")  # fmt: skip
NODE = Node("node-1", internal="10.0.1.12", stored="10.0.1.12/24", cards=CARDS)
AUTODETECT = {"IP": "autodetect"}


@pytest.fixture
def choices(tmp_path):
    numbers = count()

    def made(node=NODE, change=lambda n: n, **more):
        incident = Incident((node,), **({"environment": AUTODETECT} | more))
        cluster = join(read_bundle(write(incident, tmp_path / f"bundle{next(numbers)}")))
        cluster = replace(cluster, nodes={name: change(n) for name, n in cluster.nodes.items()})
        return Choices(cluster, Forwarding(cluster)), cluster.nodes["node-1"]

    return made


def predicted(made, family=4):
    found = made[0].predicted(made[1], family)
    return found.failure or ("?" if found.undecided else f"{found.address} on {found.interface}")


def test_the_newest_card_is_predicted_from_ip_addr(choices):
    """interfaces.go: the last of `ip addr` first."""
    assert predicted(choices()) == "192.168.50.12/24 on eth1"


def test_the_version_of_the_image_decides_what_is_excluded(choices):
    """autodetection_linux.go: br-* since v3.25."""
    bridged = replace(NODE, cards=(*CARDS, "br-0123456789ab 172.18.0.1/16"))
    assert predicted(choices(bridged, version="v3.24.6")) == "172.18.0.1/16 on br-0123456789ab"
    assert predicted(choices(bridged, version="v3.25.0")) == "192.168.50.12/24 on eth1"


@pytest.mark.parametrize(
    "environment, expected",
    [
        ({"IP": "autodetect", "IP_AUTODETECTION_METHOD": "kubernetes-internal-ip"}, "10.0.1.12/24 on eth0"),
        ({"IP": "autodetect", "IP_AUTODETECTION_METHOD": "can-reach=10.0.1.1"}, "10.0.1.12/24 on eth0"),
        ({"IP": "autodetect", "IP_AUTODETECTION_METHOD": "can-reach=192.168.50.9"}, "192.168.50.12/24 on eth1"),
        ({"IP": "autodetect", "IP_AUTODETECTION_METHOD": "can-reach=8.8.8.8"}, "10.0.1.12/24 on eth0"),
        ({"IP": "autodetect", "IP_AUTODETECTION_METHOD": "can-reach=www.example.com"}, "?"),
        ({"IP": "none"}, "10.0.1.12/24 on None"),
        ({"IP_AUTODETECTION_METHOD": "interface=eth1"}, "10.0.1.12/24 on None"),
        ({"IP": "192.168.50.12"}, "192.168.50.12/24 on eth1"),
    ],
)
def test_the_environment_decides(choices, environment, expected):
    """startup.go and autodetection_methods.go, on one node with routes."""
    assert predicted(choices(replace(NODE, routes=ROUTES), environment=environment)) == expected


def test_can_reach_without_routes_or_without_a_way(choices):
    """reachaddr.go dials: no route is a failure, routes that were not recorded are an open question."""
    environment = {"IP": "autodetect", "IP_AUTODETECTION_METHOD": "can-reach=8.8.8.8"}
    assert predicted(choices(environment=environment)) == "?"
    assert (
        "no route"
        in choices(replace(NODE, routes=ROUTES[1:]), environment=environment)[0]
        .under("can-reach=8.8.8.8")["node-1"]
        .failure
    )


def test_can_reach_is_open_where_a_rule_may_decide_otherwise(choices):
    """ip-rule(8): uidrange and its like cannot be evaluated from outside."""
    from calico_bundle.parsers.ip_rule import parse

    text = "0:\tfrom all lookup local \n100:\tfrom all uidrange 0-99 lookup main \n32766:\tfrom all lookup main \n"
    rules = parse(text, "ip_rule.txt").facts
    made = choices(replace(NODE, routes=ROUTES), change=lambda n: replace(n, rules=rules))
    assert made[0].under("can-reach=8.8.8.8")["node-1"].undecided


def test_can_reach_of_ipv6_does_not_take_the_ipv4_default_route(choices):
    """reachaddr.go dials udp6: an IPv4 address is never its result."""
    environment = {"IP6": "autodetect", "IP6_AUTODETECTION_METHOD": "can-reach=2001:db8::1"}
    made = choices(replace(NODE, routes=ROUTES), environment=environment)
    found = made[0].predicted(made[1], 6)
    assert found.address is None or found.address.version == 6


def test_without_a_backend_nothing_is_detected_at_all(choices):
    """startup.go: with CALICO_NETWORKING_BACKEND=none the step is skipped and the stored value stays as it is."""
    made = choices(environment={"IP": "autodetect", "CALICO_NETWORKING_BACKEND": "none"})
    assert made[0].predicted(made[1]).address == ip_interface("10.0.1.12/24")


def test_without_an_environment_or_cards_nothing_is_predicted(choices):
    assert predicted(choices(environment={})) == "?"
    assert predicted(choices(replace(NODE, cards=()))) == "?"


def test_a_value_behind_a_reference_is_not_guessed(choices):
    """An environment with valueFrom holds no value in a bundle."""
    made = choices(environment={"IP": "autodetect", "IP_AUTODETECTION_METHOD": None})
    assert made[0].predicted(made[1]).undecided


def test_the_operator_without_its_daemonset_is_enough(choices):
    """pkg/render/node.go: the environment follows from the Installation."""
    setting = {"nodeAddressAutodetectionV4": {"interface": "eth0"}}
    assert predicted(choices(environment={}, operator=setting)) == "10.0.1.12/24 on eth0"


@pytest.mark.parametrize("environment, expected", [(AUTODETECT, True), ({"IP": "none"}, False), ({"X": "y"}, False)])
def test_whether_calico_keeps_looking(choices, environment, expected):
    """startup.go, monitor-addresses: only IP=autodetect looks again while it runs."""
    assert choices(environment=environment)[0].detects is expected


def annotated(listed):
    text = listed if isinstance(listed, str) else json.dumps([{"name": n, "addresses": a} for n, a in listed])
    return lambda node: replace(node, kubernetes=replace(node.kubernetes, calico_interfaces=text))


@pytest.mark.parametrize(
    "listed, expected",
    [
        ([("eth0", ["10.0.1.12"])], "10.0.1.12/32 on eth0"),
        ([("eth0", ["10.0.1.12"]), ("eth1", ["192.168.50.12"])], "?"),
        ([("eth0", ["10.0.1.12"]), ("eth1", ["fe80::1"])], "10.0.1.12/32 on eth0"),
        ("no json", "?"),
        ('{"name": "eth0"}', "?"),
        ('[{"addresses": ["10.0.1.12"]}]', "?"),
        ('[{"name": "eth0", "addresses": ["x"]}]', "?"),
        ("null", "?"),
    ],
)
def test_the_annotation_stands_in_for_ip_addr_as_far_as_it_goes(choices, listed, expected):
    """libcalico-go resources/node.go: names and addresses without masks, sorted by name, since v3.31."""
    assert predicted(choices(replace(NODE, cards=()), change=annotated(listed))) == expected


def test_ip_addr_is_better_than_the_annotation(choices):
    made = choices(change=annotated([("eth0", ["10.0.1.12"])]))
    assert predicted(made) == "192.168.50.12/24 on eth1"


def test_a_method_can_be_tried_on_every_node(tmp_path):
    nodes = (NODE, Node("node-2", cards=("ens3 10.0.1.13/24",)), Node("node-3"))
    cluster = join(read_bundle(write(Incident(nodes, environment=AUTODETECT), tmp_path / "bundle")))
    found = Choices(cluster, Forwarding(cluster)).under("interface=eth0")
    assert found["node-1"].address == ip_interface("10.0.1.12/24")
    assert found["node-2"].failure == "no valid host interfaces found"
    assert found["node-3"].undecided


def test_ipv6_is_chosen_apart_from_ipv4(choices):
    """startup.go: IP6 has its own setting, and unset means no detection."""
    node = replace(NODE, cards=("eth0 10.0.1.12/24 fd00::12/64",))
    assert predicted(choices(node, environment={"IP": "autodetect", "IP6": "autodetect"}), 6) == "fd00::12/64 on eth0"
    assert "detection is off" in predicted(choices(node), 6)
    assert ip_address("fd00::12") in [a.address.ip for a in choices(node)[1].addresses]
