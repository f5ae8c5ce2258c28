"""What became of those who signed up: claimed by session reports, confirmed by the agency's counts.

Claimed are the sign-ups of current reports (their forms) and the first payments that these tell.
Confirmed is what was imported (`LedgerEntry`). A village is producing once somebody there has paid:
confirmed where the village has confirmed counts of first payments, else claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 - dataclass fields are read at run time
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, func, literal, null, select, union_all
from sqlmodel import col

from outreach.campaigns.tables import Campaign
from outreach.logbook.tables import LedgerEntry, Payer, SessionReport, SignUp, SignupChannel
from outreach.logbook.tariff import month_of
from outreach.progress.scope import Scope, current_reports, villages_in
from outreach.villages.tables import Village
from outreach.visits.tables import Visit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.villages.codes import Level

#: The steps in their order, as `LedgerEntry` names them, each with the step it is a part of.
STEPS: dict[str, str | None] = {
    "interested": None,
    "forms": "interested",
    "registered": "forms",
    "first_paid": "registered",
    "paid_1": "first_paid",
    "paid_3": "first_paid",
    "paid_6": "first_paid",
}

#: Who pays what came by a channel; an agent collects from the workers themselves.
PAYER_OF: dict[SignupChannel, Payer] = {
    SignupChannel.OWN: Payer.SELF,
    SignupChannel.PERISAI: Payer.SELF,
    SignupChannel.SERTAKAN: Payer.SERTAKAN,
    SignupChannel.APBD: Payer.APBD,
    SignupChannel.APBDES: Payer.APBDES,
    SignupChannel.PBI: Payer.PBI,
    SignupChannel.CSR: Payer.CSR,
}
#: By which channel a claimed sign-up came: reports know payers, and no agents.
CHANNEL_OF: dict[Payer, SignupChannel] = {
    payer: channel for channel, payer in PAYER_OF.items() if channel is not SignupChannel.PERISAI
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ledger.

    `workers` is how many have come to it, none if nobody has told. Not every count tells every
    step, so a share is taken only where this step and the one it is a part of are both told: there
    `kept` of `of` workers came on.
    """

    workers: int | None = None
    kept: int = 0
    of: int = 0

    @property
    def share(self) -> float | None:
        """How many of a hundred came on to this step; none without a denominator."""
        return self.kept / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """The ledger of one region.

    `claimed_paid` first payments are those of `claimed_paid_of` sign-ups, whose reports tell it;
    none where no report does. `told_villages` of the `villages` have confirmed counts of first
    payments, `producing_confirmed` of these have some; `producing_claimed` are villages without
    such counts whose reports claim some. `as_of` is the newest date of a confirmed count.
    """

    code: str
    villages: int
    claimed_forms: int
    claimed_paid: int | None
    claimed_paid_of: int
    told_villages: int
    producing_confirmed: int
    producing_claimed: int
    steps: dict[str, Step]
    as_of: date | None

    @property
    def producing(self) -> int:
        """Villages in which somebody has paid, confirmed or claimed."""
        return self.producing_confirmed + self.producing_claimed

    @property
    def producing_share(self) -> float | None:
        """Producing villages per village of the region; none where there is no village."""
        return self.producing / self.villages if self.villages else None


@dataclass(frozen=True, slots=True)
class ChannelTotals:
    """The ledger of one channel; claimed sign-ups without a payer count as the workers' own."""

    channel: SignupChannel
    claimed_forms: int
    steps: dict[str, Step]


def ledger_by(
    db: Session, scope: Scope, level: Level | None, *, until: date
) -> dict[str, LedgerTotals]:
    """Add the ledger up by the regions of *level*, up to a day; without a level under the key "".

    Every region with a village in scope has an entry.
    """
    villages = _villages(db, scope, level)
    claimed = _claimed(db, scope, level, until)
    producing = _producing(db, scope, level, until)
    confirmed = _confirmed(db, scope, level, until)
    return {
        code: _totals(
            code, number, claimed.get(code), producing.get(code, (0, 0, 0)), confirmed.get(code)
        )
        for code, number in villages.items()
    }


def together(rows: Collection[LedgerTotals]) -> LedgerTotals | None:
    """Add regions up that have no village in common; none where there is no region."""
    if not rows:
        return None
    paid = [row.claimed_paid for row in rows if row.claimed_paid is not None]
    days = [row.as_of for row in rows if row.as_of is not None]
    return LedgerTotals(
        "",
        villages=sum(row.villages for row in rows),
        claimed_forms=sum(row.claimed_forms for row in rows),
        claimed_paid=sum(paid) if paid else None,
        claimed_paid_of=sum(row.claimed_paid_of for row in rows),
        told_villages=sum(row.told_villages for row in rows),
        producing_confirmed=sum(row.producing_confirmed for row in rows),
        producing_claimed=sum(row.producing_claimed for row in rows),
        steps={name: _step_of([row.steps[name] for row in rows]) for name in STEPS},
        as_of=max(days, default=None),
    )


def _step_of(parts: Collection[Step]) -> Step:
    workers = [part.workers for part in parts if part.workers is not None]
    return Step(
        sum(workers) if workers else None,
        sum(part.kept for part in parts),
        sum(part.of for part in parts),
    )


def by_channel(db: Session, scope: Scope, *, until: date) -> dict[SignupChannel, ChannelTotals]:
    """Add the ledger up by channel; every channel has an entry."""
    claimed = _claimed_by_channel(db, scope, until)
    query = select(col(LedgerEntry.channel), *_sums()).where(*entries_in(db, scope, until))
    confirmed = {row[0]: _steps(row[1:]) for row in db.execute(query.group_by(LedgerEntry.channel))}
    return {
        channel: ChannelTotals(channel, claimed.get(channel, 0), confirmed.get(channel, {}) or NONE)
        for channel in SignupChannel
    }


class Confirmed(NamedTuple):
    """First payments that the agency's counts confirm, and in how many villages they are told."""

    confirmed_paid: int = 0
    confirmed_villages: int = 0


def confirmed_by(db: Session, scope: Scope, level: Level, *, until: date) -> dict[str, Confirmed]:
    """Add the confirmed first payments up by the regions of *level*."""
    query: Any = (
        select(
            region_of(LedgerEntry.village_code, level),
            func.sum(LedgerEntry.first_paid),
            func.count(col(LedgerEntry.village_code).distinct()),
        )
        .where(*entries_in(db, scope, until), col(LedgerEntry.first_paid).is_not(None))
        .group_by("region")
    )
    return {code: Confirmed(int(paid), told) for code, paid, told in db.execute(query)}


def confirmed_until(db: Session, scope: Scope, *, until: date) -> date | None:
    """Tell the newest day of a confirmed first payment; none if there is none."""
    told = col(LedgerEntry.first_paid).is_not(None)
    query = select(func.max(LedgerEntry.as_of)).where(*entries_in(db, scope, until), told)
    return db.execute(query).scalar()


def entries_in(db: Session, scope: Scope, until: date) -> list[ColumnElement[bool]]:
    """Hold for the confirmed counts that belong to a scope.

    They know no campaign: of one count those who signed up in its months, in its villages.
    """
    inside = [villages_in(scope, LedgerEntry.village_code), col(LedgerEntry.month) <= until]
    campaign = None if scope.campaign_id is None else db.get(Campaign, scope.campaign_id)
    if campaign is not None:
        inside.append(
            col(LedgerEntry.month).between(month_of(campaign.starts), month_of(campaign.ends))
        )
    return inside


def reports_in(query: Any, scope: Scope, until: date) -> Any:
    """Join the current reports of a scope, up to a day, to a query about visits."""
    joined = current_reports(query.select_from(Visit), scope)
    return joined.where(col(SessionReport.held_on) <= until)


def region_of(code: Any, level: Level | None) -> Any:
    """Cut the code in a column to a region of *level*; without one all is one region."""
    cut = literal("") if level is None else func.substr(code, 1, int(level))
    return cut.label("region")


def _villages(db: Session, scope: Scope, level: Level | None) -> dict[str, int]:
    query: Any = select(region_of(Village.code, level), func.count()).select_from(Village)
    query = query.where(villages_in(scope, Village.code)).group_by("region")
    return {code: int(number) for code, number in db.execute(query.order_by("region"))}


def _claimed(
    db: Session, scope: Scope, level: Level | None, until: date
) -> dict[str, tuple[int, int | None, int]]:
    query = select(
        region_of(Visit.village_code, level),
        func.sum(SessionReport.signups),
        func.sum(SessionReport.paid),
        func.sum(_where_told(SessionReport.signups, SessionReport.paid)),
    )
    rows = db.execute(reports_in(query, scope, until).group_by("region"))
    return {code: (int(f), None if p is None else int(p), int(of)) for code, f, p, of in rows}


def _where_told(counted: Any, *told: Any) -> Any:
    return case((and_(*(col(one).is_not(None) for one in told)), counted), else_=0)


def _sums() -> list[Any]:
    """Every step with what came on to it, in the order of `STEPS`."""
    sums: list[Any] = []
    for name, before in STEPS.items():
        here = getattr(LedgerEntry, name)
        sums.append(func.sum(here))
        if before is not None:
            of = getattr(LedgerEntry, before)
            sums += [func.sum(_where_told(one, here, of)) for one in (here, of)]
    return sums


def _steps(sums: Sequence[Any]) -> dict[str, Step]:
    numbers = iter(None if one is None else int(one) for one in sums)
    return {
        name: Step(next(numbers), *((next(numbers) or 0, next(numbers) or 0) if before else ()))
        for name, before in STEPS.items()
    }


#: What stands where nobody has told anything.
NONE: dict[str, Step] = {name: Step() for name in STEPS}


def _confirmed(
    db: Session, scope: Scope, level: Level | None, until: date
) -> dict[str, tuple[date, dict[str, Step]]]:
    query = select(
        region_of(LedgerEntry.village_code, level), func.max(LedgerEntry.as_of), *_sums()
    )
    rows = db.execute(query.where(*entries_in(db, scope, until)).group_by("region"))
    return {code: (as_of, _steps(sums)) for code, as_of, *sums in rows}


def _producing(
    db: Session, scope: Scope, level: Level | None, until: date
) -> dict[str, tuple[int, int, int]]:
    """Count villages with confirmed first payments told, with some, and with claimed ones alone."""
    confirmed: Any = select(
        col(LedgerEntry.village_code).label("code"),
        func.sum(LedgerEntry.first_paid).label("confirmed"),
        null().label("claimed"),
    ).where(*entries_in(db, scope, until), col(LedgerEntry.first_paid).is_not(None))
    claimed: Any = select(col(Visit.village_code), null(), func.sum(SessionReport.paid))
    told = union_all(
        confirmed.group_by(LedgerEntry.village_code),
        reports_in(claimed, scope, until).group_by(Visit.village_code),
    ).subquery()
    villages = (
        select(
            told.c.code,
            func.max(told.c.confirmed).label("confirmed"),
            func.max(told.c.claimed).label("claimed"),
        )
        .group_by(told.c.code)
        .subquery()
    )
    is_told, pays = villages.c.confirmed.is_not(None), villages.c.confirmed > 0
    query: Any = select(
        region_of(villages.c.code, level),
        func.sum(case((is_told, 1), else_=0)),
        func.sum(case((pays, 1), else_=0)),
        func.sum(case((and_(~is_told, villages.c.claimed > 0), 1), else_=0)),
    )
    return {
        code: (int(a), int(b), int(c)) for code, a, b, c in db.execute(query.group_by("region"))
    }


def _totals(
    code: str,
    villages: int,
    claimed: tuple[int, int | None, int] | None,
    producing: tuple[int, int, int],
    confirmed: tuple[date, dict[str, Step]] | None,
) -> LedgerTotals:
    as_of, steps = confirmed or (None, NONE)
    return LedgerTotals(code, villages, *(claimed or (0, None, 0)), *producing, steps, as_of)


def _claimed_by_channel(db: Session, scope: Scope, until: date) -> dict[SignupChannel, int]:
    """Count claimed sign-ups by their payers; what no payer was told for is the workers' own."""
    whole = reports_in(select(func.sum(SessionReport.signups)), scope, until)
    details = reports_in(select(col(SignUp.payer), func.sum(SignUp.workers)), scope, until)
    details = details.join(SignUp, col(SignUp.report_id) == col(SessionReport.id))
    found = {
        CHANNEL_OF[payer]: int(workers)
        for payer, workers in db.execute(details.group_by(SignUp.payer))
    }
    unknown = int(db.execute(whole).scalar() or 0) - sum(found.values())
    found[SignupChannel.OWN] = found.get(SignupChannel.OWN, 0) + unknown
    return found
