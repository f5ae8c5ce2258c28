"""Reached and signed up, per village up to the nation."""
