"""Set up `.venv` beside this project and run something in it; needs nothing but Python.

    python3 tools/run.py demo         analyze the recorded incident in fixtures/
    python3 tools/run.py test         run the tests on all cores; what follows is passed to pytest
    python3 tools/run.py setup        only set up, with everything that tests and linters need

The system's own Python is never touched. This file keeps to old syntax, so that a Python that is too old can say so.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWEST_NAME_TRIED = 19


def newer_python():
    # type: () -> str | None
    """Find a Python on PATH that is new enough, where `python3` is not."""
    question = "import sys; sys.exit(sys.version_info < %r)" % (OLDEST,)
    for minor in range(NEWEST_NAME_TRIED, OLDEST[1] - 1, -1):
        path = shutil.which("python3.%d" % minor)
        # Asked, not trusted: a version manager's stand-in for a version that is not selected fails here.
        if path and subprocess.call([path, "-c", question], stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def too_old():
    # type: () -> int
    """Hand over to a newer Python, or say what is missing."""
    wanted, have = "%d.%d" % OLDEST, "%d.%d.%d" % sys.version_info[:3]
    newer = newer_python()
    if newer:
        sys.stderr.write("python3 is %s, too old; going on with %s\n" % (have, newer))
        sys.stderr.flush()
        return subprocess.call([newer] + sys.argv)
    sys.stderr.write(
        "error: this needs Python %s or newer, and python3 here is %s (%s).\n"
        "Install a newer Python beside it (for example the package python%s) and run: python%s %s\n"
        % (wanted, have, sys.executable, wanted, wanted, " ".join(sys.argv))
    )
    return 2


def main():
    # type: () -> int
    """Run the command line in a Python that is new enough."""
    if sys.version_info < OLDEST:
        return too_old()
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from tools.environment import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
