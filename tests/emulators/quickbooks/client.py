"""A small client for the tests: requests by hand, no sockets, a frozen clock."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.wire import Request, Response, dumps, loads
from ml_emulators.quickbooks import Company, QuickBooks
from ml_emulators.quickbooks.service import Snapshot

Json = dict[str, Any]
NOON = datetime(2026, 11, 22, 20, 0, 0, 125000, tzinfo=UTC)
"""Noon in the company's zone."""


class Client:
    """One app on one fresh company."""

    def __init__(self, company: Company | None = None) -> None:
        self.clock = VirtualClock()
        self.clock.freeze(NOON)
        self.server = QuickBooks(self.clock, Random(7), "http://127.0.0.1:9", company or Company())
        self.info = self.server.connection_info()
        self.refresh_token: str = self.info["refresh_token"]
        self.token = ""
        self.base = f"/v3/company/{self.info['realm_id']}"
        self.renew()

    # --- tokens

    def basic(self, secret: str | None = None) -> str:
        pair = f"{self.info['client_id']}:{secret if secret is not None else self.info['client_secret']}"
        return "Basic " + b64encode(pair.encode()).decode()

    def token_request(self, form: dict[str, str], headers: dict[str, str] | None = None) -> Response:
        sent = {"authorization": self.basic(), "accept": "application/json", **(headers or {})}
        return self.server.handle(
            Request("POST", "/oauth2/v1/tokens/bearer", headers=sent, body=urlencode(form).encode())
        )

    def renew(self) -> Json:
        answer = self.token_request({"grant_type": "refresh_token", "refresh_token": self.refresh_token})
        body: Json = loads(answer.body)
        if answer.status == 200:
            self.token, self.refresh_token = body["access_token"], body["refresh_token"]
        return body

    def wait(self, **time: int) -> None:
        """Let time go by, and get a fresh access token."""
        self.clock.advance(timedelta(**time))
        self.renew()

    # --- calls

    def send(self, method: str, path: str, body: Any = None, headers: Any = None, **params: str) -> Response:
        sent = {"authorization": f"Bearer {self.token}", "accept": "application/json", **(headers or {})}
        raw = body if isinstance(body, bytes) else b"" if body is None else dumps(body)
        return self.serve(Request(method, self.base + path, urlencode(params, quote_via=quote), sent, raw))

    def serve(self, request: Request) -> Response:
        """The way to the server."""
        return self.server.handle(request)

    def get(self, path: str, **params: str) -> Json:
        return self._good(self.send("GET", path, **params))

    def post(self, path: str, body: Any, **params: str) -> Json:
        return self._good(self.send("POST", path, body, **params))

    def _good(self, answer: Response) -> Json:
        assert answer.status == 200, answer.body
        body: Json = loads(answer.body)
        return body

    def fault(self, path: str, body: Any, **params: str) -> Json:
        """The first error of a refused write."""
        return self.faults(path, body, **params)[0]

    def faults(self, path: str, body: Any, **params: str) -> list[Json]:
        return self._refused(self.send("POST", path, body, **params))

    def read_fault(self, path: str, **params: str) -> Json:
        """The first error of a refused read."""
        return self._refused(self.send("GET", path, **params))[0]

    def query_fault(self, statement: str) -> Json:
        return self.read_fault("/query", query=statement)

    def _refused(self, answer: Response) -> list[Json]:
        assert answer.status == 400, answer.body
        errors: list[Json] = loads(answer.body)["Fault"]["Error"]
        return errors

    def query(self, statement: str) -> Json:
        body: Json = self.get("/query", query=statement)["QueryResponse"]
        return body

    def ids(self, statement: str) -> list[str]:
        found = [value for value in self.query(statement).values() if isinstance(value, list)]
        return [one["Id"] for one in found[0]] if found else []

    def batch(self, *items: Json, **params: str) -> list[Json]:
        answers: list[Json] = self.post("/batch", {"BatchItemRequest": list(items)}, **params)["BatchItemResponse"]
        return answers

    # --- records

    def make(self, kind: str, **body: Any) -> Json:
        made: Json = self.post(f"/{kind.lower()}", body)[kind]
        return made

    def read(self, kind: str, record_id: str) -> Json:
        found: Json = self.get(f"/{kind.lower()}/{record_id}")[kind]
        return found

    def change(self, kind: str, record: Json, **body: Any) -> Json:
        """A sparse update."""
        sent = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **body}
        changed: Json = self.post(f"/{kind.lower()}", sent)[kind]
        return changed

    def set_preferences(self, **groups: Any) -> None:
        self.server.act({"op": "set_preferences", "body": groups})


class Shop(Client):
    """A company with a few accounts, an item, and a customer in each currency.

    The usual company is built once in a run: every later shop starts from the snapshot of the first.
    """

    sales: str
    other_sales: str
    bank: str
    unbilled: str
    receivable: str
    payable: str
    euro_receivable: str
    item: str
    customer: str
    euro_customer: str
    vendor: str

    def __init__(self, company: Company | None = None) -> None:
        super().__init__(company)
        if company is not None:
            self._build()
            return
        ids, state = _usual()
        vars(self).update(ids)
        self.server.restore(state)

    def _build(self) -> None:
        self.sales = self.account("Subscription", "Income")
        self.other_sales = self.account("Services", "Income")
        self.bank = self.account("Checking", "Bank")
        self.unbilled = self.account("Unbilled Receivable", "Other Current Asset")
        self.receivable = self.account("Accounts Receivable (A/R)", "Accounts Receivable")
        self.payable = self.account("Accounts Payable (A/P)", "Accounts Payable")
        self.euro_receivable = self.account("A/R EUR", "Accounts Receivable", CurrencyRef={"value": "EUR"})
        self.item = self.make("Item", Name="Seat", Type="Service", IncomeAccountRef=ref(self.sales))["Id"]
        self.customer = self.make("Customer", DisplayName="Blue Heron")["Id"]
        self.euro_customer = self.make("Customer", DisplayName="Reiher", CurrencyRef={"value": "EUR"})["Id"]
        self.vendor = self.make("Vendor", DisplayName="Paper Mill")["Id"]

    def account(self, name: str, kind: str, **more: Any) -> str:
        made: str = self.make("Account", Name=name, AccountType=kind, **more)["Id"]
        return made

    def line(self, amount: Any = 100, **detail: Any) -> Json:
        inner = {"ItemRef": ref(self.item), **detail}
        return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": inner}

    def invoice(self, amount: Any = 100, **more: Any) -> Json:
        return self.make("Invoice", **{"CustomerRef": ref(self.customer), "Line": [self.line(amount)], **more})

    def pay(self, amount: Any, *applied: tuple[str, str, Any], **more: Any) -> Json:
        return self.make("Payment", **self.payment(amount, applied, **more))

    def payment(self, amount: Any, applied: Iterable[tuple[str, str, Any]], **more: Any) -> Json:
        lines = [{"Amount": part, "LinkedTxn": [{"TxnId": txn, "TxnType": kind}]} for kind, txn, part in applied]
        return {"CustomerRef": ref(self.customer), "TotalAmt": amount, "Line": lines, **more}


@cache
def _usual() -> tuple[dict[str, str], Snapshot]:
    """The ids of the usual shop, and its state."""
    shop = Shop(Company())
    return {name: vars(shop)[name] for name in Shop.__annotations__}, shop.server.snapshot()


def ref(value: str) -> Json:
    return {"value": value}


def journal_line(side: str, amount: Any, account: str, **more: Any) -> Json:
    """One line of a journal entry; `more` goes into the line's detail."""
    detail = {"PostingType": side, "AccountRef": ref(account), **more}
    return {"Amount": amount, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}


def named(kind: str, record_id: str) -> Json:
    return {"Type": kind, "EntityRef": ref(record_id)}
