"""The head and the foot of a branch's letters: kept by people, or a sensible first one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, StringConstraints
from sqlalchemy.exc import IntegrityError

from outreach.errors import Conflict
from outreach.papers.numbering import check_pattern
from outreach.papers.tables import Letterhead
from outreach.people.branches import own_branch
from outreach.people.edits import change
from outreach.people.free_text import Name, Remark
from outreach.people.tables import Branch
from outreach.villages.tables import Regency, Village

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person

type Pattern = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\n\r\t]*$"),
    AfterValidator(check_pattern),
]
Line = Annotated[Remark, StringConstraints(max_length=200)]


class LetterheadIn(BaseModel):
    """What is told about the letters of a branch; the signer's staff number may be left out."""

    office: Name
    address: Line = ""
    place: Name
    signer_name: Name
    signer_position: Name
    signer_number: Line = ""
    number_pattern: Pattern


def letterhead_of(db: Session, branch_id: int) -> Letterhead:
    """Read the letterhead of a branch, or derive the one it starts with.

    The derived one has version 0 and no signer: nobody is made up, whoever signs writes their
    name on the line. It is not stored.
    """
    return db.get(Letterhead, branch_id) or _first(db, branch_id)


def has_signer(letterhead: Letterhead) -> bool:
    """Whether it is known who signs."""
    return bool(letterhead.signer_name)


def save_letterhead(
    db: Session, branch_id: int, given: LetterheadIn, *, version: int, by: Person
) -> Letterhead:
    """Keep the letterhead that was read as *version*; 0 for one that was never stored.

    Raises
    ------
    NotFound
        If the branch is missing or not the person's.
    Conflict
        If somebody else changed it since: with both values.
    """
    own_branch(db, branch_id, by)
    stored = db.get(Letterhead, branch_id, with_for_update=True, populate_existing=True)
    if stored is None:
        return _store_first(db, branch_id, given)
    change(stored, given.model_dump(), version)
    return stored


def _store_first(db: Session, branch_id: int, given: LetterheadIn) -> Letterhead:
    letterhead = Letterhead(branch_id=branch_id, **given.model_dump())
    try:
        with db.begin_nested():
            db.add(letterhead)
    except IntegrityError as error:
        theirs = db.get_one(Letterhead, branch_id)
        told = {name: getattr(theirs, name) for name in LetterheadIn.model_fields}
        raise Conflict(
            problem="changed_meanwhile", yours=given.model_dump(), theirs=told
        ) from error
    return letterhead


def _first(db: Session, branch_id: int) -> Letterhead:
    branch = db.get_one(Branch, branch_id)
    base = db.get_one(Village, branch.base_village_code)
    place = re.sub(r"^(Kota|Kabupaten) ", "", db.get_one(Regency, base.regency_code).name)
    return Letterhead(
        branch_id=branch_id,
        office=branch.name,
        place=place,
        signer_name="",
        signer_position=f"Kepala {branch.name}",
        number_pattern=f"{{code}}/{{number}}/{_short(branch.name)}/{{month}}/{{year}}",
        version=0,
    )


def _short(name: str) -> str:
    """`Kantor Cabang Surakarta` in a number: `KC-SURAKARTA`."""
    words = re.sub(r"^Kantor Cabang ", "KC ", name).upper()
    return re.sub(r"[^A-Z0-9]+", "-", words).strip("-")[:40]
