"""Finding the formats, and saving by the ending of a file."""

import json
import subprocess
import sys

import pytest

from calico_bundle.errors import UsageError
from calico_bundle.report import formats, save
from calico_bundle.report.files import write_file
from tests.report import hand_made


def test_the_formats_on_offer_have_endings_of_their_own():
    known = {one.name: one.suffix for one in formats()}
    assert known["text"] == (".txt",)
    assert known["json"] == (".json",)
    endings = [ending for suffix in known.values() for ending in suffix]
    assert len(endings) == len(set(endings))


def test_listing_the_formats_imports_nothing_heavy():
    heavy = ("pandas", "networkx", "rich", "jinja2", "yaml", "calico_bundle.report.model")
    code = "import sys; from calico_bundle.report import formats; formats(); "
    code += f"print([module for module in {heavy} if module in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_saving_takes_the_format_from_the_ending(tmp_path):
    save(hand_made.broken_report(), str(tmp_path / "a.json"))
    save(hand_made.broken_report(), str(tmp_path / "a.txt"))
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == hand_made.broken_report()
    assert (tmp_path / "a.txt").read_text("utf-8").startswith("broken: ")


def test_an_ending_of_no_format_says_which_there_are(tmp_path):
    with pytest.raises(UsageError, match=r"'\.doc'; offered are \.txt \(text\), .*\.json \(json\)"):
        save(hand_made.broken_report(), str(tmp_path / "a.doc"))


def test_a_file_is_written_whole_or_left_as_it_was(tmp_path, monkeypatch):
    place = tmp_path / "a.json"
    write_file(str(place), b"old")
    place.chmod(0o640)
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_file(str(place), b"new")
    monkeypatch.undo()
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]
    write_file(str(place), b"new")
    assert place.read_bytes() == b"new"
    assert place.stat().st_mode & 0o777 == 0o640


def test_a_link_is_followed_and_a_device_is_written_to(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_file(str(tmp_path / "link.txt"), b"new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"new"
    write_file("/dev/null", b"x")
