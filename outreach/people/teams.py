"""Visiting teams: where they start, when they work, when they are away."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from sqlmodel import col, select

from outreach.errors import Invalid, NotFound
from outreach.people.branches import own_branch, regencies_of
from outreach.people.edits import change, locked, unique_name
from outreach.people.free_text import Name, Remark
from outreach.people.identity import refuse_identity_numbers
from outreach.people.order import ClockTime, check_order
from outreach.people.phones import Phone
from outreach.people.regions import VillageCode, refuse_unknown
from outreach.people.rota import works_sundays
from outreach.people.tables import Branch, Role, Team, TeamLeave
from outreach.villages.areas import covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlmodel import Session

    from outreach.people.access import Person

SUNDAY = 7


def _lines(value: object) -> object:
    """Take names one per line, as people type them into one field."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        return [line.strip() for text in value for line in str(text).splitlines() if line.strip()]
    return value


def _as_a_whole(names: list[str]) -> list[str]:
    """Refuse an identity number that stands in parts, one below the other."""
    refuse_identity_numbers("\n".join(names))
    return names


Weekday = Annotated[int, Field(ge=1, le=SUNDAY)]


class TeamIn(BaseModel):
    """What is told about a team."""

    name: Name
    base_village_code: VillageCode
    members: Annotated[list[Name], BeforeValidator(_lines), AfterValidator(_as_a_whole)] = Field(
        min_length=1, max_length=20
    )
    weekdays: list[Weekday] = Field(min_length=1)
    sessions_per_day: int = Field(ge=1, le=3)
    day_starts: ClockTime
    day_ends: ClockTime
    phone: Phone = ""
    is_active: bool = False

    @field_validator("weekdays")
    @classmethod
    def _each_once(cls, days: list[int]) -> list[int]:
        return sorted(set(days))

    @field_validator("day_ends")
    @classmethod
    def _after_start(cls, ends: time, told: ValidationInfo) -> time:
        if "day_starts" in told.data and ends <= told.data["day_starts"]:
            raise PydanticCustomError("ends_before_it_starts", "the day ends before it starts")
        return ends


class LeaveIn(BaseModel):
    """Days on which a team does not go out, both included."""

    starts: date
    ends: date
    reason: Remark = ""

    @field_validator("ends")
    @classmethod
    def _after_start(cls, ends: date, told: ValidationInfo) -> date:
        check_order(told.data.get("starts"), ends)
        return ends


def create_team(db: Session, branch_id: int, given: TeamIn, *, by: Person) -> Team:
    """Add a team to a branch.

    Raises
    ------
    NotFound
        If the branch is missing or not the person's.
    Invalid
        If the base is unknown or outside the regencies of the branch, if nobody works there on a
        Sunday, or the branch has a team of this name.
    """
    own_branch(db, branch_id, by)
    _check_base(db, branch_id, given)
    _check_sunday(db, branch_id, given)
    team = Team(branch_id=branch_id, **given.model_dump())
    with unique_name(db):
        db.add(team)
    return team


def update_team(db: Session, team_id: int, given: TeamIn, *, version: int, by: Person) -> Team:
    """Change a team that was read as *version*.

    Raises
    ------
    NotFound
        If it is missing or not the person's.
    Invalid
        As for `create_team`.
    Conflict
        If somebody else changed it since.
    """
    branch_id = own_team(db, team_id, by).branch_id
    _check_base(db, branch_id, given)
    _check_sunday(db, branch_id, given)
    team = locked(db, Team, team_id)
    with unique_name(db):
        change(team, given.model_dump(), version)
        db.flush()
    return team


def _check_base(db: Session, branch_id: int, given: TeamIn) -> None:
    refuse_unknown(db, base_village_code=[given.base_village_code])
    # The regencies of a branch lie in one time zone, so the base shares it with them.
    if not covers(regencies_of(db, branch_id), given.base_village_code):
        raise Invalid(problems={"base_village_code": ["base_outside_branch"]})


def _check_sunday(db: Session, branch_id: int, given: TeamIn) -> None:
    # No plan would keep what the calendar of the area does not open.
    if SUNDAY in given.weekdays and not works_sundays(db, branch_id):
        raise Invalid(problems={"weekdays": ["sunday_not_worked"]})


def own_team(db: Session, team_id: int, by: Person) -> Team:
    """Read a team that the person may look after: an admin any, others those of their branch.

    Raises
    ------
    NotFound
        If it is missing or not theirs.
    """
    team = db.get(Team, team_id)
    if team is None or not (by.role == Role.ADMIN or by.branch_id == team.branch_id):
        raise NotFound(kind="Team", id=team_id)
    return team


def list_teams(db: Session, branch_id: int | None = None) -> Sequence[Team]:
    """List the teams of a branch, or of all, by branch and name."""
    query = select(Team).order_by(col(Team.branch_id), Team.name)
    if branch_id is not None:
        query = query.where(Team.branch_id == branch_id)
    return db.exec(query).all()


def branches_of(db: Session, team_ids: Iterable[int]) -> dict[int, str]:
    """Name the branch of each team; it shows names whoever asks."""
    query = select(Team.id, Branch.name).join(Branch, col(Branch.id) == col(Team.branch_id))
    rows = db.exec(query.where(col(Team.id).in_(set(team_ids))))
    return {team_id or 0: name for team_id, name in rows}


def add_leave(db: Session, team_id: int, given: LeaveIn, *, by: Person) -> TeamLeave:
    """Note days on which a team does not go out.

    Raises
    ------
    NotFound
        If the team is missing or not the person's.
    """
    own_team(db, team_id, by)
    leave = TeamLeave(team_id=team_id, **given.model_dump())
    db.add(leave)
    return leave


def remove_leave(db: Session, leave_id: int, *, by: Person) -> int:
    """Take a team's leave back; return the id of the team.

    Raises
    ------
    NotFound
        If it is missing or the team is not the person's.
    """
    leave = db.get(TeamLeave, leave_id)
    if leave is None:
        raise NotFound(kind="TeamLeave", id=leave_id)
    own_team(db, leave.team_id, by)
    db.delete(leave)
    return leave.team_id


def leave_of(db: Session, team_id: int, *, since: date) -> Sequence[TeamLeave]:
    """List the leave of a team that ends on *since* or later."""
    query = select(TeamLeave).where(TeamLeave.team_id == team_id, col(TeamLeave.ends) >= since)
    return db.exec(query.order_by(col(TeamLeave.starts))).all()
