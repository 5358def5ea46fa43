"""Whether network policies let DNS lookups through: what is selected, which rule matches, and which tier decides.

Sources: Kubernetes' reference of NetworkPolicy; Calico's reference of network policies, global network policies, tiers,
host endpoints and profiles. Policies are enforced behind the translation of the service address: they see the endpoint's
own address and the port that it listens on.
"""

from __future__ import annotations

COMMANDS = {
    "NetworkPolicy": "kubectl get networkpolicies.networking.k8s.io -A -o yaml",
    "Calico NetworkPolicy": "kubectl get networkpolicies.crd.projectcalico.org -A -o yaml",
    "GlobalNetworkPolicy": "kubectl get globalnetworkpolicies.crd.projectcalico.org,tiers.crd.projectcalico.org -o yaml",
}
"""What collects the policies of each kind."""

COMMAND_BESIDE = "kubectl get namespaces,services,endpoints,endpointslices,pods,serviceaccounts -A -o yaml"
"""What collects the objects that policies select."""
