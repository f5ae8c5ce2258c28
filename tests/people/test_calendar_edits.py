"""Rules of the calendar and announced feasts, as two people set them on either database."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING

import pytest

from outreach.db import reading, unit_of_work
from outreach.errors import Conflict, Invalid, NotAllowed, NotFound
from outreach.people.access import Person
from outreach.people.calendar_edits import (
    AnnouncedIn,
    RuleIn,
    announce,
    feast_known,
    own_rules,
    reset_rule,
    set_rule,
    stored_rule,
    withdraw,
)
from outreach.people.tables import Role
from outreach.planning.feasts import Feast
from outreach.villages.tables import CalendarLayer, Effect
from tests import builders
from tests.at_once import at_once, wait_for_the_other

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

SOLO, LAWEYAN = "33.72", "33.72.01"
COORDINATOR = Person(1, "Wening", Role.COORDINATOR, (SOLO,), 1)
NATIONAL = Person(2, "Rangga", Role.MANAGER, ("",))
FEAST = (Feast.IDUL_FITRI, 2027, 1)
SOFT = RuleIn(effect=Effect.SOFT, weight_minutes=20, source="Rapat cabang")
TOLD = AnnouncedIn(starts=date(2027, 3, 11), ends=date(2027, 3, 12), source="Sidang isbat")


def test_a_rule_is_set_changed_and_taken_back(db: Session) -> None:
    builders.branch(db)
    row = set_rule(db, LAWEYAN, CalendarLayer.HARVEST, SOFT, version=0, by=COORDINATOR)
    first = row.version
    changed = SOFT.model_copy(update={"weight_minutes": 30})
    set_rule(db, LAWEYAN, CalendarLayer.HARVEST, changed, version=first, by=COORDINATOR)
    assert (row.weight_minutes, row.version) == (30, first + 1)
    with pytest.raises(Conflict) as refusal:
        set_rule(db, LAWEYAN, CalendarLayer.HARVEST, SOFT, version=first, by=COORDINATOR)
    assert refusal.value.facts["theirs"] == {"weight_minutes": 30}
    assert [one.region_code for one in own_rules(db, COORDINATOR)] == [LAWEYAN]
    reset_rule(db, LAWEYAN, CalendarLayer.HARVEST, by=COORDINATOR)
    db.flush()
    assert stored_rule(db, LAWEYAN, CalendarLayer.HARVEST) is None
    with pytest.raises(NotFound):
        reset_rule(db, LAWEYAN, CalendarLayer.HARVEST, by=COORDINATOR)


def test_a_form_from_before_a_reset_overwrites_nothing_that_was_set_since(db: Session) -> None:
    builders.branch(db)
    shown = set_rule(db, LAWEYAN, CalendarLayer.HARVEST, SOFT, version=0, by=COORDINATOR).version
    reset_rule(db, LAWEYAN, CalendarLayer.HARVEST, by=COORDINATOR)
    db.flush()
    since = SOFT.model_copy(update={"weight_minutes": 45})
    row = set_rule(db, LAWEYAN, CalendarLayer.HARVEST, since, version=0, by=COORDINATOR)
    with pytest.raises(Conflict):
        set_rule(db, LAWEYAN, CalendarLayer.HARVEST, SOFT, version=shown, by=COORDINATOR)
    assert row.weight_minutes == 45
    told = announce(db, *FEAST, TOLD, version=0, by=NATIONAL).version
    db.flush()
    withdraw(db, *FEAST, by=NATIONAL)
    db.flush()
    announce(db, *FEAST, TOLD, version=0, by=NATIONAL)
    db.flush()
    with pytest.raises(Conflict):
        announce(db, *FEAST, _until(13), version=told, by=NATIONAL)


@pytest.mark.parametrize("region", ["", "33", "33.11", "99.99"])
def test_nobody_reaches_beyond_their_area(db: Session, region: str) -> None:
    builders.branch(db)
    with pytest.raises(NotFound):
        set_rule(db, region, CalendarLayer.HARVEST, SOFT, version=0, by=COORDINATOR)
    assert own_rules(db, NATIONAL) == []


def test_what_does_not_belong_to_a_layer_is_not_kept(db: Session) -> None:
    builders.branch(db)
    given = SOFT.model_copy(update={"months": [1], "weekdays": [2]})
    row = set_rule(db, SOLO, CalendarLayer.HARVEST, given, version=0, by=COORDINATOR)
    assert (row.months, row.weekdays) == ([], [])
    with pytest.raises(NotFound):
        set_rule(db, SOLO, CalendarLayer.FRIDAY, SOFT, version=0, by=COORDINATOR)


def test_a_feast_is_announced_corrected_and_withdrawn(db: Session) -> None:
    row = announce(db, *FEAST, TOLD, version=0, by=NATIONAL)
    db.flush()
    later = TOLD.model_copy(update={"ends": date(2027, 3, 13)})
    with pytest.raises(Conflict):
        announce(db, *FEAST, later, version=0, by=NATIONAL)
    first = row.version
    announce(db, *FEAST, later, version=first, by=NATIONAL)
    assert (row.ends, row.version) == (date(2027, 3, 13), first + 1)
    db.flush()
    withdraw(db, *FEAST, by=NATIONAL)
    db.flush()
    with pytest.raises(NotFound):
        withdraw(db, *FEAST, by=NATIONAL)


def test_of_two_who_announce_at_once_the_second_is_told(engine: Engine) -> None:
    with unit_of_work(engine) as db:
        shown = announce(db, *FEAST, TOLD, version=0, by=NATIONAL).version

    is_written, is_through = threading.Event(), threading.Event()

    def first() -> None:
        with unit_of_work(engine) as db:
            announce(db, *FEAST, _until(13), version=shown, by=NATIONAL)
            db.flush()
            is_written.set()
            wait_for_the_other(engine, is_through)

    def second() -> None:
        is_written.wait(30)
        try:
            with pytest.raises(Conflict), unit_of_work(engine) as db:
                announce(db, *FEAST, _until(14), version=shown, by=NATIONAL)
        finally:
            is_through.set()

    at_once(first, second)
    with reading(engine) as db:
        assert feast_known(db, *FEAST).ends == date(2027, 3, 13)


def _until(day: int) -> AnnouncedIn:
    return TOLD.model_copy(update={"ends": date(2027, 3, day)})


def test_announcements_need_the_nation_a_known_feast_and_near_days(db: Session) -> None:
    with pytest.raises(NotAllowed):
        announce(db, *FEAST, TOLD, version=0, by=COORDINATOR)
    with pytest.raises(NotFound):
        announce(db, Feast.IDUL_FITRI, 2027, 2, TOLD, version=0, by=NATIONAL)
    far = TOLD.model_copy(update={"ends": date(2027, 3, 30)})
    with pytest.raises(Invalid) as refusal:
        announce(db, *FEAST, far, version=0, by=NATIONAL)
    assert refusal.value.facts["problems"] == {"ends": ["far_from_computed"]}
