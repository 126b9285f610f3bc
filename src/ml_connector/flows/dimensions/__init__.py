"""Departments and classes: names, renames, and the texts that carry them (accounting-rules F)."""
