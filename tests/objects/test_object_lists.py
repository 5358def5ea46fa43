"""Lists of objects read without a YAML parser give what the general reader gives: facts, lines and gaps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.facts import EndpointFact, IPBlockFact, NodeFact, ServiceFact
from calico_bundle.facts.endpoint_table import EndpointGroup, EndpointTable
from calico_bundle.facts.service_table import ServiceTable, ServiceText
from calico_bundle.objects import shaped_items
from calico_bundle.parsers import Parsed
from calico_bundle.parsers.objects import parse, quick, stream

HEAD = "apiVersion: v1\nitems:\n"
TAIL = 'kind: List\nmetadata:\n  resourceVersion: ""\n'
METADATA = """\
  metadata:
    annotations:
      note: <word>
    creationTimestamp: "2026-06-19T08:06:11Z"
    labels:
      app: <word>
      kubernetes.io/service-name: <name>
    name: <name>
    namespace: <namespace>
    ownerReferences:
    - apiVersion: v1
      kind: Service
      name: <word>
    resourceVersion: "93849921"
"""
TARGET = """\
      targetRef:
        kind: Pod
        name: <name>
        namespace: <namespace>
        uid: 260b2327-a320-410b-abba-b83552dce012
"""
ADDRESS = "    - ip: <ip>\n      nodeName: <node>\n" + TARGET
ENDPOINT = (
    "  - addresses:\n    - <ip>\n    conditions:\n      ready: <truth>\n      serving: true\n    nodeName: <node>\n"
    + TARGET.replace("\n  ", "\n").removeprefix("  ")
)
ENDPOINTS = (
    f"- apiVersion: v1\n  kind: Endpoints\n{METADATA}  subsets:\n  - addresses:\n{ADDRESS}{ADDRESS}"
    "    ports:\n    - name: dns\n      port: 53\n"
)
SLICE = (
    f"- addressType: IPv4\n  apiVersion: discovery.k8s.io/v1\n  endpoints:\n{ENDPOINT}{ENDPOINT}  kind: EndpointSlice\n"
    f"{METADATA}  ports:\n  - name: dns\n    port: 53\n"
)
SERVICE = f"""\
- apiVersion: v1
  kind: Service
{METADATA}  spec:
    clusterIP: 10.96.0.10
    clusterIPs:
    - 10.96.0.10
    internalTrafficPolicy: Cluster
    ports:
    - name: dns
      port: <length>
      protocol: UDP
      targetPort: 53
    selector:
      app: <word>
    type: ClusterIP
  status:
    loadBalancer: {{}}
"""
BLOCK = """\
- apiVersion: crd.projectcalico.org/v1
  kind: IPAMBlock
  metadata:
    name: 10-128-41-192-26
  spec:
    affinity: host:<node>
    allocations:
    - null
    - <number>
    - 0
    attributes:
    - handle_id: k8s-pod-network.4bf9
      secondary:
        namespace: <namespace>
        node: <node>
        pod: <word>
    cidr: 10.128.41.192/<length>
    deleted: <truth>
    strictAffinity: false
    unallocated:
    - 2
"""
NODE = """\
- apiVersion: v1
  kind: Node
  metadata:
    annotations:
      projectcalico.org/IPv4Address: <ip>/24
      projectcalico.org/Interfaces: '[{"name":"eth0"}]'
    labels:
      kubernetes.io/hostname: <word>
    name: <name>
  spec:
    podCIDR: 10.200.1.0/24
    podCIDRs:
    - 10.200.1.0/<length>
  status:
    addresses:
    - address: <ip>
      type: InternalIP
    conditions:
    - message: <word>
      status: "True"
      type: Ready
    images:
    - names:
      - a@sha256:8c4f
"""
ITEMS = (ENDPOINTS, SLICE, SERVICE, BLOCK, NODE)
USUAL = {
    "word": "web", "name": "kube-dns", "namespace": "kube-system", "ip": "10.0.0.1", "node": "n1", "truth": "true",
    "number": "0", "length": "26",
}  # fmt: skip
_ODD = (
    *(
        "null",
        "~",
        "true",
        '"4711"',
        "4711",
        '"null"',
        "***HIDDEN***",
        "a***",
        '"***"',
        "x-ipv4-0000000001-x",
        "a: b",
        "a #b",
    ),
    *(
        "'quoted'",
        '"open',
        "'open",
        "{}",
        "[]",
        "|",
        "&a b",
        "*a",
        "10.0.0.256",
        "010.0.0.1",
        "fd00::1",
        "10.a.b.c",
        "None",
    ),
    *(
        "1.10",
        "53",
        "053",
        "-1",
        "99999",
        "70000",
        "8",
        "33",
        "",
        "False",
        '"false"',
        "n2",
        "10.0.0.2",
        "a\u00fcb",
        "\u2028",
        "<redacted>",
    ),
)
_LINES = (
    *(
        "# remark",
        "  # remark",
        "",
        "Error from server: x",
        "---",
        "    name: other",
        "    - stray",
        "      a: b",
        "  kind: Pod",
    ),
    *(
        "    name: 'open",
        "  spec: {}",
        "    zone: a",
        "      hostname: h",
        "  items: []",
        "  apiVersion: v2",
        "-",
        "- a",
        "\ta",
    ),
)


def filled(item: str, odd: dict[int, str]) -> str:
    """A template with the usual values, but for some places that have others."""
    parts = item.split("<")
    text = parts[0]
    for place, part in enumerate(parts[1:]):
        name, _, rest = part.partition(">")
        text += odd.get(place, USUAL[name]) + rest
    return text


@pytest.fixture(autouse=True, scope="module")
def _shapes_from_the_first_item_on() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shaped_items, "_FEW", 0)
        yield


def same(text: str) -> Parsed | None:
    """What the quick reader makes of a text, which is what the general one makes of it; None where it refuses."""
    expected = parse(text, "x.yaml")
    found = quick(text.encode(), "x.yaml")
    for one in (found, stream(iter((text.encode()[:20], text.encode()[20:])), "x.yaml")):
        if one is not None:
            assert tuple(one.facts) == tuple(expected.facts)
            assert one.gaps == expected.gaps
    return found


_changes = st.dictionaries(st.integers(0, 14), st.sampled_from(_ODD), max_size=2)
_slow = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@_slow
@given(st.lists(st.tuples(st.sampled_from(ITEMS), _changes), min_size=1, max_size=4))
def test_items_with_any_values_are_read_as_in_general(items: list[tuple[str, dict[int, str]]]) -> None:
    same(HEAD + "".join(filled(item, odd) for item, odd in items) + TAIL)


@_slow
@given(
    st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3),
    st.integers(0, 200),
    st.sampled_from(["drop", "twice", *_LINES]),
)
def test_lines_that_are_missing_or_added_are_not_overlooked(items: list[str], place: int, change: str) -> None:
    lines = (HEAD + "".join(filled(item, {}) for item in items) + TAIL).splitlines(keepends=True)
    place = 3 + place % (len(lines) - 3)
    lines[place : place + 1] = {"drop": [], "twice": [lines[place]] * 2}.get(change, [lines[place], f"{change}\n"])
    text = "".join(lines)
    expected = parse(text, "x.yaml")
    if any(
        gap.kind in (GapKind.CONTRADICTED, GapKind.TRUNCATED) or "not valid YAML" in gap.message
        for gap in expected.gaps
    ):
        # What is passed over need not be valid; what the general reader has, the quick one has too.
        others = iter(stream(iter((text.encode(),)), "x.yaml").facts)
        assert all(fact in others for fact in expected.facts)
        return
    same(text)


@_slow
@given(st.lists(st.tuples(st.sampled_from(ITEMS), _changes), min_size=1, max_size=3), st.sampled_from([40, 80, 1000]))
def test_what_pyyaml_writes_is_read_as_in_general(items: list[tuple[str, dict[int, str]]], width: int) -> None:
    try:
        objects = yaml.safe_load("".join(filled(item, odd) for item, odd in items))
    except (yaml.YAMLError, ValueError):
        return
    same(
        yaml.safe_dump(
            {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}, width=width
        )
    )


@_slow
@given(st.sampled_from(ITEMS), st.integers(1, 40), st.integers(1, 4))
def test_items_without_some_lines_keep_their_evidence(item: str, place: int, count: int) -> None:
    lines = filled(item, {}).splitlines(keepends=True)
    del lines[place : place + count]
    text = HEAD + filled(item, {}) + "".join(lines) + filled(item, {}) + TAIL
    if not any(gap.kind is GapKind.CONTRADICTED or "not valid YAML" in gap.message for gap in parse(text, "").gaps):
        same(text)


def test_service_with_empty_labels_keeps_its_evidence() -> None:
    service = SERVICE.replace("      app: <word>\n      kubernetes.io/service-name: <name>\n", "", 1)
    found = same(HEAD + filled(service, {}) + TAIL)
    assert found is not None
    assert [fact.evidence.text for fact in found.of(ServiceFact)] == ["clusterIP: 10.96.0.10"]


@pytest.mark.parametrize("item", ITEMS)
def test_the_usual_items_are_taken(item: str) -> None:
    found = same(HEAD + 3 * filled(item, {}) + TAIL)
    assert found is not None
    assert found.facts


def test_endpoints_and_services_are_not_made_before_they_are_asked_for() -> None:
    found = same(HEAD + "".join(filled(item, {}) for item in (ENDPOINTS, SLICE, SERVICE)) + TAIL)
    assert found is not None
    endpoints, services = found.of(EndpointFact), found.of(ServiceFact)
    assert isinstance(endpoints, EndpointTable)
    assert isinstance(services, ServiceTable)
    assert [type(group) for group in endpoints.groups] == [EndpointGroup, EndpointGroup]
    assert isinstance(services.kept[0], ServiceText)
    assert [fact.pod_namespace for fact in endpoints] == ["kube-system"] * 4


def test_entries_of_other_heights_keep_their_lines() -> None:
    low, high = "    - ip: 10.0.0.7\n", filled(ADDRESS, {})
    for entries in (low + high, high + low, low + low, high + low + high):
        text = filled(ENDPOINTS, {}).replace(2 * high, entries)
        found = same(HEAD + text + TAIL)
        assert found is not None
        assert len(found.facts) == entries.count("ip: ")


def test_a_borrowed_address_is_seen() -> None:
    block = filled(BLOCK, {}).replace("node: n1\n", "node: n2\n")
    found = same(HEAD + block + TAIL)
    assert found is not None
    assert [fact.borrowed for fact in found.of(IPBlockFact)] == [{"10.128.41.193": "n2", "10.128.41.194": "n2"}]


def test_what_departs_from_the_layout_is_read_the_general_way_from_there_on() -> None:
    node = filled(NODE, {})
    text = HEAD + node + "Error from server (Timeout)\n" + node.replace("name: kube-dns", "name: n2") + TAIL
    assert quick(text.encode(), "x.yaml") is None
    assert stream(iter((text.encode(),)), "x.yaml").of(NodeFact) == parse(text, "x.yaml").of(NodeFact)


def test_a_list_without_its_end_is_told_so() -> None:
    text = HEAD + 2 * filled(SERVICE, {})
    assert quick(text.encode(), "x.yaml") is None
    found = stream(iter((text.encode(),)), "x.yaml")
    assert [gap.kind for gap in found.gaps] == [GapKind.TRUNCATED]
    assert len(found.of(ServiceFact)) == 1


def test_kinds_that_nobody_reads_are_passed_over() -> None:
    unread = "- apiVersion: v1\n  data:\n    a: |\n      - x\n\n      y: 'open\n  kind: ConfigMap\n  metadata:\n    name: a\n"
    found = same(HEAD + unread + filled(SERVICE, {}) + unread + TAIL)
    assert found is not None
    assert len(found.facts) == 1


@pytest.mark.parametrize(
    "usual, odd",
    [
        ("      app: <word>\n", "      app: <word>\n      app: <word>\n"),
        ("    selector:\n", "    selector:\n      k8s-app: kube-dns\n      k8s-app: kube-dns\n"),
        ("    ports:\n    - name", "    ports:\n      name"),
    ],
)
def test_service_that_is_no_yaml_does_not_take_others_with_it(usual: str, odd: str) -> None:
    assert usual in SERVICE
    items = [SERVICE, SERVICE.replace(usual, odd, 1), SERVICE.replace("name: <name>", "name: last", 1)]
    text = HEAD + "".join(filled(item, {}) for item in items) + TAIL
    found, expected = stream(iter((text.encode(),)), "x.yaml"), parse(text, "x.yaml")
    assert tuple(found.of(ServiceFact)) == tuple(expected.of(ServiceFact))
    assert found.gaps == expected.gaps


@pytest.mark.parametrize("cut", range(1, len(TAIL)))
def test_a_list_that_is_cut_within_its_end_is_the_same_both_ways(cut: int) -> None:
    text = (HEAD + filled(NODE, {}) + filled(SERVICE, {}) + TAIL)[:-cut]
    expected = parse(text, "x.yaml")
    found = stream(iter((text.encode(),)), "x.yaml")
    assert tuple(found.facts) == tuple(expected.facts)
    assert found.gaps == expected.gaps
    assert quick(text.encode(), "x.yaml") is None
    assert "\nkind: List" in text or GapKind.TRUNCATED in [gap.kind for gap in expected.gaps]
    assert len(expected.facts) == 2 or "\nkind: L" not in text


@pytest.mark.parametrize("head, end", [(HEAD, "kind: Lits\n"), ("apiVersion: v1\nkind: FooList\nitems:\n", "")])
def test_a_list_of_an_unknown_kind_keeps_items_of_known_ones(head: str, end: str) -> None:
    unread = "- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: a\n- metadata:\n    name: b\n"
    found = parse(head + unread + filled(NODE, {}) + end, "x.yaml")
    assert ([fact.name for fact in found.of(NodeFact)], found.gaps) == (["kube-dns"], ())


def test_objects_without_a_kind_are_counted_together_whichever_way_the_list_is_read() -> None:
    odd = "- spec: {}\n"
    for between in ("", "Error from server (Timeout)\n"):
        text = HEAD + odd + filled(NODE, {}) + odd + between + odd + TAIL
        expected = parse(text, "x.yaml")
        found = stream(iter((text.encode(),)), "x.yaml")
        assert set(found.gaps) == set(expected.gaps)
        assert "3 object(s) without a kind" in "".join(gap.message for gap in expected.gaps)
