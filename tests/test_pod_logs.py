"""Whose log it is, for pods whose names are not generated, in every layout; and which logs are of the past.

Where a log lies is each collector's own rule (tests/layouts, with the sources); a StatefulSet's pod is NAME-ORDINAL
(Kubernetes, StatefulSets), and a pod that nobody's controller made is called as its owner likes.
"""

from __future__ import annotations

import pytest

from tests.dns_bundles import log_of, with_files

LINE = (
    "at work\n2026-11-22T23:29:08Z lookup orders.default.svc.cluster.local on 10.96.0.10:53: "
    "read udp 10.244.1.10:4->10.96.0.10:53: i/o timeout\n"
)


def symptoms(*paths: str, story: str = "healthy", quiet: tuple[str, ...] = ()):
    analysis = with_files(story, {**dict.fromkeys(paths, LINE), **dict.fromkeys(quiet, "at work\n")})
    return analysis.report()["symptoms"]["listed"]


@pytest.mark.parametrize(
    "path",
    [
        "pods/default_app-1_8f14e45f-ceea/app/0.log",
        "var/log/containers/app-1_default_app-" + "0a" * 32 + ".log",
        "logs/default/app-1.log",
        "logs/default/app-1/app.log",
        "logs/app-1.log",
        "app-1/app.log",
        "app-1.txt",
        "default_app-1_app.log",
        "app-1_default_app.log",
        "app-1_default.log",
        "default-app-1.log",
        "default.app-1.log",
        "logs/app-1-previous.log",
        "logs/app-1.log.1",
        # cluster-info dump
        "default/app-1/logs.txt",
        # sonobuoy
        "podlogs/default/app-1/logs/app.txt",
        # must-gather
        "namespaces/default/pods/app-1/app/app/logs/current.log",
        # Rancher's collector, of a namespace that it does not know
        "rke2/podlogs/default-app-1",
        # troubleshoot.sh
        "logs/app-1/app.log",
        "cluster-resources/pods/logs/default/app-1/app.log",
    ],
)
def test_a_pod_with_a_name_that_somebody_chose_is_found_by_its_name(path):
    assert [(s["namespace"], s["pod"], s["verdict"]) for s in symptoms(path)] == [("default", "app-1", "reaches")]


@pytest.mark.parametrize("path", ["logs/shop/app-9.log", "app.log", "app-1-migration.log", "logs/app-10.log"])
def test_a_path_that_names_no_pod_of_the_bundle_is_nobodys(path):
    assert [s["pod"] for s in symptoms(path) if s["verdict"]] == []


def test_a_name_that_pods_of_two_namespaces_have_is_nobodys_without_the_namespace():
    def twice(_: str, text: str) -> str:
        return text.replace("name: app-2\n", "name: app-1\n").replace("namespace: default", "namespace: shop", 1)

    def listed(path: str):
        return with_files("healthy", {path: LINE}, twice).report()["symptoms"]["listed"]

    both = {(p.namespace) for p in with_files("healthy", {}, twice).diagnosis.cluster.pods if p.name == "app-1"}
    assert both == {"default", "shop"}
    assert listed("logs/app-1.log") == []
    assert [s["namespace"] for s in listed("logs/shop/app-1.log")] == ["shop"]


@pytest.mark.parametrize(
    "path", ["pods/app-1-previous.log", "default/app-1/app.previous.log", "default/app-1/previous.log", "app-1.log.1"]
)
def test_a_container_before_the_one_that_runs_says_nothing_to_todays_path(path):
    (told,) = symptoms(path)
    assert told["relation"] == "says-nothing"
    assert "before the container that runs now" in told["text"]


def test_of_a_kubelets_logs_the_highest_number_is_of_the_container_that_runs():
    """kubelet: pods/NAMESPACE_POD_UID/CONTAINER/N.log, N counts the restarts."""
    old, new = log_of("app-1"), log_of("app-1").replace("0.log", "1.log")
    assert [s["relation"] for s in symptoms(old, quiet=(new,))] == ["says-nothing"]
    assert [s["relation"] for s in symptoms(new, quiet=(old,))] == ["contradicts"]
