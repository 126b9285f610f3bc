"""A company of many records for counting calls: pairs in step, their invoices and orders, and what each call asked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from ml_connector.actions.sync import sync
from ml_connector.engine.worker import DrainReport
from ml_connector.systems.http import Request
from support.world import Installation

Json = dict[str, Any]


class Count(NamedTuple):
    """What was asked of the vendors, as they would count it."""

    quickbooks_reads: int
    quickbooks_writes: int
    salesforce: int


class Counting:
    """`asked` has a line for every request, in words; `count` is the emulators' own count."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.count = Count(0, 0, 0)

    def table(self) -> str:
        """Calls by what they ask for, most frequent first."""
        return "\n".join(f"{count:5d}  {what}" for what, count in Counter(self.asked).most_common())


class Market:
    """The tiny company with many more customers. Users of both vendors act through `quickbooks` and `salesforce`."""

    def __init__(self, folder: Path, home: Installation | None = None) -> None:
        """`home` is the company as it is already, in `folder`."""
        self.home = home or Installation(folder)
        self.pairs: list[tuple[str, str]] = []
        self.invoices: list[str] = []
        self.item = self.home.state("quickbooks", "Item")[0]["Id"]

    def quickbooks(self, op: str, kind: str, **body: Any) -> Json:
        return self.home.emulation.act("quickbooks", op, kind, body)

    def salesforce(self, op: str, kind: str, **body: Any) -> Json:
        return self.home.emulation.act("salesforce", op, kind, body)

    @contextmanager
    def counted(self, meanwhile: Callable[[], None] = lambda: None) -> Iterator[Counting]:
        """What the connector asks; `meanwhile` happens once, while its first request is under way."""
        log, counting = self.home.emulation.log, Counting()
        before = (log.totals("quickbooks"), log.totals("salesforce"))

        async def hear(vendor: str, request: Request) -> None:
            if not counting.asked:
                meanwhile()
            counting.asked += described(vendor, request)

        self.home.network.before = hear
        try:
            yield counting
        finally:
            self.home.network.before = None
            books = log.totals("quickbooks").minus(before[0])
            org = log.totals("salesforce").minus(before[1])
            counting.count = Count(books.reads, books.writes, org.calls)

    async def in_step(self) -> None:
        """Everything planned, approved and done, until nothing is due; then the echoes of our own writes as well."""
        await self.home.run()
        await self.later(minutes=30)

    async def later(self, **time: int) -> DrainReport:
        self.home.clock.advance(timedelta(**time))
        return await sync(self.home.app)

    def add_pairs(self, count: int, *, contact: bool = True) -> None:
        """Customers and accounts that carry each other's marks, so that they are linked without a match."""
        realm = self.home.rules.realm_id
        for number in range(len(self.pairs), len(self.pairs) + count):
            name = f"Client {number:05d}"
            address = {"Line1": f"{number} Main Street", "City": "Boston", "PostalCode": "02101", "Country": "US"}
            customer = self.quickbooks(
                "create", "Customer", DisplayName=name, BillAddr=address, CurrencyRef={"value": "USD"}
            )["Id"]
            account = self.salesforce("create", "Account", Name=name, QBO_Id__c=f"{realm}:{customer}")["Id"]
            if contact:
                self.salesforce("create", "Contact", LastName=f"Person {number}", Email=mail(number), AccountId=account)
            self.pairs.append((customer, account))

    def add_invoices(self, count: int, *, strangers: bool = False, estimates: bool = False) -> None:
        """One for each customer, sent to its contact, or to a stranger whom Salesforce does not know.

        With `estimates` each is made of an estimate of its own.
        """
        day = self.home.app.connection.today(self.home.clock.now()).isoformat()
        for number in range(count):
            customer, _ = self.pairs[number % len(self.pairs)]
            line = {
                "DetailType": "SalesItemLineDetail",
                "Amount": Decimal(100),
                "SalesItemLineDetail": {"ItemRef": {"value": self.item}, "Qty": Decimal(1), "UnitPrice": Decimal(100)},
            }
            head = {"CustomerRef": {"value": customer}, "TxnDate": day, "CurrencyRef": {"value": "USD"}, "Line": [line]}
            if estimates:
                estimate = self.quickbooks("create", "Estimate", **head)
                head["LinkedTxn"] = [{"TxnId": estimate["Id"], "TxnType": "Estimate"}]
            mailed = {"Address": mail(number + 50_000 * strangers)}
            self.invoices.append(self.quickbooks("create", "Invoice", **head, BillEmail=mailed)["Id"])

    def change_invoices(self, count: int) -> None:
        """Somebody gives them another due date."""
        for number, invoice in enumerate(self.invoices[:count]):
            self.quickbooks("update", "Invoice", Id=invoice, DueDate="2027-03-01", PrivateNote=f"changed {number}")

    def add_orders(self, count: int, lines: int = 3) -> list[str]:
        """Activated orders like the first one, of these clients."""
        like = self.home.state("salesforce", "Order")[0]
        item = next(row for row in self.home.state("salesforce", "OrderItem") if row["OrderId"] == like["Id"])
        day = self.home.app.connection.today(self.home.clock.now()).isoformat()
        made = []
        for number in range(count):
            _, account = self.pairs[number % len(self.pairs)]
            order = self.salesforce(
                "create", "Order", AccountId=account, Pricebook2Id=like["Pricebook2Id"], EffectiveDate=day,
                Status="Draft", Department__c="East", Class__c="SaaS",
            )["Id"]  # fmt: skip
            for line in range(lines):
                self.salesforce(
                    "create", "OrderItem", OrderId=order, PricebookEntryId=item["PricebookEntryId"],
                    Quantity=Decimal(line + 1), UnitPrice=Decimal(10),
                )  # fmt: skip
            self.salesforce("update", "Order", Id=order, Status="Activated")
            made.append(order)
        return made


def mail(number: int) -> str:
    return f"person.{number:05d}@client{number:05d}.example"


def described(vendor: str, request: Request) -> list[str]:
    """A request in words: what is asked of which kind by which field. The parts of a composite stand indented."""
    path, _, query = request.url.partition("?")
    path = re.sub(r"^https?://[^/]+", "", path)
    if vendor == "quickbooks":
        return [f"quickbooks {request.method} {_books(path, query, request.body)}"]
    if path.endswith("/composite"):
        parts = json.loads(request.body)["compositeRequest"]
        return ["salesforce composite of " + " + ".join(_part(part) for part in parts)]
    return [f"salesforce {request.method} {_org(path, query)}"]


def _books(path: str, query: str, body: bytes) -> str:
    short = re.sub(r"^/v3/company/\d+/", "", path)
    if short == "query":
        return _statement(body.decode() if body else parse_qs(query)["query"][0])
    if short == "batch":
        return f"batch of {len(json.loads(body)['BatchItemRequest'])}"
    return short if "cdc" not in short else f"cdc {parse_qs(query)['entities'][0]}"


def _part(part: Mapping[str, Any]) -> str:
    path, _, query = str(part["url"]).partition("?")
    records = (part.get("body") or {}).get("records")
    return f"{part['method']} {_org(path, query)}" + (f" ({len(records)})" if records else "")


def _org(path: str, query: str) -> str:
    short = re.sub(r"^/services/data/v[\d.]+/", "", path)
    if short.startswith("query"):
        return f"{short.split('/')[0]} " + (_statement(unquote(query.removeprefix("q="))) if query else "next page")
    return short


def _statement(text: str) -> str:
    found = re.search(r"(?s) FROM (\w+)(?: WHERE (.*?))?(?: ORDER ?BY.*)?$", re.sub(r"\([^()]*FROM[^()]*\)", "", text))
    assert found is not None, text
    where = re.sub(r"IN \((.*?)\)", lambda m: f"IN {m.group(1).count(',') + 1}", found.group(2) or "all")
    return f"{found.group(1)} {re.sub(r'[0-9T:.Z-]{16,}', 'instant', where)}"
