"""Folders and files that a backup needs for a while, and what a command that was killed left there.

They hold whole copies of a database: people too who have been erased since. Only what we made is
swept away, and only a day after: another command may be at work at this moment.
"""

from __future__ import annotations

import re
import shutil
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: No command takes so long.
LONG_AGO = timedelta(days=1)
#: Stands in each folder of ours: whatever else has such a name was not made by us.
_SIGN = "made-by-outreach-backup.txt"
_TOLD = "A command of Outreach works here. A day after it was killed the next one removes this.\n"
#: As tempfile names what it makes.
_DRAWN = "[a-z0-9_]{8}"


@contextmanager
def scratch_folder(place: Path, kind: str) -> Iterator[Path]:
    """Make a folder for a while, for its owner alone; older ones that were left are swept away."""
    _sweep_folders(place, kind)
    with TemporaryDirectory(dir=place, prefix=f".{kind}-") as name:
        folder = Path(name)
        (folder / _SIGN).write_text(_TOLD)
        yield folder


def _sweep_folders(place: Path, kind: str) -> None:
    for path in _left(place, rf"\.{kind}-{_DRAWN}"):
        if (path / _SIGN).is_file() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def sweep_files(place: Path, pattern: str) -> None:
    """Remove files of names that only we give, a day after they were written last."""
    for path in _left(place, pattern):
        if path.is_file() and not path.is_symlink():
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _left(place: Path, pattern: str) -> list[Path]:
    """List what was left there long ago; nothing where nobody may look."""
    until = time.time() - LONG_AGO.total_seconds()
    with suppress(OSError):
        named = [one for one in place.iterdir() if re.fullmatch(pattern, one.name)]
        return [one for one in named if one.lstat().st_mtime < until]
    return []
