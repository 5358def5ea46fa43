"""Reads an HTML report with a parser that knows nothing of this project, as a browser would."""

import base64
import hashlib
import json
import re

from justhtml import JustHTML

from calico_bundle.report import Style
from calico_bundle.report.html import FORMAT


class Page:
    """One document, parsed by the rules of the HTML standard; an error of its syntax is raised."""

    def __init__(self, text: str, *, scripting: bool = True) -> None:
        self.text = text
        self._document = JustHTML(text, sanitize=False, strict=True, scripting_enabled=scripting)

    def all(self, selector: str) -> list:
        return self._document.query(selector)

    def one(self, selector: str):
        (found,) = self.all(selector)
        return found

    def words(self, selector: str = "body") -> str:
        return words(self.one(selector))

    def elements(self) -> list:
        return self.all("*")

    def rows(self, table: str) -> list[list[str]]:
        """All rows of a table: as they stand, or out of the data that the script draws."""
        data = self.all(f"#table-{table}-data")
        if data:
            return unpacked(json.loads(text_of(data[0])))
        return [[words(cell) for cell in row.query("td")] for row in self.all(f"#table-{table}-rows tr")]


def text_of(element) -> str:
    return element.to_text(separator="", strip=False)


def words(element) -> str:
    """The text of an element, as it reads: without the marks that stand beside the word of a status."""
    return " ".join("".join(_said(element)).split())


def _said(element):
    for child in element.children or ():
        if child.name == "#text":
            yield child.data
        elif child.attrs.get("aria-hidden") != "true":
            yield from _said(child)


def unpacked(data: dict) -> list[list[str]]:
    """The rows of a large table: written anew here, from what the documentation of `Grid.packed` says."""
    columns = [
        [column["values"][place] for place in column["at"]] if "at" in column else column["cells"]
        for column in data["columns"]
    ]
    rows = zip(*columns, strict=True)
    return [[first, *(cell.replace(data["own"], first) for cell in others)] for first, *others in rows]


def report(view: dict) -> Page:
    return Page(FORMAT.render(view, Style()))


def trace(view: dict) -> Page:
    return Page(FORMAT.render_trace(view, Style()))


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(page: Page) -> dict[str, str]:
    content = page.one('meta[http-equiv="Content-Security-Policy"]').attrs["content"]
    return dict(re.split(r"\s+", part.strip(), maxsplit=1) for part in content.split(";"))
