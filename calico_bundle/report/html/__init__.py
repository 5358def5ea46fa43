"""The report as one HTML file that needs nothing but itself: no network, no server, no other file."""

from __future__ import annotations

from calico_bundle.report import Format, Style, View


def _render(report: View, style: Style) -> str:
    # jinja2 is imported here, because `--help` imports every format to name it.
    from calico_bundle.report.html.page import report_page

    del style
    return report_page(report)


def _render_trace(trace: View, style: Style) -> str:
    from calico_bundle.report.html.page import trace_page

    del style
    return trace_page(trace)


FORMAT = Format(
    name="html",
    suffix=(".html",),
    render=_render,
    render_trace=_render_trace,
    lists_paths=False,
    parts=frozenset({"picture", "path_groups", "tables"}),
)
