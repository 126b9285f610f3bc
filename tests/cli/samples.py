"""Values as actions give them, with figures from the worked examples."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.actions.doctor import Finding
from ml_connector.actions.explain import Explained
from ml_connector.actions.holds import HeldView
from ml_connector.actions.plan import PlanView
from ml_connector.actions.status import Overdue, RunEnd, Status
from ml_connector.engine.planner import Plan, PlannedHold, PlannedWrite
from ml_connector.engine.worker import DrainReport
from ml_connector.model.flags import Flag
from ml_connector.store.rows import Comparison
from ml_connector.tieout import TieOut
from ml_connector.tieout.report import Cell, Completeness, Item, Row
from ml_connector.tieout.report import Report as TieOutReport

WIDTHS = [40, 60, 80, 120, None]
NOON = datetime(2026, 11, 22, 21, 40, tzinfo=UTC)
LONG = "Ä" * 300
NAMES = {
    "accounts": {"85": "1250 Unbilled Receivable", "92": "2450 Deferred Revenue"},
    "departments": {"10": "East", "20": "West"},
    "classes": {"300": "SaaS", "310": "Services"},
}


def line(
    side: str, account: str, amount: Any, department: str = "", class_: str = "", text: str = ""
) -> dict[str, Any]:
    detail: dict[str, Any] = {"PostingType": side, "AccountRef": {"value": account}}
    if department:
        detail["DepartmentRef"] = {"value": department}
    if class_:
        detail["ClassRef"] = {"value": class_}
    return {
        "DetailType": "JournalEntryLineDetail",
        "Amount": amount,
        "JournalEntryLineDetail": detail,
        "Description": text,
    }


LINES = [
    line("Debit", "85", "912.40", "10", "300", "SF 00001234 items 101,103,104"),
    line("Debit", "85", "2500.00", "10", "310", "SF 00001234 items 102"),
    line("Debit", "85", "45.00", "20", text="SF 00001234 shipping"),
    line("Credit", "92", "912.40", "10", "300", "[4000] SF 00001234 items 101,103,104"),
    line("Credit", "92", "2500.00", "10", "310", "[4100] SF 00001234 items 102"),
    line("Credit", "92", "45.00", "20", text="[4200] SF 00001234 shipping"),
]


def entry(*lines: dict[str, Any], number: str = "SFO-00001234-01", currency: str = "USD") -> PlannedWrite:
    body = {"TxnDate": "2026-11-10", "DocNumber": number, "PrivateNote": "", "Line": list(lines or LINES)}
    return PlannedWrite(
        flow="order_to_journal", record="salesforce:Order:801000000001234AAA", step="journal", system="quickbooks",
        kind="JournalEntry", action="create", key=number, label=number, body_hash="7c1e", fields=(), why=(),
        amount=Decimal("3457.40"), currency=currency, body=body,
    )  # fmt: skip


ACCOUNT = PlannedWrite(
    flow="customer_to_account", record="quickbooks:Customer:58", step="account", system="salesforce", kind="Account",
    action="upsert", key="1:58", label="", body_hash="90ab", fields=("Name",), why=(), amount=None, currency="",
)  # fmt: skip


def held(order: str = "00001301", amount: str = "3000.00", text: str = "Ops") -> PlannedHold:
    return PlannedHold(
        flow="order_to_journal", record=f"salesforce:Order:{order}", code="H-DIM-AMBIGUOUS",
        facts={"text": text, "candidates": "East:Ops or West:Ops", "order": order},
        amount=Decimal(amount), currency="USD",
    )  # fmt: skip


def plan(*writes: PlannedWrite, holds: tuple[PlannedHold, ...] = (), state: str = "open") -> PlanView:
    content = Plan(writes=list(writes), holds=list(holds), skipped={"customer_to_account": {"in_agreement": 14}})
    stored = msgspec.json.decode(msgspec.json.encode(content), type=Plan)
    return PlanView(id="2026-11-22-03", made_by="mia", made_at=NOON, hash="7c1e90ab", state=state, plan=stored)


def hold(record: str = "salesforce:Order:801", sentence: str = '"Ops" could be East:Ops or West:Ops.') -> HeldView:
    return HeldView(
        code="H-DIM-AMBIGUOUS", flow="order_to_journal", record=record, sentence=sentence,
        meaning="Order 00001301, 3,000.00 USD, waits; nothing is guessed.", remedy="Write the full name in Salesforce.",
        amount=Decimal("3000.00"), currency="USD", since=datetime(2026, 11, 19, 17, 12, tzinfo=UTC),
    )  # fmt: skip


STATUS = Status(
    company="Acme Inc.", realm_id="9130350000000000", org_id="00D000000000001AAA", environment="production",
    dry_run=False, paused="", waiting={"order_to_journal": 3}, open_writes=1, holds={"H-TAX": 2, "H-CLOSED": 1},
    swept={"sweep:quickbooks": "2026-11-22T21:39:00+00:00"}, plans_open=1,
)  # fmt: skip
CALM = msgspec.structs.replace(
    STATUS, waiting={}, open_writes=0, holds={}, plans_open=0,
    last_run=RunEnd(began_at=NOON, ended_at=datetime(2026, 11, 22, 21, 41, tzinfo=UTC)),
)  # fmt: skip
AFTER = msgspec.structs.replace(CALM, holds={"H-TAX": 2, "H-CLOSED": 1}, held_by_flow={"order_to_journal": 3})
LATE = msgspec.structs.replace(
    STATUS, conflicts=1,
    overdue=[Overdue(code="WAIT_CUSTOMER", count=2, since=datetime(2026, 11, 20, 22, 3, tzinfo=UTC), hours=47),
             Overdue(code="WAIT_PARENT", count=1, since=datetime(2026, 11, 21, 3, 0, tzinfo=UTC), hours=42)],
)  # fmt: skip
COMPARED = [
    Comparison(system="quickbooks", kind="Customer", ended_at=NOON, reads=2, listed=1240, vanished=3, unknown=1),
    Comparison(system="salesforce", kind="Account", why="weekly", ended_at=NOON, reads=1, listed=2000),
]
WAITING = HeldView(
    code="WAIT_CUSTOMER", flow="invoice_to_opportunity", record="quickbooks:Invoice:7", sentence="Invoice 7 waits.",
    meaning="250.00 USD is not shown.", remedy="See what keeps the customer.", amount=Decimal("250.00"), currency="USD",
    since=datetime(2026, 11, 20, 22, 3, tzinfo=UTC), owner="preparer", overdue=True, hours=47,
)  # fmt: skip
EXPLAINED = Explained(
    record="salesforce:Order:801", verdicts={"order_to_journal": "in_agreement"},
    links=["journal: salesforce:Posting:801:O:01 -> quickbooks:JournalEntry:901"],
    writes=["2026-11-22T21:41:07+00:00 journal done quickbooks:JournalEntry:901"], holds=[], flags=[Flag.REDATED],
)  # fmt: skip
RUN = DrainReport(
    created={"customer_to_account account": 400}, updated={"customer_to_account account": 12},
    held={"order_to_journal": 3}, skipped={"order_to_journal": {"in_agreement": 1240}}, written=412,
)  # fmt: skip


FINDINGS = [
    Finding("ok", "QuickBooks", "Acme Inc., PRODUCTION, Plus, sign-in ends 2031-09-14"),
    Finding("warn", "Salesforce", "certificate ends 2026-12-01", "replace it in Setup"),
    Finding("FAIL", "Salesforce", "field Order.Department__c is missing", "ml-connector setup salesforce"),
]


def row(department: str, quickbooks: str, salesforce: str, *items: Item) -> Row:
    return Row(Cell("2026-11", "USD", department), 1, Decimal(quickbooks), 1, Decimal(salesforce), items)


R1 = TieOutReport(
    "R1",
    [
        row("East", "45210.55", "44010.55", Item("U1", "quickbooks:Invoice:1043", Decimal("1200.00"))),
        row("West", "18400.00", "18900.00", Item("U3", "quickbooks:Invoice:1050", Decimal("-500.00"))),
        row("-", "1250.00", "1250.00"),
    ],
)
COMPLETE = Completeness(
    currency="USD", activated=41, posted=36, held=3, skipped=1, pending=1,
    amounts={
        "activated": Decimal("131400.00"), "posted": Decimal("118900.00"), "held": Decimal("9000.00"),
        "skipped": Decimal("0.00"), "pending": Decimal("3500.00"),
    },
)  # fmt: skip
TIE_OUT = TieOut(months=["2026-11"], read_at=NOON, reports=[R1, TieOutReport("R2", [], completeness=[COMPLETE])])
AGREED = TieOut(
    months=["2026-11"], read_at=NOON,
    reports=[TieOutReport("R1", [row("-", "1250.00", "1250.00")]), TieOutReport("R2", [], completeness=[COMPLETE])],
)  # fmt: skip

DEMO: dict[str, Any] = {
    "converged": True, "seed": 7, "seconds": 41.2,
    "records": {
        "customer_to_account": {"created": 400, "updated": 12, "held": 3},
        "invoice_to_opportunity": {"created": 2000, "updated": 61, "held": 9},
    },
    "journal_entries": {
        "USD": {"count": 118, "debits": "812345.67", "credits": "812345.67"},
        "JPY": {"count": 9, "debits": "40100", "credits": "40100"},
    },
    "tie_out": [
        {
            "report": "R1", "currency": "USD", "quickbooks": "64860.55", "salesforce": "64160.55",
            "explained": "700.00", "unexplained": "0.00",
            "items": [
                {"reason": "U1", "record": "quickbooks:Invoice:1043", "amount": "1200.00"},
                {"reason": "U3", "record": "quickbooks:Invoice:1050", "amount": "-500.00"},
            ],
        }
    ],
    "holds": [
        {
            "code": "H-DIM-UNMAPPED", "record": "salesforce:Order:801",
            "sentence": 'Class "Hardware" is not in QuickBooks.',
            "remedy": "Choose SaaS, or add it in QuickBooks.",
        }
    ],
    "api_calls": {
        "quickbooks_reads": 31, "quickbooks_writes": 9, "salesforce": 64,
        "floor": {"quickbooks_reads": 24, "quickbooks_writes": 8, "salesforce": 52},
    },
    "second_run": {"writes": 0, "quickbooks_reads": 4, "salesforce": 6}, "emulators": None,
}  # fmt: skip
