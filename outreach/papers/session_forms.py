"""The form on which a session is noted by hand: blank but for what is known of the visit.

It has no number and is not kept: it certifies nothing before it is signed, anybody who may see
the visit may print one, and a visit that moves leaves no form behind, for its code is the visit's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlmodel import col

from outreach.campaigns.tables import Stage
from outreach.logbook.tables import Package, Payer
from outreach.logbook.wording import MET, PACKAGES, SECTORS
from outreach.papers.contents import appointment, teams_of
from outreach.papers.form_codes import address_of, code_of, shown_code
from outreach.papers.letterhead import printed_head
from outreach.papers.typesetting import qr
from outreach.papers.wording import day_words, session_words
from outreach.visits.tables import Work

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlmodel import Session

    from outreach.papers.contents import TeamFacts
    from outreach.visits.rows import VisitRow

TITLE = "Formulir laporan sosialisasi"
#: A form is for what has been asked for and not been reported; one given back may have been held.
HAS_FORM = (Work.AWAITING, Work.CONFIRMED, Work.RETURNED)
#: The short of each word: a column is as wide as a number.
PAYERS = {
    Payer.SELF: "Sendiri",
    Payer.SERTAKAN: "SERTAKAN",
    Payer.APBD: "APBD",
    Payer.APBDES: "APBDes",
    Payer.PBI: "PBI",
    Payer.CSR: "CSR",
}


def forms_of(
    db: Session, rows: Iterable[VisitRow], *, key: bytes, public_url: str, today: date
) -> list[dict[str, Any]]:
    """Put the forms of visits into the words that the typesetter sets, in the order given.

    The caller has read the visits as the person may see them. Those whose session cannot be
    reported for the first time any more are left out.
    """
    wanted = [row for row in rows if row.work in HAS_FORM]
    teams = teams_of(db, {row.team_id for row in wanted})
    heads = _heads(db, {row.stage_id for row in wanted})
    dated = {"dated": day_words(today), "dated_iso": today.isoformat()}
    return [
        _form(row, teams[row.team_id], key, public_url) | {"head": heads[row.stage_id]} | dated
        for row in wanted
    ]


def _heads(db: Session, stage_ids: set[int]) -> dict[int, dict[str, Any]]:
    """Read the letterhead of each stage's branch."""
    query = select(col(Stage.id), col(Stage.branch_id)).where(col(Stage.id).in_(stage_ids))
    branches: dict[int, int] = {row.id: row.branch_id for row in db.execute(query)}
    heads = {branch_id: printed_head(db, branch_id) for branch_id in set(branches.values())}
    return {stage_id: heads[branch_id] for stage_id, branch_id in branches.items()}


def _form(row: VisitRow, team: TeamFacts, key: bytes, public_url: str) -> dict[str, Any]:
    code = code_of(row.id, row.village_code, key)
    link = address_of(code, public_url)
    return session_words({"team": team.name, "visit": appointment(row)}) | {
        "kind": "session_form",
        "title": TITLE,
        "number": shown_code(code),
        "edition": 1,
        "revised": "",
        "campaign": row.campaign,
        "stage": row.stage,
        "members": list(team.members),
        "zone": row.zone.name,
        "met": list(MET.values()),
        "sectors": list(SECTORS.values()),
        "packages": [PACKAGES[one] for one in Package],
        "payers": [PAYERS[one] for one in Payer],
        "typed_at": link.removesuffix(f"/{code}").partition("://")[2],
        "qr": qr(link),
    }
