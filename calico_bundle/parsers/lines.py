"""Lines of command output without what is not output: blank lines, prompts, kubectl's notes; and errors in place of data."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What people and collectors leave around the output (seen in real bundles): shell prompts and traces, kubectl's notes
# on standard error, klog warnings, fences of a chat or ticket.
_NOISE = re.compile(
    r"""(?x)
    ^\s*$
    | ^\S+@\S+[:~\s].*[#$]\s           # root@n1:~# ip a
    | ^\[\S+@\S+\s[^\]]*\][#$]\s       # [root@n1 ~]# ip a
    | ^[$#]\s+(?:ip|kubectl|calicoctl|birdcl|birdc|sudo)\b
    | ^\++\s\S
    | ^Defaulted\scontainer\s
    | ^Unable\sto\suse\sa\sTTY
    | ^Warning:\s
    | ^[WIE]\d{4}\s\d\d:\d\d:\d\d
    | ^```
    """
)
# An error where data should be means "not collected", never "empty".
_COLLECTOR_ERROR = re.compile(
    r"""(?xi)
    ^\s*(?:error:\s|error\sfrom\sserver\b|OCI\sruntime\sexec\sfailed|command\sterminated\swith\sexit\scode
    | No\sresources\sfound | Unable\sto\sconnect\sto\sthe\sserver | The\sconnection\sto\sthe\sserver\s
    | (?:/bin/)?(?:ba)?sh:\s.*not\sfound | \S+:\scommand\snot\sfound | exec\sfailed | unable\sto\supgrade\sconnection
    | cannot\sexec | Object\s"\S+"\sis\sunknown | Cannot\sopen\snetlink | RTNETLINK\sanswers
    | rpc\serror: | Internal\serror\soccurred)
    """
)


def output_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are output, each with its number from 1.

    >>> list(output_lines("root@n1:~# ip route\\n\\ndefault via 10.0.0.1 dev eth0\\n"))
    [(3, 'default via 10.0.0.1 dev eth0')]
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not _NOISE.match(line):
            yield number, line.rstrip()


def is_collector_error(line: str) -> bool:
    """Whether a line is an error of the collecting command and not its output.

    >>> is_collector_error("error: unable to upgrade connection: pod does not exist")
    True
    >>> is_collector_error("default via 10.0.0.1 dev eth0")
    False
    """
    return bool(_COLLECTOR_ERROR.match(line))
