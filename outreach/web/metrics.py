"""What is measured of requests and of what phones send: counts and times, nobody's data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from outreach.logbook.sync import Outcome
from outreach.web.metric_files import counted_in, reading_files
from outreach.web.turning_away import TurnedAway

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client import Metric

    from outreach.logbook.sync import Answer

#: What this process counts, where it counts for itself alone.
_OURS = CollectorRegistry()

_REQUEST_SECONDS = Histogram(
    "outreach_request_seconds",
    "Seconds until a request was answered, by the rule of its address and the class of the status",
    ["route", "status"],
    registry=_OURS,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 7.5, 10.0),
)
_SYNC_ANSWERS = Counter(
    "outreach_sync_answers",
    "What phones were answered to each thing they sent",
    ["kind"],
    registry=_OURS,
)
_ASKED_TOO_MUCH = Counter(
    "outreach_asked_too_much",
    "Requests refused because somebody took more than a share, looked at or again unseen",
    ["kind"],
    registry=_OURS,
)
_TURNED_AWAY = Counter(
    "outreach_turned_away",
    "Requests that the app never saw: too slow, malformed, or where too many waited",
    ["kind"],
    registry=_OURS,
)
_LOOKED_AT, _AGAIN = "looked_at", "again"
_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class RouteTime:
    """How long a page takes.

    95 of 100 requests took less than `p95_seconds`: the upper end of a class of the histogram, for
    within it nothing is known; infinite above the last of them.
    """

    route: str
    requests: int
    p95_seconds: float


def note_request(route: str, status: int, seconds: float) -> None:
    """Measure one answered request."""
    _REQUEST_SECONDS.labels(route=route, status=f"{status // 100}xx").observe(seconds)


def note_answers(answers: Iterable[Answer]) -> None:
    """Count what phones were answered."""
    for answer in answers:
        _SYNC_ANSWERS.labels(kind=answer.outcome.value).inc()


def note_asked_too_much(*, again: bool) -> None:
    """Count one refusal; *again* if the app was not asked, for it had just refused the same."""
    _ASKED_TOO_MUCH.labels(kind=_AGAIN if again else _LOOKED_AT).inc()


def note_turned_away(why: TurnedAway) -> None:
    """Count one whom the server turned away before the app could look."""
    _TURNED_AWAY.labels(kind=why.value).inc()


def begin_counting() -> None:
    """Show every kind of answer from the start: what never happened is zero, and not missing."""
    for outcome in Outcome:
        _SYNC_ANSWERS.labels(kind=outcome.value)
    for kind in (_LOOKED_AT, _AGAIN):
        _ASKED_TOO_MUCH.labels(kind=kind)
    for why in TurnedAway:
        _TURNED_AWAY.labels(kind=why.value)


def measured() -> list[Metric]:
    """Read what all processes of this server have counted so far."""
    folder = counted_in()
    if folder is None:
        return list(_OURS.collect())
    with reading_files(folder):
        everybody: Any = MultiProcessCollector  # untyped
        return list(everybody(None, str(folder)).collect())


def answered(metrics: Iterable[Metric]) -> dict[Outcome, int]:
    """Count what phones were answered, by kind."""
    counts = dict.fromkeys(Outcome, 0)
    for metric in metrics:
        for sample in metric.samples:
            if sample.name == "outreach_sync_answers_total":
                counts[Outcome(sample.labels["kind"])] += int(sample.value)
    return counts


def slowest(metrics: Iterable[Metric], most: int) -> list[RouteTime]:
    """Tell the slowest routes by their 95th percentile."""
    by_route: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for metric in metrics:
        for sample in metric.samples:
            if sample.name == "outreach_request_seconds_bucket":
                by_route[sample.labels["route"]][float(sample.labels["le"])] += sample.value
    told = [_route_time(route, classes) for route, classes in by_route.items()]
    return sorted(told, key=lambda one: (-one.p95_seconds, one.route))[:most]


def _route_time(route: str, classes: Mapping[float, float]) -> RouteTime:
    requests = int(classes.get(inf, 0))
    return RouteTime(route, requests, _percentile(classes, _SHARE * requests))


def _percentile(classes: Mapping[float, float], wanted: float) -> float:
    """Find the first class below whose end *wanted* of the requests lie."""
    return next((end for end, count in sorted(classes.items()) if count >= wanted), inf)
