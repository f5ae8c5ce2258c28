"""Erases a person: what names, reaches or was written by them; what was counted stays.

Rows stay where they are, blanked: were one deleted, its number could be given to somebody else,
and a report would lose who sent it. The history of visits is only ever added to and names nobody:
it holds the number of the account. What others wrote about the person is listed by `mentions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import String, Text, case, cast, delete, func, literal, or_, select, update
from sqlmodel import col

from outreach.logbook.tables import (
    DisputedReport,
    Evidence,
    EvidenceKind,
    HeldReport,
    SessionReport,
    TakenItem,
    WaitingPicture,
)
from outreach.messages.announce import OVERTAKEN, TOLD_OTHERWISE
from outreach.messages.tables import Message, MessageState
from outreach.people.passwords import NO_PASSWORD
from outreach.people.tables import Account, ApiToken, Device, Enrolment, Official
from outreach.progress.tables import Digest, SavedView
from outreach.safekeeping.subject import ERASED, belongs, is_contact, known_by
from outreach.sheets.tables import Upload, UploadState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.safekeeping.subject import Subject

#: What nobody can show: no SHA-256 looks like this.
_NO_TOKEN = "erased-"  # noqa: S105 - nobody's
_NO_LOGIN = "dihapus-"
#: The mark against sending twice is made of the official's number.
_NO_KEY = "forgotten-"
#: Why a message was dropped is asked after whom it was for is not: somebody was told, or nobody.
_OUR_WORDS = (OVERTAKEN, TOLD_OTHERWISE)
#: What is written into a message so that it tells of nobody.
NAMES_NOBODY: dict[str, Any] = {
    "official_id": None,
    "dedupe_key": literal(_NO_KEY) + cast(col(Message.id), String),
    "error": case((col(Message.error).in_(_OUR_WORDS), col(Message.error)), else_=""),
}
#: What a report that waits holds of people's words, and of where they were.
_WORDS = {"remarks": "", "place": "", "latitude": None, "longitude": None}


def erase(db: Session, whom: Subject, now: datetime) -> dict[str, int]:
    """Erase a person; return how many rows of each kind that changed, zeros when done before.

    What the numbers of `database check` stand on is not touched.
    """
    return {kind: step(db, whom, now) for kind, step in STEPS.items()}


def _uploads(db: Session, whom: Subject, now: datetime) -> int:
    """Empty the sheets that name the person; asked first, while the name is known."""
    words = [_as_cell(word) for word in known_by(db, whom)]
    columns = (Upload.rows, Upload.changes, Upload.undo)
    holds = [cast(col(one), Text).icontains(w, autoescape=True) for one in columns for w in words]
    if not holds:
        return 0
    emptied: dict[str, Any] = {"rows": [], "changes": [], "undo": []}
    emptied |= {"version": Upload.version + 1}
    staged = update(Upload).where(or_(*holds), col(Upload.state) == UploadState.STAGED)
    others = update(Upload).where(or_(*holds))
    ended = {"state": UploadState.DISCARDED, "settled_at": now}
    return _done(db, staged.values(**emptied, **ended)) + _done(db, others.values(**emptied))


def _as_cell(word: str) -> str:
    """Look for a name as a whole cell, or who is called Sri would empty every sheet."""
    return word if is_contact(word) else f'"{word}"'


def _messages(db: Session, whom: Subject, now: datetime) -> int:
    mine = belongs(col(Message.official_id), whom.official_id)
    waiting = update(Message).where(mine, col(Message.state) == MessageState.WAITING)
    _done(db, waiting.values(state=MessageState.DROPPED, settled_at=now, lease_until=None))
    return _done(db, update(Message).where(mine).values(NAMES_NOBODY))


def names_somebody() -> ColumnElement[bool]:
    """Hold for messages that tell to whom they went, also by what a server said of the address."""
    return or_(
        col(Message.official_id).is_not(None),
        col(Message.error).not_in(("", *_OUR_WORDS)),
        ~col(Message.dedupe_key).startswith(_NO_KEY),
    )


def _enrolments(db: Session, whom: Subject, now: datetime) -> int:
    is_open = col(Enrolment.used_at).is_(None), col(Enrolment.withdrawn_at).is_(None)
    mine = update(Enrolment).where(col(Enrolment.official_id) == whom.official_id, *is_open)
    return _done(db, mine.values(withdrawn_at=now))


def _devices(db: Session, whom: Subject, now: datetime) -> int:
    mine = update(Device).where(
        col(Device.account_id) == whom.account_id, ~col(Device.token_hash).startswith(_NO_TOKEN)
    )
    blank: dict[str, Any] = {
        "token_hash": literal(_NO_TOKEN) + cast(col(Device.id), String),
        "label": "",
        "last_seen_at": None,
        "unsent": None,
        "skew_seconds": None,
        "revoked_at": func.coalesce(col(Device.revoked_at), now),
    }
    return _done(db, mine.values(blank))


def _tokens(db: Session, whom: Subject, now: datetime) -> int:
    mine = update(ApiToken).where(
        col(ApiToken.account_id) == whom.account_id, ~col(ApiToken.token_hash).startswith(_NO_TOKEN)
    )
    blank: dict[str, Any] = {
        "token_hash": literal(_NO_TOKEN) + cast(col(ApiToken.id), String),
        "name": "",
        "withdrawn_at": func.coalesce(col(ApiToken.withdrawn_at), now),
    }
    return _done(db, mine.values(blank))


def _digests(db: Session, whom: Subject, _now: datetime) -> int:
    return _done(db, delete(Digest).where(col(Digest.account_id) == whom.account_id))


def _views(db: Session, whom: Subject, _now: datetime) -> int:
    return _done(db, delete(SavedView).where(col(SavedView.account_id) == whom.account_id))


def _remarks(db: Session, whom: Subject, _now: datetime) -> int:
    """Blank what the person wrote in reports and where they were; every figure stays."""
    report = SessionReport
    told = (col(report.remarks) != "", col(report.place) != "", col(report.latitude).is_not(None))
    mine = update(report).where(col(report.reported_by) == whom.account_id, or_(*told))
    return _done(db, mine.values(_WORDS))


def _waiting(db: Session, whom: Subject, _now: datetime) -> int:
    """Blank the same in reports that wait, and what late answers said."""
    changed = 0
    tables: tuple[Any, ...] = (DisputedReport, HeldReport)
    for table in tables:
        query = select(col(table.id), col(table.content))
        rows = [
            {"id": row.id, "content": content}
            for row in db.execute(query.where(col(table.account_id) == whom.account_id))
            if (content := _without_words(row.content)) != row.content
        ]
        if rows:
            db.execute(update(table), rows)
        changed += len(rows)
    told = cast(col(TakenItem.content), Text) != "{}"
    answers = update(TakenItem).where(col(TakenItem.account_id) == whom.account_id, told)
    return changed + _done(db, answers.values(content={}))


def _without_words(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, **{name: _WORDS[name] for name in _WORDS.keys() & content.keys()}}


def _signatures(db: Session, whom: Subject, _now: datetime) -> int:
    """Erase names in handwriting; photos show others too and go when their time is over."""
    changed = 0
    tables: tuple[Any, ...] = (Evidence, WaitingPicture)
    for table in tables:
        mine = update(table).where(
            col(table.account_id) == whom.account_id,
            col(table.kind) == EvidenceKind.SIGNATURE,
            func.length(col(table.content)) > 0,
        )
        changed += _done(db, mine.values(content=b""))
    return changed


def _official(db: Session, whom: Subject, _now: datetime) -> int:
    mine = update(Official).where(
        col(Official.id) == whom.official_id, col(Official.name) != ERASED
    )
    blank: dict[str, Any] = {
        "name": ERASED,
        "position": ERASED,
        "phone": "",
        "email": "",
        "term_starts": None,
        "term_ends": None,
        "is_active": False,
        "version": Official.version + 1,
    }
    return _done(db, mine.values(blank))


def _account(db: Session, whom: Subject, _now: datetime) -> int:
    mine = update(Account).where(col(Account.id) == whom.account_id, col(Account.name) != ERASED)
    blank: dict[str, Any] = {
        "name": ERASED,
        "login": f"{_NO_LOGIN}{whom.account_id}",
        "password_hash": NO_PASSWORD,
        "password_stamp": f"{_NO_TOKEN}{whom.account_id}",  # ends every login
        "is_active": False,
        "version": Account.version + 1,
    }
    return _done(db, mine.values(blank))


def _done(db: Session, statement: Any) -> int:
    db.flush()
    done: Any = db.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


#: In this order: what is found by the name goes before the name.
STEPS: dict[str, Callable[[Session, Subject, datetime], int]] = {
    "uploads": _uploads,
    "messages": _messages,
    "enrolments": _enrolments,
    "devices": _devices,
    "tokens": _tokens,
    "digests": _digests,
    "views": _views,
    "remarks": _remarks,
    "waiting": _waiting,
    "signatures": _signatures,
    "official": _official,
    "account": _account,
}
