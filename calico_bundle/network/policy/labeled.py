"""What policies select: pods, host endpoints and network sets, with the labels that Calico gives each.

Source: libcalico-go lib/backend/k8s/conversion. A pod has the labels projectcalico.org/namespace, /orchestrator and
/serviceaccount beside its own, and its namespace has projectcalico.org/name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from calico_bundle.calico.selectors import Known
from calico_bundle.cluster import Cluster
from calico_bundle.facts import HostEndpointFact, NetworkSetFact, PodFact
from calico_bundle.facts.pod_columns import is_not_whole

NAMESPACE_LABEL = "projectcalico.org/namespace"
ACCOUNT_LABEL = "projectcalico.org/serviceaccount"
_ORCHESTRATOR = "projectcalico.org/orchestrator"
_NAME = "projectcalico.org/name"
_METADATA_NAME = "kubernetes.io/metadata.name"
_NOTHING = Known({})
_NO_NAMESPACE = Known({}, namespaced=False)


@dataclass(frozen=True, slots=True)
class Labeled:
    """One thing with labels: `namespace` and `account` are None where it has none; `account_known` says which it is."""

    labels: Known
    namespace: str | None = None
    namespace_labels: Known = _NO_NAMESPACE
    account: str | None = None
    account_known: bool = True
    account_labels: Known = _NOTHING


class Directory:
    """The labels of a cluster's namespaces and service accounts, and what stands in where they were not collected.

    >>> Directory(Cluster({})).namespace("shop").complete
    False
    """

    def __init__(self, cluster: Cluster) -> None:
        self._namespaces = {n.name: n for n in cluster.namespaces}
        self._accounts = {(a.namespace, a.name): a for a in cluster.service_accounts}
        self.namespace = lru_cache(None)(self._namespace)

    def _namespace(self, name: str) -> Known:
        """A namespace's labels: those of its name are always there (since Kubernetes 1.21)."""
        fact = self._namespaces.get(name)
        own: Mapping[str, str] = fact.labels if fact else {}
        complete = fact is not None and "labels" not in (*fact.redacted, *fact.not_shown)
        named = {_NAME: name} if complete else {_NAME: name, _METADATA_NAME: name}
        return Known({**own, **named}, complete, namespaced=True)

    def account(self, namespace: str, name: str | None) -> Known:
        """A service account's labels."""
        if name is None:
            return _NOTHING
        fact = self._accounts.get((namespace, name))
        return Known({**(fact.labels if fact else {}), _NAME: name}, fact is not None and not fact.unread)

    def pod(self, pod: PodFact) -> Labeled:
        """A pod in its own network."""
        known = not is_not_whole(pod)
        return self.described(pod.namespace, pod.labels, pod.service_account, whole=known)

    def described(self, namespace: str, own: Mapping[str, str], account: str | None, *, whole: bool) -> Labeled:
        """A pod of which these labels and this service account are known; more where it is not the `whole`."""
        labels = {**own, NAMESPACE_LABEL: namespace, _ORCHESTRATOR: "k8s"}
        if account is not None:
            labels[ACCOUNT_LABEL] = account
        known = whole or account is not None
        accounts = self.account(namespace, account) if known else Known({}, complete=False)
        return Labeled(Known(labels, whole), namespace, self.namespace(namespace), account, known, accounts)

    def network_set(self, found: NetworkSetFact) -> Labeled:
        """A network set; one with a namespace is selected by it, as pods are."""
        whole, place = "labels" not in found.unread, found.namespace
        if place is None:
            return Labeled(Known(found.labels, whole))
        return Labeled(Known({**found.labels, NAMESPACE_LABEL: place}, whole), place, self.namespace(place))

    @staticmethod
    def host_endpoint(found: HostEndpointFact) -> Labeled:
        """A host endpoint: it has its own labels alone."""
        return Labeled(Known(found.labels, "labels" not in found.unread))
