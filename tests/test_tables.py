"""Tables: every fact is in one, every column is described, and rows and DataFrames say the same."""

import dataclasses
import json
import subprocess
import sys
import typing
from functools import cache
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

import pandas as pd
import pytest

import calico_bundle as cb
from calico_bundle import facts as f
from calico_bundle.bundle import Artifact, Bundle, read_bundle
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.columns import OR_MISSING, SHAPES
from calico_bundle.display import html_table
from calico_bundle.errors import UnknownNameError
from calico_bundle.evidence import Evidence, Gap, GapKind
from calico_bundle.identity import Owner
from calico_bundle.joining import join
from calico_bundle.layouts import Placement
from calico_bundle.parsers import Parsed
from calico_bundle.tables import Tables, describe

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
STORIES = ("incident", "wrong-without-dns", "route-reflector-wrong", "node-dumps-only", "kubernetes-objects-only")
CONTRACT = [
    *("nodes", "interfaces", "addresses", "routes", "rules", "bgp_sessions", "pods", "services", "endpoints"),
    *("ip_pools", "ip_blocks", "log_events", "gaps", "artifacts"),
]
NESTED = {
    f.NextHop, f.ContainerSpec, f.ServicePort, f.PolicyRule, f.PolicySide, f.PolicyPort, f.ServiceTarget, f.FilterRule,
}  # fmt: skip
"""Facts inside facts: rows or text of their fact's table."""
E1 = Evidence("n1/ip-route.txt", 4, "10.244.2.0/26 ...")


def route(destination, *hops, **more):
    values = {"family": 4, "table": "main", "type": "unicast", "protocol": "bird", "scope": None, "source": None}
    return f.RouteFact(
        destination=ip_network(destination), next_hops=tuple(hops), metric=0, evidence=E1, **(values | more)
    )


def hop(gateway, device):
    return f.NextHop(ip_address(gateway) if gateway else None, device, (), 1)


def tables_of(cluster, artifacts=(), gaps=()):
    return Tables(Bundle((), (), tuple(artifacts), ()), cluster, gaps)


def with_routes(*routes):
    return tables_of(Cluster({"n1": ClusterNode("n1", routes=routes)}))


@cache
def story_tables(name):
    folder = FIXTURES / name / "bundle"
    if not folder.is_dir():
        pytest.skip(f"fixtures/{name} is not there: tools/build_fixtures.py records it")
    bundle = read_bundle(folder)
    cluster = join(bundle)
    gaps = (*bundle.gaps, *(g for a in bundle.artifacts for g in a.parsed.gaps), *cluster.gaps)
    return Tables(bundle, cluster, gaps)


# --- which tables there are -------------------------------------------------------------------------------------------


def test_the_contract_names_come_first_and_in_its_order():
    assert list(tables_of(Cluster({})).names[: len(CONTRACT)]) == CONTRACT


def test_every_fact_class_has_a_table():
    classes = {
        c
        for c in vars(f).values()
        if isinstance(c, type) and dataclasses.is_dataclass(c) and c.__module__.startswith(f.__name__)
    }
    assert {shape.fact for shape in SHAPES.values()} | NESTED == classes | {Gap}


@pytest.mark.parametrize("name", SHAPES)
def test_every_field_is_a_column_with_the_meaning_that_stands_beside_it(name):
    described = {c.name: c.meaning for c in describe(name).columns}
    for key, hint in typing.get_type_hints(SHAPES[name].fact, include_extras=True).items():
        if key in ("cited", "evidence", "next_hops", "containers", "sessions", "rules", "targets") or name == "gaps":
            continue
        assert described[key].startswith(hint.__metadata__[0])
    assert all(described.values())


@pytest.mark.parametrize("name", SHAPES)
def test_column_names_are_unique_and_those_that_describe_gives(name):
    columns = tables_of(Cluster({})).columns(name)
    assert columns == tuple(c.name for c in describe(name).columns)
    assert len(set(columns)) == len(columns)
    assert not {"cited", "evidence"} & set(columns)


def test_records_inside_facts_are_described_as_columns_too():
    routes, daemonsets = describe("routes").columns, describe("daemonsets").columns
    assert {"next_hop", "gateway", "device", "flags", "weight"} <= {c.name for c in routes}
    assert {"container", "image", "environment"} <= {c.name for c in daemonsets}


def test_facts_of_a_machine_name_their_node_first():
    for name in ("interfaces", "addresses", "routes", "rules", "bgp_sessions", "log_events", "neighbors", "sysctls"):
        assert describe(name).columns[0].name == "node"


# --- rows and frames --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", STORIES)
def test_rows_are_json_and_the_frames_say_the_same(story):
    tables = story_tables(story)
    for name in tables.names:
        rows = list(tables.rows(name))
        assert json.loads(json.dumps(rows, allow_nan=False)) == rows
        frame = tables.frame(name)
        assert tuple(frame.columns) == tables.columns(name)
        assert frame.astype(object).where(frame.notna(), None).to_dict("records") == rows
        assert tables.count(name) == len(rows)


@pytest.mark.parametrize("story", STORIES)
def test_a_value_is_missing_only_where_the_description_says_it_can_be(story):
    for name in SHAPES:
        never = [c.name for c in describe(name).columns if not c.type.endswith(OR_MISSING)]
        assert all(row[column] is not None for row in story_tables(story).rows(name) for column in never)


def test_an_empty_table_has_the_columns_and_dtypes_of_a_full_one():
    full, empty = story_tables("incident"), tables_of(Cluster({}))
    for name in full.names:
        assert empty.frame(name).dtypes.equals(full.frame(name).dtypes)
        assert len(empty.frame(name)) == 0


def test_dtypes_let_a_missing_value_be_missing():
    dtypes = tables_of(Cluster({})).nodes.dtypes
    assert [str(dtypes[c]) for c in ("name", "ready", "evidence_line", "labels")] == [
        "string",
        "boolean",
        "Int64",
        "object",
    ]


def test_each_row_of_a_recorded_route_names_the_line_that_shows_its_destination():
    tables = story_tables("incident")
    rows = list(tables.rows("routes"))
    assert rows
    for row in rows:
        lines = (FIXTURES / "incident" / "bundle" / str(row["evidence_path"])).read_text().splitlines()
        shown = str(row["destination"]).replace("0.0.0.0/0", "default").removesuffix("/32").removesuffix("/128")
        assert shown in lines[row["evidence_line"] - 1]
        assert row["device"] is None or str(row["device"]) in lines[row["evidence_line"] - 1]


def test_a_route_has_one_row_per_next_hop_and_a_blackhole_has_one():
    two = route("10.244.2.0/26", hop("10.0.0.1", "eth0"), hop("10.0.1.1", "eth1"))
    tables = with_routes(two, route("10.244.1.0/26", type="blackhole"), route("10.0.0.0/24", hop(None, "eth0")))
    frame = tables.routes
    assert frame["next_hop"].tolist() == [0, 1, pd.NA, 0]
    assert frame.query("device == 'eth1'")["gateway"].tolist() == ["10.0.1.1"]
    assert frame.query("gateway.isna()")["destination"].tolist() == ["10.244.1.0/26", "10.0.0.0/24"]


def test_a_node_without_an_object_has_its_name_and_what_was_recorded_and_nothing_else():
    sysctl = f.SysctlFact("net.ipv4.ip_forward", "1", E1)
    node = ClusterNode("n1", routes=(), sysctls={sysctl.key: sysctl})
    tables = tables_of(Cluster({"n1": node}))
    (row,) = tables.rows("nodes")
    assert {k: v for k, v in row.items() if v is not None} == {"name": "n1", "recorded": ["routes", "sysctls"]}
    assert list(tables.rows("sysctls")) == [
        {
            "node": "n1",
            "key": "net.ipv4.ip_forward",
            "value": "1",
            "evidence_path": "n1/ip-route.txt",
            "evidence_line": 4,
        }
    ]


def test_values_become_text_lists_and_dicts():
    service = f.ServiceFact(
        "kube-system",
        "kube-dns",
        "ClusterIP",
        (ip_address("10.96.0.10"),),
        (f.ServicePort("dns", 53, "UDP"), f.ServicePort(None, 53, "TCP")),
        {"k8s-app": "kube-dns"},
        {},
        (),
        E1,
    )
    (row,) = tables_of(Cluster({}, services=(service,))).rows("services")
    assert row["ports"] == ["dns/53/UDP", "53/TCP"]
    assert row["cluster_ips"] == ["10.96.0.10"]
    assert row["selector"] == {"k8s-app": "kube-dns"}
    (address,) = tables_of(
        Cluster(
            {
                "n1": ClusterNode(
                    "n1", addresses=(f.AddressFact("eth0", ip_interface("10.0.0.1/24"), None, None, (), E1),)
                )
            }
        )
    ).rows("addresses")
    assert address["address"] == "10.0.0.1/24"


def test_a_daemonset_has_one_row_per_container():
    containers = (
        f.ContainerSpec("calico-node", "calico/node:v3.28.0", {"IP": "autodetect", "NODENAME": None}, {"IP": E1}),
        f.ContainerSpec("kube-flannel", None, {}, {}),
    )
    daemonset = f.DaemonSetFact("kube-system", "canal", containers, None, E1)
    rows = list(tables_of(Cluster({}, daemonsets=(daemonset,))).rows("daemonsets"))
    assert [(r["name"], r["container"], r["environment"]) for r in rows] == [
        ("canal", "calico-node", {"IP": "autodetect", "NODENAME": None}),
        ("canal", "kube-flannel", {}),
    ]


def test_artifacts_name_their_node_and_count_what_came_of_them():
    gap = Gap("n1/ip-route.txt", 3, GapKind.NOT_UNDERSTOOD, "line not understood: x")
    late = Gap("n1/ip-route.txt", None, GapKind.CONTRADICTED, "differs")
    artifact = Artifact(
        "n1/ip-route.txt", 80, "ip-route", Parsed((route("10.0.0.0/8"),), (gap,)), "by-content", Placement()
    )
    cluster = Cluster({}, owners={artifact.path: Owner("n1", "exact name")})
    tables = tables_of(cluster, [artifact], [gap, late])
    (row,) = tables.rows("artifacts")
    assert row == {
        "path": "n1/ip-route.txt",
        "layout": "by-content",
        "kind": "ip-route",
        "node": "n1",
        "joined_by": "exact name",
        "size": 80,
        "facts": 1,
        "gaps": 2,
    }
    assert tables.gaps["kind"].tolist() == ["not-understood", "contradicted"]
    assert tables.gaps["line"].isna().tolist() == [False, True]


def test_a_number_beyond_64_bits_is_kept():
    frame = with_routes(dataclasses.replace(route("10.0.0.0/8"), metric=10**30)).routes
    assert frame["metric"].tolist() == [10**30]


def test_text_that_is_not_valid_unicode_is_kept():
    namespace = f.NamespaceFact("\ud800", {}, E1)
    assert tables_of(Cluster({}, namespaces=(namespace,))).namespaces["name"].tolist() == ["\ud800"]


def test_a_frame_is_the_readers_own():
    tables = with_routes(route("10.0.0.0/8"))
    mine = tables.routes
    mine["destination"] = "changed"
    assert tables.routes["destination"].tolist() == ["10.0.0.0/8"]


# --- names that are not there, and what people see --------------------------------------------------------------------


def test_an_unknown_table_is_both_an_attribute_error_and_a_bundle_error():
    tables = tables_of(Cluster({}))
    assert not hasattr(tables, "route")
    with pytest.raises(AttributeError, match="did you mean 'routes'"):
        _ = tables.route
    with pytest.raises(cb.BundleError):
        _ = tables.route
    for ask in (tables.columns, tables.frame, tables.rows, tables.count, describe):
        with pytest.raises(UnknownNameError, match="no table named 'route'"):
            ask("route")


def test_names_complete_in_a_notebook():
    assert set(SHAPES) <= set(dir(tables_of(Cluster({}))))
    assert {"frame", "rows", "names"} <= set(dir(tables_of(Cluster({}))))


def test_the_overview_lists_every_table_with_its_rows():
    tables = with_routes(route("10.0.0.0/8"), route("11.0.0.0/8"))
    line = next(line for line in repr(tables).splitlines() if line.startswith("routes "))
    assert line.split()[1] == "2"
    page = tables._repr_html_()
    assert all(f">{name}</td>" in page for name in SHAPES)


def test_html_is_escaped():
    page = html_table("<b>", ("<i>",), [("<script>alert(1)</script>", "a & b")])
    assert "<script>" not in page
    assert "&lt;b&gt;" in page
    assert "&lt;i&gt;" in page
    assert "a &amp; b" in page


def test_a_description_reads_the_same_in_all_its_forms():
    description = cb.describe("routes")
    frame = description.to_frame()
    assert frame["name"].tolist() == [c.name for c in description.columns]
    assert frame["meaning"].tolist() == [c.meaning for c in description.columns]
    for column in description.columns:
        assert f"\n{column.name} " in repr(description)
        assert f">{column.name}</td>" in description._repr_html_()
    assert max(map(len, repr(description).splitlines())) <= 120


def test_describe_without_a_name_lists_every_table():
    assert [c.name for c in cb.describe().columns] == list(SHAPES)
    assert all(c.meaning for c in cb.describe().columns)


def test_describing_needs_no_pandas():
    code = "import sys, calico_bundle as cb; repr(cb.describe('routes')); assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=FIXTURES.parent)
