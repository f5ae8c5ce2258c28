"""The nemesis does what its seed says until each fault has hit, and tells what has not."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.chaos import nemesis
from tests.chaos.faults import FAULTS
from tests.chaos.faults.aim import NothingThere
from tests.chaos.nemesis import MOST_TRIES, Nemesis, rounds

if TYPE_CHECKING:
    from pathlib import Path

SEED = 3


@pytest.fixture
def product(tmp_path: Path) -> Any:
    return cast("Any", SimpleNamespace(folder=tmp_path, is_over=threading.Event()))


def _do(
    product: Any, monkeypatch: pytest.MonkeyPatch, hits: dict[str, list[bool | None]]
) -> Nemesis:
    """Let it do faults that hit or not, or find nothing, one after the other; the last stays so."""

    def fault(left: list[bool | None]) -> Any:
        def act(*_: object) -> bool:
            has_hit = left.pop(0) if len(left) > 1 else left[0]
            if has_hit is None:
                raise NothingThere
            return has_hit

        return act

    monkeypatch.setattr(nemesis, "FAULTS", {name: fault(left) for name, left in hits.items()})
    with Nemesis(product, SEED, list(hits), 0.0) as made:
        made.is_through.wait()
    return made


def test_what_hit_nothing_is_done_again_until_it_does(
    product: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = _do(product, monkeypatch, {"once": [True], "late": [False, False, True]})
    assert (made.failed, made.share) == ("", 1.0)
    assert made.done["late"] >= 1
    assert made.missed == {"late": 2}
    assert (tmp_path / "faults.log").read_text().count("late, 0.0 s, hit nothing") == 2


def test_what_never_hits_ends_it_and_is_told(product: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _do(product, monkeypatch, {"once": [True], "never": [False]})
    assert f"never hit nothing {MOST_TRIES} times" in made.failed
    assert made.missed == {"never": MOST_TRIES}
    assert "never" not in made.done


def test_where_nothing_was_there_nothing_was_missed(
    product: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    idle: list[bool | None] = [None] * (MOST_TRIES + 1)
    made = _do(product, monkeypatch, {"once": [True], "late": [*idle, True]})
    assert (made.failed, made.missed, made.idle) == ("", {}, {"late": len(idle)})
    assert (tmp_path / "faults.log").read_text().count("nothing there to break") == len(idle)


def test_where_there_is_never_anything_it_ends_and_is_told(
    product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nemesis, "MOST_WAITED_SECONDS", 0.0)
    made = _do(product, monkeypatch, {"never": [None]})
    assert "nothing was there to break for 0 s, now: never" in made.failed
    assert (made.done, made.missed) == ({}, {})


def test_where_all_work_is_over_nothing_is_waited_for(
    product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.is_over.set()
    assert "now: never" in _do(product, monkeypatch, {"never": [None]}).failed


def test_a_seed_draws_the_same_faults_again() -> None:
    def drawn(seed: int) -> list[str]:
        return [name for name, _ in zip(rounds(seed, tuple(FAULTS)), range(40), strict=False)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)[: len(FAULTS)]) == set(FAULTS)
