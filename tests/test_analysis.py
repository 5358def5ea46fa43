"""`Analysis`, as a notebook uses it."""

from __future__ import annotations

import io
import json
import pickle

import pytest

import calico_bundle as cb
from tests.stories import story


@pytest.fixture(scope="module")
def incident() -> cb.Analysis:
    return cb.analyze(str(story("incident").path))


def test_verdict(incident: cb.Analysis):
    assert (incident.verdict.status, incident.verdict.root_causes) == ("broken", ("CB101",))
    assert "shop-worker-2" in incident.verdict.headline


def test_an_analysis_can_be_pickled_after_it_was_asked(incident: cb.Analysis):
    again = pickle.loads(pickle.dumps(incident))  # noqa: S301
    assert again.verdict == incident.verdict
    assert list(again.findings) == list(incident.findings)
    assert again.dns_paths.equals(incident.dns_paths)


def test_findings_by_place_by_code_and_by_name(incident: cb.Analysis):
    findings = incident.findings
    assert findings[0].code == "CB101"
    assert [f.code for f in findings["CB101"]] == [f.code for f in findings["wrong-bgp-source-ip"]] == ["CB101"]
    assert len(findings[:1]) == 1
    assert len(findings["CB102"]) == 0
    assert [f.code for f in findings] == [findings[i].code for i in range(len(findings))]


def test_findings_by_a_code_that_is_not_there(incident: cb.Analysis):
    with pytest.raises(cb.UnknownNameError, match="CB1"):
        incident.findings["CB199"]


def test_findings_show_themselves(incident: cb.Analysis):
    shown = repr(incident.findings)
    assert shown.startswith(f"<{len(incident.findings)} findings>")
    assert "error[CB101] node/shop-worker-2" in shown


def test_findings_as_a_frame(incident: cb.Analysis):
    frame = incident.findings.to_frame()
    assert list(frame.columns)[:4] == ["code", "name", "severity", "subject"]
    assert frame.loc[0, "code"] == "CB101"
    assert len(frame) == len(incident.findings)
    assert list(incident.findings["CB102"].to_frame().columns) == list(frame.columns)


def test_dns_paths_have_one_row_per_pod(incident: cb.Analysis):
    frame = incident.dns_paths
    paths = incident.report()["paths"]
    assert len(frame) == len(paths)
    assert frame["verdict"].value_counts().to_dict() == {"broken": 4, "not-applicable": 5, "reaches": 2}
    assert set(frame.loc[frame.verdict == "broken", "code"]) == {"CB101"}


def test_path_hop_by_hop(incident: cb.Analysis):
    path = incident.path("shop/cart-7d9f6c5b84-x2k4q", to="dns")
    assert path.verdict == "broken"
    assert path.broken_at == "shop-worker-1"
    assert path.hops
    assert "shop/cart" in repr(path)


def test_trace_as_plain_data(incident: cb.Analysis):
    trace = incident.trace("cart-7d9f6c5b84-x2k4q")
    assert (trace["verdict"], trace["reason"]["code"]) == ("broken", "CB101")
    assert [leg["to"]["node"] for leg in trace["endpoints"]] == ["shop-worker-2"] * 2
    assert json.loads(json.dumps(trace)) == trace
    between = incident.trace("shop-worker-1", "shop-worker-2")
    assert (between["verdict"], between["reason"]["code"]) == ("reaches", None)
    assert between["request"]["outcome"] == between["reply"]["outcome"] == "delivered"


def test_graph_is_a_networkx_graph(incident: cb.Analysis):
    import networkx as nx

    assert isinstance(incident.graph, nx.MultiDiGraph)
    assert incident.graph is incident.graph


def test_tables_are_frames(incident: cb.Analysis):
    assert len(incident.tables.nodes) == 3
    assert not incident.tables.routes.empty


def test_report_with_chosen_findings(incident: cb.Analysis):
    def codes(**chosen) -> list[str]:
        return [f["code"] for f in incident.report(**chosen)["findings"]]

    assert codes(select=["CB1"]) == codes(select=["cb101"]) == ["CB101"]
    assert "CB101" not in codes(ignore=["CB1"])
    assert codes(select=["CB1", "CB3"], ignore=["CB303"]) == ["CB101"]
    with pytest.raises(cb.UnknownNameError, match="CB7"):
        incident.report(select=["CB7"])
    with pytest.raises(cb.UnknownNameError):
        incident.report(ignore=["nonsense"])


def test_report_with_chosen_paths(incident: cb.Analysis):
    assert len(incident.report(paths="all")["paths"]) == 11
    assert {p["verdict"] for p in incident.report(paths="broken")["paths"]} == {"broken"}
    assert incident.report(paths="none")["paths"] == []
    assert incident.report(paths="none")["dns"] == incident.report(paths="all")["dns"]


def test_shows_itself_as_text_and_as_a_card(incident: cb.Analysis):
    assert repr(incident) == incident.to_text()
    card = incident._repr_html_()
    assert "CB101" in card
    assert "shop-worker-2" in card


def test_card_escapes_what_a_bundle_says():
    """Names come from customers' files, and Jupyter runs what it is given."""
    evil = "<img src=x onerror=alert(1)>"
    files = {p: c.decode().replace("shop-worker-2", evil) for p, c in story("incident").members() if "/cluster/" in p}
    import tarfile

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    card = cb.analyze(io.BytesIO(stream.getvalue()))._repr_html_()
    assert "<img src=x" not in card
    assert card.count("<img") == 1  # the picture, which is an image of its own


@pytest.mark.parametrize("ending, beginning", [("json", "{"), ("txt", "broken")])
def test_save_takes_the_format_from_the_ending(incident: cb.Analysis, tmp_path, ending: str, beginning: str):
    path = tmp_path / f"report.{ending}"
    incident.save(str(path))
    assert path.read_text().startswith(beginning)


def test_save_refuses_an_ending_it_does_not_know(incident: cb.Analysis, tmp_path):
    with pytest.raises(cb.UsageError):
        incident.save(str(tmp_path / "report.docx"))
    assert not list(tmp_path.iterdir())


# --- how it is opened -----------------------------------------------------------------------------------------------


def test_parts_of_one_cluster_are_merged(tmp_path):
    """Rancher, sos and `calicoctl node diags` make one archive per node."""
    root = story("incident-by-hand").path
    assert root is not None
    whole = cb.analyze(str(root)).report()
    members = story("incident-by-hand").members()
    left, right = tmp_path / "left", tmp_path / "right"
    for i, (path, content) in enumerate(members):
        target = (left if "worker-2" in path or i == 0 else right) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    merged = cb.analyze([str(left), str(right)]).report()
    assert merged["bundle"]["inputs"] == ["left", "right"]
    assert merged["verdict"] == whole["verdict"]
    assert merged["dns"]["paths"] == whole["dns"]["paths"]
    assert all(e["path"].startswith(("left!/", "right!/")) for f in merged["findings"] for e in f["evidence"])


def test_stream_is_an_input():
    analysis = cb.analyze(io.BytesIO(story("healthy").archive()))
    assert analysis.verdict.status == "healthy"
    assert analysis.report()["bundle"]["inputs"] == ["-"]


def progress_of(source) -> list[tuple[int, int | None, str]]:
    seen: list[tuple[int, int | None, str]] = []
    cb.analyze(source, progress=lambda *told: seen.append(told))
    return seen


def test_progress_is_told(tmp_path):
    archive = tmp_path / "healthy.tar.gz"
    archive.write_bytes(story("healthy").archive())
    *reading, joining, following = progress_of(archive)
    size = archive.stat().st_size
    assert {total for _, total, _ in reading} == {size}
    counts = [done for done, _, _ in reading]
    assert counts == sorted(counts)
    assert {path for path, _ in story("healthy").members()} >= {what for _, _, what in reading if what}
    assert (joining, following) == (
        (size, size, "joining what was read"),
        (size, size, "following the paths of pods"),
    )


def test_progress_of_a_pipe_knows_no_end_until_it_is_there():
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            return self._data.readinto(buffer)

    *reading, joining, following = progress_of(Pipe(story("healthy").archive()))
    assert {total for _, total, _ in reading} == {None}
    for done, total, _ in (joining, following):
        assert done == total == reading[-1][0] > 0


def test_dns_by_name():
    path = str(story("healthy").path)
    assert cb.analyze(path, dns="kube-system/kube-dns").verdict.status == "healthy"
    with pytest.raises(cb.UnknownNameError, match="did you mean"):
        cb.analyze(path, dns="kube-system/kube-dsn")
    with pytest.raises(cb.UsageError):
        cb.analyze(path, dns="kube-dns")


@pytest.mark.parametrize("source", ["not-there.tar.gz", []])
def test_nothing_to_read(source):
    with pytest.raises(cb.NotABundleError):
        cb.analyze(source)


def test_every_error_is_a_bundle_error():
    for error in (cb.NotABundleError, cb.UnknownNameError, cb.AmbiguousNameError, cb.UsageError):
        assert issubclass(error, cb.BundleError)


@pytest.mark.parametrize("place", ["no/such/folder/report.json", "folder.json", "a\0b.json"])
def test_place_that_cannot_be_written_to_is_named_as_it_was_given(incident: cb.Analysis, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(cb.UsageError) as caught:
        incident.save(place)
    assert str(caught.value).startswith(f"cannot write {place}: ")
    assert ".part" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_the_headline_tells_paths_that_fail_now_and_then_from_those_that_fail():
    """The contract: of a degraded path some endpoints answer, so that lookups time out now and then."""
    split = cb.analyze(io.BytesIO(story("dns-split").archive()))
    assert split.report()["dns"]["paths"]["degraded"] == 10
    assert split.verdict.headline.startswith("10 of 10 DNS paths fail now and then: ")
