"""The small cards of the board: what is due this month, and where the period will end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from flask import render_template
from flask_babel import gettext as _

from outreach.errors import NotFound
from outreach.progress.dues import dues_by
from outreach.progress.effort import Period
from outreach.progress.outlook import outlook
from outreach.villages.codes import Level
from outreach.web.app import running
from outreach.web.auth import person
from outreach.web.board import READERS, asked_of, local_today, pages, targets_of
from outreach.web.board_memory import board_memory
from outreach.web.board_place import Place, read_place
from outreach.web.database import reading_db
from outreach.web.enum_words import ENUM_WORDS
from outreach.web.i18n import number
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.logbook.tables import Payer
    from outreach.progress.board_rows import Aim
    from outreach.progress.dues import Due
    from outreach.progress.outlook import Outlook


@dataclass(frozen=True, slots=True)
class Cards:
    """What is due in the month that begins on `month`, by payer; and where the period ends."""

    month: date
    dues: dict[Payer, Due]
    outlook: Outlook

    @property
    def rupiah(self) -> int:
        """All that is due."""
        return sum(due.rupiah for due in self.dues.values())

    @property
    def workers(self) -> int:
        """Workers that it is due for."""
        return sum(due.workers for due in self.dues.values())

    @property
    def claimed_workers(self) -> int:
        """Those of them that only session reports tell of."""
        return sum(due.claimed_workers for due in self.dues.values())


@pages.get("/board/cards")
@allow(*READERS)
def cards() -> ResponseReturnValue:
    """Send the cards alone: they take longer to reckon than the page should wait."""
    today = local_today()
    with reading_db() as db:
        place = read_place(db, person())
        if len(place.filters.area) == Level.VILLAGE:
            raise NotFound(region=place.filters.area)
        found = _cards(db, replace(place, by=place.choices[0]), today)
    return render_template(
        "manager/board_cards.html", place=place, cards=found, payers=_payers(found.dues)
    )


def _cards(db: Session, place: Place, today: date) -> Cards:
    """Reckon the cards towards the target that stands on the board."""
    memory, now = board_memory(), datetime.now(UTC)
    targets = targets_of(db, place, today)
    aim = memory.board(db, asked_of(place), targets, today=today, now=now).whole.aim
    key = ("cards", aim, today)

    def reckon() -> Cards:
        discounted = running().settings.village_funds_discount
        month = today.replace(day=1)
        dues = dues_by(db, place.scope, None, month, village_funds_discounted=discounted)
        target = aim.signups if aim and aim.signups else None
        ends = outlook(db, place.scope, _period(aim, today), target=target)
        return Cards(month, dues.get("", {}), ends)

    kept: Cards = memory.other(db, place.scope, key, reckon, now=now)
    return kept


def _period(aim: Aim | None, today: date) -> Period:
    if aim is None:
        return Period(date(today.year, 1, 1), date(today.year, 12, 31), today)
    return Period(aim.starts, aim.ends, today)


def _payers(dues: dict[Payer, Due]) -> list[dict[str, Any]]:
    """Write what each payer owes as rows of a chart, the largest first."""
    words = ENUM_WORDS["Payer"]
    rows = [
        {
            "name": words[payer.value],
            "value": due.rupiah,
            "note": _("%(workers)s workers", workers=number(due.workers)),
        }
        for payer, due in dues.items()
    ]
    return sorted(rows, key=lambda row: -row["value"])
