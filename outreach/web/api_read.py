"""What other programs read: regions, villages, progress, visits, sessions, campaigns, weeks."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from flask import Blueprint
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from outreach.errors import OutreachError
from outreach.people.access import covers
from outreach.progress import extracts
from outreach.progress.stages import stage_progress
from outreach.progress.totals import estimate_sources, newest_report, totals_by, village_states
from outreach.progress.weeks import weekly
from outreach.villages.codes import Level, parent
from outreach.villages.counts import counts_of
from outreach.villages.reading import names_of
from outreach.villages.tables import Zone
from outreach.web import read_answers as told
from outreach.web import read_asked as asked
from outreach.web.read_answers import ESTIMATES, Source
from outreach.web.read_frame import PREFIX, Endpoint, Found, Question, refuse, refuse_by_status
from outreach.web.read_words import tell
from outreach.web.routing import by_token
from outreach.web.token_holder import holder, reader
from outreach.web.words import source_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from flask import Flask, Response
    from flask_limiter import Limiter
    from sqlmodel import Session

    from outreach.progress.scope import Scope
    from outreach.progress.totals import Total
    from outreach.villages.tables import VillageCount

pages = Blueprint("api_read", __name__, url_prefix=PREFIX)
pages.register_error_handler(OutreachError, refuse)
pages.register_error_handler(HTTPException, refuse_by_status)

#: Of one token: enough to read the whole nation's villages and visits anew in one go.
READINGS = "1200 per 15 minutes"
#: In the order of the document.
ENDPOINTS: list[Endpoint] = []
#: States of a village, by the numbers of `progress.totals`.
STATES = ("not_planned", "planned", "confirmed", "reached")
SUMS = ("villages", *ESTIMATES)
LEVELS = {"province": Level.PROVINCE, "regency": Level.REGENCY, "district": Level.DISTRICT}

type Work = Callable[[Session, Question], Found]


def reads(
    path: str, asks: type[asked.Asked], answer: type[told.Page], words: str
) -> Callable[[Work], Work]:
    """Declare an address of the API: what may be asked there, what is answered, in words."""

    def declare(work: Work) -> Work:
        name = str(getattr(work, "__name__", path))
        endpoint = Endpoint(path, name, asks, answer, words, work, answer is told.Stages)
        ENDPOINTS.append(endpoint)

        @by_token
        def view() -> Response:
            return endpoint.reply()

        pages.add_url_rule(path, name, view)
        return work

    return declare


def protect(app: Flask) -> None:
    """Slow down a program that runs wild; call it once the pages are known."""
    limiter: Limiter = app.extensions["login_limiter"]
    for endpoint in ENDPOINTS:
        name = f"{pages.name}.{endpoint.name}"
        limited: Any = limiter.shared_limit(READINGS, scope=pages.name, key_func=_program)
        app.view_functions[name] = limited(app.view_functions[name])


def _program() -> str:
    return f"token:{holder().token_id}"


@reads(
    "/regions",
    asked.RegionsAsked,
    told.Regions,
    tell("Regions of a level and the sums of their villages' estimates, by code."),
)
def regions(db: Session, question: Question) -> Found:
    """Add up the registry by region."""
    level = LEVELS[question.asked.level]
    limit = question.asked.limit
    rows = extracts.region_rows(db, question.scope, level, question.after or "", limit)
    kept, last = question.part(rows, lambda row: str(row.region))
    names = names_of(db, [row.region for row in kept])
    items = [
        {
            **_named(row, SUMS),
            "code": row.region,
            "name": names[row.region],
            "level": question.asked.level,
            "parent": parent(row.region) or None,
            "is_part": not covers(question.scope.prefixes, row.region),
        }
        for row in kept
    ]
    return Found(items, last, _estimates(db))


@reads(
    "/villages",
    asked.Filtered,
    told.Villages,
    tell("Villages: place, estimates, what was counted, how far they are; by code."),
)
def villages(db: Session, question: Question) -> Found:
    """List villages."""
    scope = question.scope
    rows = extracts.village_rows(db, scope, question.after or "", question.asked.limit)
    kept, last = question.part(rows, lambda row: str(row.code))
    codes = [row.code for row in kept]
    counted = _counted(counts_of(db, codes).values())
    states = _states(db, scope, codes)
    items = [
        {
            **_named(row, _OF_VILLAGE),
            "counted": counted.get(row.code, []),
            **states[row.code],
        }
        for row in kept
    ]
    return Found(items, last, [*_estimates(db), *_reports(db, scope, "state", "signups")])


#: What an answer takes from the row of a village as it is.
_OF_VILLAGE = [
    name for name in told.Village.model_fields if name not in ("counted", "state", "signups")
]


def _states(db: Session, scope: Scope, codes: list[str]) -> dict[str, dict[str, Any]]:
    found = village_states(db, scope, np.array(codes, dtype="<U13"))
    return {
        code: {"state": STATES[state], "signups": signups}
        for code, state, signups in zip(
            codes, found.states.tolist(), found.signups.tolist(), strict=True
        )
    }


def _counted(counts: Iterable[VillageCount]) -> dict[str, list[told.Counted]]:
    found: dict[str, list[told.Counted]] = {}
    for one in sorted(counts, key=lambda one: (one.village_code, one.figure)):
        line = told.Counted(
            figure=one.figure.value,
            source=source_words(one.source),
            as_of=one.as_of,
            is_estimate=one.is_spread,
        )
        found.setdefault(one.village_code, []).append(line)
    return found


@reads(
    "/progress",
    asked.ProgressAsked,
    told.Progress,
    tell("Villages by state, sessions and sign-ups by region, beside three denominators; by code."),
)
def progress(db: Session, question: Question) -> Found:
    """Add up what the map shows."""
    level = question.asked.level
    totals = totals_by(db, question.scope, LEVELS.get(level, Level.PROVINCE))
    rows = (totals.whole,) if level == "nation" else totals.rows
    begins = bisect_right([row.code for row in rows], question.after) if question.after else 0
    wanted = rows[begins : begins + question.asked.limit + 1]
    kept, last = question.part(wanted, lambda row: row.code)
    reports = _source_of_reports(totals.as_of, "reached", "sessions", "men", "women", "signups")
    return Found(
        [_sums(row) for row in kept],
        last,
        [*_estimates(db), *reports],
        {"whole": _sums(totals.whole)},
    )


def _sums(row: Total) -> told.Sums:
    same = {name for name in told.Sums.model_fields if hasattr(row, name)}
    return told.Sums(
        **{name: getattr(row, name) for name in same},
        informal_workers=row.informal,
        informal_covered=row.covered,
        vulnerable_workers=row.vulnerable,
        rates=told.Rates(
            reached_per_village=row.reached_share,
            signups_per_1000_informal_workers=_per_1000(row.signups, row.informal),
            signups_per_1000_vulnerable_workers=_per_1000(row.signups, row.vulnerable),
            signups_per_1000_informal_covered=_per_1000(row.signups, row.covered),
        ),
    )


def _per_1000(part: int, of: int) -> float | None:
    return round(1000 * part / of, 3) if of else None


@reads(
    "/visits",
    asked.VisitsAsked,
    told.Visits,
    tell("Visits: village, team, day and how far the work is, by number."),
)
def visits(db: Session, question: Question) -> Found:
    """List visits."""
    given = question.asked
    after, limit = question.after or 0, given.limit
    rows = extracts.visit_rows(db, question.scope, given.days, given.work, after, limit)
    kept, last = question.part(rows, lambda row: int(row.id))
    return Found(_of(told.Visit, kept), last)


@reads(
    "/sessions",
    asked.Between,
    told.Sessions,
    tell("Sessions by their current reports: who came and signed up, in counts; by id."),
)
def sessions(db: Session, question: Question) -> Found:
    """List current reports."""
    given, scope = question.asked, question.scope
    rows = extracts.session_rows(db, scope, given.days, question.after or "", given.limit)
    kept, last = question.part(rows, lambda row: str(row.id))
    lines = extracts.signups_of(db, [row.id for row in kept])
    items = [told.Session(**_named(row), by_work=_of(told.SignUps, lines[row.id])) for row in kept]
    return Found(items, last, _reports(db, scope, "men", "women", "signups", "paid"))


@reads(
    "/campaigns",
    asked.Asked,
    told.Campaigns,
    tell("Campaigns, by number; those of a branch only if the token reads a regency of it."),
)
def campaigns(db: Session, question: Question) -> Found:
    """List campaigns."""
    rows = extracts.campaign_rows(db, reader(), question.after or 0, question.asked.limit)
    kept, last = question.part(rows, lambda row: int(row.id))
    return Found(_of(told.Campaign, kept), last)


@reads(
    "/stages",
    asked.StagesAsked,
    told.Stages,
    tell("Stages and how far they are, by number; the token has to read a regency of the branch."),
)
def stages(db: Session, question: Question) -> Found:
    """List stages; what they count is cut to what the token reads."""
    given = question.asked
    rows = extracts.stage_rows(db, reader(), given.campaign, question.after or 0, given.limit)
    kept, last = question.part(rows, lambda row: int(row.id))
    done = stage_progress(db, reader(), [row.id for row in kept])
    items = [{**_named(row, _OF_STAGE), **asdict(done[row.id])} for row in kept]
    return Found(items, last, _reports(db, question.scope, "reached", "signups"))


_OF_STAGE = ("id", "campaign_id", "branch", "name", "starts", "ends", "status")


@reads(
    "/weeks",
    asked.WeeksAsked,
    told.Weeks,
    tell("What each week brought, by region; weeks begin on Monday."),
)
def weeks(db: Session, question: Question) -> Found:
    """Count by week."""
    given = question.asked
    level = LEVELS.get(given.level)
    counts = weekly(db, question.scope, level=level, first=given.first, last=given.last)
    begins = bisect_right(counts.keys, question.after) if question.after else 0
    wanted = range(len(counts.keys))[begins : begins + given.limit + 1]
    kept, last = question.part(wanted, lambda row: counts.keys[row])
    names = {"": "", **names_of(db, [counts.keys[row] for row in kept])}
    items = [
        {
            "code": counts.keys[row],
            "name": names[counts.keys[row]],
            "weeks": _weeks(counts.weeks, counts, row),
        }
        for row in kept
    ]
    figures = ("reached", "sessions", "signups", "paid")
    return Found(items, last, _reports(db, question.scope, *figures))


def _weeks(mondays: Sequence[date], counts: Any, row: int) -> list[dict[str, Any]]:
    names = ("reached", "sessions", "signups", "paid")
    figures = zip(*(getattr(counts, name)[row].tolist() for name in names), strict=True)
    return [
        {"monday": monday, **dict(zip(names, week, strict=True))}
        for monday, week in zip(mondays, figures, strict=True)
    ]


def _of[Made: told.Row](model: type[Made], rows: Iterable[Any]) -> list[Made]:
    return [model.model_validate(row) for row in rows]


def _named(row: Any, names: Iterable[str] = ()) -> dict[str, Any]:
    """Give a row of the database by the names of its columns, or some of them."""
    given: dict[str, Any] = row._asdict()
    return {name: given[name] for name in names or given}


def _estimates(db: Session) -> list[Source]:
    """Tell the sources of the estimates, as far as the registry has them."""
    found = {figure.value: source for figure, source in estimate_sources(db).items()}
    return [
        Source(
            figure=name,
            source=source_words(found[name].source),
            as_of=found[name].as_of,
            is_estimate=True,
        )
        for name in ESTIMATES
        if name in found
    ]


def _reports(db: Session, scope: Scope, *figures: str) -> list[Source]:
    return _source_of_reports(newest_report(db, scope), *figures)


def _source_of_reports(newest: datetime | None, *figures: str) -> list[Source]:
    """Name the reports as the source of figures, of the day on which the newest came in."""
    as_of = Zone.WIB.day(newest) if newest else None
    words = gettext("Current reports of sessions")
    return [Source(figure=name, source=words, as_of=as_of, is_estimate=False) for name in figures]
