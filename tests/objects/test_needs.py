"""What builders say they need is all that they read."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import calico_bundle.objects as room
from calico_bundle.objects import all_builders, builder_of, needs_of
from calico_bundle.objects.fields import Record
from calico_bundle.objects.located import LocatedList, LocatedMap, Needs, Value
from calico_bundle.objects.reading import Reading
from calico_bundle.objects.yaml_documents import read_yaml

_META = (
    "metadata: {name: a, namespace: b, labels: {kubernetes.io/service-name: s, c: d}, annotations: {e: f}, uid: u}\n"
)
_ADDRESS = "ip: 10.0.0.1, nodeName: n, hostname: h, targetRef: {kind: Pod, name: p, namespace: b, uid: u}, zone: z"
OBJECTS = {
    "Node": """
metadata:
  name: n1
  labels: {kubernetes.io/hostname: n1}
  annotations: {projectcalico.org/IPv4Address: 10.0.0.1/24, other: x}
spec: {podCIDR: 10.1.0.0/24, providerID: aws, taints: []}
status:
  addresses: [{address: 10.0.0.1, type: InternalIP}, {address: n1, type: Hostname}]
  conditions: [{type: MemoryPressure, status: "False", reason: x}, {type: Ready, status: "True", message: m}]
  images: [{names: [a]}]
""",
    "Namespace": _META + "spec: {finalizers: [kubernetes]}\n",
    "Deployment": _META + "spec: {replicas: 2, template: {metadata: {labels: {a: b}}, spec: {containers: []}}}\n",
    "ServiceAccount": _META + "secrets: [{name: x}]\n",
    "AdminNetworkPolicy": _META + "spec: {priority: 10}\n",
    "BaselineAdminNetworkPolicy": _META + "spec: {subject: {}}\n",
    "ClusterNetworkPolicy": _META + "spec: {subject: {}}\n",
    "Service": _META
    + "spec: {clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], type: ClusterIP, selector: {a: b}, sessionAffinity: None,"
    + " ports: [{name: dns, port: 53, protocol: UDP, targetPort: 53}]}\nstatus: {loadBalancer: {}}\n",
    "Endpoints": _META
    + f"subsets: [{{addresses: [{{{_ADDRESS}, topology: {{kubernetes.io/hostname: n}}}}],"
    + f" notReadyAddresses: [{{{_ADDRESS}}}], ports: [{{port: 53}}]}}]\n",
    "EndpointSlice": "addressType: IPv4\n"
    + _META
    + "endpoints: [{addresses: [10.0.0.1], conditions: {ready: true, serving: true}, topology: {kubernetes.io/hostname: n},"
    + " targetRef: {kind: Pod, name: p, namespace: b}}]\nports: [{port: 53}]\n",
    "ConfigMap": _META + "data: {Corefile: '.:53 { loop }', NodeHosts: 10.0.0.1 n1}\nbinaryData: {a: b}\n",
    "BlockAffinity": "metadata: {name: a}\nspec: {cidr: 10.0.0.0/26, deleted: 'false', node: n, state: confirmed, x: y}\n",
    "IPAMBlock": "metadata: {name: a}\nspec: {affinity: host:n, allocations: [null, 0], attributes: [{handle_id: h,"
    " secondary: {node: m, pod: p}}], cidr: 10.0.0.0/26, deleted: false, strictAffinity: false, unallocated: [1]}\n",
}


class Watched(LocatedMap):
    """A mapping that remembers which of its keys were asked for."""

    def __init__(self, line: int, path: tuple[str, ...], seen: set[tuple[str, ...]]) -> None:
        super().__init__(line)
        self.path, self.seen = path, seen

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add((*self.path, key))
        return super().get(key, default)

    def __getitem__(self, key: str) -> Value:
        self.seen.add((*self.path, key))
        return super().__getitem__(key)

    def items(self) -> Any:
        self.seen.update((*self.path, key) for key in self)
        return super().items()


def watched(value: Value, path: tuple[str, ...], seen: set[tuple[str, ...]]) -> Value:
    """The same value, which remembers what was asked of it."""
    if isinstance(value, LocatedList):
        items = LocatedList(value.line)
        items.lines = value.lines
        items += [watched(item, path, seen) for item in value]
        return items
    if not isinstance(value, LocatedMap):
        return value
    copy = Watched(value.line, path, seen)
    for key in value:
        dict.__setitem__(copy, key, watched(value[key], (*path, key), seen))
    copy.lines = value.lines
    return copy


def named(needs: Needs | None, path: tuple[str, ...]) -> bool:
    """Whether a key is among what is needed, or stands in something that is needed as a whole."""
    if needs is None or not path:
        return True
    return path[0] in needs and named(needs[path[0]], path[1:])


@pytest.mark.parametrize("kind", OBJECTS)
def test_a_builder_reads_nothing_but_what_it_says(kind: str) -> None:
    seen: set[tuple[str, ...]] = set()
    body = watched(next(read_yaml(OBJECTS[kind])), (), seen)
    build = builder_of(kind, None)
    assert build is not None
    assert isinstance(body, LocatedMap)
    assert list(build(Record(Reading("x.yaml", OBJECTS[kind]), kind, None, body).fields()))
    assert seen
    assert [path for path in sorted(seen) if not named(needs_of(kind), path)] == []


def test_all_that_is_declared_is_tested() -> None:
    assert {kind for _, kind in all_builders() if needs_of(kind) is not None} == set(OBJECTS)


def test_every_module_with_builders_is_named() -> None:
    modules = [importlib.import_module(f"{room.__name__}.{m.name}") for m in pkgutil.iter_modules(room.__path__)]
    stated = {(group, kind) for m in modules for kind in getattr(m, "BUILDERS", ()) for group in m.GROUPS}
    assert stated == set(all_builders())
