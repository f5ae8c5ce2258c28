"""Which regencies stand behind a regional office or a branch, as far as a person may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.errors import NotFound
from outreach.people.access import covers
from outreach.people.tables import Branch, BranchRegency
from outreach.progress.scope import sees_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class Served:
    """A regency and the branch that serves it; `branch_id` as text is the key of its row."""

    regency_code: str
    branch_id: int
    branch: str
    office: str


@dataclass(frozen=True, slots=True)
class Part:
    """A branch or a regional office as the part of the country that is looked at.

    `office` names the office of either, `branch_id` is None of an office; `regencies` are all of
    its own, those too of which the person who looks sees nothing.
    """

    name: str
    office: str
    branch_id: int | None
    regencies: tuple[str, ...]

    def is_cut(self, person: Person) -> bool:
        """Whether the person sees only some of it."""
        return not all(covers(person.areas, code) for code in self.regencies)


def served_regencies(db: Session, person: Person) -> list[Served]:
    """List the served regencies of which the person sees something, by code."""
    return [row for row in _served(db) if sees_of(person, row.regency_code)]


def part_of_branch(db: Session, person: Person, branch_id: str) -> Part:
    """Look at a branch, named by its number as text.

    Raises
    ------
    NotFound
        If there is none, or the person sees nothing of it.
    """
    rows = [row for row in _served(db) if str(row.branch_id) == branch_id]
    _see_some(person, rows, "Branch")
    first = rows[0]
    return Part(first.branch, first.office, first.branch_id, _codes(rows))


def part_of_office(db: Session, person: Person, office: str) -> Part:
    """Look at a regional office.

    Raises
    ------
    NotFound
        If there is none, or the person sees nothing of it.
    """
    rows = [row for row in _served(db) if row.office == office]
    _see_some(person, rows, "Office")
    return Part(office, office, None, _codes(rows))


def _served(db: Session) -> list[Served]:
    query = (
        select(
            col(BranchRegency.regency_code),
            col(Branch.id),
            col(Branch.name),
            col(Branch.regional_office),
        )
        .join(Branch, col(Branch.id) == col(BranchRegency.branch_id))
        .order_by(col(BranchRegency.regency_code))
    )
    return [Served(*row) for row in db.execute(query)]


def _see_some(person: Person, rows: Iterable[Served], kind: str) -> None:
    if not any(sees_of(person, row.regency_code) for row in rows):
        raise NotFound(kind=kind)


def _codes(rows: Iterable[Served]) -> tuple[str, ...]:
    return tuple(row.regency_code for row in rows)
