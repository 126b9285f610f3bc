"""What an object may add to the common rules of saving and deleting, and how the platform itself inserts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_emulators.salesforce import ids
from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.numbers import tidy
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx


class Rules:
    """The moments of a save. `draft`/`new` may be changed in place; anything may raise `ApiError`."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Derive fields of a new record; references are not checked yet."""

    def after_create(self, tx: Tx, record: Record) -> None:
        """Roll up, make companions."""

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """`values` holds what the caller named, stored forms, None for null."""

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """Roll up."""

    def before_delete(self, tx: Tx, record: Record) -> None:
        """Refuse."""

    def before_own_delete(self, tx: Tx, record: Record) -> None:
        """Refuse to delete it by itself; with what it hangs on it goes all the same."""

    def after_delete(self, tx: Tx, record: Record) -> None:
        """Roll up."""


def insert(tx: Tx, kind: SObject, draft: Record) -> None:
    """Give a checked draft its id, number and stamps, and store it."""
    number = tx.world.next_number(kind.name)
    draft["Id"] = ids.make(kind.prefix, number)
    if kind.auto_number_width and kind.name_of:
        draft[kind.name_of] = str(number).rjust(kind.auto_number_width, "0")
    draft["CreatedDate"] = draft["LastModifiedDate"] = draft["SystemModstamp"] = tx.now
    draft["CreatedById"] = draft["LastModifiedById"] = tx.actor.user_id
    tx.put(kind.name, draft)


_MOST = Decimal(10) ** 16


def amount(value: Decimal, field: str, places: int = 2) -> Decimal:
    """A derived amount, rounded to `places`. Raises NUMBER_OUTSIDE_VALID_RANGE when it has more than 18 digits."""
    tidied = tidy(value, places)
    if abs(tidied) >= _MOST:
        text = f"{field}: value outside of valid range on numeric field: {value}"
        raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", text, fields=[field])
    return tidied


def locked(message: str, *fields: str) -> ApiError:
    """INSUFFICIENT_ACCESS_OR_READONLY: the state of the record closes these fields (reference 2.6)."""
    return ApiError("INSUFFICIENT_ACCESS_OR_READONLY", message, fields=fields)


def undeletable(message: str) -> ApiError:
    """DELETE_FAILED: the state of the record, or of what hangs on it, keeps it (reference 2.6)."""
    return ApiError("DELETE_FAILED", message, fields=())


def changed(old: Record, new: Record, values: dict[str, Any]) -> set[str]:
    """The named fields whose value really differs."""
    return {name for name in values if old.get(name) != new.get(name)}
