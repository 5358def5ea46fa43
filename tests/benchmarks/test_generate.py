"""The generated bundles are what they say: kubectl's layout, the same bytes every time, and the truth beside them holds."""

import io
import tarfile

import pytest
import yaml

import calico_bundle as cb
from tests.benchmarks.cluster import SIZES, Cluster, Size, suffix
from tests.benchmarks.cluster_files import cluster_files
from tests.benchmarks.generate import generate

HEALTHY = Size(4, 8, wrong_nodes=0, log_bytes=0)


def bundle(size):
    out = io.BytesIO()
    return out, generate(size, out, level=1)


@pytest.mark.parametrize(
    "size", [SIZES["small"], HEALTHY, Size(6, 6, wrong_nodes=3)], ids=["small", "healthy", "three"]
)
def test_the_analysis_finds_the_truth(size):
    out, truth = bundle(size)
    out.seek(0)
    report = cb.analyze(out).report()
    assert report["verdict"]["status"] == truth["verdict"]
    assert report["verdict"]["root_causes"] == truth["root_causes"]
    assert report["dns"]["paths"] == truth["paths"]
    assert [node["name"] for node in report["nodes"] if node["address_verdict"] == "wrong"] == truth["wrong_nodes"]
    assert report["bundle"]["gaps"] == []


def test_the_same_size_gives_the_same_bytes():
    assert bundle(HEALTHY)[0].getvalue() == bundle(HEALTHY)[0].getvalue()


def test_the_truth_counts_what_is_in_the_archive():
    out, truth = bundle(HEALTHY)
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        files = {member.name: member.size for member in archive if member.isfile()}
        links = [member for member in archive if member.issym()]
        assert all(archive._find_link_target(link) for link in links)
    assert len(files) == truth["members"]
    assert sum(files.values()) == truth["bytes"]
    assert files[truth["pods_file"]["path"]] == truth["pods_file"]["bytes"]


def keys_are_sorted(value):
    if isinstance(value, dict):
        return list(value) == sorted(value) and all(map(keys_are_sorted, value.values()))
    return not isinstance(value, list) or all(map(keys_are_sorted, value))


def test_objects_are_laid_out_as_kubectl_does():
    for path, pieces in cluster_files(Cluster(SIZES["small"])):
        text = "".join(pieces)
        listed = yaml.load(text, Loader=yaml.CSafeLoader)
        assert list(listed) == ["apiVersion", "items", "kind", "metadata"], path
        assert keys_are_sorted(listed), path
        assert text.count("\n- ") == len(listed["items"]), path


def test_pods_are_as_large_as_real_ones():
    size = SIZES["small"]
    (pods,) = ("".join(pieces) for path, pieces in cluster_files(Cluster(size)) if path.endswith("/pods.yaml"))
    assert 8_000 < len(pods) / (size.nodes * size.pods_per_node) < 10_000


def test_no_two_pods_have_the_same_name():
    names = {suffix("app", number) for number in range(100_000)}
    assert len(names) == 100_000
