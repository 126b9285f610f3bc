"""Rules of Account and Contact."""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

from .relations import contact_saved
from .rule import Rules, insert

_PERSON = ("Salutation", "FirstName", "LastName")


def _refuse_name() -> ApiError:
    text = "Account: bad field names on insert/update call: Name"
    return ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", text, fields=["Name"])


class AccountRules(Rules):
    """Hierarchies without a circle; a person account has the name of its person, and a contact behind it."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """With a LastName it is a person: named after it. Raises when a person is given a Name too."""
        if "LastName" not in draft:
            return
        if "Name" in draft:
            raise _refuse_name()
        draft |= {"Name": full_name(draft), "IsPersonAccount": True}

    def after_create(self, tx: Tx, record: Record) -> None:
        """A person gets the contact that stands behind it, with the same person fields and owner."""
        if not record.get("IsPersonAccount"):
            return
        kind = tx.world.schema.objects["Contact"]
        person = _person_of(record) | {"AccountId": record["Id"], "OwnerId": record["OwnerId"]}
        contact = {**tx.world.state.tables["Contact"].kind.defaults, **person, "IsPersonAccount": True}
        if "CurrencyIsoCode" in record:
            contact["CurrencyIsoCode"] = record["CurrencyIsoCode"]
        insert(tx, kind, contact)
        tx.adjust("Account", record, PersonContactId=contact["Id"])

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """What changed of the person changes at its contact, with the account's stamps."""
        contact = tx.live("Contact", new.get("PersonContactId"))
        if contact is not None and _person_of(old) != _person_of(new):
            stamps = {"LastModifiedDate": tx.now, "LastModifiedById": tx.actor.user_id}
            gone = dict.fromkeys(_person_of(contact))
            tx.adjust("Contact", contact, **(gone | _person_of(new) | stamps))

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """A person's name follows its parts. Raises CIRCULAR_DEPENDENCY for a parent that hangs below."""
        if old.get("IsPersonAccount"):
            if "Name" in values:
                raise _refuse_name()
            new["Name"] = full_name(new)
        parent = new.get("ParentId") if "ParentId" in values else None
        while parent is not None:
            if parent == old["Id"]:
                text = "attempt to violate hierarchy constraints"
                raise ApiError("CIRCULAR_DEPENDENCY", text, fields=["ParentId"])
            above = tx.live("Account", parent)
            parent = above.get("ParentId") if above else None


def _person_of(account: Record) -> Record:
    """What the contact behind a person account has of it, and the other way round."""
    names = {name: account[name] for name in (*_PERSON, "Name") if name in account}
    email = account.get("PersonEmail", account.get("Email"))
    return names | ({"Email": email} if email else {})


def full_name(record: Record) -> str:
    """First and last name with a space; of what is filled."""
    return " ".join(record[part] for part in ("FirstName", "LastName") if record.get(part))


class ContactRules(Rules):
    """The compound name is kept from its parts, the direct relation from its account."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Name from first and last name."""
        if name := full_name(draft):
            draft["Name"] = name

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """Name from first and last name."""
        new["Name"] = full_name(new)

    def after_create(self, tx: Tx, record: Record) -> None:
        """It gets its direct relation, where the org has relations."""
        contact_saved(tx, None, record)

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """Its direct relation moves with its account, where the org has relations."""
        contact_saved(tx, old, new)
