"""The maps on a laptop with a fast line: visits in turn, and the goals they are held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from outreach.maps import assets
from outreach.maps.artefacts import Store
from outreach.maps.columns import Places, Progress
from outreach.maps.topology import encode_topology
from tests.benchmarks.map_goals import Goal, median, part
from tests.benchmarks.map_visits import (
    DRAWN,
    Sent,
    heap_megabytes,
    look,
    profile,
    renderer_megabytes,
    settled,
)
from tests.maps.map_app import World

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.benchmarks.map_naive import Naive
    from tests.benchmarks.map_visits import Visit

ROUNDS = 4


@dataclass
class Seen:
    """What the rounds brought, of one kind of page."""

    url: str
    #: What is on the page once all villages are.
    drawn: str
    visits: list[Visit] = field(default_factory=list)
    heaps: list[float] = field(default_factory=list)
    memories: list[float] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def idle(self) -> float:
        """Median seconds until idle."""
        return median(visit.idle_seconds for visit in self.visits)

    def blocked(self) -> float:
        """Median seconds of blocked main thread."""
        return median(visit.blocked_seconds for visit in self.visits)


def empty_world(folder: Path) -> World:
    """Make our own page without regions and villages, to know what it needs for itself."""
    store = Store(folder)
    areas = store.keep("areas", ".json", encode_topology([], [], []))
    store.note(areas=areas, districts={})
    assets.build_assets(folder)
    nowhere = Places(np.array([], dtype="<U13"), np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
    progress = Progress(np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.int64))
    return World(folder, nowhere, [], progress, {})


def go_rounds(browser: Browser, sent: Sent, pages: list[Seen]) -> None:
    """Look at all pages in turn, so that a busy machine is unfair to none."""
    for number in range(ROUNDS):
        for page in pages:
            _look_once(browser, sent, page)
        print(f"laptop: round {number + 1} of {ROUNDS}", flush=True)


def _look_once(browser: Browser, sent: Sent, page: Seen) -> None:
    """Look at a page in a fresh profile."""
    with profile(browser) as context:
        tab = settled(context)
        sent.take()
        page.visits.append(look(tab, page.url, page.drawn))
        page.sent.append(sent.take())
        page.heaps.append(heap_megabytes(tab))
        page.memories.append(renderer_megabytes(browser) or 0)


def come_again(browser: Browser, base: str, sent: Sent, world: World) -> tuple[int, int]:
    """Count what second visits are sent: with nothing changed, and after a session was logged."""
    with profile(browser) as context:
        look(settled(context), f"{base}/map", DRAWN)
        sent.take()
        look(settled(context), f"{base}/map", DRAWN)
        unchanged = sent.take()
        world.report(41, 12)
        look(settled(context), f"{base}/map", DRAWN)
        return unchanged, sent.take()


def first_visit_goal(ours: Seen, fast: Naive) -> Goal:
    size = median(ours.sent)
    return Goal(
        3,
        "First visit of at most 400 KB, 1/6 of FastMarkerCluster's HTML packed, 1/45 raw",
        f"{size:,.0f} bytes: {part(size, len(fast.packed))}, {part(size, len(fast.html))} raw",
        size <= 400_000 and size * 6 <= len(fast.packed) and size * 45 <= len(fast.html),
    )


def second_visit_goal(again: tuple[int, int]) -> Goal:
    unchanged, changed = again
    return Goal(
        4,
        "Second visit of at most 2 KB, of at most 60 KB after a session was logged",
        f"{unchanged:,} and {changed:,} bytes of bodies",
        unchanged <= 2_048 and changed <= 60_000,
    )


def idle_goal(ours: Seen, fast: Seen, circles: Seen) -> Goal:
    spread = [visit.idle_seconds for visit in ours.visits]
    return Goal(
        5,
        "Time to idle 1/6 of FastMarkerCluster's and CircleMarker's",
        f"{ours.idle():.2f} s ({min(spread):.2f}-{max(spread):.2f}):"
        f" {part(ours.idle(), fast.idle())} of {fast.idle():.2f} s,"
        f" {part(ours.idle(), circles.idle())} of {circles.idle():.2f} s",
        ours.idle() * 6 <= min(fast.idle(), circles.idle()),
    )


def blocking_goal(ours: Seen, fast: Seen) -> Goal:
    longest = median(visit.longest_task_ms for visit in ours.visits)
    return Goal(
        6,
        "Main thread blocked 1/30 of FastMarkerCluster's time, no task over 100 ms (median)",
        f"{ours.blocked():.3f} s: {part(ours.blocked(), fast.blocked())} of"
        f" {fast.blocked():.2f} s; longest task {longest:.0f} ms",
        ours.blocked() * 30 <= fast.blocked() and longest <= 100,
    )


def memory_goal(ours: Seen, our_empty: Seen, fast: Seen, empty: Seen) -> Goal:
    """Hold what each map takes above the same map without regions and villages against each other.

    What our page takes before anything is drawn is told beside it: its frame is sandboxed, and a
    browser gives that a process of its own, which Folium's map in the page itself does not need.
    """
    heaps = median(ours.heaps), median(fast.heaps)
    memories = [median(page.memories) for page in (ours, our_empty, fast, empty)]
    whole, bare, theirs = (max(0.1, memory - memories[3]) for memory in memories[:3])
    drawn = max(0.1, whole - bare)
    return Goal(
        7,
        "Script heap 1/25, memory above the same map empty 1/10 of FastMarkerCluster's",
        f"{heaps[0]:.1f} MB: {part(*heaps)} of {heaps[1]:.0f} MB; {drawn:.0f} MB for all regions"
        f" and villages: {part(drawn, theirs)} of {theirs:.0f} MB; with the {bare:.0f} MB that"
        f" the sandboxed frame's own process takes before anything is drawn {whole:.0f} MB:"
        f" {part(whole, theirs)}",
        heaps[0] * 25 <= heaps[1] and drawn * 10 <= theirs if all(memories) else None,
    )
