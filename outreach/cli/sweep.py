"""`outreach sweep`: send what waits to the workers, and do what falls due by itself."""

from __future__ import annotations

from dataclasses import replace

import click


@click.command()
def sweep() -> None:
    """Send waiting plan batches, what-ifs and e-mails to the workers, until told to stop."""
    from outreach.config import read_settings
    from outreach.db import SWEEPER, make_engine
    from outreach.safekeeping.retaining import Periods
    from outreach.watch.logs import set_up

    settings = read_settings()
    secret = settings.secret  # before anything else: without it nobody else starts either
    set_up(settings.log_format)
    engine = make_engine(settings.database, SWEEPER)
    # Behind the settings: it would end this process in fewer words.
    from tasks.app import count_waiting
    from tasks.assignment import assign_batch
    from tasks.certificate import certify_batch
    from tasks.digest import send_digest
    from tasks.post import post_message
    from tasks.sweeper import Queue, run_sweeper
    from tasks.what_if import answer_what_if

    queue = Queue(
        assign_batch.delay,
        count_waiting,
        suppose=answer_what_if.delay,
        certify=certify_batch.delay,
    )
    if settings.sends_mail:
        queue = replace(queue, post=post_message.delay, digest=send_digest.delay)
    run_sweeper(engine, queue, periods=Periods(**settings.retained_days), secret=secret)
