"""A line that is missing or stands elsewhere changes no value in silence: values are those of before, or a gap is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from calico_bundle.objects import shaped_items
from calico_bundle.parsers.objects import parse, quick, stream
from tests.objects.test_object_lists import HEAD, ITEMS, SERVICE, TAIL, filled
from tests.objects.test_pod_lists import CHANGES as POD_CHANGES
from tests.objects.test_pod_lists import agree, is_whole, usual

CHANGES: tuple[Callable[[list[str], int], list[str]], ...] = (
    lambda lines, at: [*lines[:at], *lines[at + 1 :]],
    lambda lines, at: [*lines[:at], "  " + lines[at], *lines[at + 1 :]],
    lambda lines, at: [*lines[:at], " " + lines[at], *lines[at + 1 :]],
    lambda lines, at: [*lines[:at], lines[at].removeprefix("  "), *lines[at + 1 :]],
    lambda lines, at: [*lines[:at], *("  " + line for line in lines[at : at + 3]), *lines[at + 3 :]],
)


@pytest.mark.parametrize("labels", ["    labels:\n    - app: web\n", "    labels: web\n"])
def test_labels_of_a_service_that_are_no_mapping_are_a_gap(monkeypatch: pytest.MonkeyPatch, labels: str) -> None:
    monkeypatch.setattr(shaped_items, "_FEW", 0)
    usual = "    labels:\n      app: web\n      kubernetes.io/service-name: kube-dns\n"
    text = HEAD + filled(SERVICE, {}).replace(usual, labels) + TAIL
    assert labels in text
    found = quick(text.encode(), "x.yaml")
    assert found is not None
    assert found.gaps == parse(text, "x.yaml").gaps != ()


def values(facts: Sequence[object]) -> list[str]:
    """What facts say, without the lines that they were read from."""
    return [repr(fact).partition(", evidence=")[0].partition(", cited=")[0] for fact in facts]


@pytest.mark.parametrize("few", [0, 100])
@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_line_that_stands_elsewhere_changes_no_value_in_silence(
    monkeypatch: pytest.MonkeyPatch, item: str, few: int, change: Callable[[list[str], int], list[str]]
) -> None:
    monkeypatch.setattr(shaped_items, "_FEW", few)
    lines = filled(item, {}).splitlines(keepends=True)
    before = values(parse(HEAD + "".join(lines) + TAIL, "x.yaml").facts)
    for at in range(1, len(lines)):
        text = HEAD + "".join(change(lines, at)) + TAIL
        general = parse(text, "x.yaml")
        for found in (quick(text.encode(), "x.yaml"), stream(iter((text.encode(),)), "x.yaml")):
            if found is not None and values(found.facts) != before:
                assert list(found.facts) == list(general.facts)
                assert found.gaps == general.gaps


@pytest.mark.parametrize("change", POD_CHANGES)
def test_a_line_that_is_written_oddly_anywhere(change: Callable[[str], list[str]]) -> None:
    lines = usual().split("\n")
    before = parse(HEAD + usual() + TAIL, "pods.yaml").facts
    for at in range(2, len(lines) - 1):
        text = HEAD + "\n".join([*lines[:at], *change(lines[at]), *lines[at + 1 :]]) + TAIL
        agree(text)
        general = parse(text, "pods.yaml")
        # A key that stands in the middle of a section takes what follows of it for its own.
        if not is_whole(general.gaps) and "managedFields" not in text:
            found = stream(iter([text.encode()]), "pods.yaml")
            assert values(found.facts) in (values(general.facts), values(before))
