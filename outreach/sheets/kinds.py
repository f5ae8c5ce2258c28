"""What a kind of spreadsheet is: its columns, what its rows mean, how they are applied and undone.

A new kind is one file that makes one `Kind` out of its columns and four functions, and one line
in `outreach.sheets.registry`. Reading, staging, the error column and the difference are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence  # noqa: TC003 - dataclass fields
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from outreach.people.access import Person  # noqa: TC001 - dataclass fields are read at run time
from outreach.sheets.tables import SheetKind  # noqa: TC001 - as above

if TYPE_CHECKING:
    from sqlmodel import Session

#: What a cell holds once it is read; None is a blank cell.
type Value = str | int | float | bool | date | time | None


class Cell(StrEnum):
    """How the cells of a column are read and written.

    TEXT is one text; CODE a region code (read in any writing, kept with dots); WHOLE and DECIMAL
    numbers (`int`, `float`); DAY a `date`; MONTH the `date` of its first day; CLOCK a `time`;
    CHOICE the value of a `Choice`; FLAG yes or no (`bool`).
    """

    TEXT = "text"
    CODE = "code"
    WHOLE = "whole"
    DECIMAL = "decimal"
    DAY = "day"
    MONTH = "month"
    CLOCK = "clock"
    CHOICE = "choice"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a dropdown: what it means to us, and its words in Indonesian.

    One that is not offered is read all the same.
    """

    value: str
    label: str
    is_offered: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a kind.

    Attributes
    ----------
    key
        Name of the value in `Row.values`; a sheet may use it as a header too.
    header, help, example
        In Indonesian, as the sheet and its instructions show them.
    is_required
        A blank cell is refused before `check` sees the row.
    is_info
        Written for the reader only; what an uploaded sheet holds there is not read.
    width
        In characters.
    """

    key: str
    header: str
    cell: Cell = Cell.TEXT
    help: str = ""
    example: str = ""
    choices: tuple[Choice, ...] = ()
    is_required: bool = False
    is_info: bool = False
    width: int = 16


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row, or worth knowing about a change: a code and its facts.

    `column` is a column's key, or empty for the whole row. Facts are JSON: text, numbers, lists.
    The codes are those that `outreach.web.words` knows, and `outreach.web.sheet_words`.
    """

    column: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """One row of an uploaded sheet, numbered as its reader sees it: the header is row 1.

    `given` holds the cells as they were, as text; `values` what was read from them, for every
    column of the kind: None where the cell is blank or the sheet lacks the column, and then the
    column is `absent` too. A row with problems is refused; `check` adds them with `refuse`.
    """

    number: int
    given: dict[str, str]
    values: dict[str, Value]
    problems: list[Problem] = field(default_factory=list)
    absent: frozenset[str] = frozenset()

    def refuse(self, column: str, code: str, **facts: Any) -> None:
        """Note what is wrong with a cell, or with the whole row if `column` is empty."""
        found = Problem(column, code, facts)
        if found not in self.problems:
            self.problems.append(found)

    @property
    def is_refused(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.problems)


class Act(StrEnum):
    """What a change does."""

    ADD = "add"
    ALTER = "alter"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """What applying one row would do.

    Attributes
    ----------
    row
        Number of the row; 0 where a change follows from another row.
    label
        What it is about, in words for people: "Joyosuran (33.72.03.1004)".
    before, after
        The values that differ, by column key: what stands now, what will stand.
    facts
        What `apply` needs to find the thing again: ids, versions. JSON.
    notes
        What a person should know before applying.

    The upload is stale when the same row makes another change than it made when it was shown, so
    whatever matters (the version of the row it is based on) has to stand in `facts`.
    """

    row: int
    act: Act
    label: str
    before: Mapping[str, Value] = field(default_factory=dict)
    after: Mapping[str, Value] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """Who works with a sheet, for which branch (and stage, if the kind belongs to one), when.

    The person's right to plan for the branch has been checked; `regencies` are the branch's.
    `today` is the day it is in the branch.
    """

    by: Person
    branch_id: int
    regencies: tuple[str, ...]
    now: datetime
    today: date
    stage_id: int | None = None


#: One thing to take back: JSON, with the number of its row as `row`.
type Undo = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of spreadsheet.

    Attributes
    ----------
    kind
        Its name.
    title
        Name of the worksheet and of the file, in Indonesian.
    columns
        The columns, with the choices of the branch.
    key
        Keys of the columns that tell rows apart; two rows with the same key are both refused
        before `check` sees them.
    current
        What stands now, one mapping per row by column key: the download.
    check
        Refuses rows that cannot be applied and returns what the others would change. Writes
        nothing. It gets only rows that could be read. A row that changes nothing makes no change.
    apply
        Writes the changes, all of them, and returns what takes them back. It runs in the same
        transaction as a fresh `check` that came to the same changes.
    undo
        Takes an applied upload back; refuses with `Conflict(problem="changed_since", rows=[…])`
        if something of it was changed since, naming the rows.
    is_of_stage
        Whether it belongs to one stage.
    """

    kind: SheetKind
    title: str
    columns: Callable[[Session, Context], tuple[Column, ...]]
    key: tuple[str, ...]
    current: Callable[[Session, Context], Sequence[Mapping[str, Value]]]
    check: Callable[[Session, Sequence[Row], Context], list[Change]]
    apply: Callable[[Session, Sequence[Change], Context], list[Undo]]
    undo: Callable[[Session, Sequence[Undo], Context], None]
    is_of_stage: bool = False


#: For kinds whose rows can be taken away: rows that a sheet leaves out stay as they are.
REMOVE = Column(
    "remove",
    "Hapus",
    Cell.FLAG,
    help="Isi “ya” untuk menghapus baris ini. Baris yang tidak ada di berkas tetap seperti semula.",
    width=8,
)
