"""Where the processes of one web server keep their metrics, so that any of them can tell of all."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from outreach.config import Settings

#: The library reads it as it is imported, and counts in files from then on.
_TOLD_BY = "PROMETHEUS_MULTIPROC_DIR"
#: The number that no process has: what those counted that are gone.
_GONE = 0


def folder_for(settings: Settings) -> Path:
    """Name the folder of one web server: two on one machine count apart."""
    return settings.var_dir.resolve() / "metrics" / str(settings.port)


def setting_of(folder: Path) -> str:
    """Write the setting by which a process counts below *folder*, for its environment."""
    return f"{_TOLD_BY}={folder}"


def begin_anew(folder: Path) -> None:
    """Forget what an earlier server counted: counters begin at zero as it starts."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def counted_in() -> Path | None:
    """Tell where the processes of this server count; None where a process counts for itself."""
    told = os.environ.get(_TOLD_BY)
    return Path(told) if told else None


@contextmanager
def reading_files(folder: Path) -> Iterator[None]:
    """Keep the files as they are while they are read: no process is added to those gone."""
    with _held(folder, fcntl.LOCK_SH):
        yield


def add_to_gone(folder: Path, pid: int) -> None:
    """Add what a process counted that has ended to that of all before it; its files go away."""
    from prometheus_client import mmap_dict  # noqa: PLC0415 - reads where to count

    values_in: Any = mmap_dict.MmapedDict  # untyped

    with _held(folder, fcntl.LOCK_EX):
        for file in folder.glob(f"*_{pid}.db"):
            gone = values_in(str(file.with_name(file.name.replace(f"_{pid}.db", f"_{_GONE}.db"))))
            for key, value, _when, _at in values_in.read_all_values_from_file(str(file)):
                gone.write_value(key, gone.read_value(key)[0] + value, 0.0)
            gone.close()
            file.unlink()


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield
