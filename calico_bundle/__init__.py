"""Say, offline and from a support bundle, why pods of a Calico cluster lose DNS.

    import calico_bundle as cb

    a = cb.analyze("customer.tar.gz")
    a.verdict.headline

Names are loaded when they are first used, so that importing the package and opening `--help` stay fast: pandas and
networkx take half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calico_bundle.errors import AmbiguousNameError, BundleError, NotABundleError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from calico_bundle.analysis import Analysis, analyze
    from calico_bundle.columns import describe
    from calico_bundle.evidence import Evidence
    from calico_bundle.findings import Check, CheckInfo, Context, Finding, Fix
    from calico_bundle.report.explain import explain

__version__ = "0.1.0"

__all__ = [
    "AmbiguousNameError",
    "Analysis",
    "BundleError",
    "Check",
    "CheckInfo",
    "Context",
    "Evidence",
    "Finding",
    "Fix",
    "NotABundleError",
    "UnknownNameError",
    "UsageError",
    "__version__",
    "analyze",
    "describe",
    "explain",
]

_HOMES = {
    "Analysis": "calico_bundle.analysis",
    "Check": "calico_bundle.findings",
    "CheckInfo": "calico_bundle.findings",
    "Context": "calico_bundle.findings",
    "Evidence": "calico_bundle.evidence",
    "Finding": "calico_bundle.findings",
    "Fix": "calico_bundle.findings",
    "analyze": "calico_bundle.analysis",
    "describe": "calico_bundle.tables",
    "explain": "calico_bundle.report.explain",
}


def __getattr__(name: str) -> object:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
