"""The head and the foot of a branch's letters: kept by people, or a sensible first one."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from unicodedata import category

from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic_core import PydanticCustomError
from sqlalchemy.exc import IntegrityError

from outreach.errors import Conflict
from outreach.papers.numbering import check_pattern, written
from outreach.papers.tables import Letterhead, PaperKind
from outreach.people.branches import own_branch
from outreach.people.edits import change
from outreach.people.free_text import Name, Note
from outreach.people.identity import refuse_identity_numbers
from outreach.people.tables import Branch
from outreach.villages.tables import Regency, Village

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person


#: What of a letterhead is printed.
HEAD = ("office", "address", "contact", "place", "signer_name", "signer_position", "signer_number")


def _one_plain_line(text: str) -> str:
    # Signs that nobody sees turn what is printed around, or break a line in the middle of it.
    if any(category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in text):
        raise PydanticCustomError("unreadable_text", "signs that cannot be seen")
    return text


def _no_identity_when_written(pattern: str) -> str:
    for kind in PaperKind:
        refuse_identity_numbers(written(pattern, kind, 1, date(2026, 1, 1)))
    return pattern


type Pattern = Annotated[
    Note,
    StringConstraints(min_length=1, max_length=80),
    AfterValidator(_one_plain_line),
    AfterValidator(check_pattern),
    AfterValidator(_no_identity_when_written),
]
type Line = Annotated[Note, AfterValidator(_one_plain_line)]
type Named = Annotated[Name, AfterValidator(_one_plain_line)]


class LetterheadIn(BaseModel):
    """What is told about the letters of a branch: every field one line of signs that show."""

    office: Named
    address: Line = ""
    contact: Line = ""
    place: Named
    signer_name: Named
    signer_position: Named
    signer_number: Line = ""
    number_pattern: Pattern


def letterhead_of(db: Session, branch_id: int) -> Letterhead:
    """Read the letterhead of a branch, or derive the one it starts with.

    The derived one has version 0 and no signer: nobody is made up, whoever signs writes their
    name on the line. It is not stored.
    """
    return db.get(Letterhead, branch_id) or _first(db, branch_id)


def printed_head(db: Session, branch_id: int) -> dict[str, Any]:
    """Say what stands at the head and the foot of a branch's papers."""
    letterhead, branch = letterhead_of(db, branch_id), db.get_one(Branch, branch_id)
    return {name: getattr(letterhead, name) for name in HEAD} | {
        "regional_office": branch.regional_office,
        "is_demo": branch.is_demo,
    }


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
