"""What the laboratory measured, against bundles in which tables or descriptions stand in place of objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

import calico_bundle as cb
from tests.lab import recording
from tests.lab.compare import compare
from tests.layouts.rendered_descriptions import described
from tests.layouts.rendered_kubectl import (
    calicoctl_nodes,
    calicoctl_pools,
    endpoints_table,
    nodes_wide,
    pods_wide,
    services_wide,
)

NAMES = (
    "incident-ipip",
    "duplicate-on-two",
    "reflector-wrong",
    "policy-routing",
    "stale-address-vxlan",
    "borrowed-address",
)
Write = Callable[[Iterable[Any]], str]


def all_nodes(nodes: Iterable[Any]) -> str:
    """Both tables of nodes, one below the other."""
    listed = list(nodes)
    return nodes_wide(listed) + "\n" + calicoctl_nodes(listed)


TABLES: dict[str, Write] = {
    "nodes": all_nodes, "services": services_wide, "endpoints": endpoints_table, "ippools": calicoctl_pools,
}  # fmt: skip
OF_KUBECTL: dict[str, Write] = {"nodes": nodes_wide, "services": services_wide, "endpoints": endpoints_table}


def in_other_words(name: str, folder: Path, forms: dict[str, Write]) -> Path:
    """A recording with some of its objects written in another form."""
    unpacked = recording.read(recording.archive_of(name), folder)
    for kind, write in forms.items():
        path = unpacked / "bundle" / "cluster" / f"{kind}.yaml"
        objects = yaml.safe_load(path.read_text(encoding="utf-8"))["items"]
        path.with_suffix(".txt").write_text(write(objects), encoding="utf-8")
        path.unlink()
    return unpacked


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "forms", [TABLES, OF_KUBECTL, {**TABLES, "pods": pods_wide}], ids=["tables", "of-kubectl", "pods"]
)
def test_tables_lead_to_nothing_that_was_not_measured(name: str, forms: dict[str, Write], tmp_path: Path) -> None:
    assert not compare(in_other_words(name, tmp_path, forms)).disagreements


@pytest.mark.parametrize("name", NAMES)
def test_descriptions_lead_to_all_that_objects_do(name: str, tmp_path: Path) -> None:
    kinds = ("nodes", "services", "endpoints", "daemonsets")
    forms: dict[str, Write] = {kind: lambda objects, kind=kind: described(objects, kind) for kind in kinds}
    stated = recording.read(recording.archive_of(name), tmp_path / "objects")
    told = in_other_words(name, tmp_path / "described", forms)
    assert not compare(told).disagreements
    assert compare(told).agreed == compare(stated).agreed
    one, other = cb.analyze(stated / "bundle").verdict, cb.analyze(told / "bundle").verdict
    assert (other.status, other.root_causes) == (one.status, one.root_causes)
