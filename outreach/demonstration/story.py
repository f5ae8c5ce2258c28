"""The story of the demonstration: three stages, told through the product's own acts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from outreach.campaigns.campaigns import CampaignIn, create_campaign, open_campaign
from outreach.campaigns.stages import StageIn, create_stage, open_stage
from outreach.campaigns.tables import Ecosystem, Purpose, Stage
from outreach.demonstration.branches import OTHERS
from outreach.demonstration.cast import Cast, engage, make_account
from outreach.demonstration.days import REVIEWED_AFTER, day_before, hear, promise, put_off, report
from outreach.demonstration.elsewhere import tell_of_others
from outreach.demonstration.handsets import connect_phones
from outreach.demonstration.ledger import confirm_signups
from outreach.demonstration.logins import OFFICIAL
from outreach.demonstration.outlook import aim, suppose_more_teams
from outreach.demonstration.plans import SEED, at, hand_in, plan_stage, publish, usual_day
from outreach.demonstration.sessions import Ending, draw_ending, told_oddly
from outreach.demonstration.sponsors import note_sponsors
from outreach.demonstration.surroundings import introduce_heads, note_closed_days
from outreach.demonstration.views import keep_views
from outreach.people.officials import OfficialIn, add_official, link_account
from outreach.people.teams import LeaveIn, add_leave, list_teams
from outreach.villages.tables import Zone
from outreach.visits.closing import wind_up
from outreach.visits.lifecycle import Author, ask, cancel
from outreach.visits.listing import visits_of_stage
from outreach.visits.openings import add_visit, openings, place_visit
from outreach.visits.rows import VisitFilters
from outreach.visits.tables import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from outreach.demonstration.tales import Tale, Tell
    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: Half of what the product takes: 1 % more on the road for ten seconds less to wait.
_ROUNDS = 500
#: So many postponed villages have been given another day.
_MADE_UP = 6
#: So many villages have put their visit off twice: they are hard ones.
_STUBBORN = 2
#: Yesterday's reports of this session of the day are still missing.
_LATE_SLOT = 2
#: The dates of a stage follow from the day on which the story is told.
_ANY_DAY = date(2000, 1, 1)
_STAGES = (
    (StageIn(name="Tahap 1: Surakarta dan Sukoharjo", starts=_ANY_DAY, ends=_ANY_DAY,
             area_codes=["33.72", "33.11"]), -84, -33),
    (StageIn(name="Tahap 2: Klaten, Karanganyar, Sragen", starts=_ANY_DAY, ends=_ANY_DAY,
             area_codes=["33.10", "33.13", "33.14"], quota=600), -28, 35),
    (StageIn(name="Tahap 3: Boyolali dan Wonogiri", starts=_ANY_DAY, ends=_ANY_DAY,
             area_codes=["33.09", "33.12"], quota=450), 40, 110),
)  # fmt: skip


def tell_story(
    db: Session, *, secret: str, now: datetime, tell: Tell, others: Sequence[Tale] = OTHERS
) -> None:
    """Make the whole demonstration as of *now*; the database must hold the registry.

    *others* are the branches beside Surakarta.

    All of it in the caller's unit of work: half a story, left behind by an interrupted start,
    would look like an installation in use and never be told to its end.
    """
    today = Zone.WIB.day(now)
    cast = _tell_of_surakarta(db, secret=secret, now=now, today=today, tell=tell)
    tell_of_others(db, others, cast, secret=secret, now=now, today=today, tell=tell)
    keep_views(db, cast, now=now, today=today)


def _tell_of_surakarta(db: Session, *, secret: str, now: datetime, today: date, tell: Tell) -> Cast:
    """Tell of the branch that is told in depth; return who acted."""
    cast = engage(db, secret=secret, now=now, today=today)
    note_closed_days(db, by=cast.coordinator, today=today)
    note_sponsors(db, by=cast.coordinator, today=today)
    stages = _draft(db, cast.coordinator, today)
    for number in stages[:2]:
        tell("Planning stage %(number)s of 3", number=stages.index(number) + 1)
        day = usual_day(db, number)
        plan_stage(db, number, day, by=cast.coordinator, rounds=_ROUNDS)
        publish(db, number, day, by=cast.coordinator, manager=cast.manager)
    for number in stages[:2]:
        tell("Telling what happened in stage %(number)s of 3", number=stages.index(number) + 1)
        _live_through(db, number, cast.coordinator, today)
    _make_up(db, stages[1], cast.coordinator, today)
    _fall_ill(db, cast, today)
    wind_up(db, stages[0], _version(db, stages[0]), by=cast.coordinator, now=now)
    confirm_signups(db, by=cast.coordinator, branch_id=cast.branch_id, now=now)
    aim(db, cast, now=now, today=today)
    visited = visits_of_stage(db, cast.coordinator, stages[1])
    villages = [visit.village_code for visit in visited]
    introduce_heads(db, villages, by=cast.coordinator, today=today)
    coming = [visit.village_code for visit in visited if visit.day >= today]
    # The first is the village of the official who logs in.
    connect_phones(db, coming[1:], by=cast.coordinator, now=now, today=today)
    _introduce_official(db, stages[1], cast, secret=secret, now=now, today=today)
    suppose_more_teams(db, stages[1], cast, now=now)
    return cast


def _draft(db: Session, by: Person, today: date) -> list[int]:
    given = CampaignIn(
        name="Desa Terlindungi Solo Raya",
        purpose=Purpose.ACQUIRE,
        ecosystem=Ecosystem.VILLAGE,
        theme="Pekerja rentan desa terlindungi JKK dan JKM",
        starts=today - timedelta(100),
        ends=today + timedelta(180),
        target_signups=12_000,
    )
    campaign = create_campaign(db, given, by=by, is_demo=True)
    open_campaign(db, campaign.id or 0, campaign.version, by=by)
    stages = []
    for pattern, starts, ends in _STAGES:
        dates = {"starts": today + timedelta(starts), "ends": today + timedelta(ends)}
        stages.append(create_stage(db, campaign.id or 0, pattern.model_copy(update=dates), by=by))
    for stage in stages[:2]:
        open_stage(db, stage.id or 0, stage.version, by=by)
    return [stage.id or 0 for stage in stages]


def _live_through(db: Session, stage_id: int, by: Person, today: date) -> None:
    """Confirm, hold and report what lies behind; confirm or ask for what comes next."""
    random = Random(SEED + stage_id)  # noqa: S311 - a story, not a secret
    eager: dict[str, float] = {}
    waiting = 0
    told: list[tuple[VisitRow, Ending]] = []
    for visit in visits_of_stage(db, by, stage_id):
        mood = eager.setdefault(visit.district, random.uniform(0.5, 1.4))
        if visit.day < today:
            ending = draw_ending(random, visit, mood)
            if ending.kind == "held" and visit.day >= today - REVIEWED_AFTER:
                ending, waiting = told_oddly(ending, visit, waiting), waiting + 1
            if _end(db, visit, ending, by, today):
                told.append((visit, ending))
        else:
            hear(db, visit, random.random(), by, today)
    report(db, told, by, today)


def _end(db: Session, visit: VisitRow, ending: Ending, by: Person, today: date) -> bool:
    """Let a visit come to its end; True where somebody reports of it."""
    if ending.kind == "postponed":
        put_off(db, visit.id, by, day_before(visit, by), "Hajatan desa")
    elif ending.kind == "cancelled":
        then, reason = day_before(visit, by), "Kepala desa berhalangan"
        cancel(db, visit.id, version=visit.version, by=by, now=then, reason=reason)
    else:
        promise(db, visit, by)
        # Of yesterday's last sessions the official has not come to the report yet.
        return visit.day != today - timedelta(1) or visit.slot != _LATE_SLOT
    return False


def _make_up(db: Session, stage_id: int, by: Person, today: date) -> None:
    """Find another day for villages that had none to spare; what changed waits for the manager."""
    yesterday = at(today - timedelta(1), 15, by.zone)
    postponed = visits_of_stage(db, by, stage_id, VisitFilters(work=Work.POSTPONED))
    author = Author(by, yesterday, "Hari pengganti")
    for number, visit in enumerate(postponed[-_MADE_UP:]):
        for place in openings(db, visit.id, today=today, most=1):
            moved = place_visit(db, visit.id, place, author)
            if number % 2:
                ask(db, visit.id, version=moved.version, by=by, now=yesterday)
    for visit in postponed[:-_MADE_UP][:_STUBBORN]:
        _hesitate(db, visit, by, today)
    note = "Hari pengganti untuk desa yang menunda"
    hand_in(db, stage_id, yesterday + timedelta(hours=1), by=by, note=note)


def _hesitate(db: Session, visit: VisitRow, by: Person, today: date) -> None:
    """Let a village put off its second day too; the third is still to be asked for."""
    now = at(today - timedelta(1), 15, by.zone)
    author = Author(by, now, "Hari pengganti")
    first, *later = openings(db, visit.id, today=today, most=2)
    second = add_visit(db, visit.stage_id, visit.village_code, first, author)
    ask(db, second.id or 0, version=second.version, by=by, now=now)
    put_off(db, second.id or 0, by, now, "Masih panen")
    for place in later:
        add_visit(db, visit.stage_id, visit.village_code, place, author)


def _fall_ill(db: Session, cast: Cast, today: date) -> None:
    """Keep a team at home that has visits to hold: the coordinator has to plan them anew."""
    team = list_teams(db, cast.branch_id)[-1]
    leave = LeaveIn(starts=today + timedelta(1), ends=today + timedelta(3), reason="Sakit")
    add_leave(db, team.id or 0, leave, by=cast.coordinator)


def _introduce_official(
    db: Session, stage_id: int, cast: Cast, *, secret: str, now: datetime, today: date
) -> None:
    """Give the official's login to a village that is to be visited next."""
    by = cast.coordinator
    coming = [visit for visit in visits_of_stage(db, by, stage_id) if visit.day >= today]
    code = coming[0].village_code
    given = OfficialIn(
        village_code=code,
        name=OFFICIAL.name,
        position="Sekretaris desa",
        phone="0840 1000 9999",
        email="perangkat@desa.example",
    )
    official = add_official(db, given, by=by, is_demo=True)
    person = make_account(db, OFFICIAL, secret=secret, now=now, village_code=code)
    link_account(db, official.id or 0, person.account_id, by=by, now=now)


def _version(db: Session, stage_id: int) -> int:
    return db.get_one(Stage, stage_id).version
