"""A company for tests: the emulator with our client in front of it, or a client over canned answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from ml_connector.model.plans import OpenWrite, Write
from ml_connector.model.refs import Json, Ref
from ml_connector.systems.http import Caller, Request, Response
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.quickbooks.auth import AppKeys, Endpoints, OAuth, Tokens
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from ml_connector.systems.quickbooks.records import JournalDraft, Posting
from ml_connector.systems.quickbooks.writing import encode
from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.faults import Fault, FaultBook
from ml_emulators.kit.gate import Gate
from ml_emulators.kit.log import RequestLog
from ml_emulators.quickbooks import QuickBooks as Emulator
from support.network import START, FixedIds, FunctionNetwork, StillClock, VendorNetwork

REALM = "4620816365000000001"
BASE = "http://127.0.0.1:1"


class Drawer:
    """A `TokenStore` in memory; `stored` lists what was stored, in order."""

    def __init__(self, tokens: Tokens | None) -> None:
        self.tokens = tokens
        self.stored: list[Tokens] = []
        self.broken = False
        self.renewed_elsewhere = False
        self.taken: Callable[[], object] = lambda: None

    def load(self) -> Tokens | None:
        return self.tokens

    def store(self, tokens: Tokens) -> None:
        if self.broken:
            raise OSError("disk full")
        self.stored.append(tokens)
        self.tokens = tokens

    def take_turn(self, until: datetime) -> bool:
        self.taken()
        return not self.renewed_elsewhere

    def end_turn(self) -> None: ...


class EmulatedCompany:
    """The emulated company, its client, and the log of what reached it."""

    def __init__(self) -> None:
        self.clock = StillClock(VirtualClock())
        self.emulator = Emulator(self.clock.virtual, Random(7), BASE)
        self.faults = FaultBook(Random(7))
        self.log = RequestLog(10_000)
        gate = Gate({"quickbooks": self.emulator}, self.faults, self.log, self.clock.now)
        self.network = VendorNetwork(lambda request: gate.serve("quickbooks", request))
        info = self.emulator.connection_info()
        self.caller = Caller(self.network, self.clock, FixedIds(), free_throttle(self.clock), "quickbooks")
        keys = AppKeys(client_id=info["client_id"], client_secret=info["client_secret"])
        endpoints = Endpoints(
            authorize=info["authorize_url"], token=info["token_url"], revoke=f"{BASE}/v2/oauth2/tokens/revoke"
        )
        self.oauth = OAuth(keys, endpoints, self.caller, self.clock)
        self.drawer = Drawer(
            Tokens(access_token="", refresh_token=info["refresh_token"], access_expires_at=START - timedelta(days=1))
        )
        self.tokens = TokenKeeper(self.oauth, self.drawer, self.clock)
        self.client = QuickBooks(
            realm_id=info["realm_id"], base_url=BASE, caller=self.caller, tokens=self.tokens, clock=self.clock
        )

    def act(self, op: str, kind: str, **body: Any) -> Json:
        return self.emulator.act({"op": op, "kind": kind, "body": body})

    def fault(self, kind: str, **how: Any) -> None:
        self.faults.add(Fault(kind=kind, vendor="quickbooks", **{"count": 1, **how}))  # type: ignore[arg-type]  # literal

    def reads(self) -> int:
        return self.caller.calls["read"]

    def writes(self) -> int:
        return self.caller.calls["write"] + self.caller.calls["batch"]

    def entries(self) -> list[Json]:
        return [row for row in self.emulator.records("JournalEntry") if row.get("status") != "Deleted"]


def canned(answer: Callable[[Request], Response]) -> tuple[QuickBooks, FunctionNetwork, StillClock]:
    """A client, signed in, over a network made from a function; `sent` is without calls for tokens."""
    clock = StillClock()
    network = FunctionNetwork(answer)
    service = FunctionNetwork(lambda _: ok({"access_token": "AT2", "refresh_token": "RT", "expires_in": 3600}))
    caller = Caller(network, clock, FixedIds(), free_throttle(clock), "quickbooks")
    tokens = Tokens(access_token="AT", refresh_token="RT", access_expires_at=START + timedelta(days=300))
    signing = Caller(service, clock, FixedIds(), free_throttle(clock), "quickbooks")
    oauth = OAuth(AppKeys(client_id="id", client_secret="secret"), Endpoints(token=f"{BASE}/t"), signing, clock)
    keeper = TokenKeeper(oauth, Drawer(tokens), clock)
    return QuickBooks(realm_id=REALM, base_url=BASE, caller=caller, tokens=keeper, clock=clock), network, clock


def ok(tree: Any, status: int = 200) -> Response:
    return Response(status, {}, msgspec.json.encode(tree, enc_hook=str))


def journal_body(number: str, amount: str = "120.50", debit: str = "84", credit: str = "79", **line: str) -> Json:
    key = hashlib.sha256(number.encode()).hexdigest()[:12]
    value = Decimal(amount)
    return JournalDraft(
        txn_date=date(2026, 11, 20),
        doc_number=number,
        private_note=f"mlc1|org=00D|ord=801|on=1|k=O|seq=01|key={key}\nhttps://example.invalid/801",
        lines=(
            Posting(side="Debit", account=debit, amount=value, **line),
            Posting(side="Credit", account=credit, amount=value, **line),
        ),
        currency="USD",
    ).body()


def journal(number: str, **body: str) -> Write:
    return Write(
        step="journal",
        system="quickbooks",
        kind="JournalEntry",
        action="create",
        body=journal_body(number, **body),
        key=number,
    )


def new_customer(name: str, **body: Any) -> Write:
    fields = {"DisplayName": name, **body}
    return Write(step="customer", system="quickbooks", kind="Customer", action="create", body=fields, key=f"c:{name}")


def customer_update(customer_id: str, sync_token: str, **body: Any) -> Write:
    return Write(
        step="customer",
        system="quickbooks",
        kind="Customer",
        action="update",
        body=body,
        key=f"u:{customer_id}",
        target_id=customer_id,
        sync_token=sync_token,
    )


def noted(*writes: Write, at: Any = START) -> list[OpenWrite]:
    """The writes as one batch on record, as the engine notes them (accounting-rules B.11)."""
    hashes = [hashlib.sha256(write.key.encode()).hexdigest() for write in writes]
    together = hashlib.sha256("|".join(sorted(hashes)).encode()).hexdigest()[:32] if len(writes) > 1 else hashes[0][:32]
    return [
        OpenWrite(
            id=f"w{position}",
            flow="test",
            source=Ref("salesforce", "Order", "801"),
            write=write,
            body=encode(write),
            request_id=digest[:32],
            batch_id=together,
            position=position,
            noted_at=at,
            sent_at=at,
        )
        for position, (write, digest) in enumerate(zip(writes, hashes, strict=True))
    ]


def accounts(company: EmulatedCompany) -> Sequence[str]:
    """Two accounts of the emulated company that a journal entry may post to."""
    made = [
        company.act("create", "Account", Name=name, AccountType=kind)
        for name, kind in (("Unbilled", "Other Current Asset"), ("Services", "Income"))
    ]
    return [each["Id"] for each in made]


def some_journals(count: int, company: EmulatedCompany) -> list[Write]:
    debit, credit = accounts(company)
    return [journal(f"SFO-{n:08d}-01", debit=debit, credit=credit) for n in range(1, count + 1)]


def fault(code: str, detail: str = "d", **more: str) -> dict[str, Any]:
    return {"Fault": {"type": "x", "Error": [{"Message": "m", "Detail": detail, "code": code, **more}]}}
