"""The effort and its stages: drafted, opened, closed."""
