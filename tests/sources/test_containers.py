"""Every kind of container gives back the bytes that went in, at any depth, from a file, a stream and a directory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.errors import NotABundleError, UsageError
from calico_bundle.evidence import Gap, GapKind
from calico_bundle.sources import Limits, deflate, read_members
from calico_bundle.sources.opening import Input

SAMPLES = Path(__file__).resolve().parents[2] / "../shared/samples"
FILES = {
    "bundle/nodes.yaml": b"kind: NodeList\n",
    "bundle/empty.txt": b"",
    "bundle/n1/ip-route.txt": b"default via 10.0.0.1 dev eth0\n" * 700,
    "bundle/" + "long/" * 60 + "name.log": b"\x00\xff binary",
    "bundle/\u00e9t\u00e9.txt": b"x",
}


def read(source: Input, limits: Limits | None = None) -> tuple[dict[str, bytes], list[Gap]]:
    gaps: list[Gap] = []
    members: dict[str, bytes] = {}
    for member in read_members(source, limits=limits or Limits(), on_gap=gaps.append):
        assert member.path not in members
        members[member.path] = member.read()
    return members, gaps


def tar_of(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class Pipe(io.RawIOBase):
    """Standard input as a pipe: no seeking, and fewer bytes at a time than asked for."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._left = data

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        count = min(size, 777) if size >= 0 else len(self._left)
        piece, self._left = self._left[:count], self._left[count:]
        return piece


PACKERS = {
    "tar": tar_of,
    "tar-gnu": lambda files: tar_of(files, tarfile.GNU_FORMAT),
    "tar.gz": lambda files: gzip.compress(tar_of(files)),
    "tar.bz2": lambda files: bz2.compress(tar_of(files)),
    "tar.xz": lambda files: lzma.compress(tar_of(files)),
    "zip": zip_of,
    "zip-stored": lambda files: zip_of(files, zipfile.ZIP_STORED),
    "zip-bzip2": lambda files: zip_of(files, zipfile.ZIP_BZIP2),
}


@pytest.mark.parametrize("kind", PACKERS)
def test_archive_gives_back_what_went_in(kind: str, tmp_path: Path) -> None:
    packed = PACKERS[kind](FILES)
    path = tmp_path / "no-suffix-that-tells"
    path.write_bytes(packed)
    assert read(path) == (FILES, [])
    assert read(str(path)) == (FILES, [])
    assert read(io.BytesIO(packed)) == (FILES, [])
    assert read(Pipe(packed)) == (FILES, [])


@pytest.mark.parametrize("kind", PACKERS)
def test_members_come_in_the_order_of_the_archive_and_can_be_left_unread(kind: str) -> None:
    gaps: list[Gap] = []
    listed = [(m.path, m.size) for m in read_members(Pipe(PACKERS[kind](FILES)), on_gap=gaps.append)]
    assert listed == [(path, len(data)) for path, data in FILES.items()]
    assert gaps == []


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.from_regex(r"\A[a-z]{1,8}(/[a-z]{1,8}){0,2}\.txt\Z"), st.binary(max_size=3000), min_size=1),
    st.sampled_from(sorted(PACKERS)),
    st.sampled_from(sorted(PACKERS)),
)
def test_archive_in_archive(files: dict[str, bytes], inner: str, outer: str) -> None:
    # Content that is itself an archive, by chance of the generator, would rightly be opened.
    files = {name: b"#" + data for name, data in files.items()}
    packed = PACKERS[outer]({"a.txt": b"before", "deep/inner.bin": PACKERS[inner](files), "z.txt": b"after"})
    expected = {"a.txt": b"before", **{f"deep/inner.bin!/{n}": d for n, d in files.items()}, "z.txt": b"after"}
    assert read(Pipe(packed)) == (expected, [])


def test_directory_is_sorted_and_opens_its_archives(tmp_path: Path) -> None:
    files = {
        "b/x.txt": b"1",
        "b-c/x.txt": b"2",
        "a.zip": zip_of({"in.txt": b"3"}),
        "c.tgz": gzip.compress(tar_of(FILES)),
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    members, gaps = read(tmp_path)
    assert list(members) == ["a.zip!/in.txt", "b/x.txt", "b-c/x.txt", *(f"c.tgz!/{name}" for name in FILES)]
    assert members["b-c/x.txt"] == b"2"
    assert gaps == []


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_log_keeps_its_path(compress) -> None:
    log = b"2024-01-01 [INFO] startup\n" * 5000
    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[compress]
    files = {f"logs/1.log{suffix}": compress(log), "logs/kubelet_logs": compress(log), "logs/2.log": b"plain"}
    members, gaps = read(Pipe(gzip.compress(tar_of(files))))
    expected = {f"logs/1.log{suffix}!/1.log": log, "logs/kubelet_logs!/kubelet_logs": log, "logs/2.log": b"plain"}
    assert members == expected
    assert gaps == []


def test_compressed_single_file_is_a_bundle_of_one(tmp_path: Path) -> None:
    path = tmp_path / "pods.yaml.gz"
    path.write_bytes(gzip.compress(b"kind: PodList\n"))
    sizes = {m.path: m.size for m in read_members(path, on_gap=lambda _: None)}
    assert sizes == {"pods.yaml": 14}
    assert read(path)[0] == {"pods.yaml": b"kind: PodList\n"}


def test_plain_text_file_is_a_bundle_of_one(tmp_path: Path) -> None:
    path = tmp_path / "nodes.yaml"
    path.write_bytes(b"apiVersion: v1\n")
    assert read(path) == ({"nodes.yaml": b"apiVersion: v1\n"}, [])
    assert read(Pipe(b"apiVersion: v1\n")) == ({"input": b"apiVersion: v1\n"}, [])


def test_streams_put_together_are_read_to_the_end() -> None:
    packed = tar_of(FILES)
    in_two = gzip.compress(packed[:3000]) + gzip.compress(packed[3000:]) + b"\0" * 100
    assert read(io.BytesIO(in_two)) == (FILES, [])
    two_archives = tar_of({"a.txt": b"1"}) + tar_of({"b.txt": b"2"})
    assert read(io.BytesIO(two_archives)) == ({"a.txt": b"1", "b.txt": b"2"}, [])


def test_tar_from_before_posix_has_no_magic_and_is_known_by_its_checksum() -> None:
    header = bytearray(tarfile.TarInfo("old.txt").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"%011o\0" % 3
    header[257:] = bytes(255)
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    packed = bytes(header) + b"abc".ljust(512, b"\0") + bytes(1024)
    assert read(io.BytesIO(packed)) == ({"old.txt": b"abc"}, [])


def test_zip_names_of_windows_and_of_writers_that_do_not_declare_utf8() -> None:
    packed = zip_of({"logs_n1.txt": b"1", "x\u00e9x.txt": b"2"})
    windows = packed.replace(b"logs_n1.txt", b"logs\\n1.txt")
    at = windows.index(b"PK\x01\x02")
    windows = windows[: at + 5] + b"\0" + windows[at + 6 :]
    undeclared = windows.replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00")
    assert read(io.BytesIO(undeclared))[0] == {"logs/n1.txt": b"1", "x\u00e9x.txt": b"2"}


def test_without_isal_zlib_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deflate, "HAS_ISAL", False)
    for kind in ("tar.gz", "zip"):
        assert read(Pipe(PACKERS[kind](FILES))) == (FILES, [])


def test_member_is_read_once_and_before_the_next() -> None:
    members = read_members(io.BytesIO(tar_of({"a.txt": b"1", "b.txt": b"2"})), on_gap=print)
    first = next(members)
    assert first.read() == b"1"
    with pytest.raises(UsageError, match="once"):
        first.read()
    second = next(members)
    with pytest.raises(StopIteration):
        next(members)
    with pytest.raises(UsageError, match="before the next"):
        second.read()


def test_progress_ends_at_the_size_of_the_input(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    path.write_bytes(gzip.compress(tar_of({f"n{i}": os.urandom(50_000) for i in range(20)})))
    seen: list[tuple[int, int | None, str]] = []
    for member in read_members(path, on_gap=print, on_progress=lambda *now: seen.append(now)):
        member.read()
    positions = [position for position, _, _ in seen]
    assert positions == sorted(positions)
    assert {total for _, total, _ in seen} == {path.stat().st_size}
    assert positions[-1] > 0.9 * path.stat().st_size
    assert [path for _, _, path in seen] == [f"n{i}" for i in range(20)]


def test_zstd_is_read_where_python_can_and_named_where_not() -> None:
    # One frame of one raw block (RFC 8878): no compressor is needed to write it.
    content = tar_of({"a.txt": b"1"})
    block = (len(content) << 3 | 1).to_bytes(3, "little") + content
    frame = b"\x28\xb5\x2f\xfd" + b"\x60" + (len(content) - 256).to_bytes(2, "little") + block
    packed = tar_of({"first.txt": b"0", "x.tar.zst": frame})
    members, gaps = read(io.BytesIO(packed))
    if members == {"first.txt": b"0"}:
        assert [(gap.path, gap.kind) for gap in gaps] == [("x.tar.zst", GapKind.UNREADABLE)]
        assert "zstd -d" in gaps[0].message
        with pytest.raises(NotABundleError, match="zstd -d"):
            read(io.BytesIO(frame))
    else:
        assert members == {"first.txt": b"0", "x.tar.zst!/a.txt": b"1"}
        assert gaps == []


def test_zstd_that_demands_much_memory_is_not_opened() -> None:
    # A frame header that asks for a window of 3.75 TiB (RFC 8878, 3.1.1.1.2), and one block.
    frame = b"\x28\xb5\x2f\xfd\x00\xff" + (3 << 3 | 1).to_bytes(3, "little") + b"abc"
    members, gaps = read(io.BytesIO(tar_of({"x.zst": frame, "last.txt": b"0"})))
    assert members == {"last.txt": b"0"}
    # docs/security.md: what goes over a limit is told as a gap that names the limit (refused).
    assert [(gap.path, gap.kind) for gap in gaps] == [("x.zst", GapKind.REFUSED)]
    assert "--limit max-decoder-bytes" in gaps[0].message


def test_seven_zip_and_the_like_say_what_to_do() -> None:
    packed = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(99)
    members, gaps = read(io.BytesIO(tar_of({"x.7z": packed, "last.txt": b"0"})))
    assert members == {"last.txt": b"0"}
    assert [(gap.path, "`7z x`" in gap.message) for gap in gaps] == [("x.7z", True)]
    with pytest.raises(NotABundleError, match="`7z x`"):
        read(io.BytesIO(packed))


@pytest.mark.parametrize(
    "junk",
    [
        "__MACOSX/a/._x", "a/._x", "a/.DS_Store", ".AppleDouble/x", ".Trashes/501/x", ".Spotlight-V100/Store-V2/x",
        "a/desktop.ini", "a/Thumbs.db", "a/THUMBS.DB", "$RECYCLE.BIN/S-1/$R1.txt", "System Volume Information/x",
        "a/nodes.yaml:Zone.Identifier",
    ],
)  # fmt: skip
def test_what_operating_systems_leave_is_skipped(junk: str) -> None:
    assert read(io.BytesIO(tar_of({junk: b"junk", "nodes.yaml": b"kind: List"}))) == ({"nodes.yaml": b"kind: List"}, [])


@pytest.mark.parametrize("name", ["a/thumbs.dbx", "my desktop.ini.txt", "trashes/x", "a._b", "logs/10.0.0.1:zone.txt"])
def test_what_only_looks_like_it_is_read(name: str) -> None:
    assert list(read(io.BytesIO(tar_of({name: b"kind: List"})))[0]) == [name]


def test_samples_are_read_as_tarfile_and_zipfile_read_them() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("no sample bundles here")
    archives = [
        p for p in sorted(SAMPLES.rglob("*")) if p.is_file() and (tarfile.is_tarfile(p) or zipfile.is_zipfile(p))
    ]
    assert archives
    for path in archives:
        members, _ = read(path)
        own = {name: data for name, data in members.items() if "!/" not in name}
        for name, data in _read_by_the_library(path).items():
            assert own.pop(name, None) == data or any(other.startswith(f"{name}!/") for other in members), (path, name)
        assert not own, path


def _read_by_the_library(path: Path) -> dict[str, bytes]:
    if zipfile.is_zipfile(path) and not tarfile.is_tarfile(path):
        with zipfile.ZipFile(path) as archive:
            return {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}
    with tarfile.open(path) as archive:
        regular = [info for info in archive if info.isreg()]
        return {info.name.removeprefix("./"): archive.extractfile(info).read() for info in regular}


def test_sample_trees_lose_no_file() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("no sample bundles here")
    members, gaps = read(SAMPLES)
    tops = {path.split("!/")[0] for path in members} | {gap.path for gap in gaps}
    files = {str(p.relative_to(SAMPLES)) for p in SAMPLES.rglob("*") if p.is_file() and not p.is_symlink()}
    assert files <= tops
