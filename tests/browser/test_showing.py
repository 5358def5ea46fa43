"""The tests of this folder can fail: a page that does what no report may do is told of it."""

import pytest

from tests.browser.showing import Shown

pytestmark = pytest.mark.browser

POLICY = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">"
FAULTS = {
    "<img src=https://example.net/x.png>": "asked for https://example.net/x.png",
    "<link rel=stylesheet href=other.css>": "asked for file:",
    "<script>fetch('https://example.net/')</script>": "asked for https://example.net/",
    "<script>console.error('oh')</script>": "console: oh",
    "<script>throw new Error('oh')</script>": "error: oh",
    "<script>alert('oh')</script>": "dialog: oh",
    "<svg onload=window.hit=1>": "hostile text was run",
    f"{POLICY}<script>1</script>": "against its policy: script-src-elem inline",
    f"{POLICY}<p style='color: red'>": "against its policy: style-src-attr inline",
    "<meta http-equiv=refresh content='0;url=about:blank'>": "went to about:blank",
}


@pytest.mark.parametrize("markup, fault", FAULTS.items(), ids=range(len(FAULTS)))
def test_what_a_page_must_not_do_is_noted(markup, fault, browser, tmp_path):
    shown = Shown(browser, written(markup, tmp_path))
    shown.page.wait_for_timeout(200)
    assert [noted for noted in shown.closed() if noted.startswith(fault)]


def test_a_page_that_does_nothing_is_not_accused(browser, tmp_path):
    assert Shown(browser, written("<p>text", tmp_path)).closed() == []


def test_what_cannot_be_read_and_what_is_too_wide_is_noted(browser, tmp_path):
    markup = "<html lang=en><title>x</title><main><h1>x</h1><p style='color:#999;background:#aaa;width:2000px'>text"
    shown = Shown(browser, written(markup, tmp_path), width=360)
    assert [fault for fault in shown.barriers() if fault.startswith("color-contrast")]
    assert shown.too_wide()[-1] == "the page"
    shown.closed()


def written(markup: str, folder):
    path = folder / "page.html"
    path.write_text(f"<!DOCTYPE html><title>x</title>{markup}", "utf-8")
    return path
