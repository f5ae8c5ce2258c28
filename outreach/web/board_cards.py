"""The small cards of the board: what is due this month, and where the period will end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from flask import render_template
from flask_babel import gettext as _

from outreach.errors import NotFound
from outreach.progress.dues import dues
from outreach.progress.effort import Period
from outreach.progress.outlook import outlook
from outreach.villages.codes import Level
from outreach.web.app import running
from outreach.web.auth import person
from outreach.web.board import READERS, asked_of, pages, targets_of
from outreach.web.board_memory import board_memory
from outreach.web.board_place import Place, read_place
from outreach.web.coordinator_pages import now, today
from outreach.web.database import reading_db
from outreach.web.due_series import DueSeries, months_around
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


#: Months that are told, before and after the present one.
MONTHS_BACK, MONTHS_AHEAD = 5, 6


@dataclass(frozen=True, slots=True)
class Cards:
    """What is due in the months around `month`, which is the present one; where the period ends."""

    month: date
    due: DueSeries
    outlook: Outlook

    @property
    def rupiah(self) -> int:
        """All that is due this month."""
        return sum(due.rupiah for due in self.due.present.values())

    @property
    def workers(self) -> int:
        """Workers that it is due for."""
        return sum(due.workers for due in self.due.present.values())

    @property
    def claimed_workers(self) -> int:
        """Those of them that only session reports tell of."""
        return sum(due.claimed_workers for due in self.due.present.values())


@pages.get("/board/cards")
@allow(*READERS)
def cards() -> ResponseReturnValue:
    """Send the cards alone: they take longer to reckon than the page should wait."""
    with reading_db() as db:
        place = read_place(db, person())
        if len(place.filters.area) == Level.VILLAGE:
            raise NotFound(region=place.filters.area)
        found = _cards(db, replace(place, by=place.choices[0]), today())
    return render_template(
        "manager/board_cards.html", place=place, cards=found, payers=_payers(found.due.present)
    )


def _cards(db: Session, place: Place, today: date) -> Cards:
    """Reckon the cards towards the target that stands on the board."""
    memory, moment = board_memory(), now()
    targets = targets_of(db, place, today)
    aim = memory.board(db, asked_of(place), targets, today=today, now=moment).whole.aim
    key = ("cards", aim, today)

    def reckon() -> Cards:
        discounted = running().settings.village_funds_discount
        first, months, this = months_around(today, MONTHS_BACK, MONTHS_AHEAD)
        found = dues(db, place.scope, None, first, months, village_funds_discounted=discounted)
        target = aim.signups if aim and aim.signups else None
        ends = outlook(db, place.scope, _period(aim, today), target=target)
        return Cards(found.months[this], DueSeries(found, this), ends)

    kept: Cards = memory.other(db, place.scope, key, reckon, now=moment)
    return kept


def _period(aim: Aim | None, today: date) -> Period:
    if aim is None:
        return Period(date(today.year, 1, 1), date(today.year, 12, 31), today)
    return Period(aim.starts, aim.ends, today)


def _payers(due: dict[Payer, Due]) -> list[dict[str, Any]]:
    """Write what each payer owes as rows of a chart, the largest first."""
    words = ENUM_WORDS["Payer"]
    rows = [
        {
            "name": words[payer.value],
            "value": one.rupiah,
            "note": _("%(workers)s workers", workers=number(one.workers)),
        }
        for payer, one in due.items()
    ]
    return sorted(rows, key=lambda row: -row["value"])
