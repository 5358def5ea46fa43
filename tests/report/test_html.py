"""The HTML report, read without a browser: its syntax, its policy of loads, and that it says what the view says."""

import shutil
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import calico_bundle as cb
from calico_bundle.report import Style, model_tables
from calico_bundle.report.html import FORMAT
from calico_bundle.report.html.grids import MOST_ROWS, PAGE
from calico_bundle.report.palette import DARK, LIGHT
from tests.report import hand_made, html_reading
from tests.report.html_reading import Page, digest, policy, text_of, words

FIXTURES = Path(__file__).parents[2] / "fixtures"


def path_group(node: str, verdict: str, count: int, text: str) -> dict:
    return {
        "node": node,
        "verdict": verdict,
        "basis": "observed",
        "reason": {"code": "CB101" if verdict == "broken" else None, "text": text},
        "count": count,
        "pods": ["shop/cart-0", "shop/cart-1"][:count],
    }


def with_parts(made: dict) -> dict:
    """The parts of the view that no analysis is needed for."""
    columns = [
        {"name": "name", "type": "text", "meaning": "metadata.name"},
        {"name": "labels", "type": "mapping", "meaning": "metadata.labels"},
        {"name": "line", "type": "integer or missing", "meaning": "its line"},
    ]
    rows = [("shop", {"team": "a", "tier": "b"}, 3), ("web", {}, None)]
    carried = {
        "name": "namespaces",
        "meaning": "A Namespace.",
        "columns": columns,
        "total": 2,
        "exact": True,
        "rows": rows,
    }
    routes = {
        "name": "routes",
        "meaning": "A route.",
        "columns": columns,
        "total": 31_000_000,
        "exact": False,
        "rows": None,
    }
    kinds = [
        {"layout": "per-node", "kind": "ip-rule", "not_read": None, "count": 3, "first": "nodes/node-3/ip_rule.txt"}
    ]
    made["path_groups"] = [
        path_group("node-2", "reaches", 1, "it stays"),
        path_group("node-1", "broken", 12, "no route"),
    ]
    made["tables"] = {
        "facts": [carried, routes],
        "files": {"total": 3, "kinds": kinds, "listed": made["bundle"]["files"]},
    }
    return made


def what_if() -> dict:
    made = with_parts(hand_made.broken_report())
    moves = [{"node": "node-2", "before": "192.168.50.12", "after": None, "open": "its cards are not known"}]
    return {"what_if": {"change": "IP_AUTODETECTION_METHOD=kubernetes-internal-ip", "nodes": moves}, **made}


REPORTS = {
    "bare": hand_made.broken_report,
    "broken": lambda: with_parts(hand_made.broken_report()),
    "healthy": hand_made.healthy_report,
    "inconclusive": hand_made.inconclusive_report,
    "large": lambda: hand_made.large_report(120),
    "dual-stack": hand_made.dual_stack_report,
    "what-if": what_if,
}
TRACES = {"to dns": hand_made.dns_trace, "to a node": hand_made.node_trace}
MADE = [
    *((FORMAT.render, make) for make in REPORTS.values()),
    *((FORMAT.render_trace, make) for make in TRACES.values()),
]


@pytest.fixture(scope="module", params=MADE, ids=[*REPORTS, *TRACES])
def page(request) -> Page:
    render, make = request.param
    return Page(render(make(), Style()))


@pytest.fixture(scope="module", params=["incident", "healthy", "redacted"])
def analyzed(request) -> tuple[cb.Analysis, dict, Page]:
    analysis = cb.analyze(FIXTURES / request.param / "bundle")
    view = analysis.report(paths="none", files=False, parts=FORMAT.parts)
    return analysis, view, html_reading.report(view)


# --- the document ---------------------------------------------------------------------------------------------------------


def test_the_document_is_sound_with_and_without_scripts(page):
    # The parser raises for any error of syntax (HTML standard, 13.2.2).
    assert Page(page.text, scripting=False).one("html").attrs["lang"] == "en"
    ids = [element.attrs["id"] for element in page.elements() if "id" in element.attrs]
    assert len(ids) == len(set(ids))
    assert all(ids)


def test_whatever_refers_to_an_element_finds_it(page):
    ids = {element.attrs["id"] for element in page.elements() if "id" in element.attrs}
    for element in page.elements():
        for name in ("for", "aria-labelledby", "aria-controls", "data-copy"):
            assert set(element.attrs.get(name, "").split()) <= ids
        if element.name == "a":
            assert element.attrs["href"][0] == "#"
            assert element.attrs["href"][1:] in ids


def test_the_policy_allows_the_page_s_own_style_and_script_and_nothing_else(page):
    (style,), scripts = page.all("style"), page.all("script")
    run = [script for script in scripts if script.attrs.get("type") != "application/json"]
    assert len(run) == 1
    assert policy(page) == {
        "default-src": "'none'",
        "style-src": digest(text_of(style)),
        "script-src": digest(text_of(run[0])),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_policy_stands_before_everything_that_it_is_for(page):
    head = [element for element in page.one("head").children if element.name != "#text"]
    assert [element.name for element in head[:2]] == ["meta", "meta"]
    assert head[1].attrs["http-equiv"] == "Content-Security-Policy"


_LOADS = {
    "link",
    "img",
    "iframe",
    "object",
    "embed",
    "base",
    "form",
    "audio",
    "video",
    "source",
    "track",
    "image",
    "use",
}
_LOADING = ("src", "srcset", "style", "action", "formaction", "background", "poster", "ping", "xlink:href", "data")


def test_nothing_is_loaded_and_no_attribute_is_style_or_script(page):
    check_that_nothing_is_loaded(page)


def check_that_nothing_is_loaded(page: Page) -> None:
    for element in page.elements():
        assert element.name not in _LOADS
        assert not [name for name in element.attrs if name in _LOADING or name.startswith("on")]
        assert element.name == "a" or "href" not in element.attrs
    assert not [meta for meta in page.all("meta") if meta.attrs.get("http-equiv", "").lower() == "refresh"]


def test_neither_style_nor_script_can_reach_out_or_write_markup(page):
    style, script = text_of(page.one("style")), text_of(page.one("script:not([type])"))
    assert not [word for word in ("url(", "@import", "image(", "</") if word in style]
    reaching = (
        "fetch",
        "XMLHttp",
        "WebSocket",
        "import(",
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
    )
    storing = (
        "eval",
        "Function(",
        "localStorage",
        "sessionStorage",
        "cookie",
        "indexedDB",
        "window.open",
        "location",
        "</",
    )
    assert not [word for word in (*reaching, *storing) if word in script]


def test_headings_begin_with_one_and_leave_no_level_out(page):
    levels = [
        int(element.name[1]) for element in page.elements() if element.name in ("h1", "h2", "h3", "h4", "h5", "h6")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_and_the_way_past_them(page):
    for name in ("header", "main", "footer"):
        page.one(name)
    first = next(element for element in page.one("body").children if element.name != "#text")
    assert (first.name, first.attrs["href"]) == ("a", "#main")
    assert page.one("main").attrs["tabindex"] == "-1"


def test_both_grounds_are_defined_and_can_be_chosen(page):
    style = text_of(page.one("style"))
    for colors in (LIGHT, DARK):
        assert style.count(f"--cb-text:{colors['text']}") >= 2
    assert "prefers-color-scheme:dark" in style
    assert '[data-theme="dark"]' in style
    assert [radio.attrs["value"] for radio in page.all('input[name="theme"]')] == ["auto", "light", "dark"]


# --- what it says -----------------------------------------------------------------------------------------------------------


def test_it_says_what_the_json_report_says(analyzed):
    _, view, page = analyzed
    assert page.one("#verdict").attrs["data-status"] == view["verdict"]["status"]
    assert view["verdict"]["headline"].replace("`", "") in page.words("#verdict")
    counts = {box.attrs["data-count"]: int(words(box.query("dd")[0])) for box in page.all("[data-count]")}
    assert counts == {key: number for key, number in view["dns"]["paths"].items() if key != "total"}
    assert [root.attrs["data-code"] for root in page.all(".roots li")] == view["verdict"]["root_causes"]
    told = [
        (one.attrs["data-code"], one.attrs["data-severity"], one.attrs["data-subject"]) for one in page.all(".finding")
    ]
    assert sorted(told) == sorted((f["code"], f["severity"], f["subject"]) for f in view["findings"])


def test_every_line_of_evidence_and_every_command_is_there_as_it_is(analyzed):
    _, view, page = analyzed
    quoted = {
        (words(one.query(".where")[0]).rpartition(":")[0], line) for one in page.all(".quote") for line in _lines(one)
    }
    for finding in view["findings"]:
        for line in finding["evidence"]:
            assert (line["path"], (str(line["line"]), line["text"])) in quoted
    blocks = [text_of(block).rstrip("\n").split("\n") for block in page.all(".commands pre")]
    for fix in (fix for finding in view["findings"] for fix in finding["fixes"]):
        assert not fix["commands"] or fix["commands"] in blocks


def _lines(quote) -> list[tuple[str, str]]:
    """The number and the text of each line that is quoted."""
    return [tuple(text_of(line).strip().split(" ", 1)) for line in quote.query("pre .line")]


def test_every_effect_and_every_cause_has_its_word(analyzed):
    _, view, page = analyzed
    assert len(page.all("#effects .statement")) == len(view["effects"])
    told = {one.attrs["data-cause"]: one.attrs["data-status"] for one in page.all("[data-cause]")}
    assert told == {one["name"]: one["status"] for one in view["hypotheses"]}


def test_the_tables_have_every_row(analyzed):
    analysis, view, page = analyzed
    assert {row[0]: row[-1] for row in page.rows("nodes")} == {n["name"]: n["address_verdict"] for n in view["nodes"]}
    assert sum(int(row[2]) for row in page.rows("lookups")) == view["dns"]["paths"]["total"]
    for table in view["tables"]["facts"]:
        assert analysis.tables.count(table["name"]) == table["total"]
        if table["rows"]:
            assert len(page.rows(f"fact-{table['name']}")) == table["total"]
    assert [row[:2] for row in page.rows("tables")] == [[t["name"], f"{t['total']:,}"] for t in view["tables"]["facts"]]


def test_the_same_input_gives_the_same_bytes():
    shown = "import sys, calico_bundle as cb; from calico_bundle.report import Style; "
    shown += "from calico_bundle.report.html import FORMAT; "
    shown += (
        "sys.stdout.write(FORMAT.render(cb.analyze(sys.argv[1]).report(paths='none', parts=FORMAT.parts), Style()))"
    )
    command = [sys.executable, "-c", shown, str(FIXTURES / "incident" / "bundle")]
    seeds = ("1", "2")
    written = {
        subprocess.run(command, capture_output=True, check=True, env={"PYTHONHASHSEED": s}).stdout for s in seeds
    }
    assert len(written) == 1


def test_a_what_if_report_says_first_that_it_is_predicted():
    page = html_reading.report(what_if())
    said = page.words("#what-if")
    assert said.startswith("Predicted, not observed.")
    assert page.words("h1") == "Cluster DNS, predicted: broken"
    assert page.words("head title").startswith("predicted: broken")
    assert "IP_AUTODETECTION_METHOD=kubernetes-internal-ip" in said
    assert "node-2: 192.168.50.12 becomes its cards are not known" in said
    assert page.text.index('id="what-if"') < page.text.index('class="headline"')


def test_a_report_that_is_not_predicted_does_not_say_so():
    assert not html_reading.report(with_parts(hand_made.broken_report())).all("#what-if")


def test_what_could_not_be_checked_is_never_called_fine():
    said = html_reading.report(hand_made.inconclusive_report()).words("main")
    assert "inconclusive" in said
    assert "What could not be checked stands under" in said
    assert not [word for word in ("healthy", "all right", "no problem", "nothing is wrong") if word in said]


@pytest.mark.parametrize("make, links", [(hand_made.broken_report, 1), (hand_made.healthy_report, 0)])
def test_the_verdict_leads_to_what_would_decide_the_rest(make, links):
    # Who reads the verdict alone must not take unknown paths for spared ones.
    page = html_reading.report(make())
    assert [link.attrs["href"] for link in page.all("#verdict a")].count("#collect") == links
    assert ("3 unknown paths" in page.words("#verdict")) == bool(links)


def test_unknown_paths_are_not_said_to_fail():
    made = hand_made.inconclusive_report()
    made["findings"] = [hand_made.finding(code="CB901", name="bundle-incomplete", severity="warning", fixes=[])]
    assert "ail" not in html_reading.report(made).words(".finding dl")


def test_a_trace_shows_each_hop_and_where_it_stops():
    page = html_reading.trace(hand_made.dns_trace())
    assert page.one("#verdict").attrs["data-status"] == "broken"
    assert page.one("#way-1-request").attrs["data-outcome"] == "lost"
    assert [hop.attrs["data-does"] for hop in page.all("#way-1-request .hops li")] == ["translates", "drops"]
    last = words(page.all("#way-1-request .hops li")[-1])
    assert "no route to 10.244.2.2" in last
    assert "nodes/node-1/ip_route.txt:1" in last
    assert "No hop is known" in page.words("#way-1-reply")


# --- large clusters -----------------------------------------------------------------------------------------------------------


def large() -> dict:
    """As many nodes as Kubernetes allows, and three groups of pods on each, every one with a reason of its own."""
    made = with_parts(hand_made.large_report(5000))
    made["path_groups"] = [
        path_group(
            f"node-{n}", verdict, 20, f"node-{n} has no route to 10.244.{n % 97}.0/26, the block of node-{n % 97}"
        )
        for n in range(5000)
        for verdict in ("broken", "degraded", "not-applicable")
    ]
    return made


def test_a_large_cluster_is_below_five_megabytes_with_every_row_in_it():
    page = html_reading.report(large())
    assert len(page.text.encode()) < 5_000_000
    assert len(page.all("#table-nodes-rows tr")) == PAGE
    assert page.one("#table-nodes-status").to_text() == f"5,000 rows; 1 to {PAGE} are shown"
    assert [row[0] for row in page.rows("nodes")][:3] == ["node-4997", "node-4998", "node-4999"]
    rows = page.rows("lookups")
    assert len(rows) == 15_000
    (one,) = (row for row in rows if row[:2] == ["node-4711", "degraded"])
    assert one[2:5] == ["20", "observed", "-"]
    assert sum(r[5].startswith(f"{r[0]} has no route to 10.244.") for r in rows) == 15_000


def test_rows_that_are_too_many_for_a_page_are_counted_and_have_a_command(monkeypatch):
    monkeypatch.setattr("calico_bundle.report.html.grids.MOST_ROWS", 250)
    assert MOST_ROWS > 5000
    page = html_reading.report(hand_made.large_report(300))
    assert len(page.rows("nodes")) == 250
    assert page.one("#table-nodes-status").to_text().startswith("250 rows (of 300 in all)")
    assert "bundle-analyze BUNDLE -o report.json" in page.words("#table-nodes")


def test_tables_that_are_not_carried_are_counted_and_have_a_command():
    rows = html_reading.report(with_parts(hand_made.broken_report())).rows("tables")
    assert ["routes", "at least 31,000,000", "no", "A route.", "bundle-analyze tables BUNDLE --table routes"] in rows


# --- hostile words ------------------------------------------------------------------------------------------------------------

_NASTY = (
    "</script><script>alert(1)</script>", "<!--", "-->", "]]>", "\"'><img src=x onerror=alert(1)>", "&lt;b&gt;&#0;&amp",
    "javascript:alert(1)", "{{ 7 * 7 }}{% raw %}", "</pre></style></title>", "`<b>`", "\x1b]0;title\x07\x00\u202e",
    "\ud800\ufffe", "__proto__", "\u0001",
)  # fmt: skip
_WORDS = st.lists(st.one_of(st.sampled_from(_NASTY), st.text(max_size=12)), max_size=4).map("".join)
# Words that the contract lists: they come from this program, and no bundle has a say in them.
_OWN = {
    "code",
    "severity",
    "status",
    "root_causes",
    "address_verdict",
    "verdict",
    "relation",
    "outcome",
    "basis",
    "type",
    "does",
}


def replaced(view, word: str, key: str = ""):
    """The same view with other words wherever a bundle has a say; what was equal stays equal."""
    if isinstance(view, dict):
        return {name: replaced(value, word, name) for name, value in view.items()}
    if isinstance(view, (list, tuple)):
        return [replaced(value, word, key) for value in view]
    return f"{view} {word}" if isinstance(view, str) and key not in _OWN else view


def skeleton(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    """The elements of a page and the names of their attributes.

    Left out are commands between backquotes, which are told from words alone, and what is in a drawing: how many lines of
    text it has goes by how long the words are.
    """
    drawn = {id(element) for drawing in page.all("svg") for element in drawing.query("*")}
    kept = (element for element in page.elements() if element.name != "code" and id(element) not in drawn)
    return [(element.name, tuple(element.attrs)) for element in kept]


@settings(max_examples=8, deadline=None)
@given(_WORDS)
@example("".join(_NASTY))
@example("".join(reversed(_NASTY)))
def test_no_word_of_a_bundle_becomes_anything_but_text(word):
    for harmless, render, make in _harmless():
        hostile = Page(render(replaced(make(), word), Style()))
        assert skeleton(hostile) == skeleton(harmless)
        assert policy(hostile) == policy(harmless)
        check_that_nothing_is_loaded(hostile)


@cache
def _harmless() -> list:
    makers = ((FORMAT.render, what_if), (FORMAT.render_trace, hand_made.dns_trace))
    return [(Page(render(replaced(make(), "word"), Style())), render, make) for render, make in makers]


def test_hostile_words_of_large_tables_stay_words_in_their_data():
    made = hand_made.large_report(200)
    word = "</script><script>alert(1)</script><!--"
    for node in made["nodes"]:
        node["name"] += word
    rows = html_reading.report(made).rows("nodes")
    assert [row[0] for row in rows[-2:]] == [f"node-195{word}", f"node-196{word}"]


def test_what_drives_a_terminal_or_hides_text_is_taken_out():
    made = hand_made.broken_report()
    made["findings"][0]["message"] = "a\x1b[31mb\u202ec\x00d\ufdd0e\ud800f"
    page = html_reading.report(made)
    assert "abcd\ufffde\ufffdf" in page.words("#finding-1")
    page.text.encode("utf-8")


def test_files_are_counted_by_kind_and_links_as_one_kind(monkeypatch):
    reasons = ["a link to nodes/n1/calico-node.log", "a link to nodes/n2/calico-node.log", "of no kind that is known"]
    files = [{"path": why, "layout": "by-content", "kind": None, "node": None, "not_read": why} for why in reasons]
    monkeypatch.setattr("calico_bundle.report.model.files_of", lambda _: files)
    found = model_tables._files(None)
    assert found["listed"] == files
    assert [(kind["not_read"], kind["count"], kind["first"]) for kind in found["kinds"]] == [
        ("a link to another file", 2, reasons[0]),
        ("of no kind that is known", 1, reasons[2]),
    ]


def test_a_table_ends_where_the_page_has_no_more_room_and_says_so(monkeypatch):
    monkeypatch.setattr("calico_bundle.report.html.grids.MOST_CHARACTERS", 2000)
    page = html_reading.report(hand_made.large_report(300))
    shown = len(page.rows("nodes"))
    assert 100 < shown < 300
    assert page.one("#table-nodes-status").to_text().startswith(f"{shown} rows (of 300 in all)")


def test_secrets_of_the_tables_that_a_report_carries_are_blanked(tmp_path):
    shutil.copytree(FIXTURES / "healthy" / "bundle", tmp_path / "bundle")
    (tmp_path / "bundle" / "k8s" / "events.yaml").write_text(
        "apiVersion: v1\nkind: Event\nmetadata:\n  name: e\n  namespace: shop\n"
        "reason: Failed\nmessage: cannot log in with password=hunter2\n",
        "utf-8",
    )
    analysis = cb.analyze(tmp_path / "bundle")
    assert [row["message"] for row in analysis.tables.rows("events")] == ["cannot log in with password=hunter2"]
    page = html_reading.report(analysis.report(parts=FORMAT.parts))
    assert "cannot log in with password=<secret>" in page.rows("fact-events")[0]
    assert "hunter2" not in page.text
