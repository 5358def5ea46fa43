"""Record where kube-proxy's rules lead lookups: `python -m tests.lab.service_rules [CASE...]`, as root.

A pod, a node with rules and two DNS pods, each a network namespace. The rules have the shape that kube-proxy gives them
(Kubernetes pkg/proxy/{iptables,nftables}/proxier.go); the pod sends many lookups to the service's address, and so does the
node itself where it is said to; what answers is kept beside the dump of the rules.
`tests/network/test_service_rules_recorded.py` compares.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.namespaces import Namespaces
from tests.lab.processes import inside, ip, run

RECORDED = Path(__file__).parents[1] / "network" / "service_rules"
SERVICE, OTHER_SERVICE, POD = "10.96.0.10", "10.96.0.1", "10.244.0.9"
SERVERS = ("10.244.0.2", "10.244.0.3")
GONE = "10.244.0.77"
_ANSWERS, _OWN_ANSWERS = RECORDED / "answers.json", RECORDED / "own_answers.json"
_LOOKUPS, _WAIT = 60, 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """Which addresses the rules lead to, at which port; what else is odd about them.

    `flushed` and `unmet` are chains without the jump to the rules: PREROUTING, by which packets of pods come, and OUTPUT, by
    which those of the node do. `own` where the node itself asks, too.
    """

    name: str
    targets: tuple[str, ...]
    affinity: bool = False
    no_entry: bool = False
    refused: bool = False
    flushed: bool = False
    untracked: bool = False
    local: bool = False
    unmet: bool = False
    own: bool = False
    ports: tuple[str, ...] = (":53", ":53")

    def ends(self) -> tuple[tuple[str, str], ...]:
        """Each address with `:PORT`, or nothing where the rule gives no port."""
        return tuple(zip(self.targets, self.ports, strict=False))


CASES = (
    Case("healthy", SERVERS),
    Case("one", SERVERS[:1]),
    Case("stale", (GONE,)),
    Case("partly-stale", (SERVERS[0], GONE)),
    Case("affinity", SERVERS, affinity=True),
    Case("affinity-stale", (GONE,), affinity=True),
    Case("no-entry", (), no_entry=True),
    Case("refused", (), refused=True),
    Case("flushed", SERVERS, flushed=True, own=True),
    Case("unmet", SERVERS, unmet=True, own=True),
    Case("met", SERVERS, own=True),
    Case("other-port", SERVERS, ports=(":5353", ":5353")),
    Case("partly-other-port", SERVERS, ports=(":53", ":5353")),
    Case("portless", SERVERS, ports=("", "")),
    Case("untracked", SERVERS, untracked=True),
    Case("local", SERVERS[:1], local=True),
)


# --- rules of iptables -----------------------------------------------------------------------------------------------

_API = '-m comment --comment "default/kubernetes:https cluster IP"'


def iptables(case: Case) -> str:
    """The tables as `iptables-restore` takes them."""
    nat = [
        ":KUBE-SERVICES - [0:0]",
        ":KUBE-MARK-MASQ - [0:0]",
        ":KUBE-PROXY-CANARY - [0:0]",
        ":KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]",
        ":KUBE-SEP-APISERVER0000001 - [0:0]",
        *([] if case.flushed else ['-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES']),
        *([] if case.unmet else ['-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES']),
        "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
        f"-A KUBE-SERVICES -d {OTHER_SERVICE}/32 -p tcp {_API} -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y",
        "-A KUBE-SVC-NPX46M4PTMTKRN6Y -j KUBE-SEP-APISERVER0000001",
        "-A KUBE-SEP-APISERVER0000001 -p tcp -m tcp -j DNAT --to-destination 10.0.1.11:6443",
        *_service(case, "udp", "dns", "TCOU7JCQXEZGVUNU"),
        *_service(case, "tcp", "dns-tcp", "ERIFXISQEP7F7OF4"),
    ]
    refusal = [
        f'-A KUBE-SERVICES -d {SERVICE}/32 -p {p} -m comment --comment "kube-system/kube-dns:{n} has no endpoints" '
        f"-m {p} --dport 53 -j REJECT --reject-with icmp-port-unreachable"
        for p, n in (("udp", "dns"), ("tcp", "dns-tcp"))
        if case.refused
    ]
    portals = '-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES'
    filters = [":KUBE-SERVICES - [0:0]", portals, *refusal]
    remark = '-m comment --comment "NodeLocal DNS Cache: skip conntrack"'
    raw = [f"-A PREROUTING -d {SERVICE}/32 -p {p} -m {p} --dport 53 {remark} -j NOTRACK" for p in ("udp", "tcp")]
    tables = {"nat": nat, "filter": filters, **({"raw": raw} if case.untracked else {})}
    # A chain must be there before a rule leads to it.
    ordered = {name: sorted(lines, key=lambda line: line[0] != ":") for name, lines in tables.items()}
    return "".join("\n".join([f"*{name}", *lines, "COMMIT", ""]) for name, lines in ordered.items())


def _service(case: Case, protocol: str, port: str, chain: str) -> list[str]:
    if case.no_entry or case.refused:
        return []
    kind = "SVL" if case.local else "SVC"
    name = f"KUBE-{kind}-{chain}"
    about = f'-m comment --comment "kube-system/kube-dns:{port} cluster IP"'
    match = f"-d {SERVICE}/32 -p {protocol} {about} -m {protocol} --dport 53"
    lines = [
        f":{name} - [0:0]",
        f"-A KUBE-SERVICES {match} -j {name}",
        f"-A {name} ! -s 10.244.0.0/16 {match} -j KUBE-MARK-MASQ",
    ]
    ends = [(target, at, f"KUBE-SEP-{chain[:8]}{number:08}") for number, (target, at) in enumerate(case.ends())]
    for target, _, end in ends if case.affinity else ():
        to = f'-m comment --comment "kube-system/kube-dns:{port} -> {target}:53"'
        lines += [
            f"-A {name} {to} -m recent --rcheck --seconds 10800 --reap --name {end} --mask 255.255.255.255 --rsource -j {end}"
        ]
    for number, (target, at, end) in enumerate(ends):
        left = len(ends) - number
        to = f'-m comment --comment "kube-system/kube-dns:{port} -> {target}:53"'
        share = f" -m statistic --mode random --probability {1 / left:.11f}" if left > 1 else ""
        kept = f" -m recent --set --name {end} --mask 255.255.255.255 --rsource" if case.affinity else ""
        comment = f'-m comment --comment "kube-system/kube-dns:{port}"'
        lines += [
            f":{end} - [0:0]",
            f"-A {name} {to}{share} -j {end}",
            f"-A {end} -s {target}/32 {comment} -j KUBE-MARK-MASQ",
            f"-A {end} -p {protocol} {comment}{kept} -m {protocol} -j DNAT --to-destination {target}{at}",
        ]
    return lines


# --- rules of nftables -----------------------------------------------------------------------------------------------

_NFTABLES = f"""\
add table ip kube-proxy {{ comment "rules for kube-proxy" ; }}
add set ip kube-proxy cluster-ips {{ type ipv4_addr ; comment "Active ClusterIPs" ; }}
add element ip kube-proxy cluster-ips {{ {OTHER_SERVICE} , {SERVICE} }}
add map ip kube-proxy service-ips {{ type ipv4_addr . inet_proto . inet_service : verdict ; }}
add map ip kube-proxy no-endpoint-services {{ type ipv4_addr . inet_proto . inet_service : verdict ; }}
add chain ip kube-proxy mark-for-masquerade
add rule ip kube-proxy mark-for-masquerade mark set mark or 0x4000
add chain ip kube-proxy reject-chain
add rule ip kube-proxy reject-chain reject
add chain ip kube-proxy filter-forward {{ type filter hook forward priority 0 ; }}
add chain ip kube-proxy filter-output {{ type filter hook output priority 0 ; }}
add chain ip kube-proxy nat-prerouting {{ type nat hook prerouting priority -100 ; }}
add chain ip kube-proxy nat-output {{ type nat hook output priority -100 ; }}
add chain ip kube-proxy endpoints-check
add rule ip kube-proxy endpoints-check ip daddr . meta l4proto . th dport vmap @no-endpoint-services
add rule ip kube-proxy filter-forward ct state new jump endpoints-check
add rule ip kube-proxy filter-output ct state new jump endpoints-check
add chain ip kube-proxy services
add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips
add chain ip kube-proxy service-2QRHZV4L-default/kubernetes/tcp/https
add rule ip kube-proxy service-2QRHZV4L-default/kubernetes/tcp/https meta l4proto tcp dnat to 10.0.1.11:6443
add element ip kube-proxy service-ips {{ {OTHER_SERVICE} . tcp . 443 : goto service-2QRHZV4L-default/kubernetes/tcp/https }}
"""


def nftables(case: Case, *, squashed: bool = False) -> str:
    """The table as `nft -f` takes it; `squashed` as Kubernetes 1.36 writes it, without a chain for each endpoint."""
    hooks = [hook for hook, is_left_out in (("prerouting", case.flushed), ("output", case.unmet)) if not is_left_out]
    lines = [_NFTABLES, *(f"add rule ip kube-proxy nat-{hook} jump services\n" for hook in hooks)]
    for protocol, port in (("udp", "dns"), ("tcp", "dns-tcp")):
        if case.refused:
            about = f'comment "kube-system/kube-dns:{port}"'
            element = f"{SERVICE} . {protocol} . 53 {about} : goto reject-chain"
            lines.append(f"add element ip kube-proxy no-endpoint-services {{ {element} }}\n")
        elif not case.no_entry:
            lines += [f"{line}\n" for line in _chains(case, protocol, port, squashed=squashed)]
    return "".join(lines)


def _chains(case: Case, protocol: str, port: str, *, squashed: bool) -> list[str]:
    about = f"kube-system/kube-dns/{protocol}/{port}"
    name = f"{'local' if case.local else 'service'}-NWBZK7IH-{about}"
    rule, chain = f"add rule ip kube-proxy {name}", "add chain ip kube-proxy"
    lines = [
        f"{chain} {name}",
        f"{rule} ip daddr {SERVICE} {protocol} dport 53 ip saddr != 10.244.0.0/16 jump mark-for-masquerade",
    ]
    ends = [(target, at, f"{number}XSGD6KX-{about}__{target}/53") for number, (target, at) in enumerate(case.ends())]
    if squashed:
        many = ", ".join(f"{number} : {target} . {at[1:]}" for number, (target, at, _) in enumerate(ends))
        to = f"addr . port to numgen random mod {len(ends)} map {{ {many} }}"
        lines.append(
            f"{rule} meta l4proto {protocol} dnat ip {to}"
            if len(ends) > 1
            else f"{rule} meta l4proto {protocol} dnat to {ends[0][0]}{ends[0][1]}"
        )
    else:
        for target, at, end in ends:
            lines += [
                f"{chain} endpoint-{end}",
                f"add rule ip kube-proxy endpoint-{end} ip saddr {target} jump mark-for-masquerade",
            ]
            if case.affinity:
                lines.append(
                    f"add set ip kube-proxy affinity-{end} {{ type ipv4_addr ; flags dynamic,timeout ; timeout 10800s ; }}"
                )
                lines.append(f"add rule ip kube-proxy endpoint-{end} update @affinity-{end} {{ ip saddr }}")
                lines.append(f"{rule} ip saddr @affinity-{end} goto endpoint-{end}")
            lines.append(f"add rule ip kube-proxy endpoint-{end} meta l4proto {protocol} dnat to {target}{at}")
        many = " , ".join(f"{number} : goto endpoint-{end}" for number, (_, _, end) in enumerate(ends))
        lines.append(f"{rule} numgen random mod {len(ends)} vmap {{ {many} }}")
    return [*lines, f"add element ip kube-proxy service-ips {{ {SERVICE} . {protocol} . 53 : goto {name} }}"]


# --- namespaces and lookups ------------------------------------------------------------------------------------------


def wire(spaces: Namespaces) -> None:
    """Join the pods to the node, which forwards between them; addresses that no pod has lead nowhere."""
    node = spaces.of("node")
    pods = {"pod": POD, **{f"dns{number}": server for number, server in enumerate(SERVERS)}}
    for name, address in pods.items():
        own = spaces.of(name)
        ip([f"link add v{name} netns {node} type veth peer name eth0 netns {own}"])
        gateway = ["route add 169.254.1.1 dev eth0 scope link", "route add default via 169.254.1.1 dev eth0"]
        ip([f"addr add {address}/32 dev eth0", "link set lo up", "link set eth0 up", *gateway], own)
        card = f"dev v{name}"
        ip([f"link set v{name} up", f"addr add 169.254.1.1/32 {card}", f"route add {address} {card}"], node)
    # A node routes a packet of its own before its rules translate it.
    ip(["link set lo up", "route add blackhole 10.244.0.0/26", "route add default dev vpod"], node)
    run("sysctl", "-qw", "net.ipv4.ip_forward=1", namespace=node)


def served(spaces: Namespaces, stop: threading.Event) -> list[threading.Thread]:
    """Start what answers on each DNS pod, with its own address."""
    started = []
    for number, server in enumerate(SERVERS):
        with inside(spaces.of(f"dns{number}")):
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((server, 53))
        thread = threading.Thread(target=_answer, args=(opened, server.encode(), stop))
        thread.start()
        started.append(thread)
    return started


def _answer(opened: socket.socket, name: bytes, stop: threading.Event) -> None:
    with opened:
        while not stop.is_set():
            if select.select([opened], [], [], 0.05)[0]:
                opened.sendto(name, opened.recvfrom(100)[1])


def asked(namespace: str) -> dict[str, int]:
    """How many of the lookups each server answered, and how many nobody did."""
    with inside(namespace):
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(_LOOKUPS)]
    for one in sockets:
        one.connect((SERVICE, 53))
        one.send(b"?")
    found: dict[str, int] = {}
    waiting = set(sockets)
    while waiting and (readable := select.select(list(waiting), [], [], _WAIT)[0]):
        for one in readable:
            waiting.discard(one)
            try:
                name = one.recv(100).decode()
            except OSError:
                name = "refused"
            found[name] = found.get(name, 0) + 1
    for one in sockets:
        one.close()
    return dict(sorted({**found, **({"lost": len(waiting)} if waiting else {})}.items()))


def measure(
    write: Callable[[str], None], read: Callable[[str], str], askers: Sequence[str] = ("pod",)
) -> tuple[str, list[dict[str, int]]]:
    """The listing of the rules that are written on the node, and who answers each of the askers."""
    with Namespaces(("node", "pod", "dns0", "dns1")) as spaces:
        wire(spaces)
        node, stop = spaces.of("node"), threading.Event()
        write(node)
        threads = served(spaces, stop)
        try:
            return read(node), [asked(spaces.of(asker)) for asker in askers]
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def _restored(program: str, case: Case) -> Callable[[str], None]:
    return lambda node: run(program, text=iptables(case), namespace=node) and None


def _saved(*command: str) -> Callable[[str], str]:
    return lambda node: run(*command, namespace=node)


def _ways(case: Case) -> Sequence[tuple[str, Callable[[str], None], Callable[[str], str]]]:
    """The programs that write and list the rules of a case."""
    ruleset = _saved("nft", "list", "ruleset")
    by_iptables = [
        ("iptables-nft", _restored("iptables-nft-restore", case), _saved("iptables-nft-save")),
        ("iptables-legacy", _restored("iptables-legacy-restore", case), _saved("iptables-legacy-save", "-c")),
        ("nft-of-iptables", _restored("iptables-nft-restore", case), ruleset),
    ]
    if case.targets and not case.flushed and not case.unmet and not case.untracked:
        # That a rule is missing cannot be seen in it.
        listed = _saved("iptables-legacy", "-t", "nat", "-nvL")
        by_iptables.append(("iptables-list", _restored("iptables-legacy-restore", case), listed))
    if case.untracked:
        return by_iptables
    written = [("nftables", nftables(case))]
    if case.targets and not case.affinity and case.name != "portless":  # a map of addresses always has ports
        written.append(("nftables-1.36", nftables(case, squashed=True)))
    own = [
        (name, (lambda node, text=text: run("nft", "-f", "-", text=text, namespace=node) and None), ruleset)
        for name, text in written
    ]
    return [*by_iptables, *own]


def main(*names: str) -> None:
    """Record every case in every mode, or those of some names; the other recordings stay as they are."""
    answers, own = (
        json.loads(path.read_text()) if path.exists() and names else {} for path in (_ANSWERS, _OWN_ANSWERS)
    )
    for case in (case for case in CASES if not names or case.name in names):
        for mode, write, read in _ways(case):
            name = f"{mode}.{case.name}"
            listing, found = measure(write, read, ("pod", "node") if case.own else ("pod",))
            answers[name] = found[0]
            if case.own:
                own[name] = found[1]
            (RECORDED / f"{name}.txt").write_text(listing)
            print(name, *found)  # noqa: T201
    for path, told in ((_ANSWERS, answers), (_OWN_ANSWERS, own)):
        path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
