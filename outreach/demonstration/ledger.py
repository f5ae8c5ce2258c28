"""What the agency confirms of the demonstration's sign-ups: counts with a believable fall-off.

Told as a branch tells them: a sheet of the ledger, read, checked and applied.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from outreach.demonstration.sessions import never_pays
from outreach.logbook.tables import SignupChannel
from outreach.logbook.tariff import month_after, month_of
from outreach.sheets.ledger import LEDGER
from outreach.sheets.reading import read_sheet
from outreach.sheets.staging import apply_upload, check_sheet, context_of, keep_sheet
from outreach.sheets.writing import text_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlmodel import Session

    from outreach.people.access import Person
    from outreach.sheets.kinds import Value

    type Line = dict[str, Value]

#: So many villages of a hundred the agency has not counted yet.
_NOT_COUNTED = 6
#: Of a hundred workers, so many come on to each step (lowest and highest share of a village).
_COME_ON = {
    "registered": (0.88, 1.0),
    "first_paid": (0.8, 0.98),
    "paid_1": (0.78, 0.97),
    "paid_3": (0.72, 0.95),
    "paid_6": (0.75, 0.95),
}
#: Whose contribution somebody else pays hardly ever stops while the term runs.
_OWN = (SignupChannel.OWN.value, SignupChannel.PERISAI.value)
_MONTHS_LATER = {"paid_1": 1, "paid_3": 3, "paid_6": 6}
#: In so many villages of a hundred most of those who pay alone stop after the first month.
_STOPPED = 5
_SOURCE = "Rekap kepesertaan BPU per desa"


def confirm_signups(db: Session, *, by: Person, branch_id: int, now: datetime) -> None:
    """Bring in what the agency counted of the sign-ups up to the last whole month."""
    ctx = context_of(db, by, branch_id, now=now)
    as_of = ctx.today.replace(day=1) - timedelta(1)
    lines = [
        line
        for claimed in LEDGER.current(db, ctx)
        if month_of(as_of) >= claimed["month"]  # type: ignore[operator]
        for line in _counted(claimed, as_of)
    ]
    columns = LEDGER.columns(db, ctx)
    if lines:
        sheet = read_sheet(text_file(columns, lines), LEDGER.title, columns, LEDGER.key)
        upload = keep_sheet(db, check_sheet(db, LEDGER, sheet, "rekap-bpu.csv", ctx))
        apply_upload(db, upload.id or 0, upload.version, ctx)


def _counted(claimed: Mapping[str, Value], as_of: date) -> list[Line]:
    """Draw what was counted of a village's month; a part of its own came through an agent."""
    random = Random(f"{claimed['code']} {claimed['month']}")  # noqa: S311 - a story, not a secret
    if random.randrange(100) < _NOT_COUNTED:
        return []
    forms = _forms(random, int(str(claimed["claimed"])))
    by_agent = round(forms * random.uniform(0, 0.3)) if claimed["channel"] in _OWN else 0
    lines = [_line(random, claimed, forms - by_agent, as_of)]
    if by_agent:
        agent = {**claimed, "channel": SignupChannel.PERISAI.value}
        lines.append(_line(random, agent, by_agent, as_of))
    return lines


def _forms(random: Random, claimed: int) -> int:
    """Draw how many forms were counted: mostly those claimed, sometimes some fewer or more."""
    chance = random.random()
    if chance < 0.72:
        return claimed
    return max(0, claimed + (random.randint(1, 4) if chance > 0.93 else -random.randint(1, 6)))


def _line(random: Random, claimed: Mapping[str, Value], forms: int, as_of: date) -> Line:
    line: Line = {name: claimed[name] for name in ("code", "month", "channel")}
    line |= {"interested": forms + random.randint(0, 6), "forms": forms}
    line |= {"as_of": as_of, "source": _SOURCE}
    workers, month = forms, claimed["month"]
    for step, (lowest, highest) in _come_on(claimed).items():
        least = lowest if claimed["channel"] in _OWN else highest
        workers = round(workers * random.uniform(least, highest))
        if as_of >= month_after(month, _MONTHS_LATER.get(step, 0)):  # type: ignore[arg-type]
            line[step] = workers
    return line


def _come_on(claimed: Mapping[str, Value]) -> dict[str, tuple[float, float]]:
    """Tell the shares of a village that come on to each step: of a few it is a sad tale."""
    code = str(claimed["code"])
    if never_pays(code):
        return _COME_ON | {"first_paid": (0.0, 0.0)}
    random = Random(f"{code} stops")  # noqa: S311 - a story, not a secret
    if claimed["channel"] in _OWN and random.randrange(100) < _STOPPED:
        return _COME_ON | {"paid_1": (0.2, 0.45)}
    return _COME_ON
