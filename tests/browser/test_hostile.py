"""Hostile words in a real browser: none of them is run, loads anything or hides what stands around it."""

import io

import pytest

import calico_bundle as cb
from calico_bundle.report import Style
from calico_bundle.report.html import FORMAT
from tests.report import hand_made
from tests.report.test_html import replaced, with_parts
from tests.sources.packing import tar_with
from tests.stories import story

pytestmark = pytest.mark.browser

IMAGE = "<img src=x onerror=window.hit=1>"
NASTY = (
    IMAGE, "<script>window.hit=1</script>", "</script><script>window.hit=1</script>", f"</style>{IMAGE}", f"-->{IMAGE}<!--",
    f"</title>{IMAGE}", f"</textarea>{IMAGE}", f"]]>{IMAGE}", f"\"'>{IMAGE}", "javascript:window.hit=1",
    "<a href=javascript:window.hit=1>x</a>", "<svg onload=window.hit=1>", "<iframe srcdoc='<script>parent.hit=1</script>'>",
    "<base href=https://example.net/>", "<meta http-equiv=refresh content=0;url=https://example.net/>",
    "<link rel=stylesheet href=https://example.net/x.css>", "url(https://example.net/x.png)", "{{ 7 * 7 }}", "`<b>`",
    "\u202eabc\u202c", "\u2066\u200b\u200d\ufeff", "a" * 500, "\x1b]0;title\x07",
)  # fmt: skip


def written(text: str, folder):
    path = folder / "hostile.html"
    path.write_text(text, "utf-8")
    return path


# --- words in every place of a view ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", NASTY, ids=range(len(NASTY)))
def test_a_word_in_every_place_of_a_report_stays_a_word(word, show, tmp_path):
    shown = show(written(FORMAT.render(replaced(with_parts(hand_made.broken_report()), word), Style()), tmp_path))
    shown.unfold()
    check_inert(shown)
    if word.isprintable():
        for place in ("#verdict .headline", "#finding-1 .message", "#finding-1 .quote .line", "#table-nodes-rows td"):
            assert word.replace("`", "") in shown.page.locator(place).first.text_content().replace("`", "")


@pytest.mark.parametrize("word", NASTY, ids=range(len(NASTY)))
def test_a_word_in_every_place_of_a_path_stays_a_word(word, show, tmp_path):
    shown = show(written(FORMAT.render_trace(replaced(hand_made.dns_trace(), word), Style()), tmp_path))
    shown.unfold()
    check_inert(shown)


def test_words_of_a_large_table_stay_words_when_the_script_writes_them(show, tmp_path):
    made = hand_made.large_report(250)
    for node in made["nodes"]:
        node["name"] += "".join(NASTY[:12])
    shown = show(written(FORMAT.render(made, Style()), tmp_path))
    shown.page.click("#table-nodes [data-page=next]")
    shown.page.click("#table-nodes thead button")
    shown.page.fill("#table-nodes-search", "onerror=window.hit")
    assert shown.status("nodes").startswith("250 rows")
    assert shown.rows("nodes")[0][0] == "node-0" + "".join(NASTY[:12])
    check_inert(shown)


def check_inert(shown) -> None:
    """Nothing came out of the text but text; `show` looks at what was run, loaded and said."""
    shown.page.wait_for_timeout(50)
    made = shown.page.locator("img, iframe, object, embed, base, link, body script[src], [onerror], [onload], textarea")
    assert made.count() == 0
    assert shown.page.locator("script:not([type])").count() == 1
    assert shown.too_wide() == []
    assert shown.page.locator("#verdict h1").is_visible()
    assert shown.page.title().startswith(("broken", "reaches"))


# --- a bundle whose names are hostile -------------------------------------------------------------------------------------

_NODE, _POD, _LOG_LINE = "shop-worker-2", "cart-7d9f6c5b84-x2k4q", "Using autodetected IPv4 address on interface ens19"


@pytest.fixture(scope="module")
def bundle() -> cb.Analysis:
    """The incident, in which a node, a pod, a file and a log line have other words."""
    exchanged = {
        _NODE: f"{_NODE}{IMAGE}",
        _POD: f"{_POD}<svg onload=window.hit=1>",
        _LOG_LINE: f"{_LOG_LINE}\u202e</pre></script>{IMAGE}",
    }
    files = [(changed(path, exchanged), changed_bytes(data, exchanged)) for path, data in story("incident").members()]
    files += [
        (f"notes/{IMAGE}.txt", b"nothing that is known\n"),
        (f"nodes/x/{'long' * 60}.txt", f"ip addr\n{IMAGE}\n".encode()),
        ("cluster/kubernetes/configmaps.yaml", _UNREADABLE),
    ]
    return cb.analyze(io.BytesIO(tar_with(*files)))


_UNREADABLE = f"kind: List\nitems: [{{kind: ConfigMap, metadata: {{name: '{IMAGE}'}} {IMAGE}\n".encode()


def changed(text: str, exchanged: dict[str, str]) -> str:
    for old, new in exchanged.items():
        text = text.replace(old, new)
    return text


def changed_bytes(data: bytes, exchanged: dict[str, str]) -> bytes:
    return changed(data.decode("utf-8", "surrogateescape"), exchanged).encode("utf-8", "surrogateescape")


def test_a_bundle_of_hostile_names_is_shown_with_its_names(bundle, show, tmp_path):
    path = tmp_path / "report.html"
    bundle.save(str(path))
    shown = show(path)
    shown.unfold()
    check_inert(shown)
    assert f"{_NODE}{IMAGE}" in shown.page.inner_text("#verdict")
    assert f"{_POD}<svg onload=window.hit=1>" in shown.page.inner_text("#tables")
    assert f"notes/{IMAGE}.txt" in shown.page.inner_text("#tables")
    # Sorting and searching write the rows anew.
    for table in shown.page.locator("[data-table]").all():
        table.locator("thead button").first.click()
        table.locator("input[type=search]").fill("img")
    check_inert(shown)


def test_a_picture_of_hostile_names_runs_nothing_wherever_it_is_shown(bundle, show, tmp_path):
    drawing = tmp_path / "cluster.svg"
    bundle.picture.save(drawing)
    shown = show(drawing)
    assert shown.page.locator("img, script, foreignObject, [onload], [onerror]").count() == 0
    assert IMAGE[:8] in shown.page.locator("svg").text_content()


def test_what_a_notebook_is_given_runs_nothing(bundle, show, tmp_path):
    cards = [one._repr_html_() for one in (bundle, bundle.findings, bundle.picture, bundle.tables)]
    shown = show(written(f"<!DOCTYPE html><title>notebook</title>{''.join(cards)}", tmp_path))
    shown.page.wait_for_timeout(50)
    assert shown.page.locator("script, img:not([src^='data:']), [onload], [onerror]").count() == 0
    assert f"{_NODE}{IMAGE}" in shown.said()
