"""Where a real Chromium is on this machine; `python -m tests.browser` installs one if it can."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: Flags that keep the browser quiet on a machine without a screen or the outside world.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
)


def find_chromium() -> str | None:
    """Find the program: CHROMIUM names it, else one that stands on the path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def _install() -> None:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (root and shutil.which("apt-get")):
        return
    print("==> Installing Chromium for the tests that drive a browser", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "chromium", "fonts-liberation"]):
        subprocess.run(["apt-get", *words], env=environment, stdout=subprocess.DEVNULL, check=False)


def main() -> None:
    if find_chromium() is None:
        _install()
    if find_chromium() is None:
        print(
            "==> No Chromium here and none could be installed: the tests that drive a browser"
            " will be SKIPPED. Install one, or name it: CHROMIUM=/path make test",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
