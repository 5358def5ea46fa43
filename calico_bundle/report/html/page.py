"""From a report, or a trace, to one HTML document whose Content-Security-Policy forbids every load."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from calico_bundle.evidence import clean
from calico_bundle.report import View, picture, words
from calico_bundle.report.html import folding
from calico_bundle.report.html.grids import grids_of
from calico_bundle.report.palette import DARK, LIGHT, MARKS, css, properties, tone

if TYPE_CHECKING:
    from jinja2 import Environment

# What no HTML document may hold (HTML standard, 13.2.3.5): noncharacters and surrogates. Controls are taken out by `clean`.
_NOT_HTML = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(p * 65536 + 65534)}{chr(p * 65536 + 65535)}" for p in range(17))
    + "]"
)


_COMMAND = re.compile("`([^`]+)`")


def report_page(report: View) -> str:
    """Write a report as a document."""
    findings = folding.arranged(report["findings"])
    anchors = {alike[0].finding["code"]: alike[0].id for alike in findings}
    content = {"report": report, "findings": findings, "anchors": anchors, "grids": grids_of(report)}
    return _document("report.html", content, _drawn(picture.svg, report.get("picture")))


def trace_page(trace: View) -> str:
    """Write one path as a document."""
    return _document("trace.html", {"trace": trace}, _drawn(picture.path_svg, trace))


def _document(template: str, content: dict[str, Any], drawings: Sequence[str]) -> str:
    style, script = style_sheet(), _resource("report.js")
    page = {"style": style, "script": script, "policy": policy(style, script)}
    return _environment().get_template(template).render(page=page, drawings=drawings, **content)


def _drawn(draw: Callable[..., str], what: View | None) -> Sequence[str]:
    """The picture as SVG, for a wide and for a narrow screen: the style sheet shows one of them."""
    return [draw(what, narrow=narrow, sheet=False, headline=False) for narrow in (False, True)] if what else ()


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy of a document with this style sheet and this script, and nothing else.

    >>> policy("", "").split(";")[0]
    "default-src 'none'"
    """
    allowed = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def style_sheet() -> str:
    """The style sheet: the palette, with what the reader may choose instead, and the page's own rules."""
    chosen = "".join(
        f':root[data-theme="{name}"]{{color-scheme:{name};{properties(colors)}}}\n'
        for name, colors in (("light", LIGHT), ("dark", DARK))
    )
    return css() + picture.style() + f"@media screen{{\n{chosen}}}\n" + _resource("report.css")


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        loader=FunctionLoader(lambda name: _resource(f"templates/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    made.filters |= {
        "count": words.count, "fold": words.fold, "outcome": words.outcome, "tone": tone, "where": words.where,
        "is_elsewhere": words.is_elsewhere,
    }  # fmt: skip
    made.globals |= {"marks": MARKS, "pieces": pieces, "summary": words.summary, "trace_summary": words.trace_summary}
    made.globals |= {name: getattr(folding, name) for name in folding.__all__}
    return made


def shown(value: object) -> object:
    """What a template writes for a value: text without what a browser or a terminal acts upon; a dash for what is not known.

    >>> shown("eth1\\x1b[31m"), shown(None), shown(12)
    ('eth1', '-', 12)
    """
    if value is None:
        return "-"
    # Markup, which is made by this package's own templates, is a `str` of its own class.
    return as_text(value) if type(value) is str else value


def pieces(text: str) -> list[tuple[bool, str]]:
    """A sentence in pieces: those between backquotes are commands (true), the others words.

    >>> pieces("see `ip addr`")
    [(False, 'see '), (True, 'ip addr'), (False, '')]
    """
    return [(place % 2 == 1, part) for place, part in enumerate(_COMMAND.split(text))]


def as_text(text: str) -> str:
    """Text as a document may hold it.

    >>> as_text("a\\ud800b")
    'a\\ufffdb'
    """
    return text if text.isascii() and text.isprintable() else _NOT_HTML.sub("\ufffd", clean(text))
