"""Branch offices and the regencies they serve; a regency has one branch at the most."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field
from sqlalchemy import delete, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.edits import change, locked, unique_name
from outreach.people.free_text import Name
from outreach.people.regions import RegencyCode, VillageCode, refuse_unknown, zones_of
from outreach.people.tables import Branch, BranchRegency, Role, Team
from outreach.villages.areas import covers
from outreach.villages.tables import Regency

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.people.access import Person


class BranchIn(BaseModel):
    """What is told about a branch."""

    name: Name
    regional_office: Name
    base_village_code: VillageCode
    regency_codes: list[RegencyCode] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class BranchLine:
    """One branch in a list."""

    id: int
    name: str
    regional_office: str
    base_village_code: str
    version: int
    is_demo: bool
    regencies: tuple[tuple[str, str], ...]
    teams: int


def office_words(name: str) -> str:
    """Name the office of a branch, whether or not its name says that it is one."""
    return name if re.search(r"\bcabang\b", name, re.IGNORECASE) else f"Kantor Cabang {name}"


def create_branch(db: Session, given: BranchIn, *, is_demo: bool = False) -> Branch:
    """Add a branch with its regencies.

    Raises
    ------
    Invalid
        If a region is unknown, the regions lie in several time zones, the base lies outside the
        regencies, or the name is taken.
    Conflict
        If another branch serves one of the regencies; `regency` and `branch` name both.
    """
    _check(db, given)
    branch = Branch(**given.model_dump(exclude={"regency_codes"}), is_demo=is_demo)
    with unique_name(db):
        db.add(branch)
        db.flush()  # the regencies need its id
    _serve(db, branch, given.regency_codes)
    return branch


def update_branch(db: Session, branch_id: int, given: BranchIn, *, version: int) -> Branch:
    """Change a branch that was read as *version*.

    Raises
    ------
    NotFound
        If there is no such branch.
    Invalid, Conflict
        As for `create_branch`; also if somebody else changed it since, or the base of a working
        team would lie outside the regencies.
    """
    branch = locked(db, Branch, branch_id)
    _check(db, given)
    _keep_bases_inside(db, branch_id, given)
    with unique_name(db):
        change(branch, given.model_dump(exclude={"regency_codes"}), version)
        db.flush()
    _serve(db, branch, given.regency_codes)
    return branch


def _check(db: Session, given: BranchIn) -> None:
    refuse_unknown(
        db, base_village_code=[given.base_village_code], regency_codes=given.regency_codes
    )
    # The times of a day-trip are counted through from the base: they hold in one zone only.
    if len(zones_of(db, [given.base_village_code, *given.regency_codes])) > 1:
        raise Invalid(problems={"regency_codes": ["several_zones"]})
    if not covers(given.regency_codes, given.base_village_code):
        raise Invalid(problems={"base_village_code": ["base_outside_branch"]})


def _keep_bases_inside(db: Session, branch_id: int, given: BranchIn) -> None:
    query = select(Team.base_village_code).where(Team.branch_id == branch_id, Team.is_active)
    if not all(covers(given.regency_codes, base) for base in db.exec(query)):
        raise Invalid(problems={"regency_codes": ["team_base_outside"]})


def _serve(db: Session, branch: Branch, codes: Iterable[str]) -> None:
    wanted = set(codes)
    held = set(regencies_of(db, branch.id))
    db.execute(
        delete(BranchRegency).where(
            col(BranchRegency.branch_id) == branch.id,
            col(BranchRegency.regency_code).in_(held - wanted),
        )
    )
    try:
        with db.begin_nested():
            for code in sorted(wanted - held):
                db.add(BranchRegency(regency_code=code, branch_id=_id(branch)))
    except IntegrityError as error:
        raise _served_by_others(db, wanted - held) from error


def _served_by_others(db: Session, codes: Iterable[str]) -> Conflict:
    query = (
        select(Regency.name, Branch.name)
        .join(BranchRegency, col(BranchRegency.regency_code) == Regency.code)
        .join(Branch, col(Branch.id) == BranchRegency.branch_id)
        .where(col(Regency.code).in_(list(codes)))
        .order_by(Regency.code)
    )
    regency, branch = db.exec(query).first() or ("", "")
    return Conflict(problem="regency_has_branch", regency=regency, branch=branch)


def _id(branch: Branch) -> int:
    if branch.id is None:
        raise ValueError("the branch has not been stored yet")
    return branch.id


def regencies_of(db: Session, branch_id: int | None) -> list[str]:
    """Codes of the regencies a branch serves, in order."""
    query = select(BranchRegency.regency_code).where(BranchRegency.branch_id == branch_id)
    return sorted(db.exec(query).all())


def own_branch(db: Session, branch_id: int, by: Person) -> Branch:
    """Read a branch that the person may look after: an admin any, others their own.

    Raises
    ------
    NotFound
        If it is missing or not theirs.
    """
    branch = db.get(Branch, branch_id)
    if branch is None or not (by.role == Role.ADMIN or by.branch_id == branch_id):
        raise NotFound(kind="Branch", id=branch_id)
    return branch


def branch_of_village(db: Session, village_code: str) -> Branch | None:
    """Read the branch that serves a village's regency, if any does."""
    served = col(BranchRegency.branch_id) == col(Branch.id)
    query = select(Branch).join(BranchRegency, served)
    return db.exec(query.where(BranchRegency.regency_code == village_code[:5])).first()


def list_branches(db: Session) -> list[BranchLine]:
    """List every branch by name, with its regencies and the number of its active teams."""
    served: dict[int, list[tuple[str, str]]] = {}
    regencies = (
        select(BranchRegency.branch_id, Regency.code, Regency.name)
        .join(Regency, col(Regency.code) == BranchRegency.regency_code)
        .order_by(Regency.code)
    )
    for branch_id, code, name in db.exec(regencies):
        served.setdefault(branch_id, []).append((code, name))
    counts = (
        select(Team.branch_id, func.count()).where(Team.is_active).group_by(col(Team.branch_id))
    )
    teams = dict(db.exec(counts).all())
    return [
        BranchLine(
            id=_id(b),
            name=b.name,
            regional_office=b.regional_office,
            base_village_code=b.base_village_code,
            version=b.version,
            is_demo=b.is_demo,
            regencies=tuple(served.get(_id(b), ())),
            teams=teams.get(_id(b), 0),
        )
        for b in db.exec(select(Branch).order_by(Branch.name))
    ]
