"""The words of the picture: what stands at each card, node and way that is drawn, and the same as sentences beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from calico_bundle.report.palette import tone
from calico_bundle.report.words import count, fold

Tag = dict[str, str]
"""Some words and their tone: bad, warn, good, open, muted, `calico` for what should be, `plain` for what is no status."""

_VERDICTS = {
    "ok": "Calico's address is right",
    "wrong": "Calico's address is wrong",
    "duplicate": "Calico's address is another node's too",
    "not-on-node": "Calico's address is on none of its cards",
    "unintended": "Calico's address is not the InternalIP, and works",
    "unknown": "whether Calico's address is right is not known",
}
_CALICO_IS_HERE = {
    "ok": "Calico uses this",
    "wrong": "Calico uses this; its peers cannot",
    "duplicate": "Calico uses this; another node does, too",
    "not-on-node": "Calico uses this; no card has it",
    "unintended": "Calico uses this; unintended, it works",
    "unknown": "Calico uses this; right or not is not known",
}
_FATES = {
    "broken": ("{} loses every lookup", "{} lose every lookup"),
    "degraded": ("{} loses some lookups", "{} lose some lookups"),
    "unknown": ("whether {} reaches DNS is not known", "whether {} reach DNS is not known"),
    "reaches": ("{} reaches cluster DNS", "{} reach cluster DNS"),
    "not-applicable": ("{} does not use cluster DNS", "{} do not use cluster DNS"),
}
_ANSWERS = {
    "lost": ("{} gets no answer from there", "{} get no answer from there"),
    "lost-or-unknown": (
        "{} gets no answer from some endpoints; of others it is not known",
        "{} get no answer from some endpoints; of others it is not known",
    ),
    "mixed": ("{} is answered by some endpoints only", "{} are answered by some endpoints only"),
    "unknown": ("whether {} gets answers is not known", "whether {} get answers is not known"),
    "delivered-or-unknown": (
        "{} gets answers from some endpoints; of others it is not known",
        "{} get answers from some endpoints; of others it is not known",
    ),
    "delivered": ("{} gets answers from there", "{} get answers from there"),
}
_NAMED = 2
_PACKETS = {
    "lost": "lost",
    "lost-or-unknown": "lost at some endpoints, at others not known",
    "mixed": "lost at some endpoints",
    "unknown": "not known",
    "delivered-or-unknown": "delivered at some endpoints, at others not known",
    "delivered": "delivered",
}
_SESSIONS = {"down": "down", "unknown": "not known", "up": "up", "none": "not configured"}
_SEPARATE = "`bundle-analyze tables BUNDLE --table interfaces` lists every card, `--table nodes` every node"


def worded(picture: Mapping[str, Any]) -> dict[str, Any]:
    """The picture with its words: `title` and `tags` of what is drawn, `more` for what is folded, and `text` for all of it.

    >>> empty = {"networks": [], "groups": [], "ways": [], "elsewhere": {}, "nodes": 0}
    >>> worded(empty)["text"]
    ['No node is in this bundle.']
    """
    networks = [{**lane, "title": _lane_name(lane), "tag": _lane(lane)} for lane in picture["networks"]]
    groups = [_group(group) for group in picture["groups"]]
    named = {group["id"]: group for group in groups}
    ways = [_way(way, named) for way in picture["ways"]]
    made = {**picture, "networks": networks, "groups": groups, "ways": ways, "more": list(_more(picture))}
    made["unplaced"] = _pod_tags(picture["elsewhere"])
    return {**made, "text": list(_sentences(made))}


def _tag(text: str, tone_: str) -> Tag:
    return {"text": text, "tone": tone_}


def _pod_tags(pods: Mapping[str, int], said: Mapping[str, tuple[str, str]] = _FATES) -> list[Tag]:
    """How many pods fare how, the worst first."""
    return [
        _tag((one if pods[fate] == 1 else many).format(count(pods[fate], "pod")), tone(fate))
        for fate, (one, many) in said.items()
        if pods.get(fate)
    ]


# --- networks and nodes -------------------------------------------------------------------------------------------------


def _lane(lane: Mapping[str, Any]) -> Tag:
    # Nodes whose cards were not recorded may have a card here too: what is said is what is plugged in.
    uses = f"; Calico uses {lane['calico']:,}" if lane["calico"] else ""
    return _tag(f"{count(lane['cards'], 'card')}{uses}", "bad" if lane["at_fault"] else "plain")


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    names: Sequence[str] = group["nodes"]
    single = group["count"] == 1
    # As many as a box has room for; all of those that are named where they are few.
    named = names if group["count"] <= len(names) else names[:_NAMED]
    more = group["count"] - len(named)
    listed = ", ".join(named) + (f" and {more:,} more" if more else "")
    tags = [_tag(_VERDICTS[group["verdict"]], tone(group["verdict"]))]
    if group["endpoints"]:
        where = "here" if single else "on them"
        tags.append(_tag(f"{count(group['endpoints'], 'ready DNS endpoint')} {where}", "calico"))
    cards = [{**card, **_card(card, group)} for card in group["cards"]]
    return {
        **group,
        "title": names[0] if single else f"{group['count']:,} nodes",
        "subtitle": "" if single else listed,
        "tags": [*tags, *_pod_tags(group["pods"])],
        "cards": cards,
        "note": _note(group),
    }


def _note(group: Mapping[str, Any]) -> str:
    if group["cards_differ"]:
        return "their cards differ: see the table interfaces"
    return f"and {count(group['more_cards'], 'more card')}: see the table interfaces" if group["more_cards"] else ""


def _card(card: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, Any]:
    carries = card["carries"]
    no_card = group["verdict"] == "not-on-node" and carries == ["calico"]
    missing = "on no card of the node" if no_card else "card not recorded"
    each = "a card of each" if card["recorded"] else missing
    differs = "each its own address" if group["count"] > 1 else ""
    return {
        "title": card["name"] or each,
        "at": card["address"] or differs,
        "tags": list(_roles(carries, group["verdict"])),
    }


def _roles(carries: Sequence[str], verdict: str) -> Iterator[Tag]:
    if "calico" in carries:
        yield _tag(_CALICO_IS_HERE[verdict], tone(verdict))
    elif "should-be" in carries:
        expected = "Calico's address was expected here" if verdict == "unintended" else "Calico should use this"
        yield _tag(expected, "calico")
    if "next" in carries:
        yield _tag("Calico will move here when it looks again", "warn")
    if "internal-ip" in carries:
        yield _tag("InternalIP", "plain")


# --- ways ---------------------------------------------------------------------------------------------------------------


def _way(way: Mapping[str, Any], groups: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        **way,
        "from_end": _end(way["from"], groups),
        "to_end": _end(way["to"], groups),
        "tags": _pod_tags(way["pods"], _ANSWERS),
        "request_tag": _packet("request", way["request"]),
        "reply_tag": _packet("reply", way["reply"]),
        "sessions_tag": _between(way["sessions"]),
    }


def _end(ids: Sequence[str], groups: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What an end of a way is called; `letters` are those of the groups that it stands for."""
    known = [groups[one] for one in ids if one in groups]
    number = sum(group["count"] for group in known)
    title = known[0]["title"] if len(known) == 1 else f"{number:,} nodes"
    return {"title": title if known else "no known node", "letters": [group["letter"] for group in known]}


def _packet(name: str, counts: Mapping[str, int]) -> Tag:
    """What becomes of requests or replies: the worst gives the tone."""
    found = [kind for kind in _PACKETS if counts[kind]]
    if not found:
        return _tag(f"{name}: not known", "open")
    if len(found) == 1:
        return _tag(f"{name}: {_PACKETS[found[0]]}", tone(found[0]))
    listed = ", ".join(f"{_PACKETS[kind]} for {counts[kind]:,}" for kind in found)
    # Some of them arrive.
    return _tag(f"{name}: {listed}", "warn" if "delivered" in found and "lost" in found else tone(found[0]))


def _between(sessions: Mapping[str, int]) -> Tag | None:
    found = [state for state in _SESSIONS if sessions[state]]
    if not found:
        return None
    listed = ", ".join(f"{sessions[state]:,} {_SESSIONS[state]}" for state in found)
    looked, pairs = sessions["looked"], sessions["pairs"]
    of = f" ({looked:,} of {pairs:,} looked at)" if looked < pairs else ""
    return _tag(f"BGP sessions: {listed}{of}", tone(found[0]))


# --- sentences ----------------------------------------------------------------------------------------------------------


def _more(picture: Mapping[str, Any]) -> Iterator[str]:
    """Where what is folded can be seen one by one."""
    folded = any(group["count"] > len(group["nodes"]) or group["more_cards"] for group in picture["groups"])
    differ = any(group["cards_differ"] for group in picture["groups"])
    if folded or differ or any(lane["prefix"] is None for lane in picture["networks"]):
        yield f"Equal nodes are drawn as one. {_SEPARATE}."


def _sentences(picture: Mapping[str, Any]) -> Iterator[str]:
    if not picture["groups"]:
        yield "No node is in this bundle."
    prefixes = {lane["id"]: lane["title"] for lane in picture["networks"]}
    for lane in picture["networks"]:
        yield f"Network {lane['title']}: {lane['tag']['text']}."
    for group in picture["groups"]:
        yield _told_group(group, prefixes)
    for way in picture["ways"]:
        yield _told_way(way)
    if picture["unplaced"]:
        yield f"On no known node: {_listed(picture['unplaced'])}."
    yield from picture["more"]


def _lane_name(lane: Mapping[str, Any]) -> str:
    """What a lane is called.

    >>> _lane_name({"prefix": "10.0.1.0/24", "networks": 1}), _lane_name({"prefix": None, "networks": 40})
    ('10.0.1.0/24', '40 other networks')
    """
    return lane["prefix"] or count(lane["networks"], "other network")


def _told_group(group: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    who = f"{group['title']} ({group['letter']}{': ' + group['subtitle'] if group['subtitle'] else ''})"
    cards = [_told_card(card, prefixes) for card in group["cards"]]
    note = [group["note"]] if group["note"] else []
    return f"{who}: {_listed(group['tags'])}. {_after_cards('; '.join([*cards, *note]))}".rstrip()


def _told_card(card: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    network = f"in {prefixes[card['lane']]}" if card["lane"] else ""
    what = " ".join(filter(None, [card["title"], card["at"], network]))
    return f"{what} ({_listed(card['tags'])})" if card["tags"] else what


def _told_way(way: Mapping[str, Any]) -> str:
    tags = [way["request_tag"], way["reply_tag"], *([way["sessions_tag"]] if way["sessions_tag"] else [])]
    ends = f"Lookups from {_called(way['from_end'])} to cluster DNS on {_called(way['to_end'])}"
    return f"{ends}: {_listed(way['tags'])}; {'; '.join(tag['text'] for tag in tags)}."


def _called(end: Mapping[str, Any]) -> str:
    return f"{end['title']} ({fold(end['letters'], None)})" if end["letters"] else str(end["title"])


def _listed(tags: Iterable[Tag]) -> str:
    return ", ".join(tag["text"] for tag in tags)


def _after_cards(text: str) -> str:
    # The name of a card begins the sentence, and stays as it is.
    return f"Cards: {text}." if text else ""
