"""How to see that DNS answers after a fix: a lookup out of a pod whose lookups fail today."""

from __future__ import annotations

from collections.abc import Callable
from heapq import nsmallest
from itertools import chain
from shlex import quote

from calico_bundle.facts import PodFact
from calico_bundle.findings import Context
from calico_bundle.impact import failing_groups
from calico_bundle.paths import DnsPaths, Verdict

_MOST_LOOKED_AT = 50


def asking(pod: PodFact | None) -> tuple[str, ...]:
    """The command for one pod; nothing where there is none.

    >>> asking(None)
    ()
    """
    if pod is None:
        return ()
    asked = "nslookup kubernetes.default  # or, where the image lacks it: getent hosts kubernetes.default"
    return (f"kubectl exec -n {quote(pod.namespace)} {quote(pod.name)} -- {asked}",)


def asking_after(context: Context, after: Callable[[], DnsPaths] | None = None) -> tuple[str, ...]:
    """The command for the first pod that fails now: one that runs, is no DNS server, and reaches in the paths after the fix.

    `after` gives those paths, where not all that fail now reach then. A pod with a network of its own goes first.
    """
    failing = chain.from_iterable(group.pods[:_MOST_LOOKED_AT] for group in failing_groups(context.paths))
    places = nsmallest(_MOST_LOOKED_AT, failing)
    if after is not None and places:
        later = after().pods
        places = [place for place in places if later[place].verdict is Verdict.REACHES]
    servers = {endpoint.ip for endpoint in context.dns.endpoints} if context.dns else set()
    pods = (context.paths.pods[place].pod for place in places)
    askers = [pod for pod in pods if _can_ask(pod) and servers.isdisjoint(pod.ips)]
    return asking(min(askers, key=lambda pod: pod.host_network is not False, default=None))


def _can_ask(pod: PodFact) -> bool:
    return pod.phase in (None, "Running") and not pod.waiting_reasons
