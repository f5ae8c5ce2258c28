"""The list of accounts, searched and by page: every official with a phone has one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select
from sqlmodel import col

from outreach.people.accounts import AccountLine
from outreach.people.passwords import NO_PASSWORD
from outreach.people.tables import Account, AccountArea, Branch

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlmodel import Session

    from outreach.people.tables import Role

_HAS_PASSWORD = col(Account.password_hash) != NO_PASSWORD


@dataclass(frozen=True, slots=True)
class AccountsFound:
    """One page of the list, how many fit what was looked for, and how many more only phones open.

    `left_out` counts the accounts without a password that fit and were not asked for.
    """

    rows: Sequence[AccountLine]
    found: int
    left_out: int


def find_accounts(
    db: Session,
    *,
    words: str = "",
    role: Role | None = None,
    with_phones: bool = False,
    first: int = 0,
    most: int = 50,
) -> AccountsFound:
    """List accounts by role and name; those that only phones open where *with_phones* asks.

    Every one of *words* has to stand in the name, the login name, the branch or an area's code.
    """
    fits = [_has(word) for word in words.casefold().split()]
    if role is not None:
        fits.append(col(Account.role) == role)
    query: Any = (
        select(Account, col(Branch.name))
        .join(Branch, col(Branch.id) == col(Account.branch_id), isouter=True)
        .where(*fits)
    )
    all_found = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    with_password = query.where(_HAS_PASSWORD)
    found = db.scalar(select(func.count()).select_from(with_password.subquery())) or 0
    order = (col(Account.role), col(Account.name), col(Account.login))
    shown = query if with_phones else with_password
    rows = db.execute(shown.order_by(*order).offset(first).limit(most)).all()
    areas = _areas(db, [account.id for account, _ in rows])
    lines = [_line(account, branch, areas.get(account.id, ())) for account, branch in rows]
    left_out = 0 if with_phones else all_found - found
    return AccountsFound(lines, all_found - left_out, left_out)


def _has(word: str) -> ColumnElement[bool]:
    columns = (Account.name, Account.login, Branch.name)
    area = select(col(AccountArea.account_id)).where(
        col(AccountArea.account_id) == col(Account.id),
        col(AccountArea.code).startswith(word, autoescape=True),
    )
    return or_(
        *(func.lower(col(one)).contains(word, autoescape=True) for one in columns), area.exists()
    )


def _areas(db: Session, account_ids: Collection[int]) -> dict[int, list[str]]:
    query = select(col(AccountArea.account_id), col(AccountArea.code))
    query = query.where(col(AccountArea.account_id).in_(account_ids)).order_by(
        col(AccountArea.code)
    )
    areas: dict[int, list[str]] = defaultdict(list)
    for account_id, code in db.execute(query):
        areas[account_id].append(code)
    return areas


def _line(account: Account, branch: str | None, codes: Sequence[str]) -> AccountLine:
    return AccountLine(
        account.id or 0,
        account.login,
        account.name,
        account.role,
        branch,
        tuple(codes),
        account.is_active,
        account.is_demo,
        account.password_hash != NO_PASSWORD,
    )
