"""Webhooks: bodies, delivery, and what goes wrong with it (reference section 9)."""
