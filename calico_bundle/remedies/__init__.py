"""The fix as commands to paste: what was tried on the bundle's records, what it interrupts, and how to see that it worked.

`candidates` says what could be tried, `trying` what becomes of it, `address` which of them is proposed and in which words,
`commands` how each installation is told.
"""

from __future__ import annotations

from calico_bundle.remedies.address import address_fix, keeping_fix

__all__ = ["address_fix", "keeping_fix"]
