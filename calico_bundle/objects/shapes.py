"""What an object is that does not say its kind: Go's typed clients leave it out.

Seen in real bundles: troubleshoot's `run-pod` events and pods, and its list of CRDs.
"""

from __future__ import annotations

from calico_bundle.objects.located import LocatedList, LocatedMap


def kind_by_shape(value: LocatedMap) -> str | None:
    """The kind that alone has such fields; None when not sure.

    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> kind_by_shape(next(read_yaml("spec: {containers: [{name: a}]}")))
    'Pod'
    """
    spec, status = value.get("spec"), value.get("status")
    if isinstance(value.get("involvedObject"), LocatedMap):
        return "Event"
    if isinstance(status, LocatedMap) and isinstance(status.get("nodeInfo"), LocatedMap):
        return "Node"
    if isinstance(spec, LocatedMap):
        if isinstance(spec.get("containers"), LocatedList):
            return "Pod"
        if isinstance(spec.get("names"), LocatedMap) and "group" in spec:
            return "CustomResourceDefinition"
    return None
