"""The log of one node, from several files: what is asked of it is what its records say one by one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.cluster import ClusterNode
from calico_bundle.facts.log_events import LogEvents, NodeLog
from calico_bundle.parsers import calico_log
from tests.parsers.calico_log_texts import INNER

PROTOCOLS = ("Mesh_10_0_0_1", "Mesh_10_0_0_2", "Node_10_0_0_1", "kernel1")
LINES = st.one_of(
    st.builds("bird: {}: State changed to {}".format, st.sampled_from(PROTOCOLS), st.sampled_from(["up", "start"])),
    st.sampled_from([INNER, "bird: Started", "bird: Mesh_10_0_0_1: Starting"]),
)
FILES = st.tuples(
    st.lists(LINES, max_size=8), st.sampled_from(["a.log", "a.previous.log", "a-previous"]), st.booleans()
)


def part_of(lines, path, records):
    """A log's events: as its parser keeps them, or as the records that other artifacts give."""
    facts = calico_log.parse("\n".join(lines), path).facts
    return tuple(facts) if records else facts


@settings(max_examples=200, deadline=None)
@given(st.lists(FILES, max_size=4), st.sets(st.sampled_from(PROTOCOLS)))
def test_a_nodes_log_is_asked_as_its_records_are(files, asked):
    log = NodeLog(part_of(*file) for file in files)
    records = [record for file in files for record in part_of(*file)]
    assert list(log) == [log[place] for place in range(len(log))] == records
    assert bool(log) is bool(records)
    assert log[1:3] == tuple(records[1:3])
    current = [r for r in records if "previous" not in r.evidence.path]
    assert list(log.current) == current
    assert list(log.events("bird-started", "address-autodetected")) == [
        r for r in records if r.event in ("bird-started", "address-autodetected")
    ]
    changes = [r for r in current if r.event == "bird-protocol-state"]
    assert log.current.last_states == {r.values["protocol"]: r.values["state"] for r in changes}
    of_asked = [r for r in changes if r.values["protocol"] in asked]
    assert log.current.last_change(*sorted(asked)) == (of_asked[-1] if of_asked else None)


def test_a_nodes_records_are_asked_like_its_log():
    records = tuple(calico_log.parse(f"{INNER}\nbird: Mesh_10_0_0_1: State changed to up\n", "a.log").facts)
    assert ClusterNode("n1", log_events=records).log.last_states == {"Mesh_10_0_0_1": "up"}
    assert tuple(ClusterNode("n1", log_events=records).current_log) == records


class Watched(bytes):
    """Bytes that count how many of them are taken out."""

    taken = 0

    def __getitem__(self, place):
        found = super().__getitem__(place)
        Watched.taken += len(found) if isinstance(found, bytes) else 1
        return found


def test_a_long_log_is_walked_in_its_order_without_a_look_back_at_all_of_it():
    lines = [f"{INNER}{n}" if n % 7 == 0 else f"bird: Mesh_10_{n}: State changed to up" for n in range(12_000)]
    events = calico_log.parse("\n".join(lines), "a.log").facts
    assert isinstance(events, LogEvents)
    watched = replace(events, kinds=Watched(events.kinds))
    assert [fact.evidence.text for fact in watched] == lines
    assert [watched[place].evidence.text for place in (11_999, 1023, 1024, 1025, 0)] == [
        lines[place] for place in (11_999, 1023, 1024, 1025, 0)
    ]
    assert Watched.taken < 1100 * len(lines)
