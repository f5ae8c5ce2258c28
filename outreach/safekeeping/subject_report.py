"""Everything that the product holds about one person, and about nobody else.

Law 27/2022 on the protection of personal data gives people a right to a copy of it (article 7)
and whoever keeps it three times 24 hours to answer (article 32, paragraph 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    HeldReport,
    SessionReport,
    TakenItem,
    WaitingPicture,
)
from outreach.messages.tables import Message
from outreach.people.passwords import NO_PASSWORD
from outreach.people.tables import (
    Account,
    AccountArea,
    ApiToken,
    Branch,
    Device,
    Enrolment,
    Official,
)
from outreach.progress.tables import Digest, SavedView
from outreach.safekeeping.mentions import mentions
from outreach.safekeeping.subject import belongs, known_by
from outreach.safekeeping.subject_history import history_on
from outreach.schema import metadata
from outreach.sheets.tables import Upload
from outreach.villages.tables import District, Regency, Village
from outreach.visits.tables import ConfirmationLink, VisitEvent

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlmodel import Session

    from outreach.safekeeping.subject import Subject

    Rows = list[dict[str, Any]]


def report_on(db: Session, whom: Subject) -> dict[str, Rows]:
    """Tell all rows about a person, by section, in the order they are read in.

    `acts` count rows of work that name the person as who did them; `mentions` tell where else
    the name, the number or the address stands, by table and row, for somebody to look there.
    """
    queries = {**_of_official(whom.official_id), **_of_account(whom.account_id)}
    told = {name: _rows(db, query) for name, query in queries.items()}
    told |= history_on(db, whom)
    told["acts"] = _acts(db, whom.account_id)
    told["mentions"] = [
        {"table": one.table, "column": one.column, "rows": list(one.rows)}
        for one in mentions(db, whom, known_by(db, whom))
        if one.table not in _OWN
    ]
    return told


#: Told above, row by row.
_OWN = {"saved_view", "api_token"}


def _of_official(number: int | None) -> dict[str, Select[Any]]:
    told_of = select(col(Message.visit_id)).where(col(Message.official_id) == number)
    return {
        "official": select(
            *_columns(Official, "id name position phone email village_code"),
            col(Village.name).label("village"),
            col(District.name).label("district"),
            col(Regency.name).label("regency"),
            *_columns(Official, "term_starts term_ends is_active"),
        )
        .join(Village, col(Village.code) == col(Official.village_code))
        .join(District, col(District.code) == col(Village.district_code))
        .join(Regency, col(Regency.code) == col(Village.regency_code))
        .where(col(Official.id) == number),
        "enrolments": _select(
            Enrolment, "issued_at expires_at sent_at used_at withdrawn_at", official_id=number
        ),
        "messages": _select(
            Message,
            "visit_id medium matter for_day state created_at settled_at error",
            official_id=number,
        ),
        "links": select(
            *_columns(ConfirmationLink, "visit_id issued_at expires_at answered_at answer")
        )
        .where(col(ConfirmationLink.visit_id).in_(told_of))
        .order_by(col(ConfirmationLink.id)),
    }


def _of_account(number: int | None) -> dict[str, Select[Any]]:
    return {
        "account": select(
            *_columns(Account, "id login name role"),
            col(Branch.name).label("branch"),
            *_columns(Account, "is_active created_at"),
            (col(Account.password_hash) != NO_PASSWORD).label("has_password"),
        )
        .join(Branch, col(Branch.id) == col(Account.branch_id), isouter=True)
        .where(col(Account.id) == number),
        "areas": select(col(AccountArea.code)).where(col(AccountArea.account_id) == number),
        "devices": _select(
            Device,
            "id kind label enrolled_at last_seen_at unsent skew_seconds behind_pin revoked_at",
            account_id=number,
        ),
        "tokens": _select(
            ApiToken, "name areas made_at expires_at last_used_at withdrawn_at", account_id=number
        ),
        "digest": _select(
            Digest, "email area weekday asked_at confirmed_at sent_at", account_id=number
        ),
        "views": _select(SavedView, "name address saved_at", account_id=number),
        **_sent(number),
    }


def _sent(number: int | None) -> dict[str, Select[Any]]:
    """Ask for what came from the person: reports, pictures, answers, lines of history, sheets."""
    waiting = "visit_id received_at source content"
    picture = "id kind media_type width height received_at"
    return {
        "reports": _select(
            SessionReport,
            "id visit_id village_code held_on held_at place men women signups paid minutes "
            "latitude longitude remarks source device_id saved_at received_at",
            reported_by=number,
        ),
        "disputed": _select(DisputedReport, waiting, account_id=number),
        "held": _select(HeldReport, waiting, account_id=number),
        "answers": _select(
            TakenItem, "visit_id kind outcome content received_at", account_id=number
        ),
        "pictures": _select(Evidence, picture, account_id=number),
        "waiting_pictures": _select(WaitingPicture, picture, account_id=number),
        "events": _select(
            VisitEvent, "at visit_id village_code happening channel reason", account_id=number
        ),
        "uploads": _select(Upload, "kind file_name uploaded_at state", uploaded_by=number),
    }


def _select(table: Any, names: str, **whose: int | None) -> Select[Any]:
    ((name, number),) = whose.items()
    (first, *_) = table.__table__.primary_key.columns
    return (
        select(*_columns(table, names)).where(belongs(getattr(table, name), number)).order_by(first)
    )


def _columns(table: Any, names: str) -> list[Any]:
    return [getattr(table, name) for name in names.split()]


def _rows(db: Session, query: Select[Any]) -> Rows:
    return [dict(row._mapping) for row in db.execute(query)]  # noqa: SLF001 - its public name


def _acts(db: Session, number: int | None) -> Rows:
    """Count the rows of every table that point to the account."""
    found: Rows = []
    for name, table in sorted(metadata.tables.items()):
        for key in sorted(table.foreign_keys, key=lambda one: one.parent.name):
            if key.target_fullname == "account.id" and number is not None:
                query = select(func.count()).select_from(table).where(key.parent == number)
                rows = db.execute(query).scalar_one()
                found += [{"table": name, "column": key.parent.name, "rows": rows}] * bool(rows)
    return found
