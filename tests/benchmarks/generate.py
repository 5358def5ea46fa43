"""Write a synthetic cluster as a support bundle, and the truth about it.

    python -m tests.benchmarks.generate medium --out medium.tar.gz --truth medium.json
    python -m tests.benchmarks.generate --nodes 400 --pods-per-node 10 --log-bytes 0 --out cluster.tar.gz

The same size gives the same files in the same order with the same bytes. It is written as it is made: 5,000 nodes take
little memory, and two minutes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tarfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

from tests.benchmarks.cluster import MOST_PODS, SIZES, Cluster, Size
from tests.benchmarks.cluster_files import PODS, cluster_files
from tests.benchmarks.node_files import NodeFiles

ROOT = "calico-diagnostics-20260925_191225"
_TIME = 1_790_363_545
_BLOCK = 512
_RECORD = 20 * _BLOCK
_MOST_WRONG = 200


class Archive:
    """A tar.gz that is written forward only; counts its files and bytes."""

    def __init__(self, out: BinaryIO, level: int = 6) -> None:
        # No name and no time in the header: the same input gives the same archive.
        self._out = gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=level, mtime=0)
        self.members = 0
        self.bytes = 0

    def add(self, path: str, size: int, pieces: Iterable[str]) -> None:
        """Write one file, whose size has to be known first."""
        info = tarfile.TarInfo(f"{ROOT}/{path}")
        info.size, info.mtime, info.mode = size, _TIME, 0o600
        self._out.write(info.tobuf())
        for piece in pieces:
            self._out.write(piece.encode("ascii"))
        self._out.write(bytes(-size % _BLOCK))
        self.members += 1
        self.bytes += size

    def link(self, path: str, target: str) -> None:
        """A symbolic link, as calicoctl makes them in `links/`."""
        info = tarfile.TarInfo(f"{ROOT}/{path}")
        info.type, info.linkname, info.mtime = tarfile.SYMTYPE, target, _TIME
        self._out.write(info.tobuf())

    def close(self) -> None:
        """End the archive as tar does."""
        self._out.write(bytes(_RECORD))
        self._out.close()


def generate(size: Size, out: BinaryIO, level: int = 6) -> dict[str, object]:
    """Write the bundle of a cluster to `out`; give the truth about it."""
    cluster, archive = Cluster(size), Archive(out, level)
    # Twice, because a tar header says the size: generating is cheap beside keeping a gigabyte.
    sizes = {path: sum(map(len, pieces)) for path, pieces in cluster_files(cluster)}
    for path, pieces in cluster_files(cluster):
        archive.add(f"cluster/{path}", sizes[path], pieces)
    files = NodeFiles(cluster)
    for node in cluster.nodes:
        for name, text in files.of(node):
            archive.add(f"nodes/{node.name}/{name}", len(text), [text])
            if name.endswith(".log"):
                archive.link(f"links/{name}", f"../../nodes/{node.name}/{name}")
    archive.close()
    return truth(cluster) | {
        "members": archive.members,
        "bytes": archive.bytes,
        "pods_file": {"path": f"{ROOT}/cluster/{PODS}", "bytes": sizes[PODS]},
    }


def truth(cluster: Cluster) -> dict[str, object]:
    """What an analysis of the bundle has to find: the verdict, how many paths have which, and the wrong nodes."""
    paths = Counter({"reaches": 0, "degraded": 0, "broken": 0, "unknown": 0, "not_applicable": 0})
    paths.update(cluster.verdict(node, pod) for node, pod in cluster.pods())
    return {
        "size": asdict(cluster.size),
        "verdict": "broken" if cluster.size.wrong_nodes else "healthy",
        "root_causes": ["CB101"] if cluster.size.wrong_nodes else [],
        "paths": {"total": paths.total(), **paths},
        "wrong_nodes": [node.name for node in cluster.nodes if node.is_wrong],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "size", nargs="?", choices=SIZES, default="medium", help="where to start from (default: medium)"
    )
    for name in ("nodes", "pods-per-node", "wrong-nodes", "log-bytes"):
        parser.add_argument(f"--{name}", type=int, metavar="N")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.tar.gz")
    parser.add_argument("--truth", type=Path, metavar="FILE.json")
    given = parser.parse_args()
    changes = ("nodes", "pods_per_node", "wrong_nodes", "log_bytes")
    changed = {name: getattr(given, name) for name in changes if getattr(given, name) is not None}
    given.size = replace(SIZES[given.size], **changed)
    _check(parser, given.size)
    return given


def _check(parser: argparse.ArgumentParser, size: Size) -> None:
    if not 2 <= size.nodes <= 10_000 or not 6 <= size.pods_per_node <= MOST_PODS:
        parser.error(f"--nodes goes from 2 to 10,000 and --pods-per-node from 6 to {MOST_PODS}")
    if not 0 <= size.wrong_nodes <= min(_MOST_WRONG, size.nodes - 1):
        parser.error(f"--wrong-nodes goes up to {_MOST_WRONG} and must leave one node")


def main() -> None:
    """Write what the arguments say, and print the truth where no file is named for it."""
    given = _arguments()
    with given.out.open("wb") as out:
        found = json.dumps(generate(given.size, out), indent=1) + "\n"
    if given.truth:
        given.truth.write_text(found, encoding="utf-8")
    else:
        print(found, end="")  # noqa: T201


if __name__ == "__main__":
    main()
