"""Tables as people use them: search, sorting and turning of pages, with a mouse and with the keyboard alone."""

import pytest

from calico_bundle.report import Style
from calico_bundle.report.html import FORMAT
from tests.report import hand_made
from tests.report.test_html import path_group, with_parts

pytestmark = pytest.mark.browser

# In an order that is neither that of text nor that of numbers.
ADDRESSES = ("10.0.0.9", "10.0.0.100", "10.0.0.10", "9.9.9.9", "fd00::10", "fd00::a")
IN_ORDER = ["9.9.9.9", "10.0.0.9", "10.0.0.10", "10.0.0.100", "fd00::a", "fd00::10"]
COUNTS = (9, 1000, 10, 200)


@pytest.fixture
def shown(show, tmp_path):
    made = with_parts(hand_made.broken_report())
    made["nodes"] = [hand_made.node(f"node-{number}", address) for number, address in enumerate(ADDRESSES)]
    made["nodes"][2]["address_verdict"] = "wrong"
    verdicts = ("reaches", "unknown", "broken", "degraded")
    made["path_groups"] = [
        path_group(f"node-{n}", verdict, count, "so")
        for n, (verdict, count) in enumerate(zip(verdicts, COUNTS, strict=True))
    ]
    carried = made["tables"]["facts"][0]
    made["tables"]["facts"] = [{**carried, "name": f"t{total}", "total": total, "rows": None} for total in COUNTS]
    return show(written(made, tmp_path))


@pytest.fixture
def paged(show, tmp_path):
    """250 nodes: three pages."""
    return show(written(hand_made.large_report(250), tmp_path))


def written(made: dict, folder):
    path = folder / "report.html"
    path.write_text(FORMAT.render(made, Style()), "utf-8")
    return path


def head(shown, table: str, title: str):
    return shown.page.locator(f"#table-{table} thead button", has_text=title).first


def order(shown, table: str, title: str) -> str:
    return shown.page.locator(f"#table-{table} thead th", has_text=title).first.get_attribute("aria-sort")


# --- search -------------------------------------------------------------------------------------------------------------


def test_a_search_shows_the_rows_that_have_every_word_and_says_how_many(shown):
    box = shown.page.get_by_label("Search").and_(shown.page.locator("#table-nodes-search"))
    box.fill("WRONG node-2")
    assert [row[0] for row in shown.rows("nodes")] == ["node-2"]
    assert shown.status("nodes") == "1 of 6 rows"
    assert shown.page.get_attribute("#table-nodes-status", "role") == "status"


def test_a_search_that_finds_nothing_says_so_and_an_empty_one_shows_all(shown):
    shown.page.fill("#table-nodes-search", "no such node")
    assert (shown.rows("nodes"), shown.status("nodes")) == ([], "0 of 6 rows")
    shown.page.fill("#table-nodes-search", "")
    assert len(shown.rows("nodes")) == 6
    assert shown.status("nodes") == "6 rows"


def test_a_search_in_a_large_table_goes_over_all_pages(paged):
    paged.page.fill("#table-nodes-search", "node-123")
    assert [row[0] for row in paged.rows("nodes")] == ["node-123"]
    assert paged.status("nodes") == "1 of 250 rows"
    assert paged.page.get_attribute("#table-nodes [data-page=next]", "aria-disabled") == "true"


@pytest.mark.parametrize("words", ["<img src=x onerror='window.hit=1'>", "\\", "(((", "constructor", "__proto__"])
def test_a_search_for_anything_is_a_search(words, paged):
    paged.page.fill("#table-nodes-search", words)
    assert paged.status("nodes") == "0 of 250 rows"


# --- sorting ------------------------------------------------------------------------------------------------------------


def test_addresses_are_sorted_as_addresses(shown):
    head(shown, "nodes", "InternalIP").click()
    assert [row[1] for row in shown.rows("nodes")] == IN_ORDER
    head(shown, "nodes", "InternalIP").click()
    assert [row[1] for row in shown.rows("nodes")] == IN_ORDER[::-1]


def test_numbers_are_sorted_as_numbers(shown):
    head(shown, "lookups", "pods").click()
    assert [row[2] for row in shown.rows("lookups")] == ["9", "10", "200", "1000"]


def test_numbers_that_are_written_with_words_and_commas_are_numbers_too(shown):
    shown.page.click("#table-tables summary")
    head(shown, "tables", "rows").click()
    assert [row[1] for row in shown.rows("tables")] == ["9", "10", "200", "1,000"]


def test_statuses_are_sorted_by_what_asks_for_a_look(shown):
    head(shown, "lookups", "verdict").click()
    assert [row[1] for row in shown.rows("lookups")] == ["broken", "degraded", "unknown", "reaches"]


def test_the_keyboard_sorts_both_ways_and_back_and_keeps_its_place(shown):
    first = [row[0] for row in shown.rows("nodes")]
    assert order(shown, "nodes", "InternalIP") == "none"
    head(shown, "nodes", "InternalIP").focus()
    said = []
    for key in ("Enter", "Space", "Enter"):
        shown.page.keyboard.press(key)
        said.append(order(shown, "nodes", "InternalIP"))
        assert shown.focused() == "button InternalIP"
    assert said == ["ascending", "descending", "none"]
    assert [row[0] for row in shown.rows("nodes")] == first


def test_only_one_column_says_that_it_is_sorted_by(shown):
    head(shown, "nodes", "InternalIP").click()
    head(shown, "nodes", "node").click()
    said = shown.page.eval_on_selector_all("#table-nodes th", "all => all.map((one) => one.getAttribute('aria-sort'))")
    assert said == ["ascending", "none", "none", "none", "none", "none"]


def test_a_sorted_search_stays_sorted(shown):
    head(shown, "nodes", "InternalIP").click()
    shown.page.fill("#table-nodes-search", "10.0.0")
    assert [row[1] for row in shown.rows("nodes")] == ["10.0.0.9", "10.0.0.10", "10.0.0.100"]


# --- pages --------------------------------------------------------------------------------------------------------------


def test_a_large_table_is_turned_page_by_page_with_the_keyboard(paged):
    page = paged.page
    assert len(paged.rows("nodes")) == 100
    page.focus("#table-nodes [data-page=next]")
    seen = [row[0] for row in paged.rows("nodes")]
    said = []
    for _ in range(3):
        page.keyboard.press("Enter")
        said.append(paged.status("nodes"))
        assert paged.focused() == "button Next rows"
        seen += [row[0] for row in paged.rows("nodes")]
    assert said[:2] == ["250 rows; 101 to 200 are shown", "250 rows; 201 to 250 are shown"]
    # The third press finds no more rows: the button says so, and stays where the reader is.
    assert said[2] == said[1]
    assert page.get_attribute("#table-nodes [data-page=next]", "aria-disabled") == "true"
    assert set(seen) == {f"node-{number}" for number in range(250)}
    page.click("#table-nodes [data-page=previous]")
    assert paged.status("nodes") == said[0]


def test_before_anything_is_pressed_there_is_no_page_before_the_first(paged):
    previous = paged.page.locator("#table-nodes [data-page=previous]")
    assert previous.is_disabled() or previous.get_attribute("aria-disabled") == "true"
    paged.page.click("#table-nodes [data-page=next]")
    previous.focus()
    paged.page.keyboard.press("Enter")
    assert paged.status("nodes") == "250 rows; 1 to 100 are shown"


def test_sorting_goes_over_all_pages_and_begins_with_the_first(paged):
    paged.page.click("#table-nodes [data-page=next]")
    head(paged, "nodes", "node").click()
    assert [row[0] for row in paged.rows("nodes")][:3] == ["node-0", "node-1", "node-2"]
    head(paged, "nodes", "node").click()
    assert [row[0] for row in paged.rows("nodes")][:3] == ["node-249", "node-248", "node-247"]
    assert paged.status("nodes") == "250 rows; 1 to 100 are shown"


def test_without_scripts_the_rows_are_there_and_the_page_says_what_is_not(show, tmp_path):
    shown = show(written(hand_made.large_report(250), tmp_path), java_script_enabled=False)
    assert shown.page.locator("#table-nodes-rows tr").count() == 100
    assert not shown.page.locator("#table-nodes-search").is_visible()
    told = shown.page.locator("#table-nodes noscript")
    assert told.is_visible()
    assert "search and sorting need scripts" in told.inner_text()
