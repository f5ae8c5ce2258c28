"""Messages to officials: WhatsApp with one tap each, e-mails and what became of them."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, Field

from outreach.errors import Conflict
from outreach.messages import outbox
from outreach.messages.reach import without_contact
from outreach.messages.tables import Matter, Medium, MessageState
from outreach.messages.text import text_of_reminders, wa_link
from outreach.people.tables import Role
from outreach.visits.links import live_links
from outreach.web.addresses import link_address, public_url
from outreach.web.auth import person
from outreach.web.coordinator_pages import is_tap, now, page_asked, pages, refuse_tap
from outreach.web.database import reading_db, running, writing_db
from outreach.web.forms import read
from outreach.web.history import of_teams, tell_numbers, tell_team_numbers
from outreach.web.message_words import mail_words
from outreach.web.routing import allow
from outreach.web.words import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.messages.outgoing import Outgoing

#: Messages a page; each carries its whole text.
PAGE_LENGTH = 40
#: What was marked as sent can be taken back for so long.
SECOND_THOUGHTS = timedelta(hours=12)
MOST_SENT_SHOWN = 20
#: E-mails that failed longer ago are about visits that are over.
LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ByHand:
    """A WhatsApp message, its text and the link that opens it ready to send."""

    outgoing: Outgoing
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class RemindedDay:
    """The reminders of one day that wait, as one text for a group of officials."""

    day: date
    message_ids: tuple[int, ...]
    text: str
    link: str


class SentIn(BaseModel):
    """The messages that went out together."""

    ids: list[int] = Field(min_length=1, max_length=1000)


@pages.get("/messages")
@allow(Role.COORDINATOR)
def messages() -> ResponseReturnValue:
    """Show what is to be told to officials, and what could not be."""
    with reading_db() as db:
        waiting = outbox.to_send_by_hand(db, person())
        last = max(1, -(-len(waiting) // PAGE_LENGTH))
        page = min(page_asked(), last)
        first = (page - 1) * PAGE_LENGTH
        shown = _written(db, waiting[first : first + PAGE_LENGTH])
        days = _reminders_by_day(waiting)
        mails = _of(db, Medium.EMAIL, MessageState.WAITING, MessageState.FAILED, since=LOOK_BACK)
        sent = _latest(_of(db, Medium.WHATSAPP, MessageState.SENT, since=SECOND_THOUGHTS))
        to_call = without_contact(db, person(), now(), by_email=running().settings.sends_mail)
    tell_numbers(_of_numbers([*(one.outgoing for one in shown), *sent]))
    tell_team_numbers(of_teams(one.outgoing.told for one in shown))
    return render_template(
        "coordinator/messages.html",
        waiting=len(waiting),
        lines=shown,
        days=days,
        page=page,
        last_page=last,
        failed=[one for one in mails if one.message.state is MessageState.FAILED],
        on_the_way=[one for one in mails if one.message.state is MessageState.WAITING],
        sent=sent,
        to_call=to_call,
        sends_mail=running().settings.sends_mail,
        mail_words=mail_words,
    )


@pages.post("/messages/sent")
@allow(Role.COORDINATOR)
def messages_sent() -> ResponseReturnValue:
    """Note that several reminders went out as one text; what was told otherwise stays so."""
    given = read(SentIn, request.form)
    marked = 0
    with writing_db() as db:
        for message_id in sorted(given.ids):
            with suppress(Conflict):
                outbox.mark_sent_by_hand(db, message_id, by=person(), now=now())
                marked += 1
    flash(ngettext("%(num)s marked as sent.", "%(num)s marked as sent.", marked))
    return redirect(url_for("coordinator.messages"), 303)


@pages.post("/messages/<int:message_id>/sent")
@allow(Role.COORDINATOR)
def message_sent(message_id: int) -> ResponseReturnValue:
    """Note that the person has sent a WhatsApp message."""
    return _settle(outbox.mark_sent_by_hand, message_id, _("Marked as sent."))


@pages.post("/messages/<int:message_id>/told")
@allow(Role.COORDINATOR)
def message_told(message_id: int) -> ResponseReturnValue:
    """Note that the official was told in another way."""
    return _settle(outbox.drop, message_id, _("Noted: told in another way."))


@pages.post("/messages/<int:message_id>/again")
@allow(Role.COORDINATOR)
def message_again(message_id: int) -> ResponseReturnValue:
    """Let a message wait again."""
    return _settle(outbox.put_back, message_id, _("The message waits again."))


def _reminders_by_day(waiting: Sequence[Outgoing]) -> list[RemindedDay]:
    """Write the reminders that wait as one text for each day of visits."""
    groups: dict[date, list[Outgoing]] = defaultdict(list)
    for one in waiting:
        if one.message.matter is Matter.REMINDER:
            groups[one.told.day].append(one)
    return [_reminded_day(day, groups[day]) for day in sorted(groups)]


def _reminded_day(day: date, some: Sequence[Outgoing]) -> RemindedDay:
    text = text_of_reminders({one.told.visit_id: one.told for one in some}.values())
    ids = tuple(one.message.id or 0 for one in some)
    return RemindedDay(day, ids, text, wa_link("", text))


def _settle(act: Any, message_id: int, words: str) -> ResponseReturnValue:
    try:
        with writing_db() as db:
            act(db, message_id, by=person(), now=now())
    except Conflict as error:
        words = sentence(error)
        if is_tap():
            return refuse_tap(words)
    else:
        if is_tap():
            return "", 204
    flash(words)
    return redirect(url_for("coordinator.messages", page=request.form.get("page") or None), 303)


def _of(db: Session, medium: Medium, *states: MessageState, since: timedelta) -> list[Outgoing]:
    return outbox.messages_of(db, person(), medium, states, since=now() - since)


def _of_numbers(some: Iterable[Outgoing]) -> Iterator[str]:
    """Name the village of each number that stands beside a message."""
    return (one.official.village_code for one in some if one.official.phone)


def _latest(some: Sequence[Outgoing]) -> list[Outgoing]:
    latest = sorted(some, key=lambda one: str(one.message.settled_at), reverse=True)
    return latest[:MOST_SENT_SHOWN]


def _written(db: Session, some: Sequence[Outgoing]) -> list[ByHand]:
    """Write the messages as their visits stand, each with the village's own link."""
    live = live_links(db, [one.message.visit_id for one in some], now())
    addresses = {visit_id: link_address(link) for visit_id, link in live.items()}
    texts = [one.text(addresses.get(one.message.visit_id, ""), public_url()) for one in some]
    return [
        ByHand(one, text, wa_link(one.official.phone, text))
        for one, text in zip(some, texts, strict=True)
    ]
