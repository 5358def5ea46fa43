"""What in a line is a secret, or may be: passwords, tokens and keys, told by the words before them or by their form.

A line that is blanked too much still has its path and number; a secret that is quoted cannot be taken back. So what
follows a telling word is blanked to the end of the line.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase

HIDDEN = "<secret>"

# Words whose value is secret, however a setting's name goes on: DB_PASSWORD, tokenFile, tls.key-data.
_KEYS = (
    *("api", "access", "private", "secret", "preshared", "pre-shared", "encryption", "signing", "master"),
    *("ssh", "auth", "account"),
)
_SPACE = "[ _-]?"
_NAMES = "|".join(
    (
        *("password", "passwd", "passphrase", "passcode", "pwd", "psk", "token", "secret", "credential", "cookie"),
        *(f"session{_SPACE}id", f"session{_SPACE}key", "client-key-data", r"tls\.key", "authorization", "from-literal"),
        *(f"{kind}{_SPACE}key" for kind in _KEYS),
    )
)
# A quote as it stands, and as it stands in JSON that is a text in JSON.
_QUOTE = r"""\\*["']"""
_PROSE = r"(?:has|was|not|for|of|in|from|and|or|to|by|with|does|expired|review\w{0,9})\b"
_PROGRAMS = (
    r"sshpass|mysql\w{0,9}|mariadb[\w-]{0,9}|redis-cli|mongo\w{0,9}|psql|ldap\w{1,9}|ipmitool|snmp\w{1,9}|smbclient"
)
_NOTHING_FOLLOWS = r"""[\s,;\]}"'\\|>-]*\Z"""
# Of a line in lower case. Each begins with letters, which is what the search skips to: lines by the million pass here.
_TOLD_BY_NAME = [
    re.compile(rf"(?x)(?:{rule})(?!{_NOTHING_FOLLOWS})")
    for rule in (
        r"-----begin\ [a-z ]{0,20}private\ key-----",
        # password: x; "password":"x"; {"name":"DB_PASSWORD","value":"x"}, also of YAML, and quoted once more.
        rf"(?:{_NAMES}) [\w.-]{{0,40}}+ (?:(?:{_QUOTE})?\s*[:=,]|{_QUOTE}) \s* (?:{_QUOTE})?",
        rf"pass\s*[:=]\s*(?:{_QUOTE})?",
        # password "x"; as in BIRD's configuration; password is x; token x. Of a table the columns are further apart.
        r"pass(?:word|wd|phrase)\s+",
        rf"(?:{_NAMES})\ (?!{_PROSE})(?=\S)",
        r"--[\w-]{0,40}(?:password|token|secret|key)[\w-]{0,40}\ +",
        r"""-(?<!\S-)(?:u|-user|-proxy-user)[ =]*["']?[^\s:"']{1,80}:""",
        rf"(?:{_PROGRAMS})\s+(?=-)",
        r"(?:bearer|basic)\s+(?=\S{8})",
        # The whole of an object as somebody applied it; what a container is started with, where it stands on one line.
        rf"last-applied-configuration(?:{_QUOTE})?\s*:",
        rf"(?:env|args|command)(?:{_QUOTE})?\s*:\s*\[",
    )
]
_URL = re.compile(r"://[^\s/@:]*:[^\s/@]+(?=@)")
# JSON web tokens (service accounts); keys of clouds and forges; runs of base64: lines of a key, data of a Secret, and
# shorter ones that are padded. Container ids and digests are hexadecimal and stay.
_TOLD_BY_FORM = [
    re.compile(rule)
    for rule in (
        r"eyJ[\w-]{8,}(?:\.[\w-]*){1,2}",
        r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}",
        r"glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,}|hvs\.[\w-]{20,}",
        r"(?<![A-Za-z0-9+/])(?=[A-Z0-9+/]*[a-z])(?=[a-z0-9+/]*[A-Z])(?=[A-Za-z+/]*[0-9])[A-Za-z0-9+/]{60,}={0,2}",
        r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{20,}={1,2}(?![\w=])",
    )
]
_LONG_RUN = re.compile("[A-Za-z0-9+/]{60}|[A-Za-z0-9+/]{20}=")
# Each secret above has one of these in it, or is a run of base64.
_TELLING = (
    *("key", "pass", "pwd", "psk", "token", "secret", "credential", "authorization", "bearer", "basic", "cookie"),
    *(
        "session",
        "literal",
        "last-applied",
        "env",
        "args",
        "command",
        "-u",
        "-proxy-u",
        "mysql",
        "mariadb",
        "redis-cli",
    ),
    *("mongo", "psql", "ldap", "ipmitool", "snmp", "smbclient"),
    *(
        "eyj",
        "://",
        "akia",
        "asia",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "xox",
        "aiza",
        "hvs.",
    ),
)
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def may_hold_secret(line: str) -> bool:
    """Whether a line has a word or a form that any secret has, seen without the slow search for where it is.

    >>> may_hold_secret("inet 10.0.1.12/24 scope global ens18"), may_hold_secret("password: hunter2")
    (False, True)
    """
    lower = line.lower()
    return any(word in lower for word in _TELLING) or _LONG_RUN.search(line) is not None


def without_secrets(text: str) -> str:
    """A line without what is secret in it, or may be.

    >>> without_secrets('{"name":"DB_PASSWORD","value":"hunter2"}'), without_secrets("redis://:hunter2@10.0.0.1")
    ('{"name":"DB_PASSWORD","<secret>', 'redis://<secret>@10.0.0.1')
    """
    for form in _TOLD_BY_FORM:
        text = form.sub(HIDDEN, text)
    text = _URL.sub(f"://{HIDDEN}", text)
    # The letters of other alphabets stay, so that a place in the one is the same place in the other.
    lower = text.translate(_LOWER)
    ends = [found.end() for rule in _TOLD_BY_NAME if (found := rule.search(lower))]
    return text[: min(ends)] + HIDDEN if ends else text


class PrivateKeys:
    """Follows the lines of a text through private keys: of the last line, which may be short, the form tells nothing.

    >>> keys = PrivateKeys()
    >>> [keys.holds(line) for line in ("-----BEGIN PRIVATE KEY-----", "MIIE", "-----END PRIVATE KEY-----", "MIIE")]
    [False, True, False, False]
    """

    _BEGIN = re.compile("-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")
    _INSIDE = re.compile(r"\s*(?:[A-Za-z0-9+/]+={0,2}|[\w-]{1,20}: .*)?\s*")
    """A line of a key, or of what an encrypted one says before it (RFC 1421)."""

    def __init__(self) -> None:
        """Begin outside of any key."""
        self._inside = False

    def holds(self, line: str) -> bool:
        """Whether the next line is the inside of a key."""
        if self._BEGIN.search(line):
            self._inside = True
            return False
        self._inside = self._inside and self._INSIDE.fullmatch(line) is not None
        return self._inside
