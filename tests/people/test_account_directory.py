"""The list of accounts stays of use when every official has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.people.account_directory import find_accounts
from outreach.people.accounts import create_phone_account
from outreach.people.tables import Official, Role
from tests import builders
from tests.builders import LOADED_AT

if TYPE_CHECKING:
    from sqlmodel import Session

VILLAGE = "33.72.01.1001"


def by_phone(db: Session, name: str) -> None:
    official = Official(village_code=VILLAGE, name=name, position="Lurah")
    db.add(official)
    db.flush()
    official.account_id = create_phone_account(db, official, LOADED_AT).id


def logins(db: Session, words: str = "", role: Role | None = None) -> list[str]:
    return [one.login for one in find_accounts(db, words=words, role=role).rows]


def test_accounts_that_only_phones_open_are_told_by_their_number_until_asked_for(
    db: Session,
) -> None:
    builders.account(db, Role.ADMIN, "kantor")
    for name in ("Sri", "Tuti", "Umi"):
        by_phone(db, name)
    found = find_accounts(db)
    assert ([one.login for one in found.rows], found.found, found.left_out) == (["kantor"], 1, 3)
    found = find_accounts(db, with_phones=True)
    assert (len(found.rows), found.found, found.left_out) == (4, 4, 0)
    assert [one.has_password for one in found.rows] == [True, False, False, False]
    found = find_accounts(db, words="tuti")
    assert (found.rows, found.found, found.left_out) == ([], 0, 1)


def test_a_page_holds_no_more_than_was_asked_for_and_all_pages_hold_all(db: Session) -> None:
    for number in range(5):
        by_phone(db, f"Lurah {number}")
    pages = [find_accounts(db, with_phones=True, first=first, most=2) for first in (0, 2, 4)]
    assert [len(one.rows) for one in pages] == [2, 2, 1]
    assert {one.found for one in pages} == {5}
    assert [one.name for page in pages for one in page.rows] == [f"Lurah {n}" for n in range(5)]


def test_accounts_are_found_by_role_name_login_and_area(db: Session) -> None:
    builders.account(db, Role.ADMIN, "kantor.pusat")
    builders.account(db, Role.MANAGER, "bu.manajer", area_codes=["33.11", "33.72"])
    assert set(logins(db)) == {"kantor.pusat", "bu.manajer"}
    assert logins(db, role=Role.MANAGER) == ["bu.manajer"]
    assert logins(db, words="KANTOR") == ["kantor.pusat"]
    assert logins(db, words="33.72") == ["bu.manajer"]
    assert logins(db, words="33.72 kantor") == []
    assert logins(db, words="%") == []
    (line,) = find_accounts(db, role=Role.MANAGER).rows
    assert line.area_codes == ("33.11", "33.72")
