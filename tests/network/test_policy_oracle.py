"""What policies decide, against a slow judge that was written from the references alone."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.network.policy_oracle import Lookup, Object, Oracle
from tests.network.policy_worlds import ADDRESSES, LABELS, NAMESPACES, pod_object, policies_of, read, worlds

MORE = int(os.environ.get("POLICY_WORLDS", "300"))
"""`POLICY_WORLDS=5000 pytest tests/network/test_policy_oracle.py` tries that many."""


def judged(objects: list[Object], protocol: str) -> set[bool]:
    """What the judge says, with both ways to sort policies of one order that have different scopes."""
    asker, endpoint = (one for one in objects if one["kind"] == "Pod")
    lookup = Lookup(asker, endpoint, protocol, 53)
    return {Oracle(objects, global_first=first).allowed(lookup) for first in (True, False)}


def has_ties(objects: list[Object]) -> bool:
    """Whether policies of one order have different scopes: how they are sorted is not documented."""
    scopes: dict[Any, set[Any]] = {}
    for one in objects:
        if one["kind"] in ("NetworkPolicy", "GlobalNetworkPolicy"):
            kubernetes = one["apiVersion"] == "networking.k8s.io/v1"
            order = 1000 if kubernetes else one["spec"].get("order")
            scopes.setdefault((one["spec"].get("tier", "default"), order), set()).add(
                (kubernetes, one["metadata"].get("namespace"))
            )
    return any(len(found) > 1 for found in scopes.values())


@settings(max_examples=MORE, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_it_decides_as_the_judge_does(objects: list[Object]) -> None:
    cluster = read(objects)
    policies = policies_of(cluster)
    asker = next(pod for pod in cluster.pods if pod.name == "asker")
    found = policies.on(policies.class_of(asker), cluster.endpoints[0])
    expected = judged(objects, "UDP")
    event(f"{found.allowed} {len(expected)}")
    if found.allowed is None:
        assert has_ties(objects)
    else:
        assert expected == {found.allowed}, found


_OTHERS = st.lists(
    st.builds(
        lambda namespace, address, labels, account: (namespace, address, labels, {"serviceAccountName": account}),
        st.sampled_from(sorted(NAMESPACES)),
        st.sampled_from([*ADDRESSES, "10.244.9.9"]),
        LABELS,
        st.sampled_from(["builder", "other"]),
    ),
    min_size=2,
    max_size=5,
)


@settings(
    max_examples=max(MORE // 3, 100),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(worlds(), _OTHERS)
def test_pods_of_one_class_get_what_each_would_get_alone(objects: list[Object], others: list[Any]) -> None:
    more = [pod_object(where, f"o{n}", ip, labels, **spec) for n, (where, ip, labels, spec) in enumerate(others)]
    cluster = read([*objects, *more])
    together = policies_of(cluster)
    endpoint = cluster.endpoints[0]
    for place in range(len(cluster.pods)):
        alone = policies_of(cluster)
        found = together.on(together.class_of(place), endpoint).allowed
        assert found is alone.on(alone.class_of(place), endpoint).allowed
