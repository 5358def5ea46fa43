"""What all end-to-end tests share: stories analyzed once, and the flag that writes golden files anew."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

import calico_bundle as cb
from tests.stories import Story


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/end_to_end --update-goldens` writes the golden files; read the difference before committing it."""
    parser.addoption("--update-goldens", action="store_true", default=False, help="write the golden files anew")


@pytest.fixture(scope="session")
def update_goldens(pytestconfig: pytest.Config) -> bool:
    """Whether golden files are to be written; False where pytest was started elsewhere and never saw the flag."""
    return bool(pytestconfig.getoption("update_goldens", default=False))


@pytest.fixture(scope="session")
def analyzed() -> Callable[[Story], cb.Analysis]:
    """Analyze a story's folder (a cut archive where it has none), once per session."""
    made: dict[str, cb.Analysis] = {}

    def analysis(told: Story) -> cb.Analysis:
        if told.name not in made:
            made[told.name] = cb.analyze(str(told.path) if told.path else io.BytesIO(told.archive()))
        return made[told.name]

    return analysis


@pytest.fixture(scope="session")
def reported(analyzed: Callable[[Story], cb.Analysis]) -> Callable[[Story], dict[str, Any]]:
    """The report on a story, once per session; not to be changed."""
    made: dict[str, dict[str, Any]] = {}

    def report(told: Story) -> dict[str, Any]:
        if told.name not in made:
            made[told.name] = analyzed(told).report()
        return made[told.name]

    return report
