"""The default exclude list, tag by tag.

Source of every row: node/pkg/lifecycle/startup/autodetection/autodetection_linux.go at that tag of projectcalico/calico
(before v3.22: pkg/startup/startup.go of the node's own repository).
"""

from __future__ import annotations

import re

import pytest

from calico_bundle.calico.exclusions import Version, default_exclusions

OLDEST = ["docker", "cbr", "dummy", "virbr", "lxcbr", "veth", "lo", "cali", "tunl", "flannel", "kube-ipvs"]
TUNNELS = ["vxlan.calico", "vxlan-v6.calico", "wireguard.cali", "wg-v6.cali"]


def excluded(name: str, version: Version | None) -> bool:
    return any(re.search(pattern, name) for pattern in default_exclusions(version))


@pytest.mark.parametrize("version", [(2, 6, 1), (3, 1), (3, 3, 7), (3, 14, 0), (3, 14, 2)])
def test_until_v3_14_there_are_eleven_unanchored_patterns(version):
    """autodetection list in pkg/startup/startup.go up to v3.14: no cni, no br-, no podman."""
    assert sorted(p.removesuffix(".*") for p in default_exclusions(version)) == sorted(OLDEST)
    assert not excluded("cni0", version)
    assert not excluded("br-cddff8a3b81c", version)
    # Unanchored: a name that only contains one of the words is passed over too.
    assert excluded("vlo100", version)
    assert excluded("vxlan.calico", version)


@pytest.mark.parametrize(
    "version", [(3, 15, 0), (3, 18, 4), (3, 22, 5), (3, 23, 3), (3, 24, 0), (3, 24, 1), (3, 24, 2)]
)
def test_from_v3_15_cni_is_excluded_and_still_nothing_is_anchored(version):
    """startup.go and autodetection_linux.go from v3.15: `cni.*` was added."""
    assert excluded("cni0", version)
    assert excluded("mycni0", version)
    assert not excluded("br-cddff8a3b81c", version)
    assert not excluded("podman1", version)
    assert excluded("vxlan.calico", version)  # by `cali`, which stands in its name
    assert not any(p.startswith("^") for p in default_exclusions(version))


@pytest.mark.parametrize("version", [(3, 23, 4), (3, 24, 3)])
def test_the_two_releases_that_anchored_the_names_let_calicos_own_tunnels_through(version):
    """autodetection_linux.go at v3.23.4 and v3.24.3; projectcalico/calico#6927."""
    assert all(p.startswith("^") for p in default_exclusions(version))
    assert not any(excluded(name, version) for name in TUNNELS)
    assert excluded("cali0123456789a", version)
    assert excluded("tunl0", version)
    assert not excluded("mycni0", version)
    assert not excluded("vlo100", version)


@pytest.mark.parametrize("version", [(3, 23, 5), (3, 24, 4), (3, 24, 5)])
def test_the_releases_after_them_exclude_the_tunnels_by_name(version):
    """autodetection_linux.go at v3.23.5, v3.24.4 and v3.24.5."""
    assert all(excluded(name, version) for name in TUNNELS)
    assert not excluded("vxlanXcalico", version)  # the dot is escaped
    assert not excluded("nodelocaldns", version)
    assert not excluded("br-cddff8a3b81c", version)


def test_v3_24_6_adds_nodelocaldns_and_no_bridge():
    """autodetection_linux.go at v3.24.6."""
    assert excluded("nodelocaldns", (3, 24, 6))
    assert not excluded("br-cddff8a3b81c", (3, 24, 6))
    assert not excluded("podman1", (3, 24, 6))


@pytest.mark.parametrize("version", [(3, 25, 0), (3, 25), (3, 26, 5), (3, 28, 5), (3, 31, 7), (3, 33, 0), None])
def test_from_v3_25_bridges_of_docker_and_podman_are_excluded(version):
    """autodetection_linux.go at v3.25.0 to master; the list is taken where the version is not known."""
    names = [*(f"{n}0" for n in OLDEST), *TUNNELS, "cni0", "nodelocaldns", "podman1", "br-cddff8a3b81c"]
    assert [n for n in names if not excluded(n, version)] == []
    assert len(default_exclusions(version)) == 19


@pytest.mark.parametrize(
    "name",
    [
        "bond0", "bond1.2", "team0", "vlan20", "ib0", "wg0", "tun0", "tap0", "tailscale0", "ztabc", "ovs-system",
        "lxdbr0", "nerdctl0", "br0", "br0-mgmt", "cilium_host", "weave", "enx00051bded752", "keepalived",
        "PortChannel0004",
    ],
)  # fmt: skip
def test_what_no_release_since_v3_25_excludes(name):
    """The list names neither bonds nor VPNs nor other CNIs; `br0` has no dash."""
    assert not excluded(name, (3, 28, 5))


def test_a_card_whose_name_begins_with_lo_is_excluded_with_the_loopback():
    """`^lo` has no end in autodetection_linux.go."""
    assert excluded("lol0", (3, 28, 5))
    assert not excluded("vlo100", (3, 28, 5))


@pytest.mark.parametrize(
    "version, same", [((3, 15), (3, 15, 0)), ((3, 23), (3, 23, 0)), ((3, 24), (3, 24, 0)), ((3, 14), (3, 14, 0))]
)
def test_version_without_a_patch_is_taken_for_the_first_release(version, same):
    """An image's tag may be `v3.24` alone."""
    assert default_exclusions(version) == default_exclusions(same)
    assert excluded("cni0", version) == (version >= (3, 15))
