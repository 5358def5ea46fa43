"""Formats of one machine, sent together with the cluster's objects: each archive finds its node, and the verdict is there."""

import pytest

import calico_bundle as cb
from tests.layouts.rendered import Bundles, recorded, renderings
from tests.layouts.test_rendered import measured, packed
from tests.stories import story

MACHINES = ("node_diags", "supportconfig")


def with_objects(bundles: Bundles) -> cb.Analysis:
    objects = {path: data for path, data in story("incident").members() if "/cluster/" in path}
    sent = {**bundles, "kubectl.tar.gz": {path.partition("/cluster/")[2]: data for path, data in objects.items()}}
    return cb.analyze([packed(name, files) for name, files in sent.items()])


@pytest.fixture(params=MACHINES, scope="module")
def analysis(request):
    return with_objects(renderings()[request.param].write(recorded()))


def test_the_verdict_is_that_of_a_bundle_that_has_both(analysis):
    report = analysis.report()
    assert (report["verdict"]["status"], report["verdict"]["root_causes"]) == ("broken", ["CB101"])
    verdicts = {f"{p['namespace']}/{p['pod']}": p["verdict"] for p in report["paths"]}
    assert verdicts.items() >= measured().items()


def test_every_machine_has_its_node(analysis):
    files = analysis.tables.artifacts
    assert set(files[files["kind"] == "ip-addr"]["node"]) == set(recorded().nodes)
    assert not [gap for gap in analysis.report()["bundle"]["gaps"] if gap["kind"] in ("unassigned", "contradicted")]
