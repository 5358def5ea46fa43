"""The verb `what-if`: a report on a change, with the formats and the exit status of `analyze`."""

from __future__ import annotations

import json

import pytest

from calico_bundle.cli import program

BUNDLE = "fixtures/incident/bundle"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as done:
        program.main(["what-if", *words])
    shown = capsys.readouterr()
    return int(done.value.code or 0), shown.out, shown.err


def test_a_change_that_mends_it_ends_without_findings(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, BUNDLE, "--method", "kubernetes-internal-ip")
    assert status == 0
    assert out.startswith("healthy: predicted, with the detection method kubernetes-internal-ip")


def test_a_change_that_does_not_ends_as_analyze_does(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, BUNDLE, "--address", "shop-worker-3=10.0.1.99/24", "-f", "json")
    report = json.loads(out)
    assert status == 1
    assert report["verdict"]["status"] == "broken"
    assert report["what_if"]["nodes"][0]["node"] == "shop-worker-3"


def test_several_changes_are_one(capsys: pytest.CaptureFixture[str]):
    both = ("--address", "shop-worker-1=10.0.1.11/16", "--remove-interface", "shop-worker-2=ens19")
    status, out, _ = run(capsys, BUNDLE, *both, "-f", "json")
    assert status == 0
    assert {m["node"] for m in json.loads(out)["what_if"]["nodes"]} == {"shop-worker-1", "shop-worker-2"}


@pytest.mark.parametrize(
    "words, said",
    [
        ((), "nothing is changed"),
        (("--method", "kubernetes-internal-pi"), "did you mean 'kubernetes-internal-ip'"),
        (("--address", "shop-worker-2"), "NODE=ADDRESS/LENGTH"),
        (("--address", "shop-worker-2=10.0.1.12"), "/32"),
        (("--address", "a=10.0.1.1/24", "--address", "a=10.0.1.2/24"), "more than one address"),
        (("--address", "shop-worker-22=10.0.1.12/24"), "did you mean 'shop-worker-2'"),
        (("--remove-interface", "shop-worker-2=ens9"), "did you mean"),
        (("--remove-interface", "shop-worker-2=lo"), "lo of shop-worker-2 cannot be taken away"),
    ],
)
def test_what_is_no_change_is_bad_usage(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str):
    status, out, err = run(capsys, BUNDLE, *words)
    assert (status, out) == (2, "")
    assert said in err
