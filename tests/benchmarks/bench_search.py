"""Search over all 83,762 villages: median and 95th percentile, by what people type.

Every search opens its own session, as a request does; the index of names is warm, its making is
told. Beside the time on the clock stands that of the processor, which a busy machine does not
lengthen.
"""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from outreach.db import reading, unit_of_work
from outreach.villages.registry import load_registry, read_registry
from outreach.villages.search import search
from outreach.villages.tables import Regency, Village
from tests.benchmarks.databases import available_databases
from tests.builders import Sees

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from outreach.villages.registry import Registry, Row

    type Took = tuple[float, float]

ROUNDS = 200
NATION = Sees()
SOLO = Sees(("33.09", "33.10", "33.11", "33.12", "33.13", "33.14", "33.72"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    registry = read_registry()
    for kind, engine in available_databases():
        with unit_of_work(engine) as db:
            load_registry(db, now=datetime(2026, 1, 5, tzinfo=UTC), registry=registry)
        clock, cpu = _took(engine, "Jebres", NATION)
        print(f"{kind}: first search, makes the index: {clock:.0f} ms (processor {cpu:.0f} ms)")
        everything: list[Took] = []
        for name, words in _typed(registry).items():
            times = [_took(engine, word, NATION) for word in words]
            everything += times
            _tell(f"{kind}: {name}", times)
        _tell(f"{kind}: within the Surakarta branch", _within(engine, registry))
        _tell(f"{kind}: ALL", everything)


def _typed(registry: Registry) -> dict[str, list[str]]:
    chance = random.Random(20260105)
    rows = chance.sample(registry.tables[Village], ROUNDS)
    regencies = {row["code"]: row["name"] for row in registry.tables[Regency]}
    kinds: dict[str, Callable[[Row], str]] = {
        "code, whole": lambda row: str(row["code"]),
        "code, without dots, unfinished": lambda row: row["code"].replace(".", "")[:7],
        "code, two digits": lambda row: row["code"][:2],
        "name": lambda row: str(row["name"]),
        "name, first four letters": lambda row: row["name"][:4],
        "name with one error": lambda row: _misspelt(row["name"], chance),
        "name and regency": lambda row: f"{row['name']} {regencies[row['regency_code']]}",
        "name, error, regency": lambda row: (
            f"{_misspelt(row['name'], chance)} {regencies[row['regency_code']]}"
        ),
        "five words that mean nothing": lambda _row: " ".join(
            "".join(chance.choices(LETTERS, k=6)) for _ in range(5)
        ),
        "two frequent letters": lambda _row: chance.choice(["an", "ar", "sa", "ri", "ka"]),
    }
    return {name: [words(row) for row in rows] for name, words in kinds.items()}


def _misspelt(name: str, chance: random.Random) -> str:
    at = chance.randrange(len(name))
    return name[:at] + chance.choice(LETTERS) + name[at + 1 :]


def _within(engine: Engine, registry: Registry) -> list[Took]:
    return [_took(engine, words, SOLO) for words in _typed(registry)["name with one error"]]


def _took(engine: Engine, words: str, person: Sees) -> Took:
    clock, cpu = time.perf_counter(), time.process_time()
    with reading(engine) as db:
        search(db, person, words)
    return (time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000


def _tell(name: str, times: list[Took]) -> None:
    clock, cpu = ([took[which] for took in times] for which in (0, 1))
    print(
        f"{name}: p50 {statistics.median(clock):.1f} ms, p95 {_p95(clock):.1f} ms "
        f"(processor {statistics.median(cpu):.1f} and {_p95(cpu):.1f} ms; {len(times)} searches)"
    )


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    main()
