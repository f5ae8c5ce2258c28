"""Accounts by hand: the first administrator, a forgotten password, who there is."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from pydantic import ValidationError
from sqlmodel import select

from outreach.cli.database import own_engine
from outreach.cli.say import say
from outreach.cli.subject_words import word_of
from outreach.db import reading, unit_of_work
from outreach.errors import Invalid, NotFound
from outreach.history.recording import record
from outreach.history.tables import Deed
from outreach.people.accounts import (
    AccountIn,
    account_by_login,
    create_account,
    list_accounts,
    set_password,
)
from outreach.people.tables import Branch, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session

    from outreach.people.tables import Account


@click.group()
def accounts() -> None:
    """Look after the accounts people log in with."""


@accounts.command("add")
@click.argument("login")
@click.option("--name", required=True, help="Name of the person.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--branch", help="Name of a coordinator's branch.")
@click.option("--area", multiple=True, help="Region code a manager or official sees; repeatable.")
@click.option("--nation", is_flag=True, help="A manager sees the whole nation.")
def add(
    login: str, name: str, role: str, branch: str | None, area: tuple[str, ...], nation: bool
) -> None:
    """Add an account; the password is asked for, or read from the first line of the input."""
    with own_engine() as engine, unit_of_work(engine) as db:
        told = {
            "login": login,
            "name": name,
            "role": role,
            "branch_id": _branch_id(db, branch),
            "area_codes": list(area),
            "whole_nation": nation,
        }
        try:
            given = AccountIn.model_validate(told)
            made = create_account(db, given, _ask_password(), now=datetime.now(UTC))
            _tell(db, Deed.ACCOUNT_ADDED, made)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise _complaint((str(e["loc"][0]), [e["type"]]) for e in found) from None
        except Invalid as error:
            raise _refused(error) from None
    click.echo(say("Added %(login)s.", login=given.login))


@accounts.command("password")
@click.argument("login")
def password(login: str) -> None:
    """Give an account a new password; every login made with the old one ends."""
    with own_engine() as engine, unit_of_work(engine) as db:
        account = account_by_login(db, login)
        try:
            set_password(db, account.id or 0, _ask_password())
            _tell(db, Deed.PASSWORD_CHANGED, account)
        except Invalid as error:
            raise _refused(error) from None
    click.echo(say("The password of %(login)s is changed.", login=account.login))


@accounts.command("list")
def show() -> None:
    """List all accounts with role and area."""
    with own_engine() as engine, reading(engine) as db:
        lines = list_accounts(db)
    if not lines:
        click.echo(say("There are no accounts yet. How to add one: outreach accounts add --help"))
    for line in lines:
        area = line.branch or ", ".join(code or say("the nation") for code in line.area_codes)
        closed = "" if line.is_active else say("closed")
        told = (
            f"{word_of(line.role):<20} {line.login:<24} {line.name:<28} {area or '-':<24} {closed}"
        )
        click.echo(told.rstrip())


def _tell(db: Session, deed: Deed, account: Account) -> None:
    """Tell the history; of whoever may call commands nobody knows the account."""
    db.flush()
    record(db, deed, at=datetime.now(UTC), about=account.id, page="outreach accounts")


def _branch_id(db: Session, name: str | None) -> int | None:
    if name is None:
        return None
    found = db.exec(select(Branch.id).where(Branch.name == name)).first()
    if found is None:
        raise NotFound(kind="Branch", name=name)
    return found


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt(say("Password"), hide_input=True, confirmation_prompt=True)
    return answer


def _refused(error: Invalid) -> click.ClickException:
    problems: dict[str, list[str]] = error.facts["problems"]  # type: ignore[assignment]
    return _complaint(problems.items())


#: What people write for a field of ours that is named otherwise.
_OPTIONS = {"area_codes": "--area", "branch_id": "--branch"}


def _complaint(problems: Iterable[tuple[str, list[str]]]) -> click.ClickException:
    words = _words()
    lines = [
        f"{_OPTIONS.get(field, field)}: {words.get(code, code)}"
        for field, codes in problems
        for code in codes
    ]
    return click.ClickException("\n".join(lines))


def _words() -> dict[str, str]:
    return {
        "identity_number": say(
            "This looks like somebody's identity number. Please take it out: we count people and "
            "never note who they are."
        ),
        "unreadable_text": say("This text holds characters that cannot be stored."),
        "taken": say("this login name is taken"),
        "not_a_login": say("small letters, digits, dots and hyphens; at least 3"),
        "password_too_short": say("at least 12 characters"),
        "password_easy_to_guess": say("too easy to guess"),
        "password_usual": say("many people use such a password"),
        "needs_branch": say("a coordinator needs --branch"),
        "no_branch_for_role": say("only a coordinator has a branch"),
        "needs_area": say("a manager needs --area or --nation, an official --area"),
        "no_area_for_role": say("this role has no area of its own"),
        "not_a_village": say("an official's area is a village"),
        "unknown_region": say("there is no region with this code"),
        "not_a_region_code": say("this is not a region code like 33.72"),
    }
