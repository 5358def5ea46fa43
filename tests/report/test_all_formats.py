"""Every format says the same of every story: each is read back by a reader that knows nothing of this project."""

import json
import re
from collections import Counter
from functools import cache
from itertools import pairwise
from xml.etree.ElementTree import fromstring

import junitparser
import pytest
from markdown_it import MarkdownIt

from calico_bundle.cli import program
from calico_bundle.report import formats
from tests.report.html_reading import Page, words
from tests.stories import load_stories, story

NAMES = [told.name for told in load_stories()]
COUNTS = ("reaches", "degraded", "broken", "unknown", "not_applicable")
# No paths at all are said in other words.
SUMMARY = re.compile(r"[\d,]+ reach|0 of 0 paths")
ENDINGS = {
    "text": "txt",
    "json": "json",
    "html": "html",
    "markdown": "md",
    "junit": "xml",
    "sarif": "sarif",
    "svg": "svg",
}


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """All formats of a story by name, as one run of the command wrote them; and the exit status of that run."""

    @cache
    def run(name: str) -> tuple[dict[str, str], int]:
        folder = tmp_path_factory.mktemp(name)
        paths = {known: folder / f"report.{ending}" for known, ending in ENDINGS.items()}
        outputs = [part for path in paths.values() for part in ("-o", str(path))]
        status = exit_status([bundle(name, folder), *outputs])
        return {known: path.read_text("utf-8") for known, path in paths.items()}, status

    return run


def bundle(name: str, folder) -> str:
    told = story(name)
    if told.path:
        return str(told.path)
    (folder / "cut.tar.gz").write_bytes(told.archive())
    return str(folder / "cut.tar.gz")


def exit_status(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as left:
        program.main(arguments)
    return int(left.value.code or 0)


# --- what each format says, read back: status, headline, root causes, counts of paths, and the findings' codes ------------


def read_json(text: str) -> dict:
    report = json.loads(text)
    verdict, paths = report["verdict"], report["dns"]["paths"]
    return said(
        verdict["status"], verdict["headline"], verdict["root_causes"], paths, [f["code"] for f in report["findings"]]
    )


def read_html(text: str) -> dict:
    page = Page(text)
    (box,) = page.all("#verdict")
    counts = {one.attrs["data-count"]: words(one.query("dd")[0]) for one in page.all("[data-count]")}
    roots = [one.attrs["data-code"] for one in page.all(".roots li")]
    codes = [one.attrs["data-code"] for one in page.all(".finding")]
    return said(box.attrs["data-status"], words(page.one(".headline")), roots, counts, codes)


def read_junit(text: str) -> dict:
    (suite,) = junitparser.JUnitXml.fromstring(text.encode())
    about = {one.name: one.value for one in suite.properties()}
    counts = {key: about[f"paths_{key}"] for key in COUNTS}
    codes = [case.name.split()[0] for case in suite if has_finding(case)]
    return said(about["status"], about["headline"], about["root_causes"].split(), counts, codes)


def has_finding(case) -> bool:
    """Whether a case is of a finding: it says something with lines of its own, and is not the verdict's."""
    told = [*(one.text for one in case.result), case.system_out]
    return case.name != "verdict cluster" and any(told)


def read_sarif(text: str) -> dict:
    (run,) = json.loads(text)["runs"]
    verdict = run["properties"]["verdict"]
    codes = [one["ruleId"] for one in run["results"]]
    return said(verdict["status"], verdict["headline"], verdict["root_causes"], run["properties"]["paths"], codes)


def read_markdown(text: str) -> dict:
    tokens = MarkdownIt("commonmark").parse(text)
    shown = [plain(token) for token in tokens if token.type == "inline"]
    title = next(line for line in shown if line.startswith("Cluster DNS: "))
    roots = next((line for line in shown if line.startswith("Root cause: ")), "")
    headings = [plain(after) for token, after in pairwise(tokens) if token.type == "heading_open"]
    codes = re.findall(r"(?m)^(?:error|warning|info) (CB\d{3}) ", "\n".join(headings))
    summary = next(line for line in shown if SUMMARY.match(line))
    return said(title.split()[-1], shown[1], re.findall(r"CB\d{3}", roots), summarized(summary), codes)


def plain(token) -> str:
    return "".join(
        part.content if part.type in ("text", "code_inline") else " " * (part.type == "softbreak")
        for part in token.children
    )


def read_text(text: str) -> dict:
    lines = text.splitlines()
    head = " ".join(
        " ".join(lines[: lines.index(next(line for line in lines if line.startswith("  bundle: ")))]).split()
    )
    status, _, headline = head.partition(": ")
    roots = next((line for line in lines if line.startswith("  root cause: ")), "")
    codes = [code for line in lines for code in re.findall(r"^(?:error|warning|info)\[(CB\d{3})\]", line)]
    return said(status, headline, re.findall(r"CB\d{3}", roots), summarized(lines[-1]), codes)


def summarized(line: str) -> dict[str, int]:
    """The last line of a text report: what is not mentioned is none."""
    count = lambda pattern: int((re.search(pattern, line) or ["", "0"])[1].replace(",", ""))  # noqa: E731
    return {
        "reaches": count(r"([\d,]+) reach"),
        "degraded": count(r"([\d,]+) degraded"),
        "broken": count(r"([\d,]+) broken"),
        "unknown": count(r"([\d,]+) unknown"),
        "not_applicable": count(r"\(([\d,]+) pods? do(?:es)? not use"),
    }


def said(status: str, headline: str, roots, counts, codes) -> dict:
    numbers = {key: int(str(counts[key]).replace(",", "")) for key in COUNTS}
    # Backquotes mark commands in sentences; a page shows those as code.
    headline = " ".join(headline.replace("`", "").split())
    return {"status": status, "headline": headline, "roots": list(roots), "paths": numbers, "codes": Counter(codes)}


READERS = {
    "text": read_text, "html": read_html, "markdown": read_markdown, "junit": read_junit, "sarif": read_sarif,
}  # fmt: skip


def test_every_format_has_a_reader_here():
    assert {known.name for known in formats()} == {*READERS, "json", "svg"}


@pytest.mark.parametrize("name", NAMES)
def test_every_format_says_the_same(name, written):
    texts, _ = written(name)
    wanted = read_json(texts["json"])
    for known, read in READERS.items():
        assert (known, read(texts[known])) == (known, wanted)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_begins_with_the_verdict(name, written):
    texts, _ = written(name)
    wanted = read_json(texts["json"])
    drawing = fromstring(texts["svg"])  # noqa: S314 - this program wrote it
    drawn = " ".join("".join(line.itertext()) for line in drawing.iter("{http://www.w3.org/2000/svg}text"))
    assert drawn.replace("`", "").startswith(f"{wanted['status']}: {wanted['headline']}")


@pytest.mark.parametrize("name", NAMES)
def test_the_exit_status_is_what_the_report_says(name, written):
    # Section 1 of the contract: 1 for an error, 3 where nothing was found and data is missing, else 0.
    texts, status = written(name)
    report = json.loads(texts["json"])
    errors = [one for one in report["findings"] if one["severity"] == "error"]
    assert status == (1 if errors else 3 if report["verdict"]["status"] == "inconclusive" else 0)


@pytest.mark.parametrize("known", ENDINGS)
@pytest.mark.parametrize("name, status", [("incident", 1), ("healthy", 0), ("redacted", 3)])
def test_every_format_gives_the_same_exit_status(name, status, known, capsys):
    assert exit_status([str(story(name).path), "-f", known]) == status
    assert capsys.readouterr().out
