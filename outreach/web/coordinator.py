"""The coordinator's pages: the desk, campaigns, stages, plan runs, plans and visits."""

from outreach.web import (  # noqa: F401 - importing them puts their views on the blueprint
    approvals,
    coordinator_answers,
    coordinator_asking,
    coordinator_campaigns,
    coordinator_certificate,
    coordinator_closures,
    coordinator_desk,
    coordinator_disputes,
    coordinator_fairness,
    coordinator_forms,
    coordinator_forward,
    coordinator_how,
    coordinator_letterhead,
    coordinator_map,
    coordinator_messages,
    coordinator_odk,
    coordinator_officials,
    coordinator_omissions,
    coordinator_papers,
    coordinator_phones,
    coordinator_plan,
    coordinator_replan,
    coordinator_reviews,
    coordinator_runs,
    coordinator_sheets,
    coordinator_shortlist,
    coordinator_stages,
    coordinator_unreached,
    coordinator_verdict,
    coordinator_visits,
    coordinator_ways,
)
from outreach.web.coordinator_pages import pages

__all__ = ["pages"]
