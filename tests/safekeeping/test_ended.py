"""Who is told to end leaves no copy of the data behind; what the killed left goes a day later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url, text

from outreach.safekeeping.leftovers import LONG_AGO, scratch_folder
from tests.safekeeping.conftest import KEY, beside_names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.safekeeping.conftest import Installation

#: The command line as a terminal starts it, which stands still in the midst of it. Whoever runs
#: the tests may have them outlive the terminal, and with them all that they start.
_HELD = """
import signal, time
from outreach.cli import main
from outreach.safekeeping import backup, checking

def hold(*_):
    print("held", flush=True)
    time.sleep(120)

setattr({module}, {name!r}, hold)
signal.signal(signal.SIGHUP, signal.{hung_up})
main()
"""
_DAY = LONG_AGO.total_seconds()


def files(at: Installation) -> list[str]:
    return sorted(str(one) for one in at.file.parent.rglob("*"))


@pytest.mark.parametrize(
    ("words", "module", "name"),
    [
        (("make", "{}.second"), "backup", "version"),
        (("restore", "--replace", "{}"), "backup", "erase_again"),
        (("drill",), "checking", "check_database"),
    ],
    ids=["make", "restore", "drill"],
)
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_leaves_nothing(
    installation: Installation, words: tuple[str, ...], module: str, name: str, told: signal.Signals
) -> None:
    at = installation
    at.make()
    at.engine.dispose()
    before = files(at)
    script = _HELD.format(module=module, name=name, hung_up="SIG_DFL")
    called = [sys.executable, "-c", script, "backup", *(one.format(at.file) for one in words)]
    with subprocess.Popen(called, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert "held\n" in process.stdout
            # A whole copy stands there, as a file or as a database.
            assert files(at) != before or beside_names(at.url) != []
            process.send_signal(told)
            assert process.wait(60) == 128 + told
        finally:
            process.kill()
    assert files(at) == before
    assert beside_names(at.url) == []


def test_who_is_to_outlive_the_terminal_does(installation: Installation) -> None:
    at = installation
    at.engine.dispose()
    script = _HELD.format(module="backup", name="version", hung_up="SIG_IGN")
    called = [sys.executable, "-c", script, "backup", "make", str(at.file)]
    with subprocess.Popen(called, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert "held\n" in process.stdout
            process.send_signal(signal.SIGHUP)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(2)
        finally:
            process.terminate()
    assert process.returncode == 128 + signal.SIGTERM


def test_the_exchange_is_done_whole_before_it_ends(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the data of the backup would stand there with another key."""
    at = installation
    at.make()
    (at.folder / "secret").write_text("another key, made here since")
    keeper = type(at.keeper)
    take_place = keeper.take_place

    def told_meanwhile(*given: object, **more: bool) -> str:
        kept: str = take_place(*given, **more)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGTERM)
        return kept

    monkeypatch.setattr(keeper, "take_place", told_meanwhile)
    done = at.call("backup", "restore", "--replace", str(at.file))
    assert done.exit_code == 128 + signal.SIGTERM
    assert at.beside.key == KEY
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def grow_old(path: Path) -> None:
    os.utime(path, (time.time() - _DAY - 60,) * 2)


def killed(place: Path, kind: str) -> Path:
    """Leave a folder as a command does that was killed."""
    folder = scratch_folder(place, kind)
    path = folder.__enter__()
    (path / "database.sqlite").write_bytes(b"everybody")
    content = {one.name: one.read_bytes() for one in path.iterdir()}
    folder.__exit__(None, None, None)
    path.mkdir(mode=0o700)
    for name, told in content.items():
        (path / name).write_bytes(told)
    return path


@pytest.mark.parametrize(("kind", "words"), [("backup", ("make", "{}")), ("drill", ("drill",))])
def test_folders_that_were_left_go_a_day_later(
    installation: Installation, kind: str, words: tuple[str, ...]
) -> None:
    at = installation
    place = at.file.parent if kind == "backup" else at.folder
    old, young = killed(place, kind), killed(place, kind)
    others = place / f".{kind}-20261101", place / f"{old.name}-mine"
    for other in others:
        other.mkdir()
        (other / "database.sqlite").write_bytes(b"somebody's own")
    (place / f".{kind}-linked_1").symlink_to(young)
    for path in (old, *others):
        grow_old(path)
    done = at.call("backup", *(one.format(at.file) for one in words))
    assert done.exit_code == 0, done.output
    assert not old.exists()
    assert all((one / "database.sqlite").is_file() for one in (young, *others))


@pytest.mark.parametrize("season", ["sqlite"], indirect=True)
@pytest.mark.parametrize("words", [("make", "{}.second"), ("restore", "--replace", "{}")])
def test_files_that_were_left_go_a_day_later(
    installation: Installation, words: tuple[str, ...]
) -> None:
    at = installation
    at.make()
    at.engine.dispose()
    place, name = at.file.parent, "outreach.sqlite"
    old = [place / f"{name}.beside-0123abcd{ending}" for ending in ("", "-wal", "-shm")]
    young = place / f"{name}.beside-4567abcd"
    others = [
        place / other
        for other in (f"{name}.beside-mine", f"{name}.before-20261101-000000", "b.beside-0123abcd")
    ]
    for path in (*old, young, *others):
        path.write_bytes(b"everybody")
    for path in (*old, *others):
        grow_old(path)
    done = at.call("backup", *(one.format(at.file) for one in words))
    assert done.exit_code == 0, done.output
    assert [one for one in old if one.exists()] == []
    assert [one for one in (young, *others) if not one.exists()] == []


@pytest.mark.parametrize(
    "season", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
@pytest.mark.parametrize("words", [("make", "{}.second"), ("drill", "{}")])
def test_databases_that_were_left_go_a_day_later(
    installation: Installation, words: tuple[str, ...]
) -> None:
    at = installation
    at.make()
    begins = f"{make_url(at.url).database}_beside_"
    old, young = (f"{begins}{int(time.time() - ago):08x}0123abcd" for ago in (_DAY + 60, 60))
    used = f"{old[:-8]}4567abcd"
    others = [f"{begins}mine", f"{begins}0123abcd"]
    with at.engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        for name in (old, young, used, *others):
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    inside = create_engine(make_url(at.url).set(database=used))
    with inside.connect():
        done = at.call("backup", *(one.format(at.file) for one in words))
    inside.dispose()
    assert done.exit_code == 0, done.output
    assert beside_names(at.url) == sorted([young, used, *others])
