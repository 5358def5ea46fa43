"""Lookups and forwarding: the kernel asks the interface that a packet came in by (net/ipv4/route.c: IN_DEV_FORWARD).

net.ipv4.ip_forward is conf.all.forwarding, and writing it sets every interface (net/ipv4/devinet.c: inet_forward_change()).
"""

from __future__ import annotations

import calico_bundle as cb
from calico_bundle.hypotheses import Status
from calico_bundle.paths.still import Still, is_default_cable
from tests.checks.test_checks import Edit, changed, replaced
from tests.network.hand_made import card, machine

NODE_2 = "nodes/node-2/sysctl"


def seen(edit: Edit, story: str = "healthy") -> tuple[dict[str, str], Status]:
    """Each pod's verdict, and what is said to the hypothesis."""
    analysis = changed(story, edit)
    verdicts = {path.pod.name: path.verdict.value for path in analysis.diagnosis.paths.pods}
    status = next(c.answer.status for c in analysis.diagnosis.hypotheses if c.hypothesis.name == "ip-forwarding")
    return verdicts, status


def only(line: str) -> Edit:
    return lambda path, text: line + "\n" if NODE_2 in path else text


def cables_off(path: str, text: str) -> str:
    if NODE_2 not in path:
        return text
    lines = (line.replace("forwarding = 1", "forwarding = 0") if ".cali" in line else line for line in text.split("\n"))
    return "\n".join(lines)


def test_ip_forward_alone_leaves_open_what_crosses_the_node() -> None:
    verdicts, status = seen(only("net.ipv4.ip_forward = 0"))
    assert status is Status.SUPPORTED
    assert verdicts["app-1"] == verdicts["app-3"] == "unknown"


def test_cables_that_do_not_forward_leave_all_of_the_nodes_pods_open() -> None:
    verdicts, status = seen(cables_off)
    assert status is Status.SUPPORTED
    assert {verdicts[name] for name in ("app-1", "app-2", "app-3")} == {"unknown"}


def test_a_tunnel_that_does_not_forward_is_seen() -> None:
    settings = "net.ipv4.conf.ens18.forwarding = 1\nnet.ipv4.conf.tunl0.forwarding = 0\n"
    cards = (card("ens18", "10.0.1.12/24"), card("tunl0", "10.244.2.0/32"))
    still = Still(machine("node-2", *cards, sysctls=settings, internal="10.0.1.12"), is_default_cable)
    found = still.met_by(crosses=True)
    assert found is not None
    assert found.line.text == "net.ipv4.conf.tunl0.forwarding = 0"
    assert still.met_by(crosses=False) is None


def test_what_an_interface_says_itself_is_what_counts() -> None:
    verdicts, status = seen(replaced("conf.all.forwarding = 1", "conf.all.forwarding = 0", NODE_2))
    assert status is Status.RULED_OUT
    assert verdicts["app-1"] == "reaches"


def test_nothing_is_open_where_all_is_on() -> None:
    analysis = cb.analyze("fixtures/healthy/bundle")
    assert not any(path.verdict.value == "unknown" for path in analysis.diagnosis.paths.pods)
