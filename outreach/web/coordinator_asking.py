"""What the coordinator has in hand to ask villages: links, texts to copy, whom to write to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from flask import render_template, request
from flask_babel import gettext as _
from pydantic import BaseModel, Field

from outreach.campaigns.stages import stage_of
from outreach.messages.facts import told_of
from outreach.messages.outbox import taps_of
from outreach.messages.outgoing import report_page
from outreach.messages.tables import Matter
from outreach.messages.text import Addressee, text_of_day, text_of_visit, wa_link
from outreach.people.tables import Role
from outreach.people.teams import list_teams
from outreach.visits.asking import asked_on, last_link
from outreach.visits.calls import contacts_of
from outreach.visits.links import LinkState, live_links, state_of
from outreach.visits.listing import visits_of_stage
from outreach.visits.offers import offers, place_key
from outreach.visits.rows import VisitFilters
from outreach.visits.tables import Work
from outreach.visits.teamday import clock_time
from outreach.web.addresses import link_address, public_url
from outreach.web.auth import person
from outreach.web.coordinator_pages import now, pages, today
from outreach.web.coordinator_unreached import unreached
from outreach.web.database import reading_db
from outreach.web.forms import check, fill
from outreach.web.history import of_teams, tell_numbers, tell_team_numbers
from outreach.web.i18n import clock, long_date
from outreach.web.routing import allow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flask.typing import ResponseReturnValue
    from sqlmodel import Session

    from outreach.messages.facts import Told
    from outreach.messages.outbox import Tap
    from outreach.visits.asking import Asked
    from outreach.visits.calls import Contact
    from outreach.visits.rows import VisitRow
    from outreach.web.coordinator_history import Heard

    type Contacts = Mapping[str, tuple[Contact, ...]]
    type Taps = Mapping[tuple[int, str], Tap]


class DayIn(BaseModel):
    """Which visits of a stage the list holds; blank means the first day to come, and all teams."""

    day: date | None = None
    team: int | None = Field(default=None, ge=1, le=2**31 - 1)


@dataclass(frozen=True, slots=True)
class Reach:
    """An official, and the way to write to them with the text ready to send.

    `message_id` is the message that waits to be sent to them; opening the text settles it.
    """

    name: str
    position: str
    phone: str
    whatsapp: str
    message_id: int | None


@dataclass(frozen=True, slots=True)
class AskedSection:
    """The village's answer on the page of its visit.

    `address` is empty where there is no link to answer by; `state` is that of the last link.
    """

    state: LinkState | None
    heard: Heard | None
    until: datetime | None
    address: str
    text: str
    reaches: tuple[Reach, ...]
    places: tuple[tuple[str, str], ...]
    is_waiting: bool

    @property
    def may_withdraw(self) -> bool:
        """Whether the link still shows something: the question, or what became of the answer."""
        return bool(self.address) or self.state is LinkState.ANSWERED


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line of the day's list."""

    visit: VisitRow
    address: str
    reaches: tuple[Reach, ...]


def asked_section(db: Session, row: VisitRow, heard: Heard | None) -> AskedSection | None:
    """Gather what the page of a visit shows of the village's answer; none if nobody was asked."""
    link = last_link(db, person(), row.id)
    is_waiting = row.work is Work.AWAITING
    if link is None and heard is None and not is_waiting:
        return None
    state = state_of(link, now()) if link else None
    address = link_address(link) if link and state is LinkState.LIVE and is_waiting else ""
    told = told_of(db, (row.id,))[row.id]
    tell_team_numbers(of_teams([told]))
    reaches: tuple[Reach, ...] = ()
    if is_waiting:
        reaches = _reaches(told, address, _contacts(db, (told,)), taps_of(db, (row.id,)))
        tell_numbers(row.village_code for _ in reaches)
    return AskedSection(
        state=state,
        heard=heard,
        until=link.expires_at if link else None,
        address=address,
        text=text_of_visit(told, link=address),
        reaches=reaches,
        places=_places(db, row) if is_waiting else (),
        is_waiting=is_waiting,
    )


def reaches_of(db: Session, visit_ids: Collection[int]) -> dict[int, tuple[Reach, ...]]:
    """Read whom to call or write to about visits; the caller knows who may ask."""
    told, taps = told_of(db, visit_ids), taps_of(db, visit_ids)
    contacts = _contacts(db, told.values())
    links = live_links(db, visit_ids, now())
    found = {
        visit_id: _reaches(one, link_address(link) if link else "", contacts, taps)
        for visit_id, one in told.items()
        for link in (links.get(visit_id),)
    }
    tell_numbers(told[visit_id].village_code for visit_id, some in found.items() for _ in some)
    tell_team_numbers(of_teams(told[visit_id] for visit_id, some in found.items() if some))
    return found


@pages.get("/stages/<int:stage_id>/ask")
@allow(Role.COORDINATOR)
def ask_villages(stage_id: int) -> ResponseReturnValue:
    """List a day's visits with their links, and the whole as one text to copy."""
    given = check(DayIn, {name: value for name, value in request.args.items() if value})
    with reading_db() as db:
        stage = stage_of(db, person(), stage_id)
        days = _days(db, stage_id)
        day = given.day or _first_to_come(days)
        asked = asked_on(db, person(), stage_id, now(), day=day, team_id=given.team) if day else []
        teams = list_teams(db, stage.branch_id)
        told = told_of(db, [one.visit.id for one in asked])
        contacts, taps = _contacts(db, told.values()), taps_of(db, told)
        cut_off = unreached(db, stage_id)
    asked.sort(key=lambda one: _in_the_text(one.visit))
    lines = [_line(one, told[one.visit.id], contacts, taps) for one in asked]
    text = text_of_day(told.values())
    tell_numbers(line.visit.village_code for line in lines for _ in line.reaches)
    tell_team_numbers(of_teams(told[line.visit.id] for line in lines if line.reaches))
    return render_template(
        "coordinator/ask.html",
        stage=stage,
        day=day,
        days=[(one.isoformat(), long_date(one)) for one in days],
        teams=[("", _("All teams")), *((team.id, team.name) for team in teams)],
        form=fill(day=day, team=given.team),
        lines=lines,
        unreached=len(cut_off),
        text=text,
        whatsapp=wa_link("", text),
    )


def _in_the_text(row: VisitRow) -> tuple[object, ...]:
    """Order the list as `text_of_day` orders its lines: by time, whichever team comes."""
    return (row.day, row.starts_at, row.team, row.village_code)


def _days(db: Session, stage_id: int) -> list[date]:
    rows = visits_of_stage(db, person(), stage_id, VisitFilters())
    return sorted({row.day for row in rows if row.work in (Work.AWAITING, Work.CONFIRMED)})


def _first_to_come(days: list[date]) -> date | None:
    coming = [day for day in days if day > today()]
    return next(iter(coming), days[-1] if days else None)


def _contacts(db: Session, told: Iterable[Told]) -> Contacts:
    return contacts_of(db, {one.village_code for one in told}, today())


def _line(asked: Asked, told: Told, contacts: Contacts, taps: Taps) -> AskedLine:
    address = link_address(asked.link) if asked.link else ""
    return AskedLine(asked.visit, address, _reaches(told, address, contacts, taps))


def _reaches(told: Told, address: str, contacts: Contacts, taps: Taps) -> tuple[Reach, ...]:
    """Read whom to write to in the village, each with the text in their own name."""
    return tuple(
        _reach(told, one, address, taps.get((told.visit_id, one.phone)))
        for one in contacts.get(told.village_code, ())
        if one.phone
    )


def _reach(told: Told, one: Contact, address: str, tap: Tap | None) -> Reach:
    """Write the text for one official: what is asked, or the reminder that is due."""
    is_reminder = tap is not None and tap.matter is Matter.REMINDER
    text = text_of_visit(
        told,
        Matter.REMINDER if is_reminder else Matter.ASKED,
        link=address,
        to=Addressee(one.name, one.position),
        report_page=report_page(public_url(), tap.report_path if tap else ""),
    )
    whatsapp = wa_link(one.phone, text)
    return Reach(one.name, one.position, one.phone, whatsapp, tap.message_id if tap else None)


def _places(db: Session, row: VisitRow) -> tuple[tuple[str, str], ...]:
    return tuple(
        (place_key(one), f"{long_date(one.day)}, {_hour(row, clock_time(one.starts_minute))}")
        for one in offers(db, row.id, today=today())
    )


def _hour(row: VisitRow, at: time) -> str:
    return clock(at, row.zone)
