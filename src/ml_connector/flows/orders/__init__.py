"""Orders to journal entries (accounting-rules B)."""
