"""What a finding means, as text: for people who have the code and not the report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from calico_bundle.report import PIPED_WIDTH

if TYPE_CHECKING:
    from calico_bundle.findings import CheckInfo

_SECTIONS = (
    ("What it finds", "finds"),
    ("Why it matters", "matters"),
    ("What proves it", "proves"),
    ("How to fix it", "fix"),
    ("Known limits", "limits"),
)
_WIDEST = 100


def explain(code_or_name: str, width: int = PIPED_WIDTH) -> str:
    """What a finding means, why it matters, what proves it, how to mend it, and what it cannot see.

    The beginning of several codes (`CB1`) lists them. Raises `UnknownNameError` for what no finding has.

    >>> explain("CB101").splitlines()[0]
    'CB101 wrong-bgp-source-ip (error)'
    >>> [line.split()[0] for line in explain("cb30").splitlines() if line.startswith("CB")]
    ['CB301', 'CB302', 'CB303', 'CB304']
    """
    from calico_bundle.checks import catalog, info

    beginning = code_or_name.strip().upper()
    alike = [check for check in catalog() if beginning and check.code.startswith(beginning) and check.code != beginning]
    return render_list(alike, width) if alike else render(info(code_or_name), width)


def render(check: CheckInfo, width: int = PIPED_WIDTH) -> str:
    """Write what one finding means, why it matters, how it is proven and what to do about it."""
    parts = [f"{check.code} {check.name} ({check.severity})", _wrap(check.means, width, "")]
    for title, field in _SECTIONS:
        words = getattr(check, field)
        if words.strip():
            parts.append(f"{title}\n{_wrap(words, width, '  ')}")
    return "\n\n".join(parts) + "\n"


def render_list(checks: Iterable[CheckInfo], width: int = PIPED_WIDTH) -> str:
    """List every finding code with its name, its severity and one sentence."""
    known = sorted(checks, key=lambda check: check.code)
    longest = max((len(check.name) for check in known), default=0)
    lines = [_entry(check, longest, width) for check in known]
    return "\n".join([*lines, "", "bundle-analyze explain CODE says more about one of them."]) + "\n"


def _entry(check: CheckInfo, longest: int, width: int) -> str:
    lead = f"{check.code}  {check.name:<{longest}}  {check.severity:<7}  "
    return _fill(check.means, max(width, len(lead) + 30), lead, " " * len(lead))


def _wrap(words: str, width: int, indent: str) -> str:
    """Wrap prose; a line that is indented (a command) stays as it is."""
    lines = words.strip().split("\n")
    room = min(width, _WIDEST)
    return "\n".join(indent + line if line.startswith(" ") else _fill(line, room, indent, indent) for line in lines)


def _fill(words: str, width: int, lead: str, hang: str) -> str:
    import textwrap

    # Names of settings and commands must not be torn apart, or nobody can search for them or copy them.
    return textwrap.fill(
        words, width, initial_indent=lead, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    )
