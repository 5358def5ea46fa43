"""Objects whose fields have the names of Go: `kubectl cluster-info dump` printed its internal types until Kubernetes 1.9.

There a list has `Items` and no kind, ObjectMeta (which has JSON names) stands beside `Spec` and `Status`, the host's
namespaces are flags of the pod's security context, and what is not set is printed all the same: null, or empty
(kubernetes/kubernetes 1.8 pkg/api/types.go; a real dump of 2017).
"""

from __future__ import annotations

import re

from calico_bundle.objects.located import LocatedList, LocatedMap, Value

_LINK = re.compile(r"/apis?/(?P<version>(?:[a-z0-9.-]+/)?v\d\w*)/(?:namespaces/[^/]+/)?(?P<resource>[a-z]+)/[^/]+")
_KINDS = {"nodes": "Node", "pods": "Pod", "services": "Service", "daemonsets": "DaemonSet", "events": "Event"}
_CAPITALS = re.compile(r"[A-Z]+")
# Maps whose keys are the user's, and a LabelSelector, which has JSON names.
_WITHOUT_NAMES = frozenset({
    "labels", "annotations", "Selector", "NodeSelector", "Capacity", "Allocatable", "Limits", "Requests",
})  # fmt: skip
_OF_THE_HOST = ("hostNetwork", "hostPID", "hostIPC")


def with_json_names(value: LocatedMap) -> LocatedMap:
    """A list of such objects as a list of objects that have the names of JSON; any other mapping as it is.

    >>> from calico_bundle.objects.yaml_documents import read_yaml
    >>> text = "Items: [{name: n1, selfLink: /api/v1/nodes/n1, Spec: {PodCIDR: 10.0.0.0/24}}]"
    >>> found = with_json_names(next(read_yaml(text)))["items"][0]
    >>> found["kind"], found["metadata"]["name"], found["spec"]["podCIDR"]
    ('Node', 'n1', '10.0.0.0/24')
    """
    if "Items" not in value or "items" in value or "kind" in value:
        return value
    items = value["Items"]
    if isinstance(items, LocatedList):
        renamed = LocatedList(items.line)
        renamed.extend(_renamed_object(item) if isinstance(item, LocatedMap) else item for item in items)
        renamed.lines.extend(items.lines)
        items = renamed
    found = LocatedMap(value.line)
    _set(found, "items", items, value.line_of("Items"))
    return found


def _renamed_object(item: LocatedMap) -> LocatedMap:
    """One object: its metadata put together, its kind by its selfLink."""
    if "metadata" in item:
        return item
    found, metadata = LocatedMap(item.line), LocatedMap(item.line)
    for key, value in item.items():
        into = found if key[:1].isupper() else metadata
        _put(into, key, value, item.line_of(key))
    _set(found, "metadata", metadata, item.line)
    link = metadata.get("selfLink")
    if isinstance(link, str) and (told := _LINK.fullmatch(link)):
        line = item.line_of("selfLink")
        _set(found, "apiVersion", told["version"], line)
        _set(found, "kind", _KINDS.get(told["resource"], told["resource"]), line)
    spec = found.get("spec")
    if isinstance(spec, LocatedMap):
        _lift_host_flags(spec)
    return found


def _put(into: LocatedMap, key: str, value: Value, line: int) -> None:
    """Set a field that is set; the names in it become those of JSON."""
    if value is None or value == "":
        return
    _set(into, _json_name(key), value if key in _WITHOUT_NAMES else _renamed(value), line)


def _set(into: LocatedMap, key: str, value: Value, line: int) -> None:
    into[key], into.lines[key] = value, line


def _renamed(value: Value) -> Value:
    if isinstance(value, LocatedMap):
        found = LocatedMap(value.line)
        for key, inner in value.items():
            _put(found, key, inner, value.line_of(key))
        return found
    if isinstance(value, LocatedList):
        items = LocatedList(value.line)
        items.extend(_renamed(item) for item in value)
        items.lines.extend(value.lines)
        return items
    return value


def _json_name(name: str) -> str:
    """`PodCIDR` to podCIDR, `DNSPolicy` to dnsPolicy, `QOSClass` to qosClass: initialisms count as one word."""
    capitals = _CAPITALS.match(name)
    if not capitals:
        return name
    length = capitals.end()
    word = length if length in (1, len(name)) else length - 1
    return name[:word].lower() + name[word:]


def _lift_host_flags(spec: LocatedMap) -> None:
    security = spec.get("securityContext")
    if isinstance(security, LocatedMap):
        for flag in _OF_THE_HOST:
            if flag in security:
                _set(spec, flag, security[flag], security.line_of(flag))
