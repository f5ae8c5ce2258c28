"""A team that stays at a hub village for four days, on the usual branch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from outreach.campaigns.choosing import sites_of
from outreach.db import unit_of_work
from outreach.planning.model import Plan, PlannedVisit, TravelTable
from outreach.planning.model import Stay as PlannedStay
from outreach.visits.batches import claim, due_batches, load_problem
from outreach.visits.saving import save_plan
from tests.visits.world import LEASE, NOW, STARTS, World, ask_for_plan, build_world

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from outreach.planning.model import Problem

HUB = "33.72.01.1001"
AROUND = ("33.72.01.1002", "33.72.01.1003")
#: Tuesday out, Wednesday and Thursday there, Friday back.
OUT, FIRST, SECOND, BACK = (STARTS + timedelta(days=number) for number in range(4))


def staying(db: Session, team_id: int) -> Plan:
    """Plan a stay of four days by hand: two villages, one on each day at the hub."""
    (hub,) = sites_of(db, (HUB,))
    days = zip(AROUND, (FIRST, SECOND), strict=True)
    visits = tuple(PlannedVisit(code, team_id, day, 1, 500, 20, 20) for code, day in days)
    stay = PlannedStay(team_id, HUB, hub.point, (OUT, BACK), (FIRST, SECOND), 300)
    return Plan(visits, (), 680, 4, (0, 0), 1, "by hand", (stay,))


def build_away(engine: Engine) -> World:
    """Build the usual branch, its first team out, two days at a hub, and back; nobody was asked."""
    world = build_world(engine)
    ask_for_plan(engine, world)
    save_stay(engine, world)
    return world


def save_stay(engine: Engine, world: World) -> None:
    with unit_of_work(engine) as db:
        (batch_id,) = due_batches(db, NOW)
        held = claim(db, batch_id, NOW, LEASE)
        assert held is not None
        asked, plan = load_problem(db, held), staying(db, world.team_ids[0])
        assert save_plan(db, held, by_hand(asked, plan), plan, NOW)


def by_hand(asked: Problem, plan: Plan, around: tuple[str, ...] = AROUND) -> Problem:
    """Put the question to which the plan is a sound answer: its villages, and its minutes."""
    sites = tuple(site for site in asked.sites if site.code in around)
    base = next(one.base for one in asked.team_days if one.team_id == plan.stays[0].team_id)
    places = (base, plan.stays[0].hub, *(site.point for site in sites))
    from_hub = np.array([300, 0, 20, 20])
    minutes = from_hub[:, None] + from_hub[None, :]
    np.fill_diagonal(minutes, 0)
    return replace(asked, sites=sites, travel=TravelTable(places, minutes, "by hand"))
