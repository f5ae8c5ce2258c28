"""The code on a report form: which visit it is of, and the id under which it is typed in.

Neither is stored. Both are derived from the installation's key, so a form that is typed in twice,
by whomever, is one report.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from uuid import UUID

from outreach.errors import NotFound
from outreach.people import signs
from outreach.visits.listing import visit_row

if TYPE_CHECKING:
    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.visits.rows import VisitRow

#: Eight signs: they tell a slip of the pen from a code, and who types it has to be let in anyway.
_SIGNATURE_BYTES = 5
_SIGNATURE_SIGNS = 8
#: Digits that are no signs of ours are the letters they look like.
_LOOK_ALIKES = str.maketrans("018", "oib")


def key_of(secret: str) -> bytes:
    """Derive the key of the forms."""
    return signs.derived_key(secret, b"outreach: report forms on paper")


def code_of(visit_id: int, village_code: str, key: bytes) -> str:
    """Write the code of a visit's form."""
    # The village too: after a backup is restored, numbers are given out again.
    return signs.code_of(visit_id, f"code.{visit_id}.{village_code}", key, _SIGNATURE_BYTES)


def shown_code(code: str) -> str:
    """Write a code as it is printed and read out: `K7-XQ2M-AB3D`."""
    number, first, last = code[:-_SIGNATURE_SIGNS], code[-_SIGNATURE_SIGNS:-4], code[-4:]
    return f"{number}-{first}-{last}".upper()


def address_of(code: str, public_url: str) -> str:
    """Write the address at which a form is typed in."""
    return f"{public_url.rstrip('/')}/f/{code}"


def report_id_of(visit_id: int, village_code: str, key: bytes) -> UUID:
    """Derive the id of the report that is on the visit's form: a UUID of version 8."""
    told = f"report.{visit_id}.{village_code}"
    digest = hmac.digest(key, told.encode(), hashlib.sha256)[:16]
    number = int.from_bytes(digest) & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=number | (0x8 << 76) | (0x2 << 62))


def find(db: Session, person: Person, typed: str, key: bytes) -> VisitRow:
    """Read the visit whose form has this code, however it was typed.

    Raises
    ------
    NotFound
        If no form has it, or its village lies outside the person's area: both look the same.
    """
    plain = typed.lower().translate(_LOOK_ALIKES)
    code = "".join(one for one in plain if one in signs.SIGNS)
    visit = visit_row(db, person, signs.number_in(code, _SIGNATURE_BYTES))
    if not signs.is_same(code_of(visit.id, visit.village_code, key), code):
        raise NotFound(kind="Form")
    return visit
