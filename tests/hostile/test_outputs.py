"""Names and texts of a bundle are data in every output: no markup, nothing a terminal obeys, and no secret."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

import calico_bundle as cb
from calico_bundle.commands.table_formats import as_csv, as_json
from calico_bundle.evidence import clean
from calico_bundle.report import Style, formats
from tests.shown import SHOWN
from tests.sources.packing import tar_with

HOSTILE = "[red]x[/red]\x1b[31m\x1b]0;title\x07<script>alert(1)</script>{{7*7}}\u202e"
SECRET = "hunter2Hunter2hunter2"  # noqa: S105 - what must never be seen
KEY_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINE}\n{KEY_LINE}\n-----END RSA PRIVATE KEY-----\n"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"  # noqa: S105 - made up

NODES = f"""apiVersion: v1
kind: List
items:
- kind: Node
  apiVersion: v1
  metadata:
    name: n1
    labels: {{zone: {json.dumps(HOSTILE)}}}
  status: {{addresses: [{{type: InternalIP, address: {json.dumps(HOSTILE)}}}]}}
- kind: Pod
  apiVersion: v1
  metadata: {{name: {json.dumps(HOSTILE)}, namespace: {json.dumps(HOSTILE)}}}
  spec: {{nodeName: {json.dumps(HOSTILE)}}}
  status: {{podIP: 10.244.0.9, phase: Running}}
- kind: Service
  apiVersion: v1
  metadata: {{name: kube-dns, namespace: kube-system}}
  spec: {{clusterIP: {json.dumps(HOSTILE)}, type: {json.dumps(HOSTILE)}}}
- kind: Secret
  apiVersion: v1
  metadata: {{name: s}}
  stringData: {{password: {SECRET}, tls.key: {json.dumps(PEM)}}}
"""
KUBECONFIG = f"""apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "https://admin:{SECRET}@10.0.0.1"}}}}]
users: [{{name: u, user: {{client-key-data: {KEY_LINE}, token: {TOKEN}, password: {SECRET}}}}}]
"""
ROUTES = f"default via 10.0.1.1 dev eth0\n10.0.0.0/8 {HOSTILE}\n10.1.0.0/16 password={SECRET} dev eth0\n{PEM}{TOKEN}\n"
LOG = (
    "2026-01-01 00:00:00.000 [INFO][1] startup/startup.go 1: "
    f"Using autodetected IPv4 address on interface {HOSTILE}: 10.0.1.12/24\n"
)
ADDRESSES = f"1: lo: <UP> mtu 1500 state UP\n    inet 1.2.3.4/8 scope {HOSTILE}\n    inet token={SECRET}\n{PEM}"
ERROR = f"Error from server (Forbidden): Authorization: Bearer {SECRET} {HOSTILE}\n"


@pytest.fixture(scope="module")
def analysis() -> cb.Analysis:
    files = {
        "nodes.yaml": NODES,
        "n1/ip-route.txt": ROUTES,
        "n1/ip-addr.txt": ADDRESSES,
        "n1/rule.txt": ERROR,
        f"n1/{HOSTILE}.log": LOG,
        "kubeconfig": KUBECONFIG,
        "broken.yaml": f"apiVersion: v1\nkind: Node\nmetadata:\n  name: [password: {SECRET}\n  token: {TOKEN}\n",
        "key.pem": PEM,
    }
    return cb.analyze(io.BytesIO(tar_with(*((name, text.encode()) for name, text in files.items()))))


def shown_in_a_notebook(analysis: cb.Analysis) -> dict[str, Any]:
    """Whatever an analysis gives that shows itself."""
    shown = {name: getattr(analysis, name) for name in SHOWN} | {"graph with pods": analysis.graph_with(pods=True)}
    for name in ("findings", "hypotheses"):
        shown |= {f"{name} {at}": one for at, one in enumerate(getattr(analysis, name))}
    return shown | {"path from n1": analysis.path("n1"), "path between": analysis.path("n1", "10.244.0.9")}


def texts(analysis: cb.Analysis) -> Iterator[tuple[str, str]]:
    """Every output there is, by name."""
    for known in formats():
        report = analysis.report(parts=known.parts)
        for color in (False, True):
            shown = known.render(report, Style(80, color, True, False))
            yield f"{known.name}, color {color}", shown if isinstance(shown, str) else shown.decode()
    yield "text", analysis.to_text()
    yield "card", analysis._repr_html_()
    for name, shown in shown_in_a_notebook(analysis).items():
        yield f"{name} as a page", shown._repr_html_()
        yield f"{name} as text", repr(shown)
    for name in analysis.tables.names:
        yield f"table {name}", "\n".join(map(str, analysis.tables.rows(name)))
        yield f"csv {name}", as_csv(analysis, name)
        yield f"json {name}", as_json(analysis, name)
    yield "verdict", repr(analysis)


def test_terminal_and_page_get_nothing_to_obey(analysis: cb.Analysis):
    for name, shown in texts(analysis):
        if name in ("text", "text, color False", "verdict") or name.endswith(" as text"):
            assert clean(shown.replace("\n", "")) == shown.replace("\n", ""), name
        assert "\x1b]0" not in shown, name
        assert "\x1b[31mx" not in shown, name
        if "<div" in shown or "<table" in shown or name.endswith(" as a page"):
            assert "<script>alert" not in shown, name


def test_markup_is_shown_as_it_stands(analysis: cb.Analysis):
    """Text that is markup elsewhere is not lost either: somebody has to be able to find the file."""
    assert "[red]x[/red]" in analysis.to_text() or "[red]x[/red]" in json.dumps(analysis.report())
    shown = dict(texts(analysis))["text, color True"]
    assert "[red]x[/red]" in shown.replace("\n", "")
    assert "{{7*7}}" in html.unescape(shown)


@pytest.mark.parametrize("secret", [SECRET, KEY_LINE, TOKEN], ids=["password", "private-key", "token"])
def test_no_output_has_a_secret(analysis: cb.Analysis, secret: str):
    for name, shown in texts(analysis):
        at = shown.find(secret)
        assert at < 0, (name, shown[max(at - 300, 0) : at + 60])
