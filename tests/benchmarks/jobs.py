"""One thing to measure, in a process of its own: `python -m tests.benchmarks.jobs NAME FILE`.

Each prints the seconds of CPU and of the clock that the measured part took, without starting Python and importing.
"""

from __future__ import annotations

import gc
import json
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

_CHUNK_BYTES = 256 * 1024


def decompress(path: Path) -> Callable[[], object]:
    """The floor of all reading: decompression of the archive, and nothing done with the bytes."""
    from isal import igzip

    def run() -> None:
        buffer = bytearray(_CHUNK_BYTES)
        with igzip.open(path, "rb") as stream:
            while stream.readinto(buffer):
                pass

    return run


def load_pods(path: Path) -> Callable[[], object]:
    """What everybody would do: the pods file alone, by PyYAML's C loader."""
    import yaml

    data = path.read_bytes()
    return lambda: yaml.load(data, Loader=yaml.CSafeLoader)


def load_pods_without_collector(path: Path) -> Callable[[], object]:
    """The same with the cyclic garbage collector off, which looks at all objects again and again as they become more."""
    gc.disable()
    return load_pods(path)


def read_pods(path: Path) -> Callable[[], object]:
    """The pods file alone, by this program, from the open file to its facts."""
    from calico_bundle.bundle import Bundle, read_bundle
    from calico_bundle.parsers import all_parsers

    all_parsers()  # imports, which the first file would pay for

    def run() -> Bundle:
        bundle = read_bundle(path)
        if bundle.gaps or not bundle.artifacts[0].parsed.facts:
            raise SystemExit(f"{path}: not read, but {bundle.gaps}")
        return bundle

    return run


def extract_pods(path: Path) -> Callable[[], object]:
    """Not measured: puts the pods file of a bundle beside it."""

    def run() -> None:
        with tarfile.open(path) as archive:
            pods = next(member for member in archive if member.name.endswith("/pods.yaml"))
            found = archive.extractfile(pods)
            if found is None:
                raise SystemExit(f"{path}: no pods")
            with found, pods_beside(path).open("wb") as out:
                while piece := found.read(_CHUNK_BYTES):
                    out.write(piece)

    return run


def pods_beside(bundle: Path) -> Path:
    """Where the pods file of a bundle is put."""
    return bundle.with_name(bundle.name.removesuffix(".tar.gz") + ".pods.yaml")


JOBS = {job.__name__: job for job in (decompress, load_pods, load_pods_without_collector, read_pods, extract_pods)}


def main() -> None:
    """Prepare, then run and measure."""
    run = JOBS[sys.argv[1]](Path(sys.argv[2]))
    cpu, clock = time.process_time(), time.perf_counter()
    kept = run()
    taken = {"cpu": time.process_time() - cpu, "clock": time.perf_counter() - clock}
    del kept
    sys.stdout.write(json.dumps(taken))


if __name__ == "__main__":
    main()
