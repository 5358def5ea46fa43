"""CB302: the DNS service has no ready endpoint."""

from __future__ import annotations

from shlex import quote

from calico_bundle.findings import ERROR, WARNING, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import service_subject

INFO = CheckInfo(
    code="CB302",
    name="dns-no-ready-endpoints",
    severity=ERROR,
    means="The cluster DNS service has no ready endpoint, so no lookup can be answered.",
    finds="Endpoints or EndpointSlices of the DNS service that list no ready address; and with internalTrafficPolicy: Local, "
    "nodes without a ready endpoint of their own.",
    matters="Every pod that uses cluster DNS loses it, wherever it runs; node addresses and routes have no part in it.",
    proves="The endpoints object, the DNS pods' readiness and labels, and the size of their Deployment.",
    fix=(
        "A Deployment of no pods is scaled up, a selector that matches no pod is set to the DNS pods' labels. Else look at "
        "the DNS pods: why are they not ready? Their logs and events say it."
    ),
    limits=(
        "Endpoints that terminate and still serve make it a warning, as kube-proxy may lead to them until they are gone. "
        "Whether lookups are kept on their node is known of objects and descriptions, not of tables. "
        "It says that none is ready, not why; a bundle without the endpoints object leaves it open. A wrong Calico address "
        "of the DNS pods' node stands before it only where their logs say that they wait for the API server and the pool "
        "does not masquerade (natOutgoing off): the kubelet asks from the node itself."
    ),
)
_MOST_NAMED = 3
_CODES = {"wrong": "CB101", "duplicate": "CB102", "not-on-node": "CB103"}


def lacks(context: Context) -> str | None:
    """The DNS service and its endpoints."""
    from calico_bundle.facts.endpoint_table import endpoints_of
    from calico_bundle.network.service import why_none

    if context.dns is None:
        return why_none(context.cluster)
    if not context.dns.listed:
        return "the DNS service's endpoints are not in the bundle"
    if context.dns.contradiction:
        return context.dns.contradiction
    own = endpoints_of(context.cluster.endpoints, context.dns.service.namespace, context.dns.service.name)
    unsaid = any(e.ready is None for e in own) and not any(e.ready for e in own)
    return "who of the DNS service's endpoints is ready is not in the bundle" if unsaid else None


def run(context: Context) -> list[Finding]:
    """One finding, or none."""
    from calico_bundle.facts.endpoint_table import endpoints_of
    from calico_bundle.impact import failing_groups, node_names, pod_names
    from calico_bundle.network.dns_servers import stopped_deployment
    from calico_bundle.remedies.dns_pods import bring_back, unselected

    dns = context.dns
    if dns is None or dns.hidden or any(e.ready for e in dns.endpoints):
        return _kept_local(context)
    hit = failing_groups(context.paths)
    pods = [p for p in context.cluster.pods if _selected(p.labels, dns.service.selector)]
    service = f"{dns.service.namespace}/{dns.service.name}"
    own = endpoints_of(context.cluster.endpoints, *service.split("/"))
    # A table shows those that are ready, and no others.
    unshown = not dns.endpoints and any(e.not_shown for e in own)
    ending = f", of which {len(dns.ending)} still serving while terminating" if dns.ending else ""
    message = f"{service} has no ready endpoint" + (
        "" if unshown else f" ({len(dns.endpoints)} that are not ready{ending})"
    )
    after, why = _explained(context)
    lines = [e.evidence for e in own]
    stopped, missed = stopped_deployment(context.cluster, dns), unselected(context, dns)
    if stopped:
        message += f": its Deployment {stopped.namespace}/{stopped.name} is set to 0 replicas"
        lines = [stopped.evidence, *lines]
    elif missed:
        message += f": {missed.text}"
        lines, pods = [dns.service.evidence, *lines], list(missed.pods)
    return [
        Finding(
            INFO.code,
            INFO.name,
            # kube-proxy may lead to endpoints that terminate (KEP-1669).
            WARNING if dns.ending else ERROR,
            service_subject(dns.service.namespace, dns.service.name),
            f"{message}{why}",
            tuple(dict.fromkeys((*lines[:5], *(p.evidence for p in pods[:5])))),
            paths=sum(len(group.pods) for group in hit),
            pods=pod_names(context.paths, hit),
            nodes=node_names(hit),
            after=after,
            fixes=() if after else bring_back(context, dns, stopped, missed),
        )
    ]


def _kept_local(context: Context) -> list[Finding]:
    """The nodes without an endpoint of their own, where the Service keeps lookups on their node."""
    from calico_bundle.impact import node_names, pod_names

    dns = context.dns
    hit = [group for group in context.paths.groups if group.code == INFO.code]
    if dns is None or not dns.keeps_local or not hit:
        return []
    nodes = node_names(hit)
    service, more = dns.service, len(nodes) - _MOST_NAMED
    named = ", ".join(nodes[:_MOST_NAMED]) + (f" and {more} more nodes" if more > 0 else "")
    message = (
        f"{service.namespace}/{service.name} keeps lookups on their node (internalTrafficPolicy: Local), and has no ready "
        f"endpoint on {named}"
    )
    patch = '{"spec": {"internalTrafficPolicy": "Cluster"}}'
    name = f"{quote(service.name)} -n {quote(service.namespace)}"
    fix = Fix(
        "let lookups go to endpoints on other nodes",
        (
            f"kubectl patch service {name} --type=merge -p {quote(patch)}",
            f"kubectl get service {name} -o yaml | grep internalTrafficPolicy  # should say Cluster",
        ),
        "none: kube-proxy writes new rules; lookups that are answered go on",
        tried="no: rules of nodes that have none for it now were not followed",
    )
    found = (INFO.code, INFO.name, ERROR, service_subject(service.namespace, service.name), message)
    lines = (service.evidence, *(e.evidence for e in dns.ready[:2]))
    paths = sum(len(group.pods) for group in hit)
    return [Finding(*found, lines, paths=paths, pods=pod_names(context.paths, hit), nodes=nodes, fixes=(fix,))]


def _explained(context: Context) -> tuple[frozenset[str], str]:
    """The findings about addresses that explain why the DNS pods are not ready, and what is to be said of them.

    The kubelet asks a pod whether it is ready from the pod's own node, so no route between nodes has a part in that. A
    server that waits for the API server is not ready either: what it sends there is cut off by its node's address only
    where it leaves with the pod's own address (natOutgoing off), to which the answers need a route.
    """
    from calico_bundle.network.dns_servers import OWN, dns_servers, need_routes_back

    servers = dns_servers(context.bundle, context.cluster, context.dns)
    status = {n: _CODES[v.status.value] for n, v in context.addresses.items() if v.status.value in _CODES}
    failing = [pod for pod in servers.failing if pod.node in status]
    if not failing or len(failing) < len(servers.failing):
        return frozenset(), ""
    nodes = ", ".join(dict.fromkeys(str(pod.node) for pod in failing))
    waiting = {event.pod for event in servers.told("api-unreachable", "waiting-for-api")}
    waiting -= {event.pod for event in servers.told(*OWN)}
    if need_routes_back(context.cluster, failing) and all(pod.name in waiting for pod in failing):
        codes = frozenset(status[str(pod.node)] for pod in failing)
        return (
            codes,
            f"; they wait for the API server, whose answers need a route to them: mend the address of {nodes} first",
        )
    return frozenset(), f"; the wrong address of {nodes}, where they run, does not by itself keep them from being ready"


def _selected(labels: object, selector: object) -> bool:
    return (
        isinstance(labels, dict)
        and isinstance(selector, dict)
        and bool(selector)
        and selector.items() <= labels.items()
    )


CHECK = Check(INFO, lacks, run)
