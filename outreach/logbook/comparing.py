"""Whether two tellings of one session say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outreach.logbook.record import result_of

if TYPE_CHECKING:
    from outreach.logbook.listing import ReportRow
    from outreach.logbook.record import SessionReportIn

#: Must be equal.
_FIGURES = ("held_on", "men", "women", "signups")
#: Tell the same where they are not told.
_OPTIONAL = ("paid", "minutes", "place", "remarks")


def says_the_same(report: SessionReportIn, stored: ReportRow) -> bool:
    """Whether a report tells nothing else than a stored one, and nothing more.

    A start some minutes apart is no contradiction: one wrote it down, the other looked at a clock.
    """
    figures = all(getattr(report, name) == getattr(stored, name) for name in _FIGURES)
    optional = (getattr(report, name) for name in _OPTIONAL)
    told = zip(optional, (getattr(stored, name) for name in _OPTIONAL), strict=True)
    return (
        figures
        and result_of(report) == stored.result
        and all(ours in (None, "", theirs) for ours, theirs in told)
        and (not report.details or _lines(report) == _lines(stored))
    )


def _lines(report: SessionReportIn | ReportRow) -> set[tuple[str, str, str, int]]:
    return {(one.sector, one.package, one.payer, one.workers) for one in report.details}
