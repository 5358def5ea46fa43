"""Recorded objects as Go programs print them: typed lists, JSON and YAML of kubectl, and the internal form of 2017."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

Object = dict[str, Any]


def as_json(value: object, indent: int = 4) -> bytes:
    """As kubectl's JSON printer and json.MarshalIndent write it, with a line feed at the end."""
    return (json.dumps(value, indent=indent) + "\n").encode()


def as_yaml(value: object) -> bytes:
    """As sigs.k8s.io/yaml writes it: keys sorted, lists not indented."""
    return yaml.safe_dump(value, sort_keys=True, default_flow_style=False).encode()


def namespaces(*lists: Iterable[Object]) -> list[str]:
    """The namespaces that some objects are in, sorted."""
    return sorted({o["metadata"]["namespace"] for objects in lists for o in objects if "namespace" in o["metadata"]})


def of_namespace(objects: Iterable[Object], namespace: str) -> list[Object]:
    """The objects of one namespace."""
    return [o for o in objects if o["metadata"].get("namespace") == namespace]


def typed_list(kind: str, version: str, objects: Iterable[Object]) -> Object:
    """A list of client-go's typed clients: the items do not say what they are (the decoder clears their TypeMeta)."""
    items = [{key: value for key, value in o.items() if key not in ("kind", "apiVersion")} for o in objects]
    return {"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "48151"}, "items": items}


def with_containers(pods: Iterable[Object], daemonsets: Iterable[Object]) -> list[Object]:
    """Pods with the containers of the DaemonSet that made them, by its labels; the recorded pods name none."""
    templates = [(d["spec"]["selector"]["matchLabels"].items(), d["spec"]["template"]["spec"]) for d in daemonsets]
    found = []
    for pod in copy.deepcopy(list(pods)):
        labels = pod["metadata"].get("labels", {}).items()
        spec = next((spec for selector, spec in templates if selector <= labels), {"containers": []})
        pod["spec"].setdefault("containers", copy.deepcopy(spec["containers"]))
        found.append(pod)
    return found


# --- Kubernetes' internal types, which have no JSON names ------------------------------------------------------------

_ACRONYMS = ("cidr", "dns", "ip", "id", "qos", "uid", "api", "http", "tcp")
_OF_THE_HOST = ("hostNetwork", "hostPID", "hostIPC")


def go_cased(obj: Object, link: str) -> Object:
    """An object of the internal API of Kubernetes 1.8 (pkg/api/types.go), as encoding/json writes it.

    Fields without a JSON name keep Go's; those of the embedded ObjectMeta, which has names, stand beside them. The
    host's namespaces are flags of the pod's security context there.
    """
    shown: Object = {**obj["metadata"], "selfLink": f"{link}/{obj['metadata']['name']}", "creationTimestamp": None}
    for key in ("spec", "status"):
        if key in obj:
            shown[_go_name(key)] = _go_value(obj[key])
    return shown


def go_cased_list(objects: Iterable[Object], link: str) -> Object:
    """A list of such objects; it does not say its kind."""
    items = []
    for obj in objects:
        namespace = obj["metadata"].get("namespace")
        items.append(go_cased(obj, link.replace("{}", namespace or "")))
    return {"selfLink": link.split("/namespaces/", maxsplit=1)[0], "resourceVersion": "48151", "Items": items}


def _go_value(value: Any, *, plain: bool = False) -> Any:
    if isinstance(value, list):
        return [_go_value(item) for item in value]
    if not isinstance(value, Mapping) or plain:
        return value
    shown: Object = {}
    for key, inner in value.items():
        if key == "metadata":
            shown |= inner  # a pod template embeds ObjectMeta
        elif key in _OF_THE_HOST:
            shown.setdefault("SecurityContext", {})[_go_name(key)] = inner
        elif key in ("podIPs", "podCIDRs", "clusterIPs"):
            continue  # younger than these types
        else:
            shown[_go_name(key)] = _go_value(inner, plain=key == "selector")
    return shown


def _go_name(key: str) -> str:
    """`podCIDR` to PodCIDR, `dnsPolicy` to DNSPolicy, `hostIP` to HostIP: Go writes initialisms in capitals."""
    first = re.match(r"[a-z]+", key)
    if first and first[0] in _ACRONYMS:
        return first[0].upper() + key[first.end() :]
    return key[0].upper() + key[1:]
