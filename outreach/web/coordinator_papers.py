"""Papers: made and printed for a stage, a month, a team, a day or one visit; the letterhead."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import AwareDatetime, BaseModel, Field

from outreach.campaigns.campaigns import campaign_of
from outreach.errors import Conflict, Invalid
from outreach.papers.choosing import Wanted
from outreach.papers.contents import STANDING
from outreach.papers.issuing import (
    kept_ids,
    made_since,
    make_again,
    make_papers,
    printed,
    renew_papers,
)
from outreach.papers.letterhead import (
    LetterheadIn,
    has_signer,
    letterhead_of,
    save_letterhead,
)
from outreach.papers.outdated import PaperState, papers_of_stage
from outreach.papers.tables import PaperKind
from outreach.papers.typesetting import contacts_of, typeset
from outreach.people.branches import own_branch
from outreach.people.tables import Role
from outreach.visits.listing import visits_of_stage
from outreach.visits.tables import Work
from outreach.web.auth import person
from outreach.web.coordinator_calendar import month_name
from outreach.web.coordinator_pages import filled_again, now, pages, planners_stage, today
from outreach.web.coordinator_plan import PlanDay
from outreach.web.database import reading_db, running, writing_db
from outreach.web.forms import Filled, fill, read, version_of
from outreach.web.paper_files import file_name, pdf_answer
from outreach.web.routing import allow
from outreach.web.words import problems_in_words, sentence, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.errors import OutreachError
    from outreach.papers.outdated import PaperRow
    from outreach.visits.rows import VisitRow

PAGE_LENGTH = 25


class PapersIn(BaseModel):
    """Which papers to make or to print."""

    kinds: list[PaperKind] = Field(min_length=1)
    month: PlanDay | None = None
    team_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    day: PlanDay | None = None
    visit_id: int | None = Field(default=None, ge=1, le=2**31 - 1)

    def wanted(self) -> Wanted:
        """Say it to the room of papers."""
        return Wanted(tuple(self.kinds), self.month, self.team_id, self.day, self.visit_id)


class ListIn(BaseModel):
    """How the list of papers is narrowed, and which page of it is shown."""

    kind: PaperKind | None = None
    visit_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    outdated: bool = False
    page: int = Field(default=1, ge=1, le=100_000)


class SinceIn(BaseModel):
    """From which moment on papers were made."""

    since: AwareDatetime


@pages.get("/stages/<int:stage_id>/papers")
@allow(Role.COORDINATOR)
def papers(stage_id: int) -> ResponseReturnValue:
    """Show the papers of a stage, which the plan has left behind, and the form that makes more."""
    return _page(stage_id)


@pages.post("/stages/<int:stage_id>/papers")
@allow(Role.COORDINATOR)
def print_papers(stage_id: int) -> ResponseReturnValue:
    """Make the papers asked for and go to their PDF."""
    try:
        given = read(PapersIn, request.form)
        with writing_db() as db:
            planners_stage(db, stage_id)
            make_papers(db, stage_id, given.wanted(), by=person(), now=now())
    except (Invalid, Conflict) as error:
        return _page(stage_id, error), error.status
    asked = given.model_dump(mode="json", exclude_none=True)
    return redirect(url_for("coordinator.papers_file", stage_id=stage_id, **asked), 303)


@pages.get("/stages/<int:stage_id>/papers/file")
@allow(Role.COORDINATOR)
def papers_file(stage_id: int) -> ResponseReturnValue:
    """Give the papers asked for, as they were last made, in one PDF."""
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        if "since" in request.args:
            ids = made_since(db, person(), stage_id, read(SinceIn, request.args).since)
        else:
            wanted = read(PapersIn, request.args).wanted()
            ids = kept_ids(db, person(), stage_id, wanted)
        if not ids:
            return render_template("error.html", status=404, words=_nothing_printed()), 404
        return _pdf(db, ids, stage.name)


@pages.post("/stages/<int:stage_id>/papers/renew")
@allow(Role.COORDINATOR)
def renew_outdated(stage_id: int) -> ResponseReturnValue:
    """Make every paper of a stage anew that the plan has left behind, and go to their PDF."""
    moment = now()
    with writing_db() as db:
        planners_stage(db, stage_id)
        rows = papers_of_stage(db, person(), stage_id, today())
        left = [row.id for row in rows if row.state is PaperState.OUTDATED]
        renew_papers(db, stage_id, left, by=person(), now=moment)
    if not left:
        flash(_("Every paper says what the plan says."))
        return redirect(url_for("coordinator.papers", stage_id=stage_id), 303)
    since = moment.isoformat()
    return redirect(url_for("coordinator.papers_file", stage_id=stage_id, since=since), 303)


@pages.get("/papers/<int:paper_id>/file")
@allow(Role.COORDINATOR)
def paper_file(paper_id: int) -> ResponseReturnValue:
    """Give one paper as it was last made."""
    with reading_db() as db:
        return _pdf(db, [paper_id], "")


@pages.post("/papers/<int:paper_id>/again")
@allow(Role.COORDINATOR)
def print_again(paper_id: int) -> ResponseReturnValue:
    """Make one paper as the plan has it now, under its number, and go to its PDF."""
    with writing_db() as db:
        make_again(db, paper_id, by=person(), now=now())
    return redirect(url_for("coordinator.paper_file", paper_id=paper_id), 303)


@pages.get("/branches/<int:branch_id>/letterhead")
@allow(Role.COORDINATOR, Role.ADMIN)
def letterhead(branch_id: int) -> ResponseReturnValue:
    """Show the letterhead of a branch in its form."""
    with reading_db() as db:
        own_branch(db, branch_id, person())
        stored = letterhead_of(db, branch_id)
        return _letterhead_form(db, branch_id, fill(**stored.model_dump()))


@pages.post("/branches/<int:branch_id>/letterhead")
@allow(Role.COORDINATOR, Role.ADMIN)
def change_letterhead(branch_id: int) -> ResponseReturnValue:
    """Keep the letterhead; a stale form comes back with both values."""
    with reading_db() as db:
        own_branch(db, branch_id, person())
    try:
        given = read(LetterheadIn, request.form)
        with writing_db() as db:
            version = version_of(request.form)
            save_letterhead(db, branch_id, given, version=version, by=person())
    except (Invalid, Conflict) as error:
        with reading_db() as db:
            form = filled_again(error, letterhead_of(db, branch_id))
            return _letterhead_form(db, branch_id, form), error.status
    flash(_("Saved."))
    return redirect(url_for("coordinator.letterhead", branch_id=branch_id), 303)


def _letterhead_form(db: Session, branch_id: int, form: Filled) -> str:
    branch = own_branch(db, branch_id, person())
    is_set = has_signer(letterhead_of(db, branch_id))
    return render_template("coordinator/letterhead.html", branch=branch, form=form, is_set=is_set)


def _nothing_printed() -> str:
    return str(_("None of these papers has been made yet. Make them on the page of papers."))


def _pdf(db: Session, ids: Sequence[int], name: str) -> ResponseReturnValue:
    told = printed(db, person(), ids)
    base = running().settings.public_url or request.url_root
    set_ = typeset(
        told, lambda visit_id: f"{base.rstrip('/')}/visits/{visit_id}", contacts_of(db, told)
    )
    return pdf_answer(set_, file_name(told, name))


def _page(stage_id: int, error: OutreachError | None = None) -> str:
    given = _list_asked()
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        rows = papers_of_stage(db, person(), stage_id, today())
        shown = _around(db, stage)
    left = Counter(row.state for row in rows)
    listed = [row for row in rows if _fits(row, given)]
    return render_template(
        "coordinator/papers.html",
        form=_form_again(error, shown["months_in_words"]),
        kinds=list(PaperKind),
        kinds_in_words=[(kind.value, word(kind)) for kind in PaperKind],
        filters=given,
        outdated=left[PaperState.OUTDATED],
        void=left[PaperState.VOID],
        made=len(rows),
        left_behind_words=_left_behind(left),
        **_paged(listed, given.page, stage_id),
        **shown,
    )


def _list_asked() -> ListIn:
    try:
        return read(ListIn, request.args)
    except Invalid:
        return ListIn()


def _form_again(error: OutreachError | None, months: Sequence[tuple[str, str]]) -> Filled:
    """Fill the form in: everything of this month, or of the next one that has visits."""
    if error is None:
        this_month = today().replace(day=1).isoformat()
        month = next((first for first, _name in months if first >= this_month), "")
        return fill(kinds=[kind.value for kind in PaperKind], month=month)
    typed = {name: request.form.getlist(name) for name in request.form}
    return Filled(typed, problems_in_words(error), sentence(error))


def _fits(row: PaperRow, given: ListIn) -> bool:
    return (
        given.kind in (None, row.kind)
        and given.visit_id in (None, row.visit_id)
        and (row.state is not PaperState.CURRENT or not given.outdated)
    )


def _left_behind(left: Counter[PaperState]) -> str:
    count = left[PaperState.OUTDATED]
    words = ngettext(
        "%(num)s paper says something else than the plan does now.",
        "%(num)s papers say something else than the plan does now.",
        count,
    )
    return str(words) if count else ""


def _around(db: Session, stage: Stage) -> dict[str, Any]:
    visits = visits_of_stage(db, person(), stage.id or 0)
    standing = [row for row in visits if row.work in STANDING]
    return {
        "stage": stage,
        "campaign": campaign_of(db, person(), stage.campaign_id),
        "approved": len(standing),
        "proposed": sum(row.work is Work.PROPOSED for row in visits),
        "months_in_words": [("", _("The whole stage")), *_months(standing)],
        "teams_in_words": [("", _("All teams")), *_teams(standing)],
        "has_signer": has_signer(letterhead_of(db, stage.branch_id)),
    }


def _months(rows: Sequence[VisitRow]) -> list[tuple[str, str]]:
    firsts = sorted({row.day.replace(day=1) for row in rows})
    return [(first.isoformat(), month_name(first)) for first in firsts]


def _teams(rows: Sequence[VisitRow]) -> list[tuple[int, str]]:
    return sorted({(row.team_id, row.team) for row in rows}, key=lambda one: one[1])


def _paged(rows: list[PaperRow], page: int, stage_id: int) -> dict[str, Any]:
    last = max(1, -(-len(rows) // PAGE_LENGTH))
    page = min(page, last)
    start = (page - 1) * PAGE_LENGTH
    links = {
        number: _page_link(stage_id, number)
        for number in (page - 1, page + 1)
        if 1 <= number <= last
    }
    return {
        "rows": rows[start : start + PAGE_LENGTH],
        "found": len(rows),
        "page": page,
        "last_page": last,
        "before": links.get(page - 1),
        "after": links.get(page + 1),
    }


def _page_link(stage_id: int, number: int) -> str:
    asked: dict[str, Any] = {
        name: value for name, value in request.args.items() if name in ListIn.model_fields
    }
    return url_for("coordinator.papers", **asked | {"stage_id": stage_id, "page": number})
