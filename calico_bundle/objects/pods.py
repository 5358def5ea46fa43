"""Pod objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from calico_bundle.facts import Address, PodFact
from calico_bundle.objects.fields import Fields
from calico_bundle.objects.metadata import is_ready, name_of, namespace_of, owner_of, ready_condition

GROUPS = frozenset([""])


def build_pod(pod: Fields) -> Iterator[PodFact]:
    """A Pod as a fact; one without a name is left out.

    >>> from calico_bundle.objects.fields import Record
    >>> from calico_bundle.objects.reading import Reading
    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "metadata: {name: cart-0, namespace: shop}\\nstatus: {podIP: '***HIDDEN***'}\\n"
    >>> fact = next(build_pod(Record(Reading("pods.yaml", text), "Pod", "", next(read_yaml(text))).fields()))
    >>> fact.name, fact.ips, fact.redacted
    ('cart-0', (), ('ips',))
    """
    name, namespace = name_of(pod), namespace_of(pod)
    metadata, spec, status = pod.child("metadata"), pod.child("spec"), pod.child("status")
    containers = list(status.children("containerStatuses"))
    yield PodFact(
        namespace=namespace,
        name=name,
        node=spec.text("nodeName", "node"),
        ips=_ips(status),
        host_ip=status.address("hostIP", "host_ip"),
        host_network=spec.flag("hostNetwork", "host_network") or False,
        dns_policy=spec.text("dnsPolicy", "dns_policy") or "ClusterFirst",
        dns_nameservers=spec.child("dnsConfig").texts("nameservers", "dns_nameservers"),
        phase=status.text("phase", "phase"),
        ready=is_ready(ready_condition(pod)),
        restarts=sum(container.integer("restartCount", "restarts") or 0 for container in containers),
        waiting_reasons=_waiting_reasons(containers),
        owner=owner_of(pod),
        labels=metadata.string_map("labels", "labels"),
        redacted=pod.record.redacted,
        evidence=metadata.evidence("name"),
        network_probe=any(_probed(container) for container in spec.children("containers")),
    )


def _ips(status: Fields) -> tuple[Address, ...]:
    listed = list(status.children("podIPs"))
    found = [entry.address("ip", "ips") for entry in listed] or [status.address("podIP", "ips")]
    return tuple(ip for ip in found if ip is not None)


def _probed(container: Fields) -> bool:
    """Whether the kubelet asks this container over the network whether it is ready."""
    probe = container.child("readinessProbe")
    return any(kind in probe for kind in ("httpGet", "tcpSocket", "grpc"))


def _waiting_reasons(containers: list[Fields]) -> tuple[str, ...]:
    waiting = (container.child("state").child("waiting") for container in containers)
    found = (state.text("reason", "waiting_reasons") for state in waiting)
    return tuple(reason for reason in found if reason)


BUILDERS: dict[str, Callable[[Fields], Iterator[object]]] = {"Pod": build_pod}
