"""The query language: reading, fields, running (reference section 3)."""
