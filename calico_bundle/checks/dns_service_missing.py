"""CB301: no cluster DNS service was found, or it has no address."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from calico_bundle.findings import ERROR, WARNING, Check, CheckInfo, Context, Finding, Fix
from calico_bundle.names import service_subject

if TYPE_CHECKING:
    from calico_bundle.facts import PodFact, ServiceFact

INFO = CheckInfo(
    code="CB301",
    name="dns-service-missing",
    severity=ERROR,
    means="There are DNS pods, and no Service with an address leads to them, so no pod has a server to ask.",
    finds="DNS pods (label k8s-app: kube-dns) in a namespace whose Services are in the bundle, none of which is the DNS "
    "service; a DNS service without a cluster address; or one without port 53 for UDP.",
    matters="Pods ask the address of the DNS service. Without it every lookup goes nowhere; node addresses and routes "
    "have no part in it.",
    proves="The DNS pods, and the Services that their namespace has instead; or the Service without an address.",
    fix="Create the Service anew with the address that the kubelets have as clusterDNS.",
    limits="A Service of another name that is the cluster's DNS is not known to be one: name it with --dns. Of a DNS "
    "service without an address it says that it leads nobody to DNS: whether pods ask another address (that of a cache on "
    "their node) is in the kubelets' clusterDNS. Where the "
    "Services of the DNS pods' namespace were not collected, the check is skipped.",
)
_PORT = 53
_LABEL, _VALUE = "k8s-app", "kube-dns"


def lacks(context: Context) -> str | None:
    """The DNS pods, and the Services of their namespace."""
    if context.dns is not None or _addressless(context):
        return None
    pods = _dns_pods(context)
    if not pods:
        return "no cluster DNS service is in the bundle, and no DNS pod by which to know where it should be"
    services = _services_beside(context, pods)
    if not services:
        return f"the Services of {pods[0].namespace}, where the DNS pods run, are not in the bundle"
    cut = {gap.path for gap in context.gaps}
    if any(service.evidence.path in cut for service in services):
        return f"the Services of {pods[0].namespace} could not be read as a whole"
    return None


def run(context: Context) -> list[Finding]:
    """One finding, or none."""
    if context.dns is not None:
        return [_without_udp(context, context.dns.service)] if context.dns.without_udp else []
    if service := _addressless(context):
        return [_without_address(service)]
    pods = _dns_pods(context)
    namespace = pods[0].namespace
    services = _services_beside(context, pods)
    lines = (*(p.evidence for p in pods[:3]), *(s.evidence for s in services[:3]))
    message = (
        f"{namespace} has {len(pods)} DNS pod{'s' if len(pods) > 1 else ''} and {len(services)} "
        f"Service{'s' if len(services) > 1 else ''}, none of which is the DNS service"
    )
    fix = Fix(
        "create the DNS service anew from the distribution's manifest, with the address that pods have in resolv.conf",
        (f"kubectl get services -n {quote(namespace)} -o wide",),
        "none: nothing answers now",
    )
    return [Finding(INFO.code, INFO.name, ERROR, "cluster", message, tuple(dict.fromkeys(lines)), fixes=(fix,))]


def _without_address(service: ServiceFact) -> Finding:
    message = f"{service.namespace}/{service.name} has no cluster address, so no address leads pods to the DNS servers"
    subject = service_subject(service.namespace, service.name)
    return Finding(INFO.code, INFO.name, ERROR, subject, message, (service.evidence,))


def _without_udp(context: Context, service: ServiceFact) -> Finding:
    from calico_bundle.impact import node_names, pod_names

    hit = [group for group in context.paths.groups if group.code == INFO.code]
    declared = ", ".join(f"{port.protocol} {port.port}" for port in service.ports)
    name = f"{service.namespace}/{service.name}"
    then = "nothing translates its address for them" if hit else "whether anything answers them is not known"
    return Finding(
        INFO.code,
        INFO.name,
        # Rules that translate it all the same, and caches on the nodes, may still lead lookups to DNS.
        ERROR if hit else WARNING,
        service_subject(service.namespace, service.name),
        f"{name} has the port {declared}, and not UDP 53, over which pods ask: {then}",
        (service.evidence,),
        paths=sum(len(group.pods) for group in hit),
        pods=pod_names(context.paths, hit),
        nodes=node_names(hit),
        fixes=(_with_udp(service),),
    )


def _with_udp(service: ServiceFact) -> Fix:
    """The port for UDP beside those that there are; of several ports each has to have a name of its own."""
    import json

    taken = {port.name for port in service.ports}
    beside = next((port for port in service.ports if port.port == _PORT), None)
    target = beside.target_port if beside and beside.target_port else str(_PORT)
    own = {"name": "dns-udp" if "dns" in taken else "dns", "port": _PORT, "protocol": "UDP"}
    named = [
        {"op": "add", "path": f"/spec/ports/{place}/name", "value": f"port-{place}"}
        for place, port in enumerate(service.ports)
        if not port.name
    ]
    added = {**own, "targetPort": int(target) if target.isdigit() else target}
    patch = json.dumps([*named, {"op": "add", "path": "/spec/ports/-", "value": added}])
    name = f"{quote(service.name)} -n {quote(service.namespace)}"
    commands = (
        f"kubectl patch service {name} --type=json -p {quote(patch)}",
        f"kubectl get service {name} -o yaml  # ports should have port 53 with protocol UDP",
    )
    return Fix("add port 53 for UDP to the service", commands, "none: nothing answers over UDP now")


def _addressless(context: Context) -> ServiceFact | None:
    from calico_bundle.network.service import addressless

    return None if context.dns is not None else addressless(context.cluster)


def _dns_pods(context: Context) -> list[PodFact]:
    from calico_bundle.facts.pod_queries import FINISHED, labeled

    return [p for p in labeled(context.cluster.pods, _LABEL, _VALUE) if p.phase not in FINISHED]


def _services_beside(context: Context, pods: list[PodFact]) -> list[ServiceFact]:
    return [s for s in context.cluster.services if s.namespace == pods[0].namespace]


CHECK = Check(INFO, lacks, run)
