"""What stood in a sheet about people is kept no longer than somebody needs it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict
from outreach.people.identity import HIDDEN
from outreach.sheets.forgetting import UNDO_DAYS, WAITING_DAYS, forget_old
from outreach.sheets.registry import KINDS
from outreach.sheets.staging import context_of, undo_upload
from outreach.sheets.tables import SheetKind, Upload, UploadState
from tasks.sweeper import forget_once
from tests.sheets.desk import staged
from tests.sheets.keeping_house import NOW, PAJANG, House, build

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.sheets.keeping_house import Told

GOOD = {"code": PAJANG, "name": "Sri Lestari", "position": "Lurah", "phone": "0812 3456 7890"}
WRONG = {"code": PAJANG, "name": "Bambang", "position": "", "phone": "0899 8888 7777"}


@pytest.fixture
def house(engine: Engine) -> House:
    return build(engine)


def kept(house: House) -> str:
    """All that uploads hold."""
    with reading(house.engine) as db:
        return json.dumps([[u.rows, u.changes, u.undo] for u in db.exec(select(Upload))])


def state(house: House) -> UploadState:
    with reading(house.engine) as db:
        return db.exec(select(Upload)).one().state


def sent(house: House, *rows: dict[str, Any]) -> Told:
    return house.upload(SheetKind.OFFICIALS, *rows)


def test_what_was_applied_keeps_the_refused_rows_and_undoing_forgets_all(house: House) -> None:
    told = sent(house, GOOD, WRONG).apply_the_rest()
    with reading(house.engine) as db:
        (row,) = told.stored(db).rows
        assert row["given"]["name"] == "Bambang"
    told.undo()
    assert kept(house) == "[[[], [], []]]"


def test_discarding_forgets_all(house: House) -> None:
    sent(house, GOOD, WRONG).discard()
    assert kept(house) == "[[[], [], []]]"


def test_what_was_applied_can_be_undone_for_a_month_and_is_forgotten_then(house: House) -> None:
    told = sent(house, GOOD, WRONG).apply_the_rest()
    later = NOW + timedelta(days=UNDO_DAYS)
    with unit_of_work(house.engine) as db:
        assert forget_old(db, later - timedelta(minutes=1)) == 0
        assert told.stored(db).undo
    with unit_of_work(house.engine) as db:
        ctx = context_of(db, house.coordinator, house.branch_id, now=later)
        version = told.stored(db).version
        with pytest.raises(Conflict, match="too_old_to_undo"):
            undo_upload(db, told.upload_id, version, ctx)
    with unit_of_work(house.engine) as db:
        assert forget_old(db, later) == 1
    assert kept(house) == "[[[], [], []]]"
    assert state(house) is UploadState.APPLIED
    with unit_of_work(house.engine) as db:
        assert forget_old(db, later + timedelta(days=9)) == 0


def test_what_nobody_applied_is_discarded_after_a_week(house: House) -> None:
    told = sent(house, GOOD, WRONG)
    later = NOW + timedelta(days=WAITING_DAYS)
    with unit_of_work(house.engine) as db:
        assert forget_old(db, later - timedelta(minutes=1)) == 0
    forget_once(house.engine, later)
    assert (state(house), kept(house)) == (UploadState.DISCARDED, "[[[], [], []]]")
    with pytest.raises(Conflict, match="upload_settled"):
        told.apply_the_rest()


def test_a_file_named_after_an_identity_number_is_kept_without_it(house: House) -> None:
    content = b"code;name;position\n33.72.01.1001;Sri;Lurah"
    with unit_of_work(house.engine) as db:
        named = "C:\\Sri 3372011234560001.csv"
        upload = staged(db, KINDS[SheetKind.OFFICIALS], content, named, house.context(db))
        assert upload.file_name == HIDDEN
