"""How the product does, for the administrator: what runs, what waits, what went wrong."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from babel.dates import format_timedelta
from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from outreach.history.backups import last_backup
from outreach.history.drills import last_drill
from outreach.people.tables import Role
from outreach.safekeeping.chain import stands_still
from outreach.visits.tables import BatchState
from outreach.watch.beating import our_version, read_beats
from outreach.watch.judging import judge, light_of, light_of_backup, light_of_drill, worst
from outreach.watch.queue import redis_answers
from outreach.watch.tables import WorkKind
from outreach.watch.waiting import count_dead, dead_batches, read_waiting
from outreach.web.backup_words import why_words
from outreach.web.database import reading_db, running
from outreach.web.i18n import language
from outreach.web.map_data import map_data
from outreach.web.metrics import answered, measured, slowest
from outreach.web.routing import allow

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from outreach.watch.judging import Finding

pages = Blueprint("system", __name__, url_prefix="/system")

MOST_ROUTES = 10
#: Nothing that is shown changes sooner.
REFRESH_SECONDS = 15


@pages.get("")
@allow(Role.ADMIN)
def show() -> ResponseReturnValue:
    """Show how the product does."""
    return render_template("admin/system.html", refresh_seconds=REFRESH_SECONDS, **_read())


@pages.get("/now")
@allow(Role.ADMIN)
def fragment() -> ResponseReturnValue:
    """Give the part of the page that changes; it is asked for again and again."""
    told = render_template("admin/_system.html", **_read())
    return told, {"Run-State": "running", "Cache-Control": "no-store"}


def _read() -> dict[str, Any]:
    now = datetime.now(UTC)
    with reading_db() as db:
        lines, waiting = read_beats(db), read_waiting(db, now)
        dead, dead_count = dead_batches(db), count_dead(db)
        drill, backup, is_stuck = last_drill(db), last_backup(db), stands_still(db, now)
    answers = redis_answers(running().settings.redis_url)
    found = judge(
        lines,
        waiting,
        dead_count,
        now,
        drill,
        backup=backup,
        redis_answers=answers,
        history_stands_still=is_stuck,
        has_map=bool(map_data().store.map_manifest()),
    )
    metrics = measured()
    return {
        "light": worst(found),
        "findings": [(one.light, finding_words(one)) for one in found],
        "works": {work.value: work for work in WorkKind},
        "processes": [(line, light_of(line, now)) for line in lines],
        "errors": sum(line.errors for line in lines),
        "waiting": waiting,
        "longest_wait": _span_of(waiting.oldest_seconds),
        "at_work": (BatchState.READY, BatchState.RUNNING),
        "dead": dead,
        "dead_count": dead_count,
        "backup": backup,
        "light_of_backup": light_of_backup(backup, now),
        "drill": drill,
        "light_of_drill": light_of_drill(drill, now),
        "answers": answered(metrics),
        "routes": slowest(metrics, MOST_ROUTES),
        "version": our_version(),
        "host": socket.gethostname(),
        "now": now,
        "span": span_words,
    }


def _span_of(seconds: float) -> str:
    return span_words(timedelta(seconds=seconds)) if seconds else ""


def span_words(span: timedelta) -> str:
    """Say how long something lasts: `2 menit`."""
    return format_timedelta(span, threshold=1.5, locale=language())


def finding_words(found: Finding) -> str:
    """Say what needs somebody, and what to do."""
    words = {**_of_processes(found), **_of_work(found), **_of_safekeeping(found)}
    return str(words[found.code])


def _count(found: Finding) -> int:
    return int(found.facts.get("count", 0))


def _of_processes(found: Finding) -> dict[str, str]:
    count = _count(found)
    return {
        "no_sweeper": _("No sweeper runs: nothing is planned, sent or returned. Start one."),
        "no_worker": _("No worker runs, or none reaches Redis: plans wait. Start one."),
        "nobody_serves_planning": _(
            "Workers run, but none plans: start one for the queue planning."
        ),
        "nobody_serves_questions": _(
            "Workers run, but none answers what-ifs and proofs: start one for the queue questions."
        ),
        "nobody_serves_post": _(
            "Workers run, but none sends messages and e-mails: start one for the queue post."
        ),
        "redis_away": _("Redis does not answer: plans wait for it, and nothing is lost."),
        "keys_differ": _(
            "Another SECRET_KEY than the others have: %(who)s. What one signs – logins, forms,"
            " links – the other refuses. Set the same SECRET_KEY on every machine and start its"
            " processes anew.",
            who=found.facts.get("who", ""),
        ),
        "no_map": _(
            "The web server %(host)s has no map yet: run “outreach maps build” there.",
            host=socket.gethostname(),
        ),
        "silent": ngettext(
            "%(num)s process fell silent without a word: it hangs or was killed.",
            "%(num)s processes fell silent without a word: they hang or were killed.",
            count,
        ),
        "versions_differ": _("Different versions run: finish the update on all machines."),
    }


def _of_work(found: Finding) -> dict[str, str]:
    count = _count(found)
    return {
        "waits_long": _("Plans wait for long: more workers make it shorter."),
        "dead_batches": ngettext(
            "%(num)s part of a plan was given up: its coordinator can try it again.",
            "%(num)s parts of plans were given up: their coordinators can try them again.",
            count,
        ),
        "leases_taken": ngettext(
            "%(num)s piece of work was left by its worker within the last hour; another took it.",
            "%(num)s pieces of work were left by their workers within the last hour; others took"
            " them.",
            count,
        ),
        "leases_untaken": ngettext(
            "%(num)s piece of work was left by its worker within the last hour, and nobody has"
            " taken it up.",
            "%(num)s pieces of work were left by their workers within the last hour, and nobody has"
            " taken them up.",
            count,
        ),
    }


def _of_safekeeping(found: Finding) -> dict[str, str]:
    count = _count(found)
    why = why_words(str(found.facts.get("why", "")).split(), str(found.facts.get("file", "")))
    return {
        "backup_failed": _("The last backup failed: %(why)s.", why=why),
        "backup_old": ngettext(
            "No backup was made for %(num)s day: outreach backup make",
            "No backup was made for %(num)s days: outreach backup make",
            count,
        ),
        "drill_failed": _("The last try of a restore failed: %(why)s.", why=why),
        "drill_old": ngettext(
            "No restore was tried for %(num)s day: outreach backup drill",
            "No restore was tried for %(num)s days: outreach backup drill",
            count,
        ),
        "history_stands_still": _("The history is not closed any more: outreach history close"),
    }
