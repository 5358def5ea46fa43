"""Hostile input: it costs no more than the limits, leads nowhere, and nothing else is ever raised."""

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
from tests.sources.packing import MIB, NOISE, SMALL, kinds, read, special, tar_with, zip_of

# --- bombs and limits ------------------------------------------------------------------------------------------------


def test_zip_bomb_is_refused_and_the_rest_is_read() -> None:
    packed = zip_of({"bomb.txt": bytes(8 * MIB), "nodes.yaml": b"kind: NodeList"})
    members, gaps = read(packed, SMALL)
    assert members["nodes.yaml"] == b"kind: NodeList"
    assert len(members["bomb.txt"]) < 2 * MIB
    assert kinds(gaps) == {"bomb.txt": GapKind.REFUSED}
    assert "Limits.max_ratio" in gaps[0].message


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_nested_bomb_is_refused_and_the_rest_is_read(compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(compress(bytes(8 * MIB)))
    members, gaps = read(tar_with(("bomb.gz", bomb), ("ok.txt", b"1")), SMALL)
    assert members == {"ok.txt": b"1"}
    assert [gap.kind for gap in gaps] == [GapKind.REFUSED]


def test_bomb_of_a_tar_keeps_what_came_before() -> None:
    members, gaps = read(gzip.compress(tar_with(("ok.txt", b"1"), ("zeros", bytes(8 * MIB)))), SMALL)
    assert members["ok.txt"] == b"1"
    assert kinds(gaps) == {"zeros": GapKind.REFUSED, "input": GapKind.REFUSED}


def test_zips_of_zips_are_refused_in_all() -> None:
    packed = zip_of({"leaf.txt": b"0" * MIB})
    for _ in range(3):
        packed = zip_of({f"{i}.zip": packed for i in range(8)})
    for source in (io.BytesIO(packed), io.BufferedReader(io.BytesIO(packed))):
        members, gaps = read(source, SMALL)
        assert 0 < sum(len(data) for data in members.values()) <= 17 * MIB
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
    members, gaps = read(tar_with(("a.xz", packed), ("ok", b"1")), Limits(max_decoder_bytes=8 * MIB))
    assert members == {"ok": b"1"}
    # It was called damaged, which sends nobody to the option that reads it.
    assert kinds(gaps) == {"a.xz": GapKind.REFUSED}
    assert "needs more than 8.0 MiB of memory" in gaps[0].message
    assert "--limit max-decoder-bytes" in gaps[0].message


def test_name_of_many_megabytes_is_refused() -> None:
    huge = tarfile.TarInfo("././@LongLink")
    huge.type, huge.size = tarfile.GNUTYPE_LONGNAME, 3 * MIB
    packed = huge.tobuf(tarfile.GNU_FORMAT) + b"n" * (3 * MIB) + tar_with(("short.txt", b"1"))
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


# --- anything --------------------------------------------------------------------------------------------------------

_SEEDS = {
    "tar": tar_with(("a/b.txt", b"hello" * 200), special("l", tarfile.SYMTYPE, "a/b.txt"), ("n" * 300, b"1")),
    "zip": zip_of({"a/b.txt": b"hello" * 200, "c": b"1"}),
    "nested": zip_of({"x.tgz": gzip.compress(tar_with(("a", b"1" * 999))), "y.xz": lzma.compress(b"2")}),
    "gzip": gzip.compress(tar_with(("a", b"1" * 999), ("b.bz2", bz2.compress(b"3" * 99)))),
    "raw-deflate": zlib.compress(b"x" * 500),
}


def survives(data: bytes) -> None:
    limits = Limits(max_members=200, max_member_bytes=MIB, max_total_bytes=4 * MIB)
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
