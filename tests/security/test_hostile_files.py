"""Every door that takes a file refuses what is hostile, says why, keeps and fetches nothing."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func
from sqlmodel import SQLModel, select

from outreach.db import reading, unit_of_work
from outreach.logbook.tables import Evidence
from tests.security import doors, hostile_files
from tests.security.outside import CANARY, Outside, lying_outside
from tests.security.senders import SENDERS, Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from outreach.people.tables import Role
    from tests.security.senders import Told
    from tests.web.conftest import Visitor
    from tests.web.world import World

#: What says no more than that something is wrong.
GENERIC = (
    "Sebagian isian belum dapat dipakai. Mohon periksa kolom yang ditandai.",
    "Ini tidak berhasil.",
    "Ada gangguan di sistem kami.",
)
#: One of these stands in every Indonesian sentence of ours.
INDONESIAN = {
    "ini", "tidak", "bukan", "mohon", "yang", "belum", "paling", "kolom", "berkas", "atau", "di",
    "dan", "terlalu", "tak", "lembar",
}  # fmt: skip
SPECIAL: dict[str, tuple[str, ...]] = {
    "sheets": ("coordinator.upload_data", "coordinator.upload_plan"),
    "pictures": ("api.send_evidence",),
}


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with lying_outside(tmp_path) as found:
        yield found


@pytest.fixture
def desk(app: Flask, world: World, login_as: Callable[[Role], Visitor]) -> Desk:
    app.testing = False  # errors are answered, as in operation
    with unit_of_work(app.extensions["outreach"].engine) as db:
        db.delete(db.get_one(Evidence, world.own["evidence_id"]))  # room for another
    return Desk(app, world, login_as)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are laid, and nothing else is."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_every_door_has_somebody_who_knocks(app: Flask) -> None:
    assert doors.views(app) == set(SENDERS)


def stored(app: Flask) -> dict[str, int]:
    """How many rows every table has."""
    with reading(app.extensions["outreach"].engine) as db:
        tables = SQLModel.metadata.sorted_tables
        return {one.name: db.exec(select(func.count()).select_from(one)).one() for one in tables}


def is_clear(words: str) -> bool:
    """Whether a whole Indonesian sentence says more than that something is wrong."""
    for generic in GENERIC:
        words = words.replace(generic, "")
    return any(
        len(line.split()) >= 3 and INDONESIAN & set(line.lower().replace(".", " ").split())
        for line in words.split("\n")
    )


def faults(told: Told, name: str) -> list[str]:
    found = [] if told.is_refused else [f"{name}: taken ({told.status})"]
    if not is_clear(told.words):
        found.append(f"{name}: {told.status} says only {told.words[:200]!r}")
    if CANARY.encode() in told.raw:
        found.append(f"{name}: shows a file of the server")
    return found


@pytest.mark.parametrize("door", sorted(SENDERS))
def test_what_pretends_nests_explodes_or_reaches_outside_is_refused(
    door: str, desk: Desk, outside: Outside, scratch: Path
) -> None:
    before, found = stored(desk.app), []
    for name, content in hostile_files.pretending(outside).items():
        found += faults(SENDERS[door](desk, content, f"{name}.bin"), name)
    assert not found, "\n".join(found)
    assert stored(desk.app) == before
    assert outside.knocks == []
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("door", SPECIAL["sheets"])
def test_workbooks_that_are_larger_inside_are_refused(
    door: str, desk: Desk, outside: Outside
) -> None:
    before, found = stored(desk.app), []
    for name, content in hostile_files.sheets(outside).items():
        found += faults(SENDERS[door](desk, content, f"{name}.xlsx"), name)
    assert not found, "\n".join(found)
    assert stored(desk.app) == before
    assert outside.knocks == []


def test_pictures_that_are_larger_inside_are_refused(desk: Desk) -> None:
    before, found = stored(desk.app), []
    for name, content in hostile_files.pictures().items():
        found += faults(SENDERS["api.send_evidence"](desk, content, name), name)
    assert not found, "\n".join(found)
    assert stored(desk.app) == before


@pytest.mark.parametrize("door", sorted(SENDERS))
def test_what_is_larger_than_is_taken_is_refused_unread(door: str, desk: Desk) -> None:
    most = 34_000_000 if door == "admin_boundaries.upload" else 2_200_000
    told = SENDERS[door](desk, b"x" * most, "large.bin")
    assert told.is_refused
    assert is_clear(told.words), told.words
