"""One file shown by a browser, which notes whatever a report must never do: load, complain, run what is not its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Nothing of the browser's own may look for a network either.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

WIDTHS = (1600, 360)
SCHEMES = ("light", "dark")

# Rows of one table are alike: axe looks at the first three of each, which keeps a page at some seconds.
_OTHER_ROWS = [["tbody tr:nth-child(n+4)"]]
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# Set by any hostile text that was run as a script.
HIT = "window.hit"

_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(event.effectiveDirective + " " + event.blockedURI);
});
"""


class Shown:
    """A page and what it did. `closed()` gives what a report must not do, in words."""

    def __init__(self, browser: Any, path: Path, *, width: int = 1600, scheme: str = "light", **more: Any) -> None:
        self.url = path.as_uri()
        self.noted: list[str] = []
        self._context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        # No test fails by the clock, on however busy a machine.
        self._context.set_default_timeout(300_000)
        self._context.add_init_script(_WATCH)
        self._context.route("**/*", self._let_through)
        self.page = self._context.new_page()
        self.page.on("request", self._requested)
        self.page.on("console", lambda said: self.noted.append(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.noted.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("popup", lambda other: self.noted.append(f"opened {other.url}"))
        self.page.goto(self.url)

    def _let_through(self, route: Any) -> None:
        if route.request.url == self.url:
            route.continue_()
        else:
            route.abort()

    def _requested(self, request: Any) -> None:
        # What is in a document's own text loads nothing: an image written out as `data:`.
        if request.url != self.url and not request.url.startswith("data:"):
            self.noted.append(f"asked for {request.url}")

    def _dialog(self, dialog: Any) -> None:
        self.noted.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def closed(self) -> list[str]:
        """Close the page, and say what it did that it must not do."""
        page = self.page
        if self._scripts():
            self.noted += [f"against its policy: {one}" for one in page.evaluate("window.violations")]
            if page.evaluate(f"typeof {HIT} !== 'undefined'"):
                self.noted.append("hostile text was run")
            if page.url.partition("#")[0] != self.url:
                self.noted.append(f"went to {page.url}")
        self._context.close()
        return self.noted

    def _scripts(self) -> bool:
        return bool(self.page.evaluate("Array.isArray(window.violations)"))

    def at(self, width: int, scheme: str) -> None:
        """Show the same page as another reader has it."""
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=scheme)

    def too_wide(self) -> list[str]:
        """What is so wide that the whole page would have to be moved sideways to read it."""
        return self.page.evaluate(
            """() => {
              const room = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= room) { return []; }
              const out = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > room + 1);
              return out.slice(0, 5).map((e) => e.tagName + " " + e.id + " " + e.className).concat("the page");
            }"""
        )

    def barriers(self, *rules: str, within: str = "html") -> list[str]:
        """What axe calls serious or critical: with all its rules, or with some of them."""
        from axe_playwright_python.sync_playwright import Axe

        only: Any = {"type": "rule", "values": list(rules)} if rules else _TAGS
        part = {"include": [[within]], "exclude": _OTHER_ROWS}
        found = Axe().run(self.page, context=part, options={"runOnly": only, "resultTypes": ["violations"]})
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
            for one in found.response["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"][:5]
        ]

    def said(self) -> str:
        """The text that can be seen."""
        return self.page.inner_text("body")

    def unfold(self) -> None:
        """Open all that is folded."""
        self.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    def rows(self, table: str) -> list[list[str]]:
        """The rows of a table that are shown, without the marks that stand beside the word of a status."""
        found = self.page.evaluate(
            """(id) => [...document.querySelectorAll("#table-" + id + "-rows tr")].map((row) => [...row.cells].map(
                 (cell) => (cell.querySelector("[data-status]") || {dataset: {}}).dataset.status || cell.textContent))""",
            table,
        )
        return [[cell.strip() for cell in row] for row in found]

    def status(self, table: str) -> str:
        """How many rows there are, as a screen reader is told."""
        return self.page.inner_text(f"#table-{table}-status")

    def focused(self) -> str:
        """What has the focus: its id, or its tag and text."""
        return self.page.evaluate(
            """() => {
              const has = document.activeElement;
              return has.id || has.tagName.toLowerCase() + " " + (has.textContent || has.value || "").trim().slice(0, 40);
            }"""
        )
