"""What a kind of record adds to the common path of every write."""

from __future__ import annotations

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.kind import Kind
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.values import Json


class Rule:
    """The moments of a write of one kind. Drafts may be changed in place; anything may raise `Fault`."""

    creatable = True
    updatable = True
    deletable = True
    voidable = False
    """By apps, over the API."""
    voidable_on_screen = False
    """By users."""
    single = False
    """There is exactly one record, with Id 1; its updates are always sparse."""
    derived: tuple[str, ...] = ("MetaData",)
    """What follows by itself: a write that differs in nothing else changes nothing."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Judge a create or update and fill in what was not sent; references have been checked."""

    def before_update(self, context: WriteContext, old: Json) -> None:
        """Refuse to change a stored record."""

    def before_delete(self, context: WriteContext, old: Json) -> None:
        """Refuse to delete a stored record."""

    def after_save(self, context: WriteContext, new: Json, old: Json | None) -> None:
        """Bring indexes, balances and other records up to date; `old` is None for a new record."""

    def on_delete(self, context: WriteContext, old: Json) -> None:
        """Take a record that is about to go out of indexes, balances and other records."""

    def voided(self, context: WriteContext, old: Json) -> Json | None:
        """The record as it stands once it is void, taken out of balances and links; None if it is void already."""
        raise faults.unsupported(f"void {self.kind.name}")
