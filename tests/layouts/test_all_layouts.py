"""What holds for every layout: it never raises, order means nothing, and real listings are placed."""

import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calico_bundle.layouts import Placement, all_layouts, closest

SHARED = Path(__file__).resolve().parents[2] / "../shared"
SAMPLES = SHARED / "samples"
RECORDED = SHARED / "lab" / "recorded.tar.xz"

_WORDS = """
    nodes cluster kubernetes crd calico-diagnostics-20260822_133320 host-collectors cluster-resources
    custom-resources pods logs version.yaml analysis.json x.zip! ip-route.txt ip_a_worker-1.txt worker-1
    worker-1.log netns-blue x.yaml x.json diagnostics ipv4_route ipv4_addr hostname networking ipaddrshow systeminfo
    podlogs k3s sos_commands kubernetes sosreport-host0-x network.txt basic-environment.txt yamls metadata.yaml
    namespaced n1.zip! links tls calico-system calico-node-x7k2p.log a-stdout.txt case sysctl
    ip_route_show_table_100 nodes.txt
    """
_PARTS = st.sampled_from(_WORDS.split()) | st.text(max_size=8)
_PATHS = st.lists(_PARTS, min_size=0, max_size=6).map("/".join)
_NODES = st.lists(
    st.sampled_from(["worker-1", "worker-1.example.com", "worker-10", "10.0.0.1", "a", ""]) | st.text(max_size=6)
)


def place_all(paths, nodes):
    """As the reading pass does it: layouts by rank, the longest root first."""
    rooted = [(layout, sorted(layout.roots(paths), key=len, reverse=True)) for layout in all_layouts()]
    found = {}
    for path in paths:
        answers = (
            (layout.name, placement)
            for layout, tops in rooted
            for top in tops
            if path.startswith(top) and (placement := layout.place(path[len(top) :], nodes)) is not None
        )
        found[path] = next(answers)
    return found


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(_PATHS, max_size=8), _NODES)
def test_any_paths_are_placed_by_some_layout(paths, nodes):
    found = place_all(paths, nodes)
    assert set(found) == set(paths)
    assert all(isinstance(placement, Placement) for _, placement in found.values())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(_PATHS, max_size=8, unique=True).flatmap(lambda p: st.tuples(st.just(p), st.permutations(p))), _NODES)
def test_the_order_of_paths_means_nothing(orders, nodes):
    paths, shuffled = orders
    assert place_all(paths, nodes) == place_all(shuffled, nodes)
    assert place_all(paths, nodes) == place_all(paths, nodes[::-1])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(_PATHS, max_size=8))
def test_a_root_is_a_folder_of_some_path(paths):
    for layout in all_layouts():
        for root in layout.roots(paths):
            assert root == "" or root.endswith("/")
            assert root == "" or any(path.startswith(root) for path in paths)


def archive_names(archive):
    with tarfile.open(archive) as opened:
        return [member.name.removeprefix("./") for member in opened if not member.isdir()]


@pytest.fixture(scope="module")
def recorded():
    if not RECORDED.exists():
        pytest.skip("the recorded lab bundles are not here")
    bundles = {}
    for name in archive_names(RECORDED):
        bundle, mark, rest = name.partition("/nodes/")
        if mark:
            bundles.setdefault(bundle, []).append("nodes/" + rest)
        elif "/cluster/" in name:
            bundles.setdefault(name.partition("/cluster/")[0], []).append("cluster/" + name.partition("/cluster/")[2])
    return bundles


def test_every_file_of_a_lab_node_is_that_nodes(recorded):
    assert recorded
    for paths in recorded.values():
        nodes = sorted({path.split("/")[1] for path in paths if path.startswith("nodes/")})
        for known in (nodes, []):
            for path, (layout, placement) in place_all(paths, known).items():
                expected = path.split("/")[1] if path.startswith("nodes/") else None
                assert (layout, placement.node, placement.skip) == ("by-content", expected, None), path


def test_lab_file_names_tell_the_command(recorded):
    kinds = {
        "ip_addr_show.txt": "ip-addr",
        "ip_route_table_all.txt": "ip-route",
        "ip_rule.txt": "ip-rule",
        "ip_neigh.txt": "ip-neigh",
        "birdcl_show_protocols.txt": "bird-protocols",
        "birdcl_show_route.txt": "bird-routes",
        "birdcl_show_status.txt": "bird-status",
        "sysctl_net.txt": "sysctl",
        "calico-node.log": "calico-log",
    }
    seen = set()
    for paths in recorded.values():
        for path, (_, placement) in place_all(paths, []).items():
            name = path.rsplit("/", 1)[-1]
            seen.add(name)
            assert placement.kind == kinds.get(name, placement.kind), path
            assert placement.table is None
    assert seen >= set(kinds)


def sample_listings():
    if not SAMPLES.exists():
        return []
    folders = {f"{p.name}/": p for p in sorted(SAMPLES.iterdir()) if p.is_dir()}
    listings = {
        name: [f.relative_to(top).as_posix() for f in sorted(top.rglob("*")) if f.is_file()]
        for name, top in folders.items()
    }
    for archive in sorted(SAMPLES.rglob("*.tar.gz")):
        listings[archive.relative_to(SAMPLES).as_posix()] = archive_names(archive)
    return sorted(listings.items())


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public samples are not here")
def test_real_listings():
    for name, paths in sample_listings():
        found = place_all(paths, [])
        assert set(found) == set(paths), name
        layouts = {layout for layout, _ in found.values()}
        has_mark = any("cluster-resources/" in path or "host-collectors/" in path for path in paths)
        assert ("troubleshoot" in layouts) == has_mark or "missing-version" in name, name
        assert "calicoctl-cluster-diags" not in layouts, name


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public samples are not here")
def test_network_namespaces_of_a_real_sos_report_are_left_out():
    paths = dict(sample_listings())["canonical-hotsos/"]
    skipped = {path for path, (_, placement) in place_all(paths, []).items() if placement.skip}
    # The link `ip_addr` at the top was unpacked as a file.
    others = ("/openstack/ip_addr", "/ip_neigh_show_nud_noarp")
    assert skipped == {path for path in paths if "ip_netns_exec_" in path or path.endswith(others)}
    assert skipped


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public samples are not here")
def test_custom_resources_of_a_real_bundle_are_read_once_and_not_never():
    for name, paths in sample_listings():
        custom = {path for path in paths if "/custom-resources/" in path}
        found = place_all(paths, [])
        read = {path.rsplit(".", 1)[0] for path in custom if not found[path][1].skip}
        assert read == {path.rsplit(".", 1)[0] for path in custom}, name


@pytest.mark.parametrize("layout", [layout for layout in all_layouts() if layout.parts], ids=lambda layout: layout.name)
def test_a_bundle_that_lacks_one_part_of_a_format_is_likened_to_it(layout):
    *has, lacked = layout.parts
    found = closest([f"case/4711/{part}{'file' if part.endswith('/') else ''}" for part in has] + ["case/notes.txt"])
    assert found is not None
    assert (found.layout, found.has, found.lacks) == (layout.name, tuple(has), (lacked,))


def test_a_bundle_without_any_part_of_a_format_is_like_none():
    assert closest(["worker-1/ip-route.txt", "my-cluster-resources/a.txt", "nodes.json.bak"]) is None
