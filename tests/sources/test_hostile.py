"""Cut, damaged and hostile input: what is readable is read, the rest is a gap, and nothing else is ever raised."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import socket
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calico_bundle.errors import NotABundleError
from calico_bundle.evidence import Gap, GapKind
from calico_bundle.sources import Limits, read_members
from calico_bundle.sources.opening import Input

_KIB = 1024
_MIB = 1024 * _KIB
NOISE = {f"n{i}.txt": os.urandom(3000).hex().encode() for i in range(12)}
SMALL = Limits(max_ratio=100, ratio_floor_bytes=_MIB)


def read(source: Input | bytes, limits: Limits | None = None) -> tuple[dict[str, bytes], list[Gap]]:
    gaps: list[Gap] = []
    source = io.BytesIO(source) if isinstance(source, bytes) else source
    read = {m.path: m.read() for m in read_members(source, limits=limits or Limits(), on_gap=gaps.append)}
    return read, gaps


def tar_with(*members: tarfile.TarInfo | tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for member in members:
            info, data = (
                (member, b"") if isinstance(member, tarfile.TarInfo) else (tarfile.TarInfo(member[0]), member[1])
            )
            info.size = len(data) if data else info.size
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def kinds(gaps: list[Gap]) -> dict[str, GapKind]:
    return {gap.path: gap.kind for gap in gaps}


# --- cut and damaged -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("tenth", range(1, 10))
def test_cut_tar_gives_whole_files_then_a_part_then_gaps(compress: Callable[[bytes], bytes], tenth: int) -> None:
    packed = compress(tar_with(*NOISE.items()))
    try:
        members, gaps = read(packed[: len(packed) * tenth // 10])
    except NotABundleError:
        assert tenth == 1 or compress in (bz2.compress, lzma.compress)  # these show nothing before a block's end
        return
    *whole, (last, part) = members.items()
    assert dict(whole) == {name: NOISE[name] for name, _ in whole}
    assert NOISE[last].startswith(part)
    assert list(members) == list(NOISE)[: len(members)]
    assert kinds(gaps)["input"] is GapKind.TRUNCATED
    if part != NOISE[last]:
        assert kinds(gaps)[last] is GapKind.TRUNCATED
        assert f"only {len(part)} of its {len(NOISE[last])} bytes" in gaps[0].message


def test_cut_between_two_files_is_told() -> None:
    packed = tar_with(("a.txt", b"1"), ("b.txt", b"2"))
    members, gaps = read(packed[:1024])
    assert members == {"a.txt": b"1"}
    assert [(gap.kind, "no end mark" in gap.message) for gap in gaps] == [(GapKind.TRUNCATED, True)]


def test_cut_member_that_is_not_read_is_told_too() -> None:
    packed = tar_with(*NOISE.items())
    gaps: list[Gap] = []
    paths = [member.path for member in read_members(io.BytesIO(packed[:10_000]), on_gap=gaps.append)]
    assert paths == ["n0.txt", "n1.txt"]
    assert kinds(gaps) == {"n1.txt": GapKind.TRUNCATED, "input": GapKind.TRUNCATED}


@pytest.mark.parametrize("tenth", range(1, 10))
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_cut_zip_is_read_by_its_local_headers(tenth: int, method: int) -> None:
    packed = zip_of(NOISE, method)
    members, gaps = read(packed[: len(packed) * tenth // 10])
    *whole, (last, part) = members.items()
    assert dict(whole) == {name: NOISE[name] for name, _ in whole}
    assert NOISE[last].startswith(part)
    assert len(members) >= tenth  # of twelve equal files
    assert "input" in kinds(gaps)


def test_cut_zip_that_was_written_to_a_pipe_has_no_sizes_and_is_read_all_the_same() -> None:
    class Unseekable(io.RawIOBase):
        def __init__(self) -> None:
            super().__init__()
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.data += bytes(data)
            return len(data)

    sink = Unseekable()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in NOISE.items():
            archive.writestr(name, data)
    members, gaps = read(sink.data[: sink.data.index(b"PK\x01\x02")])
    assert members == NOISE
    assert [gap.kind for gap in gaps] == [GapKind.TRUNCATED]
    cut, gaps = read(sink.data[: len(sink.data) // 2])
    assert NOISE[list(cut)[-1]].startswith(list(cut.values())[-1])
    assert GapKind.TRUNCATED in kinds(gaps).values()


def test_damaged_header_is_passed_over_and_the_next_file_is_found() -> None:
    packed = bytearray(tar_with(("a.txt", b"1"), ("b.txt", b"2"), ("c.txt", b"3")))
    packed[1024 + 10] ^= 0xFF
    members, gaps = read(bytes(packed))
    assert members == {"a.txt": b"1", "c.txt": b"3"}
    assert [(gap.kind, gap.message) for gap in gaps] == [
        (GapKind.UNREADABLE, "is a damaged tar archive: 1024 bytes before 'c.txt' are no header and were passed over")
    ]


def test_damaged_gzip_gives_what_came_before_the_damage() -> None:
    packed = bytearray(gzip.compress(tar_with(*NOISE.items())))
    middle = len(packed) // 2
    packed[middle : middle + 64] = b"\xff" * 64
    members, gaps = read(bytes(packed))
    assert [name for name in NOISE if members.get(name) == NOISE[name]][:4] == ["n0.txt", "n1.txt", "n2.txt", "n3.txt"]
    assert kinds(gaps)["input"] is GapKind.UNREADABLE


def test_wrong_checksum_costs_no_byte_but_is_told() -> None:
    packed = bytearray(gzip.compress(tar_with(*NOISE.items())))
    packed[-6] ^= 1
    members, gaps = read(bytes(packed))
    assert members == NOISE
    assert ["checksum" in gap.message for gap in gaps] == [True]
    zipped = zip_of({"a.txt": b"hello", "b.txt": b"there"}, zipfile.ZIP_STORED).replace(b"hello", b"hullo")
    members, gaps = read(zipped)
    assert members == {"a.txt": b"hullo", "b.txt": b"there"}
    assert kinds(gaps) == {"a.txt": GapKind.UNREADABLE}


def test_something_after_the_compressed_data_is_told() -> None:
    members, gaps = read(gzip.compress(tar_with(("a.txt", b"1"))) + b"and more")
    assert members == {"a.txt": b"1"}
    assert [gap.kind for gap in gaps] == [GapKind.UNREADABLE]


def test_damaged_inner_archive_leaves_the_rest() -> None:
    inner = gzip.compress(tar_with(*NOISE.items()))
    files = {
        "cut.tgz": inner[: len(inner) // 2],
        "bad.gz": b"\x1f\x8b\x08\xff" * 9,
        "bad.zip": b"PK\x03\x04",
        "ok": b"1",
    }
    members, gaps = read(tar_with(*files.items()))
    assert members["ok"] == b"1"
    assert members["cut.tgz!/n0.txt"] == NOISE["n0.txt"]
    assert {"cut.tgz", "bad.gz", "bad.zip"} <= set(kinds(gaps))


def test_encrypted_zip_member_is_a_gap() -> None:
    packed = bytearray(zip_of({"secret.txt": b"1", "open.txt": b"2"}))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    members, gaps = read(bytes(packed))
    assert members == {"open.txt": b"2"}
    assert "password" in gaps[0].message


# --- bombs and limits ------------------------------------------------------------------------------------------------


def test_zip_bomb_is_refused_and_the_rest_is_read() -> None:
    packed = zip_of({"bomb.txt": bytes(8 * _MIB), "nodes.yaml": b"kind: NodeList"})
    members, gaps = read(packed, SMALL)
    assert members["nodes.yaml"] == b"kind: NodeList"
    assert len(members["bomb.txt"]) < 2 * _MIB
    assert kinds(gaps) == {"bomb.txt": GapKind.REFUSED}
    assert "Limits.max_ratio" in gaps[0].message


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_nested_bomb_is_refused_and_the_rest_is_read(compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(compress(bytes(8 * _MIB)))
    members, gaps = read(tar_with(("bomb.gz", bomb), ("ok.txt", b"1")), SMALL)
    assert members == {"ok.txt": b"1"}
    assert [gap.kind for gap in gaps] == [GapKind.REFUSED]


def test_bomb_of_a_tar_keeps_what_came_before() -> None:
    members, gaps = read(gzip.compress(tar_with(("ok.txt", b"1"), ("zeros", bytes(8 * _MIB)))), SMALL)
    assert members["ok.txt"] == b"1"
    assert kinds(gaps) == {"zeros": GapKind.REFUSED, "input": GapKind.REFUSED}


def test_zips_of_zips_are_refused_in_all() -> None:
    packed = zip_of({"leaf.txt": b"0" * _MIB})
    for _ in range(3):
        packed = zip_of({f"{i}.zip": packed for i in range(8)})
    for source in (io.BytesIO(packed), io.BufferedReader(io.BytesIO(packed))):
        members, gaps = read(source, SMALL)
        assert 0 < sum(len(data) for data in members.values()) <= 17 * _MIB
        assert {gap.kind for gap in gaps} == {GapKind.REFUSED}
        assert any("the input in all expands" in gap.message for gap in gaps)


def test_log_of_equal_lines_is_no_bomb() -> None:
    log = b"2024-01-01 00:00:00 [INFO][1] bird: Mesh_10_0_0_1: Connection closed\n" * 30_000
    assert read(zip_of({"bird.log": log})) == ({"bird.log": log}, [])


def test_archives_nested_too_deep_are_refused() -> None:
    packed = tar_with(("ok.txt", b"core"))
    for _ in range(6):
        packed = tar_with(("in.tar", packed), ("ok.txt", b"1"))
    members, gaps = read(packed)
    assert list(members.values()) == [b"1"] * 6
    assert [(gap.path, gap.kind) for gap in gaps] == [("!/".join(["in.tar"] * 6), GapKind.REFUSED)]
    assert "Limits.max_depth" in gaps[0].message
    assert read(packed, Limits(max_depth=7))[1] == []


@pytest.mark.parametrize("pack", [lambda f: tar_with(*f.items()), zip_of])
def test_too_many_entries_are_refused(pack: Callable[[dict[str, bytes]], bytes]) -> None:
    packed = tar_with(("first.txt", b"1"), ("many", pack({f"{i}.txt": b"" for i in range(50)})), ("last.txt", b"2"))
    members, gaps = read(packed, Limits(max_members=20))
    assert members["first.txt"] == b"1"
    assert len(members) <= 20
    assert kinds(gaps)["many"] is GapKind.REFUSED


def test_too_large_a_file_is_refused_alone() -> None:
    limits = Limits(max_member_bytes=1000)
    files = {"big.log": b"x" * 1001, "big.gz": gzip.compress(b"y" * 5000), "ok.txt": b"x" * 1000}
    for packed in (tar_with(*files.items()), zip_of(files)):
        members, gaps = read(io.BufferedReader(io.BytesIO(packed)), limits)
        if members:
            assert members == {"ok.txt": b"x" * 1000}
            assert kinds(gaps) == {"big.log": GapKind.REFUSED, "big.gz!/big": GapKind.REFUSED}


def test_total_is_limited() -> None:
    packed = gzip.compress(tar_with(*NOISE.items()))
    members, gaps = read(packed, Limits(max_total_bytes=40_000))
    assert members["n0.txt"] == NOISE["n0.txt"]
    assert len(members) < len(NOISE)
    assert "Limits.max_total_bytes" in gaps[-1].message


def test_xz_that_demands_much_memory_is_not_opened() -> None:
    packed = lzma.compress(b"1", preset=9)
    members, gaps = read(tar_with(("a.xz", packed), ("ok", b"1")), Limits(max_decoder_bytes=8 * _MIB))
    assert members == {"ok": b"1"}
    assert list(kinds(gaps)) == ["a.xz"]


def test_name_of_many_megabytes_is_refused() -> None:
    huge = tarfile.TarInfo("././@LongLink")
    huge.type, huge.size = tarfile.GNUTYPE_LONGNAME, 3 * _MIB
    packed = huge.tobuf(tarfile.GNU_FORMAT) + b"n" * (3 * _MIB) + tar_with(("short.txt", b"1"))
    members, gaps = read(packed)
    assert members == {"short.txt": b"1"}
    assert [gap.kind for gap in gaps] == [GapKind.REFUSED]


def test_gaps_of_one_sort_are_counted_beyond_a_hundred() -> None:
    _, gaps = read(tar_with(*((f"/etc/{i}", b"1") for i in range(130))))
    assert len(gaps) == 101
    assert gaps[-1].message == "30 more files with an absolute name, not listed one by one"


# --- names and links -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [lambda f: tar_with(*f.items()), zip_of])
def test_names_that_lead_out_are_read_under_safe_ones(pack: Callable[[dict[str, bytes]], bytes]) -> None:
    files = {"../../etc/passwd": b"1", "/etc/shadow": b"2", "a/../../b": b"3", "C:\\x": b"4", "./ok": b"5", "b": b"6"}
    members, gaps = read(pack(files))
    assert members["etc/passwd"] == b"1"
    assert members["etc/shadow"] == b"2"
    assert sorted(members.values()) == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert all(not path.startswith("/") and ".." not in path for path in members)
    refused = {gap.path for gap in gaps if gap.kind is GapKind.REFUSED}
    assert {"etc/passwd", "etc/shadow", "a/b"} <= refused
    assert "ok" not in refused


def test_name_that_occurs_twice_is_read_twice_and_told() -> None:
    members, gaps = read(tar_with(("a", b"1"), ("./a", b"2"), ("a (2)", b"3"), ("a", b"4")))
    assert sorted(members.values()) == [b"1", b"2", b"3", b"4"]
    assert members["a"] == b"1"
    assert members["a (2)"] == b"2"
    assert {gap.kind for gap in gaps} == {GapKind.CONTRADICTED}
    assert len(gaps) == 3


def test_names_that_are_no_text_stay_readable() -> None:
    packed = tar_with(("n\udcff.txt", b"1"), form=tarfile.GNU_FORMAT)
    assert list(read(packed)[0]) == ["n\ufffd.txt"]


def test_what_macos_leaves_is_skipped() -> None:
    files = {"__MACOSX/a/._x": b"1", "a/._x": b"2", "a/.DS_Store": b"3", "a/x": b"4"}
    assert read(zip_of(files)) == ({"a/x": b"4"}, [])


def test_links_yield_nothing_and_bad_ones_are_told() -> None:
    packed = tar_with(
        special("logs/early.log", tarfile.SYMTYPE, "../pods/c.log"),
        special("logs/folder", tarfile.SYMTYPE, "../pods"),
        special("logs/through.log", tarfile.SYMTYPE, "folder/c.log"),
        special("hard.log", tarfile.LNKTYPE, "pods/c.log"),
        special("gone", tarfile.SYMTYPE, "nowhere"),
        special("out", tarfile.SYMTYPE, "../../etc/passwd"),
        special("absolute", tarfile.SYMTYPE, "/etc/passwd"),
        special("ring1", tarfile.SYMTYPE, "ring2"),
        special("ring2", tarfile.SYMTYPE, "ring1"),
        ("pods/c.log", b"log"),
    )
    members, gaps = read(packed)
    assert members == {"pods/c.log": b"log"}
    assert kinds(gaps) == {
        "gone": GapKind.UNREADABLE,
        "out": GapKind.REFUSED,
        "absolute": GapKind.REFUSED,
        "ring1": GapKind.REFUSED,
        "ring2": GapKind.REFUSED,
    }


def test_zip_link_yields_nothing() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/real", b"1")
        for name, target in (("a/good", "real"), ("a/bad", "../../x")):
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
    members, gaps = read(buffer.getvalue())
    assert members == {"a/real": b"1"}
    assert kinds(gaps) == {"a/bad": GapKind.REFUSED}


def test_devices_and_pipes_in_an_archive_are_refused() -> None:
    packed = tar_with(special("fifo", tarfile.FIFOTYPE), special("sda", tarfile.BLKTYPE), ("ok", b"1"))
    members, gaps = read(packed)
    assert members == {"ok": b"1"}
    assert kinds(gaps) == {"fifo": GapKind.REFUSED, "sda": GapKind.REFUSED}


def test_sparse_file_is_told_and_the_next_is_read() -> None:
    # GNU's old format with one extension block, as `tar -S` writes it (tar manual, "Storing Sparse Files").
    header = bytearray(special("sparse", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"%011o\0" % 512
    header[482] = 1
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    members, gaps = read(bytes(header) + bytes(512) + b"d" * 512 + tar_with(("ok", b"1")))
    assert members == {"ok": b"1"}
    assert kinds(gaps) == {"sparse": GapKind.UNREADABLE}


def test_directory_follows_no_link_and_opens_no_pipe(tmp_path: Path) -> None:
    root = tmp_path / "bundle"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "outside.txt").write_bytes(b"secret")
    (root / "sub/real.txt").write_bytes(b"1")
    (root / "inside").symlink_to("sub/real.txt")
    (root / "sub/loop").symlink_to("..")
    (root / "out").symlink_to("../outside.txt")
    (root / "out-folder").symlink_to("/etc")
    (root / "gone").symlink_to("nowhere")
    (root / "ring").symlink_to("ring")
    (root / "._sub").write_bytes(b"junk")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
        members, gaps = read(root)
    assert members == {"sub/real.txt": b"1"}
    assert kinds(gaps) == {
        "out": GapKind.REFUSED,
        "out-folder": GapKind.REFUSED,
        "gone": GapKind.UNREADABLE,
        "ring": GapKind.UNREADABLE,
        "fifo": GapKind.REFUSED,
        "socket": GapKind.REFUSED,
    }


def test_directory_names_that_are_no_text_stay_readable(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xff.txt"))).write_bytes(b"1")
    assert read(tmp_path) == ({"n\ufffd.txt": b"1"}, [])


# --- no bundle at all ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, found",
    [
        (b"", "an empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7-Zip archive"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
        (bytes(range(256)) * 8, "binary data"),
        (tar_with(), "NUL bytes"),
        (gzip.compress(tar_with()), "gzip data that holds nothing but NUL"),
        (bz2.compress(b"GIF89a" + bytes(99)), "bzip2 data that holds a GIF image"),
        (zip_of({}), "holds no file"),
        (gzip.compress(tar_with(("a", b"1")))[:12], "ends early"),
    ],
)
def test_no_bundle_is_told_in_one_line(data: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "customer.tar.gz"
    path.write_bytes(data)
    for source, name in ((path, str(path)), (io.BytesIO(data), "input")):
        with pytest.raises(NotABundleError) as caught:
            read(source)
        message = str(caught.value)
        assert message.startswith(f"{name}: ")
        assert found in message
        assert "\n" not in message


@pytest.mark.parametrize("path", ["", "no/such/file", "two\nlines", "nul\0byte", "/dev/null"])
def test_path_that_cannot_be_opened(path: str) -> None:
    with pytest.raises(NotABundleError, match=r"\A.*: (no such file|embedded null|a device).*\Z"):
        read(path)


def test_file_without_permission(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "b.tar"
    path.write_bytes(tar_with(("a", b"1")))
    monkeypatch.setattr("calico_bundle.sources.opening.open", denied, raising=False)
    with pytest.raises(NotABundleError, match="permission denied"):
        read(path)


def test_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(NotABundleError, match="holds no file"):
        read(tmp_path)


def test_file_opened_as_text_and_file_that_fails() -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:  # noqa: ARG002
            raise OSError("connection reset")

    with pytest.raises(NotABundleError, match="binary mode"):
        read(io.StringIO("kind: List"))
    with pytest.raises(NotABundleError, match="connection reset"):
        read(Failing())


# --- anything --------------------------------------------------------------------------------------------------------

_SEEDS = {
    "tar": tar_with(("a/b.txt", b"hello" * 200), special("l", tarfile.SYMTYPE, "a/b.txt"), ("n" * 300, b"1")),
    "zip": zip_of({"a/b.txt": b"hello" * 200, "c": b"1"}),
    "nested": zip_of({"x.tgz": gzip.compress(tar_with(("a", b"1" * 999))), "y.xz": lzma.compress(b"2")}),
    "gzip": gzip.compress(tar_with(("a", b"1" * 999), ("b.bz2", bz2.compress(b"3" * 99)))),
    "raw-deflate": zlib.compress(b"x" * 500),
}


def survives(data: bytes) -> None:
    limits = Limits(max_members=200, max_member_bytes=_MIB, max_total_bytes=4 * _MIB)
    for source in (io.BytesIO(data), io.BufferedReader(io.BytesIO(data))):
        gaps: list[Gap] = []
        try:
            for member in read_members(source, limits=limits, on_gap=gaps.append):
                assert len(member.read()) <= member.size
                assert not member.path.startswith("/")
        except NotABundleError:
            pass
        assert all("\n" not in gap.message for gap in gaps)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
@example(b"\x1f\x8b\x08\x04")
@example(b"PK\x05\x06" + b"\xff" * 18)
@example(b"BZh91AY&SY")
@example(bytes(10240))
@example(b"\xff" * 257 + b"ustar\0" + b"\xff" * 600)
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    survives(data)
    for magic in (b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"BZh91AY&SY", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"):
        survives(magic + data)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(_SEEDS)), st.data())
def test_damaged_archives_raise_nothing_else(kind: str, data: st.DataObject) -> None:
    packed = bytearray(_SEEDS[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    survives(bytes(packed))
