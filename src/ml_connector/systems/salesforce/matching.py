"""The table of all accounts, for matching: their mark, names, billing addresses and e-mails, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ml_connector.model.tables import Table

from .records import SObject

_ADDRESS = ("Street", "City", "State", "StateCode", "PostalCode", "Country", "CountryCode")
_TELLING = ("Name", "Phone", "Website", "QBO_Id__c", "QBO_Billing_Email__c", *(f"Billing{part}" for part in _ADDRESS))
_Row = tuple[str, tuple[Any, ...], tuple[tuple[str, Any], ...]]
_decoder = msgspec.msgpack.Decoder(_Row)


def packed(account: SObject) -> bytes:
    """The account as a row. A field that the org does not show is empty."""
    emails = [(contact.id, contact.fields.get("Email")) for contact in account.children("Contacts")]
    row = (account.id, [account.fields.get(name) for name in _TELLING], emails)
    return msgspec.msgpack.encode(row, enc_hook=str)


def opened(row: bytes) -> SObject:
    """The account out of a row, with the fields by which it is matched only, and its contacts' e-mails."""
    key, values, emails = _decoder.decode(row)
    contacts = tuple(SObject("Contact", contact, {"Email": email}) for contact, email in emails)
    return SObject("Account", key, {**dict(zip(_TELLING, values, strict=True)), "Contacts": contacts})


def table(rows: Sequence[bytes]) -> Table[SObject]:
    """The table of these rows; accounts are opened as they are looked at."""
    return Table(rows, opened)
