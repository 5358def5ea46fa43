"""The incident in every format: the same verdict wherever the format holds what decides it, and `unknown` elsewhere."""

from __future__ import annotations

import io
import tarfile
from functools import cache

import pytest

import calico_bundle as cb
from tests.layouts.rendered import Files, Rendering, recorded, renderings
from tests.stories import story


def packed(name: str, files: Files) -> io.BytesIO:
    """The files as an archive, with its name."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=1) as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    data.seek(0)
    data.name = name
    return data


@pytest.fixture(params=renderings())
def rendering(request: pytest.FixtureRequest) -> Rendering:
    return renderings()[request.param]


@cache
def analyzed(rendering: Rendering) -> cb.Analysis:
    """The recorded cluster in a format, analyzed once: several tests and a generated page ask for it."""
    bundles = rendering.write(recorded())
    return cb.analyze([packed(name, files) for name, files in bundles.items()])


def test_the_incident_is_found_or_what_is_lacking_is_said(rendering: Rendering) -> None:
    report = analyzed(rendering).report()
    assert rendering.layout in report["bundle"]["layouts"]
    assert report["verdict"]["status"] == rendering.status, report["verdict"]["headline"]
    if rendering.status == "broken":
        assert report["verdict"]["root_causes"] == ["CB101"]
        assert all(part in report["verdict"]["headline"] for part in ("shop-worker-2", "192.168.50.12", "10.0.1.12"))
    hidden = [gap["message"] for gap in report["bundle"]["gaps"] if gap["kind"] == "redacted"]
    said = str([report["bundle"]["missing"], [path["reason"] for path in report["paths"]], hidden])
    assert [words for words in rendering.lacks if words not in said] == []


def test_no_path_is_decided_wrongly(rendering: Rendering) -> None:
    """Against what was measured in the laboratory; `unknown` is no answer, and so no wrong one."""
    truth = measured()
    for path in analyzed(rendering).report()["paths"]:
        name = f"{path['namespace']}/{path['pod']}"
        assert path["verdict"] in ("unknown", truth.get(name, path["verdict"])), name


def measured() -> dict[str, str]:
    return {name: pod["verdict"] for name, pod in story("incident").measured["pods"].items()}
