"""The project's own virtual environment, `.venv`: made when missing, reused while nothing it was made from changed.

Standard library only. Everything said here goes to standard error; standard output belongs to the command that is run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "calico-bundle-setup.json"
INCIDENT = "fixtures/incident/bundle"
USAGE = "usage: python3 tools/run.py demo | test [PYTEST ARGUMENTS] | setup"

# More test processes than this gain little, and each holds some hundred MiB.
MOST_PROCESSES = 8

# Debian ships ensurepip and pip's wheel apart from Python, and a wheel can run itself.
DISTRIBUTION_WHEELS = Path("/usr/share/python-wheels")

Command = list[str]


class SetupError(Exception):
    """The environment cannot be made; the text says what to do about it."""


def say(text: str) -> None:
    """Tell the person at the terminal, not the program that reads the output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def clean_environment() -> dict[str, str]:
    """The environment without what would send an installation or an import somewhere else."""
    unwanted = {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"}
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    # 0 outranks a configuration file that says `user = true`, which pip refuses inside a virtual environment.
    return kept | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONNOUSERSITE": "1"}


def base_python() -> str:
    """The Python that the environment is made from, also when this runs inside the environment."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def venv_python() -> Path:
    """Where the environment's own Python is."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def succeeds(command: Sequence[str]) -> bool:
    """Whether a command can be started and ends well; its output is of no interest."""
    try:
        done = subprocess.run(command, env=clean_environment(), capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


# --- what the environment was made from ------------------------------------------------------------------------------


def inputs_digest() -> str:
    """A digest of everything the environment is made from: Python's version, the place, requirements and pins."""
    digest = hashlib.sha256(f"{sys.version_info[:3]} {sys.implementation.name} {ROOT}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def installed_extras(digest: str) -> set[str] | None:
    """The extras that were installed from exactly these inputs; None where there is no such environment."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        found = set(stamp["extras"]) if stamp["inputs"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def same_python() -> bool:
    """Whether the environment's Python still runs and is of the version that runs this."""
    question = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]!r})"
    return succeeds([str(venv_python()), "-c", question])


# --- making it -------------------------------------------------------------------------------------------------------


def ensure(extras: Sequence[str]) -> Path:
    """Make or reuse the environment with these extras, and give its Python.

    Raises `SetupError` when it cannot be made.
    """
    digest = inputs_digest()
    have = installed_extras(digest)
    usable = same_python()
    if usable and have is not None and have.issuperset(extras):
        return venv_python()
    wanted = sorted({*extras, *(have or ())})
    say(f"Setting up {VENV.name} ({' and '.join(['calico-bundle', *wanted])}); once, and it takes a minute or two ...")
    STAMP.unlink(missing_ok=True)
    if not usable:
        create()
    install(pip_command(), wanted)
    # Written last: an interrupted set-up is begun anew.
    STAMP.write_text(json.dumps({"inputs": digest, "extras": wanted}) + "\n", encoding="utf-8")
    return venv_python()


def create() -> None:
    """Make an empty environment, without pip where Python came without it."""
    make = [base_python(), "-m", "venv", "--clear"]
    if succeeds([*make, str(VENV)]) and succeeds([str(venv_python()), "-m", "pip", "--version"]):
        return
    done = subprocess.run(
        [*make, "--without-pip", str(VENV)], env=clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise SetupError(f"cannot make {VENV}: {''.join(said) or 'python -m venv failed'}\n{advice()}")


def pip_candidates() -> Iterator[Command]:
    """Every way to run pip for the environment, the plainest first; none of them installs outside of it."""
    inside = str(venv_python())
    yield [inside, "-m", "pip"]
    yield [base_python(), "-m", "pip", "--python", inside]
    for wheel in sorted(DISTRIBUTION_WHEELS.glob("pip-*.whl"), reverse=True):
        yield [inside, f"{wheel}/pip"]
    for name in ("pip3", "pip"):
        found = shutil.which(name)
        if found:
            yield [found, "--python", inside]


def pip_command() -> Command:
    """The first pip that works for the environment."""
    for command in pip_candidates():
        if succeeds([*command, "--version"]):
            return command
    raise SetupError(f"there is no pip to install with: not in {VENV.name}, not on this system\n{advice()}")


def advice() -> str:
    """What to install on a system that ships Python in parts."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return (
        f"On Debian and Ubuntu install one of the packages {version}-venv, python3-venv or python3-pip "
        "(for example: sudo apt-get install python3-venv), then run this again."
    )


def install(pip: Command, extras: Sequence[str]) -> None:
    """Install the project in place, with pinned versions, into the environment."""
    project = f".[{','.join(extras)}]" if extras else "."
    # With pip itself: what was installed from outside can then be worked with from inside.
    command = [*pip, "install", "--quiet", "--constraint", "constraints.txt", "pip", "--editable", project]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise SetupError(
            f"pip could not install into {VENV}; what it said stands above.\n"
            "It needs the Python package index or a mirror of it (pip's own settings for index and proxy are used)."
        )


# --- what is run in it -----------------------------------------------------------------------------------------------


def run(command: Sequence[str]) -> int:
    """Run a command of the environment in the project's folder, and give its exit status."""
    try:
        status = subprocess.call(command, cwd=ROOT, env=clean_environment())
    except KeyboardInterrupt:
        return 130
    return status if status >= 0 else 128 - status


def demo() -> int:
    """Analyze the recorded incident."""
    python = ensure([])
    return run([str(python.with_name("bundle-analyze")), INCIDENT])


def test(arguments: Sequence[str]) -> int:
    """Run the tests on all cores; of options given twice pytest takes the last, so `-n 0` is one process again."""
    python = ensure(["test"])
    return run([str(python), "-m", "pytest", *in_parallel(cores()), *arguments])


def cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parallel(cores: int) -> list[str]:
    """What shares the tests out among processes; nothing where there is one core.

    Of pytest-xdist's ways to do so `worksteal` leaves neighbors together: they share what a module or a session made.
    """
    return ["-n", str(min(cores, MOST_PROCESSES)), "--dist", "worksteal"] if cores > 1 else []


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; 2 when the environment cannot be made or the command is not known."""
    command, *rest = arguments or [""]
    try:
        if command == "test":
            return test(rest)
        if command == "demo" and not rest:
            return demo()
        if command == "setup" and not rest:
            ensure(["docs", "lint", "test"])
            return 0
    except SetupError as error:
        say(f"error: {error}")
        return 2
    except OSError as error:
        say(f"error: cannot set up {VENV}: {error}")
        return 2
    say(USAGE)
    return 0 if command in {"-h", "--help"} else 2
