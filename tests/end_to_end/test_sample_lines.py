"""Every file of the public samples is read or passed over for a reason, and so is every line of those that are read.

The samples stand beside the repository and are never copied into it; where they are absent, these tests are skipped.
"""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from calico_bundle.bundle import Artifact, read_bundle
from calico_bundle.evidence import Gap
from tests.end_to_end.test_samples import ARCHIVE_ENDINGS, SAMPLES

TABLES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("sample_lines.yaml").read_text(encoding="utf-8"))
FOLDERS = 9
FILES_AND_MEMBERS = 776
"""All that the samples hold, archives opened."""
SYSCTL_FILES = 2
TITLES = ("Kernel IP", "    cache  ", "Destination  ", "Address  ", "Entries: ")

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no sample bundles at ../shared/samples")


@cache
def read() -> tuple[dict[str, Artifact], list[Gap]]:
    """Every file by its path, with the samples' folder in front of it; and every gap, with such a path."""
    files: dict[str, Artifact] = {}
    gaps: list[Gap] = []
    folders = sorted(path for path in SAMPLES.iterdir() if path.is_dir())
    assert len(folders) == FOLDERS
    for folder in folders:
        bundle = read_bundle(folder)
        files |= {f"{folder.name}/{one.path}": one for one in bundle.artifacts}
        found = (*bundle.gaps, *(gap for one in bundle.artifacts for gap in one.parsed.gaps))
        gaps += [Gap(f"{folder.name}/{gap.path}", gap.line, gap.kind, gap.message) for gap in found]
    return files, gaps


def test_no_file_is_left_out():
    files, _ = read()
    single = [p for folder in SAMPLES.iterdir() if folder.is_dir() for p in folder.rglob("*") if p.is_file()]
    names = {str(p.relative_to(SAMPLES)) for p in single if not p.name.endswith(ARCHIVE_ENDINGS)}
    assert names <= set(files)
    archives = {str(p.relative_to(SAMPLES)) for p in single} - names
    assert {name for name in archives if not any(path.startswith(f"{name}!/") for path in files)} == set()
    assert len(files) == FILES_AND_MEMBERS


def test_every_file_that_is_passed_over_has_its_reason():
    files, _ = read()
    over = [path for path, one in files.items() if one.kind is None and not one.placement.skip]
    patterns = [pattern for row in TABLES["passed_over"] for pattern in row["files"]]
    assert [path for path in over if not any(fnmatchcase(path, pattern) for pattern in patterns)] == []
    assert [p for p in patterns if not any(fnmatchcase(path, p) for path in over)] == [], (
        "nothing is passed over for it"
    )
    assert all(row["reason"] for row in TABLES["passed_over"])


def test_every_line_that_gave_no_fact_has_its_reason():
    _, gaps = read()
    expected = {(row["file"], row["says"]): row for row in TABLES["gaps"]}
    fitting = {
        gap: [key for key in expected if fnmatchcase(gap.path, key[0]) and key[1] in gap.message] for gap in gaps
    }
    assert [gap for gap, keys in fitting.items() if len(keys) != 1] == [], "not in the table, or twice"
    found = {key: sorted(gap.line or 0 for gap, keys in fitting.items() if keys == [key]) for key in expected}
    assert found == {key: row["lines"] for key, row in expected.items()}
    assert all(row["reason"] for row in expected.values())


def test_what_is_read_is_what_it_is():
    """How many files are of which kind: a file that another parser takes, or none, shows here."""
    files, _ = read()
    counts = Counter(one.kind for path, one in files.items() if one.kind and not path.startswith("replicatedhq"))
    assert counts == {
        "arp": 8,
        "ifconfig": 3,
        "ip-addr": 18,
        "ip-neigh": 4,
        "ip-route": 9,
        "ip-rule": 2,
        "iptables-list": 11,
        "k8s-objects": 78,
        "kubelet-config": 1,
        "route-n": 13,
    }


def test_settings_of_the_kernel_are_read():
    """troubleshoot's collector writes them with their whole paths."""
    files, _ = read()
    paths = [path for path in files if path.endswith("/sysctl/primary-node")]
    assert len(paths) == SYSCTL_FILES
    for path in paths:
        settings = {fact.key: fact.value for fact in files[path].parsed.facts}
        assert settings["net.ipv4.ip_forward"] == "1", path
        assert settings["net.ipv4.conf.all.rp_filter"] in ("0", "1", "2"), path


def test_every_line_of_a_listing_is_a_fact_or_a_gap_or_a_title():
    """Listings of one entry a line: nothing in them is lost without a word."""
    files, gaps = read()
    noted = {(gap.path, gap.line) for gap in gaps}
    for path, one in files.items():
        if one.kind not in ("arp", "ip-neigh", "ip-route", "ip-rule", "route-n"):
            continue
        quoted = {fact.evidence.line for fact in one.parsed.facts}
        lines = (SAMPLES / path).read_text(encoding="utf-8").split("\n")
        lost = [line for n, line in enumerate(lines, 1) if n not in quoted and (path, n) not in noted and line.strip()]
        assert [line for line in lost if not line.startswith(TITLES)] == [], path
