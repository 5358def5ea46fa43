"""The fix as commands to paste: what was tried on the bundle's records, what it interrupts, and how to see that it worked.

`candidates` says what could be tried for addresses, `trying` what becomes of it, `address` which of them is proposed and in
which words, `commands` how each installation is told. `policies`, `proxies` and `elsewhere` have the fixes of other causes,
`kubelets` what goes before one, `looking` what to see where none can be tried; `outlooks` what the paths come to with any of
them, `plans` with several.
"""

from __future__ import annotations

from calico_bundle.remedies.address import address_fix, keeping_fix
from calico_bundle.remedies.plans import with_plan

__all__ = ["address_fix", "keeping_fix", "with_plan"]
