"""What a link says its target is to its source: the closed list (accounting-rules 0.3, C.3, D.9, D.11, E, F)."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The values stand in the state and in triggers; they never change. Who shows links goes through all of them."""

    ACCOUNT = "account"
    """Customer and account that are one business. Exclusive: the account's own customer."""
    DECLARED_NEW = "new"
    """A record with itself: a person said that it has no counterpart yet."""
    AWAITED = "awaited"
    """An inactive customer and the first record that cannot do without its account."""
    CONTACT = "contact"
    """An address of a customer and the contact who has it."""
    OPPORTUNITY = "opportunity"
    """An invoice and the Opportunity that shows it."""
    CONTACT_ROLE = "role"
    """A person on an Opportunity and the OpportunityContactRole that says so."""
    BILLED = "billed"
    """An invoice and the account that it counts for."""
    MOVED = "moved"
    """An invoice's source that has left an account, kept for a while to find its customer."""
    SUMMARY = "summary"
    """An account and what was last written on it about its invoices."""
    MERGED = "merged"
    """An account that people merged away, and the one that took it over."""
    JOURNAL = "journal"
    """An order (and kind of posting) and the journal entry that posts it."""
    RATE = "rate"
    """A pair of currencies and the entry whose rate was used last."""
    ITEM = "item"
    """A product and the item that its code was matched to."""
    PRECEDENT = "precedent"
    """Something that people approved once, so that it is no longer new to the limit."""
    DIM_NAME = "dim"
    """A department or class and the name it has now."""
    DIM_ALIAS = "dim_alias"
    """A name that a department or class had, and who had it."""
    DIM_USE = "dim_use"
    """A record and the department or class whose name is written on it."""
