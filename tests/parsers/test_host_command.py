"""How a command of a host was run, as troubleshoot.sh records it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.evidence import GapKind
from calico_bundle.parsers import choose
from calico_bundle.parsers.host_command import parse, recognizes

TEXT = """{
  "command": "/usr/sbin/ip route",
  "exitCode": "0",
  "error": "",
  "outputDir": "",
  "input": "",
  "env": null
}"""


def test_it_is_chosen_and_gives_the_command():
    parser = choose(TEXT)
    assert (parser.kind, parser.parse(TEXT, "x-info.json").command) == ("host-command", "/usr/sbin/ip route")
    assert parser.parse(TEXT, "x-info.json").gaps == ()


@pytest.mark.parametrize("text", [TEXT[:-1], TEXT.replace('"/usr/sbin/ip route"', "null"), "[" * 100_000, TEXT + TEXT])
def test_what_cannot_be_read_is_a_gap(text):
    parsed = parse(text, "x-info.json")
    assert (parsed.command, [gap.kind for gap in parsed.gaps]) == (None, [GapKind.NOT_UNDERSTOOD])


@pytest.mark.parametrize("text", ['{"command": "x"}', '{"exitCode": "0", "outputDir": "", "command": "x"}', "ip route"])
def test_other_json_is_not_taken(text):
    assert not recognizes(text)


@given(st.text() | st.text().map(lambda text: TEXT + text))
def test_no_text_makes_it_raise(text):
    parsed = parse(text, "x")
    assert parsed.command is not None or parsed.gaps
