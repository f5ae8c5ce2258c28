"""What is counted: states from visits and reports, sums by region, one scope for all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlmodel import func, select

from outreach.campaigns.tables import Campaign, Ecosystem, Purpose, Stage
from outreach.db import reading, unit_of_work
from outreach.errors import NotFound
from outreach.logbook.sync import take_in
from outreach.people.access import Person
from outreach.people.tables import Role
from outreach.progress import totals
from outreach.progress.scope import Scope, scope_for
from outreach.progress.totals import (
    CONFIRMED,
    NOT_PLANNED,
    PLANNED,
    REACHED,
    totals_by,
    village_codes,
    village_states,
)
from outreach.villages.codes import Level
from outreach.villages.tables import Figure, Village, VillageKind
from outreach.visits.tables import Visit, Work
from tests.builders import load_small_registry
from tests.field import DAY, NOW, Field, add_visit, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine

NATION = Scope(("",))
NOBODY = {"men": 0, "women": 0, "signups": 0}


@pytest.fixture
def at(engine: Engine) -> Field:
    """Seven visits: reached, not met, refused, confirmed, awaiting, cancelled, postponed."""
    load_small_registry(engine, ("33.72", "33.11.12"))
    with unit_of_work(engine) as db:
        at = make_field(db, 0)
        codes = [code for code in at.codes if code.startswith("33.72")]
        works = [Work.CONFIRMED] * 4 + [Work.AWAITING, Work.CANCELLED, Work.POSTPONED]
        for number, (code, work) in enumerate(zip(codes, works, strict=False)):
            at.visits[code] = add_visit(db, at.stage_id, at.team_id, code, number, work)
        ids = [at.visits[code] for code in codes[:3]]
        one = told(ids[0])
        reports = [
            one,
            told(ids[0], men=10, women=5, signups=4, corrects_id=one["id"]),
            told(ids[1], **NOBODY, met="not_met"),
            told(ids[2], **NOBODY, met="refused"),
        ]
        answers = take_in(db, reports, at.coordinator, NOW)
        assert {a.outcome.value for a in answers} == {"accepted"}
    return Field(**{**{f: getattr(at, f) for f in at.__dataclass_fields__}, "codes": codes})


def test_the_state_of_a_village_follows_from_its_visits(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        seen = village_states(db, Scope(("33.72",)))
    assert seen.codes.tolist() == at.codes
    wanted = [REACHED, NOT_PLANNED, NOT_PLANNED, CONFIRMED, PLANNED, NOT_PLANNED, NOT_PLANNED]
    assert seen.states[:7].tolist() == wanted
    assert not seen.states[7:].any()
    assert seen.signups[0] == 4
    assert seen.signups.sum() == 4


def test_a_few_villages_and_all_of_them_are_read_alike(
    engine: Engine, at: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading(engine) as db:
        few = village_states(db, NATION)
        monkeypatch.setattr(totals, "FEW", 0)
        many = village_states(db, NATION)
    assert (few.states == many.states).all()
    assert (few.signups == many.signups).all()
    assert many.states.any()


def test_kept_codes_that_are_older_than_the_registry_do_not_mislead(
    engine: Engine, at: Field
) -> None:
    with reading(engine) as db:
        codes = village_codes(db, NATION)
        fewer = village_states(db, NATION, codes[codes > at.codes[0]])
        none = village_states(db, NATION, codes[:0])
    assert fewer.states.max() == CONFIRMED
    assert none.states.tolist() == []


def test_sums_agree_at_every_level_and_with_the_registry(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        levels = {level: totals_by(db, NATION, level) for level in Level}
        villages, informal = db.exec(
            select(func.count(), func.sum(Village.informal_workers)).select_from(Village)
        ).one()
    wholes = {found.whole for found in levels.values()}
    assert len(wholes) == 1
    (whole,) = wholes
    assert (whole.villages, whole.informal) == (villages, informal)
    assert (whole.reached, whole.confirmed, whole.planned) == (1, 1, 1)
    assert whole.not_planned == villages - 3
    assert (whole.sessions, whole.men, whole.women, whole.signups) == (3, 10, 5, 4)
    assert whole.gap == whole.informal - whole.covered > 0
    assert [row.code for row in levels[Level.REGENCY].rows] == ["33.11", "33.72"]
    assert [row.name for row in levels[Level.PROVINCE].rows] == ["Jawa Tengah"]
    assert len(levels[Level.VILLAGE].rows) == villages


def test_a_share_comes_with_its_denominator_its_source_and_its_date(
    engine: Engine, at: Field
) -> None:
    with reading(engine) as db:
        found = totals_by(db, Scope(("33.72",)), Level.REGENCY)
        empty = totals_by(db, Scope(()), Level.REGENCY)
    assert found.whole.reached_share == 1 / len(at.codes)
    assert found.as_of == NOW
    assert set(found.sources) == set(Figure)
    assert all(source.source and source.as_of for source in found.sources.values())
    assert (empty.rows, empty.as_of, empty.whole.reached_share) == ((), None, None)


def test_kinds_cut_numerators_and_denominators_alike(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        desa = totals_by(db, Scope(("",), kinds=(VillageKind.DESA,)), Level.REGENCY).whole
        towns = totals_by(db, Scope(("",), kinds=(VillageKind.KELURAHAN,)), Level.REGENCY).whole
        total = totals_by(db, NATION, Level.REGENCY).whole
    assert desa.villages > 0
    assert (desa.reached, desa.signups) == (0, 0)
    assert (towns.reached, towns.signups) == (1, 4)
    assert desa.villages + towns.villages == total.villages


def test_a_campaign_counts_its_own_villages_and_reports(engine: Engine, at: Field) -> None:
    with unit_of_work(engine) as db:
        other = Campaign(
            name="Lain",
            purpose=Purpose.KEEP,
            ecosystem=Ecosystem.MARKET,
            starts=DAY,
            ends=DAY,
        )
        db.add(other)
        db.flush()
        assert other.id is not None
        stage = Stage(
            campaign_id=other.id,
            branch_id=at.coordinator.branch_id or 0,
            name="Tahap 1",
            starts=DAY,
            ends=DAY,
            area_codes=["33.72"],
        )
        db.add(stage)
        db.flush()
        assert stage.id is not None
        add_visit(db, stage.id, at.team_id, at.codes[0], 20, Work.CONFIRMED)
    with reading(engine) as db:
        first = totals_by(db, Scope(("",), at.campaign_id), Level.REGENCY).whole
        second = totals_by(db, Scope(("",), other.id), Level.REGENCY).whole
        missing = totals_by(db, Scope(("",), 10_000), Level.REGENCY).whole
    assert (first.villages, first.reached, first.signups) == (7, 1, 4)
    assert (second.villages, second.reached, second.confirmed, second.signups) == (1, 0, 1, 0)
    assert missing.villages == 0


def _person(*areas: str) -> Person:
    return Person(1, "M", Role.MANAGER, areas)


def test_a_scope_is_cut_out_of_the_persons_area() -> None:
    assert scope_for(_person("")).prefixes == ("",)
    assert scope_for(_person("33.11", "33.72")).prefixes == ("33.11", "33.72")
    assert scope_for(_person("33.11", "33.72"), region="33").prefixes == ("33.11", "33.72")
    assert scope_for(_person("33"), region="33.72").prefixes == ("33.72",)
    assert scope_for(_person()).prefixes == ()
    with pytest.raises(NotFound):
        scope_for(_person("33.11"), region="33.72")
    with pytest.raises(NotFound):
        scope_for(_person(), region="33")


def test_a_visit_of_a_village_outside_is_not_counted(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        assert db.exec(select(func.count()).select_from(Visit)).one() == 7
        assert not village_states(db, Scope(("33.11",))).states.any()
        assert totals_by(db, Scope(("33.11",)), Level.VILLAGE).whole.sessions == 0
