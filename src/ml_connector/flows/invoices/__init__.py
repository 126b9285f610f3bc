"""Invoices on Opportunities, and what they say about an Account (accounting-rules D, E.2)."""
