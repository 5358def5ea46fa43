"""An analysis and a catalog that answer at once, for tests of the command around them.

`python fakes.py ARGUMENTS` is the command with both in place; the variable FAKE_ANALYZE changes how the reading goes.
"""

import os
import sys
import time
import types
from collections.abc import Iterator
from typing import Any

from calico_bundle.bundle import Bundle
from calico_bundle.cluster import Cluster, ClusterNode
from calico_bundle.errors import UnknownNameError
from calico_bundle.evidence import Gap, GapKind
from calico_bundle.tables import Tables
from tests.report import hand_made

HOSTILE_GAP = Gap("=cmd|'/c calc'!A1", None, GapKind.REFUSED, "\x1b[31m-1\u202e")


class FakeAnalysis:
    """What the command asks of an analysis; keeps what it was asked."""

    def __init__(self, made: dict[str, Any] | None = None) -> None:
        self.made = made or hand_made.broken_report()
        self.asked: dict[str, Any] = {}
        cluster = Cluster({"n1": ClusterNode("n1")})
        self.tables = Tables(Bundle((), (), (), ()), cluster, (HOSTILE_GAP,))

    def report(self, **asked: Any) -> dict[str, Any]:
        self.asked |= asked
        return self.made

    def trace(self, source: str, destination: str = "dns") -> dict[str, Any]:
        self.asked |= {"source": source, "destination": destination}
        if source == "cart-00":
            raise UnknownNameError("pod or node", source, ["shop/cart-0", "node-1"])
        return hand_made.dns_trace() if destination == "dns" else hand_made.node_trace()


class FakeReading:
    """Stands in for the module `calico_bundle.analysis`."""

    def __init__(self) -> None:
        self.analysis = FakeAnalysis()
        self.source: Any = None
        self.asked: dict[str, Any] = {}
        self.error: BaseException | None = None

    def analyze(self, source: Any, **asked: Any) -> FakeAnalysis:
        self.source, self.asked = source, asked
        if asked.get("progress"):
            asked["progress"](50, 100, "nodes/node-1\x1b[2J/ip_route.txt")
        if self.error is not None:
            raise self.error
        return self.analysis


def catalog_module() -> types.ModuleType:
    """Stands in for the module `calico_bundle.checks`, with three of its codes."""
    module = types.ModuleType("calico_bundle.checks")
    codes = [
        ("CB101", "wrong-bgp-source-ip", "error"),
        ("CB104", "unintended-interface", "info"),
        ("CB303", "dns-single-node", "warning"),
    ]
    infos = tuple(check(*words) for words in codes)

    def info(code_or_name: str) -> types.SimpleNamespace:
        for one in infos:
            if code_or_name.lower() in (one.code.lower(), one.name):
                return one
        raise UnknownNameError("finding", code_or_name, [one.code for one in infos])

    module.catalog, module.info = lambda: infos, info  # type: ignore[attr-defined]
    return module


def check(code: str, name: str, severity: str) -> types.SimpleNamespace:
    means = f"What {name} means, in words enough that they do not fit on one line of a terminal with eighty columns."
    fix = f"First think, then:\n  kubectl {'very-' * 30}long\nand look again."
    prose = {"means": means, "finds": "it", "matters": "much", "proves": "a line", "fix": fix, "limits": ""}
    return types.SimpleNamespace(code=code, name=name, severity=severity, **prose)


def _behave(reading: FakeReading, how: str) -> None:
    """Change how the reading goes, for tests that need a process of its own."""
    errors = {"defect": KeyError("node-\x1b[31m2"), "interrupt": KeyboardInterrupt(), "eof": EOFError("short")}
    reading.error = errors.get(how)
    if how == "large":
        reading.analysis.made = hand_made.large_report()
    if how == "odd":
        reading.analysis.made["verdict"]["headline"] = "n\u00f6des \udcff \U0001f525"
    if how == "slow":

        def analyze(*_: Any, **__: Any) -> FakeAnalysis:
            sys.stderr.write("reading\n")
            sys.stderr.flush()
            time.sleep(30)
            return reading.analysis

        reading.analyze = analyze  # type: ignore[method-assign]


def install(reading: FakeReading) -> Iterator[tuple[str, Any]]:
    """The modules to put into `sys.modules`."""
    yield "calico_bundle.analysis", types.SimpleNamespace(analyze=reading.analyze)
    yield "calico_bundle.checks", catalog_module()


def main() -> None:
    from calico_bundle.cli import main as command

    reading = FakeReading()
    _behave(reading, os.environ.get("FAKE_ANALYZE", ""))
    sys.modules.update(dict(install(reading)))
    command()


if __name__ == "__main__":
    main()
