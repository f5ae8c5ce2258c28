"""Decides who goes where and when; knows no database, no web, no clock and no queue."""
