"""Blocks of README.md and docs/ that are for the reader to paste: each is run by a test, or it says here why not."""

import io
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.stories import story
from tools.docs_examples import ROOT, blocks, furnish

# A beginning of the block, and who runs it. What needs a package index, root, a cluster or hours is a step of CI at most.
ELSEWHERE = {
    "python3 tools/run.py demo": "it sets up; .ci/run does, and tests/tools/test_environment.py has its parts",
    "python3 tools/run.py test": "it is what runs this; a step of .ci/run",
    "python3 tools/run.py setup": "it sets up and opens a browser; tests/notebooks runs its last line",
    "python -m pytest -q tests/layouts": "it runs tests, and these run them",
    "calicoctl cluster diags": "it needs a cluster",
    "mkdir -p bundle": "tests/docs/test_examples.py runs it against a stand-in for kubectl",
    "apt-get install chromium": "it installs; .ci/run does, and runs the last line",
    "pip install atheris": "it installs; .ci/run fuzzes",
    "python -m tests.lab list": "it needs root; tests/lab runs it where there is root",
    "python -m tests.lab fixes": "it needs root; tests/lab runs it where there is root",
    "printf '#!/bin/sh": "it changes the machine",
    'eval "$(_BUNDLE_ANALYZE_COMPLETE=': "it is for the shell that reads it; tests/cli/test_completing.py asks real shells",
    "mkdir -p ~/.config/fish/completions": "it writes into a home; tests/cli/test_completing.py asks a real fish",
    "_BUNDLE_ANALYZE_COMPLETE=bash_source bundle-analyze >": "it writes into a home; tests/cli/test_completing.py asks bash",
    "mkdir -p ~/.local/share/man/man1": "it writes into a home; .ci/run makes the page and checks it",
    "bundle-analyze nightly.tar.gz -f json | jq": "it needs jq; the keys are those of the schema",
    "kubectl ": "it needs a cluster",
    "ip route get": "it needs the machine",
    "python -m tests.benchmarks": "it takes an hour; tests/benchmarks tests its parts",
}


def pasted():
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.language == "sh":
                yield pytest.param(block.body, id=f"{page.name}-{block.line}")


def is_use(body):
    return body.startswith("bundle-analyze ") and "| jq" not in body


@pytest.mark.parametrize("body", list(pasted()))
def test_each_is_run_or_its_reason_is_stated(body):
    reasons = [beginning for beginning in ELSEWHERE if body.startswith(beginning)]
    assert is_use(body) != bool(reasons), "run it here, or say who does"


def test_no_reason_is_left_over():
    bodies = [param.values[0] for param in pasted()]
    assert not [beginning for beginning in ELSEWHERE if not any(body.startswith(beginning) for body in bodies)]


def archive(path: Path, wanted: str) -> None:
    with tarfile.open(path, "w:gz") as made:
        for name, content in story("incident").members():
            if re.search(wanted, name):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                made.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize("body", [p for p in pasted() if is_use(p.values[0])])
def test_commands_run_on_an_archive_of_the_incident(body, tmp_path):
    environment = furnish("", tmp_path)
    archive(tmp_path / "customer.tar.gz", "")
    archive(tmp_path / "node-1.tar.gz", "/cluster/|worker-1/")
    archive(tmp_path / "node-2.tar.gz", "/cluster/|worker-2/")
    for line in body.splitlines():
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1, 3), f"{line}\n{done.stderr}"
        assert "Usage:" not in done.stderr, line
    assert {"report.json", "routes.csv"} <= {path.name for path in tmp_path.iterdir()}
