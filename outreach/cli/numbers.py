"""Numbers that commands take."""

from __future__ import annotations

import click

#: The number of a row: what no database counts to is refused before one is asked.
ROW = click.IntRange(1, 2**31 - 1)
