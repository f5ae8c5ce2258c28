"""Where the marks of a chart stand: numbers into the paths of `templates/charts.html`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flask import Flask

#: The plane that every chart is drawn in; the page stretches it, so lengths are shares of it.
WIDTH, HEIGHT = 1000, 400
#: Where an axis may end, so that its middle is a round number too.
ROUND = (2, 4, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Column:
    """One upright bar."""

    x: float
    y: float
    width: float
    height: float


def install(app: Flask) -> None:
    """Give the macros of the charts what they measure with."""
    told = (axis_end, line_path, band_path, columns_of, share_of, highest_of, marks)
    app.jinja_env.globals.update({f"chart_{f.__name__}": f for f in told})


def axis_end(values: Iterable[float | None], least: float = 2) -> float:
    """Find a round number that no value is above: 2, 4, 6, 8 or 10 times a power of ten."""
    highest = max((value for value in values if value is not None), default=0)
    highest = max(highest, least)
    if highest <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, *ROUND) if step * power >= highest * (1 - 1e-12))


def line_path(values: Sequence[float | None], top: float) -> str:
    """Draw a line through the values; where one is missing the line is broken.

    A value between two missing ones is a dot: a line of no length with a round end.
    """
    path: list[str] = []
    pen_down = False
    for place, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        path.append(f"{'L' if pen_down else 'M'}{_point(place, value, len(values), top)}")
        alone = place + 1 == len(values) or values[place + 1] is None
        if alone and not pen_down:
            path.append("h0")
        pen_down = True
    return " ".join(path)


def band_path(low: Sequence[float | None], high: Sequence[float | None], top: float) -> str:
    """Draw the ground between two lines, where both have a value."""
    both = [
        (place, below, above)
        for place, (below, above) in enumerate(zip(low, high, strict=True))
        if below is not None and above is not None
    ]
    there = [_point(place, above, len(low), top) for place, _, above in both]
    back = [_point(place, below, len(low), top) for place, below, _ in reversed(both)]
    return f"M{' L'.join([*there, *back])} Z" if both else ""


def columns_of(values: Sequence[float | None], top: float) -> list[Column]:
    """Stand the values side by side, a fifth of each place left free."""
    width = WIDTH / max(1, len(values))
    return [
        Column(
            round((place + 0.1) * width, 1),
            round(HEIGHT - height, 1),
            round(width * 0.8, 1),
            round(height, 1),
        )
        for place, value in enumerate(values)
        if (height := HEIGHT * share_of(value or 0, top)) > 0
    ]


def share_of(part: float | None, whole: float | None) -> float:
    """Tell a part of a whole as a length between 0 and 1; nothing is a share of nothing."""
    if not part or not whole or whole < 0:
        return 0.0
    return min(1.0, max(0.0, part / whole))


def highest_of(values: Iterable[float | None]) -> float:
    """Find the highest value; zero where there is none."""
    return max((value for value in values if value is not None), default=0)


def marks(labels: Sequence[str]) -> list[str]:
    """Choose the first, the middle and the last of the labels below a chart."""
    if len(labels) < 3:
        return list(labels)
    return [labels[0], labels[len(labels) // 2], labels[-1]]


def _point(place: int, value: float, count: int, top: float) -> str:
    x = WIDTH * place / (count - 1) if count > 1 else WIDTH / 2
    # A thousandth of the width is fine enough, and a page may hold hundreds of such lines.
    return f"{x:.0f} {HEIGHT - HEIGHT * share_of(value, top):.0f}"
