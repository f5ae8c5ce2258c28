"""Our map and the naive ones where it hurts: on slow networks, and on a phone a quarter as fast."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.benchmarks.map_goals import Goal, median, part
from tests.benchmarks.map_visits import DRAWN, USEFUL, inner, look, profile, settled
from tests.benchmarks.slow_line import fast_3g, slow_3g, through
from tests.browser import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserType, Page

    from tests.benchmarks.map_naive import Naive
    from tests.benchmarks.map_visits import Visit
    from tests.benchmarks.slow_line import Line

ROUNDS = 3
SLOWER = 4
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 780},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
ZOOMS = (6, 8, 10)
JAVA = "-7.3/110.2"
#: Moves the map four ways and answers the longest time between two frames, in milliseconds.
_PAN = """async (name) => {
  const map = window[name] || Outreach.map;
  let worst = 0, last = performance.now(), going = true;
  requestAnimationFrame(function tick() {
    const now = performance.now();
    worst = Math.max(worst, now - last);
    last = now;
    if (going) requestAnimationFrame(tick);
  });
  for (const step of [[160, 0], [0, 160], [-160, 0], [0, -160]]) {
    map.panBy(step, {duration: 0.4});
    await new Promise((done) => setTimeout(done, 1000));
  }
  going = false;
  return worst;
}"""


@dataclass(frozen=True, slots=True)
class Slow:
    """What one look at ours and at the naive map took on a line."""

    useful_seconds: float
    all_seconds: float
    naive_seconds: float


def measure_slow_laptop(browser: Browser, base: str, naive: Naive) -> Slow:
    """Look at both over slow 3G."""
    return _compare(browser, base, naive, slow_3g, {}, 1)


@contextmanager
def phone_browser(chromium: BrowserType, program: str) -> Iterator[Browser]:
    """Start a browser that, as on a phone, puts our frame into the process of its page."""
    one_process = "--disable-features=IsolateSandboxedIframes"
    browser = chromium.launch(executable_path=program, args=[*ARGUMENTS, one_process])
    try:
        yield browser
    finally:
        browser.close()


def measure_slow_phone(browser: Browser, base: str, naive: Naive) -> Slow:
    """Look at both over fast 3G with a processor a quarter as fast."""
    return _compare(browser, base, naive, fast_3g, PHONE, SLOWER)


def _compare(
    browser: Browser, base: str, naive: Naive, line: Any, device: dict[str, Any], slower: int
) -> Slow:
    ours = [_look(browser, base, "/map", DRAWN, line(), device, slower) for _ in range(ROUNDS)]
    theirs = _look(browser, base, naive.path, naive.drawn, line(), device, slower)
    return Slow(
        median(visit.first[USEFUL] for visit in ours),
        median(visit.first[DRAWN] for visit in ours),
        theirs.first[naive.drawn],
    )


def _look(
    browser: Browser,
    base: str,
    path: str,
    drawn: str,
    line: Line,
    device: dict[str, Any],
    slower: int,
) -> Visit:
    with through(replace(line), base) as slow_base, profile(browser, **device) as context:
        tab = settled(context)
        _slow_down(tab, slower)
        return look(tab, slow_base + path, drawn)


def _slow_down(tab: Page, times: int) -> None:
    session = tab.context.new_cdp_session(tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": times})


def measure_pans(browser: Browser, base: str) -> dict[int, float]:
    """Pan our map on the slowed phone; answer the worst frame of each zoom, in milliseconds."""
    worst: dict[int, list[float]] = {zoom: [] for zoom in ZOOMS}
    for _ in range(ROUNDS):
        for zoom in ZOOMS:
            with profile(browser, **PHONE) as context:
                tab = settled(context)
                _slow_down(tab, SLOWER)
                look(tab, f"{base}/map#{zoom}/{JAVA}", DRAWN)
                worst[zoom].append(inner(tab).evaluate(_PAN, ""))
    return {zoom: median(values) for zoom, values in worst.items()}


def measure_naive_pan(browser: Browser, base: str, naive: Naive) -> float:
    """Pan the map of circles at zoom 6 on the slowed phone; answer its worst frame."""
    with profile(browser, **PHONE) as context:
        tab = settled(context)
        _slow_down(tab, SLOWER)
        look(tab, base + naive.path, naive.drawn)
        tab.evaluate("() => map_naive.setView([-7.3, 110.2], 6, {animate: false})")
        worst: float = tab.evaluate(_PAN, "map_naive")
        return worst


def slow_line_goal(laptop: Slow) -> Goal:
    return _slow_goal(8, "Slow 3G", laptop, (12, 6))


def phone_goal(phone: Slow) -> Goal:
    return _slow_goal(9, "Phone, processor 4x slower, fast 3G", phone, (12, 8))


def pan_goal(pans: dict[int, float], naive_pan: float) -> Goal:
    told = ", ".join(f"{worst:.0f} ms at zoom {zoom}" for zoom, worst in pans.items())
    return Goal(
        10,
        "Worst pan frame on that phone: 1/8 of CircleMarker's at zoom 6, under 150 ms anywhere",
        f"{part(pans[6], naive_pan)} of {naive_pan:.0f} ms; {told}",
        pans[6] * 8 <= naive_pan and max(pans.values()) < 150,
    )


def _slow_goal(number: int, where: str, took: Slow, wanted: tuple[int, int]) -> Goal:
    useful, everything = (
        took.naive_seconds / took.useful_seconds,
        took.naive_seconds / took.all_seconds,
    )
    return Goal(
        number,
        f"{where}: useful map 1/{wanted[0]}, all villages 1/{wanted[1]} of FastMarkerCluster",
        f"{took.useful_seconds:.1f} s and {took.all_seconds:.1f} s of {took.naive_seconds:.1f} s:"
        f" 1/{useful:.1f} and 1/{everything:.1f}",
        useful >= wanted[0] and everything >= wanted[1],
    )
