"""The wording that every format for people shares: counts, lists that fold, and the summary with its denominators."""

from __future__ import annotations

from collections.abc import Sequence

from calico_bundle.report import View


def count(number: int, noun: str) -> str:
    """Say how many.

    >>> count(1, "path"), count(4997, "path")
    ('1 path', '4,997 paths')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def fold(names: Sequence[str], most: int | None = 5) -> str:
    """List names, and count those that a reader would skip; `most=None` lists all.

    >>> fold(["node-1", "node-2"])
    'node-1, node-2'
    >>> fold([f"node-{n}" for n in range(5000)], 3)
    'node-0, node-1, node-2 and 4,997 more'
    """
    # "and 1 more" takes the room of the one it hides.
    if most is None or len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def where(evidence: View) -> str:
    """Say where a line stands.

    >>> where({"path": "nodes.yaml", "line": 12, "text": "x"}), where({"path": "empty.txt", "line": None, "text": ""})
    ('nodes.yaml:12', 'empty.txt')
    """
    return evidence["path"] if evidence["line"] is None else f"{evidence['path']}:{evidence['line']}"


def outcome(fix: View) -> str:
    """Say what a fix does to the paths that fail.

    >>> outcome({"restores": 4, "leaves_broken": 0})
    'restores 4 paths, leaves 0 broken'
    """
    restores, leaves = fix["restores"], fix["leaves_broken"]
    if restores is None:
        return "how many paths it restores cannot be told from this bundle"
    left = "an unknown number" if leaves is None else f"{leaves:,}"
    return f"restores {count(restores, 'path')}, leaves {left} broken"


def summary(paths: View) -> str:
    """Sum up the paths, with denominators; pods that do not use cluster DNS are outside of them.

    >>> summary({"total": 43, "reaches": 27, "degraded": 0, "broken": 12, "unknown": 1, "not_applicable": 3})
    '27 reach, 12 broken, 1 unknown of 40 paths (3 pods do not use cluster DNS)'
    """
    shown = [("reaches", "reach"), ("degraded", "degraded"), ("broken", "broken"), ("unknown", "unknown")]
    total = sum(paths[key] for key, _ in shown)
    aside = _aside(paths["not_applicable"])
    if not total:
        return f"0 of 0 paths examined: no pod was found that uses cluster DNS{aside}"
    parts = [f"{paths[key]:,} {word}" for key, word in shown if paths[key] or key != "degraded"]
    return f"{', '.join(parts)} of {count(total, 'path')}{aside}"


def _aside(number: int) -> str:
    if not number:
        return ""
    return f" ({count(number, 'pod')} {'does' if number == 1 else 'do'} not use cluster DNS)"


def trace_summary(trace: View) -> str:
    """Sum up one path.

    >>> trace_summary({"verdict": "broken", "request": {"outcome": "lost"}, "reply": {"outcome": "unknown"}})
    'broken: request lost, reply unknown'
    """
    verdict = trace["verdict"]
    if "endpoints" not in trace:
        return f"{verdict}: request {trace['request']['outcome']}, reply {trace['reply']['outcome']}"
    ways = [{pair["request"]["outcome"], pair["reply"]["outcome"]} for pair in trace["endpoints"]]
    answer = sum(way == {"delivered"} for way in ways)
    unknown = sum("unknown" in way and "lost" not in way for way in ways)
    open_ones = f", {unknown:,} unknown" if unknown else ""
    return f"{verdict}: DNS endpoints that answer: {answer:,} of {len(ways):,}{open_ones}"


def is_elsewhere(finding: View) -> bool:
    """Whether a finding about a node hits pods on other nodes alone.

    >>> is_elsewhere({"subject": "node/n2", "affects": {"nodes": ["n1", "n3"]}})
    True
    """
    kind, _, name = finding["subject"].partition("/")
    return kind == "node" and name not in finding["affects"]["nodes"]
