"""The same acts by hand: the `outreach` command.

A command's module is imported when the command is called, so that a quick one stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from outreach.cli import click_words
from outreach.cli.say import explain
from outreach.errors import OutreachError

#: Which module of this package defines which command, under the command's own name.
_COMMANDS = {
    "accounts": "accounts",
    "backup": "backup",
    "database": "data_check",
    "demo": "demo",
    "history": "history",
    "ledger": "ledger",
    "maps": "maps",
    "migrations": "migrations",
    "plan": "plan",
    "privacy": "privacy",
    "redis": "redis_server",
    "sweep": "sweep",
    "up": "up",
    "villages": "villages",
}


class _Outreach(click.Group):
    """Loads a command when it is called and tells what went wrong in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"outreach.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OutreachError as error:
            raise click.ClickException(explain(error)) from error
        except Exception as error:
            # Importing SQLAlchemy takes longer than a quick command does: only where it is in use.
            from sqlalchemy.exc import OperationalError, ProgrammingError

            from outreach.cli.database import unreachable

            if isinstance(error, OperationalError | ProgrammingError):
                raise click.ClickException(explain(unreachable(error))) from error
            raise


click_words.install()


@click.group(cls=_Outreach)
def main() -> None:
    """Plan village outreach, look after its data and run its parts."""
