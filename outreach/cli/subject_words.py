"""A word for every name and code that can stand in what is told to a person about their data.

The functions are long because they are tables: one name, one word, a line each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.cli.say import say

if TYPE_CHECKING:
    from enum import Enum


def word_of(value: Enum) -> str:
    """Say what a chosen value means, with the word that the screens have for it."""
    # Importing the words of the screens takes longer than a quick command does.
    from outreach.web.enum_words import ENUM_WORDS

    return say(str(ENUM_WORDS[type(value).__name__][value.value]))


def labels() -> dict[str, str]:
    """Give each name that a column told of a person, or a report on a phone, has a word."""
    return {**_of_people(), **_of_phones(), **_of_work(), **_of_messages(), **_of_lines()}


def columns() -> dict[str, str]:
    """Give each column in which people's words, or an account's number, can stand a word."""
    return {**labels(), **_of_who(), **_of_texts(), **_of_papers()}


def _of_people() -> dict[str, str]:
    return {
        "id": say("number"),
        "name": say("name"),
        "position": say("position"),
        "phone": say("telephone"),
        "email": say("e-mail"),
        "village_code": say("village code"),
        "village": say("village"),
        "district": say("district"),
        "regency": say("regency"),
        "term_starts": say("in office from"),
        "term_ends": say("in office until"),
        "is_active": say("active"),
        "login": say("login name"),
        "role": say("role"),
        "branch": say("branch"),
        "created_at": say("made on"),
        "has_password": say("has a password"),
        "code": say("region code"),
        "area": say("region code"),
        "areas": say("region codes"),
        "weekday": say("weekday"),
        "address": say("address"),
    }


def _of_phones() -> dict[str, str]:
    return {
        "kind": say("kind"),
        "label": say("name of the phone"),
        "enrolled_at": say("connected on"),
        "last_seen_at": say("last seen"),
        "last_used_at": say("last used"),
        "unsent": say("reports not sent yet"),
        "skew_seconds": say("seconds that its clock is ahead"),
        "behind_pin": say("behind a PIN"),
        "revoked_at": say("cut off on"),
        "issued_at": say("given on"),
        "expires_at": say("ends on"),
        "used_at": say("used on"),
        "withdrawn_at": say("withdrawn on"),
        "device_id": say("number of the phone"),
    }


def _of_work() -> dict[str, str]:
    return {
        "visit_id": say("visit"),
        "held_on": say("held on"),
        "held_at": say("at"),
        "met": say("session"),
        "place": say("place"),
        "men": say("men"),
        "women": say("women"),
        "signups": say("sign-ups"),
        "paid": say("of them paid"),
        "minutes": say("length in minutes"),
        "latitude": say("latitude"),
        "longitude": say("longitude"),
        "remarks": say("remarks"),
        "details": say("who signed up"),
        "sector": say("work"),
        "package": say("programme"),
        "payer": say("paid by"),
        "workers": say("workers"),
        "corrects_id": say("corrects report"),
        "source": say("came by"),
        "content": say("what it says"),
        "media_type": say("kind of picture"),
        "width": say("width in pixels"),
        "height": say("height in pixels"),
    }


def _of_messages() -> dict[str, str]:
    return {
        "medium": say("sent by"),
        "matter": say("matter"),
        "for_day": say("for the visit on"),
        "state": say("state"),
        "settled_at": say("settled on"),
        "sent_at": say("sent on"),
        "error": say("why it did not arrive"),
        "asked_at": say("asked for on"),
        "confirmed_at": say("confirmed on"),
        "saved_at": say("saved on"),
        "received_at": say("received"),
        "made_at": say("made on"),
        "uploaded_at": say("brought in on"),
        "answered_at": say("answered on"),
        "answer": say("answer"),
        "day": say("day wished for"),
        "starts_at": say("hour wished for"),
        "noted_at": say("seen by the branch on"),
        "file_name": say("name of the file"),
    }


def _of_lines() -> dict[str, str]:
    return {
        "at": say("on"),
        "deed": say("what was done"),
        "happening": say("what happened"),
        "channel": say("by way of"),
        "outcome": say("what became of it"),
        "reason": say("reason"),
        "about": say("to number"),
        "numbers": say("telephone numbers"),
        "page": say("page or command"),
        "region": say("told for region"),
        "table": say("kept among"),
        "column": say("there as"),
        "rows": say("rows"),
    }


def _of_who() -> dict[str, str]:
    return {
        "account_id": say("whose account it is"),
        "asked_by": say("who asked for it"),
        "decided_by": say("who decided"),
        "issued_by": say("who gave it"),
        "made_by": say("who made it"),
        "noted_by": say("who noted it"),
        "renewed_by": say("who renewed it"),
        "reported_by": say("who reported"),
        "requested_by": say("who asked for it"),
        "revoked_by": say("who cut it off"),
        "ruled_by": say("who decided"),
        "set_by": say("who set it"),
        "submitted_by": say("who handed it in"),
        "uploaded_by": say("who brought it in"),
        "withdrawn_by": say("who withdrew it"),
    }


def _of_texts() -> dict[str, str]:
    return {
        "after": say("as it was afterwards"),
        "area_codes": say("region codes"),
        "before": say("as it was before"),
        "changes": say("changes"),
        "corrected_by": say("corrected by report"),
        "dedupe_key": say("mark against sending twice"),
        "digest": say("digest"),
        "facts": say("facts"),
        "figures": say("figures"),
        "flags": say("what looks unlikely"),
        "key": say("key"),
        "kinds": say("kinds"),
        "last": say("last rows"),
        "months": say("months"),
        "note": say("note"),
        "parameters": say("settings of the plan"),
        "places": say("places of the visits"),
        "question": say("question to the planner"),
        "regions": say("region codes"),
        "report_id": say("report"),
        "request_id": say("number of the request"),
        "ruled_why": say("reason of the decision"),
        "session_days": say("days with sessions"),
        "sha256": say("fingerprint"),
        "solver": say("planner"),
        "taken_as": say("taken as report"),
        "told": say("answer"),
        "travel_days": say("days of travel"),
        "undo": say("what takes it back"),
        "waits_for": say("waits for report"),
        "weekdays": say("weekdays"),
        "weights": say("weights"),
    }


def _of_papers() -> dict[str, str]:
    return {
        "contact": say("how to reach it"),
        "members": say("members"),
        "number": say("number"),
        "number_pattern": say("how numbers are written"),
        "office": say("office"),
        "regional_office": say("regional office"),
        "signer_name": say("who signs"),
        "signer_number": say("number of who signs"),
        "signer_position": say("position of who signs"),
        "sponsor": say("sponsor"),
        "subject": say("what it is about"),
        "theme": say("theme"),
    }


def tables() -> dict[str, str]:
    """Give each table in which something of a person can stand a word."""
    return {**_tables_of_people(), **_tables_of_visits()}


def _tables_of_people() -> dict[str, str]:
    """Tell who works with the product, and what goes out to them and from them."""
    return {
        "account": say("accounts"),
        "account_area": say("regions of accounts"),
        "api_token": say("tokens for programs"),
        "branch": say("branches"),
        "branch_regency": say("regencies of branches"),
        "device": say("phones"),
        "digest": say("weekly e-mails"),
        "enrolment": say("codes for phones"),
        "event": say("lines of the history"),
        "letterhead": say("letterheads"),
        "message": say("messages"),
        "official": say("officials"),
        "paper": say("papers"),
        "paper_series": say("numbers of papers"),
        "saved_view": say("saved views"),
        "sealed_day": say("closed days of the history"),
        "team": say("teams"),
        "team_leave": say("absences of teams"),
        "upload": say("sheets brought in"),
    }


def _tables_of_visits() -> dict[str, str]:
    """Tell what is planned, held and counted."""
    return {
        "asked_bound": say("questions how good a plan is"),
        "batch": say("packages of the plan"),
        "calendar_address": say("addresses of calendars"),
        "calendar_rule": say("calendar rules"),
        "campaign": say("campaigns"),
        "closed_period": say("closed periods"),
        "confirmation_link": say("links to answer by"),
        "disputed_report": say("reports that contradict a stored one"),
        "evidence": say("pictures of sessions"),
        "feast_date": say("dates of feasts"),
        "held_report": say("corrections that wait for their report"),
        "ledger_change": say("changes of the sign-up ledger"),
        "ledger_entry": say("sign-up ledger"),
        "market_day": say("market days"),
        "omission": say("villages left out"),
        "plan_run": say("runs of the planner"),
        "plan_submission": say("plans handed in"),
        "replan": say("drafts of a changed plan"),
        "session_report": say("session reports"),
        "sponsorship": say("sponsorships"),
        "stage": say("stages"),
        "stage_pick": say("villages chosen for a stage"),
        "stay": say("stays overnight"),
        "taken_item": say("what phones sent beside reports"),
        "target": say("targets"),
        "village_access": say("ways to villages"),
        "visit": say("visits"),
        "visit_event": say("history of visits"),
        "waiting_picture": say("pictures that wait for their report"),
        "what_if": say("questions what would be if"),
    }
