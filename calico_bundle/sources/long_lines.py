"""Lines that are too long to be anybody's: left out, so that one of them costs neither memory nor time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from calico_bundle.evidence import Gap, GapKind
from calico_bundle.sources.limits import Limits, allow_more, readable_size
from calico_bundle.sources.text import can_come_in_pieces, decode

_HEAD_BYTES = 4096


class LongLines:
    """Empties the lines of one file that are longer than the limit, and remembers which; the others keep their numbers.

    JSON is let through: a list of a thousand pods may well stand on one line.

    >>> lines = LongLines("n1/ip-route.txt", Limits(max_line_bytes=4))
    >>> lines.whole(b"one\\ntwo and more\\nend\\n"), [gap.line for gap in lines.gaps()]
    (b'one\\n\\nend\\n', [2])
    """

    def __init__(self, path: str, limits: Limits) -> None:
        """Begin a file."""
        self._path, self._most = path, limits.max_line_bytes
        self._found: list[tuple[int, int]] = []
        self._line = 1

    def whole(self, data: bytes) -> bytes:
        """A file that is held as a whole."""
        if len(data) <= self._most or _is_json(data):
            return data
        if not can_come_in_pieces(data):
            data = decode(data).encode("utf-8", "replace")
        return self._shortened(data)

    def pieces(self, pieces: Iterable[bytes], head: bytes) -> Iterator[bytes]:
        """A file that comes in pieces and begins with `head`."""
        return iter(pieces) if _is_json(head) else self._in_pieces(pieces)

    def gaps(self) -> tuple[Gap, ...]:
        """What was left out."""
        return tuple(Gap(self._path, line, GapKind.REFUSED, self._message(size)) for line, size in self._found)

    def _message(self, size: int) -> str:
        return (
            f"a line of {readable_size(size)}, more than {readable_size(self._most)}, was not read"
            f" (cut it to what matters, {allow_more('max_line_bytes')})"
        )

    def _shortened(self, text: bytes) -> bytes:
        """The text without its long lines: looked for from limit to limit, since most texts have none."""
        kept: list[bytes] = []
        begin = at = 0
        while len(text) - at > self._most:
            end = text.rfind(b"\n", at, at + self._most + 1)
            if end < 0:
                end = text.find(b"\n", at + self._most)
                end = end if end >= 0 else len(text)
                kept.append(text[begin:at])
                self._line += text.count(b"\n", begin, at)
                self._found.append((self._line, end - at))
                begin = end
            at = end + 1
        self._line += text.count(b"\n", begin)
        return b"".join((*kept, text[begin:]))

    def _in_pieces(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same, piece by piece; of a line that is not at its end no more is held than the limit."""
        held: list[bytes] = []
        size = 0
        for piece in pieces:
            first, last = piece.find(b"\n"), piece.rfind(b"\n") + 1
            if last and size + first > self._most:
                self._found.append((self._line, size + first))
                yield self._shortened(piece[first:last])
            elif last:
                yield self._shortened(b"".join((*held, piece[:last])))
            if last:
                held, size = [], 0
            size += len(piece) - last
            held = [*held, piece[last:]] if size <= self._most else []
        if size > self._most:
            self._found.append((self._line, size))
        if any(held):
            yield b"".join(held)


def _is_json(data: bytes) -> bool:
    return data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")
