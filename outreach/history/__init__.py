"""Who did what, to what and when, and who saw telephone numbers: lines that are only ever added."""
