"""Tells the history what the person behind a request does, and what telephone numbers they get."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from outreach.history.looking import TOLD_ONCE_IN, told_about
from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.web.auth import current_person, person
from outreach.web.database import reading_db, writing_db
from outreach.web.request_ids import route

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flask import Flask, Response
    from sqlmodel import Session

    from outreach.messages.facts import Told


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
    db: Session,
    deed: Deed,
    about: int | None = None,
    *,
    villages: Collection[str] = (),
    regions: Collection[str] = (),
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
        regions=regions,
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


def tell_team_numbers(bases: Iterable[str], *, taken: bool = False) -> None:
    """Tell that teams' telephone numbers go out: where each of the teams starts; else as above."""
    codes = list(bases)
    if codes:
        with writing_db() as db:
            tell(db, Deed.TEAM_NUMBERS_TAKEN if taken else Deed.TEAM_NUMBERS_SEEN, villages=codes)


def tell_team_number(team_id: int, base: str) -> None:
    """Tell that the number of one team goes out."""
    with writing_db() as db:
        tell(db, Deed.TEAM_NUMBERS_SEEN, team_id, villages=[base])


def tell_team_numbers_of_the_day(bases: Mapping[int, str]) -> None:
    """Tell of each team, by its number, once in a day: phones ask every few minutes."""
    me, since = person().account_id, datetime.now(UTC) - TOLD_ONCE_IN
    with reading_db() as db:
        told = told_about(db, me, Deed.TEAM_NUMBERS_SEEN, since) if bases else frozenset()
    for team_id in sorted(bases.keys() - told):
        tell_team_number(team_id, bases[team_id])


def of_teams(visits: Iterable[Told]) -> list[str]:
    """Name where each team starts whose number stands in the words about visits."""
    known = {one.team_id: one.team_base for one in visits if one.team_phone}
    return list(known.values())
