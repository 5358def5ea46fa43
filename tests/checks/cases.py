"""For every check: a bundle that has what it finds, one that looks like it and has not, and one without its input.

Each is a recording (a story of fixtures/, or one of the laboratory's), whole or changed by a rule that `why` states. What
was measured in a story stands in its story.yaml, in a recording of the laboratory in its truth.json.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Edit = Callable[[str, str], str | None]
"""A file's path and text; its new text, or None for a file that is left away."""


@dataclass(frozen=True, slots=True)
class Given:
    """A recording (`lab:` for one of the laboratory), the changes to it, files laid beside, and why it is as it is."""

    of: str
    why: str
    edits: tuple[Edit, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What one check is shown. `missing` is `positive` less what the check needs; None for one that needs nothing."""

    positive: Given
    negative: Given
    missing: Given | None


def less(given: Given, why: str, *edits: Edit) -> Given:
    """A bundle with further changes."""
    return Given(given.of, why, (*given.edits, *edits), given.files)


# --- changes --------------------------------------------------------------------------------------------------------


def without(*parts: str) -> Edit:
    return lambda path, text: None if any(part in path for part in parts) else text


def replaced(old: str, new: str, only: str = "") -> Edit:
    return lambda path, text: re.sub(old, new, text, flags=re.MULTILINE) if only in path else text


def each(edit: Callable[[str], str], only: str) -> Edit:
    return lambda path, text: edit(text) if only in path else text


NO_STORED_ADDRESS = replaced(r".*projectcalico\.org/IPv4Address.*\n", "", "nodes.yaml")
# The API allows a Node without InternalIP; an ExternalIP is no address that peers are expected to use.
NO_INTERNAL_IP = replaced("type: InternalIP", "type: ExternalIP", "nodes.yaml")
NO_BGP = without("birdcl", ".log", "events")
NO_ROUTES = without("route")
NO_CARDS = without("ip_addr", "ip-addr", "ip-link", "route")

_READY = re.compile(r'(type: Ready\n\s+status: ")True|(?<=status: ")True(?="\n\s+type: Ready)')


def dns_pods_unready(text: str) -> str:
    pods = re.split(r"(?m)^(?= *- apiVersion: v1$)", text)
    return "".join(_READY.sub(r"\1False", pod) if "k8s-app: kube-dns" in pod else pod for pod in pods)


NOT_READY = replaced(r"\baddresses:", "notReadyAddresses:", "endpoints.yaml")
ANOTHER_SERVICE = (
    replaced("name: kube-dns", "name: metrics-server", "services.yaml"),
    replaced("port: 53", "port: 443", "services.yaml"),
    replaced("kube-dns", "metrics", "services.yaml"),
)
METHOD = replaced(
    r"^( *)- name: IP\n", r"\1- name: IP_AUTODETECTION_METHOD\n\1  value: interface=eth9\n\1- name: IP\n", "daemonsets"
)
EARLIER = replaced(r"(?<= on )Sun Nov 22 (?=[\d:]{8} 2026$)", "Thu Nov 19 ", "shop-worker-3/iptables")

DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: default}
spec:
  podSelector: {}
  policyTypes: [Egress]
"""
ALLOW = DENY + "  egress: [{ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}]\n"
DNS_LOG = "pods/kube-system_coredns-2a_8f14e45f-ceea/coredns/0.log"
STARTED = ".:53\n[INFO] plugin/reload: Running configuration SHA512 = 591cf3\nCoreDNS-1.11.1\n"
LOOP = '[FATAL] plugin/loop: Loop (127.0.0.1:46073 -> :53) detected for zone ".", see https://coredns.io/plugins/loop\n'

# --- bundles that several checks are shown --------------------------------------------------------------------------

HEALTHY = Given("healthy", "measured: every pod reaches every DNS endpoint, over sessions that are up")
INCIDENT = Given("incident", "measured: shop-worker-2 chose a second card that its peers cannot reach")
DUPLICATE = Given("duplicate-address", "measured: two of three nodes hold one address")
STALE = Given("stale-address", "measured: the stored address of node-2 is on no interface of it")
ODD_AND_WORKS = Given(
    "overlapping-mask-works", "measured: an odd address that the neighbors' mask covers; every path works"
)
MOVES_LATER = Given("card-added-later", "measured twice: it works, and after the next start it does not")
BLOCKED = Given("blocked-port", "measured: the handshake to port 179 fails, addresses are right")
RACKS = Given("routed-racks", "measured: sessions are up, and their next hops cannot carry the packets")
NO_DEFAULT = Given("no-default-route", "measured: pods have no way to the service address")
DROPPED = Given(
    "lab:pool-holds-the-lan-ipip", "measured: replies are lost where the tunnel's source is a pool's address"
)
OVERLAP = Given(
    "lab:card-network-inside-a-block", "measured: a card's network lies inside a node's block, and takes its packets"
)
NO_MATCH = less(
    HEALTHY,
    "Calico's reference, IP autodetection methods: interface=REGEX takes interfaces that match, and no node has an eth9",
    METHOD,
)
SAME_INTERNAL = less(
    HEALTHY,
    "an InternalIP is one node's: a kubelet that reports another node's is wrong (Kubernetes, Nodes: addresses)",
    replaced(r"address: 10\.0\.1\.13$", "address: 10.0.1.11", "nodes.yaml"),
)
NO_SERVICE = less(
    HEALTHY, "DNS pods run, and no Service leads to them (Kubernetes, DNS for Services)", *ANOTHER_SERVICE
)
NO_ENDPOINT = less(INCIDENT, "v1 Endpoints: notReadyAddresses are not to be used", NOT_READY)
LOOPING = Given(
    "healthy",
    "CoreDNS, plugin/loop: the server ends when it meets its own query; its pods are not ready",
    (each(dns_pods_unready, "pods.yaml"), NOT_READY),
    ((DNS_LOG, STARTED + LOOP),),
)
DENIED = Given(
    "healthy",
    "Kubernetes, Network Policies: a pod isolated for egress may send what a rule allows, and here none does",
    (),
    (("policies/deny.yaml", DENY),),
)
STALE_RULES = less(
    HEALTHY,
    "kube-proxy (pkg/proxy/iptables) has a KUBE-SEP chain per endpoint; these lead to addresses that are none",
    replaced(r"10\.244\.2\.2:53", "10.244.2.77:53", "node-1/iptables-save"),
    replaced(r"10\.244\.2\.3:53", "10.244.2.78:53", "node-1/iptables-save"),
)
OTHER_TIME = less(
    INCIDENT,
    "iptables-save prints when it ran: three days are more than two time zones can make, 26 hours (IANA tz)",
    EARLIER,
)
OBJECTS_ALONE = Given("incident-troubleshoot", "recorded: nothing from a machine, so no path can be followed")
ODD_LINE = less(
    HEALTHY, "no version of iproute2 prints it", replaced(r"\Z", "what is this line about?\n", "ip_route_all")
)

CASES = {
    "CB101": Case(INCIDENT, ODD_AND_WORKS, less(INCIDENT, "no stored address", NO_STORED_ADDRESS)),
    "CB102": Case(DUPLICATE, INCIDENT, less(DUPLICATE, "no stored address", NO_STORED_ADDRESS)),
    "CB103": Case(STALE, INCIDENT, less(STALE, "nothing shows the machines' addresses", NO_CARDS)),
    "CB104": Case(ODD_AND_WORKS, HEALTHY, less(ODD_AND_WORKS, "no InternalIP to compare with", NO_INTERNAL_IP)),
    "CB105": Case(
        MOVES_LATER,
        Given("healthy-two-cards", "measured: two cards everywhere, and the right one is chosen by the method"),
        less(MOVES_LATER, "nothing shows the machines' addresses", NO_CARDS),
    ),
    "CB106": Case(NO_MATCH, HEALTHY, less(NO_MATCH, "nothing shows the machines' addresses", NO_CARDS)),
    "CB107": Case(
        SAME_INTERNAL,
        Given("routed-wrong-card-works", "measured: the Calico address is the odd one, the InternalIP is not"),
        less(SAME_INTERNAL, "no InternalIP", NO_INTERNAL_IP),
    ),
    "CB201": Case(BLOCKED, RACKS, less(BLOCKED, "nothing shows the sessions' states", NO_BGP)),
    "CB202": Case(RACKS, BLOCKED, less(RACKS, "nothing shows the sessions' states", NO_BGP)),
    "CB203": Case(
        NO_DEFAULT, INCIDENT, less(NO_DEFAULT, "no routes, and nothing to predict them from", NO_ROUTES, NO_BGP)
    ),
    "CB204": Case(
        DROPPED,
        Given("lab:pool-holds-the-lan", "measured: the same pool without a tunnel, and every reply arrives"),
        less(DROPPED, "no routes", NO_ROUTES),
    ),
    "CB205": Case(OVERLAP, HEALTHY, less(OVERLAP, "no pools or blocks", without("ippools", "blockaffinities"))),
    "CB301": Case(NO_SERVICE, HEALTHY, less(NO_SERVICE, "no Services", without("services.yaml"))),
    "CB302": Case(NO_ENDPOINT, INCIDENT, less(NO_ENDPOINT, "no endpoints", without("endpoints.yaml"))),
    "CB303": Case(
        INCIDENT,
        Given("dns-split", "recorded: CoreDNS runs on two nodes"),
        less(INCIDENT, "no endpoints", without("endpoints.yaml")),
    ),
    "CB304": Case(
        LOOPING,
        Given("healthy", "the DNS pods are ready, and their log has no error", (), ((DNS_LOG, STARTED),)),
        less(LOOPING, "no pods", without("pods.yaml")),
    ),
    "CB401": Case(
        DENIED,
        Given("healthy", "the same policy, with DNS allowed", (), (("policies/allow.yaml", ALLOW),)),
        Given("healthy", "no policies: not collected, or none"),
    ),
    "CB402": Case(STALE_RULES, HEALTHY, less(STALE_RULES, "no rules for services", without("iptables-save"))),
    "CB901": Case(OBJECTS_ALONE, HEALTHY, None),
    "CB902": Case(ODD_LINE, HEALTHY, None),
    "CB903": Case(OTHER_TIME, INCIDENT, less(OTHER_TIME, "nothing shows a time", without("iptables", ".log"))),
}
