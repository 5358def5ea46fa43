"""sos reports that `sos clean` went over: their addresses are not the machines' own, and nothing is decided by them.

From its source (sosreport/sos 5c7e63e, cleaner/mappings/ip_map.py): every network that is met gets a network of its own
(100.0.0.0, 101.0.0.0, ...), so that a block of addresses no longer lies in the pool that holds it, and a route no longer
covers the pods behind it. Within one the addresses are given out in the order in which they are met. And one that is
written without a length takes the place of the first that begins like it: 10.0.1.1 that of 10.0.1.12. So neither
"equal", nor "in this network", nor "in none" can be told from them.
"""

from __future__ import annotations

from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.sos_paths import report_roots

_WHY = "`sos clean` replaced its addresses: equal ones may be different, and networks no longer hold their addresses"


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The reports whose folder, or archive, is named as `sos clean` names it.

    >>> roots(["sosreport-host0-2026-11-22-abcdefg/sos_commands/date/date"])
    ('sosreport-host0-2026-11-22-abcdefg/',)
    """
    return report_roots(paths, altered=True)


def place(_path: str, _nodes: Sequence[str]) -> Placement:
    """Set a file of such a report aside, and say why.

    >>> place("sos_commands/networking/ip_-d_address", []).skip[:30]
    '`sos clean` replaced its addre'
    """
    return Placement(skip=_WHY, redacted=True)


LAYOUT = Layout("sos-obfuscated", "sos report, obfuscated", roots, place, rank=24)
