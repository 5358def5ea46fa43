"""The notebooks: executed, and written so that the same execution gives the same bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tools.docs_examples import ROOT

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebooks() -> list[Path]:
    """Every notebook of the project."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def executed(path: Path) -> str:
    """Execute a notebook in a kernel of its own, beside its file, and give its text with the outputs.

    Raises nbclient's `CellExecutionError` for a cell that raises.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    own = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "100"}
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # whether two prints come in one message is a matter of chance
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env={**os.environ, **own})
    _settle(notebook)
    return str(nbformat.writes(notebook)) + "\n"  # type: ignore[no-untyped-call]


def _settle(notebook: Any) -> None:
    """Take out what differs between machines and runs."""
    notebook.metadata = _METADATA
    for number, cell in enumerate(notebook.cells, 1):
        cell.metadata = {}
        cell.id = f"cell-{number:02d}"
