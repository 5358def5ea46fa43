"""Names people type and read: subjects such as `pod/shop/cart-0`, and what to suggest for a name that is not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

CLUSTER_SUBJECT = "cluster"
BUNDLE_SUBJECT = "bundle"

# What Deployments (hash of the template and five characters), CronJobs (minutes and five) and DaemonSets (five) put
# behind a pod's name. Kubernetes draws from an alphabet without vowels (apimachinery, util/rand).
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
_GENERATED = re.compile(rf"(?:-{_SAFE}{{6,10}}|-\d{{8,10}})?-{_SAFE}{{5}}$", re.ASCII)
_SUGGESTED = 3


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

    Names of pods are compared without their generated endings too, and without their namespace where none is given.

    >>> did_you_mean("route", ["routes", "nodes"])
    "did you mean 'routes'?"
    >>> did_you_mean("shop/carrt", ["shop/cart-7d9f6c5b84-x2k4q", "shop/web-7d9f6c5b84-x2k4q"])
    "did you mean 'shop/cart-7d9f6c5b84-x2k4q'?"
    >>> did_you_mean("zzz", ["nodes", "routes"])
    "known are 'nodes', 'routes'"
    >>> did_you_mean("zzz", [])
    'there are none'
    """
    names = sorted(set(known))
    close = _nearest(name, names)
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    if not names:
        return "there are none"
    shown = ", ".join(repr(n) for n in names[:20])
    return f"known are {shown}" + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _nearest(name: str, names: Iterable[str]) -> list[str]:
    """The few names of which one form is nearest to what was typed, the nearest first."""
    forms: dict[str, list[str]] = {}
    for known in names:
        for form in dict.fromkeys(_forms(known, with_namespace="/" in name)):
            forms.setdefault(form, []).append(known)
    close = difflib.get_close_matches(name, forms, n=_SUGGESTED, cutoff=0.6)
    return list(dict.fromkeys(known for form in close for known in forms[form]))[:_SUGGESTED]


def _forms(known: str, *, with_namespace: bool) -> Iterator[str]:
    plain = _GENERATED.sub("", known)
    yield from (known, plain)
    if not with_namespace:
        yield from (known.rpartition("/")[2], plain.rpartition("/")[2])
