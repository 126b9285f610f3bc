"""Rules of Account and Contact."""

from __future__ import annotations

from typing import Any

from .errors import ApiError
from .relations import contact_saved
from .rulebook import Rules
from .state import Record
from .world import Tx


class AccountRules(Rules):
    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        parent = new.get("ParentId") if "ParentId" in values else None
        while parent is not None:
            if parent == old["Id"]:
                text = "attempt to violate hierarchy constraints"
                raise ApiError("CIRCULAR_DEPENDENCY", text, fields=["ParentId"])
            above = tx.live("Account", parent)
            parent = above.get("ParentId") if above else None


def full_name(record: Record) -> str:
    return " ".join(record[part] for part in ("FirstName", "LastName") if record.get(part))


class ContactRules(Rules):
    """The compound name is kept from its parts, the direct relation from its account."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        if name := full_name(draft):
            draft["Name"] = name

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        new["Name"] = full_name(new)

    def after_create(self, tx: Tx, record: Record) -> None:
        contact_saved(tx, None, record)

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        contact_saved(tx, old, new)
