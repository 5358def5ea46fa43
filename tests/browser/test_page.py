"""The page around the tables: colors, copying, the keyboard's way through it, and paper."""

import re

import pytest

from calico_bundle.report import Style
from calico_bundle.report.html import FORMAT
from calico_bundle.report.palette import DARK, LIGHT
from tests.report import hand_made

pytestmark = pytest.mark.browser


@pytest.fixture
def incident(report_of, show):
    return show(report_of("incident"))


def ground(shown) -> str:
    """The page's background as `#rrggbb`."""
    said = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", said)[:3])


# --- colors -------------------------------------------------------------------------------------------------------------


def test_the_page_is_light_or_dark_as_the_system_is_until_somebody_chooses(report_of, show):
    shown = show(report_of("incident"), scheme="dark")
    assert ground(shown) == DARK["page"].lower()
    shown.page.check("input[value=light]")
    assert ground(shown) == LIGHT["page"].lower()
    shown.page.check("input[value=auto]")
    assert ground(shown) == DARK["page"].lower()


def test_the_keyboard_chooses_colors(incident):
    incident.page.focus("input[value=auto]")
    incident.page.keyboard.press("ArrowRight")
    incident.page.keyboard.press("ArrowRight")
    assert ground(incident) == DARK["page"].lower()


def test_the_picture_has_the_colors_that_were_chosen(incident):
    fill = "getComputedStyle(document.querySelector('.picture.wide svg text')).fill"
    light = incident.page.evaluate(fill)
    incident.page.check("input[value=dark]")
    assert incident.page.evaluate(fill) != light


# --- copying ------------------------------------------------------------------------------------------------------------

_FIX = "#finding-1-fix-1-commands"


def test_a_command_is_copied_as_it_stands(report_of, analyzed, show):
    shown = show(report_of("incident"), permissions=["clipboard-read", "clipboard-write"])
    shown.page.click(f"[data-copy={_FIX[1:]}]")
    shown.page.get_by_text("Copied.", exact=True).wait_for(state="attached")
    wanted = "\n".join(analyzed("incident").findings["CB101"][0].fixes[0].commands) + "\n"
    assert shown.page.evaluate("navigator.clipboard.readText()") == wanted


def test_where_copying_is_not_allowed_the_command_is_selected(incident):
    incident.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    incident.page.click(f"[data-copy={_FIX[1:]}]")
    incident.page.get_by_text("Selected: press Ctrl+C").wait_for(state="attached")
    chosen = incident.page.evaluate("window.getSelection().toString()")
    assert chosen.split() == incident.page.inner_text(_FIX).split()


# --- the keyboard's way through it ----------------------------------------------------------------------------------------


def test_the_first_key_leads_past_the_head_of_the_page(incident):
    incident.page.keyboard.press("Tab")
    assert incident.focused() == "a Skip to the report"
    assert incident.page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    incident.page.keyboard.press("Enter")
    assert incident.focused() == "main"


def test_the_keyboard_reaches_everything_once_in_the_order_in_which_it_is_read(incident):
    # Playwright's own click would scroll; the marks tell one element from another of the same words.
    incident.page.evaluate(
        """[...document.querySelectorAll("*")].forEach((one, place) => { one.dataset.place = String(place); })"""
    )
    places = []
    for _ in range(400):
        incident.page.keyboard.press("Tab")
        place = incident.page.evaluate("document.activeElement.dataset.place + ' ' + document.activeElement.tagName")
        if place.endswith(" BODY"):
            break
        places.append(int(place.split()[0]))
    assert places == sorted(set(places))
    assert len(places) == incident.page.evaluate(_REACHABLE)


# A group of radio buttons is one stop.
_REACHABLE = """[...document.querySelectorAll("a[href], button, summary, input, [tabindex='0']")].filter((one) =>
  one.checkVisibility({checkVisibilityCSS: true, contentVisibilityAuto: true}) && (one.type !== "radio" || one.checked)
).length"""


def test_the_keyboard_goes_back_as_well(incident):
    incident.page.focus("#table-nodes-search")
    incident.page.keyboard.press("Tab")
    incident.page.keyboard.press("Shift+Tab")
    assert incident.focused() == "table-nodes-search"


def test_what_is_folded_is_opened_with_the_keyboard(incident):
    incident.page.focus("#picture-text summary")
    incident.page.keyboard.press("Enter")
    assert incident.page.locator("#picture-text li").first.is_visible()


def test_a_link_leads_to_its_section(incident):
    incident.page.get_by_role("link", name="What is missing").first.click()
    top = incident.page.evaluate("document.getElementById('unknown').getBoundingClientRect().top")
    assert -5 <= top < incident.page.viewport_size["height"]


def test_a_link_to_what_is_folded_unfolds_it(show, tmp_path):
    # A page's own link leads to a finding that stands behind "more findings".
    path = tmp_path / "report.html"
    path.write_text(FORMAT.render(hand_made.broken_report(), Style()), "utf-8")
    shown = show(path)
    for link in shown.page.locator("main a[href^='#']").all():
        link.click()
        where = link.get_attribute("href")
        assert shown.page.locator(where).is_visible()


# --- paper --------------------------------------------------------------------------------------------------------------


def test_on_paper_everything_folded_is_there_and_nothing_to_press(incident):
    folded = incident.page.locator("details:not([open]) > :not(summary)")
    assert not folded.first.is_visible()
    incident.page.emulate_media(media="print")
    unseen = incident.page.evaluate(
        """[...document.querySelectorAll("details > :not(summary)")].filter((one) =>
             !one.matches(".columns dl") && one.textContent.trim() && one.getBoundingClientRect().height === 0).length"""
    )
    assert unseen == 0
    assert not incident.page.locator(".copy, .tools, .pages, nav, #theme").first.is_visible()


def test_paper_is_light_whatever_the_screen_is(report_of, show):
    shown = show(report_of("incident"), scheme="dark")
    shown.page.check("input[value=dark]")
    shown.page.emulate_media(media="print", color_scheme="dark")
    assert ground(shown) == LIGHT["page"].lower()


def test_no_column_leaves_the_paper(report_of, show):
    # A4 with the margins that browsers have by default: 718 pixels.
    shown = show(report_of("vxlan"), width=718)
    shown.page.emulate_media(media="print")
    assert shown.too_wide() == []
    shown.unfold()
    outside = shown.page.evaluate(
        """[...document.querySelectorAll("td, th")].filter((one) => one.getBoundingClientRect().right > 719)
             .map((one) => one.closest("[data-table]").dataset.table + ": " + one.textContent.slice(0, 40))"""
    )
    assert outside == []
