"""What an analysis gives shows itself: as text, as a page, with names that complete and columns that are described."""

from __future__ import annotations

import copy
import pickle
import runpy
import subprocess
import sys
from types import MappingProxyType

import pandas as pd
import pytest

import calico_bundle as cb
from calico_bundle.columns import MADE
from calico_bundle.display import MOST_ROWS, Listing
from calico_bundle.tables import Tables
from tests.shown import SHOWN
from tests.stories import story
from tools.docs_examples import ROOT

OWN = str(ROOT / "notebooks" / "several_cards.py")


@pytest.fixture(scope="module")
def incident() -> cb.Analysis:
    return cb.analyze(story("incident").path)


@pytest.fixture(scope="module")
def objects() -> cb.Analysis:
    """The same cluster, of which nothing but the objects was collected."""
    return cb.analyze(story("kubernetes-objects-only").path)


# --- every attribute -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("of", ["incident", "objects"])
def test_each_shows_itself_as_text_and_as_a_page(name: str, of: str, request):
    shown = getattr(request.getfixturevalue(of), name)
    assert repr(shown).strip()
    assert " object at 0x" not in repr(shown)
    assert shown._repr_html_().startswith(("<table", "<p>"))


@pytest.mark.parametrize("name", SHOWN)
def test_each_is_a_name_that_completes_and_is_documented(name: str, incident: cb.Analysis):
    page = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    assert name in dir(incident)
    assert f"`a.{name}`" in page


def test_the_card_says_where_the_rest_is(objects: cb.Analysis):
    card = objects._repr_html_()
    assert all(f"<code>a.{name}</code>" in card for name in ("missing", "collect", "hypotheses", "nodes"))


def test_the_card_of_a_change_says_which_addresses_change(incident: cb.Analysis):
    after = incident.what_if(method="kubernetes-internal-ip")
    assert "shop-worker-2: 192.168.50.12/24 to 10.0.1.12/24" in after._repr_html_()
    assert [(move.node, str(move.after)) for move in after.moves] == [("shop-worker-2", "10.0.1.12/24")]


def test_what_is_not_known_of_a_tried_change_is_not_called_absent(incident: cb.Analysis):
    after = incident.what_if(method="kubernetes-internal-ip")
    assert "tried out" in repr(after.hypotheses)
    assert "tried out" in repr(after.symptoms)
    assert "nothing was changed" in repr(incident.moves)


def test_what_to_collect_is_there_only_where_something_is_open(incident: cb.Analysis, objects: cb.Analysis):
    assert not incident.collect.commands
    assert objects.collect.commands
    assert objects.collect.commands[0] in repr(objects.collect)


# --- findings and paths ----------------------------------------------------------------------------------------------


def test_a_code_is_an_attribute_and_completes(incident: cb.Analysis):
    assert incident.findings.CB101 is incident.findings["CB101"][0]
    assert "CB101" in dir(incident.findings)
    assert {"CB101", "wrong-bgp-source-ip"} <= set(incident.findings._ipython_key_completions_())
    assert not hasattr(incident.findings, "CB102")


def test_findings_can_be_copied_and_pickled(incident: cb.Analysis):
    for again in (copy.copy(incident.findings), pickle.loads(pickle.dumps(incident.findings))):  # noqa: S301
        assert list(again) == list(incident.findings)


def test_messages_are_not_cut(incident: cb.Analysis):
    """pandas cuts text at 50 characters, in a notebook too."""
    page = incident.findings._repr_html_()
    assert all(one.message.replace("'", "&#x27;") in page for one in incident.findings)


def test_checks_that_could_not_be_made_stand_beside_the_findings(incident: cb.Analysis):
    skipped = [one["code"] for one in incident.report()["checks_skipped"]]
    assert [one.code for one in incident.findings.skipped] == skipped


def test_a_finding_has_its_lines_and_its_commands(incident: cb.Analysis):
    finding = incident.findings.CB101
    for shown in (repr(finding), finding._repr_html_()):
        assert "nodes.yaml:26  projectcalico.org/IPv4Address: 192.168.50.12/24" in shown
        assert "kubectl rollout status" in shown
    assert len(finding.evidence) > 6
    assert f"and {len(finding.evidence) - 6} more lines" in repr(finding)


def test_a_path_has_a_row_for_each_hop(incident: cb.Analysis):
    path = incident.path("shop/cart-7d9f6c5b84-x2k4q")
    frame = path.to_frame()
    assert len(frame) == len(path.hops)
    assert frame.loc[1, ["way", "node", "does"]].tolist() == ["request", "shop-worker-1", "routes"]
    assert frame.loc[1, "evidence"].endswith("shop-worker-1/ip-route.txt:1")
    assert "0 of 2 endpoints answer" in repr(path)
    assert path._repr_html_().count("<tr>") == 1 + len(path.hops)


def test_a_path_without_hops_still_says_why(objects: cb.Analysis):
    name = objects.dns_paths[objects.dns_paths.verdict == "unknown"].iloc[0]
    path = objects.path(f"{name.namespace}/{name.pod}")
    assert path.reason in repr(path)


# --- listings --------------------------------------------------------------------------------------------------------


class Numbers(Listing[int]):
    noun, nouns, nothing = "number", "numbers", "no number"
    columns = MappingProxyType({"number": str})


def test_a_long_listing_says_how_much_it_leaves_out():
    numbers = Numbers(range(MOST_ROWS + 1))
    assert repr(numbers).startswith(f"{MOST_ROWS + 1} numbers, the first {MOST_ROWS} of them; .to_frame() has all")
    assert f">{MOST_ROWS}<" not in numbers._repr_html_()
    assert len(numbers.to_frame()) == MOST_ROWS + 1


def test_an_empty_listing_says_so_and_has_its_columns():
    assert repr(Numbers()) == "no number"
    assert list(Numbers().to_frame().columns) == ["number"]
    assert repr(Numbers((), "not asked")) == "not asked"


def test_a_hypothesis_by_its_name(incident: cb.Analysis):
    assert incident.hypotheses["calico-address"].answer.status == "supported"
    with pytest.raises(cb.UnknownNameError, match="did you mean 'calico-address'"):
        incident.hypotheses["calico-adress"]


# --- frames ----------------------------------------------------------------------------------------------------------


def test_nodes_are_those_of_the_report(incident: cb.Analysis):
    rows = incident.nodes.astype(object).where(incident.nodes.notna(), None).to_dict("records")
    for row, node in zip(rows, incident.report()["nodes"], strict=True):
        assert {key: row[key] for key in node if key != "ipv6"} == {k: v for k, v in node.items() if k != "ipv6"}
        assert row["ipv6_bgp_ip"] is None


@pytest.mark.parametrize("name", sorted(MADE))
def test_every_column_is_described_and_nothing_else(name: str, incident: cb.Analysis):
    frame = getattr(incident, name.removeprefix("a."))
    assert [column.name for column in cb.describe(frame).columns] == list(frame.columns)
    assert repr(cb.describe(name)) == repr(cb.describe(frame))


def test_any_table_describes_itself_also_in_part(incident: cb.Analysis):
    routes = incident.tables.routes
    assert cb.describe(routes) == cb.describe("routes")
    some = routes[routes.node == "shop-worker-1"][["node", "destination"]].assign(mine=1)
    assert [column.name for column in cb.describe(some).columns] == ["node", "destination"]


def test_a_table_from_elsewhere_is_not_described():
    with pytest.raises(cb.UsageError):
        cb.describe(pd.DataFrame({"node": []}))


def test_rows_are_counted_without_being_made(incident: cb.Analysis):
    for one in (incident, cb.analyze(story("vxlan").path)):
        tables: Tables = one.tables
        assert {n: tables.count(n) for n in tables.names} == {n: len(list(tables.rows(n))) for n in tables.names}


def test_a_missing_value_is_missing(objects: cb.Analysis):
    assert objects.nodes.predicted_ip.isna().all()
    assert objects.dns_paths.code.isna().any()


# --- the graph -------------------------------------------------------------------------------------------------------


def test_the_graph_counts_its_kinds(incident: cb.Analysis):
    import networkx as nx

    lines = [line.split() for line in repr(incident.graph).splitlines()]
    assert ["vertex", "node", "3"] in [line[:3] for line in lines]
    assert repr(nx.MultiDiGraph(incident.graph)) != repr(incident.graph)
    assert repr(incident.graph.copy()) == repr(incident.graph)
    assert repr(pickle.loads(pickle.dumps(incident.graph))) == repr(incident.graph)  # noqa: S301


# --- a check from outside --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own() -> cb.Check:
    check = runpy.run_path(OWN)["CHECK"]
    assert isinstance(check, cb.Check)
    return check


def test_a_check_of_ones_own_finds_and_quotes(own: cb.Check, incident: cb.Analysis):
    found = incident.check(own)
    assert found.SHOP1.subject == "node/shop-worker-2"
    assert [line.text.split()[1] for line in found["several-cards"][0].evidence] == ["10.0.1.12/24", "192.168.50.12/24"]


def test_it_leaves_the_verdict_and_the_findings_alone(own: cb.Check, incident: cb.Analysis):
    before = incident.report()
    incident.check(own)
    assert incident.report() == before


def test_one_that_cannot_be_made_says_why(own: cb.Check, objects: cb.Analysis):
    found = objects.check(own)
    assert len(found) == 0
    assert found.skipped[0].reason == "no node's addresses (ip addr) are in the bundle"
    assert "not checked: SHOP1" in repr(found)
    assert "not checked: SHOP1" in found._repr_html_()


def test_it_runs_as_a_program():
    bundle = str(story("incident").path)
    done = subprocess.run(
        [sys.executable, OWN, bundle],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[1].startswith("info[SHOP1] node/shop-worker-2")


def test_a_check_of_the_package_gives_what_the_report_has(incident: cb.Analysis):
    from calico_bundle.checks import all_checks

    check = next(check for check in all_checks() if check.info.code == "CB303")
    assert [f.message for f in incident.check(check)] == [f.message for f in incident.findings["CB303"]]


def test_every_part_of_the_context_is_explained(incident: cb.Analysis):
    assert all(meaning for _, meaning in incident.context._rows())
