"""A host endpoint leaves open the lookups that pass its interface, and no others (Calico's reference, Host endpoint)."""

from __future__ import annotations

import io
import tarfile

import calico_bundle as cb
from tests.stories import story

OBJECTS = """
apiVersion: v1
kind: List
items:
  - apiVersion: projectcalico.org/v3
    kind: HostEndpoint
    metadata: {name: n1, labels: {host: "yes"}}
    spec: {node: node-1, interfaceName: ens18, expectedIPs: [10.0.1.11]}
  - apiVersion: projectcalico.org/v3
    kind: GlobalNetworkPolicy
    metadata: {name: fw}
    spec:
      selector: host == 'yes'
      applyOnForward: true
      types: [Egress]
      egress: [{action: Deny, protocol: UDP, destination: {ports: [53]}}]
"""


def test_host_endpoint_of_one_node_leaves_its_own_paths_open() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content in [*story("healthy").members(), ("k8s/host-endpoint.yaml", OBJECTS.encode())]:
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    analysis = cb.analyze(io.BytesIO(stream.getvalue()))
    found = {path.pod.name: path for path in analysis.diagnosis.paths.pods}
    assert {name: found[name].verdict.value for name in ("app-1", "app-2", "app-3")} == {
        "app-1": "unknown",
        "app-2": "reaches",
        "app-3": "reaches",
    }
    settles = found["app-1"].group.settles
    assert [(one.commands, one.node) for one in settles] == [(("iptables-save -c",), "node-1")]
