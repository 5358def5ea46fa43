"""What people paste out of a terminal, and scripts trace: `root@n1:~# ip addr`, `+ ip addr`, `=== ip addr ===`.

A prompt says by itself that a command follows. The others count only before a tool that is known: `# ...` begins a
remark as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from calico_bundle.sections import Start, Style
from calico_bundle.sections.commands import command_of, is_known

_HOST = r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}"
# bash's \u@\h:\w\$ of Debian, [\u@\h \W]\$ of Red Hat, \h:\w # of SUSE's root, \s-\v\$ where nobody set any.
_HEADING = re.compile(
    rf"""(?xm)
    ^(?: \[[\w.-]{{1,64}}@(?P<red_hat>{_HOST})[ ][^\]\n]{{1,256}}\][#$]
       | [\w.-]{{1,64}}@(?P<debian>{_HOST})(?: :[^\n#$@]{{0,256}} | [ ]?~[^\n#$@]{{0,256}} )[#$]
       | (?:ba|da|k|z)?sh-\d[\d.]{{0,10}}[#$](?=[ ])
       | (?P<suse>{_HOST}):(?:~|/)[^\n#$@:]{{0,256}}[ ]\#
       | (?P<trace>\+{{1,4}}|[$\#>])(?=[ ])
       | (?P<ruler>[=\#*-]{{2,80}})
     )
     [ \t]*(?P<command>[^\n]*)(?:\n|\Z)"""
)
_RULER_END = " \t=#*-:"


def starts(text: str) -> Iterator[Start]:
    """The prompts, traces and rulers with a command.

    >>> [(s.command.line, s.command.host) for s in starts("root@n1:~# ip a\\n+ ip r\\n--- ip rule ---\\n# a remark\\n")]
    [('ip a', 'n1'), ('ip r', None), ('ip rule', None)]
    """
    for found in _HEADING.finditer(text):
        line, host = found["command"].strip(), found["red_hat"] or found["debian"] or found["suse"]
        if found["ruler"]:
            line = line.strip(_RULER_END)
        if host or is_known(line):
            yield Start(found.start(), found.end(), command_of(line, host))


STYLE = Style(("$ ", "# ", "+ ", "> ", "$\n", "#\n", "==", "--", "**", "##"), starts, rank=30)
