"""The pictures as files of their own: opened, embedded in somebody's page, and beside a notebook's card."""

import pytest

from calico_bundle.report import Style
from calico_bundle.report.html import FORMAT
from tests.browser.showing import SCHEMES, WIDTHS

pytestmark = pytest.mark.browser

# One of each kind: two cards, a duplicate, nothing drawn with a network, many racks, and one that is cut.
NAMES = ("incident", "duplicate-address", "no-calico", "routed-racks", "truncated")
POD = "shop/cart-7d9f6c5b84-x2k4q"


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_opens_as_a_document_and_as_an_image(name, analyzed, show, tmp_path):
    drawing = tmp_path / "cluster.svg"
    analyzed(name).picture.save(drawing)
    for scheme in SCHEMES:
        shown = show(drawing, scheme=scheme)
        assert shown.page.evaluate("document.documentElement.tagName") == "svg"
        assert shown.page.locator("text").first.is_visible()
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><title>x</title>{analyzed(name).picture._repr_html_()}", "utf-8")
    drawn = show(page).page.evaluate("[...document.images].map((one) => one.complete && one.naturalWidth)")
    assert len(drawn) == 1
    assert drawn[0] > 100


def test_the_picture_of_a_path_opens_as_a_document(analyzed, show, tmp_path):
    drawing = tmp_path / "path.svg"
    analyzed("incident").path(POD).picture.save(drawing)
    assert show(drawing).page.locator("text").first.is_visible()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_path_can_be_read_by_anybody(scheme, analyzed, show, tmp_path):
    page = tmp_path / "path.html"
    page.write_text(FORMAT.render_trace(analyzed("incident").trace(POD), Style()), "utf-8")
    shown = show(page, scheme=scheme)
    for width in WIDTHS:
        shown.at(width, scheme)
        assert [*shown.too_wide(), *shown.barriers()] == []
    assert "broken" in shown.page.inner_text("#verdict h1")
