"""The stories of fixtures/: recorded bundles with what was measured, and what a report about them must say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tools.build_fixtures import story_archive, story_members

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


@dataclass(frozen=True, slots=True)
class Story:
    """One folder of fixtures/. `path` is its bundle; None for a story that is another one's archive, cut."""

    name: str
    folder: Path
    path: Path | None
    title: str
    told: str
    origin: str
    layout: str
    measured: dict[str, Any]
    expected: dict[str, Any]

    def members(self) -> list[tuple[str, bytes]]:
        """The bundle's files as `(path, bytes)`, sorted; none for a cut archive."""
        return story_members(self.folder)

    def archive(self, kind: str = "tar.gz") -> bytes:
        """The bundle as `tar.gz`, `tar` or `zip`, the same bytes every time; cut where the story says so."""
        return story_archive(self.folder, kind)


def load_story(folder: Path) -> Story:
    """Read one story."""
    loaded = yaml.safe_load((folder / "story.yaml").read_text(encoding="utf-8"))
    bundle = folder / "bundle"
    fields = {key: loaded[key] for key in ("title", "told", "origin", "layout", "measured", "expected")}
    return Story(folder.name, folder, bundle if bundle.is_dir() else None, **fields)


@cache
def load_stories() -> tuple[Story, ...]:
    """Every story, sorted by name."""
    return tuple(load_story(path.parent) for path in sorted(FIXTURES.glob("*/story.yaml")))


def story(name: str) -> Story:
    """One story by its name; KeyError for another."""
    return {s.name: s for s in load_stories()}[name]
