"""Who writes which route: design/cluster-route-programming/DESIGN.md and the configuration's defaults per version."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network

import pytest

from calico_bundle.calico.programming import Encapsulation, Writer, encapsulation, pool_of, writer
from calico_bundle.cluster import Cluster
from calico_bundle.evidence import Evidence
from calico_bundle.facts import BGPConfigurationFact, FelixConfigurationFact, IPPoolFact

LINE = Evidence("objects.yaml", 1, "x")
OWN = ip_interface("10.0.1.11/24")
NEAR, FAR = ip_address("10.0.1.12"), ip_address("10.0.2.12")


def pool(ipip: str = "Never", vxlan: str = "Never") -> IPPoolFact:
    return IPPoolFact("p", ip_network("10.244.0.0/16"), ipip, vxlan, True, False, False, 26, None, LINE)


def configured(felix: str | None = None, bird: str | None = None) -> Cluster:
    felixes = (FelixConfigurationFact("default", felix, None, None, None, LINE),)
    birds = (BGPConfigurationFact("default", None, None, None, None, bird, LINE),)
    return Cluster({}, felix_configurations=felixes, bgp_configurations=birds)


NONE, IPIP, VXLAN = pool(), pool(ipip="Always"), pool(vxlan="Always")


@pytest.mark.parametrize(
    "where,remote,expected",
    [
        (NONE, NEAR, Encapsulation.NONE),
        (IPIP, NEAR, Encapsulation.IPIP),
        (VXLAN, NEAR, Encapsulation.VXLAN),
        (pool(ipip="CrossSubnet"), NEAR, Encapsulation.NONE),
        (pool(ipip="CrossSubnet"), FAR, Encapsulation.IPIP),
        (pool(vxlan="CrossSubnet"), NEAR, Encapsulation.NONE),
        (pool(vxlan="CrossSubnet"), FAR, Encapsulation.VXLAN),
    ],
)
def test_cross_subnet_asks_the_nodes_own_stored_mask(where: IPPoolFact, remote: object, expected: Encapsulation):
    """BIRD: `bgp_next_hop ~ network_v4`; Felix: nodeInOurSubnet."""
    assert encapsulation(where, OWN, remote) is expected  # type: ignore[arg-type]


def test_a_mask_of_one_address_has_nobody_in_it():
    """calico.md 6.5: a bare stored address is a /32 and always encapsulates."""
    assert encapsulation(pool(vxlan="CrossSubnet"), ip_interface("10.0.1.11/32"), NEAR) is Encapsulation.VXLAN
    assert encapsulation(pool(ipip="CrossSubnet"), None, NEAR) is Encapsulation.IPIP


@pytest.mark.parametrize("version", [None, (3, 22), (3, 30, 7), (3, 31), (3, 33)])
def test_felix_writes_vxlan_in_every_version(version: tuple[int, ...] | None):
    assert writer(Cluster({}), VXLAN, version) is Writer.FELIX
    assert writer(Cluster({}), pool(vxlan="CrossSubnet"), version) is Writer.FELIX


@pytest.mark.parametrize("where", [NONE, IPIP])
def test_bird_writes_the_others_up_to_3_30_whatever_is_configured(where: IPPoolFact):
    assert writer(configured(felix="Enabled", bird="Disabled"), where, (3, 30, 7)) is Writer.BIRD


@pytest.mark.parametrize("version", [(3, 31), (3, 32, 1)])
@pytest.mark.parametrize("where", [NONE, IPIP])
def test_from_3_31_the_configuration_says_whose_they_are(where: IPPoolFact, version: tuple[int, ...]):
    assert writer(Cluster({}), where, version) is Writer.BIRD
    assert writer(configured(felix="Enabled", bird="Disabled"), where, version) is Writer.FELIX
    assert writer(configured(felix="Disabled", bird="Disabled"), where, version) is Writer.NOBODY


def test_from_3_33_ipip_is_felixs_by_default_and_no_encapsulation_is_not():
    assert writer(Cluster({}), IPIP, (3, 33)) is Writer.FELIX
    assert writer(Cluster({}), NONE, (3, 33)) is Writer.BIRD
    assert writer(configured(felix="EnabledNoEncapOnly", bird="EnabledIPIPOnly"), IPIP, (3, 33)) is Writer.BIRD
    assert writer(configured(felix="EnabledIPIPOnly", bird="EnabledNoEncapOnly"), NONE, (3, 33)) is Writer.BIRD
    assert writer(configured(felix="Disabled"), IPIP, (3, 33)) is Writer.NOBODY


def test_without_a_version_ipip_stays_open_and_no_encapsulation_does_not():
    assert writer(Cluster({}), IPIP, None) is Writer.UNKNOWN
    assert writer(Cluster({}), NONE, None) is Writer.BIRD


def test_pool_of_an_address():
    where = Cluster({}, pools=(NONE,))
    assert pool_of(where, ip_address("10.244.3.4")) is NONE
    assert pool_of(where, ip_address("10.96.0.10")) is None


@pytest.mark.parametrize(
    "version, felix, bird, none, ipip",
    [
        ((3, 32), None, None, Writer.BIRD, Writer.BIRD),
        ((3, 32), None, "Enabled", Writer.BIRD, Writer.BIRD),
        ((3, 32), None, "Disabled", Writer.NOBODY, Writer.NOBODY),
        ((3, 32), "Enabled", None, Writer.FELIX, Writer.FELIX),
        ((3, 32), "Enabled", "Disabled", Writer.FELIX, Writer.FELIX),
        ((3, 32), "Disabled", None, Writer.BIRD, Writer.BIRD),
        ((3, 32), "Disabled", "Enabled", Writer.BIRD, Writer.BIRD),
        ((3, 33), None, None, Writer.BIRD, Writer.FELIX),
        ((3, 33), None, "Enabled", Writer.BIRD, Writer.FELIX),
        ((3, 33), None, "Disabled", Writer.NOBODY, Writer.FELIX),
        ((3, 33), "Enabled", None, Writer.FELIX, Writer.FELIX),
        ((3, 33), "EnabledIPIPOnly", "Disabled", Writer.NOBODY, Writer.FELIX),
        ((3, 33), "EnabledNoEncapOnly", "Disabled", Writer.FELIX, Writer.NOBODY),
        ((3, 33), "EnabledNoEncapOnly", "EnabledIPIPOnly", Writer.FELIX, Writer.BIRD),
        ((3, 33), "EnabledIPIPOnly", "EnabledNoEncapOnly", Writer.BIRD, Writer.FELIX),
        ((3, 33), "Disabled", None, Writer.BIRD, Writer.NOBODY),
        ((3, 33), "Disabled", "Enabled", Writer.BIRD, Writer.BIRD),
        ((3, 33), "Disabled", "EnabledIPIPOnly", Writer.NOBODY, Writer.BIRD),
        ((3, 33), "Disabled", "EnabledNoEncapOnly", Writer.BIRD, Writer.NOBODY),
    ],
)
@pytest.mark.parametrize("mode", ["Always", "CrossSubnet"])
def test_each_value_of_the_two_settings(
    version: tuple[int, ...], felix: str | None, bird: str | None, none: Writer, ipip: Writer, mode: str
):
    """DESIGN.md: Disabled and Enabled on either side, and from v3.33 EnabledIPIPOnly and EnabledNoEncapOnly."""
    where = configured(felix, bird)
    assert (writer(where, NONE, version), writer(where, pool(ipip=mode), version)) == (none, ipip)


@pytest.mark.parametrize("mode", ["Always", "CrossSubnet"])
def test_both_modes_of_ipip_follow_the_default_of_the_version(mode: str):
    versions = {(3, 30, 7): Writer.BIRD, (3, 32, 1): Writer.BIRD, (3, 33): Writer.FELIX, None: Writer.UNKNOWN}
    assert {v: writer(Cluster({}), pool(ipip=mode), v) for v in versions} == versions


def test_settings_of_another_name_than_default_do_not_count():
    """FelixConfiguration and BGPConfiguration `node.NAME` are for one node, and have no such setting."""
    felixes = (FelixConfigurationFact("node.node-1", "Enabled", None, None, None, LINE),)
    birds = (BGPConfigurationFact("node.node-1", None, None, None, None, "Disabled", LINE),)
    where = Cluster({}, felix_configurations=felixes, bgp_configurations=birds)
    assert writer(where, NONE, (3, 32)) is Writer.BIRD
