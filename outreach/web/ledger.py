"""The sign-up ledger: what became of sign-ups, what is due, and what does not agree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for

from outreach.campaigns.campaigns import list_campaigns
from outreach.logbook.tables import SignupChannel
from outreach.logbook.tariff import discounts_ending, tariff_sources
from outreach.people.access import NATION
from outreach.people.tables import Role
from outreach.progress.dues import dues
from outreach.progress.ledger import STEPS, by_channel, ledger_by, together
from outreach.progress.reconciling import reconcile
from outreach.villages.codes import Level
from outreach.villages.reading import names_of
from outreach.villages.tables import VillageKind
from outreach.web.auth import person
from outreach.web.board_memory import board_memory
from outreach.web.coordinator_pages import READERS, today
from outreach.web.database import reading_db, running
from outreach.web.due_series import DueSeries, months_around
from outreach.web.manager import BELOW, crumbs_to
from outreach.web.map_filters import Filters, home_of, read_filters_of_part
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.progress.dues import Dues
    from outreach.progress.reconciling import Agreement
    from outreach.progress.scope import Scope

pages = Blueprint("ledger", __name__)

#: The steps up to the first payment, and those that tell who still pays.
TO_PAYING = ("interested", "forms", "registered", "first_paid")
STILL_PAYING = ("paid_1", "paid_3", "paid_6")
MONTHS_BACK, MONTHS_AHEAD = 12, 12
#: A discount that ends within so many days is told.
TOLD_DAYS = 180
ROWS_A_PAGE = 20
#: Farther than this no list goes; what an address asks for beyond it is not looked for.
MOST_PAGES = 1_000_000


@pages.get("/ledger")
@allow(*READERS)
def ledger() -> ResponseReturnValue:
    """Show the ledger of an area: steps, channels, dues, what does not agree, areas below."""
    with reading_db() as db:
        filters = read_filters_of_part(db, person(), home=home_of(person()))
        if len(filters.area) == Level.VILLAGE:
            return redirect(url_for("manager.village", code=filters.area), 303)
        scope = filters.scope(person())
        below = areas_below(db, scope, filters)
        return render_template(
            "manager/ledger.html",
            filters=filters,
            at=lambda area: address_of(filters, area),
            crumbs=_crumbs(db, filters),
            is_part=filters.is_cut(person()),
            campaigns=list_campaigns(db, person()),
            kinds=list(VillageKind),
            may_upload=person().role is Role.COORDINATOR,
            day=today(),
            whole=together(below["areas"].values()),
            channels=_kept(db, scope, "channels", lambda: by_channel(db, scope, until=today())),
            channel_order=list(SignupChannel),
            to_paying=TO_PAYING,
            still_paying=STILL_PAYING,
            part_of=STEPS,
            **below,
            **_due(db, scope),
            **_agreement(db, scope),
        )


def _kept[Reckoned](
    db: Session, scope: Scope, what: object, reckon: Callable[[], Reckoned]
) -> Reckoned:
    """Answer what was reckoned before, unless something has changed since."""
    key = ("ledger", what, today())
    found: Reckoned = board_memory().other(db, scope, key, reckon, now=datetime.now(UTC))
    return found


def address_of(filters: Filters, area: str) -> str:
    """Write the address of this page at another area."""
    return "/ledger" + filters.query(area=area)


def _crumbs(db: Session, filters: Filters) -> list[tuple[str, str]]:
    """List the way to what is looked at: addresses and names; the nation has no name here."""
    part = filters.part
    if part is None:
        regions = crumbs_to(db, person(), filters.area)
        return [(address_of(filters, code), name) for code, name in regions]
    around = [(address_of(filters, NATION), "")] if home_of(person()) == NATION else []
    if around and part.branch_id is not None:
        around.append(("/ledger" + filters.query(office=part.office), part.office))
    return [*around, ("", part.name)]


def areas_below(db: Session, scope: Scope, filters: Filters) -> dict[str, Any]:
    """Gather the ledger by the areas below."""
    level = Level.REGENCY if filters.part else BELOW[len(filters.area)]
    rows = _kept(db, scope, level, lambda: ledger_by(db, scope, level, until=today()))
    return {"level": level.name.lower(), "areas": rows, "names": names_of(db, rows)}


def _due(db: Session, scope: Scope) -> dict[str, Any]:
    """Gather what is due month by month, this month by payer, and which discounts end."""
    funds = running().settings.village_funds_discount
    found, now = due_around(db, scope)
    return {
        "due": DueSeries(found, now),
        "due_last": found.months[-1],
        "ending": discounts_ending(today(), TOLD_DAYS, village_funds_discounted=funds),
        "funds_discounted": funds,
        "tariff_sources": tariff_sources(),
    }


def due_around(db: Session, scope: Scope) -> tuple[Dues, int]:
    """Tell what is due in the months around this one, and the number of this one among them."""
    funds = running().settings.village_funds_discount
    first, months, now = months_around(today(), MONTHS_BACK, MONTHS_AHEAD)
    found = _kept(
        db,
        scope,
        "dues",
        lambda: dues(db, scope, None, first, months, village_funds_discounted=funds),
    )
    return found, now


def _agreement(db: Session, scope: Scope) -> dict[str, Any]:
    """Gather what reports claim beside what is confirmed, one page of it."""
    page = min(max(1, request.args.get("page", 1, type=int)), MOST_PAGES)
    found = _page_of(db, scope, page)
    pages = max(1, -(-found.loud // ROWS_A_PAGE))
    if page > pages:
        page, found = pages, _page_of(db, scope, pages)
    return {
        "findings": found.findings,
        "loud": found.loud,
        "page": page,
        "pages": pages,
        "pairs": found.differing,
    }


def _page_of(db: Session, scope: Scope, page: int) -> Agreement:
    skip = (page - 1) * ROWS_A_PAGE
    return _kept(
        db,
        scope,
        ("pairs", page),
        lambda: reconcile(db, scope, until=today(), most=ROWS_A_PAGE, skip=skip),
    )
