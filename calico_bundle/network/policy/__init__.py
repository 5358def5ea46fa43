"""Whether network policies let DNS lookups through: what is selected, which rule matches, and which tier decides.

Sources: Kubernetes' reference of NetworkPolicy; Calico's reference of network policies, global network policies, tiers,
host endpoints and profiles. Policies are enforced behind the translation of the service address: they see the endpoint's
own address and the port that it listens on.
"""

from __future__ import annotations
