"""The colors of every report that has colors of its own: one palette, light and dark, and which status has which of them.

Colors are CSS custom properties `--cb-NAME`. A status never goes by its color alone: a word or a mark stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "page": "#ffffff", "box": "#f6f8fa", "lane": "#e9eef4", "line": "#7b8794",
    "text": "#1b2430", "muted": "#4b5663", "link": "#0a4fb3",
    "bad": "#a81817", "bad-soft": "#fdeceb",
    "warn": "#7a4d00", "warn-soft": "#fff3dc",
    "good": "#00604f", "good-soft": "#e0f4ef",
    "open": "#544a7d", "open-soft": "#efecf8",
    "calico": "#0a4fb3", "calico-soft": "#e3edfd",
}  # fmt: skip
"""Colors on a light ground; `-soft` is a ground for text of the color of that name, and for plain text."""

DARK: Mapping[str, str] = {
    "page": "#12171e", "box": "#1b222c", "lane": "#28323f", "line": "#8793a1",
    "text": "#eaf0f6", "muted": "#b4c0cc", "link": "#8fbcff",
    "bad": "#ff9a90", "bad-soft": "#45191a",
    "warn": "#ffc766", "warn-soft": "#3d2c08",
    "good": "#66d9bf", "good-soft": "#0d352d",
    "open": "#c9bcf7", "open-soft": "#2d2747",
    "calico": "#8fbcff", "calico-soft": "#162c4f",
}  # fmt: skip
"""The same on a dark ground."""

TEXTS = ("text", "muted", "link", "bad", "warn", "good", "open", "calico")
"""Colors that text has: each is readable (WCAG 2, 4.5:1) on `page`, `box`, `lane` and on its own `-soft`."""

GROUNDS = ("page", "box", "lane")

_TONES = {
    "bad": ("broken", "error", "wrong", "duplicate", "not-on-node", "lost", "down", "supported", "drops"),
    "warn": ("at-risk", "warning", "degraded", "mixed"),
    "good": ("healthy", "reaches", "ok", "delivered", "up", "works"),
    "open": ("inconclusive", "unknown", "not-checkable"),
    "muted": ("info", "unintended", "not-applicable", "none", "ruled-out"),
}
_OF = {status: tone for tone, statuses in _TONES.items() for status in statuses}

MARKS: Mapping[str, str] = {"bad": "\u2715", "warn": "!", "good": "\u2713", "open": "?", "muted": "\u2013"}
"""What stands beside the word of a status, by its tone: cross, exclamation mark, check mark, question mark, dash."""


def tone(status: str) -> str:
    """The color of a status, by its word in the view: bad, warn, good, open or muted.

    >>> tone("broken"), tone("at-risk"), tone("reaches"), tone("unknown"), tone("unintended")
    ('bad', 'warn', 'good', 'open', 'muted')
    """
    return _OF.get(status, "muted")


def properties(colors: Mapping[str, str]) -> str:
    """Colors as CSS declarations.

    >>> properties({"page": "#ffffff", "text": "#000000"})
    '--cb-page:#ffffff;--cb-text:#000000;'
    """
    return "".join(f"--cb-{name}:{value};" for name, value in colors.items())


def css(selector: str = ":root") -> str:
    """The palette as a style sheet: light, dark where the reader's system is dark, and light again on paper.

    >>> css(".report").startswith(".report{color-scheme:light dark;--cb-page:#ffffff;")
    True
    """
    light, dark = properties(LIGHT), properties(DARK)
    return (
        f"{selector}{{color-scheme:light dark;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{{selector}{{{dark}}}}}\n"
        f"@media print{{{selector}{{color-scheme:light;{light}}}}}\n"
    )
