"""Visits to a page with a map in a real browser, watched: time to idle, blocking, bytes, memory."""

from __future__ import annotations

import re
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask
from playwright.sync_api import Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, CDPSession, Frame, Page

QUIET_SECONDS = 1.5
#: A new window's own pages load for a while and would be counted with ours.
SETTLED_SECONDS = 1.5
PATIENCE_SECONDS = 240.0
LAPTOP: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}
DRAWN = "html[data-loaded]"
USEFUL = "html[data-regions]"
#: Watches every frame: long tasks, what its policy refused, and when first something is there.
WATCH = """
window.watched = {tasks: [], blocked: 0, longest: 0, refused: [], first: {}};
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) {
    window.watched.tasks.push(performance.timeOrigin + task.startTime + task.duration);
    window.watched.blocked += Math.max(0, task.duration - 50);
    window.watched.longest = Math.max(window.watched.longest, task.duration);
  }
}).observe({type: "longtask", buffered: true});
document.addEventListener("securitypolicyviolation", (event) => {
  window.watched.refused.push(event.violatedDirective + " " + event.blockedURI);
});
setInterval(() => {
  for (const mark of %s) {
    if (!(mark in window.watched.first) && document.querySelector(mark)) {
      window.watched.first[mark] = performance.timeOrigin + performance.now();
    }
  }
}, 50);
""" % [DRAWN, USEFUL, ".marker-cluster", ".leaflet-overlay-pane canvas", ".leaflet-map-pane"]
_TOLD = """() => {
  const loaded = performance.getEntriesByType("resource")
    .filter((entry) => !entry.name.includes("/changes"))
    .map((entry) => performance.timeOrigin + entry.responseEnd);
  const drawn = performance.getEntriesByType("mark")
    .map((entry) => performance.timeOrigin + entry.startTime);
  const page = performance.getEntriesByType("navigation")
    .map((entry) => performance.timeOrigin + entry.responseEnd);
  return {...window.watched, start: performance.timeOrigin,
    last: Math.max(0, ...loaded, ...drawn, ...page, ...window.watched.tasks)};
}"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page, until nothing more happens on it."""

    idle_seconds: float
    blocked_seconds: float
    longest_task_ms: float
    #: Seconds until each mark was there.
    first: dict[str, float]
    refused: list[str]
    hosts: set[str]


class Sent:
    """Counts the bytes of the answers that an app sends, but for those to "what has changed?"."""

    def __init__(self, app: flask.Flask) -> None:
        self.bytes = 0
        self.polls: list[int] = []
        # First in the list is last to run: after the answers have been compressed.
        app.after_request_funcs.setdefault(None, []).insert(0, self._count)

    def _count(self, response: flask.Response) -> flask.Response:
        bare = response.status_code in (204, 304)
        size = 0 if bare else response.calculate_content_length() or 0
        if "/changes" in flask.request.path:
            self.polls.append(size)
        else:
            self.bytes += size
        return response

    def take(self) -> int:
        """Answer the bytes since the last time."""
        taken, self.bytes = self.bytes, 0
        return taken


@contextmanager
def profile(browser: Browser, **device: Any) -> Iterator[BrowserContext]:
    """Open a fresh profile, which has nothing in its cache."""
    with closing(browser.new_context(**(device or LAPTOP))) as context:
        context.add_init_script(WATCH)
        yield context


def settled(context: BrowserContext) -> Page:
    """Open an empty tab and wait until the browser itself has come to rest."""
    tab = context.new_page()
    time.sleep(SETTLED_SECONDS)
    return tab


def look(tab: Page, url: str, drawn: str) -> Visit:
    """Open a page in an empty tab and watch it until nothing has happened for a while.

    Raises AssertionError if it has not drawn what it should.
    """
    hosts: set[str] = set()
    tab.on("request", lambda request: hosts.add(re.sub(r"^(\w+://[^/]+).*", r"\1", request.url)))
    tab.goto(url, wait_until="commit", timeout=PATIENCE_SECONDS * 1000)
    deadline = time.monotonic() + PATIENCE_SECONDS
    told: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        time.sleep(0.25)
        try:
            told = [frame.evaluate(_TOLD) for frame in tab.frames]
        except Error:  # the inner frame was just arriving
            continue
        quiet = time.time() * 1000 - max(one["last"] for one in told) > QUIET_SECONDS * 1000
        if quiet and any(drawn in one["first"] for one in told):
            return _visit(told, hosts)
    raise AssertionError(f"{url} has drawn nothing: no {drawn}")


def _visit(told: list[dict[str, Any]], hosts: set[str]) -> Visit:
    start = told[0]["start"]
    return Visit(
        (max(one["last"] for one in told) - start) / 1000,
        sum(one["blocked"] for one in told) / 1000,
        max(one["longest"] for one in told),
        {mark: (at - start) / 1000 for one in told for mark, at in one["first"].items()},
        [line for one in told for line in one["refused"]],
        hosts,
    )


def heap_megabytes(tab: Page) -> float:
    """Sum the script heaps of a page and its frames, after collecting garbage."""
    return sum(_heap(session) for session in _sessions(tab)) / 1e6


def _heap(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    return used


def _sessions(tab: Page) -> Iterator[CDPSession]:
    yield tab.context.new_cdp_session(tab)
    for frame in tab.frames[1:]:
        try:
            yield tab.context.new_cdp_session(frame)
        except Error:  # it shares the process, and so the heap, of the page around it
            continue


def renderer_megabytes(browser: Browser) -> float | None:
    """Sum the memory that the browser's page processes have written; Linux tells (`Pss_Dirty`).

    What several processes share is counted in part: a canvas lies in memory that a page shares with
    the process that puts it on the screen. The browser's own program is left out: how much of that
    a process has for itself depends on which other browsers run on the machine.
    """
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    rolled = [
        Path(f"/proc/{int(one['id'])}/smaps_rollup")
        for one in processes
        if one["type"] == "renderer"
    ]
    if not all(path.exists() for path in rolled):
        return None
    written = [_written_kilobytes(path) for path in rolled]
    return sum(written) / 1024 if all(written) else None


def _written_kilobytes(path: Path) -> int:
    """Answer what a process has written; 0 where the system does not tell."""
    told = re.search(r"^Pss_Dirty: +(\d+) kB", path.read_text(), re.MULTILINE)
    return int(told[1]) if told else 0


def inner(tab: Page) -> Frame:
    """Answer the frame that holds our map."""
    return tab.frames[1]
