"""Every limit is documented with its default, can be set by an option, and is named by what goes over it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from calico_bundle.commands import options
from calico_bundle.sources import Limits

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z-]+)` \| `([a-z_]+)` \| ([0-9]+[KMG]?) \|", re.MULTILINE)


def parsed(*values: str) -> Limits | None:
    return options._limits(click.Context(click.Command("x")), click.Option(["--limit"]), values)


def test_page_has_every_limit_and_its_default():
    rows = ROW.findall(PAGE)
    assert [name for _, name, _ in rows] == [field.name for field in fields(Limits)]
    for option, name, default in rows:
        assert option == name.replace("_", "-")
        assert parsed(f"{option}={default}") == Limits()


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
