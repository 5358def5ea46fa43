"""`sysctl -a`, or files below /proc/sys with what they hold: settings of IPv4, IPv6 and tracked connections are kept."""

from __future__ import annotations

import re

from calico_bundle.evidence import Evidence, GapKind, LineGaps, quote
from calico_bundle.facts import SysctlFact
from calico_bundle.parsers import Parsed, Parser
from calico_bundle.parsers.ip_text import is_hidden, is_noise, note_other, sample_lines

# troubleshoot's collector writes the whole path of each file: `/proc/sys/net/ipv4/ip_forward = 1`.
_SETTING = re.compile(r"(?:/proc/sys/)?((?:abi|crypto|debug|dev|fs|kernel|net|sunrpc|user|vm)[./][^\s=]+) =(?: (.*))?$")
_ERROR = re.compile(r"sysctl: .*?(?:key|/proc/sys/)\s*[\"']?([\w./-]+)")
_KEPT = (
    "net.ipv4.",
    "net.ipv6.",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_max",
    "net.nf_conntrack_max",
)
# `sysctl -a` cannot read this one even as root on many kernels; it says nothing about routing.
_UNREADABLE = "stable_secret"


def recognizes(head: str) -> bool:
    """Whether a text begins like `sysctl -a`; a configuration file with comments or `key=value` is not one.

    >>> recognizes("/proc/sys/net/ipv4/conf/all/rp_filter = 2\\n")
    True

    >>> recognizes("net.ipv4.conf.all.rp_filter = 1\\nnet.ipv4.ip_forward = 1\\n")
    True
    >>> recognizes("# Kernel settings\\nnet.ipv4.ip_forward=1\\n")
    False
    """
    if " =" not in head:
        return False
    if any(line.startswith(("#", ";")) and "sysctl" not in line for line in head.split("\n")):
        return False
    lines = [line for line in sample_lines(head) if not line.startswith("sysctl: ")]
    settings = sum(bool(_SETTING.match(line)) for line in lines)
    return settings > 0 and 10 * settings >= 9 * len(lines)


def parse(text: str, path: str) -> Parsed:
    """Read the `net.ipv4.*` and `net.ipv6.*` settings of `sysctl -a`, and how many connections are tracked.

    Interface names in keys are dotted in the fact, whether `eth0.100` was printed so or as `eth0/100`. A `.conf` file
    gives nothing: it says what is set at boot, not what is in force. Raises nothing.

    >>> setting = parse("net.ipv4.conf.eth0/100.rp_filter = 2\\n", "n1/sysctl_-a").facts[0]
    >>> setting.key, setting.value
    ('net.ipv4.conf.eth0.100.rp_filter', '2')
    """
    if path.endswith(".conf"):
        return Parsed(())
    gaps = LineGaps(path)
    facts: list[SysctlFact] = []
    for line_number, line in enumerate(text.split("\n"), start=1):
        match = _SETTING.match(line.rstrip())
        if not match:
            _note_other(gaps, line_number, line)
            continue
        key, value = match[1].replace("/", "."), (match[2] or "").strip()
        if not key.startswith(_KEPT):
            continue
        if is_hidden(value):
            gaps.add(line_number, line, kind=GapKind.REDACTED, why="hidden by the collector")
        else:
            facts.append(SysctlFact(key, value, Evidence(path, line_number, quote(line))))
    return Parsed(tuple(facts), gaps.result())


def _note_other(gaps: LineGaps, line_number: int, line: str) -> None:
    """Account for a line that is not a setting: only an unread network setting matters among the errors."""
    error = _ERROR.match(line)
    if not line.strip() or is_noise(line):
        return
    if not error:
        note_other(gaps, line_number, line)
    elif error[1].replace("/", ".").startswith(_KEPT) and not error[1].endswith(_UNREADABLE):
        gaps.add(line_number, line, kind=GapKind.COLLECTOR_ERROR, why="a setting that could not be read")


PARSER = Parser(kind="sysctl", recognizes=recognizes, parse=parse)
