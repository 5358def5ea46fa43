"""Cut and damaged input: what is readable is read, and the rest is a gap."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable

import pytest

from calico_bundle.errors import NotABundleError
from calico_bundle.evidence import Gap, GapKind
from calico_bundle.sources import read_members
from tests.sources.packing import NOISE, kinds, read, tar_with, zip_of


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
