"""A write that a vendor will never take, at any place of a batch: its neighbours are done, and it is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal, NamedTuple

import pytest

from ml_connector.engine.batches import ONE_BY_ONE, smaller
from ml_connector.model.tasks import WRITE_FAILS
from ml_connector.systems.quickbooks import writing as books
from ml_connector.systems.salesforce import writing as org
from ml_emulators.kit.faults import Fault, RecordMatch
from support.market import Market
from support.tables import put_back, rows_of

SOON = (3, 12, 25, 60)
"""Minutes between the first passes: enough for the two failures after which a batch is taken apart."""
LATER = 300
"""Minutes between the others of more than a day: longer than the longest wait."""
PAIRS = 31
WORDS = "Out of ink"
TRIES = 24
"""Most writing requests for one record that never comes through, beside one for each of its neighbours."""
Action = Literal["create", "update"]


class Side(NamedTuple):
    """The vendor that is written to: its kind of record, and the field with its name."""

    vendor: str
    kind: str
    name: str
    code: str


BOOKS = Side("quickbooks", "Customer", "DisplayName", "10000")
ORG = Side("salesforce", "Account", "Name", "UNKNOWN_EXCEPTION")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """Pairs in step."""
    market = Market(tmp_path_factory.mktemp("poison"))
    market.add_pairs(PAIRS, contact=False)
    asyncio.run(market.in_step())
    market.home.clock.advance(timedelta(minutes=30))
    return market


@contextmanager
def put_aside(market: Market) -> Iterator[None]:
    """What is done meanwhile never was."""
    home = market.home
    vendors, rows = home.emulation.snapshot(), rows_of(home.store)
    try:
        yield
    finally:
        home.emulation.faults.clear()
        home.emulation.restore(vendors)
        put_back(home.store, rows)
        home.app = home.process()


def act(market: Market, side: Side, action: Action, size: int) -> list[str]:
    """What people do on the other side, so that so many records are written on this one; the names of those."""
    if action == "update":
        for customer, account in market.pairs[:size]:
            if side is BOOKS:
                market.salesforce("update", "Account", Id=account, Phone="(617) 555-0199")
            else:
                market.quickbooks("update", "Customer", Id=customer, PrimaryPhone={"FreeFormNumber": "(617) 555-0199"})
        return [f"Client {number:05d}" for number in range(size)]
    names = [f"Quite new {number:03d}" for number in range(size)]
    address = {"Line1": "1 Elm", "City": "Boston", "CountrySubDivisionCode": "MA", "Country": "US"}
    for name in names:
        if side is BOOKS:
            market.salesforce("create", "Account", Name=name, QBO_Ready__c=True, BillingCountry="US")
        else:
            market.quickbooks("create", "Customer", DisplayName=name, BillAddr=address)
    return names


def is_write(method: str, path: str) -> bool:
    return method == "PATCH" or path.endswith(("/batch", "/customer"))


def done(market: Market, side: Side, action: Action, names: list[str]) -> list[str]:
    """Those of these records that stand as they should."""
    rows = [row for row in market.home.state(side.vendor, side.kind) if row[side.name] in names]
    return sorted(row[side.name] for row in rows if action == "create" or "0199" in str(row))


CASES = [
    *((BOOKS, "create", size, place) for size, place in ((1, 1), (2, 2), (30, 1), (30, 17), (31, 30))),
    *((BOOKS, "update", size, place) for size, place in ((1, 1), (3, 2), (30, 30), (31, 31))),
    *((ORG, "create", size, place) for size, place in ((2, 1), (61, 31))),
    *((ORG, "update", size, place) for size, place in ((1, 1), (31, 2))),
]


@pytest.mark.parametrize(
    ("side", "action", "size", "place"), CASES, ids=lambda value: value.vendor if isinstance(value, Side) else None
)
async def test_a_poison_write_is_given_up_and_its_neighbours_are_done(
    market: Market, side: Side, action: Action, size: int, place: int
) -> None:
    """Sent with others it takes them along: the vendor answers 500 to all of them."""
    home = market.home
    with put_aside(market):
        names = act(market, side, action, size)
        poisoned = names[place - 1]
        record = RecordMatch(side.kind, where={side.name: poisoned}, on="write")
        fault = Fault("status", side.vendor, status=500, code=side.code, message=WORDS, record=record, whole=True)
        number = home.emulation.faults.add(fault)
        home.network.sent.clear()
        for minutes in (*SOON, *[LATER] * 6):
            await market.later(minutes=minutes)
        assert done(market, side, action, names) == [name for name in names if name != poisoned]
        held = home.store.holds(home.app.connection.id)
        assert {hold.code for hold in held} == {WRITE_FAILS}
        assert all(WORDS in hold.facts["message"] for hold in held)
        assert home.store.open_writes(home.app.connection.id) == []
        assert sum(vendor == side.vendor and is_write(method, path) for vendor, method, path in home.network.sent) <= (
            size + TRIES
        )
        home.emulation.faults.remove(number)


@pytest.mark.parametrize("size", [*range(1, books.BATCH + 1), org.CHUNK, org.BATCH])
def test_after_few_failures_every_write_of_a_batch_goes_alone(size: int) -> None:
    alone = next(failures for failures in range(9) if smaller(size, failures) == 1)
    assert alone <= ONE_BY_ONE + (size > books.BATCH)
