"""Text of a file to Kubernetes objects: lists are unwrapped, kinds found, what is unreadable told and the rest kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace

from calico_bundle.evidence import GapKind
from calico_bundle.objects.go_cased import with_json_names
from calico_bundle.objects.json_documents import JsonReader
from calico_bundle.objects.located import LocatedList, LocatedMap, Problem, UnreadableError, Value, no_kind
from calico_bundle.objects.log_frames import LogFrame, split_logs
from calico_bundle.objects.shapes import kind_by_shape
from calico_bundle.objects.yaml_lists import CutList, cut_list, ends_in_its_kind, has_items, stated_kind, top_keys

# A line at the left edge that could be something else than data. Inside YAML or JSON only keys, dashes and brackets
# stand there; nothing within an object reaches the left edge.
_AT_LEFT_EDGE = re.compile(
    r"(?:\A|\n)(?!(?:apiVersion|kind|metadata|items|spec|status|data|type):)([^\s\-#\"'{}\[\]][^\n]*|\[\S+@[^\n]*)"
)
_SEPARATOR = re.compile(r"(?:\A|(?<=\n))---(?=[ \t\r\n]|\Z)(?:[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z))?")
_LOOKS_LIKE_YAML = re.compile(r"""(?x) (?: [\w./-]+ | "[^"\n]*" | '[^'\n]*' ) : (?:\s|$) | -(?:\s|$) | --- | [{\[] """)
_IN_BRACKETS = re.compile(r"\s*[{\[]")
_YAML_IN_BRACKETS = re.compile(r"\s*(?:\{\s*[^\s\"}]|\[\s*[A-Za-z'])")
_JSON_KIND = re.compile(r'\{\s*(?:"apiVersion"\s*:\s*"[^"\n]*"\s*,\s*)?"kind"\s*:\s*"(\w+)"')
_NO_SPACE = re.compile(r"\S")
_STARTS_WITH_VERSION = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*apiVersion:")
_VERSION = "\napiVersion:"
LIST = "List"
STATUS = "Status"
_IN_FLOW = re.compile(r"[:-][ ]+[\[{\"']")
_SHOWN_ENDS = ('"', "'", "}", "]", ":", ": true", ": false", ": null", ": Active", ": Running")
_CUT_KIND = "the list ends within the word of its kind"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How to tell what is no data: `is_noise` (notes of kubectl, prompts), `is_error` (an error in its place)."""

    is_noise: Callable[[str], bool]
    is_error: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class KubernetesObject:
    """One object: its kind, the group of its apiVersion ("" is the core group; None: not said), and its fields."""

    kind: str
    group: str | None
    body: LocatedMap


Found = KubernetesObject | Problem


def read_objects(
    text: str, wanted: Callable[[str], bool], around: Surroundings, first_line: int = 1
) -> Iterator[Found]:
    """The objects of a file whose kind is `wanted`, and the problems met on the way; raises nothing.

    Takes single objects, Lists of any kind, bare arrays, several YAML documents, JSON values one after the other, and
    notes or errors of the collecting command in between. An object nobody wants is passed over.

    >>> around = Surroundings(lambda line: False, lambda line: line.startswith("Error"))
    >>> found = list(read_objects("kind: PodList\\nitems:\\n- metadata:\\n    name: a\\n", lambda kind: True, around))
    >>> found[0].kind, found[0].body["metadata"].lines["name"]
    ('Pod', 4)
    """
    text, logs = split_logs(text.removeprefix("\ufeff"), first_line)
    yield from _unread(logs)
    text, set_aside = _without_remarks(text, around, first_line)
    yield from set_aside
    if not set_aside and not logs and not text.strip():
        yield Problem(None, GapKind.COLLECTOR_ERROR, "the file is empty: nothing was collected")
    reader = _Objects(wanted)
    for line, document in _documents(text, first_line):
        yield from reader.of_document(document, line)
    yield from reader.without_kind()


def read_item(item: str, line: int, version: str, wanted: Callable[[str], bool]) -> Iterator[Found]:
    """The object that is one item (`- ...`, up to the next) of a List of that apiVersion, which more text follows.

    >>> next(read_item("- kind: Pod\\n  metadata:\\n    name: a\\n", 7, "v1", lambda kind: True)).body.line
    7
    """
    reader = _Objects(wanted)
    yield from reader.of_item(_sanitized(item), line, {"apiVersion": version, "kind": LIST})
    yield from reader.without_kind()


def _unread(logs: Iterable[LogFrame]) -> Iterator[Problem]:
    """What is lost with logs that the caller did not take out: those of calico-node would be read as files of their own."""
    for log in logs:
        if problem := log.begins_twice:
            yield problem
        elif log.container == "calico-node":
            yield log.problem("stands among objects, and is not read")


def _without_remarks(text: str, around: Surroundings, first_line: int) -> tuple[str, list[Problem]]:
    """The text with the lines that are no data emptied, and the errors among them."""
    pieces, errors, begin, line, counted = [], [], 0, first_line, 0
    for found in _AT_LEFT_EDGE.finditer(text):
        words = found[1].rstrip()
        is_error = around.is_error(words)
        if not is_error and not around.is_noise(words):
            continue
        if is_error:
            line, counted = line + text.count("\n", counted, found.start(1)), found.start(1)
            errors.append(Problem(line, GapKind.COLLECTOR_ERROR, "not collected", words))
        pieces.append(text[begin : found.start(1)])
        begin = found.end(1)
    return "".join([*pieces, text[begin:]]), errors


def _documents(text: str, line: int) -> Iterator[tuple[int, str]]:
    """The documents of a file whose first line is `line`, each with the number of its first line."""
    begin = 0
    for separator in _SEPARATOR.finditer(text):
        yield from _written_together(text[begin : separator.start()], line)
        end = separator.end() if separator[0].endswith("\n") else separator.start()
        line += text.count("\n", begin, end)
        begin = end
    yield from _written_together(text[begin:], line)


def _written_together(text: str, line: int) -> Iterator[tuple[int, str]]:
    """The documents of a text that several commands wrote one behind the other, without `---` in between."""
    begin = 0
    if _STARTS_WITH_VERSION.match(text):
        end = text.find(_VERSION, text.find(_VERSION[1:]) + 1)
        while end >= 0:
            yield line, text[begin : end + 1]
            line += text.count("\n", begin, end + 1)
            begin = end + 1
            end = text.find(_VERSION, begin)
    yield line, text[begin:]


class _Objects:
    """Finds objects in documents; remembers which kinds are wanted."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._without_kind: list[int] = []

    def without_kind(self) -> Iterator[Problem]:
        """The objects met so far that say no kind, told as one problem."""
        if self._without_kind:
            yield no_kind(self._without_kind[0], len(self._without_kind))

    def _unwanted(self, kind: str | None) -> bool:
        return kind not in (None, "", LIST, STATUS) and not self._wanted(str(kind).removesuffix(LIST))

    def _says_wanted(self, item: str, key_indent: int) -> bool:
        kind = stated_kind(item, key_indent)
        return bool(kind) and not self._unwanted(kind)

    def of_document(self, text: str, line: int) -> Iterator[Found]:
        """The objects of one document, in whichever format it is."""
        counted = 0
        for begin in _first_letters(text):
            line, counted = line + text.count("\n", counted, begin), begin
            if _LOOKS_LIKE_YAML.match(text, begin):
                text = text[text.rfind("\n", 0, begin) + 1 :]
                is_json = _IN_BRACKETS.match(text) and not _YAML_IN_BRACKETS.match(text)
                yield from self._of_json(text, line) if is_json else self._of_yaml(text, line)
                return
            if text[begin] != "#":
                yield Problem(
                    line, GapKind.NOT_UNDERSTOOD, "line not understood", text[begin : _end_of_line(text, begin)]
                )

    def _of_json(self, text: str, first_line: int) -> Iterator[Found]:
        """Values one after the other, with other text behind or between them."""
        reader = JsonReader(text, first_line)
        position = 0
        while position < len(text):
            if text[position].isspace():
                position = found.start() if (found := _NO_SPACE.search(text, position)) else len(text)
            elif text[position] in "{[":
                position = yield from self._of_json_value(text, position, reader)
            else:
                words = text[position : _end_of_line(text, position)]
                yield Problem(reader.line_of(position), GapKind.NOT_UNDERSTOOD, "line not understood", words)
                position += len(words)

    def _of_json_value(self, text: str, position: int, reader: JsonReader) -> Generator[Found, None, int]:
        kind = _JSON_KIND.match(text, position)
        if kind and self._unwanted(kind[1]) and (end := reader.jump(position)) is not None:
            return end
        try:
            value, end = reader.read(position)
        except UnreadableError as error:
            yield error.problem(reader.kind_before(error.line, position))
            # The rest is not quoted line by line: it may be the inside of a Secret.
            return reader.again_after(error, position)
        # The objects first: of too many problems the rest is left.
        yield from self._of_value(value)
        yield from (replace(p, lost=reader.kind_before(p.line, position)) for p in reader.problems)
        reader.problems.clear()
        return end

    def _of_yaml(self, text: str, line: int) -> Iterator[Found]:
        unwanted = self._unwanted(stated_kind(text))
        if unwanted and not has_items(text):
            return
        text = _sanitized(text)
        if cut := cut_list(text, line):
            yield from self._of_cut_list(cut, line)
        if cut or unwanted:
            return
        text, cut_line = _without_open_end(text)
        if cut_line:
            message = "cut off: the text ends within this line, or was trimmed; its value is not used"
            yield Problem(line + text.count("\n"), GapKind.TRUNCATED, message, cut_line)
        try:
            for value in _read_yaml(text, line):
                yield from self._of_value(value)
        except UnreadableError as error:
            yield error.problem(stated_kind(text))

    def _of_cut_list(self, cut: CutList, line: int) -> Iterator[Found]:
        """The items one by one, so that memory holds one and a broken one loses itself only."""
        top = top_keys(cut.head) | top_keys(cut.tail)
        items = cut.items
        if ends_in_its_kind(cut.tail):
            # What an item is that says no kind of its own is no longer known.
            top.pop("kind")
            line_of_end = cut.tail_line + cut.tail.count("\n")
            yield Problem(line_of_end, GapKind.TRUNCATED, f"cut off: {_CUT_KIND}")
        # kubectl writes apiVersion, items, kind, in this order: without a kind the end is missing.
        elif "apiVersion" in top and "kind" not in top:
            message = "cut off: the list has no end, and its last item is left out as it may not be whole"
            lost = _kind_of_item(items[-1][1], cut.key_indent, top)
            yield Problem(items[-1][0], GapKind.TRUNCATED, message, lost=lost)
            items = items[:-1]
        elif self._unwanted(kind := top.get("kind")) and str(kind).endswith(LIST):
            items = tuple((line, item) for line, item in items if self._says_wanted(item, cut.key_indent))
        for item_line, item in items:
            last = item_line == items[-1][0] and not cut.tail.strip()
            yield from self.of_item(item, item_line, top, last=last, key_indent=cut.key_indent)
        for part, part_line in ((cut.head, line), (cut.tail, cut.tail_line)):
            yield from _problems_of(part, part_line)

    def of_item(
        self, item: str, line: int, top: dict[str, str], *, last: bool = False, key_indent: int = 2
    ) -> Iterator[Found]:
        """The objects of one item of a list whose own keys are `top`."""
        if self._unwanted(stated_kind(item, key_indent)):
            return
        try:
            for value in _read_yaml(item, line):
                if isinstance(value, LocatedList):
                    yield from self._of_items(value, top)
        except UnreadableError as error:
            # Where more of the file follows, an open quote is a mistake and no end of the file.
            told = error.problem(_kind_of_item(item, key_indent, top))
            yield told if last else replace(told, kind=_mistake(error.kind))

    def _of_value(self, value: Value) -> Iterator[Found]:
        """The objects of a value: itself, or those in it."""
        if isinstance(value, LocatedList):
            yield from self._of_items(value, {})
        elif isinstance(value, LocatedMap):
            yield from self._of_map(value, {})
        elif value is not None:
            yield Problem(None, GapKind.NOT_UNDERSTOOD, "a document that is neither an object nor a list of objects")

    def _of_items(self, items: LocatedList, top: dict[str, str]) -> Iterator[Found]:
        for item, line in zip(items, items.lines, strict=True):
            if isinstance(item, LocatedMap):
                yield from self._of_map(item, top)
            else:
                yield Problem(line, GapKind.NOT_UNDERSTOOD, "an item of a list of objects that is no object")

    def _has_wanted(self, items: Value) -> bool:
        kinds = (
            (text_under(one, "kind") for one in items if isinstance(one, LocatedMap)) if isinstance(items, list) else ()
        )
        return any(kind and self._wanted(kind) for kind in kinds)

    def _of_map(self, value: LocatedMap, top: dict[str, str]) -> Iterator[Found]:
        value = with_json_names(value)
        kind, version = text_under(value, "kind"), text_under(value, "apiVersion") or top.get("apiVersion")
        items = value.get("items")
        if "items" in value and (kind is None or kind.endswith(LIST) or self._has_wanted(items)):
            if isinstance(items, LocatedList):
                own = {"kind": kind or "", "apiVersion": version or ""}
                yield from self._of_items(items, own)
            elif items not in (None, "null"):
                line = value.lines["items"]
                yield Problem(line, GapKind.NOT_UNDERSTOOD, "items that are no list")
            return
        if kind and kind.endswith(LIST) and not self._unwanted(kind):
            yield Problem(value.line, GapKind.NOT_UNDERSTOOD, f"a {kind} without items")
            return
        kind = kind or top.get("kind", "").removesuffix(LIST) or kind_by_shape(value)
        if kind == STATUS:
            yield from _failure(value)
        elif not kind:
            self._without_kind.append(value.line)
        elif self._wanted(kind):
            yield KubernetesObject(kind, version.rpartition("/")[0] if version else None, value)


def _without_open_end(text: str) -> tuple[str, str]:
    """A text without its last line, if that may be cut within its value, and that line.

    A text that ends has a line feed at its end. A value in quotes or brackets shows its end, and so does one of a few words.
    """
    above, line_feed, last = text.rpartition("\n")
    is_open = not last.rstrip().endswith(_SHOWN_ENDS) and not _IN_FLOW.search(last)
    if not line_feed or not last.strip() or not is_open:
        return text, ""
    return above + line_feed, last


def _first_letters(text: str) -> Iterator[int]:
    """Where each line that is not blank begins, after its blanks."""
    found = _NO_SPACE.search(text)
    while found:
        yield found.start()
        found = _NO_SPACE.search(text, _end_of_line(text, found.start()))


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _problems_of(text: str, line: int) -> Iterator[Problem]:
    """What is wrong with what stands around the items of a list."""
    try:
        for value in _read_yaml(text, line):
            if not isinstance(value, LocatedMap | None):
                yield Problem(line, GapKind.NOT_UNDERSTOOD, "text around the items of a list")
    except UnreadableError as error:
        yield error.problem()


def _kind_of_item(item: str, key_indent: int, top: dict[str, str]) -> str | None:
    return stated_kind(item, key_indent) or top.get("kind", "").removesuffix(LIST) or None


def _mistake(kind: GapKind) -> GapKind:
    return GapKind.NOT_UNDERSTOOD if kind is GapKind.TRUNCATED else kind


def _failure(status: LocatedMap) -> Iterator[Problem]:
    """The API server's own way to say that a request failed (`kubectl get --raw` prints it in place of data)."""
    if text_under(status, "status") != "Success":
        line = status.lines.get("message", status.line)
        yield Problem(
            line, GapKind.COLLECTOR_ERROR, "not collected", text_under(status, "message") or "the request failed"
        )


def text_under(value: LocatedMap, key: str) -> str | None:
    """Text that is neither empty nor the word null (seen in a real bundle); None for anything else."""
    found = value.get(key)
    return found if isinstance(found, str) and found not in ("", "null") else None


# The YAML parser is loaded by those who need it: most files are read without.


def _sanitized(text: str) -> str:
    from calico_bundle.objects.yaml_documents import sanitized

    return sanitized(text)


def _read_yaml(text: str, line: int) -> Iterator[Value]:
    from calico_bundle.objects.yaml_documents import read_yaml, with_hidden_quoted

    quoted = with_hidden_quoted(text)
    if quoted is text or quoted == text:
        return read_yaml(text, line)
    try:
        return iter(list(read_yaml(text, line)))
    except UnreadableError:
        return read_yaml(quoted, line)
