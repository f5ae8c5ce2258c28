"""What an official's phone reads: all it needs to work without a network, in one small answer."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from flask import Response, request
from flask_babel import gettext as _

from outreach.logbook.phone_state import awaits_answer, phone_state
from outreach.logbook.tables import EvidenceKind
from outreach.people.tables import Role
from outreach.progress.own_villages import own_villages
from outreach.visits.lifecycle import allowed_moves
from outreach.visits.offers import place_key
from outreach.visits.tables import Happening, Result, Work
from outreach.visits.teamday import clock_time
from outreach.web.api import pages
from outreach.web.auth import current_login, person
from outreach.web.coordinator_pages import now
from outreach.web.database import reading_db, running
from outreach.web.history import tell_team_numbers_of_the_day
from outreach.web.i18n import language, zone_name
from outreach.web.report_words import FLAG_WORDS, kept_words
from outreach.web.routing import allow
from outreach.web.words import reason_words, word

if TYPE_CHECKING:
    from datetime import date

    from flask.typing import ResponseReturnValue

    from outreach.logbook.listing import ReportRow
    from outreach.logbook.phone_state import Dispute, PhoneState
    from outreach.planning.insertion import Place
    from outreach.progress.own_villages import OwnVillage
    from outreach.visits.rows import VisitRow

#: A program reads it: nothing in it is ever shown as a page. Short, for it rides on every answer.
_POLICY = "default-src 'none'"

_MET = {Result.NOT_MET: "not_met", Result.REFUSED: "refused"}
_REVIEWED = {Work.APPROVED: "approved", Work.SENT_BACK: "sent_back"}


@pages.get("/phone")
@allow(Role.OFFICIAL)
def phone() -> ResponseReturnValue:
    """Give the state of an official's phone; the same state again is only named."""
    today = person().zone.day(now())
    with reading_db() as db:
        state = phone_state(db, person(), today)
        villages = own_villages(db, person())
    tell_team_numbers_of_the_day({n: one.base for n, one in state.teams.items() if one.phone})
    return _kept_as_is(_told(state, villages, today))


def _kept_as_is(content: dict[str, Any]) -> Response:
    """Answer JSON that is the same for the same state, under a tag made of it."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    answer = Response(body, mimetype="application/json")
    # Weak: compressed or not, it is the same state.
    answer.set_etag(hashlib.sha256(body).hexdigest()[:24], weak=True)
    # The page keeps it, and asks by the tag itself: nothing else in the browser has to.
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Vary"] = "Cookie"
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.make_conditional(request)
    return answer


def _told(state: PhoneState, villages: list[OwnVillage], today: date) -> dict[str, Any]:
    return {
        "me": _me(villages),
        "language": language(),
        "photos": running().settings.accept_photos,
        "visits": [_visit(one, state, villages, today) for one in state.visits],
        "reports": [_report(one, state) for one in state.reports],
        "villages": [_village(one, state) for one in villages],
        "disputes": [_dispute(one) for one in state.disputes],
    }


def _me(villages: list[OwnVillage]) -> dict[str, Any]:
    """Tell whose phone it is; another number means that it was enrolled anew.

    What the phone keeps belongs to the account: a new phone or a new code does not change it.
    """
    login = current_login()
    return {
        "name": person().name,
        "account": person().account_id,
        "villages": [one.name for one in villages],
        "phone": login.device_id if login else None,
        "demo": bool(login and login.is_demo),
    }


def _visit(
    visit: VisitRow, state: PhoneState, villages: list[OwnVillage], today: date
) -> dict[str, Any]:
    team = state.teams[visit.team_id]
    workers = {one.code: one.informal_workers for one in villages}
    return {
        "id": visit.id,
        "version": visit.version,
        "village": visit.village,
        "code": visit.village_code,
        "kind": word(visit.village_kind),
        "district": visit.district,
        "regency": visit.regency,
        "day": visit.day.isoformat(),
        "starts_at": f"{visit.starts_at:%H:%M}",
        "zone": visit.zone.value,
        "zone_name": zone_name(visit.zone),
        "minutes": visit.session_minutes,
        "team": visit.team,
        "team_phone": team.phone,
        "branch": team.branch,
        "campaign": visit.campaign,
        "stage": visit.stage,
        "work": visit.work.value,
        "work_word": word(visit.work),
        "can": _can(visit, today),
        "openings": [opening(one) for one in state.openings.get(visit.id, ())],
        "reason": reason_words(state.reasons.get(visit.id, "")),
        "wish": state.wishes.get(visit.id, ""),
        "informal_workers": workers.get(visit.village_code),
    }


def _can(visit: VisitRow, today: date) -> list[str]:
    """Name what the official may do to the visit, as the phone's buttons are called."""
    moves = allowed_moves(visit.work, Role.OFFICIAL)
    can = {
        "report": Happening.REPORTED in moves,
        "correct": Happening.CORRECTED in moves,
        "answer": awaits_answer(visit, today),
        "give_back": Happening.RETURNED in moves and visit.day >= today,
    }
    return [name for name, allowed in can.items() if allowed]


def opening(place: Place) -> dict[str, str]:
    """Write a day that is free as the phone shows it and sends it back."""
    return {
        "place": place_key(place),
        "day": place.day.isoformat(),
        "starts_at": f"{clock_time(place.starts_minute):%H:%M}",
    }


def _report(report: ReportRow, state: PhoneState) -> dict[str, Any]:
    kinds = state.evidence.get(report.visit_id, ())
    may_correct = Happening.CORRECTED in allowed_moves(report.work, Role.OFFICIAL)
    return {
        "id": report.id,
        "visit_id": report.visit_id,
        "village": report.village,
        "code": report.village_code,
        "held_on": report.held_on.isoformat(),
        "held_at": f"{report.held_at:%H:%M}",
        "zone": report.zone.value,
        "zone_name": zone_name(report.zone),
        **{name: getattr(report, name) for name in ("men", "women", "signups", "paid", "minutes")},
        # The form of a correction begins with all that was told before.
        "latitude": report.latitude,
        "longitude": report.longitude,
        "place": report.place,
        "remarks": report.remarks,
        "met": _MET.get(report.result, "held"),
        "details": [
            {"sector": d.sector, "package": d.package, "payer": d.payer, "workers": d.workers}
            for d in report.details
        ],
        "result": report.result.value,
        "result_word": word(report.result),
        "receipt": report.receipt,
        "corrects_id": report.corrects_id,
        "corrected_by": report.corrected_by,
        "flags": [str(FLAG_WORDS[flag]) for flag in report.flags if flag in FLAG_WORDS],
        "photo": EvidenceKind.PHOTO in kinds,
        "signature": EvidenceKind.SIGNATURE in kinds,
        "can": ["correct"] if may_correct and report.corrected_by is None else [],
        **_review(report, state),
    }


def _review(report: ReportRow, state: PhoneState) -> dict[str, str]:
    """Say what became of a report; one that was corrected waits for nobody any more."""
    if report.corrected_by is not None:
        return {"review": "replaced", "review_word": _("Corrected since"), "reason": ""}
    review = _REVIEWED.get(report.work, "waiting")
    words = {
        "approved": _("Approved"),
        "sent_back": _("Sent back: please correct it"),
        "waiting": _("Your branch has not looked at it yet"),
    }
    reason = state.reasons.get(report.visit_id, "") if review == "sent_back" else ""
    return {"review": review, "review_word": words[review], "reason": reason_words(reason)}


def _village(village: OwnVillage, state: PhoneState) -> dict[str, Any]:
    days = [
        one.day.isoformat()
        for one in state.visits
        if one.village_code == village.code and one.work in (Work.AWAITING, Work.CONFIRMED)
    ]
    return {
        "code": village.code,
        "name": village.name,
        "reached": village.reached,
        "sessions": village.sessions,
        "signups": village.signups,
        "paid": village.paid,
        "informal_workers": village.informal_workers,
        "covered": village.covered,
        "next_visit": min(days, default=None),
    }


def _dispute(dispute: Dispute) -> dict[str, Any]:
    return {
        "report_id": dispute.report_id,
        "visit_id": dispute.visit_id,
        "village": dispute.village,
        "zone_name": zone_name(dispute.zone),
        **{
            name: dispute.content.get(name)
            for name in ("held_on", "held_at", "met", "men", "women", "signups", "paid")
        },
        "reason": dispute.reason,
        "reason_word": kept_words(dispute.reason),
        "ruling": dispute.ruling and dispute.ruling.value,
        "ruling_word": _ruling_words(dispute),
    }


def _ruling_words(dispute: Dispute) -> str:
    """Say what a person decided, in the words of whoever did."""
    if dispute.ruling is None:
        return str(_("With your branch"))
    return f"{word(dispute.ruling)}: {dispute.ruled_why}".rstrip(": ")
