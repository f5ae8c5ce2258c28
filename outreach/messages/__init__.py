"""Tells villages and teams what concerns them: one outbox, each message once."""
