"""The reports that wait, judged together: what each tells and what is unlikely about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from outreach.errors import Invalid
from outreach.logbook.reviews import (
    ReviewRow,
    count_waiting,
    take_reviews,
    waiting_reviews,
    with_pictures,
)
from outreach.people.free_text import Remark
from outreach.people.tables import Role
from outreach.visits.listing import visits_by_id
from outreach.visits.reviewing import MOST_AT_ONCE, Reviewed, approve_many, send_back_many
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, pages
from outreach.web.database import reading_db, writing_db, written
from outreach.web.forms import Filled, read, refill
from outreach.web.i18n import number
from outreach.web.report_words import flag_marks
from outreach.web.review_signs import Signs, signs_of
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

PAGE_LENGTH = 50
#: So many are looked at, filtered and sorted for a page; those that wait longest come first.
MOST_LOOKED_AT = 2000
#: So many villages are named in the words of a result.
MOST_NAMED = 10
_DIGITS = 10
_PAIRS = MOST_AT_ONCE * (2 * _DIGITS + 2)

#: What is often wrong, in the words that the official reads: Indonesian, whoever reviews.
COMMON_REASONS = (
    "Jumlah yang hadir dan yang mendaftar tidak cocok. Mohon dihitung ulang.",
    "Tanggal atau jam tidak cocok. Mohon dibetulkan.",
    "Angkanya sama dengan laporan lain. Mohon dicocokkan dengan daftar hadir.",
    "Rincian pendaftaran belum ada. Mohon dilengkapi menurut pekerjaan dan paket program.",
    "Foto atau tanda tangan kepala desa belum ada. Mohon dikirim.",
    "Tempat pertemuan belum jelas. Mohon ditulis di kolom tempat.",
)


class ReviewsIn(BaseModel):
    """How the list is filtered and sorted, and which page of it is shown."""

    text: str = Field(default="", max_length=100)
    team: str = Field(default="", max_length=120)
    stage: str = Field(default="", max_length=120)
    flags: Literal["", "flagged", "clean"] = ""
    order: Literal["", "oldest"] = ""
    page: int = Field(default=1, ge=1, le=100_000)


def _pairs(text: str) -> str:
    """Refuse what is not numbers of visits with their versions, as the page wrote them."""
    for pair in text.split():
        visit, _colon, version = pair.partition(":")
        if not all(one.isdecimal() and len(one) < _DIGITS for one in (visit, version)):
            raise PydanticCustomError("not_from_the_page", "not a visit of the page")
    return text


type Pairs = Annotated[str, AfterValidator(_pairs)]


class DecideIn(BaseModel):
    """What is decided, on which visits: those ticked, or all that fit the filters.

    `how` answers the page that asks before reports with signs are approved: only those of
    `clean`, all of them with the signs that are `known`, or none.
    """

    act: Literal["approved", "sent_back"]
    which: Literal["ticked", "fitting"] = "ticked"
    visits: list[Pairs] = Field(default_factory=list, max_length=MOST_AT_ONCE)
    fitting: Pairs = Field(default="", max_length=_PAIRS)
    how: Literal["", "clean", "all", "back"] = ""
    clean: Pairs = Field(default="", max_length=_PAIRS)
    known: str = Field(default="", max_length=2 * _PAIRS)
    common: str = Field(default="", max_length=200)
    reason: Remark = ""

    @property
    def seen(self) -> dict[int, int]:
        """The version with which each visit was shown."""
        text = self.fitting if self.which == "fitting" else " ".join(self.visits)
        pairs = (pair.split(":") for pair in (self.clean if self.how == "clean" else text).split())
        return {int(visit): int(version) for visit, version in pairs}

    @property
    def whole_reason(self) -> str:
        """The common reason and the person's own words."""
        common = self.common if self.common in COMMON_REASONS else ""
        return " ".join(filter(None, (common, self.reason)))


@pages.get("/reviews")
@allow(Role.COORDINATOR)
def reviews() -> ResponseReturnValue:
    """List the reports that wait."""
    return _page(Filled())


@pages.post("/reviews")
@allow(Role.COORDINATOR)
def decide_reviews() -> ResponseReturnValue:
    """Approve the reports of the visits picked, or send them back.

    Before any is approved about which there is something to check, a page names that and asks.
    """
    try:
        given = _decision()
        if given.how == "back":
            return _page(Filled({name: request.form.getlist(name) for name in request.form}))
        done = _approve(given) if given.act == "approved" else _send_back(given)
    except Invalid as error:
        return _page(refill(request.form, error)), error.status
    if isinstance(done, Signs):
        return _ask(given, done)
    _tell(given.act, done)
    return redirect(_address(_given(), page=None), 303)


def _approve(given: DecideIn) -> Reviewed | Signs:
    """Approve what was picked, or tell what has to be asked about first."""
    return written(lambda db: _approve_or_ask(db, given))


def _approve_or_ask(db: Session, given: DecideIn) -> Reviewed | Signs:
    signs = signs_of(given.seen, take_reviews(db, person(), given.seen))
    if not signs.are_known(given.known if given.how == "all" else ""):
        return signs
    return approve_many(db, given.seen, by=person(), now=now(), reason=given.reason)


def _send_back(given: DecideIn) -> Reviewed:
    with writing_db() as db:
        return send_back_many(db, given.seen, by=person(), now=now(), reason=given.whole_reason)


def _ask(given: DecideIn, signs: Signs) -> str:
    """Name what there is to check; what is confirmed there is what was picked, and no more."""
    return render_template(
        "coordinator/reviews_ask.html",
        given=given,
        signs=signs,
        is_asked_again=given.how != "",
        picks=_pairs_of(signs.seen),
        clean=" ".join(_pairs_of(signs.clean)),
        back=_address(_given()),
        flagged=_address(_given(), flags="flagged", page=None),
    )


def _pairs_of(seen: Mapping[int, int]) -> list[str]:
    return [f"{visit}:{version}" for visit, version in seen.items()]


def _decision() -> DecideIn:
    given = read(DecideIn, request.form)
    if not given.seen:
        raise Invalid(problems={"visits": ["nothing_picked"]})
    return given


def _given() -> ReviewsIn:
    try:
        return read(ReviewsIn, request.args)
    except Invalid:
        return ReviewsIn()


def _page(form: Filled) -> str:
    given = _given()
    with reading_db() as db:
        rows = waiting_reviews(db, person(), MOST_LOOKED_AT)
        behind = count_waiting(db, person()) - len(rows) if len(rows) >= MOST_LOOKED_AT else 0
        fitting = _sorted([row for row in rows if _fits(row, given)], given.order)
        last = max(1, -(-len(fitting) // PAGE_LENGTH))
        page = min(given.page, last)
        first = (page - 1) * PAGE_LENGTH
        shown = with_pictures(db, fitting[first : first + PAGE_LENGTH])
    return render_template(
        "coordinator/reviews.html",
        given=given,
        form=form,
        rows=shown,
        whole=len(rows),
        behind=behind,
        flagged=sum(row.has_signs for row in rows),
        found=len(fitting),
        at_once=min(len(fitting), MOST_AT_ONCE),
        fitting=" ".join(map(_pair, fitting[:MOST_AT_ONCE])),
        pair=_pair,
        flag_marks=flag_marks,
        teams=sorted({row.team for row in rows}),
        stages=sorted({row.stage for row in rows}),
        common=[("", _("None of these")), *((one, one) for one in COMMON_REASONS)],
        address=_address(given),
        page=page,
        last_page=last,
        before=_address(given, page=page - 1),
        after=_address(given, page=page + 1),
    )


def _pair(row: ReviewRow) -> str:
    return f"{row.visit_id}:{row.version}"


def _address(given: ReviewsIn, **more: Any) -> str:
    told = given.model_dump(exclude_defaults=True) | more
    return url_for("coordinator.reviews", **{name: one for name, one in told.items() if one})


def _fits(row: ReviewRow, given: ReviewsIn) -> bool:
    told = f"{row.village_code} {row.village} {row.district} {row.remarks} {row.reporter}"
    return (
        all(part in told.casefold() for part in given.text.casefold().split())
        and given.team in ("", row.team)
        and given.stage in ("", row.stage)
        and given.flags in ("", "flagged" if row.has_signs else "clean")
    )


def _sorted(rows: Iterable[ReviewRow], order: str) -> Sequence[ReviewRow]:
    """Put those to check first, the most signs on top; or keep them as they came."""
    return list(rows) if order else sorted(rows, key=_signs, reverse=True)


def _signs(row: ReviewRow) -> int:
    return len(row.flags) + (row.dispute_id is not None)


def _tell(act: str, done: Reviewed) -> None:
    """Say what was done and name what was not."""
    count = len(done.done)
    told = {"shown": number(count)}
    if count and act == "approved":
        flash(
            ngettext(
                "%(shown)s report is approved.", "%(shown)s reports are approved.", count, **told
            )
        )
    elif count:
        flash(
            ngettext(
                "%(shown)s report is sent back.", "%(shown)s reports are sent back.", count, **told
            )
        )
    left = (*done.changed, *done.lost)
    if left:
        flash(_left_out(done, len(left)), "error")


def _left_out(done: Reviewed, count: int) -> str:
    with reading_db() as db:
        rows = visits_by_id(db, person(), done.changed)
    names = [rows[one].village for one in done.changed if one in rows][:MOST_NAMED]
    words = ngettext(
        "%(shown)s report was left out, for somebody else changed or decided it meanwhile.",
        "%(shown)s reports were left out, for somebody else changed or decided them meanwhile.",
        count,
        shown=number(count),
    )
    if not names:
        return str(words)
    more = _("and %(count)s more", count=number(count - len(names))) if count > len(names) else ""
    return f"{words} {', '.join(filter(None, (*names, more)))}."
