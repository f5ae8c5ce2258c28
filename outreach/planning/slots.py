"""Team-days as the solver sees them: which stand for each other, what a visit on them costs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from outreach.planning.model import TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices

    type DayPrices = NDArray[np.float64]

# The solver keeps two matrices of whole numbers for every day with prices of its own, and needs
# them twice while it is told of them.
BYTES_A_PAIR = 32
LARGEST_BYTES = 400_000_000

# What takes days together when their prices need too much memory, the finest first.
SPANS: tuple[Callable[[date], tuple[int, ...]], ...] = (
    lambda day: (day.toordinal(),),
    lambda day: tuple(day.isocalendar()[:2]),
    lambda day: (day.year, day.month),
    lambda day: (day.year,),
)


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Team-days that the solver may take for each other: same kind and day, closed alike.

    Attributes
    ----------
    day
        None for team-days of any day, in the step that does not price days.
    number
        Number of the working day, 1 for the first: the delay is priced by it. 0 prices none.
    closed
        Numbers of the sites that host nobody on the day, or stand for another team.
    prices_s
        Seconds for a visit to each site, the delay included; None when the delay is all.
    team_id
        The team when one of its visits on the day stands: no other team can make the trip.
    """

    kind: Kind
    day: date | None
    number: int
    count: int
    closed: frozenset[int] = frozenset()
    prices_s: NDArray[np.int64] | None = None
    team_id: int | None = None
    standing: frozenset[int] = frozenset()


def dated_slots(
    network: Network,
    kinds: Mapping[TeamDay, Kind],
    prices: Prices,
    extra_s: DayPrices | None = None,
) -> list[Slots]:
    """Slots of every day and kind, and one for every team-day on which a visit stands.

    `extra_s` are seconds per site and working day beyond the delay and the soft days. When they
    need too much memory, days of a week, a month or a year are priced by their mean.
    """
    days = sorted({one.day for one in kinds})
    counts: dict[tuple[date, Kind, int | None], int] = defaultdict(int)
    pinned = pinned_sites(network)
    for team_day, kind in kinds.items():
        stands = (team_day.team_id, team_day.day) in pinned
        counts[team_day.day, kind, team_day.team_id if stands else None] += 1
    own = own_prices(network, days, prices, extra_s)
    ordered = sorted(counts, key=lambda key: (key[0], key[1], key[2] or 0))
    return [
        Slots(
            kind,
            day,
            prices.day_number[day],
            counts[day, kind, team_id],
            closed_sites(network, kind, day, team_id),
            own[day],
            team_id,
            pinned[team_id, day] if team_id is not None else frozenset(),
        )
        for day, kind, team_id in ordered
    ]


def undated_slots(network: Network, dated: Sequence[Slots]) -> list[Slots]:
    """Take the slots of each kind together whatever their day, where no visit stands."""
    flat = np.zeros(len(network.sites), dtype=np.int64) if network.apart_minutes else None
    counts: dict[Kind, int] = defaultdict(int)
    for slot in dated:
        counts[slot.kind] += slot.count if slot.team_id is None else 0
    pinned = [slot for slot in dated if slot.team_id is not None]
    closed = frozenset().union(*(slot.standing for slot in pinned))
    kinds = [kind for kind in sorted(counts) if counts[kind]]
    free = [Slots(kind, None, 0, counts[kind], closed, flat) for kind in kinds]
    return free + [replace(slot, number=0, prices_s=flat) for slot in pinned]


def pinned_sites(network: Network) -> dict[tuple[int, date], frozenset[int]]:
    """Numbers of the sites with a pin, by team and day."""
    found: dict[tuple[int, date], set[int]] = defaultdict(set)
    for stop, site in enumerate(network.sites):
        if site.pin is not None:
            found[site.pin.team_id, site.pin.day].add(stop)
    return {key: frozenset(stops) for key, stops in found.items()}


def closed_sites(
    network: Network, kind: Kind, day: date, team_id: int | None = None
) -> frozenset[int]:
    """Numbers of the sites that a trip of this team, or of any, cannot visit on `day`."""
    return frozenset(
        stop
        for stop, site in enumerate(network.sites)
        if not network.is_open(stop, day)
        or (site.pin is not None and site.pin.team_id != team_id)
        or (day in site.hours_on and not network.fits(kind, (stop,), day))
    )


def visit_prices(network: Network, prices: Prices, extra_s: DayPrices | None = None) -> DayPrices:
    """Seconds for a visit to each site on each working day: delay, soft day and `extra_s`.

    Shape (sites, days) in the order of the days' numbers.
    """
    numbers = np.array(sorted(prices.day_number.values()), dtype=float)
    table: DayPrices = prices.delay[:, None] * numbers[None, :]
    for stop, site in enumerate(network.sites):
        for day, minutes in site.day_costs.items():
            if day in prices.day_number:
                table[stop, prices.day_number[day] - 1] += 60 * minutes
    return table if extra_s is None else table + extra_s


def own_prices(
    network: Network, days: Sequence[date], prices: Prices, extra_s: DayPrices | None
) -> dict[date, NDArray[np.int64] | None]:
    """Prices of a visit on the days that cost more than the delay; None for the others."""
    columns = [prices.day_number[day] - 1 for day in days]
    table = visit_prices(network, prices, extra_s)
    delay = prices.delay[:, None] * np.arange(1, table.shape[1] + 1)
    costly = {
        day
        for day, column in zip(days, columns, strict=True)
        if network.apart_minutes or not np.allclose(table[:, column], delay[:, column])
    }
    found: dict[date, NDArray[np.int64] | None] = dict.fromkeys(days)
    for together in _together(sorted(costly), len(network.minutes)):
        mean = table[:, [prices.day_number[day] - 1 for day in together]].mean(axis=1)
        found.update(dict.fromkeys(together, np.rint(mean).astype(np.int64)))
    return found


def _together(days: Sequence[date], places: int) -> list[list[date]]:
    """Days that share their prices: each alone unless their matrices need too much memory."""
    most = max(1, LARGEST_BYTES // (BYTES_A_PAIR * places**2))
    grouped: dict[tuple[int, ...], list[date]] = {}
    for span in SPANS:
        grouped = defaultdict(list)
        for day in days:
            grouped[span(day)].append(day)
        if len(grouped) <= most:
            break
    return list(grouped.values())
