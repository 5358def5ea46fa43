"""Where a sos report begins. Shared by the layouts: one for reports as they are, one for those that `sos clean` altered."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARK = "sos_commands/"
# `sos clean` calls hosts host0, host1 ..., in the name of the folder too; the archive's name ends in -obfuscated.
_ALTERED = re.compile(r"(?:^|/)sos(?:report|_report)-host\d+[-.]|-obfuscated(?=[./!-]|$)")


def report_roots(paths: Sequence[str], *, altered: bool) -> tuple[str, ...]:
    """The folders that hold `sos_commands/`: those whose name says that `sos clean` went over them, or the others.

    >>> report_roots(["sosreport-n1-2026-11-22-abcdefg/sos_commands/date/date"], altered=False)
    ('sosreport-n1-2026-11-22-abcdefg/',)
    """
    found = {path[: path.index(_MARK)] for path in paths if _MARK in path}
    tops = {root for root in found if root == "" or root.endswith("/")}
    return tuple(sorted(root for root in tops if bool(_ALTERED.search(root)) is altered))
