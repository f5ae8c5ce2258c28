"""The words of a message to an official: plain Indonesian, from a template file for each matter.

Officials are written to in the agency's language, so nothing here goes through a catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from babel.dates import format_date, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from outreach.config import ROOT
from outreach.messages.tables import Matter
from outreach.people.branches import office_words
from outreach.villages.tables import VillageKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime, time

    from outreach.messages.facts import Told
    from outreach.villages.tables import Zone

_TEMPLATES = ROOT / "templates" / "messages"
_KINDS = {
    VillageKind.DESA: "Desa",
    VillageKind.KELURAHAN: "Kelurahan",
    VillageKind.DESA_ADAT: "Desa Adat",
}
_SUBJECTS = {
    Matter.ASKED: "Mohon jawaban",
    Matter.MOVED: "Perubahan jadwal",
    Matter.CALLED_OFF: "Tidak jadi",
    Matter.REMINDER: "Pengingat",
    Matter.SENT_BACK: "Laporan perlu diperbaiki",
}


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a message speaks to."""

    name: str
    position: str


def text_of_visit(
    told: Told,
    matter: Matter = Matter.ASKED,
    *,
    link: str = "",
    to: Addressee | None = None,
    report_page: str = "",
    reason: str = "",
) -> str:
    """Write what one official is told of one visit.

    Parameters
    ----------
    told
        The visit, from `facts.told_of`.
    matter
        What the message is about.
    link
        Address of the page on which the village answers; without one it is asked to reply.
    to
        Whom to greet by name.
    report_page
        Address of the page on which this official reports and corrects, if one opens for them.
    reason
        Why the report was sent back.
    """
    # In one line: it stands among ours, and must not look like another of them.
    why = " ".join(reason.split())
    facts = {"visit": told, "link": link, "to": to, "report_page": report_page, "reason": why}
    return _render(f"{matter.value}.txt", **facts)


def text_of_day(visits: Iterable[Told]) -> str:
    """Write the visits of a day, or of several, as one list to paste into a group.

    Without links: whoever holds a link answers for its village, so each is told only to its own.
    """
    return _render("day.txt", **_list_of(visits))


def text_of_reminders(visits: Iterable[Told]) -> str:
    """Write the reminders of visits as one list to paste into a group, without links too."""
    return _render("reminders.txt", **_list_of(visits))


def _list_of(visits: Iterable[Told]) -> dict[str, object]:
    days = _by_day(visits)
    return {"days": days, "works": {one.work.value for some in days.values() for one in some}}


def _by_day(visits: Iterable[Told]) -> dict[date, list[Told]]:
    ordered = sorted(visits, key=lambda one: (one.day, one.starts_at, one.team, one.village_code))
    days: dict[date, list[Told]] = {}
    for one in ordered:
        days.setdefault(one.day, []).append(one)
    return days


def text_of_enrolment(
    to: Addressee, place: str, branch: str, *, link: str, code: str, typed_at: str, until: datetime
) -> str:
    """Write what brings an official's phone its link and code; `until` is the village's time."""
    facts = {"to": to, "place": place, "branch": branch, "link": link, "code": code}
    return _render("enrolment.txt", **facts, typed_at=typed_at, until=until)


def subject_of(told: Told, matter: Matter) -> str:
    """Write the subject of an e-mail: what it is about, where and when.

    What was reported may have been held on another day than the visit was planned for.
    """
    day = format_date(told.day, "d MMMM y", locale="id")
    if matter is Matter.SENT_BACK:
        day = f"rencana {day}"
    return f"{_SUBJECTS[matter]}: sosialisasi BPJS Ketenagakerjaan di {_place(told)}, {day}"


def place_words(kind: VillageKind, village: str) -> str:
    """Name a village as people address it: `Desa Manang`."""
    return f"{_KINDS[kind]} {village}"


def wa_link(phone: str, text: str) -> str:
    """Make the link that opens WhatsApp with the text ready to send.

    Without a phone number WhatsApp asks whom to send it to.
    """
    digits = "".join(one for one in phone if one.isdigit())
    return f"https://wa.me/{digits}?text={quote(text, safe='')}"


def _render(name: str, **facts: object) -> str:
    return _environment().get_template(name).render(facts).strip() + "\n"


@cache
def _environment() -> Environment:
    # Plain text for WhatsApp and e-mail: marks of HTML would be seen as they are.
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(day=_day, clock=_clock, place=_place, length=_length, office=office_words)
    return made


def _day(day: date) -> str:
    return format_date(day, "EEEE, d MMMM y", locale="id")


def _clock(at: time, zone: Zone) -> str:
    return f"{format_time(at, 'HH.mm', locale='id')} {zone.name}"


def _place(told: Told) -> str:
    return place_words(told.village_kind, told.village)


def _length(minutes: int) -> str:
    """Write a length as people say it: whole hours, or minutes."""
    hours, rest = divmod(minutes, 60)
    return f"{minutes} menit" if rest or not hours else f"{hours} jam"
