"""Branches, teams, officials and accounts; who may see and do what."""
