"""A picture as a notebook holds it: it shows itself, prints as its words, and is saved as a file."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Sequence
from html import escape


class Picture:
    """A drawing of the cluster or of one path: shown in Jupyter, printed as its words elsewhere.

    `svg` is the drawing, `text` says the same in sentences, `save("cluster.svg")` writes it.

    >>> picture = Picture("a cluster", ["node-2 (A): Calico's address is wrong."], lambda narrow: "<svg/>")
    >>> picture
    node-2 (A): Calico's address is wrong.
    >>> picture.svg
    '<svg/>'
    """

    def __init__(self, title: str, sentences: Sequence[str], draw: Callable[[bool], str]) -> None:
        self._title, self._sentences, self._draw = title, tuple(sentences), draw

    @property
    def svg(self) -> str:
        """The drawing as SVG: it loads nothing and runs nothing, and is light or dark as its reader is."""
        return self._draw(False)

    @property
    def narrow_svg(self) -> str:
        """The same for a screen that is 360 pixels wide."""
        return self._draw(True)

    @property
    def text(self) -> str:
        """The same in words, a sentence for everything that is drawn."""
        return "\n".join(self._sentences)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the drawing to a file that ends in `.svg`.

        Raises `UsageError` for another ending, and for a place that cannot be written to.
        """
        from calico_bundle.errors import UsageError
        from calico_bundle.report.files import by_ending, write_file

        name = os.fspath(path)
        by_ending(name, {"svg": (".svg",)})
        try:
            write_file(name, self.svg.encode())
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot write {name}: {getattr(error, 'strerror', None) or error}") from error

    def __repr__(self) -> str:
        return self.text

    def _repr_svg_(self) -> str:
        """The drawing, for programs that show SVG."""
        return self.svg

    def _repr_html_(self) -> str:
        """The drawing with its words below it, for Jupyter.

        The drawing is an image of its own: a notebook that nobody has trusted yet shows no SVG inside HTML.
        """
        image = b64encode(self.svg.encode()).decode("ascii")
        words = "".join(f"<li>{escape(sentence)}</li>" for sentence in self._sentences)
        return (
            f'<figure><img alt="{escape(self._title)}" src="data:image/svg+xml;base64,{image}">'
            f"<figcaption><details><summary>The same in words</summary><ul>{words}</ul></details></figcaption></figure>"
        )
