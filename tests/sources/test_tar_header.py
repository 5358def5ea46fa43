"""Tar headers: what the quick look takes, it reads as `tarfile` does, and damage it never takes."""

from __future__ import annotations

import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.sources import tar_header
from calico_bundle.sources.tar_header import BLOCK_BYTES, Header, read_header

NAMES = st.text(st.sampled_from("ab/.-_\u00e9 "), min_size=1, max_size=120)
TYPES = st.sampled_from([b"0", b"1", b"2", b"5", b"x", b"g", b"L", b"K", b"S", b"3", b"7", b"\0"])
PLAIN_TYPES = {b"0": "a file", b"2": "a link", b"5": "a folder", b"x": "pax", b"L": "a long name of GNU"}


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    info = tarfile.TarInfo(draw(NAMES))
    info.type, info.linkname = draw(TYPES), draw(NAMES)
    info.size, info.mtime = draw(st.integers(0, 8**12)), draw(st.integers(0, 8**11 - 1))
    info.mode, info.uid = draw(st.integers(0, 0o7777)), draw(st.integers(0, 8**8))
    # The last block: an entry whose name is too long for its block has others before it.
    return info.tobuf(draw(st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])), "utf-8")[-BLOCK_BYTES:]


def signed(block: bytes) -> bytes:
    """The block with its checksum made right."""
    total = sum(block[:148]) + sum(block[156:]) + 8 * 32
    return block[:148] + b"%06o\0 " % total + block[156:]


def as_tarfile_reads(block: bytes) -> Header | None:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
    except (tarfile.HeaderError, ValueError):
        return None
    found = Header(info.name, info.type, info.size, info.linkname, info.type == tarfile.GNUTYPE_SPARSE)
    return found if info.size >= 0 else None


@settings(max_examples=400)
@given(headers(), st.lists(st.tuples(st.integers(0, BLOCK_BYTES - 1), st.integers(0, 255)), max_size=3), st.booleans())
def test_header_is_read_as_tarfile_reads_it(block: bytes, changes: list[tuple[int, int]], sign: bool) -> None:
    changed = bytearray(block)
    for place, byte in changes:
        changed[place] = byte
    block = signed(bytes(changed)) if sign else bytes(changed)
    assert read_header(block) == as_tarfile_reads(block)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("kind", PLAIN_TYPES, ids=PLAIN_TYPES.get)
def test_ordinary_headers_go_the_quick_way(kind: bytes, form: int, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tarfile.TarInfo("calico-diagnostics/nodes/n1/ip-route.txt")
    info.type, info.size, info.linkname = kind, 5000, "target"
    block = info.tobuf(form)
    expected = as_tarfile_reads(block)
    monkeypatch.setattr(tar_header, "_any", lambda _: None)
    assert read_header(block) == expected is not None


@pytest.mark.parametrize("kind", [b"0", b"5", b"L", b"K"])
def test_prefix_is_part_of_names_and_not_of_what_gnu_writes(kind: bytes) -> None:
    info = tarfile.TarInfo("n1/ip-route.txt")
    info.type = kind
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    block[345:350] = b"nodes"
    header = read_header(signed(bytes(block)))
    assert header == as_tarfile_reads(signed(bytes(block)))
    assert header is not None
    assert header.name == ("nodes/n1/ip-route.txt" if kind in b"05" else "n1/ip-route.txt")


@given(headers(), st.integers(0, BLOCK_BYTES - 1), st.integers(1, 255))
def test_changed_byte_is_no_header_without_its_checksum(block: bytes, place: int, change: int) -> None:
    damaged = bytearray(block)
    damaged[place] ^= change
    if not 148 <= place < 156 and as_tarfile_reads(block):
        assert read_header(bytes(damaged)) is None
