"""The quick ways of reading and the general one give the same answer: every fact, every gap, every word of the report."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import calico_bundle as cb
from calico_bundle import bundle
from tests.benchmarks.cluster import Size
from tests.benchmarks.generate import generate

FIXTURES = sorted(path for path in (Path(__file__).parents[2] / "fixtures").iterdir() if (path / "bundle").exists())


class NeverQuick:
    """Stands in for the quick readers and takes nothing."""

    def guess(self, *_: object) -> None:
        return None

    def read(self, *_: object) -> None:
        return None


def everything(analysis: cb.Analysis) -> dict[str, Any]:
    tables = {name: list(analysis.tables.rows(name)) for name in analysis.tables.names}
    return {"report": analysis.report(), **tables}


def both_ways(source: Any, monkeypatch: pytest.MonkeyPatch, large_bytes: int) -> tuple[dict[str, Any], dict[str, Any]]:
    monkeypatch.setattr(bundle, "LARGE_BYTES", large_bytes)
    quick = everything(cb.analyze(source()))
    monkeypatch.setattr(bundle, "LARGE_BYTES", 1 << 60)
    monkeypatch.setattr(bundle, "QuickReading", NeverQuick)
    return quick, everything(cb.analyze(source()))


@pytest.mark.parametrize("folder", FIXTURES, ids=lambda path: path.name)
def test_fixtures(folder: Path, monkeypatch: pytest.MonkeyPatch):
    quick, general = both_ways(lambda: folder / "bundle", monkeypatch, 1 << 23)
    assert quick == general


@pytest.mark.parametrize("large_bytes", [1 << 60, 20_000], ids=["whole", "in-pieces"])
def test_generated_cluster(large_bytes: int, monkeypatch: pytest.MonkeyPatch):
    """With the limit for large files low, objects and logs are read in pieces too."""
    packed = io.BytesIO()
    generate(Size(12, 10, wrong_nodes=2), packed, level=1)
    quick, general = both_ways(lambda: io.BytesIO(packed.getvalue()), monkeypatch, large_bytes)
    assert quick == general
