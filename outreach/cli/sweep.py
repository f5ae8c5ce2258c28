"""`outreach sweep`: send batches that wait to the workers."""

from __future__ import annotations

import click


@click.command()
def sweep() -> None:
    """Send waiting plan batches to the workers, until told to stop."""
    from tasks.app import count_waiting, engine
    from tasks.assignment import assign_batch
    from tasks.sweeper import run_sweeper

    run_sweeper(engine(), assign_batch.delay, count_waiting)
