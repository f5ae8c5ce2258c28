"""The same acts by hand: the `outreach` command."""

from __future__ import annotations

import click


@click.group()
def main() -> None:
    """Plan village outreach, look after its data and run its parts."""
