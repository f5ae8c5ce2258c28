"""Which target stands over each region of the board: its part by the workers not yet covered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlmodel import col

from outreach.people.access import NATION
from outreach.people.tables import BranchRegency
from outreach.progress.scope import Scope
from outreach.progress.targets import (
    TargetShare,
    area_target,
    branch_targets,
    national_target,
    regency_targets,
)
from outreach.progress.totals import estimates_by
from outreach.villages.codes import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlmodel import Session

    from outreach.campaigns.tables import Campaign
    from outreach.progress.totals import Estimates


@dataclass(frozen=True, slots=True)
class RegionTargets:
    """Targets by whom they are set for, and how much of each one's gap a regency holds.

    The owner of a regency is its branch, or None: regencies without a branch share what is left
    of the nation's. `gaps` are the informal workers without cover over which each target is
    shared out: estimates, and so are the parts. `whole` is what all of it is to bring where the
    targets run over different days, whose parts are no sum.
    """

    targets: dict[int | None, TargetShare]
    gaps: dict[int | None, int]
    owners: dict[str, int | None]
    whole: TargetShare | None = None

    @property
    def differ(self) -> bool:
        """Whether the targets run over different days."""
        return len({(one.starts, one.ends) for one in self.targets.values()}) > 1

    def within(self, prefixes: Iterable[str]) -> RegionTargets:
        """Leave out the targets that no regency in or around *prefixes* has a part of."""
        seen = {prefix[: Level.REGENCY] for prefix in prefixes}
        owners = {
            owner
            for code, owner in self.owners.items()
            if seen & {code, code[: Level.PROVINCE], NATION}
        }
        return replace(self, targets={of: one for of, one in self.targets.items() if of in owners})

    def over(self, code: str) -> TargetShare | None:
        """Return the target that a region of a regency, or the regency, has a part of."""
        return self.targets.get(self.owners.get(code[: Level.REGENCY]))

    def part(self, code: str, found: Estimates) -> float:
        """Tell the sign-ups that fall to the villages counted in *found* of a region."""
        owner = self.owners.get(code[: Level.REGENCY])
        target, whole = self.targets.get(owner), self.gaps.get(owner, 0)
        return target.signups * gap_of(found) / whole if target and whole else 0.0


def gap_of(found: Estimates) -> int:
    """Tell the informal workers without cover; none where more are covered than estimated."""
    return max(0, found.informal - found.covered)


def targets_within(db: Session, prefixes: Sequence[str], today: date) -> RegionTargets:
    """Read the targets of branches that regions of *prefixes* have parts of."""
    found = targets_of_branches(db, today).within(prefixes)
    return replace(found, whole=area_target(db, prefixes, today)) if found.differ else found


def targets_of_branches(db: Session, today: date) -> RegionTargets:
    """Read the targets of the period that *today* lies in, of every branch."""
    shares = regency_targets(db, today)
    targets: dict[int | None, TargetShare] = dict(branch_targets(db, today, shares).items())
    national = national_target(db, today)
    if national:
        rest = sum(share.signups for share in shares if share.branch_id is None)
        by_hand = national.is_set_by_hand
        targets[None] = TargetShare(
            rest, national.starts, national.ends, national.source, is_set_by_hand=by_hand
        )
    estimates = estimates_by(db, Scope(("",)), Level.REGENCY)
    return _shared_out(targets, _owners(db, estimates), estimates)


def targets_of_campaign(db: Session, campaign: Campaign) -> RegionTargets:
    """Share the target of a campaign out over the villages that were chosen for it."""
    estimates = estimates_by(db, Scope(("",), campaign.id), Level.REGENCY)
    whole = TargetShare(
        campaign.target_signups, campaign.starts, campaign.ends, campaign.name, is_set_by_hand=True
    )
    targets: dict[int | None, TargetShare] = {None: whole} if whole.signups else {}
    return _shared_out(targets, dict.fromkeys(estimates), estimates)


def _owners(db: Session, codes: Mapping[str, Estimates]) -> dict[str, int | None]:
    query = select(col(BranchRegency.regency_code), col(BranchRegency.branch_id))
    served = {row.regency_code: row.branch_id for row in db.execute(query)}
    return {code: served.get(code) for code in codes}


def _shared_out(
    targets: dict[int | None, TargetShare],
    owners: dict[str, int | None],
    estimates: Mapping[str, Estimates],
) -> RegionTargets:
    gaps: defaultdict[int | None, int] = defaultdict(int)
    for code, found in estimates.items():
        gaps[owners.get(code)] += gap_of(found)
    return RegionTargets(targets, dict(gaps), owners)
