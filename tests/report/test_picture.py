"""The picture as SVG: everything of the view is in it, nothing overlaps, and hostile words stay words."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import calico_bundle as cb
from calico_bundle.report.model_lanes import Card, lanes
from calico_bundle.report.path_words import path_picture
from calico_bundle.report.picture import path_svg, style, svg
from calico_bundle.report.picture.words_fit import width
from calico_bundle.report.picture_words import worded
from tests.stories import load_stories, story

# A failing view is long: hypothesis warns that it prints it.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")

NS = "{http://www.w3.org/2000/svg}"
FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "]]><!--", "&lt;&amp;", "javascript:alert(1)",
    "\u202enode\u0000-1\x1b[31m", "\ud800", "z\u0334\u0335\u0336", "\ufdfd" * 9, "n" * 300, "W" * 64, "\u7bc0\u70b9" * 40,
    "url(http://x.example/)", "' style='fill:url(#x)'", "{}{0}%s", "\uffff\ufffe", "",
)  # fmt: skip
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60), st.from_regex(r"[a-z0-9.-]{1,63}", fullmatch=True))
VERDICTS = ("ok", "wrong", "duplicate", "not-on-node", "unintended", "unknown")
ROLES = ("internal-ip", "calico", "should-be", "next")
OUTCOMES = ("lost", "lost-or-unknown", "mixed", "unknown", "delivered-or-unknown", "delivered")
COUNTS = st.sampled_from([0, 1, 2, 4997, 149_999])


def counts(keys):
    return st.fixed_dictionaries(dict.fromkeys(keys, COUNTS))


@st.composite
def a_card(draw):
    network = draw(st.one_of(st.none(), st.sampled_from([f"10.{n}.0.0/16" for n in range(12)]), NAMES.filter(bool)))
    return {
        "name": draw(st.one_of(st.none(), NAMES)),
        "recorded": draw(st.booleans()),
        "address": draw(st.one_of(st.none(), st.just("10.0.1.12/24"), NAMES)),
        "network": network,
        "networks": 1 if network else draw(st.sampled_from([0, 0, 700])),
        "carries": draw(st.lists(st.sampled_from(ROLES), unique=True)),
    }


@st.composite
def a_group(draw, number):
    nodes = draw(st.lists(NAMES, min_size=1, max_size=5))
    return {
        "id": f"g{number}",
        "letter": chr(ord("A") + number),
        "count": len(nodes) if len(nodes) < 5 else draw(st.sampled_from([5, 875, 4999])),
        "nodes": nodes,
        "verdict": draw(st.sampled_from(VERDICTS)),
        "endpoints": draw(COUNTS),
        "pods": draw(counts(("reaches", "degraded", "broken", "unknown", "not-applicable"))),
        "cards": draw(st.lists(a_card(), max_size=6)),
        "more_cards": draw(st.sampled_from([0, 300])),
        "cards_differ": draw(st.booleans()),
    }


@st.composite
def a_way(draw, ids):
    sessions = draw(counts(("up", "down", "unknown", "none")))
    return {
        "from": draw(st.lists(st.sampled_from(ids), min_size=1, unique=True)),
        "to": draw(st.lists(st.sampled_from([*ids, "elsewhere"]), min_size=1, unique=True)),
        **{part: draw(counts(OUTCOMES)) for part in ("pods", "request", "reply")},
        "sessions": {**sessions, "looked": 400, "pairs": draw(st.sampled_from([400, 624_950]))},
    }


@st.composite
def a_picture(draw) -> dict[str, Any]:
    groups = [draw(a_group(number)) for number in range(draw(st.integers(0, 12)))]
    ids = [group["id"] for group in groups]
    ways = draw(st.lists(a_way(ids), max_size=9)) if ids else []
    cards = [Card(None, card["network"], None) for group in groups for card in group["cards"] if card["network"]]
    several = [Card(None, f"several-{n}", None) for n in range(3)] if groups else []
    return worded({
        "headline": draw(NAMES),
        "status": draw(st.sampled_from(["broken", "at-risk", "healthy", "inconclusive"])),
        "nodes": sum(group["count"] for group in groups),
        "networks": lanes([*cards, *several], groups, 5000),
        "groups": groups,
        "ways": ways,
        "elsewhere": draw(counts(("reaches", "degraded", "broken", "unknown", "not-applicable"))),
    })  # fmt: skip


# --- reading a drawing back ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Box:
    kind: str
    left: float
    top: float
    right: float
    bottom: float
    said: str = ""

    def meets(self, other: Box) -> bool:
        across = self.left < other.right - 0.11 and other.left < self.right - 0.11
        return across and self.top < other.bottom - 0.11 and other.top < self.bottom - 0.11

    def holds(self, other: Box) -> bool:
        across = self.left - 0.11 <= other.left and other.right <= self.right + 0.11
        return across and self.top - 0.11 <= other.top and other.bottom <= self.bottom + 0.11


def read(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - what this program wrote a moment ago, and it holds no entities


def boxes(root: ET.Element) -> list[Box]:
    found = []
    for one in root.iter(f"{NS}rect"):
        x, y = float(one.get("x", 0)), float(one.get("y", 0))
        found.append(Box(one.get("class", ""), x, y, x + float(one.get("width", 0)), y + float(one.get("height", 0))))
    return found


def texts(root: ET.Element) -> list[Box]:
    """Each line of text with the room that it takes at most; a line is 0.8 of its size above its base, 0.25 below it."""
    found = []
    for one in root.iter(f"{NS}text"):
        x, y, size = (float(one.get(name, 0)) for name in ("x", "y", "font-size"))
        wide = width(one.text or "", size, mono=one.get("font-family") is not None)
        left = x - wide / 2 if one.get("text-anchor") else x
        found.append(Box("text", left, y - 0.8 * size, left + wide, y + 0.25 * size, one.text or ""))
    return found


def words_of(root: ET.Element) -> list[str]:
    """All that can be read in a drawing, with the titles of what is cut."""
    return ["".join(one.itertext()) for tag in ("text", "title") for one in root.iter(NS + tag)]


def check_geometry(root: ET.Element) -> None:
    """Nothing is outside, no two texts overlap, boxes are apart or within one another, and no text crosses a border."""
    page, *shapes = boxes(root)
    lines = texts(root)
    assert all(page.holds(one) for one in [*shapes, *lines])
    for one, other in combinations(lines, 2):
        assert not one.meets(other), (one, other)
    solid = [one for one in shapes if one.kind != "cb-behind"]
    for one, other in combinations(solid, 2):
        assert not one.meets(other) or one.holds(other) or other.holds(one), (one, other)
    for line in lines:
        for box in solid:
            assert not box.meets(line) or box.holds(line), (line, box)


def check_inert(text: str) -> None:
    """No script, no link, no style attribute, nothing that is loaded, no id that another picture could have too."""
    root = read(text)
    tags = {one.tag.removeprefix(NS) for one in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "path", "circle", "text"}
    names = {name for one in root.iter() for name in one.keys()}  # noqa: SIM118 - an element's keys are attributes
    assert not {name for name in names if name.startswith("on") or name in {"style", "id", "href", "src"}}
    assert not any(":" in name or name.startswith("{") for name in names)
    values = [value for one in root.iter() for value in one.attrib.values()]
    assert not any("url(" in value or "script" in value for value in values)
    sheets = "".join(one.text or "" for one in root.iter(f"{NS}style"))
    assert not re.search(r"url\(|@import|@font-face|<|expression", sheets)


# --- the cluster --------------------------------------------------------------------------------------------------------


@FEW
@given(a_picture(), st.booleans())
def test_nothing_overlaps_and_nothing_is_cut_off(picture, narrow):
    check_geometry(read(svg(picture, narrow=narrow)))


@FEW
@given(a_picture(), st.booleans())
def test_hostile_words_stay_words(picture, narrow):
    check_inert(svg(picture, narrow=narrow))


@FEW
@given(a_picture())
def test_everything_of_the_view_is_drawn(picture):
    root = read(svg(picture))
    kinds = [one.get("class", "") for one in root.iter(f"{NS}rect")]
    letters = [line.said for line in texts(root) if len(line.said) == 1]
    cards = [card for group in picture["groups"] for card in group["cards"]]
    assert sum(kind.startswith("cb-slot") for kind in kinds) == len(cards)
    assert sum(kind == "cb-box" for kind in kinds) == len(picture["groups"]) + 2 * len(picture["ways"])
    assert sum(kind.startswith("cb-lane") for kind in kinds) >= len(picture["networks"])
    for group in picture["groups"]:
        ends = [way[end]["letters"] for way in picture["ways"] for end in ("from_end", "to_end")]
        assert letters.count(group["letter"]) >= 1 + sum(group["letter"] in end for end in ends)
    plugged = sum(card["lane"] is not None for card in cards)
    assert sum(one.get("r") == "5" for one in root.iter(f"{NS}circle")) == plugged


@FEW
@given(a_picture())
def test_the_same_view_gives_the_same_bytes(picture):
    assert svg(picture) == svg(picture)


def hand_made(**group: Any) -> dict[str, Any]:
    """One node with a card on each of two networks."""
    right = {"name": "ens18", "recorded": True, "address": "10.0.1.12/24", "network": "10.0.1.0/24", "networks": 1,
             "carries": ["internal-ip", "should-be"]}  # fmt: skip
    wrong = {
        **right,
        "name": "ens19",
        "address": "192.168.50.12/24",
        "network": "192.168.50.0/24",
        "carries": ["calico"],
    }
    made = {
        "id": "g0", "letter": "A", "count": 1, "nodes": ["node-2"], "verdict": "wrong", "endpoints": 2, "more_cards": 0,
        "pods": {"broken": 4}, "cards": [right, wrong], "cards_differ": False, **group,
    }  # fmt: skip
    cards = [Card("ens18", "10.0.1.0/24", None), Card("ens19", "192.168.50.0/24", None, ("calico",))]
    view = {"headline": "why", "status": "broken", "nodes": 1, "groups": [made], "ways": [], "elsewhere": {}}
    return worded({**view, "networks": lanes(cards, [made], 1)})


def test_the_card_on_the_wrong_network_stands_out_by_color_and_by_words():
    root = read(svg(hand_made()))
    said = [line.said for line in texts(root)]
    assert {"cb-slot-bad", "cb-slot-calico", "cb-lane-bad", "cb-lane"} <= {box.kind for box in boxes(root)}
    assert "Calico uses this; its peers cannot" in " ".join(said)
    assert "Calico should use this" in said


def test_a_name_that_is_cut_is_whole_in_its_title():
    name = "node-" + "x" * 200
    root = read(svg(hand_made(nodes=[name])))
    assert name in [one.text for one in root.iter(f"{NS}title")]
    assert name not in [line.said for line in texts(root)]


def test_it_has_a_name_a_description_and_colors_for_programs_without_style_sheets():
    root = read(svg(hand_made(), sheet=False))
    assert root.get("role") == "img"
    assert [root[0].tag, root[1].tag] == [f"{NS}title", f"{NS}desc"]
    assert "node-2 (A): Calico's address is wrong" in (root[1].text or "")
    assert not list(root.iter(f"{NS}style"))
    assert all(one.get("fill") for tag in ("rect", "path", "circle", "text") for one in root.iter(NS + tag))


def test_the_style_of_a_page_touches_nothing_but_pictures():
    selectors = re.findall(r"(?m)^([^{]+)\{", style())
    assert selectors
    assert all(selector.startswith(".cb-picture") for selector in selectors)


def test_every_class_of_a_drawing_is_in_the_style():
    root = read(svg(hand_made(count=3, nodes=["a", "b", "c"])))
    classes = {one.get("class") for one in root.iter() if one.get("class")} - {"cb-picture"}
    assert all(f".{name}{{" in style() for name in classes)


# --- a path -------------------------------------------------------------------------------------------------------------


@st.composite
def a_hop(draw):
    text = st.one_of(st.none(), NAMES)
    does = draw(st.sampled_from(["routes", "encapsulates", "translates", "delivers", "drops"]))
    return {
        "node": draw(text),
        "does": does,
        "rule": draw(text),
        "expected": draw(text),
        "found": draw(text),
        "evidence": None,
    }


def a_walk():
    return st.fixed_dictionaries({
        "outcome": st.sampled_from(["delivered", "lost", "unknown"]), "hops": st.lists(a_hop(), max_size=6),
    })  # fmt: skip


def an_end(kind="pod"):
    return st.fixed_dictionaries(
        {"kind": st.just(kind), "name": NAMES, "node": st.one_of(st.none(), NAMES), "ip": st.one_of(st.none(), NAMES)}
    )


def a_trace():
    pair = {"to": an_end(), "request": a_walk(), "reply": a_walk()}
    return st.fixed_dictionaries({
        "from": an_end(), "to": st.just({"kind": "ip", "name": "dns", "node": None, "ip": "10.96.0.10"}),
        "verdict": st.sampled_from(["reaches", "degraded", "broken", "unknown", "not-applicable"]),
        "basis": st.just("observed"),
        "reason": st.fixed_dictionaries({"code": st.sampled_from([None, "CB101"]), "text": NAMES}),
        "endpoints": st.lists(st.fixed_dictionaries(pair), max_size=5),
    })  # fmt: skip


@FEW
@given(a_trace(), st.booleans())
def test_a_path_overlaps_nowhere_and_stays_words(trace, narrow):
    drawn = path_svg(trace, narrow=narrow)
    check_geometry(read(drawn))
    check_inert(drawn)


@FEW
@given(a_trace())
def test_no_endpoint_of_a_path_goes_uncounted(trace):
    legs = path_picture(trace)["legs"]
    more = re.findall(r"^([\d,]+) more DNS endpoint", "\n".join(path_picture(trace)["more"]))
    alike = sum(leg["fares_alike"] for leg in legs)
    assert len(legs) + alike + (int(more[0]) if more else 0) == len(trace["endpoints"])


HOP = {"node": "node-1", "does": "routes", "rule": "default via 10.0.1.1", "expected": "via 10.0.1.12", "found": None}
STOP = {"node": None, "does": "drops", "rule": None, "expected": None, "found": "next hop 10.0.1.1"}


@pytest.mark.parametrize(
    "outcome, kind", [("lost", "cb-mark-bad"), ("delivered", "cb-mark-good"), ("unknown", "cb-mark-open")]
)
def test_a_path_says_where_it_stops_and_by_which_rule(outcome, kind):
    ends = {"kind": "pod", "name": "shop/cart-0", "node": "node-1", "ip": "10.244.1.5"}
    walk = {"outcome": outcome, "hops": [HOP, STOP] if outcome == "lost" else [HOP]}
    reply = {"outcome": outcome, "hops": []}
    trace = {"from": ends, "to": {**ends, "name": "shop/db-0"}, "verdict": "broken", "basis": "observed",
             "reason": {"code": "CB101", "text": "because"}, "request": walk, "reply": reply}  # fmt: skip
    root = read(path_svg(trace))
    said = [line.said for line in texts(root)]
    assert {"default via 10.0.1.1", "expected: via 10.0.1.12", "broken (CB101): because"} <= set(said)
    assert any(one.get("class") == kind for one in root.iter(f"{NS}path"))
    assert ("next hop 10.0.1.1" in said) is (outcome == "lost")
    assert ("a machine that is no node" in said) is (outcome == "lost")


# --- what a notebook holds ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def incident():
    return cb.analyze(io.BytesIO(story("incident").archive()))


def test_a_picture_prints_as_its_words_and_saves_itself(incident, tmp_path):
    incident.picture.save(tmp_path / "cluster.svg")
    assert (tmp_path / "cluster.svg").read_text(encoding="utf-8") == incident.picture.svg
    assert repr(incident.picture) == incident.picture.text
    assert "Calico uses this; its peers cannot" in repr(incident.picture)
    with pytest.raises(cb.BundleError):
        incident.picture.save(tmp_path / "cluster.png")


def test_saving_a_report_as_svg_gives_the_same_picture(incident, tmp_path):
    incident.save(tmp_path / "report.svg")
    assert (tmp_path / "report.svg").read_text(encoding="utf-8") == incident.picture.svg


def test_in_jupyter_the_words_stand_beside_the_drawing(incident):
    shown = incident.picture._repr_html_()
    assert 'alt="Nodes, their cards and networks, and DNS lookups"' in shown
    assert "<li>Network 192.168.50.0/24: 1 card; Calico uses 1.</li>" in shown
    assert "<svg" not in shown


def test_a_path_has_its_picture(incident):
    broken = next(p.pod for p in incident.diagnosis.paths.pods if p.verdict.value == "broken")
    picture = incident.path(f"{broken.namespace}/{broken.name}").picture
    assert "request: lost" in picture.text
    check_geometry(read(picture.svg))
    check_geometry(read(picture.narrow_svg))


@pytest.mark.parametrize("told", load_stories(), ids=lambda one: one.name)
def test_the_picture_of_every_story_overlaps_nowhere(told):
    picture = cb.analyze(io.BytesIO(told.archive())).picture
    for drawn in (picture.svg, picture.narrow_svg):
        check_geometry(read(drawn))
        check_inert(drawn)
