"""The living connection of the demo: users change records on both sides, and each change arrives by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ml_connector.actions.up import Service, service
from ml_connector.clock import WallClock
from ml_connector.model.errors import ConnectorError
from ml_connector.rehearsal.emulators import Emulators
from ml_connector.web.server import Told, opened

LOOK = timedelta(milliseconds=20)
PATIENCE = timedelta(seconds=30)
"""Longer than any change takes; less than the next sweep, which would find it too."""
WEBHOOK, CHANGE_EVENT = "webhook", "change event"
Json = dict[str, Any]


class Arrival(msgspec.Struct, frozen=True):
    """A change that arrived: what it was, what told of it, and how many seconds later the other side had it."""

    what: str
    source: str
    seconds: Decimal


class _Pair(NamedTuple):
    customer: str
    account: str


class _Change(NamedTuple):
    """What a user does, and the question whether the other side shows it."""

    what: str
    source: str
    done: Callable[[], Awaitable[None]]
    arrived: Callable[[], Awaitable[bool]]


async def alive(home: Path, emulators: Emulators, clock: WallClock) -> list[Arrival]:
    """Run the service of `home`, change both sides, and say how long each change took. Raises `ConnectorError` for one
    that did not arrive.
    """
    async with _running(home, emulators, clock):
        return [await _played(change, clock) for change in await _changes(_Screens(emulators))]


@asynccontextmanager
async def _running(home: Path, emulators: Emulators, clock: WallClock) -> AsyncIterator[None]:
    """The service with its door, while QuickBooks delivers webhooks to it and Salesforce its change events."""
    stopping = asyncio.Event()
    async with service(home, clock=clock) as living:
        with opened(home, "127.0.0.1", 0, Told(living.arrived, living.signed_in)) as door:
            hook = {"target": f"{door.address}/hooks/quickbooks", "format": "cloudevents"}
            await emulators.ask("POST", "/webhooks", hook)
            running = asyncio.create_task(living.run(stopping))
            try:
                await _until_listening(living, running, clock)
                yield
            finally:
                stopping.set()
                await running
                door.close()


async def _until_listening(living: Service, running: asyncio.Task[None], clock: WallClock) -> None:
    while not living.listening:
        if running.done():
            await running
        await clock.sleep(LOOK)


async def _played(change: _Change, clock: WallClock) -> Arrival:
    await change.done()
    begun = time.monotonic()
    while not await change.arrived():
        if time.monotonic() - begun > PATIENCE.total_seconds():
            raise ConnectorError(f"This did not arrive: {change.what}.", "See what is held:  ml-connector holds")
        await clock.sleep(LOOK)
    return Arrival(change.what, change.source, Decimal(str(round(time.monotonic() - begun, 2))))


async def _changes(screens: _Screens) -> list[_Change]:
    pair = await screens.pair()
    return [
        _Change("an address in QuickBooks, on the account", WEBHOOK, *screens.address(pair)),
        _Change("a new invoice in QuickBooks, as an opportunity", WEBHOOK, *await screens.invoice(pair)),
        _Change("a telephone number in Salesforce, on the customer", CHANGE_EVENT, *screens.phone(pair)),
        _Change("a new account in Salesforce, as a customer", CHANGE_EVENT, *screens.account()),
    ]


Step = tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[bool]]]


class _Screens:
    """What users of both sides do and see."""

    def __init__(self, emulators: Emulators) -> None:
        self._emulators = emulators

    async def pair(self) -> _Pair:
        """A customer and its account."""
        accounts = await self._rows("salesforce", "Account", "&limit=500")
        by_customer = {mark.partition(":")[2]: row["Id"] for row in accounts if (mark := row.get("QBO_Id__c"))}
        for row in await self._rows("quickbooks", "Customer", "&limit=500"):
            if row["Id"] in by_customer and row.get("Active") and not row.get("Job") and row.get("BillAddr"):
                return _Pair(row["Id"], by_customer[row["Id"]])
        raise ConnectorError("No customer of the sample company is linked.", "Play it with another seed.")

    def address(self, pair: _Pair) -> Step:
        """QuickBooks: a customer has moved."""
        street = "7 Harbor Walk"
        return (
            lambda: self._act("quickbooks", "update", "Customer", Id=pair.customer, BillAddr={"Line1": street}),
            lambda: self._shows("salesforce", "Account", pair.account, BillingStreet=street),
        )

    async def invoice(self, pair: _Pair) -> Step:
        """QuickBooks: a customer is billed."""
        number, item = "LIVE-1", (await self._rows("quickbooks", "Invoice", "&limit=1"))[0]["Line"][0]
        detail = item["SalesItemLineDetail"]["ItemRef"]["value"]
        line = {
            "Amount": Decimal("125.00"),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": detail}, "Qty": 1, "UnitPrice": Decimal("125.00")},
        }
        body = {"DocNumber": number, "CustomerRef": {"value": pair.customer}, "Line": [line]}
        return (
            lambda: self._act("quickbooks", "create", "Invoice", **body),
            lambda: self._any("salesforce", "Opportunity", QBO_Invoice_Number__c=number),
        )

    def phone(self, pair: _Pair) -> Step:
        """Salesforce: an account has a new number."""
        number = "(617) 555-0142"
        return (
            lambda: self._act("salesforce", "update", "Account", Id=pair.account, Phone=number),
            lambda: self._shows("quickbooks", "Customer", pair.customer, PrimaryPhone={"FreeFormNumber": number}),
        )

    def account(self) -> Step:
        """Salesforce: a new account, ready to be a customer."""
        name = "Northgate Orchard Supply"
        return (
            lambda: self._act("salesforce", "create", "Account", Name=name, QBO_Ready__c=True, BillingCountry="US"),
            lambda: self._any("quickbooks", "Customer", DisplayName=name),
        )

    async def _act(self, system: str, op: str, kind: str, **body: Any) -> None:
        await self._emulators.act([{"system": system, "op": op, "kind": kind, "body": body}])

    async def _shows(self, system: str, kind: str, record_id: str, **fields: Any) -> bool:
        rows = await self._rows(system, kind, f"&id={record_id}")
        return bool(rows) and _has(rows[0], fields)

    async def _any(self, system: str, kind: str, **fields: Any) -> bool:
        return any(_has(row, fields) for row in await self._rows(system, kind, "&limit=5000"))

    async def _rows(self, system: str, kind: str, query: str) -> list[Json]:
        return list((await self._emulators.ask("GET", f"/state/{system}/{kind}?{query.lstrip('&')}"))["records"])


def _has(row: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return all(row.get(name) == value for name, value in fields.items())
