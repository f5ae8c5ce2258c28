"""Numbers that commands take."""

from __future__ import annotations

from typing import Any

import click

from outreach.cli.say import say


class WholeNumber(click.IntRange):
    """A whole number within bounds; click would call it an "integer range" to the operator."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it, or say in a sentence that it is none."""
        try:
            int(value)
        except ValueError:
            self.fail(say("'%(given)s' is no whole number.", given=value), param, ctx)
        return super().convert(value, param, ctx)


#: The number of a row: what no database counts to is refused before one is asked.
ROW = WholeNumber(1, 2**31 - 1)
