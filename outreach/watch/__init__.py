"""Seen from outside: what runs, what waits, and what is told in the log."""
