"""Objects read alike from every format, every quote true; and what was recorded and sent."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePosixPath

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle import facts
from calico_bundle.evidence import Evidence, GapKind, quote
from calico_bundle.parsers import HEAD_CHARACTERS, Parsed
from calico_bundle.parsers.objects import parse, recognizes

SHARED = Path(__file__).resolve().parents[2] / "../shared"
SAMPLES = SHARED / "samples"


def evidence_in(value: object) -> Iterator[Evidence]:
    if isinstance(value, Evidence):
        yield value
    elif is_dataclass(value):
        for column in fields(value):
            yield from evidence_in(getattr(value, column.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from evidence_in(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from evidence_in(inner)


def without_lines(value: object) -> object:
    """A fact without its evidence, to compare what two formats gave."""
    if isinstance(value, Evidence):
        return "evidence"
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), {f.name: without_lines(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: without_lines(inner) for key, inner in value.items()}
    return tuple(without_lines(inner) for inner in value) if isinstance(value, tuple) else value


def assert_quotes_are_true(parsed: Parsed, text: str) -> None:
    lines = text.split("\n")
    for evidence in evidence_in(parsed.facts):
        assert evidence.path == "f"
        if evidence.line is None:
            assert evidence.text == ""
            assert any("Secret" in line and len(line) > 50 for line in lines)
            continue
        assert quote(lines[evidence.line - 1]) == evidence.text
    for gap in parsed.gaps:
        assert gap.line is None or 1 <= gap.line <= len(lines)


# --- the same objects in every format ------------------------------------------------------------------------------

ODD_WORDS = [
    "",
    "null",
    "true",
    "on",
    "1.10",
    "010",
    "12e3",
    "0x1f",
    "~",
    "1:30",
    "2024-01-01",
    "- a",
    "a: b",
    "#x",
    "é\u2028",
]
NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True) | st.sampled_from(
    ["null", "true", "1", "12e3"]
)
WORDS = st.sampled_from(ODD_WORDS) | st.text(max_size=12)
LABELS = st.dictionaries(NAMES, WORDS, max_size=3)
ADDRESSES = st.ip_addresses().map(str) | st.sampled_from(["***HIDDEN***", "nonsense", "10.0.0.1"])
MAYBE = st.none() | ADDRESSES


def optional(**columns: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=columns)


def an_object(version: str, kind: str, **columns: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    metadata = st.fixed_dictionaries(
        {"name": NAMES, "managedFields": st.just([{"fieldsV1": {"f:a": {}}}])},
        optional={"namespace": NAMES, "labels": LABELS, "annotations": ANNOTATIONS},
    )
    fixed = {"apiVersion": st.just(version), "kind": st.just(kind), "metadata": metadata}
    return st.fixed_dictionaries(fixed, optional=columns)


ANNOTATIONS = optional(
    **{"projectcalico.org/IPv4Address": ADDRESSES, "projectcalico.org/ASNumber": WORDS, "other": st.text(max_size=200)}
)
CONDITION = st.fixed_dictionaries({"type": st.just("Ready"), "status": st.sampled_from(["True", "x"])})
STATUS = optional(
    addresses=st.lists(optional(type=st.sampled_from(["InternalIP", "Hostname"]), address=ADDRESSES), max_size=3),
    conditions=st.lists(CONDITION, max_size=1),
    podIP=ADDRESSES,
    podIPs=st.lists(optional(ip=ADDRESSES), max_size=2),
    containerStatuses=st.lists(optional(restartCount=st.integers(0, 9)), max_size=2),
)
POD_SPEC = optional(
    nodeName=NAMES, hostNetwork=st.booleans(), dnsConfig=optional(nameservers=st.lists(ADDRESSES, max_size=2))
)
SUBSETS = st.none() | st.lists(
    optional(addresses=st.lists(optional(ip=ADDRESSES, nodeName=NAMES), max_size=2)), max_size=2
)
BLOCK = optional(
    cidr=st.sampled_from(["10.0.0.0/26", "fd00::/122", "bad"]),
    affinity=st.sampled_from(["host:a", None]),
    allocations=st.lists(st.none() | st.integers(0, 2), max_size=5),
    attributes=st.lists(optional(secondary=optional(node=NAMES)), max_size=3),
    deleted=st.sampled_from([True, False, "true", "false"]),
)
DETECTION = optional(nodeAddressAutodetectionV4=st.none() | optional(firstFound=st.booleans(), cidrs=st.lists(WORDS)))
OBJECTS = st.one_of(
    an_object("v1", "Node", status=STATUS, spec=optional(podCIDR=ADDRESSES)),
    an_object("v1", "Pod", status=STATUS, spec=POD_SPEC),
    an_object("v1", "Service", spec=optional(clusterIP=ADDRESSES, ports=st.lists(optional(port=st.integers(1, 99))))),
    an_object("v1", "Endpoints", subsets=SUBSETS),
    an_object("v1", "Event", message=st.text(max_size=100), count=st.integers(0, 9) | WORDS),
    an_object("v1", "Secret", data=LABELS),
    an_object("crd.projectcalico.org/v1", "IPAMBlock", spec=BLOCK),
    an_object("operator.tigera.io/v1", "Installation", spec=optional(calicoNetwork=DETECTION)),
)


class Indented(yaml.SafeDumper):
    """Lists deeper than their key, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's name
        super().increase_indent(flow, False)


def renderings(objects: list[dict[str, object]]) -> dict[str, str]:
    wrapped = {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}
    return {
        "kubectl's YAML": yaml.safe_dump(wrapped),
        "indented YAML": yaml.dump(wrapped, Dumper=Indented, sort_keys=False),
        "a list of YAML": yaml.safe_dump(objects, width=20),
        "YAML in braces": yaml.safe_dump(wrapped, default_flow_style=True),
        "YAML documents": yaml.safe_dump_all(objects),
        "documents without ---": "".join(yaml.safe_dump(item) for item in objects),
        "pretty JSON": json.dumps(wrapped, indent=4),
        "compact JSON": json.dumps(wrapped, separators=(",", ":"), ensure_ascii=False),
        "a list of JSON": json.dumps(objects, indent="\t"),
        "JSON in a row": "".join(json.dumps(item, indent=1) for item in objects),
        "Windows' line ends": yaml.safe_dump(wrapped).replace("\n", "\r\n"),
    }


@given(st.lists(OBJECTS, min_size=1, max_size=4))
@settings(max_examples=120, deadline=None)
def test_every_format_gives_the_same_facts_and_true_quotes(objects: list[dict[str, object]]):
    expected = None
    for name, text in renderings(objects).items():
        parsed = parse(text, "f")
        assert_quotes_are_true(parsed, text)
        found = [without_lines(fact) for fact in parsed.facts], sorted(gap.message for gap in parsed.gaps)
        expected = expected or found
        assert found == expected, name
        assert recognizes(text[:HEAD_CHARACTERS]), name


@given(st.lists(OBJECTS, min_size=2, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_a_text_that_is_cut_anywhere_gives_only_facts_of_the_whole_and_says_so(
    objects: list[dict[str, object]], data: st.DataObject
):
    text = json.dumps({"kind": "List", "items": objects}, indent=4)
    cut = data.draw(st.integers(1, len(text) - 2))
    whole, part = parse(text, "f"), parse(text[:cut], "f")
    assert part.facts == whole.facts[: len(part.facts)]
    assert GapKind.TRUNCATED in {gap.kind for gap in part.gaps} or len(part.gaps) > len(whole.gaps)


# --- what was recorded, and what customers sent --------------------------------------------------------------------


def sample_files(folder: str) -> list[Path]:
    root = SAMPLES / folder
    if not root.is_dir():
        pytest.skip(f"the shared samples are not here: {folder}")
    found = sorted(path for path in root.rglob("*") if path.suffix in (".json", ".yaml") and path.is_file())
    assert found
    return found


def read_samples(folder: str) -> list[tuple[str, Parsed]]:
    """All files that hold objects, read; their quotes verified, and no text in them not understood."""
    results = []
    for path in sample_files(folder):
        text = path.read_text()
        if recognizes(text[:HEAD_CHARACTERS]):
            parsed = parse(text, "f")
            assert_quotes_are_true(parsed, text)
            assert {gap.kind for gap in parsed.gaps} <= {GapKind.REDACTED}, path
            results.append((path.name, parsed))
    return results


def facts_of(results: list[tuple[str, Parsed]], kind: type) -> list[object]:
    return [fact for _, parsed in results for fact in parsed.facts if isinstance(fact, kind)]


def test_sbctl_sample_where_every_address_is_hidden():
    results = read_samples("replicatedhq-sbctl")
    nodes = facts_of(results, facts.NodeFact)
    assert len(nodes) == 3, "three Nodes of Kubernetes, and none of Longhorn's"
    for node in nodes:
        assert isinstance(node, facts.NodeFact)
        assert (node.internal_ips, node.redacted, node.ready) == ((), ("internal_ips",), True)
    pods = facts_of(results, facts.PodFact)
    assert len(pods) == 58
    for pod in pods:
        assert isinstance(pod, facts.PodFact)
        assert (pod.ips, pod.host_ip, pod.redacted) == ((), None, ("ips", "host_ip"))
    gaps = [gap for name, parsed in results for gap in parsed.gaps if name == "nodes.json"]
    assert [gap.message for gap in gaps] == ["Node: internal_ips hidden by the collector in 3 objects"]


def test_troubleshoot_sample():
    results = read_samples("replicatedhq-troubleshoot")
    assert len(facts_of(results, facts.NodeFact)) == 6
    assert all(isinstance(node, facts.NodeFact) and node.hostname for node in facts_of(results, facts.NodeFact))


def test_must_gather_sample():
    results = read_samples("redhatqe-must-gather-explorer")
    nodes = facts_of(results, facts.NodeFact)
    assert [str(ip) for node in nodes if isinstance(node, facts.NodeFact) for ip in node.internal_ips] == [
        "192.168.0.66",
        "192.168.1.28",
    ]
    pods = facts_of(results, facts.PodFact)
    assert [pod.name for pod in pods if isinstance(pod, facts.PodFact)] == [
        "csi-nfs-controller-c54d89cd5-gbd5s",
        "csi-nfs-node-2r5tx",
    ]


def recorded_bundles() -> dict[str, dict[str, str]]:
    """The objects and the truth of every recorded bundle of the laboratory."""
    archive = SHARED / "lab/recorded.tar.xz"
    if not archive.is_file():
        pytest.skip("the laboratory's recordings are not here")
    found: dict[str, dict[str, str]] = {}
    with tarfile.open(archive) as members:
        for member in members:
            path = PurePosixPath(member.name)
            bundle = path.parent if path.name == "truth.json" else path.parent.parent
            if path.name == "truth.json" or path.match("cluster/*.yaml"):
                content = members.extractfile(member)
                assert content is not None
                found.setdefault(str(bundle), {})[path.name] = content.read().decode()
    return found


def test_recorded_bundles_hold_what_the_laboratory_says():
    bundles = recorded_bundles()
    assert len(bundles) == 138
    for name, files in bundles.items():
        truth = json.loads(files.pop("truth.json"))["nodes"]
        found: list[object] = []
        for text in files.values():
            assert recognizes(text)
            parsed = parse(text, "f")
            assert parsed.gaps == (), name
            assert_quotes_are_true(parsed, text)
            found += parsed.facts
        nodes = {n.name: (str(n.bgp_ipv4), *map(str, n.internal_ips)) for n in found if isinstance(n, facts.NodeFact)}
        blocks = {b.node: str(b.cidr) for b in found if isinstance(b, facts.IPBlockFact)}
        assert nodes == {node: (said["chosen"], said["internal_ip"]) for node, said in truth.items()}, name
        assert blocks == {node: said["block"] for node, said in truth.items()}, name
