"""NodeNetworkState: what it shows of a node, and that what it hides or lacks is never taken for none."""

import json
from ipaddress import ip_address, ip_interface, ip_network

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import AddressFact, InterfaceFact, RouteFact, RuleFact
from calico_bundle.parsers import choose
from calico_bundle.parsers.node_network_state import parse, recognizes

# Laid out as in the reporting guide of kubernetes-nmstate and in OpenShift's documentation.
TEXT = """\
---
apiVersion: nmstate.io/v1beta1
kind: NodeNetworkState
metadata:
  name: worker-1
status:
  currentState:
    dns-resolver:
      config: {}
    interfaces:
    - ipv4:
        address:
        - ip: 10.0.1.12
          prefix-length: 24
        dhcp: false
        enabled: true
      ipv6:
        address:
        - ip: fe80::5054:ff:fe1b:abbc
          prefix-length: 64
        enabled: true
      mac-address: 52:54:00:1B:AB:BC
      mtu: 1500
      name: ens18
      state: up
      type: ethernet
    - ipv4:
        enabled: false
      name: ens19
      state: down
      type: ethernet
    - controller: bond0
      name: ens20
      state: up
      type: ethernet
    - name: vxlan.calico
      state: up
      type: vxlan
      vxlan:
        base-iface: ens18
        id: 4096
        local: 10.0.1.12
    routes:
      config: []
      running:
      - destination: 0.0.0.0/0
        metric: 100
        next-hop-address: 10.0.1.1
        next-hop-interface: ens18
        table-id: 254
      - destination: 172.16.0.0/12
        metric: 0
        next-hop-address: ""
        next-hop-interface: ens18
        table-id: 100
      - destination: 192.0.2.0/24
        route-type: blackhole
    route-rules:
      config:
      - ip-from: 10.0.1.12/32
        priority: 1000
        route-table: 100
        fwmark: "0x10"
        fwmask: "0xff"
"""


def of(kind, text=TEXT):
    return [fact for fact in parse(text, "n.yaml").facts if isinstance(fact, kind)]


def changed(change):
    value = yaml.safe_load(TEXT)
    change(value["status"]["currentState"])
    return json.dumps(value, indent=2)


def test_it_is_chosen_before_the_parser_of_objects():
    assert choose(TEXT).kind == "nmstate"
    assert choose(json.dumps(yaml.safe_load(TEXT))).kind == "nmstate"
    assert choose(TEXT.replace("NodeNetworkState", "Node")).kind == "k8s-objects"


@pytest.mark.parametrize(
    "text",
    [
        "kind: NodeNetworkConfigurationPolicy\n# NodeNetworkState\n",
        "apiVersion: v1\nitems:\n- apiVersion: nmstate.io/v1beta1\n  kind: NodeNetworkConfigurationPolicy\nkind: List\n",
        '{"kind": "CustomResourceDefinition", "spec": {"names": {"kind": "NodeNetworkState"}}}',
        "NodeNetworkState",
    ],
)
def test_what_only_speaks_of_it_is_not_taken(text):
    assert not recognizes(text)


def test_its_name_is_the_owner_and_there_are_no_gaps():
    parsed = parse(TEXT, "n.yaml")
    assert (parsed.owner, parsed.gaps) == ("worker-1", ())


def test_cards():
    ens18, ens19, ens20, vxlan = of(InterfaceFact)
    assert (ens18.name, ens18.state, ens18.flags, ens18.mtu, ens18.mac) == (
        "ens18",
        "UP",
        ("UP",),
        1500,
        "52:54:00:1b:ab:bc",
    )
    assert (ens19.state, ens19.flags, ens20.master) == ("DOWN", ("DOWN",), "bond0")
    assert (vxlan.kind, vxlan.vxlan_device, vxlan.vxlan_local) == ("vxlan", "ens18", ip_address("10.0.1.12"))
    assert ens18.evidence.text == "name: ens18"


def test_a_bridge_of_open_vswitch_is_no_card_of_the_same_name():
    def bridged(state):
        state["interfaces"].append({"name": "ens18", "type": "ovs-bridge", "state": "up", "ipv4": {"enabled": True}})

    assert [i.name for i in of(InterfaceFact, changed(bridged))] == ["ens18", "ens19", "ens20", "vxlan.calico"]


@pytest.mark.parametrize("mac,kind", [("x" * 17, GapKind.REDACTED), ("nonsense", GapKind.NOT_UNDERSTOOD)])
def test_a_link_layer_address_that_is_none_makes_no_cards_equal(mac, kind):
    parsed = parse(TEXT.replace("52:54:00:1B:AB:BC", mac), "n.yaml")
    assert parsed.of(InterfaceFact)[0].mac is None
    assert [gap.kind for gap in parsed.gaps] == [kind]


def test_addresses_with_their_lines():
    found = of(AddressFact)
    assert [(a.interface, a.address) for a in found] == [
        ("ens18", ip_interface("10.0.1.12/24")),
        ("ens18", ip_interface("fe80::5054:ff:fe1b:abbc/64")),
    ]
    assert (found[0].evidence.line, found[0].evidence.text) == (13, "- ip: 10.0.1.12")


def test_routes():
    default, other, nowhere = of(RouteFact)
    assert (default.destination, default.metric, default.table) == (ip_network("0.0.0.0/0"), 100, "main")
    assert (str(default.next_hops[0].gateway), default.next_hops[0].device) == ("10.0.1.1", "ens18")
    assert (other.table, other.next_hops[0].gateway, nowhere.type, nowhere.next_hops) == ("100", None, "blackhole", ())


def test_rules():
    (rule,) = of(RuleFact)
    assert (rule.priority, rule.source, rule.destination, rule.table) == (1000, ip_network("10.0.1.12/32"), None, "100")
    assert (rule.mark, rule.mark_mask, rule.action, rule.family, rule.other) == (16, 255, "lookup", 4, ())


def test_a_hidden_address_is_no_address():
    parsed = parse(TEXT.replace("ip: 10.0.1.12", "ip: '***HIDDEN***'"), "n.yaml")
    assert [str(a.address) for a in parsed.of(AddressFact)] == ["fe80::5054:ff:fe1b:abbc/64"]
    assert [gap.kind for gap in parsed.gaps] == [GapKind.REDACTED]


def test_a_hidden_next_hop_is_not_a_connected_network():
    parsed = parse(TEXT.replace("10.0.1.1\n", "10.apple.pear.plum\n"), "n.yaml")
    assert [str(r.destination) for r in parsed.of(RouteFact)] == ["172.16.0.0/12", "192.0.2.0/24"]
    assert [gap.kind for gap in parsed.gaps] == [GapKind.REDACTED]


def test_a_hidden_selector_does_not_make_a_rule_for_everybody():
    (rule,) = parse(TEXT.replace("ip-from: 10.0.1.12/32", "ip-from: '***HIDDEN***'"), "n.yaml").of(RuleFact)
    assert (rule.source, rule.other) == (None, ("ip-from",))


def test_a_card_that_is_not_managed_may_have_addresses_that_are_not_said():
    def unmanaged(state):
        state["interfaces"][1] = {"name": "ens19", "type": "ethernet", "state": "ignore"}
        state["interfaces"].append({"name": "cali1", "type": "veth", "state": "ignore"})

    parsed = parse(changed(unmanaged), "n.json")
    assert [(gap.kind, "ens19" in gap.message) for gap in parsed.gaps] == [(GapKind.COLLECTOR_ERROR, True)]
    assert [(i.state, i.flags) for i in parsed.of(InterfaceFact)[1:2]] == [(None, ())]


@pytest.mark.parametrize("missing", ["interfaces", None])
def test_a_state_that_was_not_taken_is_said(missing):
    text = changed(lambda state: state.pop("interfaces") if missing else state.clear())
    parsed = parse(text, "n.json")
    assert parsed.of(InterfaceFact) == ()
    assert [gap.kind for gap in parsed.gaps] == [GapKind.COLLECTOR_ERROR]


def several(*names):
    states = [yaml.safe_load(TEXT.replace("worker-1", name)) for name in names]
    return {"apiVersion": "v1", "items": states, "kind": "List", "metadata": {"resourceVersion": ""}}


@pytest.mark.parametrize("write", [yaml.safe_dump, json.dumps, lambda value: json.dumps(value, indent=4)])
def test_a_list_has_a_part_for_each_node(write):
    text = write(several("worker-1", "worker-2"))
    assert choose(text).kind == "nmstate"
    parsed = parse(text, "nns.yaml")
    assert (parsed.facts, parsed.gaps, parsed.owner) == ((), (), None)
    assert [(part.node, part.kind, len(part.parsed.of(AddressFact))) for part in parsed.parts] == [
        ("worker-1", "nmstate", 2),
        ("worker-2", "nmstate", 2),
    ]
    for part in parsed.parts:
        for fact in part.parsed.facts:
            assert fact.evidence.text[:50] in text.split("\n")[fact.evidence.line - 1]


def test_what_is_hidden_of_one_node_is_a_gap_of_its_part():
    text = TEXT + TEXT.replace("worker-1", "worker-2").replace("ip: 10.0.1.12", "ip: '***HIDDEN***'")
    first, second = parse(text, "nns.yaml").parts
    assert (first.parsed.gaps, [gap.kind for gap in second.parsed.gaps]) == ((), [GapKind.REDACTED])


def test_another_object_in_the_file_is_a_gap():
    parsed = parse(TEXT + "---\napiVersion: v1\nkind: Node\nmetadata:\n  name: worker-1\n", "n.yaml")
    assert (parsed.owner, len(parsed.of(AddressFact))) == ("worker-1", 2)
    (gap,) = parsed.gaps
    assert (gap.kind, "a Node beside" in gap.message) == (GapKind.NOT_UNDERSTOOD, True)


@pytest.mark.parametrize(
    "entry,key",
    [
        ({"ip": "10.0.0.300", "prefix-length": 24}, "address"),
        ({"ip": "10.0.0.3"}, "address"),
        ({"prefix-length": 24}, "address"),
        ({}, "address"),
    ],
)
def test_an_address_that_is_none_is_a_gap(entry, key):
    parsed = parse(changed(lambda state: state["interfaces"][0]["ipv4"].update({key: [entry]})), "n.json")
    assert [str(a.address) for a in parsed.of(AddressFact)] == ["fe80::5054:ff:fe1b:abbc/64"]
    assert [gap.kind for gap in parsed.gaps] == [GapKind.NOT_UNDERSTOOD]


_WORDS = """
    interfaces routes running route-rules config name ipv4 address ip prefix-length destination priority state
    """
_KEYS = st.sampled_from(_WORDS.split())
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["up", "10.0.0.1", "10.0.0.0/8", "***HIDDEN***"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_no_state_makes_it_raise_and_every_entry_is_a_fact_or_a_gap(state):
    text = json.dumps({"kind": "NodeNetworkState", "metadata": {"name": "n"}, "status": {"currentState": state}})
    parsed = parse(text, "n.json")
    routes = state.get("routes")
    running = routes.get("running") if isinstance(routes, dict) else None
    if isinstance(running, list) and running:
        assert parsed.of(RouteFact) or parsed.gaps


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(st.text() | st.text().map(lambda text: TEXT + text) | st.integers(0, len(TEXT)).map(lambda n: TEXT[:n]))
def test_no_text_makes_it_raise(text):
    parse(text, "n.yaml")
