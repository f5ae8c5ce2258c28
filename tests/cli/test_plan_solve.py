"""`outreach plan` by hand: a problem in, its plan out; wrong input writes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result

from outreach.cli import main, plan_words
from outreach.cli.plan_example import example_of
from outreach.planning import problem_form
from outreach.planning.plan_file import PlanFile
from outreach.planning.problem_form import ProblemFile
from tests.builders import national_registry
from tests.planning.spoken_rules import broken
from tests.planning.test_problem_file import SMALL, TABLE, changed
from tests.visits.world import active_visits, build_world
from tests.visits.world import plan as plan_stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCALE", "en")
    # A command that needs no database must not look for one.
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    return lambda *words, **told: CliRunner().invoke(main, ["plan", *words], **told)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr("outreach.cli.plan_example.read_registry", national_registry)
    made = example_of("33.72", date(2027, 1, 11))
    told: dict[str, Any] = json.loads(made.model_dump_json(exclude_unset=True))
    return told | {"parameters": {"rounds": [60, 60]}}


def test_the_example_is_planned_by_the_rules_and_every_village_answered(
    run: Run, example: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "soal.json").write_text(json.dumps(example), encoding="utf-8")
    done = run("solve", "soal.json", "--out", "rencana.json")
    assert (done.exit_code, done.stdout) == (0, "")
    plan = json.loads((tmp_path / "rencana.json").read_text(encoding="utf-8"))
    assert broken(example, plan) == []
    figures = plan["figures"]
    assert figures["villages"] == 54 == figures["visits"] + figures["unplaced"]
    assert figures["visits"] > 40
    assert f"{figures['visits']} of 54 villages" in done.stderr
    of = {one["code"]: one for one in plan["visits"]}
    villages = example["villages"]
    assert of[villages[2]["code"]]["ends"] <= "12:00"
    assert of[villages[4]["code"]]["day"] == "2027-01-13"
    assert (of[villages[4]["code"]]["team"], of[villages[4]["code"]]["starts"]) == (1, "10:00")
    assert [one.name for one in tmp_path.iterdir() if "part" in one.name] == []


def test_the_same_problem_gives_the_same_plan_in_another_process(
    run: Run, example: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "soal.json"
    file.write_text(json.dumps(example), encoding="utf-8")
    here = run("solve", "soal.json").stdout
    told = os.environ | {"PYTHONHASHSEED": "4711"}
    program = "from outreach.cli import main; main()"
    command = [sys.executable, "-c", program, "plan", "solve", "soal.json"]
    there = subprocess.run(command, env=told, cwd=tmp_path, capture_output=True, check=True)
    assert there.stdout.decode() == here


def test_the_rounds_and_the_seed_of_a_plan_make_it_again(run: Run, example: dict[str, Any]) -> None:
    timed = example | {"parameters": {"cpu_seconds": 0.3}, "seed": 9}
    first = json.loads(run("solve", "-", input=json.dumps(timed)).stdout)
    again = timed | {"parameters": {"rounds": first["rounds"]}, "seed": first["seed"]}
    second = json.loads(run("solve", "-", input=json.dumps(again)).stdout)
    assert second["visits"] == first["visits"]
    assert second["unplaced"] == first["unplaced"]


def test_the_proof_says_how_far_from_the_best_a_plan_is(run: Run, example: dict[str, Any]) -> None:
    few = example | {"villages": example["villages"][:12]}
    done = run("solve", "-", "--bound", input=json.dumps(few))
    plan = json.loads(done.stdout)
    proof = plan["certificate"]
    assert proof["cost_s"] == pytest.approx(plan["figures"]["bill"]["total_s"], abs=1)
    assert 0 < proof["bound_s"] <= proof["cost_s"] + 1
    assert 0 <= proof["gap"] < 0.1
    assert f"at most {100 * proof['gap']:.1f} % above the best possible plan" in done.stderr


def test_a_table_of_travel_decides_the_ways_and_is_noted(run: Run) -> None:
    uneven = changed(TABLE, ("travel.seconds", [[0, 60, 900], [600, 0, 120], [900, 120, 0]]))
    done = run("solve", "-", input=uneven.decode())
    plan = json.loads(done.stdout)
    assert broken(json.loads(uneven), plan) == []
    # Base to village 1 in 10 minutes, 2 more to village 2, back over village 1 in 12.
    ways = [(one["travel_minutes"], one["return_minutes"]) for one in plan["visits"]]
    assert sorted(ways) in ([(2, 10), (12, 0)], [(2, 12), (10, 0)])
    assert plan["notes"] == {"evened_pairs": 1, "most_apart_s": 540.0, "shortened_pairs": 1}
    assert "1 pairs take longer one way than the other (up to 540 s)" in done.stderr
    assert "1 pairs are reached sooner over other places" in done.stderr


def test_both_files_keep_the_schema_that_is_printed(run: Run, example: dict[str, Any]) -> None:
    problem = json.loads(run("schema").stdout)
    jsonschema_rs.validate(problem, example)
    jsonschema_rs.validate(problem, SMALL)
    made = json.loads(run("solve", "-", input=json.dumps(example)).stdout)
    schema = json.loads(run("schema", "--of", "plan").stdout)
    jsonschema_rs.validate(schema, made)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(problem, example | {"sites": []})
    assert PlanFile.model_validate_json(json.dumps(made)).version == 1


def test_wrong_input_is_told_with_every_path_and_nothing_is_written(
    run: Run, tmp_path: Path
) -> None:
    wrong = changed(SMALL, ("villages.0.value", -1), ("villages.1.code", "33.72.01.1001"))
    (tmp_path / "soal.json").write_bytes(wrong)
    (tmp_path / "rencana.json").write_text("older", encoding="utf-8")
    done = run("solve", "soal.json", "--out", "rencana.json")
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "Error: The problem cannot be planned; nothing was written:",
        "villages[0].value: Must be at least 0.",
        "villages[1].code: 33.72.01.1001 stands already at villages[0].code.",
    ]
    assert (tmp_path / "rencana.json").read_text(encoding="utf-8") == "older"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "The file is no JSON or ends too early: line 1, column 2."),
        (b"\xff", "The file is no text in UTF-8 (byte 0)."),
        (b"[" * 99_999, "The file holds a number or brackets that nothing can read."),
    ],
)
def test_what_is_no_problem_is_told_in_a_sentence(run: Run, content: bytes, words: str) -> None:
    done = run("solve", "-", input=content)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_file_above_the_limit_is_read_no_further(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach.cli.plan.MOST_BYTES", 10)
    monkeypatch.setattr("outreach.planning.problem_file.MOST_BYTES", 10)
    done = run("solve", "-", input=b" " * 5_000)
    assert done.exit_code == 2
    assert "too large" in done.stderr


@pytest.mark.parametrize(
    "words", [["solve", "missing.json"], ["solve", "."], ["example", "--area", "33"]]
)
def test_what_is_not_there_is_told(run: Run, words: list[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("outreach.cli.plan_example.read_registry", national_registry)
    done = run(*words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_plan_is_not_begun_that_could_not_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "soal.json").write_text(json.dumps(SMALL), encoding="utf-8")
    done = run("solve", "soal.json", "--out", "nowhere/rencana.json")
    assert done.exit_code == 2
    assert "There is no such folder" in done.stderr


def test_a_work_package_written_to_a_file_gives_the_visits_that_were_saved(
    run: Run, sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build_world(sqlite_engine)
    plan_stage(sqlite_engine, world)
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string())
    assert run("export", "1", "--out", "paket.json").exit_code == 0
    made = json.loads(run("solve", "paket.json").stdout)
    found = [(one["code"], one["team"], one["day"], one["slot"]) for one in made["visits"]]
    saved = [
        (code, team, str(day), slot)
        for code, team, day, slot, *_ in active_visits(sqlite_engine, world.stage_id)
    ]
    assert sorted(found) == sorted(saved)
    assert len(saved) > 10
    missing = run("export", "999")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "No work package has the number 999." in missing.stderr


def test_very_many_faults_are_counted(run: Run) -> None:
    wrong = SMALL | {"villages": [{"code": str(number)} for number in range(300)]}
    done = run("solve", "-", input=json.dumps(wrong))
    assert done.stderr.splitlines()[-1] == "… and 400 more."


def test_every_fault_that_the_planner_knows_has_its_words() -> None:
    import re
    from pathlib import Path

    source = Path(problem_form.__file__).with_name("problem_faults.py").read_text("utf-8")
    named = set(re.findall(r'Fault\([^,]+, "(\w+)"', source))
    assert len(named) > 12
    assert named <= set(plan_words.sentences())


def test_the_schema_names_the_format_and_explains_its_fields() -> None:
    schema = ProblemFile.model_json_schema()
    assert schema["properties"]["format"]["const"] == "outreach-problem"
    assert "Sign-ups expected" in str(schema["$defs"]["VillageIn"]["properties"]["value"])


def test_what_is_written_otherwise_is_told_with_an_example(run: Run) -> None:
    wrong = changed(
        SMALL,
        ("teams.0.starts", "8.00"),
        ("villages.0.code", "Jayengan"),
        ("teams.0.base.region_code", "Surakarta"),
    )
    told = run("solve", "-", input=wrong.decode()).stderr
    assert "teams[0].starts: Must be a time like 08:00, at the latest 47:59." in told
    assert "villages[0].code: Must be the code of a village like 33.72.01.1001." in told
    assert "teams[0].base.region_code: Must be the code of a region like 33.72" in told


def test_visits_that_stand_against_the_rules_are_named(run: Run) -> None:
    first = {"team": 1, "day": "2027-01-11", "starts": "09:00"}
    both = changed(
        SMALL,
        ("villages.0.pin", first),
        ("villages.1.pin", first | {"starts": "09:30"}),
        ("villages.1.place", {"latitude": -7.56, "longitude": 110.81}),
    )
    done = run("solve", "-", input=both.decode())
    assert done.exit_code == 0
    assert json.loads(done.stdout)["violations"]
    lines = done.stderr.splitlines()
    at = lines.index("These visits that stand break a rule; the plan keeps them as they are:")
    assert "2027-01-11: The team cannot be there yet" in lines[at + 1]
    assert "break a rule" not in run("solve", "-", input=json.dumps(SMALL)).stderr
