"""Lists of pods read from the bytes give what the general reader gives: facts, lines and gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.evidence import Gap, GapKind
from calico_bundle.facts import PodFact, ServiceFact
from calico_bundle.facts.pod_columns import columns_of
from calico_bundle.facts.pod_table import PodTable, merge_pods
from calico_bundle.objects.pod_blocks import COLUMNS, PodReader
from calico_bundle.objects.pod_blocks import HEAD as POD_HEAD
from calico_bundle.objects.pods import PARTS
from calico_bundle.parsers.objects import parse, quick, stream

HEAD = "apiVersion: v1\nitems:\n"
TAIL = 'kind: List\nmetadata:\n  resourceVersion: ""\n'
POD = """\
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      example.com/note: <annotation>
      example.com/other: "x"
    creationTimestamp: "2026-08-01T06:58:37Z"
    labels:
      app: <label>
      k8s-app: calico-node
    name: <name>
    namespace: <namespace>
    ownerReferences:
    - apiVersion: apps/v1
      blockOwnerDeletion: true
      controller: true
      kind: ReplicaSet
      name: <owner>
      uid: cd4e7c09-9c78-48a8-aeb5-bac4310d188a
    uid: 91dada2b-317f-4c7b-acfb-39b69aa7eb53
  spec:
    affinity:
      nodeAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms:
          - matchFields:
            - key: metadata.name
              operator: In
              values:
              - <node>
    containers:
    - args:
      - <argument>
      env:
      - name: A
        value: <environment>
      image: registry.example.net/a:v1
      name: main
      readinessProbe:
        failureThreshold: 3
        <probe>:
          port: 8080
        periodSeconds: 10
      resources: {}
      volumeMounts:
      - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
        name: kube-api-access-<volume>
    dnsPolicy: <policy>
    enableServiceLinks: true
    hostNetwork: <host>
    nodeName: <node>
    priority: 0
    tolerations:
    - effect: NoExecute
      key: <toleration>
      operator: Exists
    volumes:
    - name: kube-api-access-<volume>
      projected:
        defaultMode: 420
  status:
    conditions:
    - lastProbeTime: null
      lastTransitionTime: "2026-08-01T06:59:19Z"
      message: <condition>
      status: "True"
      type: Initialized
    - lastTransitionTime: "2026-08-01T06:59:19Z"
      status: "<ready>"
      type: Ready
    containerStatuses:
    - image: registry.example.net/a:v1
      lastState:
        terminated:
          message: <ended>
      name: main
      ready: true
      restartCount: <restarts>
      started: true
      state:
        <state>
    hostIP: 172.20.0.1
    message: <message>
    phase: <phase>
    podIP: <ip>
    podIPs:
    - ip: <ip>
    qosClass: Burstable
"""
USUAL = {
    "annotation": "plain",
    "label": "web",
    "name": "web-1",
    "namespace": "shop",
    "owner": "web",
    "argument": "--verbose",
    "environment": "text",
    "probe": "httpGet",
    "policy": "ClusterFirst",
    "host": "true",
    "node": "worker-1",
    "volume": "x7k2p",
    "toleration": "node.kubernetes.io/not-ready",
    "condition": "all is well",
    "ready": "True",
    "ended": "ended",
    "restarts": "3",
    "state": "running:\n          startedAt: x",
    "message": "text",
    "phase": "Running",
    "ip": "10.1.2.3",
}
FAKES = (
    "- apiVersion: v1", "  kind: Pod", "  metadata:", "    name: fake", "    hostNetwork: false", "    nodeName: fake",
    "  spec:", "  status:", "    podIP: 203.0.113.7", "      type: Ready", '      status: "False"', "    phase: Failed",
    "      restartCount: 9", "      readinessProbe:", "        exec:", "        tcpSocket:", "        waiting:",
    "          reason: Fake", "                deep: text", "", "    preemptionPolicy: x", "      labels:",
)  # fmt: skip
WORDS = (
    "~", "null", "'null'", "true", "12", '"12"', "0x1f", "1e3", "-0", "***HIDDEN***", "x-ipv4-0000000001-x", "é", '""',
    "''", "'it''s'", '"a\\"b"', '"\\\\"', "&a x", "*a", "!!str x", "{}", "[]", "{a: b}", "text # comment", "a: b", "",
    '"a" ', "10.1.2.300", "::1", "010.1.2.3", "exec", "tcpSocket", '"Ready"', "password", "waiting: {}", "{running: {}}",
    "waiting:\n          message: back-off\n            again\n          reason: CrashLoopBackOff", "\ttext", "Unknown",
    "{\n    nodeName: x\n        }", "[a,\n    nodeName: x\n    ]", "{ # c\n    nodeName: x\n      }", '"a\\\n    b"',
)  # fmt: skip


def _indented(lines: Sequence[str], indent: int) -> str:
    return "".join(f"\n{' ' * indent}{line}" if line else "\n" for line in lines)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """The value of a key, in any style, with what looks like keys in it."""
    if draw(st.booleans()):
        return draw(st.sampled_from(WORDS))
    lines = draw(st.lists(st.sampled_from(FAKES), min_size=1, max_size=6))
    indent = draw(st.sampled_from([0, 0, 4, 12]))
    style = draw(st.sampled_from(["|", "|-", ">", '"', "'", ""]))
    if style in ("|", "|-", ">"):
        return style + _indented(lines, 12)
    end = draw(st.sampled_from(["", "\n", "\n    ", "\n        ", "\n              "]))
    return style + "text" + _indented([line.replace('"', "") for line in lines], indent) + end + style


@st.composite
def pods(draw: st.DrawFn) -> str:
    """A pod in kubectl's layout, with odd values, and lines that are missing, there twice, or written oddly."""
    values = USUAL | draw(st.dictionaries(st.sampled_from(list(USUAL)), texts(), max_size=2))
    text = POD
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    lines = text.split("\n")
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(2, len(lines) - 2))
        lines[at : at + 1] = draw(st.sampled_from(CHANGES))(lines[at])
    return "\n".join(lines)


def _quoted_key(line: str) -> list[str]:
    key = line.strip().partition(":")[0]
    return [line.replace(key, f'"{key}"', 1)]


CHANGES = (
    lambda line: [line],
    lambda _: [],
    lambda line: [line, line],
    lambda line: [line, "    # a comment"],
    lambda line: ["", line],
    lambda line: [line + " "],
    lambda line: [line.replace(":", " :", 1)],
    lambda line: [line.replace(":", ": &a", 1)],
    lambda line: [f"  {line}"],
    lambda line: [f" {line}"],
    lambda line: [line.removeprefix("  ")],
    lambda line: [line.replace("    ", "\t", 1)],
    lambda line: [line, "    nodeName: again"],
    lambda line: ["    ? nodeName", "    : fake", line],
    lambda line: ["    managedFields:", "    - fieldsV1:", "        'f:metadata': {}", line],
    lambda line: ["remark", line],
    _quoted_key,
)


def _pieces(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return (data[begin:end] for begin, end in pairwise(places))


def is_whole(gaps: Sequence[Gap]) -> bool:
    """Whether the general reader gave up nothing: what it gives up for a mistake in a field nobody reads may stay."""
    return not any(gap.kind in (GapKind.CONTRADICTED, GapKind.REFUSED) or "not valid" in gap.message for gap in gaps)


def agree(text: str, cuts: Sequence[int] = ()) -> None:
    general = parse(text, "pods.yaml")
    data = text.encode()
    for found in (quick(data, "pods.yaml"), stream(_pieces(data, cuts), "pods.yaml")):
        if found is not None and is_whole(general.gaps):
            assert list(found.facts) == list(general.facts)
            assert found.gaps == general.gaps
        elif found is not None:
            others = iter(found.facts)
            assert all(fact in others for fact in general.facts)


@settings(max_examples=200, deadline=None)
@given(st.lists(pods(), min_size=1, max_size=3), st.lists(st.integers(0), max_size=4))
def test_pods_with_odd_fields_are_read_as_the_general_reader_does(items: list[str], cuts: list[int]) -> None:
    agree(HEAD + "".join(items) + TAIL, cuts)


def usual(**values: str) -> str:
    text = POD
    for name, value in (USUAL | values).items():
        text = text.replace(f"<{name}>", value)
    return text


def _row(text: str) -> tuple[dict[str, object], int, int] | None:
    row = PodReader().read(text.removeprefix(POD_HEAD.decode()).removesuffix("\n").encode())
    return row and (dict(zip(COLUMNS, row[0], strict=True)), *row[1:])


def test_the_usual_pod_is_read_without_the_general_reader() -> None:
    row = _row(usual())
    assert row is not None
    values, name_line, lines = row
    assert (values["ips"], values["network_probe"], values["restarts"]) == (0x0A010203, True, 3)
    assert (name_line, lines) == (10, usual().count("\n"))


@pytest.mark.parametrize(
    "odd",
    [
        {"annotation": "'it''s\n        folded'"},
        {"annotation": '|\n        {"a": ["b\n        - \'c\n'},
        {"annotation": "it's a [b {c"},
        {"argument": '"a \\"b\\" c"\n      - \'folded\n        [text\''},
        {"argument": '|\n        if [ -n "$A ]; then\n          b\n        fi'},
        {"environment": '"folded\n            {text: \\\n            again"'},
        {"condition": "'containers with unready status: [a]'"},
        {"state": "waiting:\n          message: back-off 5m0s\n          reason: CrashLoopBackOff"},
        {"node": '"4711"'},
        {"name": '"4711"'},
    ],
)
def test_what_kubectl_writes_of_odd_words_is_read_without_the_general_reader(odd: dict[str, str]) -> None:
    agree(HEAD + usual(**odd) + TAIL)
    assert _row(usual(**odd)) is not None


@pytest.mark.parametrize(
    "fake",
    [
        {"annotation": '"text\n    nodeName: fake\n        "', "node": "null"},
        {"environment": "'\n    hostNetwork: false\n          '", "host": "null"},
        {"environment": "{\n    nodeName: fake\n          }", "node": "null"},
        {"ended": '"\n      restartCount: 9\n            "'},
        {"phase": "***HIDDEN***"},
    ],
)
def test_a_pod_that_could_be_misread_is_left_to_the_general_reader(fake: dict[str, str]) -> None:
    text = HEAD + usual(**fake) + usual(name="web-2") + TAIL
    found = quick(text.encode(), "pods.yaml")
    assert found is not None
    assert list(found.facts) == list(parse(text, "pods.yaml").facts)
    assert _row(usual(**fake)) is None
    assert _row(usual(name="web-2")) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n- ", "\nW0101 10:00:00.000000 1 warnings.go] old\n- ", 2),
        lambda text: text[: len(text) * 2 // 3],
        lambda text: text.replace("kind: List", "kind: PodList"),
        lambda text: text + "---\n" + text,
        lambda text: text.replace(TAIL, "- apiVersion: v1\n  kind: Service\n  metadata:\n    name: dns\n" + TAIL),
        lambda text: text.replace("  ", "    "),
        lambda text: yaml.safe_dump(yaml.safe_load(text)),
        lambda text: yaml.safe_dump(yaml.safe_load(text), width=20, indent=4),
        lambda text: yaml.safe_dump(yaml.safe_load(text), default_style='"', width=30),
        lambda text: yaml.safe_dump(yaml.safe_load(text), default_flow_style=True),
        lambda text: json.dumps(yaml.safe_load(text), indent=4),
    ],
)
def test_lists_in_other_layouts_and_pieces_of_any_size(change: Callable[[str], str]) -> None:
    text = change(HEAD + "".join(usual(name=f"web-{n}") for n in range(5)) + TAIL)
    general = parse(text.removeprefix("\ufeff").replace("\r\n", "\n"), "pods.yaml")
    for cuts in ((), (7,), (30, 31, 900), (2000, 4000, 6000)):
        found = stream(_pieces(text.encode(), cuts), "pods.yaml")
        assert list(found.facts) == list(general.facts)
        assert set(found.gaps) == set(general.gaps)


def test_every_column_of_a_pod_is_read_by_both_readers() -> None:
    read = {column for part in PARTS for column in part.columns}
    assert read | {"name", "redacted", "not_shown", "evidence"} == {field.name for field in fields(PodFact)}


def _table(*texts: str) -> PodTable:
    found = stream(iter([(HEAD + "".join(texts) + TAIL).encode()]), "pods.yaml").of(PodFact)
    assert isinstance(found, PodTable)
    return found


def test_a_table_is_a_sequence_of_pods_and_has_their_columns() -> None:
    odd = usual(name="web-2", ip="fd00::1", ready="False")
    table = _table(usual(), odd, usual(name="web-3", host="null", ip="10.1.2.4"))
    assert [pod.name for pod in table] == table.columns.names == ["web-1", "web-2", "web-3"]
    assert table[-1] == table[2]
    assert table.columns.ipv4s == [0x0A010203, None, 0x0A010204] == list(columns_of(list(table)).ipv4s)
    assert (table.probed_nodes(), table.unready_on_host_network()) == ({"worker-1"}, (1,))
    assert (table.labeled("app", "web"), table.labeled("app", "db")) == ((0, 1, 2), ())
    with pytest.raises(IndexError):
        table[3]


def test_pods_that_stand_in_several_files_are_taken_once() -> None:
    one, other = _table(usual(), usual(name="web-2")), _table(usual(node="worker-2"), usual(name="web-3"))
    merged = merge_pods([one, other, list(other)])
    assert [(pod.name, pod.node) for pod in merged] == [
        ("web-1", "worker-1"),
        ("web-2", "worker-1"),
        ("web-3", "worker-1"),
    ]
    assert merge_pods([one]) is one
    assert merge_pods([one, list(one)]) is one


def test_pods_of_a_workload_share_what_is_read_of_their_spec_and_no_more() -> None:
    alike = [usual(name=f"web-{n}", node=f"worker-{n}", volume=f"abcd{n}") for n in range(3)]
    others = [
        usual(policy="Default"),
        usual(probe="exec"),
        usual(host="null"),
        usual(volume="image"),
        usual(node="true"),
    ]
    text = HEAD + "".join([*alike, *others, *alike, others[0].replace("abcd", "exec"), *reversed(others)]) + TAIL
    found = stream(iter([text.encode()]), "pods.yaml")
    assert list(found.facts) == list(parse(text, "pods.yaml").facts)
    assert [pod.node for pod in found.of(PodFact)[:3]] == ["worker-0", "worker-1", "worker-2"]


def test_a_mistake_where_nobody_reads_costs_the_general_reader_the_pod_and_the_quick_one_nothing() -> None:
    text = HEAD + usual(environment="*nothing") + TAIL
    assert (len(parse(text, "pods.yaml").facts), len(parse(text, "pods.yaml").gaps)) == (0, 1)
    found = stream(iter([text.encode()]), "pods.yaml")
    assert (list(found.facts), found.gaps) == (list(parse(HEAD + usual() + TAIL, "pods.yaml").facts), ())


def test_other_objects_among_the_pods_keep_their_place() -> None:
    service = "- apiVersion: v1\n  kind: Service\n  metadata:\n    name: dns\n    namespace: a\n"
    text = HEAD + usual() + service + usual(name="web-2") + TAIL
    found = stream(iter([text.encode()]), "all.yaml")
    assert list(found.facts) == list(parse(text, "all.yaml").facts)
    assert ([pod.name for pod in found.of(PodFact)], len(found.of(ServiceFact))) == (["web-1", "web-2"], 1)
