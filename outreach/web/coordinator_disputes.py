"""Where two reports of a visit differ: both side by side, and which of them holds."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy
from pydantic import BaseModel, Field

from outreach.errors import Conflict, Invalid
from outreach.logbook.disputes import (
    MOST_OPEN,
    Dispute,
    count_open,
    dispute_of,
    open_disputes,
    rule,
    ruled_disputes,
)
from outreach.logbook.form_pictures import waiting_pictures
from outreach.logbook.record import result_of
from outreach.logbook.tables import Ruling
from outreach.logbook.waiting import count_held, held_reports
from outreach.people.free_text import Remark
from outreach.people.tables import Role
from outreach.web.auth import person
from outreach.web.coordinator_pages import filled_again, now, pages
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read
from outreach.web.i18n import clock, long_date, number
from outreach.web.report_words import conflict_words, hindrance_words
from outreach.web.routing import allow
from outreach.web.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from outreach.logbook.listing import ReportRow
    from outreach.logbook.record import SessionReportIn

#: Decided disputes that the list still shows.
MOST_RULED = 20
#: Corrections that wait for their report and are named; the others are counted.
MOST_HELD = 50


class RulingIn(BaseModel):
    """Which report holds, and why."""

    ruling: Ruling
    why: Remark = ""
    version: int = Field(ge=1, le=2**31 - 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that both reports tell."""

    name: str
    stored: str
    told: str

    @property
    def differs(self) -> bool:
        """Whether they tell it differently."""
        return self.stored != self.told


type Telling = ReportRow | SessionReportIn


def _count(value: int | None) -> str:
    return str(_("not known")) if value is None else number(value)


def _length(report: Telling) -> str:
    if report.minutes is None:
        return _count(None)
    return str(_("%(minutes)s min", minutes=number(report.minutes)))


def _details(report: Telling) -> str:
    lines = sorted(
        f"{number(one.workers)} {word(one.sector)}, {word(one.package)}, {word(one.payer)}"
        for one in report.details
    )
    return "\n".join(lines)


#: What is compared, and how it is written; a difference is what a reader sees as one.
_TOLD: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (_lazy("Day"), lambda one: long_date(one.held_on)),
    (_lazy("Time"), lambda one: clock(one.held_at)),
    (_lazy("Place"), lambda one: str(one.place)),
    (_lazy("Men"), lambda one: number(one.men)),
    (_lazy("Women"), lambda one: number(one.women)),
    (_lazy("Sign-ups"), lambda one: number(one.signups)),
    (_lazy("Paid"), lambda one: _count(one.paid)),
    (_lazy("Length of the session"), _length),
    (_lazy("Result"), lambda one: word(_result(one))),
    (_lazy("Details"), _details),
    (_lazy("Remarks"), lambda one: str(one.remarks)),
)


def _result(report: Telling) -> Any:
    return report.result if hasattr(report, "result") else result_of(report)


@pages.get("/disputes")
@allow(Role.COORDINATOR)
def disputes() -> ResponseReturnValue:
    """List the reports that contradict a stored one, and those decided last."""
    with reading_db() as db:
        waiting = open_disputes(db, person())
        whole = count_open(db, person()) if len(waiting) >= MOST_OPEN else len(waiting)
        ruled = ruled_disputes(db, person(), MOST_RULED)
        held, held_count = held_reports(db, person(), MOST_HELD), count_held(db, person())
        pictures = waiting_pictures(db, person(), [(row.id, row.fingerprint) for row in held])
    return render_template(
        "coordinator/disputes.html",
        waiting=waiting,
        whole=whole,
        ruled=ruled,
        held=held,
        held_count=held_count,
        pictures=pictures,
        conflict_words=conflict_words,
    )


@pages.get("/disputes/<int:dispute_id>")
@allow(Role.COORDINATOR)
def dispute(dispute_id: int) -> ResponseReturnValue:
    """Show both reports side by side."""
    return _page(dispute_id)


@pages.post("/disputes/<int:dispute_id>/ruling")
@allow(Role.COORDINATOR)
def rule_dispute(dispute_id: int) -> ResponseReturnValue:
    """Say which of the two holds."""
    try:
        given = read(RulingIn, request.form)
        with writing_db() as db:
            rule(
                db,
                dispute_id,
                given.ruling,
                version=given.version,
                why=given.why,
                by=person(),
                now=now(),
            )
    except (Invalid, Conflict) as error:
        with reading_db() as db:
            form = filled_again(error, dispute_of(db, person(), dispute_id).row)
        return _page(dispute_id, form), error.status
    taken = given.ruling is Ruling.TAKEN
    flash(_("The other report counts now.") if taken else _("The stored report stays."))
    return redirect(url_for("coordinator.disputes"), 303)


def _page(dispute_id: int, form: Filled | None = None) -> str:
    with reading_db() as db:
        found = dispute_of(db, person(), dispute_id)
        told = found.row.report_id, found.row.fingerprint
        pictures = waiting_pictures(db, person(), [told]).get(told, [])
    return render_template(
        "coordinator/dispute.html",
        dispute=found,
        row=found.row,
        lines=_lines(found),
        pictures=pictures,
        hindrance=hindrance_words(found.hindrance),
        form=form or fill(version=found.row.version),
        conflict_words=conflict_words,
    )


def _lines(found: Dispute) -> Sequence[Line]:
    return [
        Line(
            str(name),
            written(found.stored) if found.stored else "",
            written(found.told) if found.told else "",
        )
        for name, written in _TOLD
    ]
