"""Tells the history what the person behind a request does, and what telephone numbers they get."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.web.auth import current_person
from outreach.web.database import writing_db
from outreach.web.request_ids import route

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from flask import Flask, Response
    from sqlmodel import Session


def install(app: Flask) -> None:
    """Tell of every file that somebody who is logged in takes along."""
    app.after_request(_tell_of_file)


def _tell_of_file(answer: Response) -> Response:
    """Without its line in the history no file goes out."""
    is_file = "filename" in answer.headers.get("Content-Disposition", "")
    if is_file and answer.status_code == HTTPStatus.OK and current_person():
        with writing_db() as db:
            tell(db, Deed.FILE_TAKEN)
    return answer


def tell(
    db: Session, deed: Deed, about: int | None = None, *, villages: Collection[str] = ()
) -> None:
    """Write in the view's own unit of work what its person does, and to which number."""
    someone = current_person()
    record(
        db,
        deed,
        at=datetime.now(UTC),
        by=someone.account_id if someone else None,
        about=about,
        villages=villages,
        page=route(),
    )


def tell_numbers(villages: Iterable[str], deed: Deed = Deed.NUMBERS_SEEN) -> None:
    """Tell that officials' telephone numbers go out: the code of the village for each of them.

    Call it before they do, and outside of any unit of work: what cannot be told is not shown.
    """
    codes = list(villages)
    if codes:
        with writing_db() as db:
            tell(db, deed, villages=codes)
