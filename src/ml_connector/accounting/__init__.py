"""Bookkeeping, pure: what orders post, and what the tie-out holds it to (accounting-rules A to C)."""
