"""The archives of the EKS log collector: whose they are, and what can be said with the cluster's objects beside them."""

from __future__ import annotations

import pytest

import calico_bundle as cb
from calico_bundle.layouts import Placement
from calico_bundle.layouts.eks_log_collector import place, roots
from tests.layouts.rendered import recorded, renderings
from tests.layouts.rendered.net_tools import RESOURCES
from tests.layouts.rendered_net_tools import listed
from tests.layouts.test_rendered import measured, packed

NAME = "eks_i-0123456789abcdef0_2026-11-22_2310-UTC_0.7.8.tar.gz!/"
FILES = ("networking/iproute.txt", "ipamd/enis.json", "system/instance-id.txt", "sysctls/sysctl_all.txt")


@pytest.mark.parametrize("above", ["", "case/", "case.zip!/", "a/b/"])
def test_the_root_is_what_holds_the_archives(above: str):
    paths = [above + NAME + path for path in FILES] + [above + "notes.txt", "elsewhere/networking/iproute"]
    assert roots(paths) == (above,)


def test_an_archive_alone_and_several():
    assert roots(FILES) == ("",)
    assert roots([f"x/{name}/{path}" for name in ("n1", "n2") for path in FILES]) == ("x/",)


@pytest.mark.parametrize(
    "paths",
    [
        [],
        ["networking/iproute.txt"],
        ["ipamd/enis.json", "sysctls/sysctl_all.txt"],
        ["host-2026-11-22/networking/iproute", "host-2026-11-22/networking/ipaddrshow"],
        ["a/networking/iproute.txt", "b/ipamd/enis.json"],
    ],
)
def test_other_formats_are_not_it(paths: list[str]):
    assert roots(paths) == ()


@pytest.mark.parametrize(
    "path,expected",
    [
        (NAME + FILES[0], Placement("i-0123456789abcdef0", "ip-route")),
        (NAME + "networking/ip6route.txt", Placement("i-0123456789abcdef0", "ip-route", family=6)),
        (NAME + "networking/iprule.txt", Placement("i-0123456789abcdef0", "ip-rule", family=4)),
        (NAME + FILES[3], Placement("i-0123456789abcdef0", "sysctl")),
        (NAME + "kubelet/kubelet.log", Placement("i-0123456789abcdef0")),
        ("worker-1/networking/iproute.txt", Placement("worker-1", "ip-route")),
        ("networking/iproute.txt", Placement(kind="ip-route", group="eks")),
        ("worker-1/networking/other.txt", None),
        ("worker-1/x/networking/iproute.txt", None),
        ("cluster/nodes.yaml", None),
        ("", None),
    ],
)
def test_each_path_is_its_machines(path: str, expected: Placement | None):
    assert place(path, []) == expected


def test_a_pods_log_keeps_its_name():
    found = place(NAME + "var_log/kube-system_aws-node-x7k2p_0f0e0d0c-1111/aws-node/0.log", [])
    assert found is not None
    assert (found.node, found.pod, found.container) == ("i-0123456789abcdef0", "aws-node-x7k2p", "aws-node")


def test_beside_the_objects_the_incident_is_found_with_addresses_out_of_the_routes():
    """The archives hold the routes of every machine, and with the table local its addresses."""
    bundles = dict(renderings()["eks_log_collector"].write(recorded()))
    bundles["objects.tar.gz"] = {f"{name}.json": listed(recorded().objects(name)) for name in RESOURCES}
    analysis = cb.analyze([packed(name, files) for name, files in bundles.items()])
    report = analysis.report()
    assert report["verdict"]["root_causes"] == ["CB101"]
    assert "shop-worker-2 uses 192.168.50.12 on ens19" in report["verdict"]["headline"]
    truth = measured()
    for path in report["paths"]:
        name = f"{path['namespace']}/{path['pod']}"
        assert path["verdict"] in ("unknown", truth.get(name, path["verdict"])), name
    addresses = {(a["node"], a["interface"], a["address"]) for a in analysis.tables.rows("addresses")}
    assert ("shop-worker-2", "ens19", "192.168.50.12/24") in addresses
