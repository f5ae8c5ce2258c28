"""What the layers of the map show: as a plain recount of villages, reports and visits tells it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlmodel import select

from outreach.db import reading, unit_of_work
from outreach.logbook.sync import take_in
from outreach.logbook.tables import SessionReport
from outreach.people.access import covers
from outreach.progress.layers import COLUMNS, EPOCH, Layer, first_days, layer_sums, village_sums
from outreach.progress.scope import Scope
from outreach.progress.totals import totals_by, village_codes
from outreach.villages.codes import Level
from outreach.villages.tables import Village, VillageKind
from outreach.visits.tables import Visit, Work
from tests.builders import load_small_registry
from tests.field import DAY, NOW, Field, add_visit, make_field, told

if TYPE_CHECKING:
    from sqlalchemy import Engine

NATION = Scope(("",))
TODAY = date(2026, 11, 20)
SUMMED = [Work.PROPOSED, Work.AWAITING, Work.CONFIRMED, Work.POSTPONED, Work.CANCELLED]


@pytest.fixture
def at(engine: Engine) -> Field:
    """Five reported visits (one corrected, one met nobody, one tells no payment), five others."""
    load_small_registry(engine, ("33.72", "33.11.12"))
    with unit_of_work(engine) as db:
        at = make_field(db, 0)
        here = [code for code in at.codes if code.startswith("33.72")]
        there = [code for code in at.codes if code.startswith("33.11")]
        chosen = here[:3] + there[:2] + here[3:6] + there[2:4]
        for number, code in enumerate(chosen):
            work = Work.CONFIRMED if number < 5 else SUMMED[number - 5]
            at.visits[code] = add_visit(db, at.stage_id, at.team_id, code, number, work)
        ids = [at.visits[code] for code in chosen[:5]]
        days = [(DAY - timedelta(days=back)).isoformat() for back in (0, 9, 2, 30, 4)]
        for visit in db.exec(select(Visit).where(Visit.id.in_(ids))):  # type: ignore[union-attr]
            visit.day = date.fromisoformat(days[ids.index(visit.id or 0)])
        reports = [
            told(number, held_on=day, signups=6 + place, paid=place)
            for place, (number, day) in enumerate(zip(ids, days, strict=True))
        ]
        reports[2] |= {"men": 0, "women": 0, "signups": 0, "paid": None, "met": "not_met"}
        reports[3]["paid"] = None
        better = told(ids[1], held_on=days[1], signups=2, paid=1, corrects_id=reports[1]["id"])
        widely = replace(at.coordinator, areas=("33.11", "33.72"))
        answers = take_in(db, [*reports, better], widely, NOW)
        assert {a.outcome.value for a in answers} == {"accepted"}, answers
    return at


def recount(engine: Engine, length: int, prefix: str = "") -> dict[str, dict[str, int]]:
    """Go through everything one by one."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
    visited = set()
    with reading(engine) as db:
        for village in db.exec(select(Village)):
            if covers((prefix,), village.code):
                row = found[village.code[:length]]
                row["villages"] += 1
                row["informal"] += village.informal_workers
                row["covered"] += village.informal_covered
        for report in db.exec(select(SessionReport)):
            if report.corrected_by is None and covers((prefix,), report.village_code):
                row = found[report.village_code[:length]]
                row["signups"] += report.signups
                row["told"] += report.signups if report.paid is not None else 0
                row["paid"] += report.paid or 0
                row["visited"] += report.village_code not in visited
                row["last_day"] = max(row["last_day"], (report.held_on - EPOCH).days)
                visited.add(report.village_code)
        for visit in db.exec(select(Visit)):
            if covers((prefix,), visit.village_code):
                row = found[visit.village_code[:length]]
                row["confirmed"] += visit.work is Work.CONFIRMED
                row["coming"] += visit.work in (Work.PROPOSED, Work.AWAITING, Work.CONFIRMED)
    return found


@pytest.mark.parametrize("prefix", ["", "33.11"])
@pytest.mark.parametrize("level", list(Level))
def test_sums_are_those_of_a_plain_recount(
    engine: Engine, at: Field, level: Level, prefix: str
) -> None:
    wanted = recount(engine, int(level), prefix)
    with reading(engine) as db:
        sums = layer_sums(db, Scope((prefix,)), level)
    told = {
        code: dict(zip(COLUMNS, row, strict=True))
        for code, row in zip(sums.codes.tolist(), sums.table.tolist(), strict=True)
    }
    assert told == wanted
    assert sums.codes.tolist() == sorted(wanted)
    assert sums.column("told").sum() < sums.column("signups").sum()
    assert sums.column("coming").sum() > sums.column("confirmed").sum() > 0 or prefix


def test_the_whole_is_the_sum_of_its_regions_and_its_newest_day(engine: Engine, at: Field) -> None:
    (wanted,) = recount(engine, 0).values()
    with reading(engine) as db:
        whole = layer_sums(db, NATION, Level.DISTRICT).whole()
        totals = totals_by(db, NATION, Level.PROVINCE).whole
    assert dict(zip(COLUMNS, whole.table[0].tolist(), strict=True)) == wanted
    signups, informal = whole.column("signups"), whole.column("informal")
    assert [signups.item(), informal.item()] == [totals.signups, totals.informal]
    assert whole.figures(Layer.GAP, TODAY) == totals.gap - totals.signups


def test_a_figure_is_its_share_and_none_where_there_is_nothing_to_tell(
    engine: Engine, at: Field
) -> None:
    with reading(engine) as db:
        sums = layer_sums(db, NATION, Level.VILLAGE)
    rows = {code: row for row, code in enumerate(sums.codes.tolist())}
    corrected, empty = list(at.visits)[1], at.codes[-1]
    assert sums.figures(Layer.PAID, TODAY)[rows[corrected]] == 0.5
    assert sums.figures(Layer.SILENCE, TODAY)[rows[corrected]] == 11
    informal = sums.column("informal")[rows[corrected]]
    assert sums.figures(Layer.SIGNUPS, TODAY)[rows[corrected]] == pytest.approx(2000 / informal)
    for layer in (Layer.PAID, Layer.CONFIRMED, Layer.SILENCE):
        assert np.isnan(sums.figures(layer, TODAY)[rows[empty]])
    assert sums.figures(Layer.SIGNUPS, TODAY)[rows[empty]] == 0


def test_kinds_and_campaigns_narrow_the_layers_as_they_narrow_the_totals(
    engine: Engine, at: Field
) -> None:
    for scope in (
        Scope(("",), kinds=(VillageKind.DESA,)),
        Scope(("",), campaign_id=at.campaign_id),
        Scope(("",), campaign_id=at.campaign_id + 1),
    ):
        with reading(engine) as db:
            whole = layer_sums(db, scope, Level.REGENCY).whole()
            totals = totals_by(db, scope, Level.REGENCY).whole
        found = [int(whole.column(name)[0]) for name in ("villages", "informal", "signups")]
        assert found == [totals.villages, totals.informal, totals.signups]


@pytest.mark.parametrize("layer", [layer for layer in Layer if layer is not Layer.REACHED])
def test_one_layer_alone_has_the_figures_that_it_has_among_all(
    engine: Engine, at: Field, layer: Layer
) -> None:
    with reading(engine) as db:
        sums = layer_sums(db, NATION, Level.VILLAGE)
        alone = village_sums(db, NATION, sums.codes, layer)
    figures = sums.figures(layer, TODAY)
    np.testing.assert_array_equal(alone.figures(layer, TODAY), figures)
    assert np.nanmax(figures) > 0


def test_rows_can_be_asked_for_by_code_known_or_not(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        sums = layer_sums(db, Scope(("33.72",)), Level.VILLAGE)
    wanted = np.array(["33.11.12.2001", *sums.codes[2:4].tolist()])
    assert sums.of(wanted).table.tolist() == [[0] * len(COLUMNS), *sums.table[2:4].tolist()]


def test_the_first_day_is_that_on_which_people_were_met(engine: Engine, at: Field) -> None:
    with reading(engine) as db:
        codes = village_codes(db, NATION)
        days = first_days(db, NATION, codes)
        met = {
            code: [
                (report.held_on - EPOCH).days
                for report in db.exec(
                    select(SessionReport).where(SessionReport.village_code == code)
                )
                if report.corrected_by is None and report.men + report.women
            ]
            for code in codes.tolist()
        }
        part = first_days(db, NATION, codes[1:])
    assert days.tolist() == [min(found, default=0) for found in met.values()]
    assert np.count_nonzero(days) == 4
    assert part.tolist() == days[1:].tolist()
