"""Forgets people's data whose time is over, by periods that the settings give.

Each rule works through at most so many rows in one unit of work, so that nobody waits for it.
What `outreach.logbook.forgetting` and `outreach.sheets.forgetting` forget by fixed periods is
theirs: of pictures and codes a setting here can only ask for less time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlmodel import col

from outreach.campaigns.tables import Campaign, Stage, StageVillage
from outreach.db import reading, unit_of_work
from outreach.logbook.tables import Evidence
from outreach.messages.sent_back import TRY_FOR
from outreach.messages.tables import Message
from outreach.people.tables import Device, Enrolment, Official
from outreach.people.terms import day_of
from outreach.safekeeping.erasing import NAMES_NOBODY, erase, names_somebody
from outreach.safekeeping.erasures import erasure_of, keep
from outreach.safekeeping.subject import ERASED, Subject
from outreach.visits.tables import TO_COME, ConfirmationLink, Visit, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlmodel import Session

#: Rows in one unit of work.
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Periods:
    """After how many days what is forgotten; why so many stands beside each rule."""

    messages: int = 90
    devices: int = 365
    links: int = 30
    codes: int = 30
    officials: int = 365
    pictures: int = 365


@dataclass(frozen=True, slots=True)
class Rule:
    """Which rows are over when they are older than a moment, and what becomes of them."""

    over: Callable[[datetime], Any]
    forget: Callable[[Session, Sequence[Any], datetime], object]


def count_over(engine: Engine, periods: Periods, now: datetime) -> dict[str, int]:
    """Count what would be forgotten, by rule; nothing is changed."""
    with reading(engine) as db:
        return {
            name: db.scalar(select(func.count()).select_from(_over(rule, name, periods, now))) or 0
            for name, rule in RULES.items()
        }


def retain(engine: Engine, periods: Periods, now: datetime) -> dict[str, int]:
    """Forget what is over, in units of work of `MOST_ROWS` rows; count it by rule."""
    _in_parts(engine, _left_without_a_day(now), _note_last_day, now)
    return {name: _forget_all(engine, rule, name, periods, now) for name, rule in RULES.items()}


def _forget_all(engine: Engine, rule: Rule, name: str, periods: Periods, now: datetime) -> int:
    return _in_parts(engine, select(_over(rule, name, periods, now).c.id), rule.forget, now)


def _in_parts(
    engine: Engine,
    query: Any,
    act: Callable[[Session, Sequence[Any], datetime], object],
    now: datetime,
) -> int:
    done = 0
    while True:
        with unit_of_work(engine) as db:
            ids = list(db.scalars(query.limit(MOST_ROWS)))
            if ids:
                act(db, ids, now)
        done += len(ids)
        if len(ids) < MOST_ROWS:
            return done


def _over(rule: Rule, name: str, periods: Periods, now: datetime) -> Any:
    return rule.over(now - timedelta(days=getattr(periods, name))).subquery()


def _messages(since: datetime) -> Any:
    """Hold for messages of a season ago whose visit is over: nobody asks any more who was told.

    While a report waits to be corrected, whom to tell of it is asked by messages of a month more.
    What was sent to somebody who is erased already is over at once.
    """
    is_over = col(Visit.work).not_in(TO_COME)
    is_not_asked = or_(
        col(Visit.work) != Work.SENT_BACK, col(Message.created_at) <= since - TRY_FOR
    )
    is_settled = and_(col(Message.settled_at) <= since, is_over, is_not_asked)
    query = select(col(Message.id)).join(Visit, col(Visit.id) == col(Message.visit_id))
    return query.where(or_(is_settled, col(Message.official_id).is_(None)), names_somebody())


def _blank_messages(db: Session, ids: Sequence[Any], _now: datetime) -> None:
    db.execute(update(Message).where(col(Message.id).in_(ids)).values(NAMES_NOBODY))


def _devices(since: datetime) -> Any:
    """Hold for phones that were silent for a year: given away, sold or lost."""
    seen = func.coalesce(col(Device.last_seen_at), col(Device.enrolled_at))
    return select(col(Device.id)).where(col(Device.revoked_at).is_(None), seen <= since)


def _cut_off(db: Session, ids: Sequence[Any], now: datetime) -> None:
    db.execute(update(Device).where(col(Device.id).in_(ids)).values(revoked_at=now, label=""))


def _links(since: datetime) -> Any:
    """Hold for links that nobody answered in time, of visits that nobody is asked about.

    Answers are counted and stay; the newest stays, for its number must not be given again.
    """
    newest = select(func.max(col(ConfirmationLink.id))).scalar_subquery()
    query = select(col(ConfirmationLink.id)).join(
        Visit, col(Visit.id) == col(ConfirmationLink.visit_id)
    )
    return query.where(
        col(ConfirmationLink.expires_at) <= since,
        col(ConfirmationLink.answer).is_(None),
        col(Visit.work).not_in(TO_COME),
        col(ConfirmationLink.id) != newest,
    )


def _delete_links(db: Session, ids: Sequence[Any], _now: datetime) -> None:
    db.execute(delete(ConfirmationLink).where(col(ConfirmationLink.id).in_(ids)))


def _codes(since: datetime) -> Any:
    """Hold for codes that opened nothing for a month; the newest stays, as of links."""
    newest = select(func.max(col(Enrolment.id))).scalar_subquery()
    times = (Enrolment.used_at, Enrolment.withdrawn_at, Enrolment.expires_at)
    is_over = or_(*(col(at) <= since for at in times))
    return select(col(Enrolment.id)).where(is_over, col(Enrolment.id) != newest)


def _delete_codes(db: Session, ids: Sequence[Any], _now: datetime) -> None:
    db.execute(delete(Enrolment).where(col(Enrolment.id).in_(ids)))


def _left_without_a_day(now: datetime) -> Any:
    """Select who is noted as gone and has no last day, or one to come.

    So stand those who left before the page noted a day, and whose day somebody took out again.
    When they left nobody knows; today they have.
    """
    ends, starts, today = col(Official.term_ends), col(Official.term_starts), day_of(now)
    return select(col(Official.id)).where(
        ~col(Official.is_active),
        col(Official.name) != ERASED,
        or_(ends.is_(None), ends > today),
        or_(starts.is_(None), starts <= today),
    )


def _note_last_day(db: Session, ids: Sequence[Any], now: datetime) -> None:
    mine = update(Official).where(col(Official.id).in_(ids))
    db.execute(mine.values(term_ends=day_of(now), version=Official.version + 1))


def _officials(since: datetime) -> Any:
    """Hold for whose last day in office was a year ago, and where every campaign ended as long ago.

    Who is noted as gone has a last day, whether or not a stage ever chose the village. A village's
    next wave comes within a year, or its officials are asked for anew.
    """
    day = since.date()
    here = col(StageVillage.village_code) == col(Official.village_code)
    stages = (
        select(col(StageVillage.stage_id))
        .join(Stage, col(Stage.id) == col(StageVillage.stage_id))
        .join(Campaign, col(Campaign.id) == col(Stage.campaign_id))
        .where(here)
        .correlate(Official)
    )
    is_planned = exists().where(
        col(Visit.village_code) == col(Official.village_code), col(Visit.day) > day
    )
    all_ended = and_(stages.exists(), ~stages.where(col(Campaign.ends) > day).exists(), ~is_planned)
    return select(col(Official.id)).where(
        col(Official.name) != ERASED, or_(col(Official.term_ends) <= day, all_ended)
    )


def _erase_officials(db: Session, ids: Sequence[Any], now: datetime) -> None:
    """Erase each as on request, and keep it in the ledger: the period may be longer by then."""
    query = select(col(Official.id), col(Official.account_id)).where(col(Official.id).in_(ids))
    people = [Subject(*row) for row in db.execute(query).all()]
    keep(db, [erasure_of(db, whom, now) for whom in people])
    for whom in people:
        erase(db, whom, now)


def _pictures(since: datetime) -> Any:
    """Hold for photos and signatures: a year holds the campaign, its review and the audit."""
    is_kept = func.length(col(Evidence.content)) > 0
    return select(col(Evidence.id)).where(col(Evidence.received_at) <= since, is_kept)


def _blank_pictures(db: Session, ids: Sequence[Any], _now: datetime) -> None:
    db.execute(update(Evidence).where(col(Evidence.id).in_(ids)).values(content=b""))


RULES: dict[str, Rule] = {
    "messages": Rule(_messages, _blank_messages),
    "devices": Rule(_devices, _cut_off),
    "links": Rule(_links, _delete_links),
    "codes": Rule(_codes, _delete_codes),
    "pictures": Rule(_pictures, _blank_pictures),
    # Last: who is erased takes some of the others along, and counts would not tell it.
    "officials": Rule(_officials, _erase_officials),
}
