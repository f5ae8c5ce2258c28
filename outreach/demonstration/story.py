"""The story of the demonstration: three stages, told through the product's own acts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from outreach.campaigns.campaigns import CampaignIn, create_campaign, open_campaign
from outreach.campaigns.omissions import OmissionIn, explain, unexplained
from outreach.campaigns.stages import StageIn, create_stage, open_stage
from outreach.campaigns.tables import Ecosystem, Purpose, Stage
from outreach.demonstration.cast import Cast, engage, make_account
from outreach.demonstration.handsets import connect_phones
from outreach.demonstration.ledger import confirm_signups
from outreach.demonstration.logins import OFFICIAL
from outreach.demonstration.outlook import aim, suppose_more_teams
from outreach.demonstration.sessions import Ending, draw_ending, told_oddly
from outreach.demonstration.sponsors import note_sponsors
from outreach.demonstration.surroundings import introduce_heads, note_closed_days
from outreach.logbook.sending import Sending
from outreach.logbook.sync import take_in
from outreach.logbook.tables import ReportSource
from outreach.people.officials import OfficialIn, add_official, link_account
from outreach.people.teams import LeaveIn, add_leave, list_teams
from outreach.planning.assign import assign
from outreach.villages.tables import Zone
from outreach.visits.approval import approve_plan, submit_plan
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.closing import wind_up
from outreach.visits.lifecycle import Author, approve, ask, cancel, confirm, settle
from outreach.visits.listing import visits_of_stage
from outreach.visits.openings import add_visit, openings, place_visit
from outreach.visits.question import past_of
from outreach.visits.rows import VisitFilters
from outreach.visits.runs import request_run
from outreach.visits.saving import save_plan
from outreach.visits.tables import Channel, Happening, Work

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

SEED = 2026
_LEASE = timedelta(minutes=10)
#: Reports younger than this wait for the coordinator.
REVIEWED_AFTER = timedelta(7)
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


class Tell(Protocol):
    """Takes one line of progress and its facts."""

    def __call__(self, text: str, **facts: object) -> None:
        """Show the line."""


def tell_story(db: Session, *, secret: str, now: datetime, tell: Tell) -> None:
    """Make the whole demonstration as of *now*; the database must hold the registry.

    All of it in the caller's unit of work: half a story, left behind by an interrupted start,
    would look like an installation in use and never be told to its end.
    """
    today = now.astimezone(ZoneInfo(Zone.WIB)).date()
    cast = engage(db, secret=secret, now=now, today=today)
    note_closed_days(db, by=cast.coordinator, today=today)
    note_sponsors(db, by=cast.coordinator, today=today)
    stages = _draft(db, cast.coordinator, today)
    for number in stages[:2]:
        tell("Planning stage %(number)s of 3", number=stages.index(number) + 1)
        _plan(db, number, cast.coordinator)
        _publish(db, number, cast)
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


def _plan(db: Session, stage_id: int, by: Person) -> None:
    """Plan a stage as it was planned back then: some days before it began."""
    then = _at(db.get_one(Stage, stage_id).starts - timedelta(3), 9)
    request_run(db, stage_id, by=by, now=then, seed=SEED)
    for batch_id in due_batches(db, then):
        held = claim(db, batch_id, then, _LEASE)
        assert held is not None  # noqa: S101 - nobody else works on it yet
        problem = load_problem(db, held)
        began = monotonic()
        plan = assign(problem)
        save_plan(db, held, plan, then + timedelta(seconds=monotonic() - began))


def _publish(db: Session, stage_id: int, cast: Cast) -> None:
    """Hand the plan in on the day it was made; the manager approves it on the next."""
    handed_in = _at(db.get_one(Stage, stage_id).starts - timedelta(3), 11)
    _explain(db, stage_id, cast.coordinator, handed_in)
    note = "Mohon persetujuan sebelum tim berangkat"
    made = submit_plan(db, stage_id, by=cast.coordinator, now=handed_in, note=note)
    approve_plan(db, made.id or 0, by=cast.manager, now=handed_in + timedelta(hours=20))


def _explain(db: Session, stage_id: int, by: Person, now: datetime) -> None:
    """Say of the districts that the quota leaves at zero when their turn comes."""
    stage = db.get_one(Stage, stage_id)
    past, day = past_of(db, stage), now.astimezone(ZoneInfo(Zone.WIB)).date()
    left = [f"{one.kind.value}:{one.key}" for one in unexplained(db, stage, past, day)]
    if left:
        given = OmissionIn(grounds=left, reason="Menyusul pada tahap berikutnya: kuota tim penuh")
        explain(db, stage_id, given, past, by=by, now=now, today=day)


def _live_through(db: Session, stage_id: int, by: Person, today: date) -> None:
    """Confirm, hold and report what lies behind; confirm or ask for what comes next."""
    random = Random(SEED + stage_id)  # noqa: S311 - a story, not a secret
    eager: dict[str, float] = {}
    waiting = 0
    for visit in visits_of_stage(db, by, stage_id):
        mood = eager.setdefault(visit.district, random.uniform(0.5, 1.4))
        if visit.day < today:
            ending = draw_ending(random, visit, mood)
            if ending.kind == "held" and visit.day >= today - REVIEWED_AFTER:
                ending, waiting = told_oddly(ending, visit, waiting), waiting + 1
            _end(db, visit, ending, by, today)
        else:
            _hear(db, visit, random.random(), by, today)


def _end(db: Session, visit: VisitRow, ending: Ending, by: Person, today: date) -> None:
    before = _at(visit.day - timedelta(2), 10)  # stages are planned three days ahead
    if ending.kind == "postponed":
        _put_off(db, visit.id, by, before, "Hajatan desa")
        return
    if ending.kind == "cancelled":
        reason = "Kepala desa berhalangan"
        cancel(db, visit.id, version=visit.version, by=by, now=before, reason=reason)
        return
    confirm(db, visit.id, version=visit.version, by=by, now=before, reason="Lewat telepon")
    if visit.day == today - timedelta(1) and visit.slot == _LATE_SLOT:
        return  # the official has not come to the report yet
    take_in(db, [ending.report], by, _at(visit.day, 18))
    if ending.contradicted:
        phone = Sending(source=ReportSource.PHONE)
        take_in(db, [ending.contradicted], by, _at(visit.day, 20), sending=phone)
    if visit.day < today - REVIEWED_AFTER:
        version = visit.version + 2  # confirmed, then reported
        approve(db, visit.id, version=version, by=by, now=_at(visit.day + timedelta(2), 9))


def _hear(db: Session, visit: VisitRow, chance: float, by: Person, today: date) -> None:
    """Note which villages have answered: most of those whose day is near."""
    if chance < (0.92 if visit.day <= today + timedelta(7) else 0.75):
        answered = _at(min(visit.day - timedelta(9), today - timedelta(1)), 9)
        told = "Setuju lewat WhatsApp"
        confirm(db, visit.id, version=visit.version, by=by, now=answered, reason=told)


def _make_up(db: Session, stage_id: int, by: Person, today: date) -> None:
    """Find another day for villages that had none to spare; what changed waits for the manager."""
    yesterday = _at(today - timedelta(1), 15)
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
    submit_plan(db, stage_id, by=by, now=yesterday + timedelta(hours=1), note=note)


def _hesitate(db: Session, visit: VisitRow, by: Person, today: date) -> None:
    """Let a village put off its second day too; the third is still to be asked for."""
    now = _at(today - timedelta(1), 15)
    author = Author(by, now, "Hari pengganti")
    first, *later = openings(db, visit.id, today=today, most=2)
    second = add_visit(db, visit.stage_id, visit.village_code, first, author)
    ask(db, second.id or 0, version=second.version, by=by, now=now)
    _put_off(db, second.id or 0, by, now, "Masih panen")
    for place in later:
        add_visit(db, visit.stage_id, visit.village_code, place, author)


def _put_off(db: Session, visit_id: int, by: Person, now: datetime, reason: str) -> None:
    """Note that a village has called and cannot host on its day."""
    settle(db, visit_id, Happening.POSTPONED, Author(by, now, reason, Channel.PHONE))


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


def _at(day: date, hour: int) -> datetime:
    """Take the hour of a day in Surakarta."""
    return datetime.combine(day, time(hour), ZoneInfo(Zone.WIB)).astimezone(UTC)
