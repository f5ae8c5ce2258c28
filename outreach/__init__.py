"""Outreach: plans village sessions for workers' social security, from stage to sign-up."""
