"""Links of a bundle: each file counts once, and what only a link says about a file is not lost."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from calico_bundle.bundle import Bundle, read_bundle
from tests.sources.packing import special, tar_with

ROUTES = b"default via 10.0.0.1 dev eth0 proto static\n"
NODES = b"".join(b"apiVersion: v1\nkind: Node\nmetadata:\n  name: %s\n---\n" % name for name in (b"n1", b"n2", b"n3"))


def routes_of(bundle: Bundle) -> list[tuple[str, str | None]]:
    return [(artifact.path, artifact.placement.node) for artifact in bundle.artifacts if artifact.kind == "ip-route"]


def read(*members: tarfile.TarInfo | tuple[str, bytes]) -> Bundle:
    return read_bundle(io.BytesIO(tar_with(("nodes.yaml", NODES), *members)))


def test_equal_files_of_several_nodes_that_are_one_are_each_nodes_own():
    bundle = read(
        ("n1/ip-route.txt", ROUTES),
        special("n2/ip-route.txt", tarfile.LNKTYPE, "n1/ip-route.txt"),
        special("n3/ip-route.txt", tarfile.SYMTYPE, "../n2/ip-route.txt"),
    )
    assert routes_of(bundle) == [(f"n{i}/ip-route.txt", f"n{i}") for i in (1, 2, 3)]
    facts = [fact for artifact in bundle.artifacts if artifact.kind == "ip-route" for fact in artifact.parsed.facts]
    assert {fact.evidence.path for fact in facts} == {"n1/ip-route.txt"}


def test_file_whose_link_alone_says_whose_it_is():
    bundle = read(("store/0815", ROUTES), special("n2/ip-route.txt", tarfile.SYMTYPE, "../store/0815"))
    assert routes_of(bundle) == [("store/0815", "n2")]


def test_file_with_several_links_of_its_own_node_counts_once():
    bundle = read(
        ("n1/ip-route.txt", ROUTES),
        special("n1/routes", tarfile.SYMTYPE, "ip-route.txt"),
        special("all/routes", tarfile.SYMTYPE, "../n1/ip-route.txt"),
        special("by-name", tarfile.SYMTYPE, "n1"),
    )
    assert routes_of(bundle) == [("n1/ip-route.txt", "n1")]


def test_folder_has_links_too(tmp_path: Path):
    (tmp_path / "n1").mkdir()
    (tmp_path / "n2").mkdir()
    (tmp_path / "nodes.yaml").write_bytes(NODES)
    (tmp_path / "n1/ip-route.txt").write_bytes(ROUTES)
    (tmp_path / "n2/ip-route.txt").symlink_to("../n1/ip-route.txt")
    assert routes_of(read_bundle(tmp_path)) == [("n1/ip-route.txt", "n1"), ("n2/ip-route.txt", "n2")]
