"""A real browser for the tests of this folder; where there is none they are skipped, and say what is not there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import calico_bundle as cb
from tests.browser.showing import FLAGS, Shown
from tests.stories import story

# What Debian, Ubuntu, Fedora and Google call it.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium as the system has it: nothing is downloaded."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} is on PATH")
    started = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install -e .[browser]")
    with started.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser) -> Iterator[Callable[..., Shown]]:
    """Open a file: `show(path, width=360, scheme="dark")`. Whatever it did that no report may do fails the test."""
    every: list[Shown] = []

    def shown(path: Path, **how: Any) -> Shown:
        every.append(Shown(browser, path, **how))
        return every[-1]

    yield shown
    faults = [fault for one in every for fault in one.closed()]
    assert faults == []


@pytest.fixture(scope="session")
def analyzed(tmp_path_factory) -> Callable[[str], cb.Analysis]:
    """The analysis of a story, made once."""
    folder = tmp_path_factory.mktemp("bundles")
    made: dict[str, cb.Analysis] = {}

    def analysis(name: str) -> cb.Analysis:
        if name not in made:
            path = story(name).path
            if path is None:
                path = folder / f"{name}.tar.gz"
                path.write_bytes(story(name).archive())
            made[name] = cb.analyze(str(path))
        return made[name]

    return analysis


@pytest.fixture(scope="session")
def report_of(analyzed, tmp_path_factory) -> Callable[[str], Path]:
    """The HTML report of a story, written once."""
    folder = tmp_path_factory.mktemp("reports")

    def report(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            analyzed(name).save(str(path))
        return path

    return report
