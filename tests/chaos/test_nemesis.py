"""The nemesis does what its seed says until each fault has hit, and tells what has not."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.chaos import nemesis
from tests.chaos.faults import FAULTS
from tests.chaos.nemesis import MOST_TRIES, Nemesis, rounds

if TYPE_CHECKING:
    from pathlib import Path

SEED = 3


@pytest.fixture
def product(tmp_path: Path) -> Any:
    return cast("Any", SimpleNamespace(folder=tmp_path, is_over=threading.Event()))


def _do(product: Any, monkeypatch: pytest.MonkeyPatch, hits: dict[str, list[bool]]) -> Nemesis:
    """Let it do faults that hit or not, one after the other; the last stays so."""

    def fault(left: list[bool]) -> Any:
        return lambda *_: left.pop(0) if len(left) > 1 else left[0]

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


def test_a_seed_draws_the_same_faults_again() -> None:
    def drawn(seed: int) -> list[str]:
        return [name for name, _ in zip(rounds(seed, tuple(FAULTS)), range(40), strict=False)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)[: len(FAULTS)]) == set(FAULTS)
