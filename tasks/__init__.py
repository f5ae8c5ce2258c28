"""The same acts in the background; nothing is decided here."""
