"""The table of all customers, for matching: what tells who they are, and no more. A company may have very many."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ml_connector.model.reading import Reference
from ml_connector.model.tables import Table
from ml_connector.systems import wire

from .calls import Api
from .records import Address, Customer, Email, Phone, Web

_TELLING = ("id", "display_name", "is_project", "primary_email_addr", "primary_phone", "web_addr", "bill_addr")
_Row = tuple[str, str, bool, Email | None, Phone | None, Web | None, Address | None]
_decoder = msgspec.msgpack.Decoder(_Row)


async def read(api: Api) -> Reference:
    """All customers, inactive ones included, each id once; only the fields by which they are matched."""
    rows: dict[str, bytes] = {}
    async for page in api.pages(Customer.KIND):
        for each in wire.convert_each(page, Customer, f"a list of {Customer.KIND}"):
            rows[each.id] = packed(each)
    customers = table(tuple(rows.values()))
    return Reference(customers, customers.digest)


def packed(customer: Customer) -> bytes:
    return msgspec.msgpack.encode([getattr(customer, name) for name in _TELLING])


def opened(row: bytes) -> Customer:
    return Customer(**dict(zip(_TELLING, _decoder.decode(row), strict=True)))


def table(rows: Sequence[bytes]) -> Table[Customer]:
    return Table(rows, opened)
