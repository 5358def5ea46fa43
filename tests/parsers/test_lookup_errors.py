"""Failed lookups of one log: counted by what they say, with the first and the last line."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.bundle import read_bundle
from calico_bundle.errors import NotABundleError
from calico_bundle.parsers.log_tally import MOST_SORTS
from calico_bundle.parsers.lookup_errors import find_in_pieces, find_lookup_errors

GO = "2025-03-01T10:00:{:02d}Z ERROR lookup db on 10.96.0.10:53: read udp 10.244.1.5:4->10.96.0.10:53: i/o timeout"
LOG = "\n".join(
    ["started", GO.format(1), "at work", GO.format(2), "curl: (6) Could not resolve host: shop", GO.format(3)]
)


LARGE = "pods/shop_cart-0_8f14e45f-ceea/app/0.log"


def test_lines_of_one_sort_are_counted_and_the_first_and_last_are_kept():
    parsed = find_lookup_errors(LOG.encode(), "app.log")
    go, curl = parsed.facts
    assert (go.kind, go.resolver, str(go.server), go.names, go.count) == ("timeout", "Go", "10.96.0.10", ("db",), 3)
    assert (go.evidence.line, go.cited["last"].line) == (2, 6)
    assert (go.first_time, go.last_time) == ("2025-03-01T10:00:01Z", "2025-03-01T10:00:03Z")
    assert go.evidence.text == GO.format(1)
    assert (curl.kind, curl.server, curl.first_time, curl.evidence.line) == ("ambiguous", None, None, 5)


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_it_reads_the_same_in_pieces_of_any_size(size):
    data = LOG.encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert find_in_pieces(pieces, "app.log") == find_lookup_errors(data, "app.log")


def test_a_large_log_has_the_line_numbers_of_an_editor():
    lines = ["nothing of interest happens here"] * 200_000
    lines[150_000] = GO.format(9)
    data = "\n".join(lines).encode()
    pieces = [data[at : at + 1_000_000] for at in range(0, len(data), 1_000_000)]
    for parsed in (find_lookup_errors(data, "a"), find_in_pieces(pieces, "a")):
        assert [(f.count, f.evidence.line) for f in parsed.facts] == [(1, 150_001)]


def test_a_log_without_any_gives_nothing():
    assert find_lookup_errors(b"all is well\n" * 10, "app.log") is None


def test_two_wordings_in_one_line_are_one_failure():
    line = b"UnknownHostException: db: Temporary failure in name resolution\n"
    assert [f.count for f in find_lookup_errors(line, "a").facts] == [1]


def test_more_sorts_than_anybody_has_are_counted_in_a_gap():
    lines = [f"lookup db on 10.0.{n // 250}.{n % 250}:53: no such host" for n in range(MOST_SORTS + 10)]
    parsed = find_lookup_errors("\n".join(lines).encode(), "a")
    assert len(parsed.facts) == MOST_SORTS
    assert [gap.message for gap in parsed.gaps] == [
        "10 more lines with failed lookups, of other servers, are not counted"
    ]


def test_a_line_of_megabytes_costs_no_more_than_its_part_that_matters():
    line = b"x" * 3_000_000 + b" curl: (6) Could not resolve host: db " + b"y" * 3_000_000
    (fact,) = find_lookup_errors(line, "a").facts
    assert (fact.names, fact.evidence.line) == (("db",), 1)
    assert len(fact.evidence.text) <= 400


@settings(max_examples=50, derandomize=True, database=None)
@given(st.binary())
def test_no_bytes_make_it_raise(data):
    find_lookup_errors(data + b"Could not resolve host" + data, "a")


def test_a_log_alone_is_no_bundle():
    with pytest.raises(NotABundleError):
        read_bundle(io.BytesIO(f"at work\n{GO.format(1)}\n".encode()))


def test_a_large_file_of_no_kind_is_read_in_pieces():
    stream = io.BytesIO()
    text = b"nothing of interest happens here\n" * 400_000 + GO.format(1).encode()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, data in ((LARGE, text), ("n1/ip-route.txt", b"default via 10.0.0.1 dev eth0\n")):
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    found = {a.path: a for a in read_bundle(io.BytesIO(stream.getvalue())).artifacts}
    log = found[LARGE]
    assert (log.kind, log.size) == ("lookup-errors", len(text))
    assert log.parsed.facts[0].evidence.line == 400_001
