"""Day-trips and their days, in two steps.

First routes without days: trips chosen as a whole by a linear programme, then the least travel for
all villages that are worth a stop. Then each trip gets the day on which it costs least, and the
solver goes on from there with the price of every village on every day. Both steps end after a
number of rounds, or when their share of processor time is spent; the rounds are counted, so that
the same question, seed and rounds give the same plan.
"""

from __future__ import annotations

from itertools import count
from time import process_time
from typing import TYPE_CHECKING

from outreach.planning.choosing import chosen_trips
from outreach.planning.days import with_days
from outreach.planning.network import Trip
from outreach.planning.rota import give_trips, insert_left
from outreach.planning.slots import dated_slots, undated_slots, visit_prices
from outreach.planning.solver import Solver, held
from outreach.planning.yielding import make_room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from outreach.planning.model import TeamDay
    from outreach.planning.network import Kind, Network
    from outreach.planning.prices import Prices
    from outreach.planning.rota import Rota
    from outreach.planning.slots import DayPrices, Slots
    from outreach.planning.solver import Found

# The first step gets so much of the processor time: measured on ten real branches.
FIRST_SHARE = 0.3

# The second step searches in turns, each its own way; in between the trips change days.
ROUNDS_A_TURN = 400

# Progress is told about so many times in all.
PROGRESS_STEPS = 100


class Search:
    """How long to search in both steps, from which seed; counts the rounds done.

    With `cpu_seconds` the steps end when the process has used their share of them; else after
    their rounds. `tell` is called about a hundred times with what is done and what is to do; what
    it raises ends the search.
    """

    def __init__(
        self,
        seed: int,
        rounds: tuple[int, int],
        cpu_seconds: float | None = None,
        tell: Callable[[int, int], None] | None = None,
    ) -> None:
        self.seed = seed
        self.rounds = rounds
        self.cpu_seconds = cpu_seconds
        self.tell = tell
        self.done = [0, 0]
        self.started = process_time()
        self.told = 0

    def turn(self, step: int, rounds: int | None = None) -> Callable[[], bool]:
        """Return what counts a round of a step, unless the step or its turn of `rounds` is over."""
        end = None if rounds is None else self.done[step] + rounds

        def may_go_on() -> bool:
            if self.is_over(step) or self.done[step] == end:
                return False
            self.done[step] += 1
            self._report()
            return True

        return may_go_on

    def is_over(self, step: int) -> bool:
        """Whether the rounds of a step, or its share of processor time, are used up."""
        if self.cpu_seconds is None:
            return self.done[step] >= self.rounds[step]
        share = FIRST_SHARE if step == 0 else 1.0
        return process_time() - self.started >= share * self.cpu_seconds

    def _report(self) -> None:
        done, whole = sum(self.done), sum(self.rounds)
        if self.cpu_seconds is not None:
            whole = PROGRESS_STEPS
            done = min(whole, int((process_time() - self.started) / self.cpu_seconds * whole))
        due = done * PROGRESS_STEPS // whole
        if self.tell is not None and due > self.told:
            self.told = due
            self.tell(done, whole)


def rounds_for(sites: int) -> int:
    """Return the rounds of each step for a number of sites."""
    return min(300 + 3 * sites, 3_000)


def plan_rota(
    network: Network, kinds: Mapping[TeamDay, Kind], prices: Prices, search: Search
) -> Rota:
    """Make day-trips over the sites of `network` for teams and days; neither may be empty.

    Every trip keeps the hours, the prayers, the closed days and the visits that stand; a site may
    be in no trip.
    """
    dated = dated_slots(network, kinds, prices)
    undated = undated_slots(network, dated)
    solver = Solver(network, undated, prices)
    chosen = chosen_trips(network, undated, prices, search.turn(0))
    routes = held(network, undated, chosen)
    for turn in count():
        start = routes or None
        routes = solver.search(start, search.turn(0, ROUNDS_A_TURN), search.seed + turn, turn)
        if search.is_over(0):
            break
    table = visit_prices(network, prices)
    found = with_days(network, dated, table, [(undated[number], stops) for number, stops in routes])
    return _on_days(network, kinds, prices, dated, table, found, search)


def improve(
    network: Network,
    kinds: Mapping[TeamDay, Kind],
    prices: Prices,
    start: Mapping[TeamDay, tuple[int, ...]],
    search: Search,
    move_price_s: DayPrices | None = None,
) -> Rota:
    """Make a standing rota better: what repairs a plan without moving more than it must.

    Only the second step of the search is done, from `start`.

    Parameters
    ----------
    kinds
        All team-days that may be used. What `start` holds on others, or what does not fit there
        any more, looks for another place.
    start
        Stops of each team-day; sites with a pin stay at their pins whatever stands here.
    move_price_s
        Seconds for a visit to each site on each working day beyond its usual price, shape (sites,
        working days) in the order of `prices.day_number`: a price for every day but the one a
        village was told keeps it there as long as moving it gains less.

    Returns
    -------
    Trips for team-days, those of `start` with the same team where one stays on its day. A site
    that fits nowhere is in none.
    """
    dated = dated_slots(network, kinds, prices, move_price_s)
    table = visit_prices(network, prices, move_price_s)
    found = _trips_of(network, kinds, dated, start)
    return _on_days(network, kinds, prices, dated, table, found, search, start)


def _trips_of(
    network: Network,
    kinds: Mapping[TeamDay, Kind],
    dated: Sequence[Slots],
    rota: Mapping[TeamDay, tuple[int, ...]],
) -> list[Found]:
    """Trips of a rota on their slots, without what does not fit there."""
    number_of = {(slot.day, slot.kind, slot.team_id): n for n, slot in enumerate(dated)}
    trips = []
    for team_day, stops in rota.items():
        if (kind := kinds.get(team_day)) is not None:
            alone = number_of.get((team_day.day, kind, team_day.team_id))
            slot = number_of[team_day.day, kind, None] if alone is None else alone
            trips.append((slot, stops))
    return held(network, dated, sorted(trips))


def _on_days(
    network: Network,
    kinds: Mapping[TeamDay, Kind],
    prices: Prices,
    dated: Sequence[Slots],
    table: DayPrices,
    found: Sequence[Found],
    search: Search,
    known: Mapping[TeamDay, tuple[int, ...]] | None = None,
) -> Rota:
    """Search on with the prices of the days, and give the trips to teams."""
    settled = list(found)
    solver = None
    for turn in count():
        # Twice as many rounds in the same time, where nobody need be weighed against anybody.
        all_served = sum(len(stops) for _, stops in settled) == len(network.sites)
        if solver is None or solver.must_serve != all_served:
            solver = Solver(network, dated, prices, must_serve=all_served)
        may_go_on = search.turn(1, ROUNDS_A_TURN)
        better = solver.search(settled, may_go_on, search.seed + turn, turn)
        trips_now = [(dated[number], stops) for number, stops in better]
        settled = with_days(network, dated, table, trips_now)
        if search.is_over(1):
            break
    trips = [
        Trip(day, dated[number].kind, stops, dated[number].team_id)
        for number, stops in settled
        if (day := dated[number].day) is not None
    ]
    rota = give_trips(network, trips, kinds, known or {})
    served = {stop for stops in rota.values() for stop in stops}
    # A visit that stands on a day nobody was asked for is nobody's to move.
    left = [
        stop for stop, site in enumerate(network.sites) if stop not in served and site.pin is None
    ]
    filled = insert_left(network, rota, kinds, left, prices.day_number, table)
    return make_room(network, filled, kinds, prices, table)
