"""A cheap version of all figures: while it is the same, so is every answer made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, String, cast, func, select
from sqlmodel import col

from outreach.campaigns.tables import Campaign, Stage, StagePick, StageVillage
from outreach.logbook.tables import LedgerChange
from outreach.people.tables import Branch, Team
from outreach.progress.changes import Change, latest_change
from outreach.progress.tables import Sponsorship
from outreach.villages.tables import RegistryLoad, VillageCount

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel import Session

#: A prime: what is left of a code divided by it is well mixed, and sums of it stay small.
_PRIME = 1_000_003


def figures_version(db: Session, now: datetime, *, with_choice: bool = False) -> tuple[object, ...]:
    """Tell which figures the database holds, without reading them.

    Visits and reports change with a line of the history, the ledger with a line of its own, the
    registry with a load, rows that people edit with their version. Counted figures, sponsorships
    that come and go, what was decided by hand about the villages of stages and the villages chosen
    for them have none of these, so that sums over them stand for them; of the latter only
    *with_choice*, for it takes a while and only what is asked of a campaign or a stage hangs on
    them.
    """
    change: Change = latest_change(db, now)
    asked: list[Any] = [
        *_edited(Campaign),
        *_edited(Stage),
        *_edited(Team),
        *_edited(Branch),
        select(func.max(col(RegistryLoad.id))).scalar_subquery(),
        *_lines(LedgerChange),
        *_edited(Sponsorship),
        select(func.sum(Sponsorship.quota)).scalar_subquery(),
        select(func.sum(_day_number(Sponsorship.ends))).scalar_subquery(),
        *_sums(StagePick, func.length(col(StagePick.pick)) + 10 * col(StagePick.stage_id)),
        *_sums(VillageCount, col(VillageCount.counted)),
        *_sums(VillageCount, _day_number(VillageCount.as_of)),
        *_sums(VillageCount, func.length(col(VillageCount.source))),
        *(_sums(StageVillage, col(StageVillage.rank)) if with_choice else ()),
    ]
    return (change, *db.execute(select(*asked)).one())


def _lines(table: Any) -> tuple[Any, ...]:
    """Tell lines that only ever come: one with a smaller number may show later than the next."""
    return tuple(
        select(one).select_from(table).scalar_subquery()
        for one in (func.count(), func.max(table.id))
    )


def _edited(table: Any) -> tuple[Any, ...]:
    """Tell rows from what they were by their number and the sum of their versions."""
    return tuple(
        select(one).select_from(table).scalar_subquery()
        for one in (func.count(), func.max(table.id), func.sum(table.version))
    )


def _day_number(day: Any) -> Any:
    """Write a day as a number of six digits, which sums do not overflow with."""
    return cast(func.replace(cast(day, String), "-", ""), BigInteger) - 20_000_000


def _sums(table: Any, figure: Any) -> tuple[Any, ...]:
    mixed = cast(func.replace(table.village_code, ".", ""), BigInteger) % _PRIME
    return tuple(
        select(one).select_from(table).scalar_subquery()
        for one in (func.count(), func.sum((figure + 1) * mixed))
    )
