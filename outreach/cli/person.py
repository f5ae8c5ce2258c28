"""Whom a command about people's data is about: named in one way only, and told in words."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from outreach.cli.numbers import ROW
from outreach.cli.say import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlmodel import Session

    from outreach.people.tables import Account, Official
    from outreach.safekeeping.subject import Subject


@dataclass(frozen=True, slots=True)
class Named:
    """What the operator wrote to name a person; none where nothing was."""

    login: str | None
    official_id: int | None
    village: str | None
    phone: str | None
    email: str | None

    @property
    def ways(self) -> list[str]:
        """Tell in how many ways the person is named, each as it was written."""
        contact = {"--village": self.village, "--phone": self.phone, "--email": self.email}
        of_contact = [name for name, told in contact.items() if told is not None]
        of_number = [] if self.official_id is None else [f"--official {self.official_id}"]
        of_login = [] if self.login is None else [self.login or '""']
        return [*of_login, *of_number, *([" ".join(of_contact)] if of_contact else [])]


def naming_a_person(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take an account by its login name, or an official by number or contact."""

    @wraps(command)
    def taking(**told: Any) -> None:
        whom = Named(**{one.name: told.pop(one.name) for one in fields(Named)})
        _refuse_unclear(whom)
        command(whom, **told)

    for decorate in (
        click.option("--official", "official_id", type=ROW, help="Number of an official."),
        click.option("--email", help="E-mail address of the official of --village."),
        click.option("--phone", help="Telephone number of the official of --village."),
        click.option("--village", help="Code of an official's village."),
        click.argument("login", required=False),
    ):
        decorate(taking)
    return taking


def _refuse_unclear(whom: Named) -> None:
    """Refuse what leaves open who is meant: of two ways that were written one may be mistyped."""
    if len(whom.ways) > 1:
        raise click.UsageError(
            say(
                "The person is named in more than one way (%(ways)s): keep the right one only.",
                ways=", ".join(whom.ways),
            )
        )
    if whom.login is not None or whom.official_id is not None:
        return
    if whom.village is None or (whom.phone is None and whom.email is None):
        raise click.UsageError(
            say("Name a login, --official NUMBER, or --village CODE with --phone or --email.")
        )
    if whom.phone is not None and whom.email is not None:
        raise click.UsageError(say("Name --phone or --email, not both."))


def find(db: Session, whom: Named) -> Subject:
    """Find exactly one person; which one has to be said when several share a number."""
    from outreach.safekeeping import subject

    if whom.login is not None:
        found = subject.by_login(db, whom.login)
    elif whom.official_id is not None:
        found = subject.by_number(db, whom.official_id)
    else:
        found = subject.by_contact(db, _village(whom.village or ""), _contact(whom))
    if not found:
        raise click.ClickException(say("Nobody was found: nothing is held under this name."))
    if len(found) > 1:
        numbers = ", ".join(str(one.official_id) for one in found)
        raise click.ClickException(
            say("Several officials share it; name one: --official %(numbers)s", numbers=numbers)
        )
    return found[0]


def _village(told: str) -> str:
    from outreach.errors import Invalid
    from outreach.villages.codes import Level, parse

    try:
        code = parse(told)
    except Invalid:
        code = ""
    if len(code) != Level.VILLAGE:
        raise click.UsageError(
            say("--village is no code of a village: write one like 33.72.01.1001.")
        )
    return code


def _contact(whom: Named) -> str:
    """Read the telephone number or the address, as it is stored; what is wrong is not repeated."""
    from pydantic_core import PydanticCustomError

    from outreach.people import emails, phones

    normal = emails.normal if whom.phone is None else phones.normal
    try:
        contact = normal((whom.email if whom.phone is None else whom.phone) or "")
    except PydanticCustomError:
        contact = ""
    if not contact:
        raise click.UsageError(
            say("--email is no e-mail address: write one like name@example.go.id.")
            if whom.phone is None
            else say("--phone is no Indonesian telephone number: write one like 0812-3456-7890.")
        )
    return contact


def tell_who(db: Session, whom: Subject) -> None:
    """Say who it is about, so that a mistyped number is seen before it costs a stranger."""
    from outreach.safekeeping.subject import rows_of

    official, account = rows_of(db, whom)
    if official:
        click.echo(_line_of_official(db, official))
    if account:
        click.echo(_line_of_account(db, account))


def _line_of_official(db: Session, official: Official) -> str:
    from outreach.villages.reading import names_of

    code = official.village_code
    return say(
        "Official %(number)s: %(name)s, %(position)s, %(village)s (%(code)s)",
        number=official.id,
        name=official.name,
        position=official.position,
        village=names_of(db, [code]).get(code, ""),
        code=code,
    )


def _line_of_account(db: Session, account: Account) -> str:
    told = ", ".join(_told_of_account(db, account))
    return say("Account %(login)s: %(told)s", login=account.login, told=told)


def _told_of_account(db: Session, account: Account) -> Iterator[str]:
    from outreach.cli.subject_words import word_of
    from outreach.people.tables import Branch

    yield account.name
    yield word_of(account.role)
    if account.branch_id is not None:
        yield db.get_one(Branch, account.branch_id).name
