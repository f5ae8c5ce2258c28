"""Our national map against naive Folium maps of the same villages, goal by goal.

All are served by one server of this machine with local files and brotli, and opened in turn, each
time in a fresh profile of a browser that has come to rest. `--only 5,7,9` measures some goals.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from outreach.maps import assets, national, page, shapes
from outreach.maps.words import map_words
from outreach.villages.coast import load_coast
from tests.benchmarks import map_laptop, map_phone
from tests.benchmarks.map_goals import Goal, median, part, show
from tests.benchmarks.map_laptop import Seen
from tests.benchmarks.map_naive import draw_circles, draw_clusters, draw_nothing, serve_naive
from tests.benchmarks.map_visits import DRAWN, Sent, look, profile, settled
from tests.benchmarks.map_watched import borders_goal, hostile_goal, live_goal
from tests.browser import ARGUMENTS, find_chromium
from tests.maps.map_app import World, make_app, serving
from tests.maps.nation import read_nation, simulate

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

    from tests.benchmarks.map_naive import Naive

GOALS = frozenset(range(1, 14))
_IN_ROUNDS = {3, 5, 6, 7}
_NEED_CIRCLES = {1, 5, 10}
_RENDERS = 20


@dataclasses.dataclass
class Bench:
    """What is measured, and what with: the world, the maps of it, and the goals asked for."""

    wanted: frozenset[int]
    world: World
    shape_seconds: float
    fast: Naive
    empty: Naive
    #: Takes half a minute to draw: only there if a goal is held against it.
    circles: Naive | None

    def wants(self, *goals: int) -> bool:
        return bool(self.wanted.intersection(goals))


def build(folder: Path, wanted: frozenset[int]) -> Bench:
    """Draw the nation's shapes as at installation, and the naive maps."""
    nation = read_nation()
    began = time.perf_counter()
    shapes.build_shapes(nation.places, load_coast(), folder)
    seconds = time.perf_counter() - began
    assets.build_assets(folder)
    print(f"{len(nation.places):,} villages; region shapes drawn and compressed in {seconds:.1f} s")
    progress = simulate(nation.places)
    world = World(folder, nation.places, nation.names, progress, nation.region_names)
    circles = draw_circles(world) if wanted & _NEED_CIRCLES else None
    return Bench(wanted, world, seconds, draw_clusters(world), draw_nothing(), circles)


def draw_ours() -> tuple[page.FramePage, float]:
    """Render our page; answer it and the median seconds that took."""
    words, times = map_words(str), []
    drawn = national.national_page(words, page.View())
    for _ in range(_RENDERS):
        began = time.perf_counter()
        drawn = national.national_page(words, page.View())
        times.append(time.perf_counter() - began)
    return drawn, median(times)


def server_goals(bench: Bench) -> list[Goal]:
    """Hold goals 1 and 2 against what the server does."""
    drawn, seconds = draw_ours()
    fast, size, goals = bench.fast, len(drawn.html.encode()), []
    if bench.circles:
        told = f"{part(seconds, bench.circles.seconds)} of {bench.circles.seconds:.0f} s"
        goals += [
            Goal(
                1,
                "Server time 1/100 of FastMarkerCluster's, 1/1,000 of CircleMarker's",
                f"{seconds * 1000:.1f} ms: {part(seconds, fast.seconds)} of {fast.seconds:.1f} s,"
                f" {told}",
                seconds * 100 <= fast.seconds and seconds * 1000 <= bench.circles.seconds,
            )
        ]
    return [
        *goals,
        Goal(
            2,
            "HTML of at most 4 KB, without any village",
            f"{size:,} bytes against {len(fast.html):,}: {part(size, len(fast.html))}",
            size <= 4_096 and "33.72" not in drawn.html,
        ),
    ]


def measure_laptop(bench: Bench, browser: Browser, base: str, sent: Sent) -> list[Goal]:
    """Go the rounds of the pages that are needed, and hold goals 3 to 7 and 13 against them."""
    naives = [naive for naive in (bench.fast, bench.circles, bench.empty) if naive]
    ours = Seen(f"{base}/map", DRAWN)
    theirs = {naive.path: Seen(base + naive.path, naive.drawn) for naive in naives}
    fast, empty, goals = theirs[bench.fast.path], theirs[bench.empty.path], []
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(make_app(map_laptop.empty_world(Path(folder)))) as empty_base,
    ):
        our_empty = Seen(f"{empty_base}/map", DRAWN)
        if bench.wants(*_IN_ROUNDS):
            map_laptop.go_rounds(browser, sent, [ours, *theirs.values(), our_empty])
            goals += [
                map_laptop.first_visit_goal(ours, bench.fast),
                map_laptop.blocking_goal(ours, fast),
                map_laptop.memory_goal(ours, our_empty, fast, empty),
            ]
    if bench.wants(5) and bench.circles:
        goals.append(map_laptop.idle_goal(ours, fast, theirs[bench.circles.path]))
    if bench.wants(4):
        again = map_laptop.come_again(browser, base, sent, bench.world)
        goals.append(map_laptop.second_visit_goal(again))
    if bench.wants(13):
        with profile(browser) as context:
            visits = [*ours.visits, look(settled(context), f"{base}/map", DRAWN)]
        goals.append(hostile_goal(browser, dataclasses.replace(bench.world), visits, base))
    return goals


def measure_phone(bench: Bench, playwright: Playwright, program: str, base: str) -> list[Goal]:
    """Hold goals 9 and 10 against what a phone shows."""
    goals = []
    with map_phone.phone_browser(playwright.chromium, program) as phone:
        if bench.circles and bench.wants(10):
            pans = map_phone.measure_pans(phone, base)
            goals.append(
                map_phone.pan_goal(pans, map_phone.measure_naive_pan(phone, base, bench.circles))
            )
        if bench.wants(9):
            goals.append(
                map_phone.phone_goal(map_phone.measure_slow_phone(phone, base, bench.fast))
            )
    return goals


def run(folder: Path, program: str, wanted: frozenset[int]) -> int:
    """Measure what is wanted and print it; answer how many goals are missed."""
    bench = build(folder, wanted)
    goals = server_goals(bench)
    if bench.wants(12):
        goals.append(borders_goal(folder, bench.shape_seconds))
    app = make_app(bench.world)
    serve_naive(app, *(naive for naive in (bench.fast, bench.circles, bench.empty) if naive))
    sent = Sent(app)
    with sync_playwright() as playwright, serving(app) as base:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        goals += measure_laptop(bench, browser, base, sent)
        if bench.wants(11):
            goals.append(live_goal(browser, base, sent, bench.world))
        if bench.wants(8):
            slow = map_phone.measure_slow_laptop(browser, base, bench.fast)
            goals.append(map_phone.slow_line_goal(slow))
        browser.close()
        if bench.wants(9, 10):
            goals += measure_phone(bench, playwright, program, base)
    return show(goal for goal in goals if goal.number in wanted)


def _read_goals(given: str) -> frozenset[int]:
    goals = frozenset(int(number) for number in given.split(","))
    if not goals <= GOALS:
        raise ValueError(given)
    return goals


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", type=_read_goals, default=GOALS, metavar="GOALS", help="goals by number: 5,7,9"
    )
    wanted = parser.parse_args().only
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for every file asked for
    program = find_chromium()
    if program is None:
        print("no Chromium on this machine: nothing measured", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        missed = run(Path(folder), program, wanted)
    print(f"\n{missed} of {len(wanted)} goals not met on this machine in this run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
