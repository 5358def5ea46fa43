"""Build the documentation site out of docs/: pages that need no server, no network and no script of anybody else.

    python -m tools.site OUT      build it into the folder OUT, and the manual page OUT/man/bundle-analyze.1

Any warning fails, and any request that a page would make.

As an extension of Sphinx (docs/conf.py) this adds what only the site needs while a page is read, so that the pages
stay plain Markdown: the tables of contents, out of the very links of a page, and the API below docs/python-api.md.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.docs_examples import ROOT

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

DOCS = ROOT / "docs"
_SECTION = re.compile(r"(?ms)^## (?P<title>[^\n]+)\n(?P<body>.*?)(?=^## |\Z)")
_ENTRY = re.compile(r"(?m)^\* \[[^\]]+\]\((?P<page>[\w./-]+)\.md\)")
# What a browser fetches by itself when it opens a page; a link that waits for a click is none of it.
_FETCHED = {"src", "srcset", "poster", "data", "action", "formaction"}
_FETCHING_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "manifest",
    "modulepreload",
}
_OUTSIDE = re.compile(r"(?i)^\s*(?:[a-z][a-z0-9+.-]*:)?//")
_IN_STYLE = re.compile(r"""(?i)(?:url\(\s*["']?|@import\s+["'])\s*((?:[a-z]+:)?//[^"')\s]+)""")


# --- what is added to the pages --------------------------------------------------------------------------------------


def with_contents(text: str) -> str:
    """The index page with one table of contents for each of its headings, of the pages that stand below it.

    >>> print(with_contents("## How to\\n\\n* [Add a check](add-a-check.md): x\\n"))
    ## How to
    <BLANKLINE>
    * [Add a check](add-a-check.md): x
    <BLANKLINE>
    ```{toctree}
    :hidden:
    :caption: How to
    <BLANKLINE>
    add-a-check
    ```
    <BLANKLINE>
    """
    contents = ((found["title"], _ENTRY.findall(found["body"])) for found in _SECTION.finditer(text))
    return text + "".join(_contents(pages, f":caption: {title}") for title, pages in contents if pages)


def _contents(pages: Sequence[str], option: str) -> str:
    return "\n```{toctree}\n" + "\n".join([":hidden:", option, "", *pages]) + "\n```\n"


def with_api(text: str) -> str:
    """The page on Python with the signature and the words of every public name below it."""
    package = importlib.import_module("calico_bundle")
    parts = []
    for name in sorted(package.__all__):
        thing = getattr(package, name)
        if isinstance(thing, str):
            continue
        kind = "function" if not isinstance(thing, type) else "exception" if issubclass(thing, Exception) else "class"
        option = {"class": "\n   :members:\n", "exception": "\n   :show-inheritance:\n"}.get(kind, "")
        parts.append(f".. auto{kind}:: calico_bundle.{name}{option}\n")
    return text + "\n## Every public name\n\n```{eval-rst}\n" + "\n".join(parts) + "```\n"


def _add(_app: Sphinx, page: str, source: list[str]) -> None:
    if page == "index":
        source[0] = with_contents(source[0])
    elif page == "checks":
        source[0] += _contents(sorted(f"checks/{path.stem}" for path in (DOCS / "checks").glob("*.md")), ":maxdepth: 1")
    elif page == "python-api":
        source[0] = with_api(source[0])


def _without_links(app: Sphinx, tree: nodes.document, _page: str) -> None:
    """A manual page leads nowhere: of a link the words are left."""
    from docutils import nodes

    if app.builder.name == "man":
        for link in list(tree.findall(nodes.reference)):
            link.replace_self(link.children)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", _add)
    app.connect("doctree-resolved", _without_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


# --- what a built page would fetch -----------------------------------------------------------------------------------


class _Requests(HTMLParser):
    """Collects what a browser would load from elsewhere when it opens a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        fetched = {name for name in given if name in _FETCHED}
        if tag == "link" and _FETCHING_LINKS & set(given.get("rel", "").lower().split()):
            fetched.add("href")
        self.found += [f"<{tag} {name}={given[name]}>" for name in sorted(fetched) if _OUTSIDE.match(given[name])]
        self.found += _IN_STYLE.findall(given.get("style", ""))


def requests_of(html: str) -> list[str]:
    """What a page would load from elsewhere.

    >>> requests_of('<a href="https://example.org">fine</a><img src="//example.org/a.png">')
    ['<img src=//example.org/a.png>']
    """
    parser = _Requests()
    parser.feed(html)
    return parser.found


def requests(site: Path) -> Iterator[str]:
    """What the pages and style sheets of a built site would load from elsewhere, each with its file."""
    for path in sorted(site.rglob("*")):
        if path.suffix == ".html":
            found = requests_of(path.read_text(encoding="utf-8"))
        elif path.suffix == ".css":
            found = _IN_STYLE.findall(path.read_text(encoding="utf-8"))
        else:
            continue
        yield from (f"{path.relative_to(site).as_posix()}: loads {one}" for one in found)


# --- the command -----------------------------------------------------------------------------------------------------


def build(out: Path) -> int:
    """Build the site and the manual page; 0 when there was no warning."""
    from sphinx.cmd.build import main as sphinx

    with tempfile.TemporaryDirectory() as work:
        options = ["-q", "-W", "--keep-going", "-n", "-d", work, str(DOCS)]
        return sphinx(["-b", "html", *options, str(out)]) or sphinx(["-b", "man", *options, str(out / "man")])


def main(arguments: Sequence[str] | None = None) -> int:
    """Build; 1 when a page has a warning or would load something."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description="Build the documentation site.")
    parser.add_argument("out", type=Path, help="the folder to write it to")
    out = parser.parse_args(arguments).out
    if build(out):
        return 1
    found = list(requests(out))
    print("\n".join(found) or f"built without warnings: {out / 'index.html'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
