"""The measured incidents as machines without `ip`, and collectors that ask `ip` for less, would have recorded them.

What is still decided is as measured, and nobody else is blamed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import cycle

import pytest

import calico_bundle as cb
from tests.layouts import rendered_net_tools as texts
from tests.layouts.test_rendered import packed
from tests.network.test_likeness import differing
from tests.stories import Story, load_stories

MEASURED = [told for told in load_stories() if told.path is not None and told.measured["pods"]]
Form = Callable[[str], str]


def dropped(_text: str) -> str:
    return "bash: ip: command not found\n"


FORMS: dict[str, tuple[Form, Form]] = {
    "ifconfig and route -n": (texts.ifconfig, texts.route_n),
    "old ifconfig and netstat -rn": (lambda t: texts.ifconfig(t, old=True), lambda t: texts.route_n(t, netstat=True)),
    "ifconfig alone": (texts.ifconfig, dropped),
    "/proc/net/route alone": (dropped, texts.proc_net_route),
    "/proc/net/fib_trie alone": (dropped, texts.fib_trie),
    "ip -4 -o a and ip ro": (lambda t: texts.ip_one_line(t, 4), texts.ip_route_main),
    "ip -4 -o a alone": (lambda t: texts.ip_one_line(t, 4), dropped),
    "ip -6 -o a and ip route show table all": (lambda t: texts.ip_one_line(t, 6), lambda t: t),
    "ip ro alone": (dropped, texts.ip_route_main),
}


def told_by(told: Story, *forms: tuple[Form, Form]) -> io.BytesIO:
    """The bundle of an incident with the two outputs of each machine in another form, each machine in the next one."""
    files, of_folder, turn = {}, dict[str, tuple[Form, Form]](), cycle(forms)
    for path, content in told.members():
        folder, _, name = path.replace("_", "-").rpartition("/")
        form = of_folder[folder] if folder in of_folder else of_folder.setdefault(folder, next(turn))
        other = form[0] if name.startswith("ip-addr") else form[1] if name.startswith("ip-route") else None
        files[path] = other(content.decode()).encode() if other and "v6" not in name else content
    return packed(f"{told.name}.tar.gz", files)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("told", MEASURED, ids=lambda t: t.name)
def test_what_is_decided_is_as_measured(told: Story, form: str) -> None:
    as_measured(told, cb.analyze(told_by(told, FORMS[form])))


@pytest.mark.parametrize("first", range(0, len(FORMS), 2))
@pytest.mark.parametrize("told", MEASURED, ids=lambda t: t.name)
def test_machines_in_different_forms(told: Story, first: int) -> None:
    """What is worked out once for machines that are alike must not be taken over by one that tells less."""
    forms = list(FORMS.values())
    analysis = cb.analyze(told_by(told, *forms[first:], (str, str), *forms[:first]))
    as_measured(told, analysis)
    assert not differing(analysis.diagnosis.paths)


def as_measured(told: Story, analysis: cb.Analysis) -> None:
    for path in analysis.diagnosis.paths.pods:
        measured = told.measured["pods"].get(f"{path.pod.namespace}/{path.pod.name}")
        if measured and path.verdict != "not-applicable":
            assert path.verdict in ("unknown", measured["verdict"]), path.pod.name
    errors = [f for f in analysis.findings if f.code.startswith("CB1") and f.severity == "error"]
    assert not [f for f in errors if f.subject.partition("/")[2] in told.expected["must_not_blame"]]


def test_older_tools_decide_nearly_as_much_as_ip() -> None:
    """Were nothing decided, nothing above could be wrong."""

    def decided(form: tuple[Form, Form]) -> int:
        paths = (p for told in MEASURED for p in cb.analyze(told_by(told, form)).diagnosis.paths.pods)
        return sum(p.verdict not in ("unknown", "not-applicable") for p in paths)

    of_ip = decided((str, str))
    assert decided(FORMS["ifconfig and route -n"]) >= 0.9 * of_ip
    assert decided(FORMS["ip -6 -o a and ip route show table all"]) == of_ip
