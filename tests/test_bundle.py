"""The reading pass as a whole: what is a bundle, and what is none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import calico_bundle as cb
from calico_bundle.bundle import read_bundle
from tests.sources.packing import tar_with

PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))
PROSE = b"# A project\n\nSome words about it.\n"
ROUTES = b"default via 10.0.0.1 dev eth0\n"
NAMESPACE = b"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"


def folder(place: Path, **files: bytes) -> Path:
    place.mkdir()
    for name, content in files.items():
        (place / name).write_bytes(content)
    return place


def refused(source: object) -> str:
    with pytest.raises(cb.NotABundleError) as caught:
        read_bundle(source)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert "`kubectl get -o yaml`" in str(caught.value)
    return str(caught.value)


def test_text_that_nobody_knows_is_no_bundle(tmp_path: Path):
    (tmp_path / "README.md").write_bytes(PROSE)
    expected = "README.md: 1 file, and it is not something this program knows; expected is what "
    assert refused(tmp_path / "README.md").startswith(expected)


def test_folder_with_a_picture_is_no_bundle(tmp_path: Path):
    found = refused(folder(tmp_path / "photos", one=PICTURE))
    assert found.startswith("photos: 1 file, and it is not something this program knows (binary data); ")


def test_folder_of_unknown_texts_is_no_bundle(tmp_path: Path):
    found = refused(folder(tmp_path / "notes", a=PROSE, b=PROSE, c=PICTURE))
    assert found.startswith("notes: 3 files, and none of them is something this program knows (1 x binary data); ")


def test_what_is_there_instead_is_listed_and_the_closest_format_named(tmp_path: Path):
    """Whoever packed a part of a known format sees which files arrived, and what they look like."""
    case = folder(tmp_path / "case", a=PROSE, b=PICTURE)
    (case / "sos_commands").mkdir()
    (case / "sos_commands" / "date").write_bytes(PROSE)
    with pytest.raises(cb.NotABundleError) as caught:
        cb.analyze(case)
    assert "; closest is sos report, which has sos_commands/ too; " in str(caught.value)
    assert caught.value.found == ("a: nothing known", "b: binary data", "sos_commands/date: nothing known")


def test_links_and_what_macos_leaves_are_among_the_files(tmp_path: Path):
    """-v lists every file of the bundle: they were not in the list, as if they had not arrived."""
    case = folder(tmp_path / "case", routes=b"default via 10.0.0.1 dev eth0\n")
    (case / "__MACOSX").mkdir()
    (case / "__MACOSX" / "._a").write_bytes(b"x")
    (case / ".DS_Store").write_bytes(b"x")
    (case / "again").symlink_to("routes")
    files = {f["path"]: f["not_read"] for f in cb.analyze(case).report()["bundle"]["files"]}
    assert files == {
        "routes": None,
        "again": "a link to routes",
        ".DS_Store": "left by macOS or Windows",
        "__MACOSX/._a": "left by macOS or Windows",
    }


def test_error_messages_alone_are_no_bundle(tmp_path: Path):
    error = b"error: unable to upgrade connection: container not found\n"
    assert "2 x an error message in place of output" in refused(folder(tmp_path / "failed", a=error, b=error))


def test_what_could_not_be_read_is_told_as_well(tmp_path: Path):
    broken = folder(tmp_path / "broken", a=PROSE)
    (broken / "b.txt").symlink_to("nowhere")
    assert "; not read: b.txt: " in refused(broken)


def test_one_known_file_among_others_is_a_bundle(tmp_path: Path):
    bundle = read_bundle(folder(tmp_path / "mixed", a=PROSE, b=PICTURE, c=ROUTES))
    assert [a.kind for a in bundle.artifacts] == [None, None, "ip-route"]


def test_several_inputs_are_refused_only_when_all_together_hold_nothing(tmp_path: Path):
    prose, routes = folder(tmp_path / "left", a=PROSE), folder(tmp_path / "right", a=ROUTES)
    more = folder(tmp_path / "more", a=PROSE)
    assert len(read_bundle([prose, routes]).artifacts) == len([prose, routes])
    assert refused([prose, more]).startswith("left, more: 2 files, ")


def test_objects_without_calico_are_a_bundle():
    assert cb.analyze(io.BytesIO(NAMESPACE)).verdict.status == "inconclusive"


@pytest.mark.parametrize("source", [5, None, [5], {"a": 1}, b"kind: List"])
def test_what_is_no_input_is_refused_with_what_would_be(source: object):
    with pytest.raises(cb.UsageError, match="expected a path, a directory or a binary file object"):
        cb.analyze(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("container, gaps", [("velero", 0), ("calico-node", 1)])
def test_what_another_program_logged_is_no_error_of_the_collector(tmp_path: Path, container: str, gaps: int):
    log = tmp_path / f"cluster-resources/pods/logs/shop/cart-0/{container}.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b'Error: unknown command "server" for "velero"\n')
    (tmp_path / "cluster-resources/namespaces.yaml").write_bytes(NAMESPACE)
    found = {one.path: one.parsed.gaps for one in read_bundle(tmp_path).artifacts}
    assert len(found[str(log.relative_to(tmp_path))]) == gaps


@pytest.mark.parametrize(
    "name,command",
    [("ip-route", "ip route"), ("ip_addr", "ip addr"), ("ip-rule", "ip rule"), ("sysctl", "sysctl -a")],
)
def test_a_file_that_is_not_what_its_name_says_is_a_gap(name: str, command: str):
    """With too many lines that are not understood the file was of no kind, and nobody was told."""
    text = "default via 10.0.0.1 dev eth0\n" + "".join(f"garbage of line {n}\n" for n in range(30))
    files = {f"nodes/n1/{name}.txt": text, f"nodes/n1/{name}-empty.txt": "", "nodes/n1/notes.txt": text}
    files["nodes.yaml"] = "apiVersion: v1\nkind: Node\nmetadata:\n  name: n1\n"
    found = read_bundle(io.BytesIO(tar_with(*((path, content.encode()) for path, content in files.items()))))
    gaps = [(a.path, gap.kind.value, gap.message) for a in found.artifacts for gap in a.parsed.gaps if "n1" in a.path]
    assert [gap[:2] for gap in gaps if "stands where" in gap[2]] == [(f"nodes/n1/{name}.txt", "not-understood")]
    assert f"`{command}`" in gaps[0][2]
