"""Every kind of spreadsheet there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.sheets.closed_periods import CLOSED_PERIODS
from outreach.sheets.ledger import LEDGER
from outreach.sheets.market_days import MARKET_DAYS
from outreach.sheets.members import MEMBERS
from outreach.sheets.officials import OFFICIALS
from outreach.sheets.plan import PLAN
from outreach.sheets.sponsorships import SPONSORSHIPS
from outreach.sheets.teams import TEAMS
from outreach.sheets.vulnerable import VULNERABLE

if TYPE_CHECKING:
    from outreach.sheets.kinds import Kind
    from outreach.sheets.tables import SheetKind

ALL: tuple[Kind, ...] = (
    PLAN,
    TEAMS,
    OFFICIALS,
    MARKET_DAYS,
    CLOSED_PERIODS,
    VULNERABLE,
    MEMBERS,
    LEDGER,
    SPONSORSHIPS,
)

KINDS: dict[SheetKind, Kind] = {one.kind: one for one in ALL}
