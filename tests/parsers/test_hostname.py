"""A machine's own name: one word, and never a value where it is hidden, an error or not there."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.bundle import read_bundle
from calico_bundle.errors import NotABundleError
from calico_bundle.evidence import GapKind
from calico_bundle.parsers import choose
from calico_bundle.parsers.hostname import parse, recognizes
from tests.sources.packing import tar_with

ROUTES = b"default via 10.0.0.1 dev eth0 proto static\n"


@pytest.mark.parametrize(
    "text", ["worker-1\n", "worker-1.example.com", "\nworker-1\n\n", "Defaulted container x\nW1\n"]
)
def test_one_word_is_a_name(text):
    assert choose(text).kind == "hostname"
    assert parse(text, "hostname").owner.lower().startswith("w")


@pytest.mark.parametrize("text", ["", "two words\n", "a\nb\n", "x" * 300, "-n\n", "kind: Node\n"])
def test_anything_else_is_none(text):
    assert not recognizes(text)
    assert parse(text, "hostname").owner is None
    assert parse(text, "hostname").gaps


@pytest.mark.parametrize(
    "text,kind",
    [
        ("", GapKind.COLLECTOR_ERROR),
        ("bash: hostname: command not found\n", GapKind.COLLECTOR_ERROR),
        ("***HIDDEN***\n", GapKind.REDACTED),
        ("no idea\n", GapKind.NOT_UNDERSTOOD),
    ],
)
def test_why_there_is_none(text, kind):
    assert [gap.kind for gap in parse(text, "hostname").gaps] == [kind]


def test_every_machine_can_be_localhost():
    assert parse("localhost\n", "hostname").owner is None


@settings(max_examples=100, derandomize=True, database=None)
@given(st.text())
def test_no_text_makes_it_raise_and_none_is_lost(text):
    recognizes(text)
    parsed = parse(text, "x")
    assert text == "localhost" or bool(parsed.owner) != bool(parsed.gaps)


def test_a_word_is_a_hostname_only_where_the_layout_says_so():
    files = [("diagnostics/ipv4_route", ROUTES), ("diagnostics/ipv4_addr", ROUTES), ("diagnostics/hostname", b"n1\n")]
    kinds = [a.kind for a in read_bundle(BytesIO(tar_with(*files, ("note", b"ok\n")))).artifacts]
    assert kinds == ["ip-route", "ip-route", "hostname", None]


def test_a_word_alone_is_no_bundle():
    with pytest.raises(NotABundleError):
        read_bundle(BytesIO(b"ok\n"))
