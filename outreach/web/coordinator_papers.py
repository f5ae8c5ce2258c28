"""Papers: made and printed for a stage, a month, a team, a day or one visit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import AwareDatetime, BaseModel, Field

from outreach.campaigns.campaigns import campaign_of
from outreach.errors import Conflict, Invalid
from outreach.history.tables import Deed
from outreach.papers.choosing import Wanted
from outreach.papers.contents import STANDING
from outreach.papers.issuing import catch_up, make_again, make_papers
from outreach.papers.letterhead import letterhead_of
from outreach.papers.outdated import PaperState, lacking, papers_of_stage, set_void_aside
from outreach.papers.reading import MOST_IN_A_FILE, Printable, printable, printed
from outreach.papers.tables import PaperKind
from outreach.papers.typesetting import contacts_of, typeset
from outreach.people.tables import Role
from outreach.people.teams import list_teams
from outreach.visits.listing import visits_of_stage
from outreach.visits.tables import Work
from outreach.web.addresses import public_url
from outreach.web.auth import person
from outreach.web.coordinator_calendar import month_name
from outreach.web.coordinator_pages import now, pages, planners_stage, today
from outreach.web.coordinator_plan import PlanDay
from outreach.web.database import reading_db, writing_db
from outreach.web.forms import Filled, fill, read
from outreach.web.history import tell_numbers
from outreach.web.paper_files import file_name, pdf_answer
from outreach.web.routing import allow
from outreach.web.words import problems_in_words, sentence, word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.campaigns.tables import Stage
    from outreach.errors import OutreachError
    from outreach.papers.outdated import PaperRow
    from outreach.papers.reading import PaperFile
    from outreach.visits.rows import VisitRow

PAGE_LENGTH = 25


class PapersIn(BaseModel):
    """Which papers to make or to print."""

    kinds: list[PaperKind] = Field(min_length=1)
    month: PlanDay | None = None
    team_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    day: PlanDay | None = None
    visit_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    since: AwareDatetime | None = None

    def wanted(self) -> Wanted:
        """Say it to the room of papers."""
        return Wanted(tuple(self.kinds), self.month, self.team_id, self.day, self.visit_id)


class ListIn(BaseModel):
    """How the list of papers is narrowed, and which page of it is shown."""

    kind: PaperKind | None = None
    visit_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    outdated: bool = False
    page: int = Field(default=1, ge=1, le=100_000)


@pages.get("/stages/<int:stage_id>/papers")
@allow(Role.COORDINATOR)
def papers(stage_id: int) -> ResponseReturnValue:
    """Show the papers of a stage, which the plan has left behind, and the form that makes more."""
    return _page(stage_id)


@pages.post("/stages/<int:stage_id>/papers")
@allow(Role.COORDINATOR)
def print_papers(stage_id: int) -> ResponseReturnValue:
    """Make the papers asked for and go to their PDF, or to the list of their files."""
    try:
        given = read(PapersIn, request.form)
        with writing_db() as db:
            planners_stage(db, stage_id)
            make_papers(db, stage_id, given.wanted(), by=person(), now=now())
            found = _printable(db, stage_id, given)
    except (Invalid, Conflict) as error:
        return _page(stage_id, error), error.status
    is_all = len(found.files) == 1 and not found.left_out
    endpoint = "coordinator.papers_file" if is_all else "coordinator.papers_files"
    return redirect(url_for(endpoint, stage_id=stage_id, **_asked(given)), 303)


@pages.get("/stages/<int:stage_id>/papers/files")
@allow(Role.COORDINATOR)
def papers_files(stage_id: int) -> ResponseReturnValue:
    """List the files that the papers asked for are shared out among, and say what is left out."""
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        given = read(PapersIn, request.args)
        found = _printable(db, stage_id, given)
        teams = {team.id: team.name for team in list_teams(db, stage.branch_id)}
        campaign = campaign_of(db, person(), stage.campaign_id)
    files = [
        {
            "url": _file_url(stage_id, given, one),
            "papers": one.papers,
            "parts": _file_words(one, given, teams),
        }
        for one in found.files
    ]
    return render_template(
        "coordinator/paper_files.html",
        stage=stage,
        campaign=campaign,
        files=files,
        papers=len(found.ids),
        left_out=found.left_out,
    )


@pages.get("/stages/<int:stage_id>/papers/file")
@allow(Role.COORDINATOR)
def papers_file(stage_id: int) -> ResponseReturnValue:
    """Give the papers asked for, as they were last made, in one PDF; too many go to their files."""
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        given = read(PapersIn, request.args)
        found = _printable(db, stage_id, given)
    if not found.ids:
        return render_template("error.html", status=404, words=_nothing_printed()), 404
    if len(found.files) > 1:
        return redirect(url_for("coordinator.papers_files", stage_id=stage_id, **_asked(given)))
    return _pdf(found.ids, stage.name)


@pages.post("/stages/<int:stage_id>/papers/renew")
@allow(Role.COORDINATOR)
def renew_outdated(stage_id: int) -> ResponseReturnValue:
    """Make anew what the plan has left behind, and what is missing, and go to their PDF."""
    moment = now()
    again = PapersIn(kinds=list(PaperKind), since=moment)
    with writing_db() as db:
        planners_stage(db, stage_id)
        made = catch_up(db, stage_id, by=person(), now=moment)
        found = _printable(db, stage_id, again)
    if made and found.ids:
        return redirect(url_for("coordinator.papers_file", stage_id=stage_id, **_asked(again)), 303)
    if made:
        # A route sheet from which the last visit of this stage has gone.
        flash(_("Made anew. This stage has no visit on that day any more."))
    else:
        flash(_("Every paper says what the plan says."))
    return redirect(url_for("coordinator.papers", stage_id=stage_id), 303)


@pages.post("/stages/<int:stage_id>/papers/set-aside")
@allow(Role.COORDINATOR)
def set_papers_aside(stage_id: int) -> ResponseReturnValue:
    """Set the papers aside that are about visits which do not stand any more."""
    with writing_db() as db:
        planners_stage(db, stage_id)
        count = set_void_aside(db, stage_id, by=person(), today=today(), now=now())
    flash(ngettext("%(num)s paper set aside.", "%(num)s papers set aside.", count))
    return redirect(url_for("coordinator.papers", stage_id=stage_id), 303)


@pages.get("/papers/<int:paper_id>/file")
@allow(Role.COORDINATOR)
def paper_file(paper_id: int) -> ResponseReturnValue:
    """Give one paper as it was last made."""
    return _pdf([paper_id], "")


@pages.post("/papers/<int:paper_id>/again")
@allow(Role.COORDINATOR)
def print_again(paper_id: int) -> ResponseReturnValue:
    """Make one paper as the plan has it now, under its number, and go to its PDF."""
    with writing_db() as db:
        make_again(db, paper_id, by=person(), now=now())
    return redirect(url_for("coordinator.paper_file", paper_id=paper_id), 303)


def _nothing_printed() -> str:
    return str(_("None of these papers has been made yet. Make them on the page of papers."))


def _pdf(ids: Sequence[int], name: str) -> ResponseReturnValue:
    with reading_db() as db:
        told = printed(db, person(), ids)
        contacts = contacts_of(db, told)
    numbers = (code for code, some in contacts.items() for one in some if one.phone)
    tell_numbers(numbers, Deed.NUMBERS_TAKEN)
    base = public_url().rstrip("/")
    # Setting takes its time: nothing is held open meanwhile.
    made = typeset(told, lambda visit_id: f"{base}/visits/{visit_id}", contacts)
    return pdf_answer(made, file_name(told, name))


def _printable(db: Session, stage_id: int, given: PapersIn) -> Printable:
    wanted = given.wanted()
    return printable(db, person(), stage_id, wanted, today=today(), since=given.since)


def _asked(given: PapersIn) -> dict[str, Any]:
    return given.model_dump(mode="json", exclude_none=True)


def _file_url(stage_id: int, given: PapersIn, one: PaperFile) -> str:
    narrowed = {
        "kinds": one.kind and [one.kind.value],
        "team_id": one.team_id,
        "month": one.month and one.month.isoformat(),
    }
    told = {name: value for name, value in narrowed.items() if value is not None}
    return url_for("coordinator.papers_file", **_asked(given) | told | {"stage_id": stage_id})


def _file_words(one: PaperFile, given: PapersIn, teams: Mapping[int | None, str]) -> list[str]:
    month = one.month or given.month
    return [
        word(one.kind) if one.kind else ", ".join(word(kind) for kind in given.kinds),
        *([teams[one.team_id]] if one.team_id else []),
        *([month_name(month)] if month else []),
    ]


def _page(stage_id: int, error: OutreachError | None = None) -> str:
    given = _list_asked()
    with reading_db() as db:
        stage = planners_stage(db, stage_id)
        rows = papers_of_stage(db, person(), stage_id, today())
        missing = Counter(one.kind for one in lacking(db, person(), stage_id, rows, today()))
        shown = _around(db, stage)
    left = Counter(row.state for row in rows if row.needs_somebody)
    listed = [row for row in rows if _fits(row, given)]
    return render_template(
        "coordinator/papers.html",
        form=_form_again(error, shown["months_in_words"]),
        kinds=list(PaperKind),
        kinds_in_words=[(kind.value, word(kind)) for kind in PaperKind],
        filters=given,
        most_in_a_file=MOST_IN_A_FILE,
        outdated=left[PaperState.OUTDATED],
        void=left[PaperState.VOID],
        missing=missing,
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
        and (row.needs_somebody or not given.outdated)
    )


def _left_behind(left: Counter[PaperState]) -> str:
    # The count is the one of the list and of the desk; what it is made of comes after it.
    whole = left.total()
    words = [ngettext("%(num)s paper is out of date.", "%(num)s papers are out of date.", whole)]
    if count := left[PaperState.OUTDATED]:
        words.append(
            ngettext(
                "%(num)s paper says something else than the plan does now; made anew it keeps "
                "its number.",
                "%(num)s papers say something else than the plan does now; made anew they keep "
                "their numbers.",
                count,
            )
        )
    if count := left[PaperState.VOID]:
        words.append(
            ngettext(
                "%(num)s paper is about a visit or a day that no longer stands: collect it if it "
                "has been handed out, and set it aside.",
                "%(num)s papers are about visits or days that no longer stand: collect them if "
                "they have been handed out, and set them aside.",
                count,
            )
        )
    return " ".join(words) if whole else ""


def _around(db: Session, stage: Stage) -> dict[str, Any]:
    visits = visits_of_stage(db, person(), stage.id or 0)
    standing = [row for row in visits if row.work in STANDING]
    return {
        "stage": stage,
        "campaign": campaign_of(db, person(), stage.campaign_id),
        "approved": len(standing),
        "over": sum(row.day < today() for row in standing),
        "proposed": sum(row.work is Work.PROPOSED for row in visits),
        "months_in_words": [("", _("The whole stage")), *_months(standing)],
        "teams_in_words": [("", _("All teams")), *_teams(standing)],
        "letterhead": letterhead_of(db, stage.branch_id),
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
