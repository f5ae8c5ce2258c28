"""What an official's phone keeps to work without a network: own visits, reports and disputes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.logbook.listing import reports_since
from outreach.logbook.tables import DisputedReport, Evidence, EvidenceKind, Ruling
from outreach.people.access import narrow
from outreach.people.tables import Branch, Team
from outreach.villages.tables import Village
from outreach.visits.calls import open_wishes
from outreach.visits.listing import next_visits
from outreach.visits.offers import offers
from outreach.visits.tables import Happening, VisitEvent, Work

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.logbook.listing import ReportRow
    from outreach.people.access import Person
    from outreach.planning.insertion import Place
    from outreach.villages.tables import Zone
    from outreach.visits.rows import VisitRow

#: So far ahead an official sees visits: what lies behind it may still change more than once.
AHEAD = timedelta(days=60)
#: So far back reports are kept on the phone: a year, and the season's end that follows it.
BACK = timedelta(days=400)
#: More than a village reports in that time; an official of a whole district still fits.
MOST_REPORTS = 400
#: Finding other days is work of the planner: for the visits that come first, and for no others.
MOST_WITH_OPENINGS = 6


@dataclass(frozen=True, slots=True)
class TeamContact:
    """How the team of a visit is reached, and its branch."""

    phone: str
    base: str
    branch: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """A report that was kept beside a stored one; `report_id` is the id its phone gave it."""

    report_id: str
    visit_id: int
    village: str
    zone: Zone
    content: Mapping[str, Any]
    reason: str
    ruling: Ruling | None
    ruled_why: str


@dataclass(frozen=True, slots=True)
class PhoneState:
    """All of it, narrowed to the person's villages.

    `reasons` tells by visit why a report was sent back or a visit given back, `wishes` which other
    day its village asked for; `evidence` holds by visit what pictures there are.
    """

    visits: Sequence[VisitRow]
    teams: Mapping[int, TeamContact]
    openings: Mapping[int, Sequence[Place]]
    reasons: Mapping[int, str]
    wishes: Mapping[int, str]
    reports: Sequence[ReportRow]
    evidence: Mapping[int, Collection[EvidenceKind]]
    disputes: Sequence[Dispute]


def phone_state(db: Session, person: Person, today: date) -> PhoneState:
    """Read what the phone of an official is to know on a day of the village."""
    visits = [one for one in next_visits(db, person, today) if one.day <= today + AHEAD]
    reports = reports_since(db, person, today - BACK, limit=MOST_REPORTS)
    told_why = {one.id for one in visits if one.work in (Work.SENT_BACK, Work.RETURNED)}
    told_why |= {one.visit_id for one in reports if one.work is Work.SENT_BACK}
    return PhoneState(
        visits=visits,
        teams=_teams(db, {one.team_id for one in visits}),
        openings={one.id: offers(db, one.id, today=today) for one in _to_answer(visits, today)},
        reasons=_reasons(db, told_why),
        wishes=open_wishes(db, [one.id for one in visits if one.work is Work.AWAITING]),
        reports=reports,
        evidence=_evidence(db, person),
        disputes=_disputes(db, person, today),
    )


def awaits_answer(visit: VisitRow, today: date) -> bool:
    """Whether the village may still say if it hosts: it was asked, and the day is not over."""
    return visit.work is Work.AWAITING and visit.day >= today


def _to_answer(visits: Iterable[VisitRow], today: date) -> list[VisitRow]:
    return [one for one in visits if awaits_answer(one, today)][:MOST_WITH_OPENINGS]


def _teams(db: Session, team_ids: Collection[int]) -> dict[int, TeamContact]:
    if not team_ids:
        return {}
    query = (
        select(col(Team.id), col(Team.phone), col(Team.base_village_code), col(Branch.name))
        .join(Branch, col(Branch.id) == col(Team.branch_id))
        .where(col(Team.id).in_(team_ids))
    )
    return {team_id: TeamContact(*told) for team_id, *told in db.execute(query)}


def _reasons(db: Session, visit_ids: Collection[int]) -> dict[int, str]:
    """Read why visits were given back or their reports sent back last."""
    if not visit_ids:
        return {}
    query = (
        select(col(VisitEvent.visit_id), col(VisitEvent.reason))
        .where(col(VisitEvent.visit_id).in_(visit_ids))
        .where(col(VisitEvent.happening).in_((Happening.RETURNED, Happening.SENT_BACK)))
        .order_by(col(VisitEvent.id))
    )
    return {row.visit_id: row.reason for row in db.execute(query)}


def _evidence(db: Session, person: Person) -> dict[int, set[EvidenceKind]]:
    """Tell what pictures of which visit there are; those erased are none."""
    query: Any = select(col(Evidence.visit_id), col(Evidence.kind))
    query = query.where(func.length(col(Evidence.content)) > 0)
    kinds: dict[int, set[EvidenceKind]] = defaultdict(set)
    for visit_id, kind in db.execute(narrow(query, Evidence.village_code, person)):
        kinds[visit_id].add(kind)
    return kinds


def _disputes(db: Session, person: Person, today: date) -> list[Dispute]:
    """List what was kept beside stored reports; what has been erased since is left out."""
    since = datetime.combine(today - BACK, time.min, UTC)
    query: Any = (
        select(DisputedReport, col(Village.name), col(Village.zone))
        .join(Village, col(Village.code) == col(DisputedReport.village_code))
        .where(col(DisputedReport.received_at) >= since)
        .order_by(col(DisputedReport.id))
    )
    rows = db.execute(narrow(query, DisputedReport.village_code, person))
    return [_dispute(one, name, zone) for one, name, zone in rows if one.content]


def _dispute(one: DisputedReport, village: str, zone: Zone) -> Dispute:
    return Dispute(
        report_id=one.report_id,
        visit_id=one.visit_id,
        village=village,
        zone=zone,
        content=one.content,
        reason=one.reason,
        ruling=one.ruling,
        ruled_why=one.ruled_why,
    )
