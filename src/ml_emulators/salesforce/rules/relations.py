"""Contacts to Multiple Accounts: who is related to which account, beside the one that the contact belongs to.

A contact's own account is its direct relation, made and moved by the platform; all others are indirect.
"""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import UI_ORIGIN, Tx, World

from .rule import Rules, insert, undeletable

KIND = "AccountContactRelation"


class RelationRules(Rules):
    """What a client makes is indirect, once for a contact and an account."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Raises DUPLICATE_VALUE for a second relation of the contact with the account."""
        contact, account = draft.get("ContactId"), draft.get("AccountId")
        if contact and account and find(tx, contact, account):
            text = "This contact already has a relationship with this account."
            raise ApiError("DUPLICATE_VALUE", text, fields=["ContactId"])

    def before_own_delete(self, tx: Tx, record: Record) -> None:
        """Raises DELETE_FAILED for the direct relation, which is the contact's own account."""
        if record.get("IsDirect"):
            raise undeletable("To remove a direct relationship, change the contact's account or delete the contact.")


def find(tx: Tx, contact: str, account: str) -> Record | None:
    """The relation of a contact with an account; None when they have none."""
    return next((row for row in tx.find(KIND, "ContactId", contact) if row["AccountId"] == account), None)


def contact_saved(tx: Tx, old: Record | None, contact: Record) -> None:
    """The direct relation follows the contact's account. Nothing where the org does not have the feature."""
    before, now = (old or {}).get("AccountId"), contact.get("AccountId")
    if not tx.world.related or before == now:
        return
    if before is not None:
        _leave(tx, contact["Id"], before)
    if now is not None:
        _belong(tx, contact["Id"], now)


def _leave(tx: Tx, contact: str, account: str) -> None:
    row = find(tx, contact, account)
    if row is not None and tx.switches.former_account_stays_related:
        tx.adjust(KIND, row, IsDirect=False)
    elif row is not None:
        tx.erase(KIND, row["Id"])


def _belong(tx: Tx, contact: str, account: str) -> None:
    row = find(tx, contact, account)
    if row is not None:
        tx.adjust(KIND, row, IsDirect=True)
        return
    kind = tx.world.schema.objects[KIND]
    ends = {"ContactId": contact, "AccountId": account}
    insert(tx, kind, kind.defaults | ends | {"IsDirect": True})


def merged(tx: Tx, winner: str, field: str) -> None:
    """After a merge two relations may be between the same two: one stays, the direct one if there is one."""
    if not tx.world.related:
        return
    kept: dict[tuple[Any, Any], Record] = {}
    for row in sorted(tx.find(KIND, field, winner), key=lambda row: (not row.get("IsDirect"), row["Id"])):
        first = kept.setdefault((row["ContactId"], row["AccountId"]), row)
        if first is not row:
            tx.erase(KIND, row["Id"])
    if field == "ContactId":
        _one_direct(tx, winner)


def _one_direct(tx: Tx, contact: str) -> None:
    """The relations of a merged contact's losers are indirect, but for the winner's own account."""
    own = (tx.live("Contact", contact) or {}).get("AccountId")
    for row in list(tx.find(KIND, "ContactId", contact)):
        tx.adjust(KIND, row, IsDirect=row["AccountId"] == own)


def settle(world: World) -> None:
    """Let the admin's switch take effect: on, every contact gets its direct relation; off, all relations go."""
    switched_on = world.switches.contacts_to_multiple_accounts
    if switched_on == world.related:
        return
    world.related = True
    with world.transact(world.sales, UI_ORIGIN) as tx:
        if switched_on:
            for contact in list(world.state.tables["Contact"].live.values()):
                contact_saved(tx, None, contact)
        else:
            for row_id in [*world.state.tables[KIND].live, *world.state.tables[KIND].gone]:
                tx.erase(KIND, row_id)
    world.related = switched_on
