"""Names people type and read: subjects such as `pod/shop/cart-0`, and what to suggest for a name that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

CLUSTER_SUBJECT = "cluster"
BUNDLE_SUBJECT = "bundle"


def node_subject(node: str) -> str:
    """Name a node in a finding.

    >>> node_subject("worker-1")
    'node/worker-1'
    """
    return f"node/{node}"


def pod_subject(namespace: str, pod: str) -> str:
    """Name a pod in a finding.

    >>> pod_subject("shop", "cart-0")
    'pod/shop/cart-0'
    """
    return f"pod/{namespace}/{pod}"


def service_subject(namespace: str, service: str) -> str:
    """Name a service in a finding.

    >>> service_subject("kube-system", "kube-dns")
    'service/kube-system/kube-dns'
    """
    return f"service/{namespace}/{service}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, or list some of them.

    >>> did_you_mean("route", ["routes", "nodes"])
    "did you mean 'routes'?"
    >>> did_you_mean("zzz", ["nodes", "routes"])
    "known are 'nodes', 'routes'"
    >>> did_you_mean("zzz", [])
    'there are none'
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    if not names:
        return "there are none"
    shown = ", ".join(repr(n) for n in names[:20])
    return f"known are {shown}" + (f" and {len(names) - 20} more" if len(names) > 20 else "")
