"""Fuzz one target with atheris: `python -m tools.fuzz_one TARGET LIBFUZZER-OPTIONS...`; `tools.fuzz` runs it."""

from __future__ import annotations

import sys

import atheris


def main(words: list[str]) -> None:
    """Fuzz until the options say that it is enough, or a crash is found; never returns."""
    name, *options = words
    # Only what is imported in here is watched, and only what is watched guides the fuzzer.
    with atheris.instrument_imports(include=["calico_bundle"]):
        from tools.fuzz_targets import targets

        run = targets()[name]
    atheris.Setup([sys.argv[0], *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
