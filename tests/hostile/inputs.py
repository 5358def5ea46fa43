"""Hostile files, each beside one good file, and what the reader is told of them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.sources.packing import MIB, special, tar_with, zip_of

GOOD_NODE = "good-node"
GOOD = f"""apiVersion: v1
kind: Node
metadata:
  name: {GOOD_NODE}
status:
  addresses:
  - address: 10.0.1.12
    type: InternalIP
""".encode()
NODE = b"apiVersion: v1\nkind: Node\nmetadata:\n  name: bad\nspec:"
ADDRESSES = b"1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n"
ROUTES = b"default via 10.0.1.1 dev eth0 proto static\n"


class Hostile(NamedTuple):
    """An archive, and a part of the gap that tells what is wrong with it (None: nothing is lost, so nothing is told)."""

    make: Callable[[], bytes]
    told: str | None


def beside(name: str, make: Callable[[], bytes], told: str | None) -> tuple[str, Hostile]:
    return name, Hostile(
        lambda: tar_with(("a/nodes.yaml", GOOD), ("b/hostile", make()), ("c/last.txt", b"note\n")), told
    )


def tar_of(name: str, told: str | None, *members: tarfile.TarInfo) -> tuple[str, Hostile]:
    return name, Hostile(lambda: tar_with(*members, ("nodes.yaml", GOOD)), told)


def zips_of_zips() -> bytes:
    packed = zip_of({"zeros": bytes(4 * MIB)})
    for _ in range(3):
        packed = zip_of({f"{i}.zip": packed for i in range(16)})
    return packed


def overlapping_zip(copies: int = 3000, size: int = MIB) -> bytes:
    """One compressed file under many names: each entry of the directory points at the same bytes."""
    packed = zip_of({"zeros": bytes(size)})
    directory = packed.index(b"PK\x01\x02")
    entry = packed[directory : packed.index(b"PK\x05\x06")]
    entries = b"".join(entry[:-5] + b"%05d" % number for number in range(copies))
    count = min(copies, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(entries), directory, 0)
    return packed[:directory] + entries + end


def huge_header() -> bytes:
    header = tarfile.TarInfo("huge.txt")
    header.size = 2**30
    return header.tobuf()


def cut(packed: bytes) -> bytes:
    return packed[: len(packed) * 3 // 4]


def noise(count: int) -> bytes:
    """Text that packs badly, always the same."""
    return b"".join(b"%d\n" % (i * 2654435761 % 2**32) for i in range(count))


def levels(opening: bytes) -> bytes:
    return NODE + b"\n  a: " + opening * 100_000 + b"\n"


def alias_bomb() -> bytes:
    rows = (b"  a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 12))
    return NODE + b"\n  a0: &a0 [x]\n" + b"".join(rows)


def many_empty() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("nodes.yaml", GOOD)
        for number in range(100_000):
            archive.writestr(zipfile.ZipInfo(f"empty/{number}.txt"), b"")
    return buffer.getvalue()


def listed(kind: str, items: list[dict[str, Any]]) -> bytes:
    return json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [{"kind": kind, **item} for item in items]}
    ).encode()


def pools_in_pools(count: int) -> bytes:
    """Pools that lie in one another: each pair was compared, and each of them told."""
    pools = [
        {
            "apiVersion": "crd.projectcalico.org/v1",
            "metadata": {"name": f"p{i}"},
            "spec": {"cidr": f"10.{i >> 8 & 255}.{i & 255}.0/{8 + i % 24}"},
        }
        for i in range(count)
    ]
    return listed("IPPool", pools)


def nodes_of_one_address(count: int) -> bytes:
    """Nodes that all hold one address: each was judged beside each, for each of them."""
    stored = {"projectcalico.org/IPv4Address": "10.0.0.1/8"}
    status = {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}
    return listed(
        "Node",
        [
            {"apiVersion": "v1", "metadata": {"name": f"n{i}", "annotations": stored}, "status": status}
            for i in range(count)
        ],
    )


def repeated(line: str, count: int) -> bytes:
    """Lines with a number and an address of their own each."""
    return "".join(line.format(i, f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}") for i in range(count)).encode()


ONE_CARD = "{0}: e{0}    inet {1}/24 scope global e{0}\\  valid_lft forever\n"
DEEP = "nested more than 100 levels deep"
LINE = "--limit max-line-bytes"
CUT = "what follows them is left out"
LEFT = "could not be read; what follows them is left out"
SMALL_INPUTS = dict(
    [
        beside("yaml of brackets", lambda: levels(b"["), DEEP),
        beside("yaml of braces", lambda: levels(b"{a: "), DEEP),
        beside("yaml of dashes", lambda: NODE + b"\n" + b"- " * 100_000 + b"a\n", DEEP),
        beside("json of brackets", lambda: b'{"kind":"Node","spec":' + b"[" * 100_000 + b"]" * 100_000 + b"}", DEEP),
        beside("json of braces", lambda: b'{"apiVersion":"v1","kind":"Node","a":' + b'{"a":' * 100_000, DEEP),
        beside("yaml keys of keys", lambda: levels(b"? "), "not valid YAML"),
        beside("aliases of aliases", alias_bomb, "an alias"),
        beside("alias of itself", lambda: NODE + b" &a\n  b: *a\n", "an alias"),
        beside("object tag", lambda: NODE + b' !!python/object/apply:os.system ["exit 1"]\n', "a tag"),
        beside("NUL bytes in routes", lambda: ROUTES + b"10.0.0.0/8 via \0\0 dev eth0\n", "not understood"),
        beside("invalid UTF-8 in routes", lambda: ROUTES + b"10.0.0.0/8 via \xff\xfe dev eth0\n", "not understood"),
        beside("nothing but NUL bytes", lambda: bytes(100_000), None),
        beside("gzip cut", lambda: cut(gzip.compress(noise(40_000))), "ends early"),
        beside("bzip2 cut", lambda: cut(bz2.compress(noise(400_000))), "ends early"),
        beside("xz cut", lambda: cut(lzma.compress(noise(40_000))), "ends early"),
        beside("tar cut", lambda: cut(tar_with(("x", noise(40_000)))), "ends early"),
        beside("zip cut", lambda: cut(zip_of({"x": noise(40_000)})), "no readable zip directory"),
        beside("gzip damaged", lambda: b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 99, "damaged gzip data"),
        beside("bzip2 damaged", lambda: b"BZh91AY&SY" + b"\xff" * 99, "damaged bzip2 data"),
        beside("xz damaged", lambda: b"\xfd7zXZ\0" + b"\xff" * 99, "damaged xz data"),
        beside("zip damaged", lambda: b"PK\x03\x04" + b"\xff" * 99, "no readable zip directory"),
        beside("7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(64), "7z x"),
        beside("2,000 pools in one another", lambda: pools_in_pools(2_000), None),
        beside("1,000 nodes of one address", lambda: nodes_of_one_address(1_000), None),
        beside("5,000 cards, a line each", lambda: repeated(ONE_CARD, 5_000), None),
        tar_of("path traversal", "a name with '..'", tarfile.TarInfo("../../../tmp/nodes.yaml")),
        tar_of("absolute name", "an absolute name", tarfile.TarInfo("/etc/cron.d/evil")),
        tar_of("link out", "leads out of the bundle", special("evil", tarfile.SYMTYPE, "../../etc/shadow")),
        tar_of("absolute link", "leads out of the bundle", special("evil", tarfile.SYMTYPE, "/etc/shadow")),
        tar_of(
            "links in a circle",
            "leads in a circle",
            special("one", tarfile.SYMTYPE, "two"),
            special("two", tarfile.SYMTYPE, "one"),
        ),
        tar_of("folder that is its own", "leads in a circle", special("a", tarfile.SYMTYPE, "a/a")),
        tar_of("device", "is a device", special("sda", tarfile.BLKTYPE)),
        tar_of("pipe", "is a named pipe", special("pipe", tarfile.FIFOTYPE)),
        (
            "size that lies",
            Hostile(lambda: tar_with(("nodes.yaml", GOOD))[:1024] + huge_header() + b"x" * 600, "only 600 of its"),
        ),
    ]
)

LARGE_INPUTS = dict(
    [
        beside("bomb of one gzip", lambda: gzip.compress(bytes(600 * MIB)), "as a bomb does"),
        beside("bomb in a bomb", lambda: gzip.compress(gzip.compress(bytes(600 * MIB))), "as a bomb does"),
        beside("bomb of xz", lambda: lzma.compress(bytes(200 * MIB), preset=0), "as a bomb does"),
        beside("zips of zips", zips_of_zips, "as a bomb does"),
        beside("overlapping zip", overlapping_zip, "as a bomb does"),
        ("100,000 empty members", Hostile(many_empty, None)),
        beside("50 MB line of addresses", lambda: ADDRESSES + b"    inet " + b"1.2.3.4 " * (6 * MIB) + b"\n", LINE),
        beside("50 MB line of routes", lambda: ROUTES + b"10.0.0.0/8 " + b"dev eth0 " * (6 * MIB) + b"\n", LINE),
        beside("50 MB line of a log", lambda: LOG + b"Using autodetected " * (3 * MIB) + b"\n", LINE),
        beside(
            "50 MB name in YAML", lambda: b"apiVersion: v1\nkind: Node\nmetadata:\n  name: " + b"x" * (50 * MIB), LINE
        ),
        beside(
            "50 MB name in JSON",
            lambda: b'{"apiVersion":"v1","kind":"Node","metadata":{"name":"' + b"x" * (50 * MIB) + b'"}}',
            "characters",
        ),
        beside("50 MB of brackets", lambda: b'{"apiVersion":"v1","kind":"Node","a":' + b"[" * (50 * MIB), DEEP),
        beside("3 million broken JSON objects", lambda: b'{"kind":"Node"\n' * 3_000_000, LEFT),
        beside("2 million broken JSON items", lambda: ITEMS + b'  {"kind":"Node",,},\n' * 2_000_000, LEFT),
        beside("2 million broken YAML documents", lambda: b"---\nkind: Node\na: [\n" * 2_000_000, LEFT),
        beside("1.2 million routes", lambda: repeated("{1} via 10.0.0.1 dev eth0\n", 1_200_000), CUT),
        beside("800,000 rules", lambda: repeated("{0}:\tfrom {1} lookup {0}\n", 800_000), CUT),
        beside("50 MB of escape characters", lambda: ROUTES + b"\x1b[" * (25 * MIB), LINE),
    ]
)
ITEMS = b'{"apiVersion":"v1","kind":"List","items":[\n'
LOG = b"2026-01-01 00:00:00.000 [INFO][1] startup/startup.go 1: "
