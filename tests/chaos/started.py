"""Starts a program of ours with a planner that is soon content, and with a wall taken away.

`python -m tests.chaos.started WALL PROGRAM WORDS…`; a wall that is none of the code's changes
nothing here. All else of the program is as it is.
"""

from __future__ import annotations

import runpy
import sys

from outreach.planning import assign
from tests.chaos.broken import OF_CODE

#: Of each step of the planner. What is proven here is what becomes of plans, not how good they are.
ROUNDS = 150


def main() -> None:
    wall, program, *words = sys.argv[1:]
    assign.rounds_for = lambda _: ROUNDS  # type: ignore[assignment,attr-defined]
    if wall in OF_CODE:
        OF_CODE[wall]()
    sys.argv = [program, *words]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
