"""Customers and accounts: matching, agreement, and what becomes of them (accounting-rules D.9 to D.11, E)."""
