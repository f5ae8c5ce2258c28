"""Region codes as they come in by forms: any usual writing, kept with dots, known to exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from sqlalchemy import bindparam
from sqlmodel import col, select

from outreach.errors import Invalid
from outreach.villages.codes import Level, cut, level, parse
from outreach.villages.tables import District, Province, Regency, Village, Zone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlmodel import Session


def _read(text: str) -> str:
    try:
        return parse(text)
    except Invalid:
        raise PydanticCustomError("not_a_region_code", "no region code") from None


def _village(code: str) -> str:
    if level(code) != Level.VILLAGE:
        raise PydanticCustomError("not_a_village", "not the code of a village")
    return code


def _regency(code: str) -> str:
    if level(code) != Level.REGENCY:
        raise PydanticCustomError("not_a_regency", "not the code of a regency")
    return code


RegionCode = Annotated[str, AfterValidator(_read)]
RegencyCode = Annotated[str, AfterValidator(_read), AfterValidator(_regency)]
VillageCode = Annotated[str, AfterValidator(_read), AfterValidator(_village)]

_TABLES: dict[Level, Any] = {
    Level.PROVINCE: Province,
    Level.REGENCY: Regency,
    Level.DISTRICT: District,
    Level.VILLAGE: Village,
}


def unknown(db: Session, codes: Iterable[str]) -> list[str]:
    """List those of the codes that the registry does not have."""
    missing: list[str] = []
    by_level: dict[Level, set[str]] = {}
    for code in codes:
        by_level.setdefault(level(code), set()).add(code)
    for depth, wanted in by_level.items():
        column = _TABLES[depth].code
        missing += wanted - set(db.exec(select(column).where(column.in_(wanted))).all())
    return sorted(missing)


def zones_of(db: Session, codes: Iterable[str]) -> set[Zone]:
    """Read the time zones of the regencies that the codes are, or lie in."""
    regencies = {cut(code, Level.REGENCY) for code in codes}
    return {Zone(zone) for zone in db.scalars(_ZONES, {"codes": list(regencies)})}


#: Asked with each request: to make it anew would take longer than to answer it.
_ZONES = (
    select(Regency.zone).where(col(Regency.code).in_(bindparam("codes", expanding=True))).distinct()
)


def refuse_unknown(db: Session, **fields: Iterable[str]) -> None:
    """Refuse codes that the registry does not have, all fields at once.

    Raises
    ------
    Invalid
        With `unknown_region` for each field that names a region we do not know.
    """
    problems = {
        field: ["unknown_region"] for field, codes in fields.items() if unknown(db, list(codes))
    }
    if problems:
        raise Invalid(problems=problems)
