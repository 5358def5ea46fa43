"""The largest cluster that Kubernetes allows, in a browser: small enough to be sent, and its tables work."""

import pytest

from calico_bundle.report import Style
from calico_bundle.report.html import FORMAT
from tests.report.test_html import large

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(FORMAT.render(large(), Style()), "utf-8")
    return path


def test_a_large_cluster_is_small_enough_to_be_sent_and_opens(written, show):
    assert written.stat().st_size < 5_000_000
    shown = show(written)
    # What makes a page slow is what is laid out; all other rows are data until somebody asks for them.
    assert shown.page.evaluate("document.querySelectorAll('*').length") < 10_000
    assert "broken" in shown.page.inner_text("#verdict h1")


def test_all_rows_of_a_large_cluster_are_searched_and_sorted(written, show):
    shown = show(written)
    shown.page.fill("#table-lookups-search", "node-4711 degraded")
    assert [row[:2] for row in shown.rows("lookups")] == [["node-4711", "degraded"]]
    assert shown.status("lookups") == "1 of 15,000 rows"
    shown.page.fill("#table-lookups-search", "")
    shown.page.click("#table-lookups thead button")
    assert [row[0] for row in shown.rows("lookups")][:4] == ["node-0", "node-0", "node-0", "node-1"]
    assert shown.status("lookups") == "15,000 rows; 1 to 100 are shown"


def test_a_large_cluster_stays_within_a_narrow_screen(written, show):
    assert show(written, width=360).too_wide() == []
