"""Everybody's data go when their time is over, a little at a time, and not a day before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from outreach.campaigns.tables import Campaign, StageVillage
from outreach.config import Settings
from outreach.db import reading, unit_of_work
from outreach.logbook.forgetting import CODES, PICTURES
from outreach.logbook.tables import Evidence
from outreach.messages.tables import Message, MessageState
from outreach.people.officials import set_active
from outreach.people.tables import Device, Enrolment, Official
from outreach.safekeeping import retaining
from outreach.safekeeping.checking import check_database
from outreach.safekeeping.retaining import RULES, Periods, count_over, retain
from outreach.safekeeping.subject import ERASED
from outreach.villages.tables import Village
from outreach.visits.tables import Answer, ConfirmationLink, Visit, Work
from tasks.sweeper import retain_once
from tests.field import NOW
from tests.safekeeping.person import NAME, Somebody, settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine
    from sqlmodel import Session

    from tests.safekeeping.conftest import Installation

PERIODS = Periods()
#: The last campaign of the field ends on that day.
ENDS = datetime.combine(date(2026, 12, 31), time(), UTC)
MOMENT = timedelta(minutes=1)


@pytest.fixture
def somebody(installation: Installation) -> Somebody:
    found = settle(installation.engine, installation.field)
    with unit_of_work(installation.engine) as db:
        for message in db.scalars(select(Message)):
            message.state, message.settled_at = MessageState.SENT, NOW
        visit = installation.field.visits[installation.field.codes[0]]
        for answer in (None, Answer.NO, None):
            told: dict[str, Any] = {"visit_id": visit, "issued_at": NOW, "expires_at": NOW}
            db.add(ConfirmationLink(withdrawn_at=NOW, answer=answer, **told))
    return found


def gone(engine: Engine, now: datetime) -> dict[str, int]:
    """What is forgotten at a moment; what a dry run told of it before must be the same."""
    told = count_over(engine, PERIODS, now)
    assert retain(engine, PERIODS, now) == told
    return {name: rows for name, rows in told.items() if rows}


def test_each_kind_goes_when_its_time_is_over(
    installation: Installation, somebody: Somebody
) -> None:
    engine = installation.engine
    month, season, year = (timedelta(days=days) for days in (30, 90, 365))
    assert gone(engine, NOW + month - MOMENT) == {}
    # Of two links without an answer, and of codes from three days later, the newest stays.
    assert gone(engine, NOW + month) == {"links": 1}
    assert gone(engine, NOW + month + timedelta(days=3)) == {"codes": 1}
    assert gone(engine, NOW + season) == {"messages": 2}
    assert gone(engine, NOW + year) == {"devices": 1, "pictures": 2}
    assert gone(engine, ENDS + year) == {"officials": 2}
    assert gone(engine, ENDS + 2 * year) == {}
    with reading(engine) as db:
        assert {one.name for one in db.scalars(select(Official))} == {ERASED}
        messages = list(db.scalars(select(Message)))
        assert {one.official_id for one in messages} == {None}
        assert [one.dedupe_key for one in messages] == [f"forgotten-{one.id}" for one in messages]
        assert [one.answer for one in db.scalars(select(ConfirmationLink))] == [Answer.NO, None]
        assert db.scalar(select(func.max(col(Enrolment.id)))) == 2
        assert db.get_one(Device, somebody.device_id).revoked_at == NOW + year
        assert {one.content for one in db.scalars(select(Evidence))} == {b""}
    assert [one for one in check_database(engine) if one.broken] == []


def test_who_is_still_needed_stays(installation: Installation, somebody: Somebody) -> None:
    engine = installation.engine
    with unit_of_work(engine) as db:
        db.scalars(select(Campaign)).one().ends = date(2029, 1, 1)
        visit = db.get_one(Visit, installation.field.visits[somebody.village])
        visit.work = Work.AWAITING
    late = ENDS + timedelta(days=500)
    told = count_over(engine, PERIODS, late)
    assert (told["officials"], told["messages"], told["links"]) == (0, 0, 0)
    with unit_of_work(engine) as db:
        db.get_one(Official, somebody.other_id).term_ends = date(2026, 11, 1)
    assert gone(engine, late)["officials"] == 1
    with reading(engine) as db:
        assert db.get_one(Official, somebody.official_id).name == NAME


def test_whom_a_version_before_forgot_is_not_told_by_the_mark_either(
    installation: Installation, somebody: Somebody
) -> None:
    """It left the mark against sending twice, which holds the official's number."""
    with unit_of_work(installation.engine) as db:
        db.execute(update(Message).values(official_id=None, settled_at=None))
    assert gone(installation.engine, NOW) == {"messages": 2}
    with reading(installation.engine) as db:
        keys = list(db.scalars(select(col(Message.dedupe_key))))
    assert all(key.startswith("forgotten-") for key in keys)
    assert gone(installation.engine, NOW) == {}


@pytest.fixture
def unchosen(installation: Installation) -> str:
    """A village that no stage ever chose."""
    with reading(installation.engine) as db:
        chosen = select(col(StageVillage.village_code))
        found = db.scalar(select(col(Village.code)).where(col(Village.code).not_in(chosen)))
    assert found is not None
    return found


def official(engine: Engine, village: str, **told: Any) -> int:
    with unit_of_work(engine) as db:
        row = Official(village_code=village, name="Wagiman", position="Carik", **told)
        db.add(row)
        db.flush()
        return row.id or 0


def names(engine: Engine, *numbers: int) -> list[str]:
    with reading(engine) as db:
        return [db.get_one(Official, number).name for number in numbers]


def test_who_left_by_the_button_goes_a_year_later(
    installation: Installation, unchosen: str
) -> None:
    engine, year = installation.engine, timedelta(days=365)
    left, serves = official(engine, unchosen), official(engine, unchosen)
    with unit_of_work(engine) as db:
        by = installation.field.coordinator
        set_active(db, left, is_active=False, version=1, by=by, now=NOW)
    assert gone(engine, NOW + year - timedelta(days=1)).get("officials") is None
    assert gone(engine, NOW + year)["officials"] == 1
    assert names(engine, left, serves) == [ERASED, "Wagiman"]


def test_who_left_nobody_knows_when_goes_a_year_after_that_is_seen(
    installation: Installation, unchosen: str
) -> None:
    """By a version that noted no day, or whose day somebody took out again or put off."""
    engine, year, today = installation.engine, timedelta(days=365), NOW.date()
    later = today + timedelta(days=900)
    gone_ones = [
        official(engine, unchosen, is_active=False),
        official(engine, unchosen, is_active=False, term_ends=later),
    ]
    to_come = official(engine, unchosen, is_active=False, term_starts=later)
    known = official(engine, unchosen, is_active=False, term_ends=today - timedelta(days=9))
    assert count_over(engine, PERIODS, NOW)["officials"] == 0
    for now in (NOW, NOW + timedelta(days=30)):
        retain(engine, PERIODS, now)
    with reading(engine) as db:
        ends = {one.id: one.term_ends for one in db.scalars(select(Official))}
    assert ends == {
        **dict.fromkeys(gone_ones, today), to_come: None, known: today - timedelta(days=9),
    }  # fmt: skip
    assert gone(engine, NOW + year)["officials"] == 3
    assert names(engine, *gone_ones, known, to_come) == [ERASED] * 3 + ["Wagiman"]


def test_it_is_done_a_little_at_a_time(
    installation: Installation, somebody: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retaining, "MOST_ROWS", 1)
    units: list[int] = []
    forget = RULES["officials"].forget

    def counted(db: Session, ids: Sequence[int], now: datetime) -> None:
        units.append(len(ids))
        forget(db, ids, now)

    monkeypatch.setitem(RULES, "officials", replace(RULES["officials"], forget=counted))
    assert gone(installation.engine, ENDS + timedelta(days=365))["officials"] == 2
    assert units == [1, 1]


def test_the_sweeper_does_it_by_the_settings(
    installation: Installation, somebody: Somebody
) -> None:
    settings = Settings(_env_file=None, retain_messages_days=200)
    periods = Periods(**settings.retained_days)
    assert Periods(**Settings(_env_file=None).retained_days) == PERIODS
    assert settings.retained_days.keys() == RULES.keys()
    for days, named in ((199, 2), (200, 0)):
        retain_once(installation.engine, NOW + timedelta(days=days), periods)
        with reading(installation.engine) as db:
            query = select(Message).where(col(Message.official_id).is_not(None))
            assert len(list(db.scalars(query))) == named


def test_no_setting_keeps_longer_than_what_is_forgotten_anyway() -> None:
    fields = Settings.model_fields
    assert fields["retain_pictures_days"].metadata[1].le == PICTURES.days
    assert fields["retain_codes_days"].metadata[1].le == CODES.days
