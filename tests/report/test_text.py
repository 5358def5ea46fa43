"""The text report: what stands where, at every width, and nothing of a bundle that a terminal would act upon."""

import copy
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from calico_bundle.report import Style
from calico_bundle.report.text import render
from calico_bundle.report.text_trace import render_trace
from tests.report import hand_made

WIDTHS = (40, 80, 100, 160, 300)
ANSI = re.compile("\x1b\\[[0-9;]*m")
LAST = "27 reach, 12 broken, 1 unknown of 40 paths (3 pods do not use cluster DNS)"


def lines(made: dict[str, Any], **style: Any) -> list[str]:
    return render(made, **style).splitlines()


def test_the_diagnostic_has_the_shape_of_a_compilers():
    expected = """\
error[CB101] wrong-bgp-source-ip: Calico on node-2 uses 192.168.50.12 of ens19, which node-1 and
node-3 cannot reach; its InternalIP 10.0.1.12 on ens18 would work
  --> cluster/nodes.yaml:28
   |
28 | projectcalico.org/IPv4Address: "192.168.50.12/24"
  --> nodes/node-2/calico-node.log:1
   |
 1 | 2026-11-22 23:29:08.000 [INFO][9] startup/autodetection_methods.go 103: Using autodetected IPv4
   | address on interface ens19: 192.168.50.12/24
  --> nodes/node-1/birdcl_show_protocols.txt:7
   |
 7 | Mesh_192_168_50_12 BGP      master   start  23:29:02    Passive
   |
   = effect: 12 paths; pods hit are on node-1, node-3; pods shop/cart-0, shop/cart-1
   = fix 1 of 2: let Calico take the address that Kubernetes uses
"""
    assert expected in render(hand_made.broken_report(), width=100)
    assert "   = explain: bundle-analyze explain CB101" in lines(hand_made.broken_report())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("quiet", [False, True])
def test_the_first_line_is_the_verdict_and_the_last_sums_up(width, quiet):
    shown = render(hand_made.broken_report(), width=width, quiet=quiet)
    assert shown.startswith("broken: 12 of 40 pods")
    assert " ".join(shown.split()).endswith(LAST)
    assert shown.endswith("\n")
    assert not shown.endswith("\n\n")


def test_quiet_gives_these_two_only():
    assert lines(hand_made.broken_report(), width=300, quiet=True) == [
        "broken: 12 of 40 pods get no DNS answer: Calico on node-2 uses an address its peers cannot reach",
        LAST,
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("make", [hand_made.broken_report, hand_made.dual_stack_report, hand_made.inconclusive_report])
def test_no_line_is_wider_than_the_page_except_what_is_to_be_copied(make, width):
    made = make()
    for line in lines(made, width=width):
        if not line.strip().startswith(("kubectl", "-->", "to settle it")):
            assert cell_len(line) <= width, line
        assert line == line.rstrip()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("color", [False, True])
def test_commands_stand_whole_on_a_line_of_their_own(width, color):
    made = hand_made.broken_report()
    shown = [ANSI.sub("", line).strip() for line in lines(made, width=width, color=color)]
    for fix in made["findings"][0]["fixes"]:
        assert set(fix["commands"]) <= set(shown)


def test_what_would_settle_open_causes_is_listed_where_no_cause_is_known_and_with_v():
    made = hand_made.broken_report()
    wanted = set(made["hypotheses"][1]["collect"])
    assert wanted
    assert not wanted & {line.strip() for line in lines(made)}
    assert wanted <= {line.strip() for line in lines(made, verbose=True)}
    made["verdict"]["root_causes"] = []
    assert wanted <= {line.strip() for line in lines(made)}


def test_a_line_break_in_a_command_does_not_make_a_second_one():
    made = hand_made.broken_report()
    made["findings"][0]["fixes"][0]["commands"] = ["kubectl get node 'a\nrm -rf ~'"]
    assert not [line for line in lines(made) if line.strip().startswith("rm ")]


def test_color_changes_the_look_and_not_one_word():
    plain, colored = (render(hand_made.broken_report(), color=color) for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[" in colored
    assert [line.rstrip() for line in ANSI.sub("", colored).splitlines()] == plain.splitlines()


def test_environment_variables_change_nothing(monkeypatch):
    before = render(hand_made.broken_report(), width=90)
    for name, value in {"COLUMNS": "50", "FORCE_COLOR": "1", "TERM": "dumb", "TTY_COMPATIBLE": "1"}.items():
        monkeypatch.setenv(name, value)
    assert render(hand_made.broken_report(), width=90) == before


def test_the_own_marks_are_ascii():
    assert render(hand_made.broken_report(), verbose=True).isascii()


def test_who_is_hit_stands_before_who_is_spared():
    shown = lines(hand_made.broken_report())
    start = shown.index("Who is hit, who is spared, and why")
    assert shown[start + 1].startswith("  hit          dns-from-other-nodes: Pods on node-1 and node-3 get no DNS")
    assert "               --> nodes/node-1/ip_route.txt:5 | 10.244.3.0/26 via 10.0.1.13 dev ens18" in shown[start + 3]
    assert any(line.startswith("  spared       dns-on-node-2: ") for line in shown[start:])


def test_the_node_table_has_the_wrong_one_first_and_what_will_move():
    shown = lines(hand_made.broken_report())
    start = shown.index("Nodes")
    assert shown[start + 1 : start + 5] == [
        "  node    InternalIP  Calico address       should be        verdict",
        "  node-2  10.0.1.12   192.168.50.12 ens19  10.0.1.12 ens18  wrong",
        "  node-1  10.0.1.11   10.0.1.11 ens18      10.0.1.11 ens18  ok",
        "  node-3  10.0.1.13   10.0.1.13 ens18      10.0.1.13 ens18  ok, next restart: 172.17.0.1",
    ]


def test_ipv6_has_a_row_of_its_own_and_counts_for_the_order():
    made = hand_made.dual_stack_report()
    made["nodes"][1]["address_verdict"] = "ok"
    shown = lines(made, width=160)
    start = shown.index("Nodes")
    assert shown[start + 2].split() == ["node-1", "10.0.1.11", "10.0.1.11", "ens18", "10.0.1.11", "ens18", "ok"]
    assert shown[start + 3].split()[0] == "2001:db8::11"
    assert "fd00:c0a8:0:dac6:e9ec:5405:ccc5:87c0 vxlan-v6.calico" in shown[start + 3]


def test_an_address_in_a_narrow_table_folds_and_loses_nothing():
    made = hand_made.dual_stack_report()
    made["nodes"][0]["name"] = "ip-10-0-1-11.eu-west-1.compute.internal"
    shown = lines(made, width=60)
    rows = shown[shown.index("Nodes") + 1 : shown.index("What was there to look at")]
    for value in ("ip-10-0-1-11.eu-west-1.compute.internal", "fd00:c0a8:0:dac6:e9ec:5405:ccc5:87c0"):
        pieces = {row[i:j] for row in rows for i in range(len(row)) for j in range(i + 1, len(row) + 1)}
        rest = value
        while rest:
            rest = rest[max(n for n in range(len(rest) + 1) if not n or rest[:n] in pieces) :]
    assert not any("\N{HORIZONTAL ELLIPSIS}" in row for row in rows)


def test_long_lists_fold_and_count_what_they_hide():
    shown = render(hand_made.large_report())
    assert len(shown.splitlines()) < 150
    assert "nodes node-0, node-1, node-2, node-3, node-4 and 4,995 more" in " ".join(shown.split())
    assert "and 4,980 more: 4,980 ok (-v lists them)" in shown
    assert "ip-route of node-0, node-1, node-2, node-3, node-4 and 4,995 more: unknown" in shown
    assert "and 195 more" in shown


def test_many_findings_of_one_code_fold_and_verbose_shows_all():
    made = hand_made.broken_report()
    made["findings"] = [hand_made.finding(subject=f"node/n{number}", fixes=[]) for number in range(5000)]
    shown = " ".join(render(made).split())
    assert shown.count("error[CB101]") == 3
    folded = "and 4,997 more CB101 wrong-bgp-source-ip (-v shows all): node/n3, node/n4, node/n5, node/n6, node/n7 and"
    assert folded in shown
    made["findings"] = made["findings"][:9]
    assert render(made, verbose=True).count("error[CB101]") == 9


def test_much_evidence_folds_and_verbose_quotes_all():
    made = hand_made.broken_report()
    quoted = [hand_made.evidence(f"f{number}.txt", number, f"line {number}") for number in range(1, 31)]
    made["findings"] = [hand_made.finding(evidence=quoted)]
    assert "and 24 more lines of evidence (-v)" in render(made)
    shown = lines(made, verbose=True)
    assert [f"{number:>2} | line {number}" in shown for number in range(1, 31)] == [True] * 30


def test_one_fix_is_written_once():
    made = hand_made.broken_report()
    made["findings"] = [hand_made.finding(), hand_made.finding(subject="node/node-3", message="node-3, too")]
    shown = render(made)
    assert shown.count(hand_made.COMMAND) == 1
    assert "= fix 1 of 2: as above: let Calico take the address that Kubernetes uses" in shown


def test_a_fix_says_what_it_restores_or_that_nobody_knows():
    shown = render(hand_made.broken_report())
    assert "restores 12 paths, leaves 0 broken" in shown
    assert "how many paths it restores cannot be told from this bundle" in shown


def test_gaps_are_counted_and_verbose_lists_them():
    made = hand_made.broken_report()
    assert "  2 not-understood, 1 redacted, in 2 files (-v lists them)" in lines(made)
    shown = lines(made, verbose=True)
    assert "  nodes/node-3/ip_rule.txt:4: not-understood: line not understood: x" in shown
    assert "  cluster/secrets.yaml: redacted: values hidden by the collector" in shown


def test_what_is_missing_is_said_with_its_effect():
    shown = lines(hand_made.broken_report())
    assert "  ip-route of node-3: its routes are predicted, not observed" in shown
    assert "  calicoctl ippools: the encapsulation is taken from the routes" in shown
    assert "  ip-route  2 of 3  routes of node-1 and node-2" in shown
    assert "  CB401: no network policy is in the bundle" in shown


def test_nothing_seen_is_not_complete():
    made = hand_made.healthy_report()
    made["coverage"] = [
        {"artifact": "pods", "seen": 0, "of": None, "text": "no pods"},
        {"artifact": "nodes", "seen": 3, "of": 3, "text": "all"},
    ]
    shown = render(made)
    assert "  pods   0     no pods" in shown
    assert "the others, 1 kind of input" in shown


def test_healthy_is_short_and_nothing_seen_is_not_healthy():
    assert len(lines(hand_made.healthy_report())) < 20
    shown = lines(hand_made.inconclusive_report())
    assert shown[0] == "inconclusive: the bundle holds no pods"
    assert shown[-1] == "0 of 0 paths examined: no pod was found that uses cluster DNS"
    assert "  no DNS service was found in the bundle" in shown


def test_verbose_names_the_pods_by_reason():
    shown = " ".join(render(hand_made.broken_report(), verbose=True).split())
    assert "broken (2 pods): node-1 has no route to 10.244.2.0/26, where every DNS endpoint is" in shown
    assert "shop/cart-0, shop/cart-1" in shown
    assert "shop/web-0" not in shown


# --- hostile data ---------------------------------------------------------------------------------------------------

HOSTILE = "[red]x[/red] :smile: \x1b[2J\x1b]0;title\x07 \x9b31m \u202egpj.exe \u200b\u2028\r\n\t end"


def poisoned(made: Any, words: str, keep: frozenset[str]) -> Any:
    """The same with hostile words in every text that comes out of a bundle."""
    if isinstance(made, dict):
        return {key: value if key in keep else poisoned(value, words, keep) for key, value in made.items()}
    if isinstance(made, list):
        return [poisoned(item, words, keep) for item in made]
    return words if isinstance(made, str) else made


OWN = frozenset({"severity", "status", "verdict", "basis", "code", "address_verdict", "outcome", "does", "relation"})


@pytest.mark.parametrize("verbose", [False, True])
def test_hostile_words_neither_drive_the_terminal_nor_are_they_markup(verbose):
    made = poisoned(hand_made.broken_report(), HOSTILE, OWN - {"verdict"})
    made["verdict"]["status"] = "broken"
    for path in made["paths"]:
        path["verdict"] = "broken"
    shown = render(made, width=300, verbose=verbose)
    assert not set(shown) - {"\n"} & set(map(chr, [*range(32), *range(127, 160), 0x202E, 0x200B, 0x2028]))
    assert "[red]x[/red] :smile: " in shown


@given(st.text(max_size=60), st.sampled_from(WIDTHS), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_text_of_a_bundle_breaks_a_report_or_a_trace(words, width, verbose):
    made = poisoned(hand_made.broken_report(), words, OWN - {"verdict"})
    made["verdict"]["status"] = "broken"
    for path in made["paths"]:
        path["verdict"] = "broken"
    shown = render(made, width=width, verbose=verbose)
    assert not set(shown) - {"\n"} & {"\x1b", "\r", "\x07", "\x9b", "\u202e"}
    assert shown.startswith("broken:")
    trace = poisoned(hand_made.dns_trace(), words, OWN)
    assert "\x1b" not in render_trace(trace, Style(width=width, verbose=verbose))


def test_a_report_is_not_changed_by_writing_it():
    made = hand_made.broken_report()
    before = copy.deepcopy(made)
    render(made, verbose=True)
    assert made == before


def test_reports_without_the_additions_can_be_written():
    made = hand_made.broken_report()
    for key in ("effects", "coverage", "checks_skipped", "other_plugins"):
        del made[key]
    del made["bundle"]["files"]
    assert render(made).rstrip().endswith(LAST)


# --- one path -------------------------------------------------------------------------------------------------------


def test_a_trace_goes_hop_by_hop_with_expected_beside_found():
    assert (
        render_trace(hand_made.dns_trace(), Style(width=100))
        == """\
shop/cart-0 (10.244.1.10, node-1) -> kube-system/kube-dns (10.96.0.10)
broken (observed) CB101: node-1 has no route to 10.244.2.0/26

endpoint kube-system/coredns-2a (10.244.2.2, node-2)
  request: lost
    1. node-1 translates
       rule:     10.96.0.10:53 -> 10.244.2.2:53
    2. node-1 drops
       rule:     no route to 10.244.2.2
       expected: 10.244.2.0/26 via 10.0.1.12 dev ens18
       found:    not recorded
       --> nodes/node-1/ip_route.txt:1 | default via 10.0.1.1 dev ens18 proto static
  reply: unknown
    no hop is known

broken: DNS endpoints that answer: 0 of 1
"""
    )


def test_a_trace_to_a_node_has_one_pair():
    shown = render_trace(hand_made.node_trace(), Style()).splitlines()
    assert shown[0] == "shop/cart-0 (10.244.1.10, node-1) -> node-3 (10.0.1.13)"
    assert shown[-1] == "reaches: request delivered, reply delivered"
    assert shown.count("  request: delivered") == shown.count("  reply: delivered") == 1


def test_a_quiet_trace_has_three_lines():
    assert len(render_trace(hand_made.dns_trace(), Style(quiet=True)).splitlines()) == 3


# --- files and other plugins ------------------------------------------------------------------------------------------


def test_verbose_lists_every_file_with_what_it_was_taken_for():
    made = hand_made.broken_report()
    listed = render(made, verbose=True, width=200)
    assert "  cluster/nodes.json: k8s-objects\n" in listed
    assert "  nodes/node-3/ip_rule.txt: ip-rule of node-3\n" in listed
    assert "  notes.txt: not read, of no kind that is known\n" in listed
    assert "notes.txt" not in render(made)


def test_another_plugin_is_named_with_the_line_that_shows_it():
    shown = render(hand_made.broken_report(), width=200)
    assert "  flannel (DaemonSet kube-system/kube-flannel-ds): it runs beside calico-node\n" in shown
    assert "--> cluster/pods.json:7 | name: kube-flannel-ds-x7k2p\n" in shown
