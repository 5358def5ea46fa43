"""Fixes that are no address: what keeps a session down, a filter that drops, a kubelet that reports the wrong address.

They cannot be followed through paths here. They are commands to paste, each with what it interrupts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from calico_bundle.calico.distribution import Distribution
from calico_bundle.cluster import ClusterNode
from calico_bundle.evidence import Evidence
from calico_bundle.facts import Address
from calico_bundle.findings import Fix

_FILTER = re.compile(r"net\.ipv4\.conf\.(?P<card>[\w.:@/-]+)\.rp_filter = 1\b", re.ASCII)
_PLACE = {Distribution.RKE2: "/etc/rancher/rke2/config.yaml", Distribution.K3S: "/etc/rancher/k3s/config.yaml"}
_SERVICE = {Distribution.RKE2: ("rke2-server", "rke2-agent"), Distribution.K3S: ("k3s", "k3s-agent")}


def loosen_filter(node: str, evidence: Iterable[Evidence]) -> tuple[Fix, ...]:
    """Have a card's reverse-path filter accept packets whose answer leaves by another card; none where it is not strict.

    The larger of the settings of `all` and of the card counts, and 2 is loose (ip-sysctl).

    >>> loosen_filter("node-1", [Evidence("sysctl.txt", 1, "net.ipv4.conf.eth1.rp_filter = 1")])[0].commands[0]
    'sudo sysctl -w net.ipv4.conf.eth1.rp_filter=2  # on node-1'
    """
    cards = dict.fromkeys(found["card"] for line in evidence if (found := _FILTER.search(line.text)))
    names = [f"net.ipv4.conf.{card}.rp_filter" for card in cards]
    if not names:
        return ()
    now = tuple(f"sudo sysctl -w {name}=2  # on {shlex.quote(node)}" for name in names)
    lasting = tuple(
        f"echo {shlex.quote(f'{name} = 2')} | sudo tee -a /etc/sysctl.d/99-rp-filter.conf  # on {shlex.quote(node)}"
        for name in names
    )
    title = "set the reverse-path filter to 2 (loose); where Calico's address is wrong too, mend that first"
    return (Fix(title, (*now, *lasting), "Nothing is interrupted. Packets with a forged source pass more easily."),)


def open_port(node: ClusterNode, ports: Sequence[int]) -> tuple[Fix, ...]:
    """Take away the rules of a node that refuse one of some ports; none where no rule of it is recorded.

    >>> open_port(ClusterNode("node-1"), [179])
    ()
    """
    rules = [r for r in node.port_rules or () if any(str(port) in r.ports for port in ports)]
    commands = [
        f"sudo iptables {line.replace('-A ', '-D ', 1)}  # on {shlex.quote(node.name)}"
        for line in (rule.evidence.text.strip() for rule in rules)
        if line.startswith("-A ") and shlex.join(shlex.split(line)) == line
    ]
    if not commands:
        return ()
    title = f"take away the rule of {node.name} that refuses TCP port {ports[0]}; whoever wrote it may write it again"
    return (Fix(title, tuple(commands), "Nothing is interrupted; the session comes up within seconds."),)


def see_which(node: ClusterNode, addresses: Iterable[Address], peer: Address) -> tuple[Fix, ...]:
    """Ask a peer from each of some addresses: the answers show which of them the others can use.

    >>> from ipaddress import ip_address
    >>> see_which(ClusterNode("node-1"), [], ip_address("10.0.1.12"))[0].commands
    ('ip neigh  # on node-1',)
    """
    on = f"# on {shlex.quote(node.name)}"
    asked = tuple(f"ping -c 3 -I {address} {peer}  {on}" for address in addresses)
    title = f"see which of its addresses the other nodes can use: nothing collected shows it for {node.name}"
    return (Fix(title, (*asked, f"ip neigh  {on}"), "Nothing is changed or interrupted."),)


def report_address(node: ClusterNode, address: Address | None, distribution: Distribution) -> tuple[Fix, ...]:
    """Have the kubelet report another address; none where nothing shows which one it should be.

    >>> report_address(ClusterNode("node-1"), None, Distribution.PLAIN)
    ()
    """
    if address is None:
        return ()
    on, place = f"# on {shlex.quote(node.name)}", _PLACE.get(distribution)
    if place:
        services = " ".join(_SERVICE[distribution])
        change = (
            f"echo 'node-ip: {address}' | sudo tee -a {place}  {on}",
            f"sudo systemctl try-restart {services}  {on}",
        )
    else:
        change = (
            f"echo 'KUBELET_EXTRA_ARGS=--node-ip={address}' | sudo tee -a /etc/default/kubelet  {on}; with kubeadm",
            f"sudo systemctl restart kubelet  {on}",
        )
    check = f"kubectl get node {shlex.quote(node.name)} -o wide  # INTERNAL-IP should say {address}"
    title = f"have the kubelet of {node.name} report {address} (--node-ip)"
    return (Fix(title, (*change, check), "The kubelet restarts; pods keep running."),)
