"""A day at both vendors through all kinds of call, lived again from a snapshot and from a kept state."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from ml_emulators.kit import persistence
from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.gate import Answer
from ml_emulators.kit.wire import Request, dumps, loads
from ml_emulators.scenarios import load, new_emulation
from ml_emulators.server import SHARED

EVENING = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
FORM = {"content-type": "application/x-www-form-urlencoded"}
DATA = "/services/data/v65.0"


class Day:
    """Everything that clients are told, in order."""

    def __init__(self, emulation: Emulation) -> None:
        self.emulation = emulation
        self.told: list[Any] = []
        self.info = {name: vendor.connection_info() for name, vendor in emulation.vendors.items()}
        self.headers = {name: {"accept": "application/json", "content-type": "application/json"} for name in self.info}

    def ask(self, vendor: str, method: str, path: str, body: Any = None, headers: Any = None) -> Any:
        place, _, query = path.partition("?")
        content = body if isinstance(body, bytes) else b"" if body is None else dumps(body)
        outcome = self.emulation.serve(
            vendor, Request(method, place, query, self.headers[vendor] | (headers or {}), content)
        )
        assert isinstance(outcome, Answer)
        self.told.append((method, path, outcome.response.status, outcome.response.headers, outcome.response.body))
        kind = outcome.response.headers.get("Content-Type", "")
        return loads(outcome.response.body) if "json" in kind and outcome.response.body else None

    def sign_in(self) -> None:
        books, org = self.info["quickbooks"], self.info["salesforce"]
        basic = base64.b64encode(f"{books['client_id']}:{books['client_secret']}".encode()).decode()
        form = urlencode({"grant_type": "refresh_token", "refresh_token": books["refresh_token"]}).encode()
        path, given = "/oauth2/v1/tokens/bearer", {**FORM, "authorization": f"Basic {basic}"}
        token = self.ask("quickbooks", "POST", path, form, given)["access_token"]
        self.headers["quickbooks"]["authorization"] = f"Bearer {token}"
        keys = {key: org[key] for key in ("client_id", "client_secret")}
        form = urlencode({"grant_type": "client_credentials", **keys}).encode()
        token = self.ask("salesforce", "POST", "/services/oauth2/token", form, FORM)["access_token"]
        self.headers["salesforce"]["authorization"] = f"Bearer {token}"

    def books(self) -> None:
        base = f"/v3/company/{self.info['quickbooks']['realm_id']}"
        items = [
            {"bId": "1", "operation": "create", "Vendor": {"DisplayName": "Sand & Gravel"}},
            {"bId": "2", "Query": "select * from Invoice"},
        ]
        for _ in range(2):  # the second is replayed
            self.ask("quickbooks", "POST", f"{base}/batch?requestid=abc", {"BatchItemRequest": items})
        self.ask("quickbooks", "POST", f"{base}/customer", {"DisplayName": "Fern & Co"})
        gone = self.emulation.vendors["quickbooks"].records("Invoice")[0]
        known = {"Id": gone["Id"], "SyncToken": gone["SyncToken"]}
        self.ask("quickbooks", "POST", f"{base}/invoice?operation=delete", known)
        self.ask("quickbooks", "GET", f"{base}/cdc?entities=Customer,Invoice,Vendor&changedSince=2026-11-10")

    def org(self) -> None:
        ask = self.ask
        job = ask("salesforce", "POST", f"{DATA}/jobs/ingest", {"object": "Account", "operation": "insert"})["id"]
        csv = {"content-type": "text/csv"}
        ask("salesforce", "PUT", f"{DATA}/jobs/ingest/{job}/batches", b"Name\nOne\nTwo\n", csv)
        ask("salesforce", "PATCH", f"{DATA}/jobs/ingest/{job}", {"state": "UploadComplete"})
        ask("salesforce", "GET", f"{DATA}/jobs/ingest/{job}")
        ask("salesforce", "GET", f"{DATA}/jobs/ingest/{job}/successfulResults")
        field = {"FullName": "Account.Copy__c", "Metadata": {"label": "Copy", "type": "Text", "length": 20}}
        ask("salesforce", "POST", f"{DATA}/tooling/sobjects/CustomField", field)
        ask("salesforce", "GET", f"{DATA}/sobjects/Account/describe")
        contact = {"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": "Leaf"}
        account = {"attributes": {"type": "Account", "referenceId": "r1"}, "Name": "Tree"}
        tree = {"records": [{**account, "Contacts": {"records": [contact]}}]}
        ask("salesforce", "POST", f"{DATA}/composite/tree/Account", tree)
        key = self.emulation.vendors["salesforce"].records("Contact")[0]["Id"]
        ask("salesforce", "DELETE", f"{DATA}/sobjects/Contact/{key}")
        ask("salesforce", "GET", f"{DATA}/query?q={quote('SELECT Id, Name, SystemModstamp FROM Account')}")
        ask("salesforce", "GET", f"{DATA}/limits")

    def look(self) -> None:
        """What the control door shows in the end."""
        self.told.append(self.emulation.companions["pubsub"].view())
        self.told.append(dict(self.emulation.vendors["quickbooks"].connection_info()))
        for vendor in self.emulation.vendors.values():
            self.told += [(kind, dumps(vendor.records(kind))) for kind in vendor.kinds()]


def lived(emulation: Emulation) -> list[Any]:
    day = Day(emulation)
    day.sign_in()
    day.books()
    day.org()
    emulation.clock.advance(timedelta(hours=30))
    day.sign_in()
    day.look()
    return day.told


@pytest.fixture(params=["professional", "enterprise", "revenue-cloud"])
def emulation(request: pytest.FixtureRequest) -> Emulation:
    clock = VirtualClock()
    clock.freeze(EVENING)
    emulation = new_emulation(1, clock=clock)
    emulation.set_switches("salesforce", {"profile": request.param})
    load(emulation, "tiny")
    return emulation


def test_from_a_snapshot(emulation: Emulation) -> None:
    emulation.snapshots.take("evening")
    first = lived(emulation)
    emulation.snapshots.restore("evening")
    assert [pair for pair in zip(first, lived(emulation), strict=True) if pair[0] != pair[1]] == []


@pytest.mark.parametrize("days", [0, 1])
def test_by_another_process(emulation: Emulation, days: int) -> None:
    for _ in range(days):
        lived(emulation)
    file = io.BytesIO()
    persistence._Writer(file, SHARED).dump({"emulation": emulation.snapshot(), "switches": emulation.get_switches()})
    other = new_emulation(1, clock=VirtualClock())
    persistence.resume(other, persistence._Reader(io.BytesIO(file.getvalue()), SHARED).load())
    assert [pair for pair in zip(lived(emulation), lived(other), strict=True) if pair[0] != pair[1]] == []
