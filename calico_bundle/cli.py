"""The command `bundle-analyze`: arguments in, exit status out. The only room that prints."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from calico_bundle import __version__
from calico_bundle.commands import HELP_OPTIONS, RESERVED, Document, Outcome, Session, verbs
from calico_bundle.errors import BundleError, NotABundleError
from calico_bundle.progress_line import ProgressLine, columns
from calico_bundle.report.exit_status import ExitStatus

NAME = "bundle-analyze"
DEBUG = "CALICO_BUNDLE_DEBUG"
"""Set to anything, this shows the traceback of any error; `-v` shows that of a defect."""

COMPLETE = "_BUNDLE_ANALYZE_COMPLETE"
"""Set by the script that completes command lines in a shell; click makes the name from that of the command."""

_WIDEST_HELP = 100


class Program(click.Group):
    """Every verb of the command; words that begin with none of them are for `analyze`."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Name the verbs, without importing them."""
        return list(verbs())

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import one verb."""
        return verbs().get(name)

    def main(self, args: Sequence[str] | None = None, *_more: Any, **_settings: Any) -> NoReturn:
        """Run on `args`, else on the arguments of this process, and exit with the status."""
        asked = os.environ.get(COMPLETE)
        if asked is not None:
            sys.exit(_complete(asked))
        words = list(sys.argv[1:] if args is None else args)
        progress = ProgressLine(sys.stderr)
        session = Session(_terminal_width(), progress if progress.is_shown else None, dict(os.environ))
        sys.exit(_run_safely(words, session, progress))


def main() -> NoReturn:
    """Run `bundle-analyze` on the arguments of this process."""
    # Facts hold no cycles, and by default Python looks through all of them again for every 700 that are made: a sixth of
    # the time on a large bundle.
    gc.set_threshold(50_000)
    program.main()


def _complete(asked: str) -> int:
    """Answer the script of a shell; what fails there must not end up on a half-written command line."""
    from calico_bundle.commands import completing

    try:
        text = completing.answer(asked, NAME, COMPLETE)
    except Exception as error:  # noqa: BLE001 - as above
        return _fail(ExitStatus.DEFECT, _defect(error))
    if text is None:
        return _fail(ExitStatus.UNUSABLE, f"{COMPLETE}={asked} is none of bash_source, zsh_source, fish_source")
    print(text)
    return ExitStatus.NOTHING_FOUND


def _run_safely(words: list[str], session: Session, progress: ProgressLine) -> int:
    """Whatever happens, it becomes an exit status and one clear line; a traceback only for who asks for it."""
    try:
        try:
            outcome = _run(words, session)
        finally:
            progress.clear()
        return _deliver(outcome)
    except click.exceptions.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _fail(ExitStatus.INTERRUPTED, "interrupted")
    except click.ClickException as error:
        return _fail(ExitStatus.UNUSABLE, f"{error.format_message()} (see {NAME} --help)")
    except BundleError as error:
        return _unusable(error, session)
    except BrokenPipeError:
        _mute(sys.stdout)
        return ExitStatus.PIPE_CLOSED
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _fail(ExitStatus.UNUSABLE, f"{place}{error.strerror or error}", session)
    except Exception as error:  # noqa: BLE001 - the last resort: a defect must not look like a finding
        return _fail(ExitStatus.DEFECT, _defect(error), session)


def _run(words: list[str], session: Session) -> Outcome:
    known = verbs()
    verb = words[0] if words and words[0] in known else None
    if verb is None and words and words[0] in RESERVED:
        raise click.UsageError(f"{words[0]} is not offered yet; a bundle of that name is written ./{words[0]}")
    command = known[verb or "analyze"]
    name = NAME if verb is None else f"{NAME} {verb}"
    settings: dict[str, Any] = {
        "help_option_names": list(HELP_OPTIONS),
        "terminal_width": _help_width(),
        "obj": session,
    }
    try:
        with command.make_context(name, words[verb is not None :], **settings) as context:
            outcome: Outcome = command.invoke(context)
    except click.NoSuchOption:
        late = next((word for word in words if verb is None and word in known and not os.path.lexists(word)), None)
        if late is None:
            raise
        raise click.UsageError(f"as a verb {late} goes first: {NAME} {late} ...") from None
    return outcome


def _help_width() -> int:
    """As click works it out, without what it imports for that."""
    return max(min(columns(sys.stdout), _WIDEST_HELP) - 2, 50)


# --- standard error ---------------------------------------------------------------------------------------------------


def _fail(status: ExitStatus, words: str, session: Session | None = None) -> int:
    """Say what is wrong in one line; what the arguments alone explain (no `session`) needs no traceback."""
    _say(f"{NAME}: {' '.join(words.split())}")
    if session and (session.verbose or session.environment.get(DEBUG)):
        _show_traceback()
    return status


def _unusable(error: BundleError, session: Session) -> int:
    """Say what is wrong with the bundle; it is no defect of this program, so -v lists the files, and no traceback."""
    status = _fail(ExitStatus.UNUSABLE, str(error), session if session.environment.get(DEBUG) else None)
    for found in error.found if session.verbose and isinstance(error, NotABundleError) else ():
        _say(f"  {found}")
    return status


def _say(words: str) -> None:
    from calico_bundle.evidence import clean

    with contextlib.suppress(OSError):
        print(clean(words), file=sys.stderr, flush=True)


def _show_traceback() -> None:
    import traceback

    for line in traceback.format_exc().split("\n"):
        _say(line)


def _defect(error: Exception) -> str:
    import traceback
    from pathlib import Path

    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return (
        f"internal error: {type(error).__name__}: {error}{place} (version {__version__}). This is a defect of {NAME}, "
        f"not of the bundle: please report it to the project with this line, and with what -v adds to it"
    )


# --- what is written ------------------------------------------------------------------------------------------------


def _terminal_width() -> int | None:
    return columns(sys.stdout) if sys.stdout is not None and sys.stdout.isatty() else None


def _deliver(outcome: Outcome) -> int:
    for document in outcome.documents:
        try:
            _write(document)
        except OSError as error:
            place = "standard output" if document.path is None else document.path
            _say(f"{NAME}: cannot write {place}: {error.strerror or error}")
            return ExitStatus.UNUSABLE
    for note in outcome.notes:
        _say(note)
    return outcome.status


def _write(document: Document) -> None:
    if document.path is not None:
        from calico_bundle.report.files import write_file

        write_file(document.path, _encode(document.content))
        return
    try:
        _write_standard_output(document.content)
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; what was found, and so the status, does not change for it.
        _mute(sys.stdout)
    except OSError:
        _mute(sys.stdout)
        raise


def _write_standard_output(content: str | bytes) -> None:
    """UTF-8 whatever the locale says: a pipe always carries the same bytes. A terminal gets what it can show."""
    if sys.stdout is None:
        raise OSError("it is closed")
    encoding = (sys.stdout.encoding or "utf-8") if sys.stdout.isatty() else "utf-8"
    sys.stdout.flush()
    sys.stdout.buffer.write(_encode(content, encoding))
    sys.stdout.buffer.flush()


def _encode(content: str | bytes, encoding: str = "utf-8") -> bytes:
    return content if isinstance(content, bytes) else content.encode(encoding, "backslashreplace")


def _mute(stream: Any) -> None:
    """Let the interpreter's last flush go nowhere, instead of failing once more with a message of its own."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


program = Program(NAME)
