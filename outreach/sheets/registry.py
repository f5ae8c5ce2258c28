"""Every kind of spreadsheet there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.sheets.plan import PLAN

if TYPE_CHECKING:
    from outreach.sheets.kinds import Kind
    from outreach.sheets.tables import SheetKind

ALL: tuple[Kind, ...] = (PLAN,)

KINDS: dict[SheetKind, Kind] = {one.kind: one for one in ALL}
