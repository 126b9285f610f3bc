"""An org to test with, and short words to talk to it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.wire import Request, dumps, loads
from ml_emulators.salesforce import Org, Salesforce, Switches

NOON = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
V = "/services/data/v67.0"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: dict[str, str]
    text: str

    @property
    def code(self) -> str:
        """The errorCode of a refusal."""
        return str(self.body[0]["errorCode"])

    @property
    def message(self) -> str:
        return str(self.body[0]["message"])


class TestOrg:
    """One emulated org with a frozen clock (2026-01-05, 12:00:30 UTC) and a token."""

    __test__ = False

    def __init__(self, org: Org | None = None, seed: int = 7) -> None:
        self.clock = VirtualClock()
        self.clock.freeze(NOON)
        self.vendor = Salesforce(self.clock, random.Random(seed), org=org)
        self._count = 0

    @property
    def switches(self) -> Switches:
        return self.vendor.switches

    @cached_property
    def token(self) -> str:
        info = self.vendor.connection_info()
        form = {
            "grant_type": "client_credentials",
            "client_id": info["client_id"],
            "client_secret": info["client_secret"],
        }
        return str(self.form("/services/oauth2/token", form).body["access_token"])

    def raw(self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
        path, _, query = url.partition("?")
        response = self.vendor.handle(Request(method, path, query, headers or {}, body))
        is_json = "json" in response.headers.get("Content-Type", "")
        decoded = loads(response.body) if response.body and is_json else None
        return Reply(response.status, decoded, response.headers, response.body.decode())

    def form(self, url: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Reply:
        return self.raw("POST", url, urlencode(fields).encode(), FORM | (headers or {}))

    def send(self, method: str, url: str, body: Any = None, **headers: str) -> Reply:
        """With the token; `url` from the version on, or from `/services`."""
        full = url if url.startswith("/services") else V + url
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = b"" if body is None else dumps(body)
        return self.raw(method, full, content, {"authorization": f"Bearer {self.token}"} | given)

    def get(self, url: str, **headers: str) -> Reply:
        return self.send("GET", url, **headers)

    def post(self, url: str, body: Any = None, **headers: str) -> Reply:
        return self.send("POST", url, body, **headers)

    def patch(self, url: str, body: Any = None, **headers: str) -> Reply:
        return self.send("PATCH", url, body, **headers)

    def delete(self, url: str) -> Reply:
        return self.send("DELETE", url)

    def query(self, text: str, **headers: str) -> Reply:
        return self.get(f"/query?q={quote(text)}", **headers)

    def rows(self, text: str) -> list[dict[str, Any]]:
        """The rows of a query, without their attributes."""
        reply = self.query(text)
        assert reply.status == 200, reply.text
        return [{key: value for key, value in row.items() if key != "attributes"} for row in reply.body["records"]]

    def column(self, text: str) -> list[Any]:
        """The first column of a query."""
        return [next(iter(row.values())) for row in self.rows(text)]

    def add(self, kind: str, **body: Any) -> str:
        """Create by the API; the id."""
        reply = self.post(f"/sobjects/{kind}", body)
        assert reply.status == 201, reply.text
        return str(reply.body["id"])

    def act(self, op: str, kind: str, **body: Any) -> dict[str, Any]:
        return self.vendor.act({"op": op, "kind": kind, "body": body})

    def record(self, kind: str, record_id: str) -> dict[str, Any]:
        reply = self.get(f"/sobjects/{kind}/{record_id}")
        assert reply.status == 200, reply.text
        return dict(reply.body)

    # The trade: what an order needs.

    def account(self, **body: Any) -> str:
        self._count += 1
        return self.add("Account", **({"Name": f"Account {self._count}"} | body))

    @cached_property
    def standard_book(self) -> str:
        return str(self.column("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0])

    def price(self, amount: str = "10.00", currency: str = "USD", **more: Any) -> str:
        """A product with an active standard price; the entry's id."""
        self._count += 1
        product = self.add("Product2", Name=f"Widget {self._count}", IsActive=True)
        body = {"Product2Id": product, "Pricebook2Id": self.standard_book, "UnitPrice": Decimal(amount)}
        return self.add("PricebookEntry", **body, IsActive=True, CurrencyIsoCode=currency, **more)

    def order(self, **more: Any) -> str:
        given = {"AccountId": self.account()} if "AccountId" not in more else {}
        body = {"EffectiveDate": "2026-01-05", "Status": "Draft", "Pricebook2Id": self.standard_book}
        return self.add("Order", **(given | body | more))

    def item(self, order: str, entry: str, quantity: Any = 2, price: str = "10.00", **more: Any) -> str:
        body = {"OrderId": order, "PricebookEntryId": entry, "Quantity": quantity, "UnitPrice": Decimal(price)}
        return self.add("OrderItem", **body, **more)

    def active_order(self, **more: Any) -> tuple[str, str, str]:
        """Ids of an activated order, its item (2 at 10.00) and the price-book entry."""
        entry = self.price()
        order = self.order(**more)
        item = self.item(order, entry)
        assert self.patch(f"/sobjects/Order/{order}", {"Status": "Activated"}).status == 204
        return order, item, entry

    def opportunity(self, **more: Any) -> str:
        body = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-03-31"}
        return self.add("Opportunity", **(body | more))
