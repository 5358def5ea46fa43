"""The report of every story, as its readers have it: wide and narrow, light and dark."""

import pytest

from tests.browser.showing import SCHEMES, WIDTHS
from tests.stories import load_stories

pytestmark = pytest.mark.browser

NAMES = [told.name for told in load_stories()]


@pytest.mark.parametrize("name", NAMES)
def test_a_report_can_be_read_by_anybody(name, report_of, analyzed, show):
    shown = show(report_of(name))
    faults = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            shown.at(width, scheme)
            found = [*shown.too_wide(), *unsaid(shown, analyzed(name).verdict), *barriers(shown, width, scheme)]
            faults += [f"{width} {scheme}: {fault}" for fault in found]
    assert faults == []


def barriers(shown, width: int, scheme: str) -> list[str]:
    """In the dark only colors differ; and of those, on a narrow screen only what is not there on a wide one."""
    if scheme == "light":
        return shown.barriers()
    return shown.barriers("color-contrast", within="html" if width == max(WIDTHS) else ".picture.narrow")


def unsaid(shown, verdict) -> list[str]:
    """What of the verdict cannot be seen."""
    seen = " ".join(shown.said().split())
    wanted = (verdict.status, " ".join(verdict.headline.replace("`", "").split()), *verdict.root_causes)
    return [f"not said: {words}" for words in wanted if words not in seen]


@pytest.mark.parametrize("name", NAMES)
def test_unfolded_it_stays_within_the_screen(name, report_of, show):
    shown = show(report_of(name), width=360)
    shown.unfold()
    assert shown.too_wide() == []
    shown.at(1600, "light")
    assert shown.too_wide() == []


# One of each kind of page: a broken cluster, one with hidden values, one of which hardly anything is known.
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["incident", "redacted", "no-calico"])
def test_what_is_folded_can_be_read_by_anybody(name, scheme, report_of, show):
    shown = show(report_of(name), scheme=scheme)
    shown.unfold()
    assert shown.barriers() == []
