"""The demonstration beyond Surakarta: the nation's campaign as other branches live it."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING

from outreach.campaigns.campaigns import CampaignIn, create_campaign, open_campaign
from outreach.campaigns.stages import create_stage, open_stage
from outreach.campaigns.tables import Ecosystem, Purpose, Stage
from outreach.demonstration.cast import MONDAY_TO_SATURDAY, Cast, make_account
from outreach.demonstration.days import REVIEWED_AFTER, day_before, hear, promise, put_off, report
from outreach.demonstration.handsets import connect_some
from outreach.demonstration.ledger import confirm_signups
from outreach.demonstration.plans import SEED, at, hand_in, plan_stage, publish, usual_day
from outreach.demonstration.sessions import ending_of, told_oddly
from outreach.demonstration.surroundings import introduce_heads
from outreach.demonstration.tales import Crew
from outreach.people.branches import create_branch
from outreach.people.rota import team_days
from outreach.people.teams import create_team
from outreach.progress.set_targets import TargetIn, set_target
from outreach.progress.sponsorships import add_sponsorship
from outreach.visits.closing import wind_up
from outreach.visits.lifecycle import cancel, visit_of
from outreach.visits.listing import visits_of_stage
from outreach.visits.moving import MoveIn, move_visit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.demonstration.sessions import Ending
    from outreach.demonstration.tales import Tale, Tell, Wave
    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: Rougher than the product plans: nobody waits for the demonstration longer than they must.
_ROUNDS = 60
#: How visits that came to no session ended, in turn.
_LOST = ("not_met", "postponed", "refused", "cancelled")
#: A team came to help so many days ago, to villages whose turn was so many days ahead or later.
_HELP_CAME, _HELPED_FROM = timedelta(16), timedelta(5)
_HELPED_A_DAY = 2
#: Of so many villages that come next the head is known.
_HEADS = 25
#: Heads of each branch are numbered from a thousand of its own on.
_NUMBERS_A_BRANCH = 1_000


def tell_of_others(
    db: Session,
    others: Sequence[Tale],
    cast: Cast,
    *,
    secret: str,
    now: datetime,
    today: date,
    tell: Tell,
) -> None:
    """Tell of the other branches, whose stages belong to one campaign of the nation."""
    if not others:
        return
    campaign_id = _open_national(db, cast, today=today)
    for number, tale in enumerate(others, start=1):
        tell("Telling the weeks of %(branch)s", branch=tale.branch.name)
        _tell_of(db, tale, campaign_id, number, cast, secret=secret, now=now, today=today)


def _open_national(db: Session, cast: Cast, *, today: date) -> int:
    """Open the campaign of the nation, of which every branch holds stages of its own."""
    given = CampaignIn(
        name="Gerakan Jangkau Semua Desa",
        purpose=Purpose.ACQUIRE,
        ecosystem=Ecosystem.VILLAGE,
        theme="Setiap desa sekali dikunjungi, setiap pekerja rentan terlindungi",
        starts=today - timedelta(130),
        ends=today + timedelta(220),
        target_signups=25_000,
    )
    campaign = create_campaign(db, given, by=cast.manager, is_demo=True)
    open_campaign(db, campaign.id or 0, campaign.version, by=cast.manager)
    return campaign.id or 0


def _tell_of(
    db: Session,
    tale: Tale,
    campaign_id: int,
    number: int,
    cast: Cast,
    *,
    secret: str,
    now: datetime,
    today: date,
) -> None:
    """Tell of a branch, the *number*-th beside Surakarta: who works there and how it went."""
    branch_id, by = _settle_in(db, tale, secret=secret, now=now, today=today)
    running = []
    for turn, wave in enumerate(tale.waves, start=1):
        _engage(db, tale, turn, branch_id, by)
        stage_id = _prepare(db, wave, campaign_id, by, cast.manager, today)
        if wave.approved:
            _help(db, tale, stage_id, by, today)
            _live_through(db, tale, stage_id, by, today)
        if wave.ends < 0:
            wind_up(db, stage_id, db.get_one(Stage, stage_id).version, by=by, now=now)
        elif wave.approved:
            running.append(stage_id)
    _reach_by_phone(db, tale, running, number, by, now=now, today=today)
    confirm_signups(db, by=by, branch_id=branch_id, now=now)
    if tale.target:
        given = TargetIn(
            branch_id=branch_id,
            starts=today - timedelta(125),
            ends=today + timedelta(40),
            signups=tale.target,
            source="Rapat kerja kantor wilayah",
        )
        set_target(db, given, by=cast.manager, now=now)


def _settle_in(
    db: Session, tale: Tale, *, secret: str, now: datetime, today: date
) -> tuple[int, Person]:
    """Make the branch with its coordinator, and who pays for workers there."""
    branch_id = create_branch(db, tale.branch, is_demo=True).id or 0
    by = make_account(db, tale.coordinator, secret=secret, now=now, branch_id=branch_id)
    for patron in tale.patrons:
        add_sponsorship(db, patron.as_given(today), by=by, is_demo=True)
    return branch_id, by


def _engage(db: Session, tale: Tale, wave: int, branch_id: int, by: Person) -> None:
    """Make the teams that join for the *wave*-th wave."""
    for crew in tale.crews:
        if crew.joins == wave:
            create_team(db, branch_id, crew.as_given(), by=by)
    db.flush()  # plans need the teams' ids


def _prepare(
    db: Session, wave: Wave, campaign_id: int, by: Person, manager: Person, today: date
) -> int:
    """Open, plan and hand in a stage, some days before it begins or yesterday; return its id."""
    stage = create_stage(db, campaign_id, wave.as_given(today), by=by)
    stage_id = stage.id or 0
    open_stage(db, stage_id, stage.version, by=by)
    if wave.approved:
        day = usual_day(db, stage_id)
        plan_stage(db, stage_id, day, by=by, rounds=_ROUNDS)
        publish(db, stage_id, day, by=by, manager=manager)
    else:
        day = today - timedelta(1)
        plan_stage(db, stage_id, day, by=by, rounds=_ROUNDS)
        hand_in(db, stage_id, at(day, 11, by.zone), by=by)
    return stage_id


def _help(db: Session, tale: Tale, stage_id: int, by: Person, today: date) -> None:
    """Let a team sent by the regional office hold visits that were planned for later."""
    coming = [
        visit for visit in visits_of_stage(db, by, stage_id) if visit.day >= today + _HELPED_FROM
    ]
    if not tale.helped or not coming:
        return
    branch_id = db.get_one(Stage, stage_id).branch_id
    crew = Crew(
        "Tim bantuan kanwil",
        tale.crews[-1].base,
        ("Petugas kantor wilayah",),
        tuple(MONDAY_TO_SATURDAY),
        _HELPED_A_DAY,
    )
    team_id = create_team(db, branch_id, crew.as_given(), by=by).id or 0
    then = today - _HELP_CAME
    rota = team_days(db, branch_id, then + timedelta(1), today - timedelta(1))
    places = [
        MoveIn(team_id=team_id, day=one.day, slot=slot)
        for one in rota
        if one.team_id == team_id
        for slot in range(1, _HELPED_A_DAY + 1)
    ]
    nearest = sorted(coming, key=lambda visit: visit.village_code)[: tale.helped]
    reason = "Dimajukan: ada tim bantuan"
    for visit, to in zip(nearest, places, strict=False):
        # The day that the last one left was timed anew.
        version = visit_of(db, by, visit.id).version
        now = at(then, 10, by.zone)
        move_visit(db, visit.id, to, version=version, by=by, now=now, reason=reason)


def _live_through(db: Session, tale: Tale, stage_id: int, by: Person, today: date) -> None:
    """Let what lies behind end as the tale has it; hear of what comes next."""
    random = Random(SEED + stage_id)  # noqa: S311 - a story, not a secret
    moods: dict[str, float] = {}
    past = [visit for visit in visits_of_stage(db, by, stage_id) if visit.day < today]
    told = []
    waiting = tale.doubts_from
    for visit, kind in zip(past, _endings(tale, past, today), strict=True):
        mood = tale.eager * moods.setdefault(visit.district, random.uniform(0.6, 1.4))
        ending = ending_of(random, visit, kind, mood, tale.manner)
        if kind == "held" and visit.day >= today - REVIEWED_AFTER:
            ending, waiting = told_oddly(ending, visit, waiting), waiting + 1
        if _end(db, tale, visit, ending, by, today):
            told.append((visit, ending))
    report(db, told, by, today)
    for visit in visits_of_stage(db, by, stage_id):
        if visit.day >= today:
            hear(db, visit, random.random(), by, today)


def _endings(tale: Tale, past: Sequence[VisitRow], today: date) -> list[str]:
    """Tell how each visit ended: by a rule and no dice, so that each branch stands where it does.

    Dice would put a branch ahead on one day and behind on another.
    """
    lost = cycle(_LOST)
    return [
        "postponed"
        if _is_idle(tale, visit, today)
        else next(lost)
        if tale.lost_every and number % tale.lost_every == 0
        else "held"
        for number, visit in enumerate(past, start=1)
    ]


def _is_idle(tale: Tale, visit: VisitRow, today: date) -> bool:
    days = (today - visit.day).days
    return tale.idle is not None and tale.idle.last <= days <= tale.idle.first


def _end(db: Session, tale: Tale, visit: VisitRow, ending: Ending, by: Person, today: date) -> bool:
    """Let a visit come to its end; True where somebody has reported of it."""
    before = day_before(visit, by)
    if ending.kind == "postponed":
        idle = tale.idle if _is_idle(tale, visit, today) else None
        put_off(db, visit.id, by, before, idle.reason if idle else "Hajatan desa")
    elif ending.kind == "cancelled":
        reason = "Kepala desa berhalangan"
        cancel(db, visit.id, version=visit.version, by=by, now=before, reason=reason)
    else:
        promise(db, visit, by)
        return visit.day < today - timedelta(tale.silent_days)
    return False


def _reach_by_phone(
    db: Session,
    tale: Tale,
    stage_ids: Sequence[int],
    number: int,
    by: Person,
    *,
    now: datetime,
    today: date,
) -> None:
    """Note who can be called in the villages that come next, and which of them have a phone."""
    visits = [visit for stage_id in stage_ids for visit in visits_of_stage(db, by, stage_id)]
    coming = sorted((visit for visit in visits if visit.day >= today), key=lambda one: one.day)
    codes = [visit.village_code for visit in coming[:_HEADS]]
    first = number * _NUMBERS_A_BRANCH + 1
    introduce_heads(db, codes, by=by, today=today, names=tale.names, first=first)
    connect_some(db, codes, tale.phones, by=by, now=now, today=today)
