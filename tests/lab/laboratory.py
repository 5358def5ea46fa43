"""One run: build, let BIRD settle, send real packets, collect, tear down."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.lab import bird, felix, ipip, kube_proxy, objects, topology, truth
from tests.lab.bird import Bird
from tests.lab.collect import collect
from tests.lab.namespaces import Namespaces
from tests.lab.probes import Prober
from tests.lab.processes import LabError
from tests.lab.readiness import ready_pods
from tests.lab.topology import Scenario
from tests.lab.truth import Truth
from tests.lab.wiring import Built, space_names, wire

_ROUNDS = 3


def run(scenario: Scenario, out: Path) -> Truth:
    """Run a scenario; writes `scenario.json`, `truth.json` and `bundle/` into a new folder. `LabError` when it cannot."""
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    topology.save(scenario, out / "scenario.json")
    with _running(scenario) as (built, birds):
        measured = _measured(built, birds, out / "bundle")
    truth.save(measured, out / "truth.json")
    return measured


@contextlib.contextmanager
def _running(scenario: Scenario) -> Iterator[tuple[Built, list[Bird]]]:
    """The scenario's cluster, settled."""
    with tempfile.TemporaryDirectory(prefix="cblab-") as folder, Namespaces(space_names(scenario)) as spaces:
        built = Built(scenario, spaces)
        wire(built)
        for node in scenario.nodes:
            felix.program_vxlan(built, node)
            ipip.add_device(built, node)
            kube_proxy.program(built, node)
        birds = bird.start(built, Path(folder))
        try:
            bird.settle(birds)
            ipip.program_routes(built, birds)
            yield built, birds
        finally:
            bird.stop(birds)


def _measured(built: Built, birds: list[Bird], bundle: Path) -> Truth:
    """Measure and collect; once more when the routes changed under it, so that both tell of one state."""
    for _ in range(_ROUNDS):
        if bundle.exists():
            shutil.rmtree(bundle)
        with Prober(built) as prober, ipip.tunnels(built, prober):
            before = _routes(built)
            measured = truth.truth_of(prober.run(lambda: collect(built, birds, bundle)))
            at_rest = _routes(built) == before
        if at_rest:
            objects.write(built.scenario, bundle, ready_pods(built))
            return measured
    raise LabError(f"{built.scenario.name}: the routes did not come to rest")


def _routes(built: Built) -> list[str]:
    return [bird.routes(built.of(node)) for node in built.scenario.nodes]
