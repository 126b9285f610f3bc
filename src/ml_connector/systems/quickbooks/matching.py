"""The table of all customers, for matching: what tells who they are, and no more. A company may have very many."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ml_connector.model.tables import Table

from .records import Address, Customer, Email, Phone, Web

_TELLING = (
    *("id", "display_name", "active", "is_project"),
    *("primary_email_addr", "primary_phone", "web_addr", "bill_addr"),
)
_Row = tuple[str, str, bool, bool, Email | None, Phone | None, Web | None, Address | None]
_decoder = msgspec.msgpack.Decoder(_Row)


def packed(customer: Customer) -> bytes:
    """The fields by which a customer is matched, as bytes: the record takes several times as much (decision 0008)."""
    return msgspec.msgpack.encode([getattr(customer, name) for name in _TELLING])


def opened(row: bytes) -> Customer:
    """The customer out of a row, with the fields by which it is matched only."""
    return Customer(**dict(zip(_TELLING, _decoder.decode(row), strict=True)))


def table(rows: Sequence[bytes]) -> Table[Customer]:
    """The table of these rows; customers are opened as they are looked at."""
    return Table(rows, opened)
