"""Endpoints and Services as tables: the same records, joined as single records are."""

from __future__ import annotations

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.evidence import Evidence
from calico_bundle.facts import EndpointFact, ServiceFact, ServicePort
from calico_bundle.facts.endpoint_table import EndpointGroup, EndpointTable, endpoints_of, merge_endpoints
from calico_bundle.facts.listing import Parts
from calico_bundle.facts.service_table import (
    ServiceTable,
    ServiceText,
    cluster_addresses,
    merge_services,
    named,
    names,
    with_port,
)

_words = st.sampled_from(["10.0.0.1 true n1 p1 ", "10.0.0.2 false n1 p2 b", "10.0.0.3    "])
_groups = st.builds(
    EndpointGroup,
    namespace=st.sampled_from("ab"),
    service=st.sampled_from("xy"),
    source=st.sampled_from(["Endpoints", "EndpointSlice"]),
    texts=st.lists(_words, min_size=1, max_size=3).map(lambda words: ("\n".join(words),)),
    path=st.just("e.yaml"),
    line=st.integers(1, 9),
    height=st.just(3),
    cited=st.just("- "),
)
_made = st.builds(
    EndpointFact,
    namespace=st.sampled_from("ab"),
    service=st.sampled_from("xy"),
    ip=st.sampled_from([None, ip_address("10.0.0.1"), ip_address("fd00::1")]),
    ready=st.booleans(),
    node=st.none(),
    pod_namespace=st.none(),
    pod=st.none(),
    source=st.sampled_from(["Endpoints", "EndpointSlice"]),
    evidence=st.just(Evidence("m.yaml", 1, "")),
)
_parts = st.lists(
    st.one_of(st.lists(_groups, max_size=4).map(EndpointTable), st.lists(_made, max_size=4).map(tuple)), max_size=3
)


@given(_parts)
def test_endpoints_are_joined_as_single_records_are(parts: list[EndpointTable | tuple[EndpointFact, ...]]) -> None:
    every = [fact for part in parts for fact in part]
    sliced = {(e.namespace, e.service) for e in every if e.source == "EndpointSlice"}
    expected: dict[object, EndpointFact] = {}
    for e in every:
        if e.source == "EndpointSlice" or (e.namespace, e.service) not in sliced:
            # That there is none is not the same as one that is not shown.
            expected.setdefault((e.namespace, e.service, e.ip or e.ready, e.source), e)
    merged = merge_endpoints(parts)
    assert list(merged) == list(expected.values())
    assert len(merged) == len(expected)
    of_one = tuple(e for e in expected.values() if (e.namespace, e.service) == ("a", "x"))
    assert endpoints_of(merged, "a", "x") == endpoints_of(tuple(merged), "a", "x") == of_one


def _service(name: str, ip: str | None, port: int, line: int = 1) -> ServiceFact:
    ips = (ip_address(ip),) if ip else ()
    return ServiceFact(
        "a", name, "ClusterIP", ips, (ServicePort(None, port, "TCP"),), {}, {}, (), Evidence("s.yaml", line, "")
    )


def _text(name: str, ip: str | None, port: int) -> ServiceText:
    def make(_text: str, line: int) -> ServiceFact:
        return _service(name, ip, port, line)

    return ServiceText("a", name, ip, 7, make, texts=(f"    - port: {port}\n",))


def test_services_are_made_when_they_are_asked_for() -> None:
    table = ServiceTable(
        [_text("x", "10.96.0.10", 53), _service("y", "fd00::1", 53), _text("z", None, 5353), _text("x", None, 1)]
    )
    merged = merge_services([table, (_service("y", None, 1), _service("w", None, 1))])
    assert names(merged) == ["a/x", "a/y", "a/z", "a/w"]
    assert list(merged) == [*tuple(table)[:3], _service("w", None, 1)]
    assert [s.name for s in with_port(merged, 53)] == [s.name for s in with_port(tuple(merged), 53)] == ["x", "y"]
    assert [(str(ip), make().name) for ip, make in cluster_addresses(merged)] == [("10.96.0.10", "x"), ("fd00::1", "y")]
    assert named(merged, "a", "x") == _service("x", "10.96.0.10", 53, 7)
    assert named(merged, "b", "x") is None


def test_facts_of_several_classes_keep_their_order() -> None:
    facts = Parts([(int, (1, 2)), (str, ("a",)), (int, (3,))])
    assert (list(facts), len(facts), facts[2], facts[1:3]) == ([1, 2, "a", 3], 4, "a", (2, "a"))
    assert (list(facts.of(int)), facts.of(str), facts.of(float)) == ([1, 2, 3], ("a",), ())


def test_ports_that_two_objects_tell_in_two_ways_are_not_told() -> None:
    def at(place: int, *ports: int) -> EndpointFact:
        listening = tuple(ServicePort("dns", port, "UDP") for port in ports)
        where = Evidence(f"{place}.yaml", 1, "")
        ip = ip_address("10.0.0.1")
        return EndpointFact("a", "x", ip, True, None, None, None, "EndpointSlice", where, (), f"x-{place}", listening)

    assert [e.ports for e in merge_endpoints([(at(1, 53),), (at(2, 5353),)])] == [None]
    assert [e.ports for e in merge_endpoints([(at(1, 53),), (at(2, 53),)])] == [at(1, 53).ports]
