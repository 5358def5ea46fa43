"""What says of the cluster DNS itself: its servers' logs, its configuration, and the failed lookups in other pods' logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from calico_bundle.evidence import Evidence
from calico_bundle.facts.types import Address, Cited

TIMEOUT, TEMPORARY, SERVER_FAILURE = "timeout", "temporary", "server-failure"
REFUSED, UNREACHABLE, NO_SUCH_NAME, AMBIGUOUS = "refused", "unreachable", "no-such-name", "ambiguous"


@dataclass(frozen=True, slots=True)
class LookupErrorFact:
    """Failed lookups that one log tells of: those of one kind, by one resolver, to one server."""

    namespace: Annotated[str | None, "namespace of the pod whose log it is; None where the path does not say"]
    pod: Annotated[str | None, "the pod whose log it is; None where the path does not say"]
    container: Annotated[str | None, "the container whose log it is; None where the path does not say"]
    kind: Annotated[
        str,
        "timeout: no answer came | no-such-name: a server answered that the name does not exist | server-failure: a "
        "server answered that it cannot tell | refused: no server listens there, and that was answered | unreachable: the "
        "query could not be sent, or was turned back on the way | temporary: no answer, or that of a server that failed; "
        "the text does not tell which | ambiguous: any of these",
    ]
    resolver: Annotated[str, "whose wording it is: Go, libc, musl, Java, Node.js, .NET, curl, nginx, BIND ..."]
    server: Annotated[Address | None, "the server that was asked, where the text names it"]
    names: Annotated[tuple[str, ...], "names that were looked up, the first few"]
    count: Annotated[int, "how many lines say it"]
    first_time: Annotated[str | None, "time of the first such line, as printed"]
    last_time: Annotated[str | None, "time of the last such line, as printed"]
    evidence: Annotated[Evidence, "the first such line"]
    cited: Annotated[Cited, "`last`: the last such line"]
    past: Annotated[bool, "whether the log is that of a container before the one that runs, or was rotated away"] = (
        False
    )


@dataclass(frozen=True, slots=True)
class DnsServerEventFact:
    """Lines of a DNS server's log (CoreDNS) that say the same about it."""

    namespace: Annotated[str | None, "namespace of the pod whose log it is; None where the path does not say"]
    pod: Annotated[str | None, "the pod whose log it is; None where the path does not say"]
    event: Annotated[
        str,
        "started | loop | upstream-timeout | upstream-refused | upstream-unreachable | probe-unanswered (the loop plugin's "
        "own question) | api-unreachable | api-refused | waiting-for-api | configuration-error | address-in-use | panic",
    ]
    values: Annotated[Mapping[str, str], "what the line names: upstream, api, zone, error"]
    count: Annotated[int, "how many lines say it"]
    first_time: Annotated[str | None, "time of the first such line, as printed"]
    last_time: Annotated[str | None, "time of the last such line, as printed"]
    evidence: Annotated[Evidence, "the first such line"]
    cited: Annotated[Cited, "`last`: the last such line"]
    names: Annotated[tuple[str, ...], "names that were asked for, the first few"] = ()
    past: Annotated[bool, "whether the log is that of a container before the one that runs, or was rotated away"] = (
        False
    )


@dataclass(frozen=True, slots=True)
class KubeletDnsFact:
    """The servers that a kubelet tells its pods to ask: by its configuration, or by the arguments it is started with."""

    cluster_dns: Annotated[tuple[Address, ...], "clusterDNS of the KubeletConfiguration, or --cluster-dns"]
    evidence: Annotated[Evidence, "the line of the first address"]
    domain: Annotated[
        str | None, "clusterDomain or --cluster-domain, as pods' search lists have it; None where it is not there"
    ] = None
    cited: Annotated[Cited, "evidence of `domain`"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KubeletDefaultsFact:
    """kubeadm's ConfigMap kubelet-config: what a kubelet gets as its configuration file when its node joins or is upgraded."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name"]
    cluster_dns: Annotated[tuple[Address, ...], "clusterDNS of the KubeletConfiguration in data.kubelet"]
    domain: Annotated[str | None, "clusterDomain; None where it is not there"]
    evidence: Annotated[Evidence, "the line of the first address, else of data.kubelet"]


@dataclass(frozen=True, slots=True)
class DnsConfigurationFact:
    """A ConfigMap that holds the Corefile of a DNS server."""

    namespace: Annotated[str, "metadata.namespace"]
    name: Annotated[str, "metadata.name"]
    corefile: Annotated[str, "data.Corefile"]
    evidence: Annotated[Evidence, "the line of data.Corefile"]
    cited: Annotated[Cited, "the lines of the Corefile by their number in it from 0, where each has one in the bundle"]
