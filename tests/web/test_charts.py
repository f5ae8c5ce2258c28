"""Charts: where their marks stand, and that their figures are told in words and in tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from flask import render_template_string

from outreach.web.charts import (
    HEIGHT,
    WIDTH,
    axis_end,
    band_path,
    columns_of,
    line_path,
    marks,
    share_of,
)

if TYPE_CHECKING:
    from flask import Flask


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ([], 2),
        ([0, None], 2),
        ([1], 2),
        ([3], 4),
        ([10], 10),
        ([11], 20),
        ([99], 100),
        ([101], 200),
        ([69_000_001], 80_000_000),
    ],
)
def test_an_axis_ends_on_a_round_number(values: list[float | None], end: float) -> None:
    assert axis_end(values) == end


def test_an_axis_of_shares_ends_below_one() -> None:
    assert axis_end([0.032], 0) == pytest.approx(0.04)
    assert axis_end([0.0], 0) == 1


def test_a_line_is_broken_where_a_value_is_missing() -> None:
    assert line_path([0, 5, 10], 10) == "M0 400 L500 200 L1000 0"
    assert line_path([1, None, 2, None, 3, 3], 4).count("M") == 3
    assert line_path([None, 2, None], 4) == "M500 200 h0"
    assert line_path([], 4) == ""
    assert line_path([4], 4) == "M500 0 h0"


def test_a_band_goes_there_and_back() -> None:
    path = band_path([None, 0, 2], [None, 4, 4], 4)
    assert path == "M500 0 L1000 0 L1000 200 L500 400 Z"
    assert band_path([None], [None], 4) == ""


def test_columns_stand_on_the_ground_and_within_the_plane() -> None:
    columns = columns_of([0, 2, None, 4], 4)
    assert len(columns) == 2
    assert [column.height for column in columns] == [HEIGHT / 2, HEIGHT]
    assert all(column.y + column.height == HEIGHT for column in columns)
    assert all(column.x >= 0 and column.x + column.width <= WIDTH for column in columns)


def test_a_share_is_a_length() -> None:
    assert (share_of(1, 4), share_of(9, 4), share_of(None, 4), share_of(1, 0)) == (0.25, 1, 0, 0)


def test_labels_below_a_chart_are_few() -> None:
    assert marks([]) == []
    assert marks(["a", "b"]) == ["a", "b"]
    assert marks(["a", "b", "c", "d", "e"]) == ["a", "c", "e"]


def draw(app: Flask, call: str) -> str:
    with app.test_request_context(headers={"Cookie": "language=en"}):
        return render_template_string('{% import "charts.html" as charts %}{{ ' + call + " }}")


def test_a_sparkline_tells_its_figures_in_words(app: Flask) -> None:
    drawn = draw(app, "charts.sparkline([3, 1200, 7], 'Sign-ups')")
    assert 'role="img"' in drawn
    assert 'aria-label="Sign-ups: lately 7, highest 1,200"' in drawn
    assert "no figures yet" in draw(app, "charts.sparkline([], 'Sign-ups')")


def test_bars_are_a_table(app: Flask) -> None:
    first = "{'name': '<b>Laweyan', 'value': 3, 'of': 12, 'href': '/x'}"
    rows = f"[{first}, {{'name': 'Jebres', 'value': 0}}]"
    drawn = draw(app, f"charts.bars({rows}, 'Reached')")
    assert "<caption>Reached</caption>" in drawn
    assert '<a href="/x">&lt;b&gt;Laweyan</a>' in drawn
    assert re.search(r"<b>3</b> of 12 <small>\(25.0%\)", drawn)
    assert 'class="part" width="250.0"' in drawn
    assert "No figures yet." in draw(app, "charts.bars([], 'Reached')")


def test_lines_have_the_same_numbers_as_a_table(app: Flask) -> None:
    drawn = draw(
        app,
        "charts.lines([{'name': 'Reached', 'values': [10, none, 30]}], 'Villages', ['a', 'b', 'c'],"
        " band={'name': 'Range', 'low': [none, 10, 20], 'high': [none, 30, 50]},"
        " target={'name': 'Target', 'value': 57})",
    )
    assert "Reached: from 10 to 30, highest 30" in drawn
    assert "Range: at the end between 20 and 50" in drawn
    assert "Target: 57" in drawn
    cells = re.findall(r'<td class="n">(.*?)</td>', drawn)
    assert cells == ["10", "", "", "", "10", "30", "30", "20", "50"]
    assert '<div class="axis" aria-hidden="true"><span>60</span><span>30</span>' in drawn


def test_columns_steps_and_parts_tell_their_figures(app: Flask) -> None:
    columns = draw(app, "charts.columns([1, 2], 'Sessions', ['a', 'b'])")
    assert 'aria-label="Sessions: lately 2, highest 2"' in columns
    assert re.findall(r'<td class="n">(.*?)</td>', columns) == ["1", "2"]
    steps = draw(
        app,
        "charts.steps([{'name': 'Forms', 'value': 40}, {'name': 'Paid', 'value': 10},"
        " {'name': 'Later', 'value': none}], 'Steps')",
    )
    assert "25.0% of the step before" in steps
    assert "<b>unknown</b>" in steps
    stacked = draw(
        app, "charts.stacked([{'name': 'A', 'value': 1}, {'name': 'B', 'value': 3}], 'Parts')"
    )
    assert 'aria-label="Parts: A 1, B 3"' in stacked
    assert 'x="250.0" width="750.0"' in stacked
    assert "75.0%" in stacked


@pytest.mark.parametrize(
    "call",
    [
        "charts.lines([], 'Nothing')",
        "charts.columns([], 'Nothing', [])",
        "charts.steps([], 'Nothing')",
        "charts.stacked([], 'Nothing')",
    ],
)
def test_a_chart_without_figures_is_a_chart(app: Flask, call: str) -> None:
    assert "Nothing" in draw(app, call)


def test_no_chart_has_a_style_of_its_own(app: Flask) -> None:
    source = app.jinja_env.loader.get_source(app.jinja_env, "charts.html")[0]  # type: ignore[union-attr]
    assert "style=" not in source
    assert "<script" not in source
