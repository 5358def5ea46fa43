"""The picture of a cluster, or of one path, as SVG: a file of its own, or a part of a page that has `STYLE` and the palette.

It loads nothing and runs nothing: no script, no link, no style attribute; every word of a bundle in it is text.
"""

from __future__ import annotations

from calico_bundle.report import Format, Style, View

TITLE = "Nodes, their cards and networks, and DNS lookups"
"""What every picture of a cluster is called."""


def svg(picture: View, *, narrow: bool = False, sheet: bool = True, headline: bool = True) -> str:
    """Draw a cluster from the part `picture` of a report.

    `narrow` is for screens of 360 pixels; without `sheet` it has no style sheet of its own, for pages that have `style()`
    and the palette; without `headline` the verdict is left out, for pages that say it elsewhere.
    """
    from calico_bundle.report.picture.cluster import draw_cluster

    return draw_cluster(picture, narrow=narrow, sheet=sheet, headline=headline)


def path_svg(trace: View, *, narrow: bool = False, sheet: bool = True, headline: bool = True) -> str:
    """Draw one path from a trace: the request, below it the reply, hop by hop, and where either stops."""
    from calico_bundle.report.picture.path import draw_path

    return draw_path(trace, narrow=narrow, sheet=sheet, headline=headline)


def style() -> str:
    """The style sheet of pages that hold pictures without one: it touches nothing but them, and takes the palette's colors."""
    from calico_bundle.report.picture.looks import style as rules

    return rules()


def render(report: View, _style: Style) -> str:
    """Draw the report's picture as a file of its own."""
    return svg(report["picture"])


def render_trace(trace: View, _style: Style) -> str:
    """Draw a path as a file of its own."""
    return path_svg(trace)


FORMAT = Format("svg", (".svg",), render, render_trace, lists_paths=False, parts=frozenset({"picture"}))
