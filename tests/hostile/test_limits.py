"""Every limit is documented with its default, can be set by an option, and is named by what goes over it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from calico_bundle.commands import options
from calico_bundle.evidence import LONGEST_QUOTE
from calico_bundle.objects import fields as object_fields
from calico_bundle.objects.located import DEEPEST, MOST_PROBLEMS
from calico_bundle.parsers.lines import MOST_LINES
from calico_bundle.sources import Limits
from calico_bundle.sources import paths as source_paths
from tests.hostile.inputs import LARGE_INPUTS, SMALL_INPUTS

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z-]+)` \| `([a-z_]+)` \| ([0-9]+[KMG]?) \|", re.MULTILINE)
MEASURED = re.compile(r"^\| ([^|]+) \| \d+ [KM]iB \| (\d+) MB \|$", re.MULTILINE)


def parsed(*values: str) -> Limits | None:
    return options._limits(click.Context(click.Command("x")), click.Option(["--limit"]), values)


def test_page_has_every_limit_and_its_default():
    rows = ROW.findall(PAGE)
    assert [name for _, name, _ in rows] == [field.name for field in fields(Limits)]
    for option, name, default in rows:
        assert option == name.replace("_", "-")
        assert parsed(f"{option}={default}") == Limits()


def test_page_has_the_limits_that_cannot_be_set():
    told = " ".join(PAGE.split())
    assert f"{DEEPEST} levels of YAML or JSON" in told
    assert f"{object_fields._LONGEST_TEXT} characters for a name" in told
    assert f"{source_paths._MOST_LINK_STEPS} links one behind the other" in told
    assert f"{MOST_PROBLEMS:,} objects or lines of one file of objects" in told
    assert f"{MOST_LINES:,} lines of one output of `ip`" in told
    assert f"A quoted line is cut at {LONGEST_QUOTE} characters" in told


def test_page_has_the_memory_of_every_hostile_input():
    """`python -m tests.hostile.measure --write` measures it."""
    rows = MEASURED.findall(PAGE)
    assert [name for name, _ in rows] == [*SMALL_INPUTS, *LARGE_INPUTS]
    assert max(int(megabytes) for _, megabytes in rows) * 1_000_000 < 1 << 30


def test_option_sets_a_limit():
    assert parsed("max-ratio=1000", "max-total-bytes=64G") == Limits(max_ratio=1000, max_total_bytes=64 << 30)
    assert parsed("max-member-bytes=3MiB") == Limits(max_member_bytes=3 << 20)
    assert parsed() is None


@pytest.mark.parametrize(
    "value", ["max-ratio", "max-ratio=", "max-ratio=-1", "ratio=1", "max-ratio=1T", "max-ratio=1.5"]
)
def test_option_that_is_none_is_told(value: str):
    with pytest.raises(click.BadParameter, match="max-decoder-bytes"):
        parsed(value)
