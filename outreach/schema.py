"""Every table in one picture: what migrations compare and tests create."""

from sqlmodel import SQLModel

import outreach.campaigns.tables
import outreach.history.tables
import outreach.logbook.tables
import outreach.messages.tables
import outreach.papers.tables
import outreach.people.tables
import outreach.progress.tables
import outreach.sheets.tables
import outreach.villages.tables
import outreach.visits.tables
import outreach.watch.tables  # noqa: F401 - importing a table puts it into the picture

metadata = SQLModel.metadata
