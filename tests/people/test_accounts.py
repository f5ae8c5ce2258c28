"""Accounts, passwords, officials and their phones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError
from sqlmodel import select
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from outreach.errors import Conflict, Invalid, NotFound
from outreach.people.access import Person, person_of
from outreach.people.accounts import (
    AccountIn,
    account_by_login,
    account_of,
    areas_of,
    list_accounts,
    set_active,
    set_password,
    update_account,
)
from outreach.people.officials import (
    OfficialIn,
    add_official,
    link_account,
    own_official,
)
from outreach.people.passwords import LEAST_LENGTH, hash_password, matches, refuse_weak
from outreach.people.phones import normal
from outreach.people.tables import Role
from outreach.villages.tables import Village, Zone
from tests import builders
from tests.builders import CHEAP, LOADED_AT, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

VILLAGE = "33.72.01.1001"


def told(role: Role, **changed: Any) -> AccountIn:
    usual = {"login": f"some.{role.value}", "name": "Somebody", "role": role}
    return AccountIn.model_validate(usual | changed)


@pytest.mark.parametrize(
    ("role", "changed", "areas"),
    [
        (Role.MANAGER, {"whole_nation": True}, ("",)),
        (Role.MANAGER, {"area_codes": ["33.72, 3311"]}, ("33.11", "33.72")),
        (Role.OFFICIAL, {"area_codes": [VILLAGE]}, (VILLAGE,)),
        (Role.ADMIN, {}, ()),
    ],
)
def test_account_sees_its_area(
    db: Session, role: Role, changed: dict[str, Any], areas: tuple[str, ...]
) -> None:
    made = builders.account(db, role, **changed)
    someone = person_of(db, made.id or 0)
    assert someone
    assert (someone.role, someone.areas) == (role, areas)
    assert matches(made.password_hash, PASSWORD)
    assert not matches(made.password_hash, PASSWORD + "x")


@pytest.mark.parametrize(
    ("role", "changed", "problem"),
    [
        (Role.COORDINATOR, {}, ("branch_id", "needs_branch")),
        (
            Role.COORDINATOR,
            {"branch_id": 1, "whole_nation": True},
            ("area_codes", "no_area_for_role"),
        ),
        (Role.MANAGER, {}, ("area_codes", "needs_area")),
        (
            Role.MANAGER,
            {"branch_id": 1, "whole_nation": True},
            ("branch_id", "no_branch_for_role"),
        ),
        (Role.OFFICIAL, {"area_codes": ["33.72"]}, ("area_codes", "not_a_village")),
        (
            Role.OFFICIAL,
            {"area_codes": [VILLAGE], "whole_nation": True},
            ("area_codes", "not_a_village"),
        ),
        (Role.OFFICIAL, {}, ("area_codes", "needs_area")),
        (Role.ADMIN, {"area_codes": ["33"]}, ("area_codes", "no_area_for_role")),
        (Role.ADMIN, {"login": "ab"}, ("login", "not_a_login")),
        (Role.ADMIN, {"login": "a b c d"}, ("login", "not_a_login")),
        (Role.ADMIN, {"login": "3372010101010001"}, ("login", "identity_number")),
        (Role.ADMIN, {"login": "nik-337201.010101.0001"}, ("login", "identity_number")),
    ],
)
def test_area_must_fit_the_role(
    role: Role, changed: dict[str, Any], problem: tuple[str, str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        told(role, **changed)
    assert [(e["loc"][0], e["type"]) for e in refused.value.errors()] == [problem]


def test_login_name_is_taken_once_whatever_its_case(db: Session) -> None:
    builders.account(db, Role.ADMIN, "kantor")
    with pytest.raises(Invalid) as refused:
        builders.account(db, Role.ADMIN, "KANTOR")
    assert refused.value.facts["problems"] == {"login": ["taken"]}
    assert account_by_login(db, " Kantor ").login == "kantor"


def test_account_needs_a_real_branch_and_real_regions(db: Session) -> None:
    with pytest.raises(Invalid):
        builders.account(db, Role.COORDINATOR, branch_id=999)
    with pytest.raises(Invalid) as refused:
        builders.account(db, Role.MANAGER, area_codes=["99"])
    assert refused.value.facts["problems"] == {"area_codes": ["unknown_region"]}


def change(db: Session, account_id: int, given: AccountIn, version: int) -> None:
    update_account(db, account_id, given, version=version, by_account_id=None, now=LOADED_AT)


def test_changed_account_has_its_new_rights_only(db: Session) -> None:
    branch = builders.branch(db)
    made = builders.account(db, Role.MANAGER, area_codes=["33.11"])
    change(db, made.id or 0, told(Role.COORDINATOR, branch_id=branch.id), version=1)
    someone = person_of(db, made.id or 0)
    assert someone
    assert (someone.role, someone.areas) == (Role.COORDINATOR, ("33.72",))
    assert areas_of(db, made.id or 0) == []
    builders.account(db, Role.ADMIN, "kantor")
    with pytest.raises(Invalid):
        change(db, made.id or 0, told(Role.ADMIN, login="kantor"), version=2)
    assert [line.login for line in list_accounts(db)] == ["kantor", "some.coordinator"]


def test_two_admins_do_not_overwrite_each_other(db: Session) -> None:
    made = builders.account(db, Role.MANAGER, area_codes=["33.11"])
    change(db, made.id or 0, told(Role.MANAGER, area_codes=["33.72"]), version=1)
    with pytest.raises(Conflict) as refused:
        change(db, made.id or 0, told(Role.MANAGER, whole_nation=True), version=1)
    assert refused.value.facts["problem"] == "changed_meanwhile"
    assert areas_of(db, made.id or 0) == ["33.72"]


def test_new_password_brings_a_new_stamp(db: Session) -> None:
    made = builders.account(db, Role.ADMIN)
    stamp = made.password_stamp
    set_password(db, made.id or 0, "wayang-kulit-semalam", hasher=CHEAP)
    assert made.password_stamp != stamp
    assert matches(made.password_hash, "wayang-kulit-semalam")
    with pytest.raises(Invalid):
        set_password(db, made.id or 0, "short")


def test_nobody_closes_the_account_they_use(db: Session) -> None:
    made = builders.account(db, Role.ADMIN)
    with pytest.raises(Conflict):
        set_active(db, made.id or 0, active=False, by_account_id=made.id, now=LOADED_AT)
    set_active(db, made.id or 0, active=False, by_account_id=None, now=LOADED_AT)
    assert person_of(db, made.id or 0) is None
    with pytest.raises(NotFound):
        account_of(db, 999)


@pytest.mark.parametrize(
    ("password", "problems"),
    [
        ("short", ["password_too_short"]),
        ("bpjsketenagakerjaan", ["password_easy_to_guess"]),
        ("desa-kelurahan-2026", ["password_easy_to_guess"]),
        ("KabupatenSukoharjo1", ["password_easy_to_guess"]),
        ("wening.prameswari", ["password_easy_to_guess"]),
        ("aaaaaaaaaaaaaaaa", ["password_easy_to_guess"]),
        ("password1", ["password_too_short", "password_easy_to_guess"]),
    ],
)
def test_guessable_passwords_are_refused(password: str, problems: list[str]) -> None:
    own = ("wening", "Wening Prameswari", "Sukoharjo")
    with pytest.raises(Invalid) as refused:
        refuse_weak(password, own_words=own)
    assert refused.value.facts["problems"] == {"password": problems}


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "qwertyuiop12",
        "iloveyou1234",
        "1q2w3e4r5t6y",
        "zaq12wsxcde3",
        "P@$$w0rd1234!",
        "football2026!",
        "unbelievable",
        "sayang123456",
        "Alhamdulillah1",
        "bismillahirrahmanirrahim",
        "merdeka17agustus",
        "jakarta-bandung",
        "cintakamu-selamanya",
        "Agustus-2026!",
    ],
)
def test_usual_passwords_are_refused_though_they_are_long(password: str) -> None:
    assert len(password) >= LEAST_LENGTH
    with pytest.raises(Invalid) as refused:
        refuse_weak(password)
    (problem,) = refused.value.facts["problems"]["password"]  # type: ignore[index]
    assert problem in ("password_usual", "password_easy_to_guess")


def test_all_long_ones_of_the_30000_most_usual_are_refused() -> None:
    usual = [one for one in FREQUENCY_LISTS["passwords"] if len(one) >= LEAST_LENGTH]
    assert len(usual) > 200
    for password in usual:
        with pytest.raises(Invalid):
            refuse_weak(password)


@pytest.mark.parametrize(
    "password", ["kuda-lumping-menari-42", "sate buntel di pasar desa kami", "7hQ2-mmzK-p9wd"]
)
def test_good_passwords_are_taken(password: str) -> None:
    refuse_weak(password, own_words=("wening", "Wening Prameswari"))
    # What makes the judging slow is not looked at.
    refuse_weak(password + "4@8({[<6931!|170$5+7%2" * 400)


def test_broken_hash_matches_nothing() -> None:
    assert not matches("", PASSWORD)
    assert not matches("not a hash", PASSWORD)
    assert matches(hash_password(PASSWORD, hasher=CHEAP), PASSWORD)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0812-3456-7890", "+6281234567890"),
        ("+62 812 3456 7890", "+6281234567890"),
        ("6281234567890", "+6281234567890"),
        ("+62 0812 3456 7890", "+6281234567890"),
        ("81234567890", "+6281234567890"),
        ("(0271) 655-123", "+62271655123"),
        ("  ", ""),
    ],
)
def test_phone_numbers_are_written_in_one_way(typed: str, kept: str) -> None:
    assert normal(typed) == kept


@pytest.mark.parametrize(
    "typed", ["0812", "08123456789012345", "3372011506900001", "halo", "+1 555 0100", "271655123"]
)
def test_what_is_no_phone_number_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        normal(typed)
    assert refused.value.type == "not_a_phone"
    assert typed not in str(refused.value)


def test_officials_belong_to_their_village(db: Session) -> None:
    inside, outside = (Person(1, "x", Role.COORDINATOR, (area,)) for area in ("33.72", "33.11"))
    given = OfficialIn(
        village_code="3372011001", name="Sri", position="Lurah", phone="081234567890"
    )
    made = add_official(db, given, by=inside)
    db.flush()
    assert own_official(db, made.id or 0, inside).phone == "+6281234567890"
    account = builders.account(db, Role.OFFICIAL, area_codes=[VILLAGE])
    linked = link_account(db, made.id or 0, account.id or 0, by=inside, now=LOADED_AT)
    assert linked.account_id == account.id
    manager = builders.account(db, Role.MANAGER, whole_nation=True)
    with pytest.raises(Conflict):
        link_account(db, made.id or 0, manager.id or 0, by=inside, now=LOADED_AT)
    asked: tuple[Callable[[], object], ...] = (
        lambda: add_official(db, given, by=outside),
        lambda: own_official(db, made.id or 0, outside),
        lambda: own_official(db, 999, inside),
        lambda: link_account(db, made.id or 0, 999, by=inside, now=LOADED_AT),
    )
    for ask in asked:
        with pytest.raises(NotFound):
            ask()


def test_an_account_is_one_officials_and_sees_the_village(db: Session) -> None:
    by = Person(1, "x", Role.COORDINATOR, ("33.72",))
    first, second = (
        add_official(db, OfficialIn(village_code=VILLAGE, name=name, position="Lurah"), by=by)
        for name in ("Sri", "Tri")
    )
    away = add_official(
        db, OfficialIn(village_code="33.72.01.1002", name="Dwi", position="Lurah"), by=by
    )
    account = builders.account(db, Role.OFFICIAL, area_codes=[VILLAGE])
    db.flush()
    link_account(db, first.id or 0, account.id or 0, by=by, now=LOADED_AT)
    for official, problem in (
        (second, "account_has_official"),
        (away, "account_of_another_village"),
    ):
        with pytest.raises(Conflict) as refused:
            link_account(db, official.id or 0, account.id or 0, by=by, now=LOADED_AT)
        assert refused.value.facts["problem"] == problem
        assert official.account_id is None


def test_people_read_the_time_of_the_place_they_work_in(db: Session) -> None:
    builders.load_small_registry(db, ("81.71",))
    base = db.exec(select(Village.code).where(Village.regency_code == "81.71")).first() or ""
    ambon = builders.branch(db, "Ambon", base, "81.71")
    for role, told_, zone in (
        (Role.COORDINATOR, {"branch_id": ambon.id}, Zone.WIT),
        (Role.OFFICIAL, {"area_codes": [base]}, Zone.WIT),
        (Role.MANAGER, {"area_codes": ["81.71"]}, Zone.WIB),
        (Role.ADMIN, {}, Zone.WIB),
    ):
        someone = person_of(db, builders.account(db, role, **told_).id or 0)
        assert someone is not None
        assert someone.zone is zone
