"""The kinds of record: their fields, and how each is answered and asked for (reference sections 5 and 6)."""
