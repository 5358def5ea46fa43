"""Input that is no bundle at all is told in one line."""

from __future__ import annotations

import bz2
import gzip
import io
from pathlib import Path

import pytest

from calico_bundle.errors import NotABundleError
from tests.sources.packing import read, tar_with, zip_of


@pytest.mark.parametrize(
    "data, found",
    [
        (b"", "an empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7-Zip archive"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
        (bytes(range(256)) * 8, "binary data"),
        (tar_with(), "NUL bytes"),
        (gzip.compress(tar_with(), mtime=0), "gzip data that holds nothing but NUL"),
        (bz2.compress(b"GIF89a" + bytes(99)), "bzip2 data that holds a GIF image"),
        (zip_of({}), "holds no file"),
        (gzip.compress(tar_with(("a", b"1")), mtime=0)[:12], "ends early"),
    ],
)
def test_no_bundle_is_told_in_one_line(data: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "customer.tar.gz"
    path.write_bytes(data)
    for source, name in ((path, str(path)), (io.BytesIO(data), "input")):
        with pytest.raises(NotABundleError) as caught:
            read(source)
        message = str(caught.value)
        assert message.startswith(f"{name}: ")
        assert found in message
        assert "\n" not in message


@pytest.mark.parametrize("path", ["", "no/such/file", "two\nlines", "nul\0byte", "/dev/null"])
def test_path_that_cannot_be_opened(path: str) -> None:
    with pytest.raises(NotABundleError, match=r"\A.*: (no such file|embedded null|a device).*\Z"):
        read(path)


def test_file_without_permission(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "b.tar"
    path.write_bytes(tar_with(("a", b"1")))
    monkeypatch.setattr("calico_bundle.sources.opening.open", denied, raising=False)
    with pytest.raises(NotABundleError, match="permission denied"):
        read(path)


def test_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(NotABundleError, match="holds no file"):
        read(tmp_path)


def test_file_opened_as_text_and_file_that_fails() -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:  # noqa: ARG002
            raise OSError("connection reset")

    with pytest.raises(NotABundleError, match="binary mode"):
        read(io.StringIO("kind: List"))
    with pytest.raises(NotABundleError, match="connection reset"):
        read(Failing())
