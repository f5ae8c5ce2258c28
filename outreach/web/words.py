"""The words for errors and problems: one sentence per code, in the reader's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from babel.numbers import format_decimal
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from outreach.errors import Conflict, OutreachError
from outreach.web.calendar_words import CALENDAR_PROBLEMS
from outreach.web.enum_words import ENUM_WORDS
from outreach.web.i18n import language

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

#: A sentence per error code.
SENTENCES = {
    "error": _("This did not work."),
    "not_found": _("There is nothing here, or it lies outside your area."),
    "not_allowed": _("Your role does not include this. Ask your branch if you need it."),
    "conflict": _("Somebody else changed this first. Look at it again and repeat your change."),
    "invalid": _("Some of the input cannot be used. Please look at the marked fields."),
    "unsafe_settings": _("The product is not set up correctly."),
    "login_required": _("Please log in first."),
    "token_required": _("Send a token that holds: make one on the page Access for programs."),
    "device_revoked": _(
        "This phone may not send any more. Ask your branch for a new code if it is still yours."
    ),
    "behind_pin": _("This phone has a PIN. Open its page for the phone."),
    "other_person": _("This was saved for another person, so nothing was changed."),
    "not_in_office": _(
        "In our list you are not in office, so this phone may not read or send. Nothing is lost:"
        " ask your branch to renew your term, and it goes on by itself."
    ),
    "not_from_our_page": _("This did not come from a page of ours, so nothing was changed."),
    "registry_fault": _("The list of villages is incomplete. Tell who looks after the product."),
    "calendar_fault": _("The calendar's defaults are faulty. Tell who looks after the product."),
    "tariff_fault": _("The table of contributions is faulty. Tell who looks after the product."),
    "not_a_problem": _("This file is no problem that could be planned."),
    "coast_missing": _("The map's coast line is missing. Tell who looks after the product."),
    "undeclared_route": _("The product is not set up correctly."),
}

#: A sentence per rule that a change ran into (`Conflict(problem=...)`).
CONFLICTS = {
    "borders_other_draft": _(
        "Another file was uploaded meanwhile. Look at what it brings, then confirm that."
    ),
    "export_busy": _("Another file is being made right now. Please try again in a moment."),
    "borders_being_drawn": _("The map is being drawn right now. Please wait for it."),
    "changed_meanwhile": SENTENCES["conflict"],
    "digest_confirmed": _("The address is confirmed already."),
    "digest_unconfirmed": _("Confirm the address first."),
    "digest_under_way": _("One is on its way already."),
    "digest_too_soon": _("The last one is too fresh. Try again in %(minutes)s minutes."),
    "digest_link_over": _(
        "This link or code does not hold any more. Have a new one sent to your address."
    ),
    "too_many_tokens": _("You have %(most)s tokens that still hold. Withdraw one first."),
    "too_many_views": _("You have kept %(most)s views. Remove one you do not need any more first."),
    "view_name_taken": _("You have a view of this name already. Replace it, or give another name."),
    "regency_has_branch": _("%(regency)s already belongs to the branch %(branch)s."),
    "campaign_closed": _("This campaign is closed."),
    "campaign_not_open": _("The campaign has not been opened yet."),
    "closed": _("This is closed and can no longer be changed."),
    "own_account": _("You cannot close the account you are using."),
    "not_an_officials_account": _("This account is not one of a village official."),
    "not_in_office": _("%(name)s is not in office, so no phone can be enrolled."),
    "account_bars_phones": _(
        "The account of %(name)s is closed or has another role, so no phone can be enrolled. Ask"
        " your administrator."
    ),
    "code_not_live": _("This code cannot be used any more. Ask your branch for a new one."),
    "account_of_another_village": _("This account does not see the village of the official."),
    "account_has_official": _("This account is another official's already."),
    "wrong_status": _("This is not possible in the present status."),
    "stages_open": _("There are stages that are still open. Close them first."),
    "has_stages": _("This campaign has stages. Delete them first."),
    "stage_not_open": _("Only an open stage can be planned."),
    "stage_has_no_day_left": _("The stage has no day left to plan."),
    "what_ifs_wait": _(
        "%(most)s questions of this branch are being worked out. Wait for one of them."
    ),
    "what_if_over": _("This question is not being worked out any more. Load the page again."),
    "what_if_not_dead": _("This question is not failed any more. Load the page again."),
    "run_open": _("The branch is being planned already. Wait for that run or call it off."),
    "run_not_on": _("This run has ended already."),
    "batch_not_dead": _("This part is not failed any more. Load the page again."),
    "planned_anew": _("The stage has been planned anew since. Look at the newest run."),
    "plan_not_ready": _("The plan is still being made. Ask again when it is ready."),
    "plan_not_approved": _(
        "The plan of this stage has not been approved yet. Hand it in first: once a manager has"
        " approved it, the officials are asked."
    ),
    "plan_changed": _(
        "The plan has changed since it was handed in. Its coordinator has to hand it in again."
    ),
    "already_handed_in": _("This plan is handed in already and waits for a manager."),
    "not_waiting": _(
        "This plan does not wait for a decision any more: somebody has decided on it or taken it"
        " back."
    ),
    "nothing_to_hand_in": _("There is no visit in this stage yet. Plan it first."),
    "plan_unchanged": _("Nothing has changed since the plan was approved."),
    "omitted_without_reason": _(
        "The stage leaves districts or islands without any village and nobody has said why:"
        " %(count)s of them. Give the reasons first, then hand the plan in."
    ),
    "parts_not_planned": _(
        "A part of the plan failed or was called off, and %(count)s districts or islands wait for"
        " it. Plan it first, or say why these places stay out; then hand the plan in."
    ),
    "being_planned": _("The stage is being planned. Wait until that is done."),
    "neighbour_planned": _(
        "Another stage that shares days and teams with this one is being planned. Wait until that"
        " is done."
    ),
    "slot_taken": _("The team already has a visit as its session %(slot)s of that day."),
    "village_has_visit": _("The village already has another visit in this stage."),
    "confirmed": _("The village has confirmed this visit. Tick that confirmed visits may move."),
    "confirmed_would_move": _(
        "Visits that villages have confirmed would start at another time. Tick that they may move."
    ),
    "link_answered": _("An answer had come before, and it stays as it is."),
    "link_expired": _("The time to answer here is over"),
    "link_withdrawn": _("This link is out of date"),
    "link_too_late": _("The day of the visit has begun: nobody can answer by a link any more."),
    "opening_gone": _("That place in the plan has just been given away. Choose another one."),
    "day_full": _("The team already has three visits on that day."),
    "swap_impossible": _("These two visits cannot change places: one of the days does not fit."),
    "replan_stale": _(
        "The plan has changed since this difference was worked out. Nothing was changed: look at"
        " the difference anew."
    ),
    "replan_settled": _("This difference was applied or discarded already."),
    "village_elsewhere": _(
        "Another stage of this campaign has reached the village or is about to visit it."
    ),
    "day_too_long": _("The last session of that day would not start before midnight."),
    "corrects_another_visit": _("The report to be corrected belongs to another visit."),
    "campaign_ends_before": _(
        "No working day is left before the campaign ends. Give the campaign a later end first."
    ),
    "map_is_old": _("The villages on this map have changed. Please load the page again."),
    "visit_moved": _(
        "Your branch has given this visit another day since. Your report is kept, and your branch"
        " decides."
    ),
    "already_reported": _("Somebody has reported this visit already. Correct that report instead."),
    "message_settled": _("This message has been settled meanwhile. Load the page again."),
    "account_closed": _(
        "Waited for the report it corrects; its sender's account is closed by now."
    ),
    "refused_by_rule": _("Waited for the report it corrects and does not fit the rules any more."),
    "base_never_came": _("The report that this one corrects never came."),
    "other_content": _("This form was sent before with other numbers. Correct what is stored."),
    "other_answer": _("This answer was sent before with other content. That one counts."),
    "other_picture": _("Another picture has this number already. Take the picture again."),
    "picture_there": _(
        "The report has a picture of this kind already. Send a better one with a correction."
    ),
    "no_approved_visit": _("None of these visits is approved yet, so there is no paper to make."),
    "visits_over": _("The days of these visits are over: only minutes can still be made for them."),
    "paper_void": _("What this paper is about does not stand any more, so it is not made anew."),
    "already_corrected": _("This report has already been corrected. Correct the newest one."),
    "sheet_is_stale": _(
        "Nothing was written: something has changed since these rows were checked: %(rows)s. Check"
        " the sheet again and look at the difference."
    ),
    "rows_collide": _("Nothing was written: some rows stand in each other's way."),
    "refused_by_table": _("Nothing was written: these rows do not go with the others: %(rows)s."),
    "changed_since": _(
        "Nothing was undone: what these rows have changed was changed again since: %(rows)s."
    ),
    "too_old_to_undo": _("This can no longer be undone: it was applied too long ago."),
    "upload_settled": _("Somebody has settled this sheet already. Here is how it stands."),
}

#: Words per problem of a field; names in brackets are limits that come with it.
PROBLEMS = {
    **CALENDAR_PROBLEMS,
    # What Pydantic finds.
    "missing": _("Please fill this in."),
    "string_type": _("Please enter text."),
    "string_too_short": _("At least %(min_length)s characters."),
    "string_too_long": _("At most %(max_length)s characters."),
    "string_pattern_mismatch": _("This is not written as it should be."),
    "int_parsing": _("Please enter a whole number."),
    "int_type": _("Please enter a whole number."),
    "int_from_float": _("Please enter a whole number."),
    "int_parsing_size": _("This number is too large."),
    "float_parsing": _("Please enter a number."),
    "float_type": _("Please enter a number."),
    "finite_number": _("Please enter a number."),
    "bool_parsing": _("Please answer yes or no."),
    "bool_type": _("Please answer yes or no."),
    "greater_than": _("Must be more than %(gt)s."),
    "greater_than_equal": _("At least %(ge)s."),
    "less_than": _("Must be less than %(lt)s."),
    "less_than_equal": _("At most %(le)s."),
    "date_parsing": _("Please enter a date."),
    "date_type": _("Please enter a date."),
    "date_from_datetime_parsing": _("Please enter a date."),
    "date_from_datetime_inexact": _("Please enter a date."),
    "time_parsing": _("Please enter a time."),
    "time_type": _("Please enter a time."),
    "datetime_parsing": _("Please enter a date and a time."),
    "enum": _("Please choose one of the list."),
    "literal_error": _("Please choose one of the list."),
    "too_short": _("Please choose at least %(min_length)s."),
    "too_long": _("At most %(max_length)s."),
    "list_type": _("Please choose from the list."),
    "not_a_list": _("This is no JSON with a list under this name, so nothing was taken in."),
    "extra_forbidden": _("This field is not known."),
    "uuid_parsing": _("This id cannot be used."),
    "uuid_type": _("This id cannot be used."),
    "value_error": _("This value is not possible."),
    # What our rooms find.
    "identity_number": _(
        "This looks like somebody's identity number. Please take it out: we count people and never"
        " note who they are."
    ),
    "unreadable_text": _("This text holds characters that cannot be stored."),
    "password_too_short": _("At least %(least)s characters."),
    "password_easy_to_guess": _(
        "Too easy to guess: leave out names, places and words of our work, and add other words."
    ),
    "password_usual": _(
        "Many people use such a password, so it is guessed soon. Take four or five words that do"
        " not belong together."
    ),
    "wrong_password": _("This is not your present password."),
    "passwords_differ": _("The two passwords are not the same."),
    "not_a_phone": _("Please enter a phone number like 0812 3456 7890 or +62 812 3456 7890."),
    "not_an_email": _("Please enter an e-mail address like sekdes@desa.id."),
    "province_too_wide": _("Please give a regency, a district or a village of your branch."),
    "period_too_long": _("A closed period lasts at most %(days)s days."),
    "pays_alone": _("Who pays alone has no sponsor. Choose who pays for the workers."),
    "term_too_long": _("A sponsorship is noted for at most %(years)s years at once."),
    "wait_by_road": _("Nobody waits on a road: leave this empty, or choose a boat or a flight."),
    "no_weight": _("At least one part has to weigh something."),
    "unknown_ground": _("This is neither a district nor an island of the stage."),
    "not_left_out": _("One of these is not left out any more. Load the page again."),
    "all_elsewhere": _(
        "This campaign has reached all of these villages already or is about to. Choose another"
        " campaign or a new one."
    ),
    "list_is_empty": _("None of these villages is on the list any more. Load the page again."),
    "not_a_view": _("This is not the address of a page that you can open here and keep."),
    "noted_already": _("The same is noted already."),
    "neither_village_nor_regency": _("Please give the code of a village or of a regency."),
    "nothing_to_remove": _("There is nothing to remove: this row is not stored."),
    "several_of_this_name": _(
        "Several officials of this village have this name. Please change them on their own pages."
    ),
    "position_held": _("This position is held by %(names)s. Note there if the term is over."),
    "not_weekdays": _("Please write the weekdays like “Sen, Sel, Rab” or “Sen-Sab”."),
    "sunday_is_free": _("No team goes out on a Sunday."),
    "less_than_counted": _("The villages' own counts already come to %(own)s."),
    "nobody_to_share": _("No village is left that could take a share of this."),
    "far_above_estimate": _("This is far more than the %(estimate)s estimated. Is it right?"),
    "pattern_incomplete": _(
        "Give {code}, {number} and {year} once each, with a sign between number and year."
    ),
    "pattern_unreadable": _("In brackets only {code}, {number}, {month} and {year} can stand."),
    "not_a_login": _("Use small letters, digits, dots and hyphens; at least 3."),
    "form_code_wrong": _("No form of your area has this code. Compare it with the paper."),
    "given_twice": _("Give this once only."),
    "not_our_cursor": _("Give `next` of an answer to the same question."),
    "unknown_login": _("No account has this login name."),
    "unknown_official": _("There is no official with this number."),
    "not_a_region_code": _("This is not a region code like 33.72 or 33.72.01.1001."),
    "unknown_region": _("There is no region with this code."),
    "unknown_village": _("There is no village with this code."),
    "not_a_village": _("Please give the code of a village, like 33.72.01.1001."),
    "several_zones": _("A branch and all of its regencies lie in one time zone."),
    "not_a_regency": _("Please give codes of regencies, like 33.72."),
    "no_team_left": _("At least one team has to be left."),
    "no_week_left": _("Ending so early, the stage would not keep a working week."),
    "nothing_supposed": _("Suppose at least one thing that differs from today."),
    "period_taken": _("A target for these days is set already: change that one."),
    "outside_branch": _("This lies outside the branch."),
    "base_outside_branch": _("The base has to lie in one of the regencies that the branch serves."),
    "team_base_outside": _("A team of the branch starts outside these regencies. Move it first."),
    "outside_stage": _("This lies outside the area of the stage."),
    "outside_campaign": _("This lies outside the dates of the campaign."),
    "taken": _("This is taken already; please choose another."),
    "ends_before_it_starts": _("The end lies before the start."),
    "year_out_of_range": _("Please give a day between %(first)s and %(last)s."),
    "campaign_too_long": _("A campaign lasts at most %(years)s years."),
    "span_too_long": _("At most %(days)s days."),
    "stage_too_long": _("A stage lasts at most %(days)s days."),
    "needs_branch": _("A coordinator needs a branch."),
    "no_branch_for_role": _("Only a coordinator has a branch."),
    "needs_area": _("This role needs an area."),
    "no_area_for_role": _("This role has no area of its own."),
    "too_many": _("Too many at once."),
    "nothing_picked": _("Tick at least one."),
    "not_from_the_page": _("This was not chosen on the page. Load the page again."),
    "details_do_not_add_up": _("The lines by work, package and payer do not add up to this."),
    "more_paid_than_signups": _("No more people can have paid than have signed up."),
    "half_a_place": _("A place needs both its latitude and its longitude."),
    "nobody_was_there": _("A session needs people. If there was none, choose why below."),
    "people_without_session": _("There are numbers, yet no session. Please correct one of them."),
    "not_xml": _("What was sent is no filled-in form."),
    "other_form": _("This is not the form of a session that your branch gives out."),
    "no_id": _("The form has no id of its own."),
    "no_submission": _("No filled-in form was sent."),
    "corrects_itself": _("A report cannot correct itself. Please open the form again."),
    "not_local_time": _("Please give the time of the place itself, without a zone."),
    "in_the_future": _("This day has not come yet."),
    "in_the_past": _("This day is over."),
    "picture_too_heavy": _("This picture is larger than 600 kB."),
    "picture_too_large": _("This picture has too many points. Take it again."),
    "picture_moves": _("This is a film. Please send a picture that stands still."),
    "not_a_picture": _("This is no picture that can be opened. Take it again."),
    "photos_not_accepted": _("Photos are not collected here."),
    "too_long_ago": _("This is more than a year ago."),
}

#: Our own reasons for a change of a visit; people's reasons are their words.
REASONS = {
    "planned_anew": _("The stage was planned anew."),
    "stage_closed": _("The stage was closed."),
    "run_called_off": _("The planning was called off."),
    "plan_approved": _("The plan was approved."),
    "never_asked": _("Its day came and nobody had asked the village."),
    "answer_missing": _("Its day came and the village had not answered."),
    "wish_unmet": _("No other day was found as the village had wished."),
    "gave_way": _("The village had not answered two days before, so its day was set free."),
    "report_missing": _("No report came within a week of its day."),
    "refilled": _("A slot that had become free was filled."),
    "sheet_undone": _("An uploaded sheet was undone."),
    **{f"closed_{closure}": words for closure, words in ENUM_WORDS["Closure"].items()},
}


def sentence(error: OutreachError) -> str:
    """Say what people are told about an error."""
    if isinstance(error, Conflict) and error.facts.get("problem") in CONFLICTS:
        return _filled(CONFLICTS[str(error.facts["problem"])], error.facts)
    return str(SENTENCES[error.code])


def problem_words(code: str, limits: Mapping[str, Any] | None = None) -> str:
    """Say what people are told about a problem of one field."""
    return _filled(PROBLEMS.get(code, PROBLEMS["value_error"]), limits or {})


def problems_in_words(error: OutreachError) -> dict[str, list[str]]:
    """Words for all problems, by field."""
    problems: dict[str, list[str]] = error.facts.get("problems", {})  # type: ignore[assignment]
    limits: dict[str, Any] = error.facts.get("limits", {})  # type: ignore[assignment]
    return {
        field: [problem_words(code, limits.get(field)) for code in codes]
        for field, codes in problems.items()
    }


def _filled(words: Any, facts: Mapping[str, Any]) -> str:
    text = str(words)
    wanted = re.findall(r"%\((\w+)\)s", text)
    if any(name not in facts for name in wanted):
        # A room that found the problem need not tell the limit.
        return str(gettext("This value is not possible."))
    return re.sub(r"%\((\w+)\)s", lambda name: _figure(facts[name[1]]), text)


def _figure(fact: object) -> str:
    """Write a limit as every other number on the screen; what is none stays as it is."""
    if isinstance(fact, list):
        return ", ".join(map(_figure, fact)) or "–"
    return format_decimal(fact, locale=language()) if isinstance(fact, int | float) else str(fact)


def reason_words(reason: str) -> str:
    """Say why a visit changed, as its history keeps it."""
    return str(REASONS.get(reason, reason))


def source_words(source: str) -> str:
    """Say where a figure comes from; a source that is not one of ours stays as it was told."""
    return str(gettext(source)) if source else ""


def word(member: StrEnum) -> str:
    """Return the word of the screens for a member of one of our enums."""
    return str(ENUM_WORDS[type(member).__name__][member.value])
