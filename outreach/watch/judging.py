"""Says of what runs and what waits whether all is well, or what needs somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from outreach.watch.beating import first_named, is_late
from outreach.watch.tables import ProcessKind, WorkKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from outreach.history.backups import Backup
    from outreach.history.drills import Drill
    from outreach.watch.tables import Heartbeat
    from outreach.watch.waiting import Waiting

#: A batch is taken within seconds where a worker is free; a worker is busy for half a minute.
LONG_WAIT = timedelta(minutes=2)
FAR_TOO_LONG = timedelta(minutes=15)
#: A restore is tried every week; so long ago, two were left out.
LONG_UNTRIED = timedelta(days=15)
#: A backup is made every hour, or every day.
LONG_UNSAVED = timedelta(days=2)

#: Without them nothing is planned, sent or returned.
NEEDED = (ProcessKind.SWEEPER, ProcessKind.WORKER)
#: What is missing where no plan goes on.
TO_PLAN = {*(f"no_{kind.value}" for kind in NEEDED), f"nobody_serves_{WorkKind.PLANNING.value}"}


class Light(StrEnum):
    """How something does."""

    GOOD = "good"
    LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What needs somebody: a code for the words, and the facts in them."""

    light: Light
    code: str
    facts: Mapping[str, int | str] = field(default_factory=dict)


def judge(
    lines: Sequence[Heartbeat],
    waiting: Waiting,
    dead: int,
    now: datetime,
    drill: Drill | None = None,
    *,
    backup: Backup | None = None,
    redis_answers: bool = True,
    history_stands_still: bool = False,
    has_map: bool = True,
) -> list[Finding]:
    """List what needs somebody, the worst first; empty where all is well."""
    found = [*_of_processes(lines, now), *_of_waiting(waiting, dead)]
    found += [*_of_backup(backup, now), *_of_drill(drill, now)]
    if not redis_answers:
        found.append(Finding(Light.WRONG, "redis_away"))
    if history_stands_still:
        found.append(Finding(Light.WRONG, "history_stands_still"))
    if not has_map:
        found.append(Finding(Light.LOOK, "no_map"))
    return sorted(found, key=lambda one: one.light is not Light.WRONG)


def worst(found: Sequence[Finding]) -> Light:
    """Sum findings up."""
    lights = {one.light for one in found}
    return next((light for light in (Light.WRONG, Light.LOOK) if light in lights), Light.GOOD)


def light_of(line: Heartbeat, now: datetime) -> Light:
    """Tell how one process does."""
    return Light.LOOK if is_late(line, now) else Light.GOOD


def missing(lines: Sequence[Heartbeat], now: datetime) -> list[str]:
    """Name what is needed and not there, as codes for the words."""
    alive = [line for line in lines if not is_late(line, now)]
    kinds = {line.kind for line in alive}
    gone = [f"no_{kind.value}" for kind in NEEDED if kind not in kinds]
    if ProcessKind.WORKER not in kinds:
        return gone
    served = {name for line in alive for name in _served(line)}
    return gone + [f"nobody_serves_{work.value}" for work in WorkKind if work.value not in served]


def nobody_plans(lines: Sequence[Heartbeat], now: datetime) -> bool:
    """Whether a plan that was asked for stands still, for want of a process to go on with it."""
    return not TO_PLAN.isdisjoint(missing(lines, now))


def with_another_key(lines: Sequence[Heartbeat], now: datetime) -> list[str]:
    """Name the living processes whose key is not the one that most have.

    Which key is the right one cannot be known: of two that as many have, that of who started
    first is left out. Who has told none, as older versions do not, counts with neither.
    """
    told = [line for line in lines if line.key_fingerprint and not is_late(line, now)]
    told.sort(key=lambda line: line.started_at)
    counted = Counter(line.key_fingerprint for line in told)
    usual = max(counted, key=counted.__getitem__, default="")
    return [line.name for line in told if line.key_fingerprint != usual]


def _served(line: Heartbeat) -> Collection[str]:
    """Tell the queues of a worker; one of a version that did not tell is taken to serve all."""
    if line.kind is not ProcessKind.WORKER:
        return ()
    return line.queues.split(",") if line.queues else list(WorkKind)


def _of_processes(lines: Sequence[Heartbeat], now: datetime) -> Iterator[Finding]:
    yield from (Finding(Light.WRONG, code) for code in missing(lines, now))
    alive = [line for line in lines if not is_late(line, now)]
    silent = len(lines) - len(alive)
    if silent:
        yield Finding(Light.LOOK, "silent", {"count": silent})
    others = with_another_key(lines, now)
    if others:
        yield Finding(Light.WRONG, "keys_differ", {"who": first_named(others)})
    if len({line.version for line in alive}) > 1:
        yield Finding(Light.LOOK, "versions_differ")


def _of_waiting(waiting: Waiting, dead: int) -> Iterator[Finding]:
    oldest = timedelta(seconds=waiting.oldest_seconds)
    if oldest > LONG_WAIT:
        yield Finding(Light.WRONG if oldest > FAR_TOO_LONG else Light.LOOK, "waits_long")
    if dead:
        yield Finding(Light.LOOK, "dead_batches", {"count": dead})
    taken = waiting.leases_lost - waiting.leases_untaken
    if taken:
        yield Finding(Light.LOOK, "leases_taken", {"count": taken})
    if waiting.leases_untaken:
        yield Finding(Light.LOOK, "leases_untaken", {"count": waiting.leases_untaken})


def light_of_backup(backup: Backup | None, now: datetime) -> Light:
    """Tell whether backups are made."""
    return worst(list(_of_backup(backup, now)))


def _of_backup(backup: Backup | None, now: datetime) -> Iterator[Finding]:
    """Nobody is pressed who never made one: there are other ways to save a database."""
    if backup and backup.why:
        yield Finding(Light.LOOK, "backup_failed", {"why": backup.why, "file": backup.file})
    elif backup and now - backup.at > LONG_UNSAVED:
        yield Finding(Light.LOOK, "backup_old", {"count": (now - backup.at).days})


def light_of_drill(drill: Drill | None, now: datetime) -> Light:
    """Tell how the backups do, as far as anybody has tried."""
    return worst(list(_of_drill(drill, now)))


def _of_drill(drill: Drill | None, now: datetime) -> Iterator[Finding]:
    """Nobody is pressed to try a restore who never did: the page tells of it all the same.

    Nothing stands still where one failed.
    """
    if drill and not drill.held:
        facts = {"why": " ".join(drill.found), "file": drill.file}
        yield Finding(Light.LOOK, "drill_failed", facts)
    elif drill and now - drill.at > LONG_UNTRIED:
        yield Finding(Light.LOOK, "drill_old", {"count": (now - drill.at).days})
