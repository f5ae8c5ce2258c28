"""`outreach sweep`: send what waits to the workers, and do what falls due by itself."""

from __future__ import annotations

import click


@click.command()
def sweep() -> None:
    """Send waiting plan batches, what-ifs and e-mails to the workers, until told to stop."""
    from outreach.config import read_settings
    from tasks.app import count_waiting, engine
    from tasks.assignment import assign_batch
    from tasks.post import post_message
    from tasks.sweeper import Queue, run_sweeper
    from tasks.what_if import answer_what_if

    post = post_message.delay if read_settings().sends_mail else None
    run_sweeper(engine(), Queue(assign_batch.delay, count_waiting, post, answer_what_if.delay))
