"""Which regencies stand behind a regional office or a branch, as far as a person may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.people.access import covers
from outreach.people.tables import Branch, BranchRegency

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person


@dataclass(frozen=True, slots=True)
class Served:
    """A regency and the branch that serves it; `branch_id` as text is the key of its row."""

    regency_code: str
    branch_id: int
    branch: str
    office: str


def served_regencies(db: Session, person: Person) -> list[Served]:
    """List the served regencies of which the person sees something, by code."""
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
    rows = [Served(*row) for row in db.execute(query)]
    return [row for row in rows if _is_seen(person, row.regency_code)]


def _is_seen(person: Person, regency_code: str) -> bool:
    inside = (covers((regency_code,), area) for area in person.areas)
    return covers(person.areas, regency_code) or any(inside)
