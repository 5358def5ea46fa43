"""What the documentation site adds to the pages, and the picture of the architecture. CI builds the site itself."""

import re
from xml.etree import ElementTree as ET

import pytest

from tools.docs import architecture_picture, layer_lines
from tools.docs_architecture import BANDS, bands, rooms_of
from tools.docs_examples import ROOT
from tools.site import requests, requests_of, with_contents

DOCS = ROOT / "docs"
KINDS = ["Tutorial", "How to", "Reference", "Explanation"]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def contents():
    """The tables of contents by their caption."""
    text = with_contents((DOCS / "index.md").read_text(encoding="utf-8"))
    return {
        caption: pages.split()
        for caption, pages in re.findall(r"```\{toctree\}\n:hidden:\n:caption: (.+)\n\n((?:[\w-]+\n)+)```", text)
    }


def test_every_page_stands_once_under_one_of_the_four_kinds(contents):
    assert list(contents) == KINDS
    placed = [page for pages in contents.values() for page in pages]
    assert sorted(placed) == sorted(path.stem for path in DOCS.glob("*.md") if path.name != "index.md")


def test_the_index_stays_plain_markdown():
    assert "{toctree}" not in (DOCS / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/a.css">',
        '<link rel="dns-prefetch" href="HTTPS://example.org">',
        '<img srcset="https://example.org/a.png 2x">',
        '<p style="background: url(https://example.org/a.png)">',
    ],
)
def test_what_a_browser_would_load_is_found(html):
    assert len(requests_of(html)) == 1


def test_links_and_own_files_are_no_request():
    page = '<a href="https://example.org">x</a><link rel="canonical" href="https://x"><img src="a.png">'
    assert requests_of(page) == []


def test_style_sheets_are_looked_at_too(tmp_path):
    (tmp_path / "a.css").write_text('@import "https://fonts.example/a.css"; b { c: url(local.woff) }')
    assert list(requests(tmp_path)) == ["a.css: loads https://fonts.example/a.css"]
    assert list(requests(DOCS)) == []


# --- the picture ------------------------------------------------------------------------------------------------------


def drawn():
    return ET.fromstring(architecture_picture())  # noqa: S314 - this project's own


def test_the_picture_shows_every_room_once_in_its_layer():
    root = drawn()
    boxes = [text for text in root.iter(f"{SVG}text") if text.get("class") == "room"]
    height = {text.text: float(text.get("y")) for text in boxes}
    layers = [[room for room in layer if room in height] for layer in rooms_of(layer_lines())]
    assert sorted(height) == sorted(room for layer in layers for room in layer)
    assert len(boxes) == len(height)
    tops = [min(height[room] for room in layer) for layer in layers if layer]
    assert tops == sorted(tops)


def test_the_picture_has_all_bands_and_its_words_name_every_room():
    shown = bands(rooms_of(layer_lines()))
    assert [(band.title, band.words) for band in shown] == list(BANDS.values())
    root = drawn()
    said = set(re.findall(r"\w+", root.find(f"{SVG}desc").text))
    assert {text.text for text in root.iter(f"{SVG}text") if text.get("class") == "room"} <= said


def test_no_box_of_the_picture_leaves_its_band_or_covers_another():
    root = drawn()
    places = {"band": [], "box": []}
    for rectangle in root.iter(f"{SVG}rect"):
        left, top, width, height = (float(rectangle.get(name, 0)) for name in ("x", "y", "width", "height"))
        places.get(rectangle.get("class"), []).append((left, top, left + width, top + height))
    for left, top, right, bottom in places["box"]:
        assert any(a < left and b < top and right < c and bottom < d for a, b, c, d in places["band"])
        others = [other for other in places["box"] if other != (left, top, right, bottom)]
        assert not any(left < c and a < right and top < d and b < bottom for a, b, c, d in others)


def test_the_picture_loads_nothing_and_runs_nothing():
    text = architecture_picture().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"(?i)https?:|href|<script|\son\w+=|@import|url\(", text)
