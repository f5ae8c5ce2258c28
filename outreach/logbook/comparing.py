"""Whether two tellings of one session say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.logbook.record import SessionReportIn, met_of

if TYPE_CHECKING:
    from outreach.logbook.listing import ReportRow
    from outreach.logbook.record import Met

#: Must be equal.
_FIGURES = ("held_on", "men", "women", "signups")
#: Tell the same where they are not told.
_OPTIONAL = ("paid", "minutes", "place", "remarks")


def says_the_same(report: SessionReportIn, stored: ReportRow | SessionReportIn) -> bool:
    """Whether a report tells nothing else than a stored one, and nothing more.

    A start some minutes apart is no contradiction: one wrote it down, the other looked at a clock.
    Nor is what one of them leaves out: the result, which follows from who has paid, is not asked.
    """
    figures = all(getattr(report, name) == getattr(stored, name) for name in _FIGURES)
    optional = (getattr(report, name) for name in _OPTIONAL)
    told = zip(optional, (getattr(stored, name) for name in _OPTIONAL), strict=True)
    return (
        figures
        and report.met is _met(stored)
        and all(ours in (None, "", theirs) for ours, theirs in told)
        and (not report.details or _lines(report) == _lines(stored))
    )


def _met(stored: ReportRow | SessionReportIn) -> Met:
    return stored.met if isinstance(stored, SessionReportIn) else met_of(stored.result)


def _lines(report: SessionReportIn | ReportRow) -> set[tuple[str, str, str, int]]:
    return {(one.sector, one.package, one.payer, one.workers) for one in report.details}
