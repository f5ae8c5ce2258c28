"""The branches beside Surakarta: each lived through its weeks as its tale has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from outreach.campaigns.tables import Campaign, Stage, Status
from outreach.db import unit_of_work
from outreach.demonstration.branches import AMBON, JAYAPURA, OTHERS, TASIKMALAYA
from outreach.demonstration.cast import BRANCH, Cast, engage
from outreach.demonstration.elsewhere import tell_of_others
from outreach.logbook.tables import LedgerEntry, SessionReport
from outreach.people.access import Person, person_of
from outreach.people.tables import Account, Branch, BranchRegency, Device, Role, Team
from outreach.progress.board import Asked, Board, board
from outreach.progress.board_rows import BoardRow, By, Schedule
from outreach.progress.board_targets import targets_of_branches
from outreach.progress.scope import scope_for
from outreach.progress.tables import Sponsorship
from outreach.villages.tables import Zone
from outreach.visits.approval import approved_of
from outreach.visits.standing import waiting_for
from outreach.visits.tables import Stay, Visit, Work
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from outreach.demonstration.tales import Tale

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
#: Days on which much is closed lie behind: Ramadan, Nyepi and the week of Idul Fitri.
AFTER_THE_FEAST = datetime(2027, 3, 25, 3, tzinfo=UTC)


def load(engine: Engine, tales: Sequence[Tale]) -> None:
    codes = [code for tale in tales for code in tale.branch.regency_codes]
    builders.load_small_registry(engine, (*BRANCH.regency_codes, *codes))


def tell(db: Session, tales: Sequence[Tale], now: datetime = NOW) -> Cast:
    """Tell of these branches alone; Surakarta is there and has not begun."""
    today = now.astimezone(ZoneInfo(Zone.WIB)).date()
    told = {"secret": "k" * 40, "now": now, "today": today}
    cast = engage(db, **told)  # type: ignore[arg-type]
    tell_of_others(db, tales, cast, tell=lambda *_, **__: None, **told)  # type: ignore[arg-type]
    db.flush()
    return cast


def rows_of(db: Session, person: Person, now: datetime = NOW) -> tuple[Board, dict[str, BoardRow]]:
    """The board by branch as the person sees it, and its rows by the branch's name."""
    today = now.astimezone(ZoneInfo(Zone.WIB)).date()
    served = db.exec(select(BranchRegency)).all()
    branches = {one.regency_code: str(one.branch_id) for one in served}
    asked = Asked(scope_for(person), By.BRANCH, branches, {})
    found = board(db, asked, targets_of_branches(db, today), today=today, now=now)
    names = {str(one.id): one.name for one in db.exec(select(Branch))}
    return found, {names[row.key]: row for row in found.rows if row.key in names}


def meant(tale: Tale) -> Schedule:
    """Where a tale wants its branch to stand."""
    if tale.helped:
        return Schedule.AHEAD
    is_hindered = tale.lost_every or tale.idle or tale.silent_days
    return Schedule.BEHIND if is_hindered else Schedule.ON_SCHEDULE


def test_the_nation_is_alive_each_branch_as_its_tale_has_it(sqlite_engine: Engine) -> None:
    load(sqlite_engine, OTHERS)
    with unit_of_work(sqlite_engine) as db:
        cast = tell(db, OTHERS)
        found, rows = rows_of(db, cast.manager)
        for tale in OTHERS:
            row = rows[tale.branch.name]
            assert row.figures.schedule is meant(tale), tale.branch.name
            assert row.figures.planned > row.figures.expected > 0
            assert row.figures.sessions > 30
            assert 0 < row.figures.paid < row.figures.signups
            assert sum(1 for signups in row.weekly_signups if signups) > 5
            assert row.figures.phones == len(tale.phones)
        standings = [row.figures.schedule for row in rows.values()]
        assert all(standings.count(one) >= 2 for one in (Schedule.AHEAD, Schedule.ON_SCHEDULE))
        won = [found.recoverable.get(row.key, 0) for row in found.rows]
        assert won == sorted(won, reverse=True)
        assert len(set(won)) > len(OTHERS) - 2
        assert found.whole.figures.flagged
        assert found.whole.figures.disputed
        _check_what_stands_behind(db, cast)
        _check_stays(db, (AMBON, JAYAPURA))


def _check_stays(db: Session, tales: Sequence[Tale]) -> None:
    """Look at the stays with a coordinator's eyes: whose they are, and that nobody sits idle."""
    found: Any = (
        select(Stay, Branch.name)
        .join(Stage, col(Stage.id) == col(Stay.stage_id))
        .join(Branch, col(Branch.id) == col(Stage.branch_id))
    )
    rows = db.execute(found).all()
    assert {name for _, name in rows} == {tale.branch.name for tale in tales}
    for stay, name in rows:
        nights = (stay.ends - stay.starts).days
        away = len(stay.travel_days) + len(stay.session_days)
        assert len(stay.travel_days) == 2 <= len(stay.session_days), name
        assert nights + 1 - away <= 3, name
        visits = db.exec(select(Visit).where(Visit.stay_id == stay.id)).all()
        assert len(visits) > len(stay.session_days), name


def _check_what_stands_behind(db: Session, cast: Cast) -> None:
    branches = db.exec(select(Branch)).all()
    assert len({one.regional_office for one in branches}) > 5
    assert {zone for (zone,) in db.execute(select(col(Visit.zone)).distinct())} == set(Zone)
    (waiting,) = waiting_for(db, cast.manager)
    for stage in db.exec(select(Stage)):
        assert (approved_of(db, stage.id or 0) is None) == (stage.id == waiting.stage_id)
        assert (stage.status is Status.CLOSED) == (stage.ends < NOW.date())
    (campaign,) = db.exec(select(Campaign))
    assert campaign.branch_id is None
    for kind in (Branch, Campaign, Account, Sponsorship):
        marks: Any = select(col(kind.is_demo)).distinct()
        assert db.scalars(marks).all() == [True]
    assert all((one.last_seen_at or NOW) > one.enrolled_at for one in db.exec(select(Device)))
    assert db.exec(select(LedgerEntry).where(col(LedgerEntry.paid_1) > 0)).first()


def test_after_the_feast_it_stands_as_told(engine: Engine) -> None:
    now = AFTER_THE_FEAST
    tales = (TASIKMALAYA, AMBON, JAYAPURA)
    load(engine, tales)
    with unit_of_work(engine) as db:
        cast = tell(db, tales, now)
        _, rows = rows_of(db, cast.manager, now)
        for tale in tales:
            assert rows[tale.branch.name].figures.schedule is meant(tale)
        _check_stays(db, (AMBON, JAYAPURA))
        # What is behind stopped for the sea's sake, and says so.
        put_off = select(Visit.id).where(Visit.work == Work.POSTPONED)
        assert db.exec(put_off).first()
        reports = db.exec(select(SessionReport)).all()
        assert max(one.received_at for one in reports) < now
        assert min(one.held_on for one in reports) < now.date() - timedelta(90)


def test_told_twice_it_is_the_same_story(sqlite_engine: Engine) -> None:
    load(sqlite_engine, (TASIKMALAYA,))

    def told() -> list[Any]:
        with Session(sqlite_engine) as db:
            tell(db, (TASIKMALAYA,))
            visits: Any = select(
                col(Visit.village_code), col(Visit.day), col(Team.name), col(Visit.work)
            ).join(Team, col(Team.id) == col(Visit.team_id))
            reports: Any = select(
                col(SessionReport.id), col(SessionReport.signups), col(SessionReport.paid)
            )
            return sorted(map(tuple, [*db.execute(visits), *db.execute(reports)]), key=str)

    first = told()
    assert len(first) > 200
    assert told() == first


def test_the_coordinator_of_another_branch_sees_that_branch_alone(sqlite_engine: Engine) -> None:
    load(sqlite_engine, (JAYAPURA, AMBON))
    with unit_of_work(sqlite_engine) as db:
        tell(db, (JAYAPURA, AMBON))
        where = (Account.role == Role.COORDINATOR, Account.login == AMBON.coordinator.login)
        person = person_of(db, db.exec(select(Account.id).where(*where)).one() or 0)
        assert person is not None
        assert person.zone is Zone.WIT
        _, rows = rows_of(db, person)
        assert set(rows) == {AMBON.branch.name}
        assert waiting_for(db, person) == []


def test_without_other_branches_there_is_no_campaign_of_the_nation(sqlite_engine: Engine) -> None:
    load(sqlite_engine, ())
    with unit_of_work(sqlite_engine) as db:
        tell(db, ())
        assert db.exec(select(Campaign)).all() == []
