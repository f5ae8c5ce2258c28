"""What is watched more than timed: sessions that appear, borders that fit, names that are names."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from outreach.maps.artefacts import Store
from outreach.maps.columns import REACHED
from tests.benchmarks.map_goals import Goal
from tests.benchmarks.map_visits import DRAWN, inner, look, profile, settled
from tests.maps.conftest import HOSTILE
from tests.maps.map_app import make_app, serving
from tests.maps.test_shapes import BOUNDARIES, iou, read_topology

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.benchmarks.map_visits import Sent, Visit
    from tests.maps.map_app import World

TRIALS = 12
WITHIN_SECONDS = 3.0
#: Near enough that its villages are drawn: Kabupaten Sukoharjo.
_NEAR = "#11/-7.68/110.83"
_REGENCY = "33.11"
#: Answers when the canvas of the villages was drawn after the state of a row had come.
_SEEN = """async ([row, patience]) => {
  const until = performance.now() + patience * 1000;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const drawn = () => performance.getEntriesByName("outreach:villages").at(-1)?.startTime || 0;
  while (Outreach.data.states[row] >> 6 !== 3 && performance.now() < until) await frame();
  const came = performance.now();
  while (drawn() < came - 50 && performance.now() < until) await frame();
}"""


def live_goal(browser: Browser, base: str, sent: Sent, world: World) -> Goal:
    """Log sessions one after the other and look when the open map shows each."""
    took: list[float] = []
    first = world.row_of(f"{_REGENCY}.01")
    waiting = [row for row in range(first, first + 200) if world.progress.states[row] != REACHED]
    with profile(browser) as context:
        tab = settled(context)
        look(tab, f"{base}/map{_NEAR}", DRAWN)
        for number, row in enumerate(waiting[:TRIALS]):
            time.sleep(0.37 * (number % 5))  # at any moment between two polls
            began = time.perf_counter()
            world.report(row, 20)
            inner(tab).evaluate(_SEEN, [row, 10])
            took.append(time.perf_counter() - began)
        idle = _idle_polls(sent)
    in_time = sum(seconds <= WITHIN_SECONDS for seconds in took)
    return Goal(
        11,
        f"A logged session shows within {WITHIN_SECONDS:.0f} s, always; an idle poll has no body",
        f"{in_time} of {len(took)} in time, {min(took):.2f}-{max(took):.2f} s;"
        f" {len(idle)} idle polls of {max(idle)} bytes",
        in_time == len(took) == TRIALS and max(idle) == 0,
    )


def _idle_polls(sent: Sent) -> list[int]:
    sent.polls.clear()
    time.sleep(5)
    return sent.polls or [-1]


def borders_goal(folder: Path, seconds: float) -> Goal:
    """Hold the regencies drawn from villages against true borders, if there are any here."""
    told = (
        "Regencies from points: overlap (IoU) at least 0.85 in the median and by area, land shared"
        " out once, none empty, under 10 s, at most 65 KB"
    )
    areas = folder / Store(folder).manifest()["areas"]
    size = areas.with_name(areas.name + ".br").stat().st_size
    if not BOUNDARIES.is_dir():
        return Goal(12, told, f"{seconds:.1f} s, {size:,} bytes; no true borders here", None)
    drawn = read_topology(areas.read_bytes())
    overlaps, sizes = _overlaps({code: shape.buffer(0) for code, shape in drawn.items()})
    twice = _covered_twice(list(drawn.values()))
    faults = sum(
        not edges.is_empty for edges in shapely.coverage_invalid_edges(list(drawn.values()))
    )
    middle, by_area = float(np.median(overlaps)), float(np.average(overlaps, weights=sizes))
    full = min(overlaps) > 0 and len(overlaps) == len(drawn)
    return Goal(
        12,
        told,
        f"{middle:.3f} and {by_area:.3f}, {twice:.0e} of the land covered twice, {faults} outlines"
        f" touch themselves on the grid, {'none' if full else 'some'} empty, {seconds:.1f} s for"
        f" all levels, {size:,} bytes",
        min(middle, by_area) >= 0.85 and twice < 1e-9 and full and seconds < 10 and size <= 65_000,
    )


def _covered_twice(drawn: list[Any]) -> float:
    """Answer the share of the land that lies in more than one region, as it is drawn."""
    whole = [shape.buffer(0) for shape in drawn]
    land = sum(shape.area for shape in whole)
    return abs(float(land - shapely.union_all(whole).area)) / float(land)


def _overlaps(drawn: dict[str, Any]) -> tuple[list[float], list[float]]:
    document = json.loads((BOUNDARIES / "regencies.geojson").read_text(encoding="utf-8"))
    true = {
        region["properties"]["code"]: shapely.make_valid(
            shapely.from_geojson(json.dumps(region["geometry"]))
        )
        for region in document["features"]
    }
    both = [(iou(drawn[code], shape), shape.area) for code, shape in true.items() if code in drawn]
    return [overlap for overlap, _ in both], [area for _, area in both]


def hostile_goal(browser: Browser, world: World, visits: list[Visit], base: str) -> Goal:
    """Give every village and region a name that is code, and open what shows names."""
    world.names = [HOSTILE[row % 5] + f" {row}" for row in range(len(world.names))]
    world.region_names = {
        code: HOSTILE[number % 5] for number, code in enumerate(world.region_names)
    }
    ran = [_open_hostile(browser, world, bypass=bypass) for bypass in (False, True)]
    hosts = {host for visit in visits for host in visit.hosts if not host.startswith("data")}
    refused = [line for visit in visits for line in visit.refused]
    return Goal(
        13,
        "No request leaves our host, nothing that the policy refuses, hostile names are inert",
        f"asked: {'ours alone' if hosts == {base} else sorted(hosts)}; {len(refused)} refused;"
        f" code that ran, with policy and without: {ran[0]} and {ran[1]}",
        hosts == {base} and not refused and ran == [0, 0],
    )


def _open_hostile(browser: Browser, world: World, *, bypass: bool) -> int:
    """Open names as label, popup, search result and list; answer how many ran as code."""
    row = int(np.searchsorted(world.places.codes, f"{_REGENCY}.01"))
    with serving(make_app(world)) as base, profile(browser, bypass_csp=bypass) as context:
        tab = settled(context)
        look(tab, f"{base}/map?area={_REGENCY}#13/-7.68/110.83", DRAWN)
        frame = inner(tab)
        frame.fill("input[type=search]", "harmed")
        frame.locator(".o-result").first.wait_for()
        frame.locator(".o-below > summary").click()
        for village in range(row, row + 5):
            frame.evaluate("(row) => Outreach.openVillage(row)", village)
        tab.mouse.move(640, 360)
        time.sleep(1)
        injected = (
            "() => (window.harmed ? 1 : 0) + document.querySelectorAll('img[onerror]').length"
        )
        return sum(one.evaluate(injected) for one in tab.frames)
