"""The palette: every text is readable on every ground it stands on (WCAG 2.2, success criterion 1.4.3: 4.5 to 1)."""

from __future__ import annotations

from itertools import combinations

import pytest

from calico_bundle.report.palette import DARK, GROUNDS, LIGHT, MARKS, TEXTS, css, tone

SCHEMES = pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])


def luminance(color: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_black_and_white_is_the_largest_there_is():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@SCHEMES
@pytest.mark.parametrize("name", TEXTS)
def test_text_is_readable_on_every_ground(colors, name):
    grounds = [*GROUNDS, *([f"{name}-soft"] if f"{name}-soft" in colors else [])]
    assert all(contrast(colors[name], colors[ground]) >= 4.5 for ground in grounds)


@SCHEMES
def test_plain_text_is_readable_on_colored_grounds(colors):
    softs = [name for name in colors if name.endswith("-soft")]
    assert len(softs) == 5
    assert all(contrast(colors["text"], colors[ground]) >= 4.5 for ground in softs)


@SCHEMES
def test_borders_can_be_seen(colors):
    """WCAG 2.2, success criterion 1.4.11: 3 to 1 for what a drawing needs."""
    assert all(contrast(colors["line"], colors[ground]) >= 3 for ground in GROUNDS)


def test_both_schemes_have_the_same_colors():
    assert list(LIGHT) == list(DARK)


def test_every_status_of_the_contract_has_a_tone_and_every_tone_its_own_mark():
    words = ["broken", "at-risk", "healthy", "inconclusive", "wrong", "duplicate", "not-on-node", "unknown", "ok"]
    assert [tone(word) for word in words] == ["bad", "warn", "good", "open", "bad", "bad", "bad", "open", "good"]
    assert all(one != other for one, other in combinations(MARKS.values(), 2))


def test_the_style_sheet_loads_nothing():
    assert "url(" not in css()
    assert "@import" not in css()
