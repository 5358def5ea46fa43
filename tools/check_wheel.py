"""Check that a wheel holds what users need beside the code, and nothing that they do not."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "calico_bundle"


def source_files() -> set[str]:
    """Every file of the package as it stands in the sources, with its path inside a wheel."""
    found = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(PACKAGE.parent).as_posix() for path in found}


def complaints(wheel: str) -> list[str]:
    """What is wrong with a wheel; empty when nothing is."""
    with zipfile.ZipFile(wheel) as opened:
        inside = set(opened.namelist())
    packaged = {name for name in inside if ".dist-info/" not in name}
    missing = sorted(source_files() - packaged)
    foreign = sorted(packaged - source_files())
    said = [f"missing from the wheel: {name}" for name in missing] + [f"not of the package: {name}" for name in foreign]
    if not any(name.endswith("/LICENSE") for name in inside):
        said.append("missing from the wheel: LICENSE")
    return said


def main(arguments: Sequence[str]) -> int:
    """Check each wheel named; 1 when one is not as it should be."""
    said = [f"{Path(wheel).name}: {text}" for wheel in arguments for text in complaints(wheel)]
    sys.stderr.writelines(f"{line}\n" for line in said)
    return 1 if said or not arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
