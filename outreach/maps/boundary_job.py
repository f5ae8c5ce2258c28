"""Draws the map with new borders in a process of its own: it takes many seconds of both hands.

The web starts it and goes on answering; how far it is stands in a file beside the draft. Nothing
but the folder of the maps is needed: no database, no key.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from outreach.errors import Conflict
from outreach.maps.apart import ENVIRONMENT
from outreach.maps.artefacts import Store, write_whole
from outreach.maps.boundary_keeping import apply_draft, drawing, require_draft
from outreach.maps.columns import Places
from outreach.villages.coast import load_coast

if TYPE_CHECKING:
    from typing import Any, BinaryIO

CPU_SECONDS = 600
MEMORY_BYTES = 3 * 1024 * 1024 * 1024
#: So long a process may take until it holds the folder.
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the drawing is; `failed` if it ended without the map."""

    step: str
    done: int
    of: int
    failed: bool = False


def start(store: Store, stamp: str, places: Places) -> None:
    """Begin to draw the draft *stamp* in the background.

    Raises
    ------
    Conflict
        If the map is being drawn already, or another draft waits meanwhile.
    """
    with drawing(store):
        if _is_starting(_told(store)):
            raise Conflict(problem="borders_being_drawn")
        require_draft(store, stamp)
        with _aside(store, "places.npz") as file:
            np.savez(
                file,
                codes=places.codes,
                latitudes=places.latitudes,
                longitudes=places.longitudes,
                approximate=places.approximate,
            )
        _tell(store, "start", 0, 8)
    command = [sys.executable, "-m", __name__, str(store.folder.resolve()), stamp]
    process = subprocess.Popen(  # noqa: S603 - our own module; a folder and a hash of ours
        command,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=process.wait, daemon=True).start()  # so that its end is noted


def standing(store: Store) -> Standing | None:
    """Tell how far the drawing is; none if nothing is being drawn and nothing went wrong."""
    told = _told(store)
    if told is None:
        return None
    failed = told["step"] == "failed" or not (_is_starting(told) or _is_drawing(store))
    return Standing(told["step"], told["done"], told["of"], failed)


def _told(store: Store) -> dict[str, Any] | None:
    path = store.folder / "boundaries" / "progress.json"
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return told


def _is_starting(told: dict[str, Any] | None) -> bool:
    """Whether a process may be on its way that does not hold the folder yet."""
    if told is None or told["step"] == "failed":
        return False
    return bool(time.time() - told["at"] < _START_SECONDS)


def clear(store: Store) -> None:
    """Forget how far an earlier drawing came."""
    (store.folder / "boundaries" / "progress.json").unlink(missing_ok=True)


def _is_drawing(store: Store) -> bool:
    try:
        with drawing(store):
            return False
    except Conflict:
        return True


def _aside(store: Store, name: str) -> BinaryIO:
    folder = store.folder / "boundaries"
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / name).open("wb")


def _tell(store: Store, step: str, done: int, of: int) -> None:
    told = {"step": step, "done": done, "of": of, "at": time.time()}
    write_whole(store.folder / "boundaries" / "progress.json", json.dumps(told).encode())


def main(folder: str, stamp: str) -> None:
    """Draw, and tell how far it is."""
    store = Store(Path(folder))
    try:
        with np.load(store.folder / "boundaries" / "places.npz") as kept:
            places = Places(**kept)
        apply_draft(
            store, stamp, places, load_coast(), lambda step, n, of: _tell(store, step, n, of)
        )
    except BaseException:
        _tell(store, "failed", 0, 8)
        raise
    clear(store)


if __name__ == "__main__":
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    main(*sys.argv[1:3])
