"""Backups that are checked before they are trusted, and the checker of the data itself."""
