"""Spreadsheets both ways: written for Excel, read back row by row, applied as a whole, undone."""
