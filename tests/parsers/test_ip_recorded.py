"""Recorded labs and public samples: all forms of a listing agree, no line is lost, no other text is taken."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
import yaml

from calico_bundle.evidence import quote
from calico_bundle.facts import AddressFact, InterfaceFact, RouteFact
from calico_bundle.parsers import (
    HEAD_CHARACTERS,
    Parsed,
    ip_addr,
    ip_addr_brief,
    ip_addr_json,
    ip_neighbor,
    ip_route,
    ip_route_json,
    ip_rule,
    sysctl,
)

SHARED = Path(__file__).resolve().parents[2] / "../shared"
LAB = SHARED / "lab/recorded.tar.xz"
SAMPLES = SHARED / "samples"
SCENARIOS = ("healthy", "routed-vxlan-rp1", "seed-ipip-cross-subnet")
MODULES = (ip_addr, ip_addr_brief, ip_addr_json, ip_neighbor, ip_route, ip_route_json, ip_rule, sysctl)
OF_THE_LAB = {
    "ip_addr_show.txt": ip_addr,
    "ip_d_addr.txt": ip_addr,
    "ip_j_addr.json": ip_addr_json,
    "ip_neigh.txt": ip_neighbor,
    "ip_route.txt": ip_route,
    "ip_route_table_all.txt": ip_route,
    "ip_j_route.json": ip_route_json,
    "ip_rule.txt": ip_rule,
    "sysctl_net.txt": sysctl,
}
NTC = "networktocode-ntc-templates/tests/linux"
HOTSOS = "canonical-hotsos/tests/unit/fake_data_root/openstack/sos_commands/networking"


@cache
def lab() -> dict[str, str]:
    """Every text of some scenarios, by its path."""
    if not LAB.exists():
        pytest.skip(f"recorded labs are not here: {LAB.name}")
    found = {}
    with tarfile.open(LAB) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            file = archive.extractfile(member) if member.isfile() and set(SCENARIOS) & set(path.parts) else None
            if file:
                found[member.name] = file.read().decode()
    assert found, "the archive holds none of the scenarios"
    return found


def nodes() -> Iterator[tuple[str, dict[str, str]]]:
    folders = sorted({path.rpartition("/")[0] for path in lab() if path.endswith("/ip_route.txt")})
    assert len(folders) >= 2 * len(SCENARIOS)
    for folder in folders:
        yield folder, {p.rpartition("/")[2]: text for p, text in lab().items() if p.rpartition("/")[0] == folder}


def plain(parsed: Parsed, *, kinds: bool = True) -> list[object]:
    """The facts without their evidence, and without what only `ip -d` tells."""
    facts = [replace(fact, evidence=None) for fact in parsed.facts]
    details = {"kind": None, "vxlan_local": None, "vxlan_device": None}
    return [replace(f, **details) if isinstance(f, InterfaceFact) and not kinds else f for f in facts]


def test_lab_listings_of_addresses_agree() -> None:
    for folder, files in nodes():
        detailed = ip_addr.parse(files["ip_d_addr.txt"], folder)
        short = ip_addr.parse(files["ip_addr_show.txt"], folder)
        as_json = ip_addr_json.parse(files["ip_j_addr.json"], folder)
        assert detailed.gaps == short.gaps == as_json.gaps == (), folder
        assert plain(detailed, kinds=False) == plain(short) == plain(as_json), folder
        assert sum(isinstance(fact, AddressFact) for fact in short.facts) > 1, folder


def test_lab_listings_of_routes_agree() -> None:
    for folder, files in nodes():
        every = ip_route.parse(files["ip_route_table_all.txt"], folder)
        main = ip_route.parse(files["ip_route.txt"], folder)
        as_json = ip_route_json.parse(files["ip_j_route.json"], folder)
        assert every.gaps == main.gaps == as_json.gaps == (), folder
        of_main = [r for r in plain(every) if isinstance(r, RouteFact) and (r.table, r.family) == ("main", 4)]
        assert of_main == plain(main) == plain(as_json), folder
        assert len(main.facts) == files["ip_route.txt"].count("\n") > 0, folder


def test_lab_vxlan_devices_name_their_underlay() -> None:
    for folder, files in nodes():
        facts = ip_addr.parse(files["ip_d_addr.txt"], folder).facts
        tunnels = [f for f in facts if isinstance(f, InterfaceFact) and f.name == "vxlan.calico"]
        own = {(f.interface, f.address.ip) for f in facts if isinstance(f, AddressFact)}
        assert len(tunnels) == ("vxlan" in folder), folder
        assert all((tunnel.vxlan_device, tunnel.vxlan_local) in own for tunnel in tunnels), folder


def test_lab_texts_are_taken_by_their_parser_alone() -> None:
    for path, text in lab().items():
        expected = [OF_THE_LAB[name]] if (name := path.rpartition("/")[2]) in OF_THE_LAB else []
        assert [m for m in MODULES if m.recognizes(text[:HEAD_CHARACTERS])] == (expected if text.strip() else []), path


def test_lab_neighbors_rules_and_settings_leave_no_gap() -> None:
    for folder, files in nodes():
        for name in ("ip_neigh.txt", "ip_rule.txt", "sysctl_net.txt"):
            parsed = OF_THE_LAB[name].parse(files[name], folder)
            assert parsed.gaps == (), folder
            assert len(parsed.facts) == files[name].count("\n"), (folder, name)


@pytest.mark.parametrize("piece", ["1", "1.", "net.a", "a@b ", "10.", "<A,", "::", "[{", " \\ ", "dev "])
def test_a_very_long_line_comes_to_an_end(piece: str) -> None:
    for text in (piece * 20_000, "2: eth0: <UP> mtu 1 qdisc a\n" + piece * 20_000 + "!"):
        for module in MODULES:
            module.recognizes(text[:HEAD_CHARACTERS])
            # A pattern that backtracks would take minutes, or forever.
            parsed = module.parse(text, "n1/x")
            assert len(parsed.facts) <= 2, module.__name__


# --- public samples

SAMPLE_KINDS = {
    f"{NTC}/ip_address_show/*.raw": ip_addr,
    f"{NTC}/ip_link_show/*.raw": ip_addr,
    f"{NTC}/ip_route_show/*.raw": ip_route,
    "kellyjonbrazil-jc/tests/fixtures/*/ip_route.out": ip_route,
    "redhatinsights-insights-core/test_ip.IP_ADDR_TEST.txt": ip_addr,
    "redhatinsights-insights-core/test_ip.IP_*LINK*.txt": ip_addr,
    "redhatinsights-insights-core/test_ip.IP_ROUTE_SHOW_TABLE_ALL_TEST.txt": ip_route,
    "redhatinsights-insights-core/test_ip.IP_ROUTE_SHOW_TABLE_ALL_TEST_2.txt": ip_route,
    "redhatinsights-insights-core/test_ip.IP_NEIGH_SHOW.txt": ip_neighbor,
    "redhatinsights-insights-core/test_ip.IPV?_NEIGH_CONTEXT.txt": ip_neighbor,
    f"{HOTSOS}/ip_-o_addr": ip_addr,
    f"{HOTSOS}/ip_-d_address": ip_addr,
    f"{HOTSOS}/ip_-s_-d_link": ip_addr,
    f"{HOTSOS}/*ip_address_show": ip_addr,
    f"{HOTSOS}/*route_show_table_all": ip_route,
    f"{HOTSOS}/*neigh_show*": ip_neighbor,
    f"{HOTSOS}/*rule*": ip_rule,
}
# A word that no `ip` prints, and netlink's own words for an answer that did not fit.
EXPECTED_GAPS = {"unpaired_attr", "Message truncated"}


@cache
def samples() -> dict[Path, object]:
    if not SAMPLES.is_dir():
        pytest.skip("public samples are not here: ../shared/samples")
    found = {path: module for pattern, module in SAMPLE_KINDS.items() for path in sorted(SAMPLES.glob(pattern))}
    assert len(found) > len(SAMPLE_KINDS)
    return found


def test_samples_are_understood_to_the_last_line() -> None:
    for path, module in samples().items():
        parsed = module.parse(path.read_text(), path.name)
        assert parsed.facts, path
        assert [gap for gap in parsed.gaps if not any(word in gap.message for word in EXPECTED_GAPS)] == [], path


def test_samples_are_taken_by_their_parser_alone() -> None:
    for path in sorted(SAMPLES.glob("**/*")) if samples() else ():
        if path.is_file() and path.suffix not in (".gz", ".tar", ".tgz", ".xz", ".zip"):
            with path.open(encoding="utf-8", errors="replace") as file:
                head = file.read(HEAD_CHARACTERS)
            expected = [samples()[path]] if path in samples() else []
            assert [module for module in MODULES if module.recognizes(head)] == expected, path


def test_quotes_are_the_lines_they_cite() -> None:
    for path, module in samples().items():
        lines = path.read_text().split("\n")
        for fact in module.parse(path.read_text(), path.name).facts:
            assert (fact.evidence.path, fact.evidence.text) == (path.name, quote(lines[fact.evidence.line - 1]))


def test_a_strange_line_anywhere_is_noted() -> None:
    for path, module in samples().items():
        lines = path.read_text().split("\n")
        known = len(module.parse("\n".join(lines), path.name).facts)
        for at in range(0, len(lines), 7):
            parsed = module.parse("\n".join([*lines[:at], "so strange a line", *lines[at:]]), path.name)
            assert at + 1 in [gap.line for gap in parsed.gaps], (path, at)
            assert len(parsed.facts) <= known


def expected_of(path: Path) -> list[dict[str, object]]:
    return yaml.safe_load(path.with_suffix(".yml").read_text())["parsed_sample"]


def test_sample_interfaces_have_the_expected_values() -> None:
    for path in samples():
        if path.parent.name not in ("ip_address_show", "ip_link_show") or path.suffix != ".raw":
            continue
        facts = ip_addr.parse(path.read_text(), path.name).facts
        links = [fact for fact in facts if isinstance(fact, InterfaceFact)]
        own = [fact for fact in facts if isinstance(fact, AddressFact)]
        assert [
            {"interface": f.name, "id": str(f.index), "flags": ",".join(f.flags), "mtu": str(f.mtu), "state": f.state,
             "mac_address": f.mac or "", "master": f.master or ""}
            for f in links
        ] == [{key: row[key] for key in ("interface", "id", "flags", "mtu", "state", "mac_address", "master")}
              for row in expected_of(path)]  # fmt: skip
        for row in expected_of(path):
            pairs = [*zip(row.get("ip_addresses", []), row.get("ip_masks", []), strict=True),
                     *zip(row.get("ipv6_addresses", []), row.get("ipv6_masks", []), strict=True)]  # fmt: skip
            of_link = [f.address for f in own if f.interface == row["interface"]]
            assert of_link == [type(a)(f"{ip}/{mask}") for a, (ip, mask) in zip(of_link, pairs, strict=True)], path


def test_sample_routes_have_the_expected_values() -> None:
    for path in samples():
        if path.parent.name != "ip_route_show":
            continue
        found = [r for r in ip_route.parse(path.read_text(), path.name).facts if r.type == "unicast"]
        assert [as_expected(route) for route in found] == expected_of(path), path


def as_expected(route: RouteFact) -> dict[str, str]:
    """A route in the words of the expected values, which print a host without its length."""
    hop = route.next_hops[0]
    destination = "default" if route.destination.prefixlen == 0 else str(route.destination).removesuffix("/32")
    return {
        "network": destination,
        "nexthop_ip": str(hop.gateway or ""),
        "nexthop_if": hop.device or "",
        "protocol": route.protocol or "",
        "scope": route.scope or "",
        "src": str(route.source or ""),
        "metric": str(route.metric or ""),
        "reachability": " ".join(hop.flags),
    }
