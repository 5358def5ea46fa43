"""Files of Kubernetes objects: recognized, errors told from data, nothing raised, no secret quoted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle import facts
from calico_bundle.evidence import MOST_LINE_GAPS, GapKind
from calico_bundle.parsers.objects import PARSER, parse, recognizes


@pytest.mark.parametrize(
    "head",
    [
        "apiVersion: v1\nkind: Node\n",
        "---\nkind: Pod\napiVersion: v1\n",
        "# from kubectl\napiVersion: v1\n",
        "- apiVersion: crd.projectcalico.org/v1\n  kind: IPPool\n",
        "- metadata:\n    name: a\n",
        "items:\n- apiVersion: v1\n",
        "apiVersion: v1\r\nkind: List\r\n",
        "\ufeffapiVersion: v1\n",
        '{"apiVersion": "v1", "items": []}',
        '{\n    "apiVersion": "v1",',
        '{"kind":"PodList","items":null}',
        '{\n "metadata": {\n  "resourceVersion": "1"\n },\n "items": [',
        '[\n {\n  "apiVersion": "v1",',
        '[{"metadata":{"name":"a"}}]',
        '{\n  "items": [',
        '{\n  "data": {},\n  "apiVersion": "v1",\n',
        # kubectl and collectors sort keys, and these kinds have fields that come before apiVersion.
        '[{"addressType":"IPv4","apiVersion":"discovery.k8s.io/v1","endpoints":[],"kind":"EndpointSlice"}]',
        '[{"action":"Binding","apiVersion":"v1","kind":"Event"}]',
        '[{"aggregationRule":{"clusterRoleSelectors":[]},"apiVersion":"rbac.authorization.k8s.io/v1"}]',
        "addressType: IPv4\napiVersion: discovery.k8s.io/v1\nendpoints: []\nkind: EndpointSlice\n",
        "allowVolumeExpansion: true\napiVersion: storage.k8s.io/v1\n",
        'Defaulted container "a" out of: a, b\napiVersion: v1\nkind: Node\n',
        'W1122 12:00:00.000000       1 x.go:1] old\n{"kind": "NodeList",',
        "Warning: v1 Endpoints is deprecated\napiVersion: v1\nkind: List\n",
        "root@n1:~# kubectl get node -o yaml\napiVersion: v1\n",
    ],
)
def test_objects_are_recognized(head: str):
    assert recognizes(head)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "\n",
        '[{"ifindex": 1, "ifname": "lo"}]',
        '{"level":"info","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}}',
        '[{"kind":"APIResourceList","groupVersion":"v1"}]',
        '{"cniVersion": "0.3.1", "name": "k8s-pod-network"}',
        "[]",
        "name: value\nother: 1\n",
        "action: restart\nservice: web\n",
        '{"action":"sync","level":"info","object":{"apiVersion":"v1"}}',
        "default via 10.0.0.1 dev eth0\n",
        "Name:         w1\nRoles:        <none>\n",
        "Error from server (Forbidden): nodes is forbidden\n",
        "No resources found\n",
        "#!/bin/sh\ncat <<EOF\napiVersion: v1\nEOF\n",
        "2024-01-01 12:00:00.000 [INFO][1] startup/startup.go 1: apiVersion: v1\n",
    ],
)
def test_other_text_is_not_recognized(head: str):
    assert not recognizes(head)


def test_a_slice_in_an_array_is_read():
    text = (
        '[{"addressType":"IPv4","apiVersion":"discovery.k8s.io/v1","endpoints":[{"addresses":["10.244.1.2"],'
        '"conditions":{"ready":true}}],"kind":"EndpointSlice","metadata":{"labels":'
        '{"kubernetes.io/service-name":"kube-dns"},"name":"kube-dns-x","namespace":"kube-system"},"ports":[]}]'
    )
    (found,) = parse(text, "discovery.k8s.io_v1_endpointslices.json").facts
    assert (found.service, str(found.ip), found.ready) == ("kube-dns", "10.244.1.2", True)


def test_the_parser_has_its_name():
    assert (PARSER.kind, PARSER.parse, PARSER.recognizes) == ("k8s-objects", parse, recognizes)


@pytest.mark.parametrize(
    "text",
    [
        "Error from server (Forbidden): nodes is forbidden\n",
        "No resources found\n",
        'error: the server doesn\'t have a resource type "ippools"\n',
        '{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods is forbidden","code":403}\n',
        "",
    ],
)
def test_an_error_is_not_collected_and_never_empty(text: str):
    parsed = parse(text, "f")
    assert parsed.facts == ()
    assert [gap.kind for gap in parsed.gaps] == [GapKind.COLLECTOR_ERROR]


def test_notes_before_the_data_do_not_shift_lines():
    notes = 'Defaulted container "a" out of: a, b\nWarning: old\nW1122 12:00:00.000000       1 x.go:1] old\n\n'
    for data in ("kind: Namespace\nmetadata:\n  name: a\n", '{"kind": "Namespace",\n"metadata": {\n"name": "a"}}'):
        parsed = parse(notes + data, "f")
        (fact,) = parsed.facts
        assert isinstance(fact, facts.NamespaceFact)
        assert fact.evidence.line == 7


def test_what_a_secret_holds_is_quoted_nowhere():
    plain = "kind: Secret\nmetadata: {name: a}\ndata:\n  a: aHVudGVyMg==\n"
    broken = plain + "  b: 'aHVudGVyMg==\n c: d: e\n"
    items = [{"kind": "Secret", "data": {"a": "aHVudGVyMg=="}}, {"kind": "Node", "metadata": {"name": "n"}}]
    line = json.dumps({"kind": "List", "items": items})
    for text in (plain, broken, f"---\n{broken}---\n{plain}", line, line[:-30], line.replace(":", " ", 5)):
        assert "aHVudGVyMg" not in repr(parse(text, "f"))


def test_many_errors_of_one_kind_are_counted():
    parsed = parse("error: no such thing\n" * 1000, "f")
    assert len(parsed.gaps) == MOST_LINE_GAPS + 1
    assert {gap.kind for gap in parsed.gaps} == {GapKind.COLLECTOR_ERROR}
    assert parsed.gaps[-1].message == f"{1000 - MOST_LINE_GAPS} more of this kind"


def test_hostile_nesting_is_a_gap():
    for text in ("[" * 100_000, "- " * 50_000, "kind: Pod\na: " + "[" * 100_000, '{"kind":"Pod","a":' + "[" * 100_000):
        parsed = parse(text, "f")
        assert parsed.facts == ()
        assert [gap.kind for gap in parsed.gaps] == [GapKind.REFUSED]


@pytest.mark.parametrize(
    "text",
    [
        '{"kind":"Secret","a":[1,\n' * 4000,
        '{"items": [\n' + '    {"a": [\n' * 8000,
        "@" * 200_000,
        "hello there\n" * 20_000,
        "---\n" * 40_000,
        "items:\n" * 20_000,
        "items:\n" + "- \n" * 20_000,
        "kind: Pod\na: '" + "x\n" * 50_000,
        "{}\nx\n" * 10_000,
    ],
)
def test_no_text_goes_on_forever(text: str):
    """Quadratic work would take minutes on these."""
    assert parse(text, "f").facts == ()


@given(st.text() | st.text("kind:PoaeVrs[]{}&*'\"-# \n", max_size=120))
@settings(max_examples=200)
def test_no_text_raises(text: str):
    for front in ("", "kind: Pod\nmetadata: {name: a}\n", "items:\n- ", '{"kind": "PodList", "items": [', "---\n"):
        parsed = parse(front + text, "f")
        lines = (front + text).count("\n") + 1
        assert all(gap.line is None or 1 <= gap.line <= lines for gap in parsed.gaps)
        recognizes(front + text)


def test_text_that_is_longer_than_any_can_be_is_told_and_not_read():
    text = f"apiVersion: v1\nkind: Node\nmetadata:\n  name: n1\n  labels:\n    zone: {'x' * 5000}\n    rack: a\n"
    parsed = parse(text, "nodes.yaml")
    assert [(node.name, dict(node.labels)) for node in parsed.of(facts.NodeFact)] == [("n1", {"rack": "a"})]
    assert [(gap.line, "5000 characters" in gap.message) for gap in parsed.gaps] == [(6, True)]
    nameless = parse(text.replace("name: n1", f"name: {'y' * 5000}"), "nodes.yaml")
    assert nameless.facts == ()
    assert all(len(gap.message) < 1000 for gap in nameless.gaps)


HIDDEN_LIST = """apiVersion: v1
items:
- apiVersion: v1
  kind: Node
  metadata:
    annotations:
      projectcalico.org/IPv4Address: ***HIDDEN***/24
      note: "a text that ends
        here: ***HIDDEN***"
    labels:
      zone: '***HIDDEN***'
      ***HIDDEN***: a
    name: node-1
  spec:
    podCIDRs:
    - ***HIDDEN***
kind: List
"""


def test_hidden_values_without_quotes_are_read_as_hidden_either_way():
    """`***HIDDEN***` without quotes is an alias in YAML; troubleshoot writes it over whatever stands there."""
    general, quickly = parse(HIDDEN_LIST, "nodes.yaml"), PARSER.stream(iter([HIDDEN_LIST.encode()]), "nodes.yaml")
    for parsed in (general, quickly):
        (node,) = parsed.of(facts.NodeFact)
        assert (node.name, node.bgp_ipv4, node.evidence.line) == ("node-1", None, 13)
        assert {"bgp_ipv4", "pod_cidrs"} <= set(node.redacted)
        assert {gap.kind for gap in parsed.gaps} == {GapKind.REDACTED}
    assert node.cited["bgp_ipv4"].text == "projectcalico.org/IPv4Address: ***HIDDEN***/24"
    assert general.gaps == quickly.gaps


@pytest.mark.parametrize("cut", [True, False])
def test_objects_that_could_not_be_read_are_counted_by_kind(cut: bool):
    item = "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a{0}\n    namespace: b\n"
    text = "apiVersion: v1\nitems:\n" + item.format(1) + item.format(": [") + item.format(3)
    assert dict(parse(text + ("" if cut else "kind: List\n"), "pods.yaml").lost) == {"Pod": 2 if cut else 1}
    assert dict(parse('{"kind": "Pod", "metadata": {"name": "a",', "pod.json").lost) == {"Pod": 1}
