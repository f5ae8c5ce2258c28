"""What the commands about people's data say, but for what is held of somebody."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import click

from outreach.cli.say import ngettext, number, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from outreach.safekeeping.mentions import Mention
    from outreach.safekeeping.reach import Affected, Reach
    from outreach.safekeeping.retaining import Periods


def plain(told: Any) -> Any:
    """Make of rows what JSON can hold: moments and days in ISO 8601."""
    if isinstance(told, dict):
        return {str(key): plain(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [plain(one) for one in told]
    return told.isoformat() if isinstance(told, date | datetime | time) else told


def tell_erased(rows: Mapping[str, int], *, is_done: bool) -> None:
    """Say how many rows of each kind are erased, or would be."""
    words = _erased_kinds(rows)
    if not any(rows.values()):
        click.echo(say("Nothing is left to erase."))
        return
    click.echo(say("Erased:") if is_done else say("This would be erased:"))
    for kind, count in rows.items():
        if count:
            click.echo(f"    {number(count):>7}  {words[kind]}")


def tell_mentions(found: Sequence[Mention]) -> None:
    """Point out what others wrote about the person, for somebody to look at."""
    if not found:
        click.echo(say("Nothing that others wrote names the person."))
        return
    click.echo(
        say(
            "This name, number or address still stands in what others wrote. It may be somebody "
            "else who is called the same: read it before you have anything changed."
        )
    )
    for one in found:
        click.echo(f"    {_where(one)}")


def _where(one: Mention) -> str:
    from outreach.cli.subject_words import columns, tables

    words = ngettext(
        "in “%(column)s” of the %(table)s, number %(rows)s",
        "in “%(column)s” of the %(table)s, numbers %(rows)s",
        len(one.rows),
    )
    return words % {
        "column": columns()[one.column],
        "table": tables()[one.table],
        "rows": ", ".join(one.rows),
    }


def tell_retained(rows: Mapping[str, int], periods: Periods, *, is_done: bool) -> None:
    """Say how much of each kind is past its time, or was forgotten, and why so."""
    kinds, reasons = _retained_kinds(rows), _reasons()
    click.echo(say("Forgotten:") if is_done else say("Past their time:"))
    for kind, count in rows.items():
        days = getattr(periods, kind)
        click.echo(
            f"    {number(count):>7}  {kinds[kind]} "
            + say("(after %(days)s days: %(why)s)", days=number(days), why=reasons[kind])
        )
    if not is_done and any(rows.values()):
        click.echo(say("Nothing was changed. With --yes it is forgotten now."))


def tell_affected(found: Sequence[Affected], reach: Reach, file: Path) -> None:
    """Say how many people are to be told, by branch."""
    counts = Counter(one.branch or say("no branch") for one in found)
    click.echo(say("People whose data lay within reach: %(count)s", count=number(len(found))))
    for branch, count in sorted(counts.items()):
        click.echo(f"    {number(count):>7}  {branch}")
    touched, shown = (sum(one.touched for one in found), sum(one.shown for one in found))
    unsure = sum(not one.certain for one in found)
    if unsure or not reach.is_certain:
        click.echo(
            say(
                "How far the account reached before it, its branch or an official was changed is "
                "not in the history of older versions: listed to be safe, as not certain: "
                "%(count)s",
                count=number(unsure),
            )
        )
    if not reach.is_whole:
        click.echo(
            say("of them in villages where something was changed: %(count)s", count=number(touched))
        )
        click.echo(
            say(
                "of them in villages whose telephone numbers were shown or taken along: %(count)s",
                count=number(shown),
            )
        )
    click.echo(
        say(
            "By law 27/2022 (article 46) they and the authority are told in writing within three "
            "times 24 hours: which data, when and how, and what is done about it. The list is "
            "%(file)s; delete it when everybody has been told.",
            file=file,
        )
    )


def breach_file(found: Sequence[Affected]) -> bytes:
    """Write the list of whom to tell as CSV, the way Indonesian Excel opens it."""
    from outreach.sheets.kinds import Column
    from outreach.sheets.writing import text_file

    kinds, data = _affected_kinds(), _data_words()
    columns = [Column(key, header) for key, header in _breach_headers().items()]
    rows = (
        {
            "kind": kinds[one.kind],
            "id": str(one.id),
            "branch": one.branch,
            "village_code": one.village_code,
            "village": one.village,
            "name": one.name,
            "phone": one.phone,
            "email": one.email,
            "members": "; ".join(one.members),
            "data": ", ".join(data[name] for name in one.data),
            "touched": say("yes") if one.touched else say("no"),
            "shown": say("yes") if one.shown else say("no"),
            "certain": say("yes") if one.certain else say("no"),
        }
        for one in found
    )
    return text_file(columns, rows)


def _breach_headers() -> dict[str, str]:
    return {
        "kind": say("Kind of person"),
        "id": say("Number"),
        "branch": say("Branch"),
        "village_code": say("Village code"),
        "village": say("Village"),
        "name": say("Name"),
        "phone": say("Telephone"),
        "email": say("E-mail"),
        "members": say("Members"),
        "data": say("Data within reach"),
        "touched": say("Something changed there"),
        "shown": say("Telephone numbers shown there"),
        "certain": say("Certainly within reach"),
    }


def _affected_kinds() -> dict[str, str]:
    return {"official": say("official"), "team": say("team"), "account": say("account")}


def _data_words() -> dict[str, str]:
    return {
        "name": say("name"),
        "position": say("position"),
        "phone": say("telephone"),
        "email": say("e-mail"),
        "term": say("term of office"),
        "login": say("login name"),
        "pictures": say("pictures of sessions"),
        "place": say("places of sessions"),
        "remarks": say("remarks"),
        "members": say("names of the members"),
    }


def _erased_kinds(rows: Mapping[str, int]) -> dict[str, str]:
    """Name what is erased, as so many of it are named."""
    return {**_erased_reach(rows), **_erased_work(rows)}


def _erased_reach(rows: Mapping[str, int]) -> dict[str, str]:
    return {
        "uploads": ngettext(
            "sheet that names the person, emptied",
            "sheets that name the person, emptied",
            rows["uploads"],
        ),
        "messages": ngettext(
            "message to them, without the person from now on",
            "messages to them, without the person from now on",
            rows["messages"],
        ),
        "enrolments": ngettext(
            "open code for a phone, withdrawn",
            "open codes for a phone, withdrawn",
            rows["enrolments"],
        ),
        "devices": ngettext(
            "phone, cut off and without a name",
            "phones, cut off and without a name",
            rows["devices"],
        ),
        "tokens": ngettext(
            "token for programs, withdrawn",
            "tokens for programs, withdrawn",
            rows["tokens"],
        ),
        "digests": ngettext(
            "weekly e-mail with their address",
            "weekly e-mails with their address",
            rows["digests"],
        ),
    }


def _erased_work(rows: Mapping[str, int]) -> dict[str, str]:
    return {
        "views": ngettext("saved view", "saved views", rows["views"]),
        "remarks": ngettext(
            "report, without remarks and place; its figures stay",
            "reports, without remarks and place; their figures stay",
            rows["remarks"],
        ),
        "waiting": ngettext(
            "waiting report or late answer, without words and place",
            "waiting reports and late answers, without words and place",
            rows["waiting"],
        ),
        "signatures": ngettext("signature", "signatures", rows["signatures"]),
        "official": ngettext(
            "official: name, position, telephone, e-mail, term",
            "officials: name, position, telephone, e-mail, term",
            rows["official"],
        ),
        "account": ngettext(
            "account: name, login name, password",
            "accounts: name, login name, password",
            rows["account"],
        ),
    }


def _retained_kinds(rows: Mapping[str, int]) -> dict[str, str]:
    return {
        "messages": ngettext(
            "message that still names whom it went to",
            "messages that still name whom they went to",
            rows["messages"],
        ),
        "devices": ngettext(
            "phone not seen any more",
            "phones not seen any more",
            rows["devices"],
        ),
        "links": ngettext(
            "link that has ended",
            "links that have ended",
            rows["links"],
        ),
        "codes": ngettext(
            "code for a phone that has ended",
            "codes for phones that have ended",
            rows["codes"],
        ),
        "officials": ngettext(
            "official out of office, or of a campaign that has ended",
            "officials out of office, or of campaigns that have ended",
            rows["officials"],
        ),
        "pictures": ngettext(
            "photo or signature",
            "photos and signatures",
            rows["pictures"],
        ),
    }


def _reasons() -> dict[str, str]:
    return {
        "messages": say("a season after the visit nobody asks who was told"),
        "devices": say("a phone silent for a year was sold, lost or given away"),
        "links": say("they open nothing any more"),
        "codes": say("they connect no phone any more"),
        "officials": say("the next wave comes within a year, or asks the village anew"),
        "pictures": say("a year holds the campaign, its review and the audit"),
    }
