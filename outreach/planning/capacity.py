"""The verdict before a run: what the teams can hold, and how many team-days it would take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from outreach.planning.filling import Fill, Ground, network_for
from outreach.planning.market import Market
from outreach.planning.model import Parameters
from outreach.planning.more_days import weekdays_of
from outreach.planning.prices import priced
from outreach.planning.reasons import has_place
from outreach.planning.staying import KnownGroups, Staying, stays_for
from outreach.planning.workdays import workdays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from outreach.planning.model import Site, TeamDay
    from outreach.planning.network import Network

# Nobody extends a stage beyond this; it also bounds the search for the date.
LONGEST_EXTENSION_DAYS = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stage can hold. An estimate: the plan itself may come out a few per cent better.

    Attributes
    ----------
    out_of_reach
        Villages that neither a team-day nor a stay could hold: no position, always closed, too
        long a session.
    sessions_possible
        Sessions the team-days can hold at the pace of these villages, those of stays included; may
        exceed `villages`.
    team_days_needed
        Team-days it takes for all villages within reach, those of stays included.
    shortfall
        Villages within reach that would be left without a session.
    last_day
        When the last village would be reached at this pace, the days behind the last team-day
        included; None when that is beyond reason, or there is nothing to reach.
    waits_for_few
        The last villages wait for those team-days that reach them: `last_day` is later than as many
        team-days as are needed would take.
    by_stay
        Villages beyond a day's reach that are visited by stays.
    stays, stay_team_days
        How many stays that takes, and their team-days, those on the way included.
    """

    villages: int
    out_of_reach: int
    sessions_possible: int
    team_days: int
    team_days_needed: int
    shortfall: int
    last_day: date | None = None
    by_stay: int = 0
    stays: int = 0
    stay_team_days: int = 0
    waits_for_few: bool = False


def verdict(
    sites: Sequence[Site], team_days: Sequence[TeamDay], known: Known | None = None
) -> Verdict:
    """Estimate how many of the villages the team-days can hold.

    A fast greedy fill: each day starts at the farthest village that its base is the nearest to
    and goes on in the neighbourhood; days left empty then go where another base is nearer. It
    comes within about a tenth of the solver. A second for 1,500 villages. Stays have taken their
    days before.
    """
    waiting = [site for site in sites if site.pin is None]
    standing = len(sites) - len(waiting)
    laid = _Laid.of(waiting, team_days, known)
    if laid is None:
        located = sum(map(has_place, waiting))
        nowhere = len(waiting) - located
        return Verdict(len(sites), nowhere, standing, len(team_days), 0, located)
    away, within = laid.away, len(laid.ground.session)
    needed, last = laid.needed()
    possible = laid.ground.possible(laid.fill)
    if away.unheld:
        # Days to spare are none that a stay could use.
        possible = min(possible, within)
    return Verdict(
        villages=len(sites),
        out_of_reach=len(waiting) - within - away.held - away.unheld,
        sessions_possible=possible + away.held + standing,
        team_days=len(team_days),
        team_days_needed=needed,
        shortfall=max(0, within - possible) + away.unheld,
        last_day=_last_day(team_days, last),
        by_stay=away.held,
        stays=away.stays,
        stay_team_days=len(away.days),
        waits_for_few=bool(laid.fill.left.any()) and last > needed,
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What many questions about the same villages share: it is measured and grouped once.

    `network` holds at least the places of every question, see `network_for`.
    """

    network: Network
    groups: KnownGroups = field(default_factory=KnownGroups)

    @classmethod
    def of(cls, sites: Sequence[Site], team_days: Sequence[TeamDay]) -> Known | None:
        """Measure the ways of all questions about these; None without a team-day or a position."""
        asks = team_days and any(map(has_place, sites))
        return cls(network_for(sites, team_days)) if asks else None


def holds_all(
    sites: Sequence[Site], team_days: Sequence[TeamDay], known: Known | None = None
) -> bool:
    """Whether `verdict` would find no shortfall."""
    laid = _Laid.of(sites, team_days, known)
    if laid is None:
        return not any(map(has_place, sites))
    return not laid.fill.left.any() and not laid.away.unheld


def team_days_used(
    sites: Sequence[Site], team_days: Sequence[TeamDay], known: Known | None = None
) -> int:
    """Estimate how many of the team-days hold a session or belong to a stay."""
    laid = _Laid.of(sites, team_days, known)
    return 0 if laid is None else laid.fill.used


def team_days_needed(sites: Sequence[Site], team_days: Sequence[TeamDay]) -> int:
    """Estimate how many team-days like these it takes for all sites that they reach by day."""
    ground = Ground.of(sites, team_days)
    return 0 if ground is None else ground.needed(ground.fill_all())[0]


@dataclass(frozen=True, slots=True)
class _Laid:
    """Stays and day-trips laid on the team-days; `fill` is that of all sites."""

    ground: Ground
    fill: Fill
    away: Staying

    @classmethod
    def of(
        cls, sites: Sequence[Site], team_days: Sequence[TeamDay], known: Known | None = None
    ) -> _Laid | None:
        """Lay them out; None without a team-day or any position."""
        ground = Ground.of(sites, team_days, known.network if known else None)
        if ground is None:
            return None
        fill = ground.fill_all()
        if not ground.far:
            return cls(ground, fill, Staying())
        left_out, market = _priced(sites, team_days, ground, fill)
        groups = known.groups if known else None
        away = stays_for(ground.far, team_days, left_out, market, groups)
        ground = ground.without(away.days, team_days)
        return cls(ground, ground.fill_all(), away)

    def needed(self) -> tuple[int, int]:
        """Team-days for all and the number of the last, behind all if a stay found no days."""
        needed, last = self.ground.needed(self.fill)
        if not self.away.unheld:
            return needed, last if self.fill.left.any() else self.ground.earliest(self.fill)
        every = len(self.ground.days)
        more = self.away.more_days
        return max(every + 1, needed + more), max(every + 1, last + more)


def _priced(
    sites: Sequence[Site], team_days: Sequence[TeamDay], ground: Ground, fill: Fill
) -> tuple[dict[str, float], Market]:
    """Price of leaving out each site, by code, and what the days are worth to those by day."""
    located = [site for site in sites if has_place(site)]
    prices = priced(located, team_days, Parameters().day_price)
    codes = [site.code for site in located]
    left_out = dict(zip(codes, map(float, prices.left_out), strict=True))
    delay = dict(zip(codes, map(float, prices.delay), strict=True))
    by_day = [left_out[code] for code in ground.codes]
    needed = ground.needed(fill)[0]
    return left_out, Market(needed, team_days, by_day, [delay[code] for code in ground.codes])


def _last_day(team_days: Sequence[TeamDay], needed: int) -> date | None:
    """Day of the team-day with this number, within these or behind them."""
    if not needed:
        return None
    if needed <= len(team_days):
        return sorted(one.day for one in team_days)[needed - 1]
    days_now = len({one.day for one in team_days})
    longer = ceil((needed - len(team_days)) * days_now / len(team_days))
    known = weekdays_of(one.day for one in team_days)
    if longer > LONGEST_EXTENSION_DAYS or not known:
        return None
    first = max(one.day for one in team_days) + timedelta(days=1)
    # One weekday in seven, twice over for the holidays, always reaches far enough.
    return workdays(first, first + timedelta(days=14 * longer + 60), known)[longer - 1]
