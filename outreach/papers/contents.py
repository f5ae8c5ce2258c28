"""What each paper says, taken from the visits as they stand: facts only, no sentence, no number.

The fingerprint of these facts tells a paper that the plan has left behind. Statuses, telephone
numbers and the names of officials are none of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.papers.nights import TeamStay, away_in_month, stays_by_team
from outreach.papers.tables import PaperKind
from outreach.people.tables import Team
from outreach.villages.tables import Village
from outreach.visits.tables import ACTIVE, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sqlmodel import Session

    from outreach.visits.rows import VisitRow

#: A paper speaks of these only. A proposal has not been approved: a letter about it, with a number
#: and a signature, could leave the house before the plan does.
STANDING = tuple(work for work in ACTIVE if work is not Work.PROPOSED)
SESSION_KINDS = (PaperKind.NOTICE, PaperKind.ATTENDANCE_LIST, PaperKind.MINUTES)


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """Who goes, from where, and when it stays overnight in another village."""

    name: str
    members: tuple[str, ...]
    base: str
    stays: tuple[TeamStay, ...] = ()

    def base_on(self, day: date) -> str:
        """Name the village that the team starts from on a day: the hub during a stay."""
        hubs = (one.stay.hub_name for one in self.stays if one.stay.starts <= day <= one.stay.ends)
        return next(hubs, self.base)


@dataclass(frozen=True, slots=True)
class Subject:
    """What one paper is about: `key` finds it again, `plan` is what the plan says about it."""

    kind: PaperKind
    key: str
    stage_id: int
    team_id: int
    visit_id: int | None
    first_day: date
    last_day: date
    plan: dict[str, Any]

    @property
    def month(self) -> date:
        """The first day of the month it belongs to."""
        return month_of(self.kind, self.key, self.first_day)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what the plan says."""
        text = json.dumps(self.plan, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


def month_of(kind: PaperKind, key: str, first_day: date) -> date:
    """Say by its first day to which month a paper belongs.

    A letter's is that of its visits: the way to them may begin in the month before.
    """
    if kind is PaperKind.ASSIGNMENT_LETTER:
        return date.fromisoformat(f"{key[-len('YYYY-MM') :]}-01")
    return first_day.replace(day=1)


def teams_of(db: Session, team_ids: Collection[int]) -> dict[int, TeamFacts]:
    """Read the teams with their members and the village they start from."""
    query = (
        select(col(Team.id), col(Team.name), col(Team.members), col(Village.name))
        .join(Village, col(Village.code) == col(Team.base_village_code))
        .where(col(Team.id).in_(set(team_ids)))
    )
    rows = db.execute(query).all()
    stays = stays_by_team(db, team_ids)
    return {row[0]: TeamFacts(row[1], tuple(row[2]), row[3], stays.get(row[0], ())) for row in rows}


def subjects(
    kind: PaperKind, rows: Iterable[VisitRow], teams: Mapping[int, TeamFacts]
) -> list[Subject]:
    """Say what the papers of a kind are about that these visits call for, in their order."""
    standing = [row for row in rows if row.work in STANDING]
    if kind in SESSION_KINDS:
        return [_session(kind, row) for row in standing]
    if kind is PaperKind.ASSIGNMENT_LETTER:
        return _assignments(standing, teams)
    return _in_order(_grouped(standing, _day_key), teams, _route_sheet)


def _grouped(
    rows: Iterable[VisitRow], key_of: Callable[[VisitRow], str]
) -> dict[str, list[VisitRow]]:
    groups: dict[str, list[VisitRow]] = defaultdict(list)
    for row in rows:
        groups[key_of(row)].append(row)
    return groups


def _in_order(
    groups: Mapping[str, list[VisitRow]],
    teams: Mapping[int, TeamFacts],
    make: Callable[[str, Sequence[VisitRow], TeamFacts], Subject],
) -> list[Subject]:
    made = []
    for key, rows in groups.items():
        ordered = sorted(rows, key=lambda row: (row.day, row.slot, row.id))
        made.append(make(key, ordered, teams[rows[0].team_id]))
    return sorted(made, key=lambda one: (one.first_day, one.team_id))


def _month_key(row: VisitRow) -> str:
    return f"stage-{row.stage_id}/team-{row.team_id}/{row.day:%Y-%m}"


def _day_key(row: VisitRow) -> str:
    return f"team-{row.team_id}/{row.day.isoformat()}"


def _assignments(standing: Sequence[VisitRow], teams: Mapping[int, TeamFacts]) -> list[Subject]:
    days: dict[tuple[int, int], set[date]] = defaultdict(set)
    for row in standing:
        days[row.stage_id, row.team_id].add(row.day)

    def make(key: str, rows: Sequence[VisitRow], team: TeamFacts) -> Subject:
        first = rows[0]
        # A stay is told of once, in the letters of the stage that it was planned in.
        stays = [one for one in team.stays if one.stay.stage_id == first.stage_id]
        month = first.day.replace(day=1)
        away = away_in_month(stays, days[first.stage_id, first.team_id], month)
        return _assignment(key, rows, team, away)

    return _in_order(_grouped(standing, _month_key), teams, make)


def _assignment(
    key: str, rows: Sequence[VisitRow], team: TeamFacts, away: Sequence[dict[str, Any]]
) -> Subject:
    plan = {
        **_effort(rows[0]),
        "team": team.name,
        "members": list(team.members),
        "visits": [appointment(row) for row in rows],
    }
    if away:  # what was printed for a month without nights away still says what holds
        plan["stays"] = list(away)
    subject = _subject(PaperKind.ASSIGNMENT_LETTER, key, rows, plan)
    starts, ends = ([date.fromisoformat(one[end]) for one in away] for end in ("starts", "ends"))
    return replace(
        subject,
        first_day=min([subject.first_day, *starts]),
        last_day=max([subject.last_day, *ends]),
    )


def _session(kind: PaperKind, row: VisitRow) -> Subject:
    plan = {**_effort(row), "team": row.team, "visit": appointment(row)}
    return _subject(kind, f"visit-{row.id}", [row], plan, row.id)


def _route_sheet(key: str, rows: Sequence[VisitRow], team: TeamFacts) -> Subject:
    plan = {
        "team": {
            "name": team.name,
            "members": list(team.members),
            "base": team.base_on(rows[0].day),
        },
        "day": rows[0].day.isoformat(),
        "stops": [appointment(row) | _way(row) for row in rows],
    }
    return _subject(PaperKind.ROUTE_SHEET, key, rows, plan)


def _subject(
    kind: PaperKind,
    key: str,
    rows: Sequence[VisitRow],
    plan: dict[str, Any],
    visit_id: int | None = None,
) -> Subject:
    first, last = rows[0], rows[-1]
    return Subject(kind, key, first.stage_id, first.team_id, visit_id, first.day, last.day, plan)


def _effort(row: VisitRow) -> dict[str, Any]:
    return {"campaign": row.campaign, "stage": row.stage}


def appointment(row: VisitRow) -> dict[str, Any]:
    """Say which village a visit is of, and when."""
    return {
        "visit_id": row.id,
        "village_code": row.village_code,
        "village": row.village,
        "village_kind": row.village_kind.value,
        "district": row.district,
        "regency": row.regency,
        "day": row.day.isoformat(),
        "starts_at": row.starts_at.isoformat("minutes"),
        "minutes": row.session_minutes,
        "zone": row.zone.name,
    }


def _way(row: VisitRow) -> dict[str, Any]:
    return {"travel_minutes": row.travel_minutes, "return_minutes": row.return_minutes}
