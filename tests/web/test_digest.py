"""The page of the weekly e-mail: asked for, confirmed, previewed, sent now, ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import NoResultFound

from outreach.db import unit_of_work
from outreach.people.tables import Role
from outreach.progress.digests import LINK_LIVES, code_of_address, ending_code, key_of
from outreach.progress.tables import Digest
from outreach.web.app import create_app
from tests.web.conftest import Visitor
from tests.web.world import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlmodel import Session

    from outreach.config import Settings
    from tests.web.world import World

#: A Tuesday, 10:00 in Jakarta.
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
FORM = {"email": "rangga@kantor.example", "weekday": "1", "area": "33.72", "version": "0"}


@pytest.fixture
def clock(app: Flask) -> list[datetime]:
    """Hang up a clock; its only item is the time."""
    time = [NOW]
    app.extensions["clock"] = lambda: time[0]
    return time


@pytest.fixture
def manager(
    clock: list[datetime],
    english: Callable[[Role], Visitor],
) -> Visitor:
    """A manager without a weekly e-mail."""
    visitor = english(Role.MANAGER)
    visitor.send("/digest/end")
    return visitor


class _Row:
    """The manager's digest, as the background changes it."""

    def __init__(self, app: Flask, world: World) -> None:
        self.engine = app.extensions["outreach"].engine
        self.account_id = world.accounts[Role.MANAGER][0]

    def of(self, db: Session) -> Digest:
        return db.get_one(Digest, self.account_id)

    def change(self, **values: Any) -> None:
        with unit_of_work(self.engine) as db:
            row = self.of(db)
            for name, value in values.items():
                setattr(row, name, value)

    def now(self) -> Digest:
        with unit_of_work(self.engine) as db:
            return self.of(db)

    def code(self) -> str:
        row = self.now()
        return code_of_address(row.account_id, row.email, row.asked_at, key_of(SECRET))


@pytest.fixture
def row(app: Flask, world: World) -> _Row:
    return _Row(app, world)


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def test_it_is_asked_for_confirmed_and_ended(manager: Visitor, row: _Row) -> None:
    assert "Ask for it" in text_of(manager.get("/digest"))
    page = manager.send("/digest", FORM, follow_redirects=True)
    assert "Waits for the letter with the link to go out" in text_of(page)
    row.change(next_try_at=None)
    page = text_of(manager.get("/digest"))
    assert "Waits for you to open the link in the letter, until 27/11/2026" in page
    opened = manager.get(f"/digest/confirm/{row.code()}")
    assert "rangga@kantor.example" in text_of(opened)
    assert row.now().confirmed_at is None  # whatever opens links confirms nothing
    page = manager.send("/digest/confirm", {"code": row.code()}, follow_redirects=True)
    told = text_of(page)
    assert "The address is confirmed." in told
    assert "Sent every Monday" in told
    assert "Next 30/11/2026 06:00 WIB" in told
    assert "Last sent Never" in told
    page = manager.send("/digest/end", follow_redirects=True)
    assert "the address is forgotten" in text_of(page)
    assert "rangga@kantor.example" not in page.get_data(as_text=True)


def test_a_code_can_be_typed_with_blanks_and_capitals(manager: Visitor, row: _Row) -> None:
    manager.send("/digest", FORM)
    code = row.code()
    typed = f" {code[:6].upper()} {code[6:]} "
    manager.send("/digest/confirm", {"code": typed})
    assert row.now().confirmed_at == NOW


def test_a_wrong_code_and_an_old_one_are_told_apart(
    manager: Visitor, row: _Row, clock: list[datetime]
) -> None:
    manager.send("/digest", FORM)
    wrong = manager.send("/digest/confirm", {"code": "abc"})
    assert wrong.status_code == 422
    assert "not the code of the last letter" in text_of(wrong)
    clock[0] += LINK_LIVES + timedelta(minutes=1)
    old = manager.send("/digest/confirm", {"code": row.code()})
    assert old.status_code == 409
    assert "does not hold any more" in text_of(old)
    row.change(next_try_at=None)
    assert "the link is over" in text_of(manager.get("/digest"))


def test_the_link_of_another_account_leads_nowhere(
    manager: Visitor, row: _Row, english: Callable[[Role], Visitor]
) -> None:
    manager.send("/digest", FORM)
    code = row.code()
    other = english(Role.COORDINATOR)
    assert other.get(f"/digest/confirm/{code}").status_code == 404
    assert other.send("/digest/confirm", {"code": code}).status_code == 422
    assert row.now().confirmed_at is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "bukan alamat", "Please enter an e-mail address"),
        ("email", "", "Please fill this in"),
        ("area", "33.11", "There is no region with this code"),
        ("weekday", "8", ""),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_typed(
    manager: Visitor, field: str, value: str, words: str
) -> None:
    answer = manager.send("/digest", {**FORM, field: value})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert f'id="{field}-problem"' in page
    assert words in page
    if field != "email":
        assert 'value="rangga@kantor.example"' in page
    assert "Ask for it" in page


def test_an_area_is_found_by_its_name(manager: Visitor, row: _Row) -> None:
    several = manager.send("/digest", {**FORM, "area": "Laweyan"})
    assert several.status_code == 422
    assert "More than one place may be meant" in text_of(several)
    manager.send("/digest", {**FORM, "area": "Laweyan", "area_pick": "33.72.01"})
    assert row.now().area == "33.72.01"
    assert "Laweyan" in text_of(manager.get("/digest"))


def test_two_windows_show_both_values(manager: Visitor, row: _Row) -> None:
    manager.send("/digest", FORM)
    assert manager.send("/digest", {**FORM, "version": "1", "weekday": "3"}).status_code == 303
    stale = manager.send("/digest", {**FORM, "version": "1", "weekday": "5"})
    assert stale.status_code == 409
    assert "Stored meanwhile: Wednesday" in text_of(stale)
    assert row.now().weekday == 3


def test_one_now_is_bounded(manager: Visitor, row: _Row) -> None:
    manager.send("/digest", FORM)
    assert manager.send("/digest/now").status_code == 409
    row.change(confirmed_at=NOW, next_try_at=NOW + timedelta(days=6))
    page = manager.send("/digest/now", follow_redirects=True)
    assert "One is on its way." in text_of(page)
    assert row.now().next_try_at == NOW
    again = manager.send("/digest/now")
    assert again.status_code == 409
    assert "on its way already" in text_of(again)
    row.change(next_try_at=NOW + timedelta(days=6), sent_at=NOW)
    assert "Try again in 10 minutes" in text_of(manager.send("/digest/now"))


def test_nobody_fills_a_mailbox(manager: Visitor) -> None:
    for number in range(20):
        given = {**FORM, "email": f"a{number}@kantor.example", "version": str(number)}
        assert manager.send("/digest", given).status_code == 303
    assert manager.send("/digest", {**FORM, "version": "20"}).status_code == 429


def test_why_nothing_came_stands_there(manager: Visitor, row: _Row) -> None:
    manager.send("/digest", FORM)
    row.change(confirmed_at=NOW, error="refused_550", sent_for=NOW.date())
    told = text_of(manager.get("/digest"))
    assert "The letter of 24/11/2026 was not sent. The mail server refused it (550)." in told
    row.change(error="server_unreachable", attempts=2)
    assert "does not answer. It is tried again." in text_of(manager.get("/digest"))
    row.change(error="area_lost", attempts=0)
    assert "You do not see this area any more" in text_of(manager.get("/digest"))


def test_without_a_mail_server_the_page_says_so(
    manager: Visitor, settings: Settings, world: World
) -> None:
    assert "No mail server is set up" in text_of(manager.get("/digest"))
    told = {"smtp_host": "127.0.0.1", "smtp_from": "Outreach <o@kantor.example>"}
    app = create_app(settings.model_copy(update=told))
    app.test_client_class = Visitor
    other = app.test_client()
    assert isinstance(other, Visitor)
    other.log_in(world.accounts[Role.MANAGER]).set_cookie("language", "en")
    assert "No mail server is set up" not in text_of(other.get("/digest"))
    app.extensions["outreach"].engine.dispose()


def test_the_letter_is_shown_as_it_would_be_sent(manager: Visitor) -> None:
    told = text_of(manager.get("/digest/letter/part"))
    assert "As it would be sent now, 24/11/2026 10:00 WIB" in told
    assert "Ringkasan mingguan Kota Surakarta: 16–22 November 2026" in told
    assert "dari 54 desa/kelurahan" in told
    part = text_of(manager.get("/digest/letter/part?area=33.72.01"))
    assert "Laweyan (33.72.01)" in part
    page = manager.get("/digest?area=33.72.01").get_data(as_text=True)
    assert 'data-cards="/digest/letter/part?area=33.72.01"' in page
    assert '<a href="/digest/letter?area=33.72.01">' in page
    manager.send("/digest", {**FORM, "area": "33.72.02", "weekday": "5"})
    own = text_of(manager.get("/digest/letter/part"))
    assert "Serengan (33.72.02)" in own
    assert "Surel ini dikirim setiap Jumat" in own


def test_the_letter_alone_is_a_whole_page(manager: Visitor) -> None:
    part = manager.get("/digest/letter/part").get_data(as_text=True)
    page = manager.get("/digest/letter").get_data(as_text=True)
    assert "<html" not in part
    assert page.count("<html") == page.count("</html>") == page.count("<h1>") == 1
    assert "coordinator/coordinator.css" in page
    for told in ("Ringkasan mingguan Kota Surakarta", "dari 54 desa/kelurahan"):
        assert told in page
        assert told in part
    levels = re.findall(r"<h([1-6])", page)
    assert levels[:3] == ["1", "2", "3"]
    assert re.findall(r"<h([1-6])", part)[:2] == ["3", "4"], "the page of the digest has an h2"


def test_all_of_the_area_and_its_only_region_are_two_letters(manager: Visitor) -> None:
    whole = text_of(manager.get("/digest/letter/part"))
    region = text_of(manager.get("/digest/letter/part?area=33.72"))
    assert "Ringkasan mingguan Kota Surakarta: " in whole
    assert "Ringkasan mingguan Kota Surakarta (33.72): " in region


def test_the_link_opened_once_more_says_that_it_is_done(manager: Visitor, row: _Row) -> None:
    manager.send("/digest", FORM)
    address = f"/digest/confirm/{row.code()}"
    assert "Yes, confirm it" in text_of(manager.get(address))
    manager.send("/digest/confirm", {"code": row.code()})
    again = text_of(manager.get(address))
    assert "confirmed already: rangga@kantor.example" in again
    assert "Yes, confirm it" not in again


def test_an_area_that_is_lost_has_no_letter(manager: Visitor, row: _Row) -> None:
    assert manager.get("/digest/letter?area=33.11").status_code == 404
    manager.send("/digest", FORM)
    for area in ("33", "33.11"):  # wider than the person's own, and another's
        row.change(area=area)
        for address in ("/digest/letter", "/digest/letter/part", "/digest/letter?area=33.72"):
            assert manager.get(address).status_code == 404
    page = manager.get("/digest")
    assert page.status_code == 200
    assert "Sukoharjo" not in page.get_data(as_text=True)


def test_the_letters_link_ends_it_without_a_login_and_tells_nothing(
    manager: Visitor, row: _Row, client: Visitor
) -> None:
    manager.send("/digest", FORM)
    account_id = row.now().account_id
    key = key_of(SECRET)
    good = ending_code(account_id, FORM["email"], key)
    bad = [
        ending_code(account_id, "lain@kantor.example", key),  # of an address given up since
        ending_code(account_id + 1, FORM["email"], key),
        ending_code(account_id, FORM["email"], key_of("another key")),
        row.code(),  # confirms, ends nothing
        "nonsense",
    ]
    for code in bad:
        assert client.post(f"/digest/end/{code}").status_code == 200
    client.get(f"/digest/end/{good}")  # as programs do that open links
    assert row.now().email == FORM["email"]
    # As a mail program sends it: no cookie, no token of a form.
    ended = client.post(f"/digest/end/{good}", data={"List-Unsubscribe": "One-Click"})
    assert ended.headers["Referrer-Policy"] == "no-referrer"
    with pytest.raises(NoResultFound):
        row.now()
    pages = [client.post(f"/digest/end/{code}") for code in (good, *bad)]
    assert {page.get_data() for page in pages} == {ended.get_data()}


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MANAGER])
def test_ways_lead_there(english: Callable[[Role], Visitor], role: Role) -> None:
    page = english(role).get("/board").get_data(as_text=True)
    assert 'href="/digest' in page
