"""The autodetection against an evaluator written from its rules, slow and plain; and any setting at all."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_interface, ip_network

from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.calico.detection import Card, Machine, Settings, choose_address, detect
from calico_bundle.calico.exclusions import default_exclusions
from tests.calico.machines import STORED, TWO, machine

NAMES = ["lo", "eth0", "eth1", "ens35", "bond1", "bond1.2", "docker0", "br-cddff8a3b81c", "br0", "tunl0",
         "vxlan.calico", "cni0", "tailscale0", "cali0123456789a", "vlo7"]  # fmt: skip
ADDRESSES = ["127.0.0.1/8", "10.0.1.12/24", "10.0.1.200/32", "192.168.50.12/24", "169.254.1.1/16", "172.17.0.1/16",
             "224.0.0.9/32", "100.80.1.1/32", "fd00::12/64", "fe80::1/64", "::1/128"]  # fmt: skip
PATTERNS = ["eth.*", "eth0", "^ens", "bond1$", "bond1", "br", "lo", ".*", "x", "docker0|tunl0"]
CIDRS = ["10.0.0.0/8", "192.168.50.0/24", "fd00::/8", "10.0.1.200/32", "172.16.0.0/12"]
EVERY_LIST = [(3, 14, 2), (3, 22, 5), (3, 23, 4), (3, 24, 5), (3, 24, 6), (3, 28, 5)]
VERSIONS = [None, (3, 1, 0), *EVERY_LIST]


def slow_pick(cards, family, wanted, unwanted, networks):
    """Newest card first; in it the first fitting address. One condition after the other, no pattern joined."""
    best = None
    some_name = False
    for name, addresses in cards:
        if wanted is not None and not any(re.search(p, name) for p in wanted):
            continue
        if any(re.search(p, name) for p in unwanted):
            continue
        some_name = True
        mine = None
        for text in reversed(addresses):
            host = ip_address(text.split("/")[0])
            bad = ["127.", "169.254.", "224.", "255.255.255.255"] if host.version == 4 else ["::1", "fe80", "ff"]
            if host.version != family or any(text.startswith(b) for b in bad):
                continue
            if networks is None or any(host.version == n.version and host in n for n in networks):
                mine = text
        best = (mine, name) if mine else best
    return best or ("no address" if some_name else "no name")


def slow(method, cards, version, family):
    kind, _, rest = method.partition("=")
    parts = [part.strip() for part in rest.split(",")]
    defaults = list(default_exclusions(version))
    if kind == "interface":
        return slow_pick(cards, family, parts, [], None)
    if kind == "cidr":
        return slow_pick(cards, family, None, [], [ip_network(p) for p in parts])
    return slow_pick(cards, family, None, defaults + (parts if kind == "skip-interface" else []), None)


methods = st.one_of(
    st.just(""),
    st.just("first-found"),
    st.builds(lambda k, p: f"{k}={','.join(p)}", st.sampled_from(["interface", "skip-interface"]),
              st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3)),
    st.lists(st.sampled_from(CIDRS), min_size=1, max_size=3).map(lambda c: "cidr=" + " , ".join(c)),
)  # fmt: skip
hosts = st.lists(
    st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(ADDRESSES), max_size=3)),
    max_size=6,
    unique_by=lambda c: c[0],
)


@given(methods, hosts, st.sampled_from(VERSIONS), st.sampled_from([4, 6]))
def test_agrees_with_a_slow_evaluator_written_from_the_rules(method, cards, version, family):
    found = detect(method, Machine(tuple(Card(n, tuple(map(ip_interface, a))) for n, a in cards)), version, family)
    # Of a version that is not known, any may be it: one of each list of exclude patterns (calico.md 1.4).
    versions = EVERY_LIST if version is None else (version,)
    expected, *others = [slow(method, cards, v, family) for v in versions]
    if any(other != expected for other in others):
        assert found.undecided
        return
    assert found.undecided is None
    if expected == "no name":
        assert found.failure == "no valid host interfaces found"
    elif expected == "no address":
        assert found.failure == f"no valid IPv{family} addresses found on the host interfaces"
    else:
        assert (str(found.address), found.interface) == expected


@given(
    st.text(max_size=40),
    st.sampled_from(["", "interface=", "skip-interface=", "cidr=", "can-reach=", "kubernetes-internal-ip"]),
)
def test_any_method_ends_in_exactly_one_of_three_ways(text, prefix):
    host = machine("eth0 10.0.1.12/24", internal=["10.0.1.12"], route_source=lambda _: ip_address("10.0.1.12"))
    found = detect(prefix + text, host)
    assert [found.address is not None, found.failure is not None, found.undecided is not None].count(True) == 1


@given(st.one_of(st.none(), st.text(max_size=20)), st.sampled_from([None, STORED]), st.sampled_from([4, 6]))
def test_any_ip_setting_ends_without_an_exception(ip, stored, family):
    found = choose_address(Settings(ip, "first-found", family=family), TWO, stored)
    assert found.address is not None or found.failure is not None
