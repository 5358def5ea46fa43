"""OpenShift's Insights archive: nodes without foreign annotations, no Service, and of pods the operators' failing ones."""

from __future__ import annotations

import copy
from typing import Any

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered_network_state import network_state
from tests.layouts.rendered_objects import as_json


def _node(node: dict[str, Any]) -> dict[str, Any]:
    """Only annotations and labels of Kubernetes and OpenShift stay (docs/anonymized-data.md)."""
    shown = copy.deepcopy(node)
    for key in ("annotations", "labels"):
        kept = {name: value for name, value in shown["metadata"].get(key, {}).items() if "kubernetes.io/" in name}
        shown["metadata"][key] = kept
    return shown


def _state(recorded: Recorded, node: str) -> dict[str, Any]:
    """Link-layer addresses are blotted out, one letter for each of theirs."""
    state = network_state(recorded, node)
    for card in state["status"]["currentState"]["interfaces"]:
        card["mac-address"] = "x" * 17
    return state


def write(recorded: Recorded) -> Bundles:
    """One object per file, in JSON."""
    network = {
        "kind": "Network",
        "apiVersion": "config.openshift.io/v1",
        "metadata": {"name": "cluster"},
        "spec": {"networkType": "Calico"},
    }
    files = {
        "insights-operator/gathers.json": as_json({"status_reports": [{"name": "clusterconfig", "records_count": 9}]}),
        "config/network.json": as_json(network),
        "version.json": as_json({"cluster_version": "4.16.8"}),
    }
    for node in recorded.objects("nodes"):
        files[f"config/node/{node['metadata']['name']}.json"] = as_json(_node(node))
    for name in recorded.nodes:
        path = f"cluster-scoped-resources/nmstate.io/nodenetworkstates/{name}.json"
        files[path] = as_json(_state(recorded, name))
    return {"insights-2026-11-22-232908.tar.gz": files}


RENDERING = Rendering(
    "insights",
    "OpenShift Insights archive",
    "openshift/insights-operator docs/insights-archive-sample and docs/anonymized-data.md",
    write,
    status="inconclusive",
    lacks=("pods", "services", "ip route"),
)
