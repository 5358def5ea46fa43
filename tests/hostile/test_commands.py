"""Commands to paste are made of names out of the bundle: none of them may end a word and begin a command of its own."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

import calico_bundle as cb
from tests.checks.test_checks import changed
from tests.stories import Story, load_stories

EVIL = "x;reboot"


def commands(analysis: cb.Analysis) -> Iterator[str]:
    report = analysis.report()
    yield from (command for finding in report["findings"] for fix in finding["fixes"] for command in fix["commands"])
    yield from (command for hypothesis in report["hypotheses"] for command in hypothesis["collect"])
    yield from (report["collect"] or {"commands": []})["commands"]


@pytest.mark.parametrize("told", [s for s in load_stories() if s.path], ids=lambda s: s.name)
def test_no_name_out_of_the_bundle_becomes_a_command(told: Story):
    names = {node["name"] for node in cb.analyze(str(told.path)).report()["nodes"]} | {"kube-system", "calico-node"}

    def poison(_path: str, text: str) -> str:
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, f"{name}{EVIL}")
        return text

    found = list(commands(changed(told.name, poison)))
    assert told.name != "incident" or any(EVIL in command for command in found)
    for command in found:
        words = list(shlex.shlex(command.partition("  #")[0], posix=True, punctuation_chars=True))
        assert "reboot" not in words, command
