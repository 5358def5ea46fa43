"""Fixes that are no address: what keeps a session down, a filter that drops, pools that need a tunnel; tried on the records."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence

from calico_bundle.calico.bgp_configuration import BgpConfiguration
from calico_bundle.calico.installation import has_api_server
from calico_bundle.cluster import ClusterNode
from calico_bundle.facts import Address, BGPPeerFact
from calico_bundle.facts.pod_queries import labeled
from calico_bundle.findings import Context, Fix
from calico_bundle.impact import failing_groups
from calico_bundle.network.outcome import Cause, Why
from calico_bundle.paths import DnsPaths
from calico_bundle.remedies.outlooks import listed, mends, on_each, outlook_of, tried_fix
from calico_bundle.what_if.mending import Mended, paths_after

_MOST_STEPS = 4
_UNCHANGED = "Nothing is changed."
_STRICT = re.compile(r"\.rp_filter = 1\b", re.ASCII)


def loosen_filter(context: Context, causes: Iterable[Cause]) -> tuple[Fix, ...]:
    """Have reverse-path filters accept packets whose answer leaves by another card; where that mends nothing, say so.

    The larger of the settings of `all` and of the card counts, and 2 is loose (ip-sysctl): the card's alone is set, so that
    the filters of pods' cables stay strict. What one filter lets through the next node's may drop, on the way there or
    back: all of them are loosened.
    """
    first = frozenset(_strict(causes))
    if not first:
        return (_none_is_safe("no setting of the reverse-path filter lets these packets in: the message says why"),)
    mended = _all_on_the_way(context.paths, first)
    seen = outlook_of(context.paths, mended)
    if not seen.restored and not seen.left_open:
        return (
            _none_is_safe(
                "a loose reverse-path filter (2) mends nothing here", f"with the setting at 2: {mends(seen)}"
            ),
        )
    names = sorted({name for name, _ in mended.loosened})
    commands = on_each(names, lambda n: loosening(n, sorted(card for name, card in mended.loosened if name == n)))
    cards = sorted({card for _, card in mended.loosened})
    title = (
        f"set the reverse-path filter of {listed(cards)} on {listed(names)} to 2 (loose); "
        "where Calico's address is wrong too, mend that first"
    )
    return (tried_fix(context, title, commands, _passes_more(context), mended, "with the setting at 2"),)


def _none_is_safe(why: str, tried: str = "") -> Fix:
    return Fix(f"none is proposed: {why}", (), _UNCHANGED, tried=tried)


def _strict(causes: Iterable[Cause]) -> Iterator[tuple[str, str]]:
    """The nodes and devices whose filter drops because it is strict."""
    for cause in causes:
        if cause.node and cause.device and any(_STRICT.search(line.text) for line in cause.evidence):
            yield cause.node, cause.device


def _all_on_the_way(paths: DnsPaths, first: frozenset[tuple[str, str]]) -> Mended:
    """The filters that drop, and those that drop once these do not."""
    found = first
    for _ in range(_MOST_STEPS):
        more = found | frozenset(_strict(_dropping(paths_after(paths, Mended(loosened=found)))))
        if more == found:
            break
        found = more
    return Mended(loosened=found)


def _dropping(paths: DnsPaths) -> Iterator[Cause]:
    causes = (fate.cause for group in failing_groups(paths) for fate in group.lost_fates)
    return (cause for cause in causes if cause and cause.why is Why.REVERSE_PATH_FILTER)


def loosening(node: str, cards: Sequence[str]) -> tuple[str, ...]:
    """The commands for it: now, for the next boot, and to see it.

    >>> loosening("node-1", ["eth1"])[0]
    'sudo sysctl -w net.ipv4.conf.eth1.rp_filter=2  # on node-1'
    """
    # sysctl(8) takes a slash for a dot that belongs to a name, as in vxlan.calico.
    on, names = f"# on {shlex.quote(node)}", [f"net.ipv4.conf.{card.replace('.', '/')}.rp_filter" for card in cards]
    now = tuple(f"sudo sysctl -w {name}=2  {on}" for name in names)
    lasting = tuple(
        f"echo {shlex.quote(f'{name} = 2')} | sudo tee -a /etc/sysctl.d/99-rp-filter.conf  {on}" for name in names
    )
    return (*now, *lasting, f"sysctl net.ipv4.conf.all.rp_filter {' '.join(names)}  {on}: the larger one counts")


def _passes_more(context: Context) -> str:
    version = context.choices.installation.version
    old = version is None or version < FILTERS_BY_IPTABLES
    return f"{_PASSES_MORE} {_STAYS_STRICT}" if old else _PASSES_MORE


FILTERS_BY_IPTABLES = (3, 12)
"""Since this version Felix filters by iptables and asks no more what the kernel's filter is (v3.12.0 release notes)."""

_PASSES_MORE = "Nothing is interrupted, nothing restarts. Packets with a forged source pass more easily."
_STAYS_STRICT = (
    "Leave `all` at 0 or 1: with 2 there Felix of a Calico before v3.12 ends at its next start, unless calico-node has "
    "FELIX_IGNORELOOSERPF=true."
)


def open_sessions(context: Context, pairs: Iterable[tuple[ClusterNode, ClusterNode]]) -> tuple[Fix, ...]:
    """Take away the rules that refuse BGP between some nodes, else see where it is refused; both tried as if it were open."""
    ends = list(dict.fromkeys(pairs_of_names(pairs)))
    nodes = [context.cluster.nodes[name] for name in dict.fromkeys(name for pair in ends for name in pair)]
    configuration = context.paths.forwarding.peerings.configuration
    ports = {configuration.port(node) for node in nodes}
    mended = Mended(opened=frozenset(ends))
    first = (context.cluster.nodes[ends[0][0]], context.cluster.nodes[ends[0][1]])
    tests = _testing(first, configuration)
    known = context.cluster.nodes
    refusing = [node.name for node in nodes if taking_away(node, ports)]
    commands = on_each(refusing, lambda name: taking_away(known[name], ports))
    if commands:
        title = f"take away the rules of {listed(refusing)} that refuse TCP port {min(ports)}; who wrote them may do so again"
        seen = (*tests, *commands, *_established(nodes[0], context))
        return (tried_fix(context, title, seen, _COMES_UP, mended, _AS_IF_OPEN),)
    title = "let TCP through from the side that dials, and its answers back; first see whether it fails"
    told = f"{_AS_IF_OPEN}; what blocks it is not in the bundle"
    tests = (*tests, *_established(first[0], context))
    return (tried_fix(context, title, tests, f"Testing the port interrupts nothing. {_COMES_UP}", mended, told),)


def encapsulate(context: Context) -> tuple[Fix, ...]:
    """Encapsulate between subnets, in the pools that do not at all: routers then see the nodes' addresses alone."""
    pools = [p.name for p in context.cluster.pools if p.ipip_mode == p.vxlan_mode == "Never"]
    if not pools:
        return ()
    patch = """-p '{"spec": {"ipipMode": "Never", "vxlanMode": "CrossSubnet"}}'"""
    commands = [f"kubectl patch ippools.crd.projectcalico.org {shlex.quote(p)} --type=merge {patch}" for p in pools]
    if context.choices.installation.by_operator:
        commands.append(_OPERATOR_POOLS)
    commands.append("ip route show dev vxlan.calico  # on each node: far blocks")
    title, mended = "encapsulate pod traffic between subnets (VXLAN CrossSubnet)", Mended(encapsulated=frozenset(pools))
    how = "with Felix's VXLAN device on every node, and UDP 4789 open between them"
    return (tried_fix(context, title, tuple(commands), _INTO_TUNNELS, mended, how),)


_OPERATOR_POOLS = (
    "kubectl edit installation.operator.tigera.io default  # in spec.calicoNetwork.ipPools: encapsulation: VXLANCrossSubnet, "
    "or a newer operator sets the pools back"
)
_INTO_TUNNELS = (
    "Pod traffic between subnets moves into tunnels; pods keep running and nothing restarts, and the tunnel takes 50 bytes of "
    "the MTU, which pods that run already do not get to know."
)


def fit_peers(context: Context, pairs: Sequence[tuple[ClusterNode, ClusterNode]]) -> tuple[Fix, ...]:
    """Have BGPPeers fit the nodes that they name; where they do, see what else the two sides disagree about."""
    configuration = context.paths.forwarding.peerings.configuration
    changed = {peer.name: peer for pair in pairs for peer in configuration.corrected(*pair)}
    if not changed:
        return _see_configuration()
    with_tool = (
        "kubectl patch bgppeers.projectcalico.org" if has_api_server(context.cluster) else "calicoctl patch bgppeer"
    )
    merge = " --type=merge" if with_tool.startswith("kubectl") else ""
    commands = [
        f"{with_tool} {shlex.quote(name)}{merge} -p {shlex.quote(json.dumps({'spec': _spec(changed[name])}))}"
        for name in sorted(changed)
    ]
    title = f"have BGPPeer {listed(sorted(changed))} name the AS number and the port that the node has"
    seen = (*commands, *_established(pairs[0][0], context))
    mended = Mended(peers=frozenset(changed.values()), retried=frozenset(pairs_of_names(pairs)))
    how = "with the BGPPeers changed, and nothing that the bundle does not show in the way of TCP"
    return (tried_fix(context, title, seen, _RECONFIGURED, mended, how),)


_RECONFIGURED = "BIRD reads its configuration anew; the sessions of these BGPPeers start afresh, the others stay up."


def _spec(peer: BGPPeerFact) -> dict[str, object]:
    return {"peerIP": peer.peer_ip, "asNumber": int(peer.as_number) if peer.as_number else None}


def _see_configuration() -> tuple[Fix, ...]:
    """Have the two sides of sessions fit each other: which of them is right, the bundle does not tell."""
    title = (
        "have BGPPeers, AS numbers and ports of the two sides fit each other, as the message says; no port is blocked"
    )
    looks = (
        "kubectl get bgppeers.crd.projectcalico.org,bgpconfigurations.crd.projectcalico.org -o yaml",
        "kubectl get nodes -o yaml | grep -E 'projectcalico.org/(ASNumber|IPv4Address)| name: '",
    )
    return (Fix(title, looks, "Looking interrupts nothing.", tried="no: which side is right is not in the bundle"),)


_COMES_UP = (
    "Nothing restarts; the session comes up within seconds, and the routes with it. Rules in a chain of Felix's (cali-...) "
    "come from a policy or FelixConfiguration: it writes them again until that is changed."
)
_AS_IF_OPEN = "as if nothing blocked the port any more"


def pairs_of_names(pairs: Iterable[tuple[ClusterNode, ClusterNode]]) -> Iterator[tuple[str, str]]:
    """The names of pairs of nodes, each pair once whichever side comes first.

    >>> list(pairs_of_names([(ClusterNode("n2"), ClusterNode("n1"))]))
    [('n1', 'n2')]
    """
    for one, other in pairs:
        yield (one.name, other.name) if one.name < other.name else (other.name, one.name)


def taking_away(node: ClusterNode, ports: Collection[int]) -> tuple[str, ...]:
    """The commands that take away a node's rules that refuse one of some ports.

    >>> taking_away(ClusterNode("node-1"), [179])
    ()
    """
    rules = [r for r in node.port_rules or () if any(str(port) in r.ports for port in ports)]
    return tuple(
        f"sudo iptables {line.replace('-A ', '-D ', 1)}  # on {shlex.quote(node.name)}"
        for line in (rule.evidence.text.strip() for rule in rules)
        if line.startswith("-A ") and shlex.join(shlex.split(line)) == line
    )


def _testing(ends: tuple[ClusterNode, ClusterNode], configuration: BgpConfiguration) -> tuple[str, ...]:
    """Try the port of a session, from the side that dials where that is known."""
    dialing = configuration.dials(*ends)
    return tuple(
        f"nc -vz -w 3 -s {_stored(a)} {_stored(b)} {configuration.port(b)}  # on the node of {_stored(a)}"
        for a, b in (ends, ends[::-1])
        if dialing in (None, a)
    )


def _stored(node: ClusterNode) -> str:
    return str(node.bgp_address.ip) if node.bgp_address else "?"


def _established(node: ClusterNode, context: Context) -> tuple[str, ...]:
    pods = labeled(context.cluster.pods, "k8s-app", "calico-node")
    pod = next((p for p in pods if p.node == node.name), None)
    if pod is None:
        return (f"sudo calicoctl node status  # on {shlex.quote(node.name)}: Established",)
    named = f"-n {shlex.quote(pod.namespace)} {shlex.quote(pod.name)} -c calico-node"
    return (f"kubectl exec {named} -- birdcl -s /var/run/calico/bird.ctl show protocols  # all Established",)


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
