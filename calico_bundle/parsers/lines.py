"""Lines of command output without what is not output (blank lines, prompts, notes), and errors in place of data."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

from calico_bundle.evidence import TERMINAL_SEQUENCES, GapKind, LineGaps

# What people and collectors leave around the output (seen in real bundles): shell prompts and traces, kubectl's notes
# on standard error, klog warnings, fences of a chat or ticket.
_NOISE = re.compile(
    r"""(?x)
    ^\s*$
    | ^[^\s@]+@[^\s:~]+[:~\s].*?[#$]\s # root@n1:~# ip a
    | ^\[[^\s@]+@\S+\s[^\]]*\][#$]\s   # [root@n1 ~]# ip a
    | ^(?:ba|da|k|z)?sh-\d[\d.]{0,10}[#$]\s  # bash-5.1# ip a
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
    | rpc\serror: | Internal\serror\soccurred | (?:Create|Request)\slog\s(?:request\s)?error:\s)
    """
)


MOST_LINES = 250_000
"""Lines of one listing of a machine's that are read: a node of the largest cluster has some ten thousand routes."""


def numbered_lines(text: str, gaps: LineGaps) -> Iterator[tuple[int, str]]:
    """The lines of a listing with their numbers from 1; one that is longer than any honest one is cut, and that is told.

    >>> gaps = LineGaps("n1/ip-route.txt")
    >>> list(numbered_lines("a\\nb", gaps)), gaps.count
    ([(1, 'a'), (2, 'b')], 0)
    """
    lines = text.split("\n", MOST_LINES)
    if len(lines) > MOST_LINES and lines.pop():
        why = f"cut: it has more than {MOST_LINES:,} lines, and what follows them is left out"
        gaps.add(MOST_LINES + 1, "", kind=GapKind.TRUNCATED, why=why)
    return enumerate(lines, start=1)


def output_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are output, each with its number from 1.

    >>> list(output_lines("root@n1:~# ip route\\n\\ndefault via 10.0.0.1 dev eth0\\n"))
    [(3, 'default via 10.0.0.1 dev eth0')]
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if is_output(line):
            yield number, line.rstrip()


def cut_line(text: str) -> int | None:
    """The number of the last line, where it has no end: it may go on.

    >>> cut_line("a\\nb"), cut_line("a\\nb\\n"), cut_line("")
    (2, None, None)
    """
    return text.count("\n") + 1 if text and not text.endswith("\n") else None


def is_output(line: str) -> bool:
    """Whether a line is output, and no prompt, note or blank line.

    >>> is_output("root@n1:~# ip route"), is_output("default via 10.0.0.1 dev eth0")
    (False, True)
    """
    return not _NOISE.match(line)


def is_collector_error(line: str) -> bool:
    """Whether a line is an error of the collecting command and not its output.

    >>> is_collector_error("error: unable to upgrade connection: pod does not exist")
    True
    >>> is_collector_error("default via 10.0.0.1 dev eth0")
    False
    """
    return bool(_COLLECTOR_ERROR.match(line))


_REDACTED = re.compile(r"\*\*\*(?:HIDDEN|TOKEN_\w+)\*\*\*|<censored>")


def is_redacted(text: str) -> bool:
    """Whether a collector hid (part of) this value.

    >>> is_redacted("***HIDDEN***"), is_redacted("10.0.0.1")
    (True, False)
    """
    return bool(_REDACTED.search(text))


_BIRD_CODE = re.compile(r"\d{4}(?:[- ]|$)")
_BIRD_NOISE = re.compile(r"BIRD \S+ ready\.$|Access restricted$|(?:bird\d?> ?)+(?:show\b.*|quit|exit)?$|\s*$")


def bird_lines(text: str) -> Iterator[tuple[int, str, str]]:
    r"""The lines of BIRD's answers without its greeting: number, text without reply code, line as it stands.

    On the raw control socket a line starts with a code and `-` or a blank; a line with the same code as the one
    before starts with a blank alone (BIRD doc/reply_codes). birdc and birdcl print neither.

    >>> list(bird_lines("0001 BIRD 1.6.8 ready.\n1002-kernel1 Kernel\n device1 Device\n0000 \n"))
    [(2, 'kernel1 Kernel', '1002-kernel1 Kernel'), (3, 'device1 Device', ' device1 Device')]
    """
    raw = False
    for number, printed in output_lines(text):
        line = printed
        if _BIRD_CODE.match(line):
            raw, line = True, line[5:]
        elif raw and line.startswith(" "):
            line = line[1:]
        else:
            raw = False
        if not _BIRD_NOISE.match(line):
            yield number, line, printed


_BIRD_ERROR = re.compile(
    r"""(?x)
    (?:\S+:\s)?Unable\sto\sconnect\sto\sserver\scontrol\ssocket
    | (?:\S+:\s)?(?:Connection\sclosed\sby\sserver|Cannot\screate\ssocket)
    | syntax\serror | (?:Network|Route)\snot\s(?:in\stable|found) | Access\sdenied | \S+\sis\snot\sa\sprotocol
    """
)


def is_bird_error(line: str) -> bool:
    """Whether a line says that BIRD, or the command that asks it, gave no answer.

    >>> is_bird_error("Unable to connect to server control socket (/var/run/calico/bird.ctl): Connection refused")
    True
    """
    return is_collector_error(line) or bool(_BIRD_ERROR.match(line))


def decoded_lines(pieces: Iterable[bytes], longest: int) -> Iterator[str]:
    r"""The lines of a text that comes in pieces, as `sources.text.decode` gives them for a whole one.

    UTF-8, or UTF-16 with its mark. Of each line at most about `longest` characters, so that one without an end costs no
    memory.

    >>> list(decoded_lines([b"a\xc3", b"\xa4\r\nb"], 80))
    ['aä', 'b']
    """
    begun = ""
    for text in _decoded(pieces):
        first, *more = text.split("\n")
        begun += first[: max(0, longest - len(begun))]
        for line in more:
            yield _without_terminal(begun)
            begun = line[:longest]
    if begun:
        yield _without_terminal(begun)


def _decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder: codecs.IncrementalDecoder | None = None
    held = b""
    for piece in pieces:
        held += piece
        if decoder is None and len(held) >= len(codecs.BOM_UTF8):
            decoder = _decoder(held)
        if decoder:
            yield decoder.decode(held)
            held = b""
    yield (decoder or _decoder(held)).decode(held, final=True)


def _decoder(start: bytes) -> codecs.IncrementalDecoder:
    marked = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return codecs.getincrementaldecoder("utf-16" if marked else "utf-8-sig")(errors="replace")


def _without_terminal(line: str) -> str:
    return (TERMINAL_SEQUENCES.sub("", line) if "\x1b" in line else line).rstrip("\r")
