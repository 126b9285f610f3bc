"""Five business days after the sample company was built: what people at both vendors do while the connector runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

import msgspec

from ml_emulators.kit.control_bodies import BadOrder, Operation, Planted, SeedReport
from ml_emulators.kit.emulation import Emulation

from .books import Books, ref
from .goods import GOODS, SOLD, Good
from .people import account_body, customer_body, known_client, new_client
from .shape import shape_of
from .stage import PACIFIC, Json, instant, workday
from .trade import Invoice, Line, invoice_body, linked, random_lines
from .words import Names

LAST = 5
_SOLD = tuple(good for good in GOODS if good.sku in SOLD)
_MOST = Decimal(8900)


class Day(NamedTuple):
    """A day's operations in order; what they plant (keys may be `${name}`); keys of planted records set right."""

    date: date
    operations: list[Operation]
    planted: list[Planted]
    released: list[str]


def business_day(emulation: Emulation, number: int, seed: int) -> Day:
    """Plan business day `number` (1 to 5) on the sample company as `emulation` holds it now; changes nothing.

    Raises `BadOrder` unless the sample company is loaded and the day is the next one.
    """
    if emulation.scenario["scenario"] != "sample":
        raise BadOrder("only the sample company has business days")
    if number != emulation.scenario["days"] + 1 or number > LAST:
        raise BadOrder(f"the next day is {emulation.scenario['days'] + 1}, the last one {LAST}")
    plan = _DayPlan(emulation, number, seed)
    plan.add("clock", "set", "", {"at": instant(plan.day, 9).isoformat()})
    _usual(plan)
    _SPECIAL[number](plan)
    return Day(plan.day, plan.operations, plan.planted, plan.released)


def play_day(emulation: Emulation, number: int) -> SeedReport:
    """Plan and run a business day, and keep the planted list true. Raises `BadOrder` as `business_day`."""
    day = business_day(emulation, number, emulation.scenario["seed"])
    report = emulation.run(day.operations)
    made = {operation.save_as: result for operation, result in zip(day.operations, report.results, strict=False)}
    for planted in day.planted:
        key = made[planted.key.strip("${}")]["Id"] if planted.key.startswith("$") else planted.key
        emulation.planted.append(msgspec.structs.replace(planted, key=key))
    emulation.planted = [
        msgspec.structs.replace(planted, released=True) if planted.key in day.released else planted
        for planted in emulation.planted
    ]
    emulation.scenario["days"] = number
    emulation.memory["today"] = day.date.isoformat()
    emulation.memory["names"] = [used + 10 * emulation.scenario["scale"] for used in emulation.memory["names"]]
    return report


class _DayPlan:
    """Plans a day: picks from what is there now, and collects operations."""

    def __init__(self, emulation: Emulation, number: int, seed: int) -> None:
        self.emulation = emulation
        self.shape = shape_of(emulation)
        self.number = number
        self.scale: int = emulation.scenario["scale"]
        self.memory = emulation.memory
        self.random = Random(seed * 1000 + number)  # noqa: S311  # a rehearsal wants repeatable chance
        self.names = Names(seed, *emulation.memory["names"])
        self.books = Books(**emulation.memory["books"])
        today = emulation.clock.now().astimezone(PACIFIC).date()
        self.day: date = workday(today + timedelta(days=1))
        self.operations: list[Operation] = []
        self.planted: list[Planted] = []
        self.released: list[str] = []
        self.taken: set[str] = set()
        self._seen: dict[str, dict[str, Json]] = {}

    def add(self, system: Any, op: str, kind: str, body: Json, save_as: str = "") -> None:
        given = self.shape.body(body) if system == "salesforce" else body
        self.operations.append(Operation(system, op, kind, given, save_as))

    def now(self, kind: str) -> dict[str, Json]:
        """QuickBooks records of a kind by id, as they stand before the day."""
        if kind not in self._seen:
            records = self.emulation.vendors["quickbooks"].records(kind)
            self._seen[kind] = {str(record["Id"]): record for record in records}
        return self._seen[kind]

    def known(self, part: str, place: int) -> dict[str, str]:
        """A business of the sample company: another one every day."""
        businesses: list[dict[str, str]] = self.memory[part]
        return businesses[(place * 7 + self.number * 3) % len(businesses)]

    def open_invoice(self, fits: Callable[[Json], bool]) -> Json:
        """An unpaid USD invoice in open books that nothing else happens to today."""
        closed = self.memory["books_closed"]
        for record in sorted(self.now("Invoice").values(), key=lambda invoice: -int(invoice["Id"])):
            if record["Id"] in self.taken or record["TxnDate"] <= closed or not record.get("Balance"):
                continue
            if record["CurrencyRef"]["value"] == "USD" and fits(record):
                self.taken.add(record["Id"])
                return record
        raise BadOrder("no open invoice is left to play with")


def _usual(plan: _DayPlan) -> None:
    """Every day: new customers, invoices, payments in full and in part, orders of three lines."""
    for place in range(2 * plan.scale):
        _new_customer(plan, place)
    for place in range(12 * plan.scale):
        client = plan.known("paired" if place % 2 else "plain", place)
        _invoice(plan, client, random_lines(plan.random, GOODS, "USD", _MOST))
    for place in range(6 * plan.scale):
        _payment(plan, Decimal("0.5") if place % 3 == 2 else Decimal(1))
    for place in range(2 * plan.scale):
        _order(plan, f"order{place}", plan.known("paired", place), "HQ", "SaaS")


def _new_customer(plan: _DayPlan, place: int) -> None:
    client = new_client(plan.names, "USD", plan.day)
    plan.add("quickbooks", "create", "Customer", customer_body(client), f"customer{place}")
    lines = random_lines(plan.random, GOODS, "USD", _MOST)
    client.customer = f"${{customer{place}}}"
    invoice = Invoice(client, plan.day, lines, department="West")
    plan.add("quickbooks", "create", "Invoice", invoice_body(plan.books, invoice))


def _invoice(plan: _DayPlan, business: dict[str, str], lines: list[Line], note: str = "") -> None:
    client = known_client(business, plan.day)
    invoice = Invoice(client, plan.day, lines, department="East", note=note)
    plan.add("quickbooks", "create", "Invoice", invoice_body(plan.books, invoice))


def _payment(plan: _DayPlan, share: Decimal) -> None:
    record = plan.open_invoice(lambda _invoice: True)
    amount = (Decimal(record["Balance"]) * share).quantize(Decimal("0.01"))
    line = {"Amount": amount, "LinkedTxn": [linked("Invoice", record["Id"])]}
    body = {
        "CustomerRef": ref(record["CustomerRef"]["value"]),
        "TxnDate": plan.day.isoformat(),
        "TotalAmt": amount,
        "CurrencyRef": ref("USD"),
        "Line": [line],
    }
    plan.add("quickbooks", "create", "Payment", body)


def _order(plan: _DayPlan, name: str, business: dict[str, str], department: str, class_name: str) -> None:
    """Key and activate an order of three lines, effective on the day, where the org has orders."""
    if not plan.shape.orders:
        return
    body = {
        "AccountId": business["account"],
        "EffectiveDate": plan.day.isoformat(),
        "Status": "Draft",
        "Pricebook2Id": plan.memory["book"],
        "CurrencyIsoCode": "USD",
        "Department__c": department,
        "Class__c": class_name,
    }
    plan.add("salesforce", "create", "Order", body, name)
    for place, good in enumerate(plan.random.sample(_SOLD, 3)):
        item = _item(plan, name, good, plan.random.randrange(1, 9))
        plan.add("salesforce", "create", "OrderItem", item, f"{name}-{place}")
    plan.add("salesforce", "update", "Order", {"Id": f"${{{name}}}", "Status": "Activated"})


def _item(plan: _DayPlan, name: str, good: Good, quantity: int) -> Json:
    entry = plan.memory["entries"][f"{good.sku} USD"]
    return {
        "OrderId": f"${{{name}}}",
        "PricebookEntryId": entry,
        "Quantity": Decimal(quantity),
        "UnitPrice": good.price,
    }


def _first(plan: _DayPlan) -> None:
    """Sales flags a prospect as ready: it becomes a customer. A customer opens a branch."""
    prospect = plan.memory["prospects"][0]
    plan.add("salesforce", "update", "Account", {"Id": prospect["account"], "QBO_Ready__c": True})
    parent = plan.known("plain", 40)
    branch = {"DisplayName": f"{parent['name']} - Branch", "Job": True, "ParentRef": ref(parent["customer"])}
    plan.add("quickbooks", "create", "Customer", branch)
    moved = plan.now("Customer")[plan.known("plain", 50)["customer"]]
    address = {**moved["BillAddr"], "Line1": "77 New Quay Street"}
    plan.add("quickbooks", "update", "Customer", {"Id": moved["Id"], "BillAddr": address})


def _second(plan: _DayPlan) -> None:
    """An invoice is voided; one business gets a new phone in both systems at once, and not the same one."""
    record = plan.open_invoice(lambda invoice: invoice["Balance"] == invoice["TotalAmt"])
    plan.add("quickbooks", "void", "Invoice", {"Id": record["Id"]})
    business = plan.known("paired", 30)
    phone = {"FreeFormNumber": "(415) 555-0142"}
    plan.add("quickbooks", "update", "Customer", {"Id": business["customer"], "PrimaryPhone": phone})
    plan.add("salesforce", "update", "Account", {"Id": business["account"], "Phone": "(415) 555-0177"})


def _third(plan: _DayPlan) -> None:
    """A credit memo is set off against an invoice; the location East:Boston gets a new name."""
    record = plan.open_invoice(
        lambda invoice: invoice["Balance"] == invoice["TotalAmt"] and invoice["Line"][0]["Amount"] <= invoice["Balance"]
    )
    line = {key: record["Line"][0][key] for key in ("DetailType", "Amount", "SalesItemLineDetail")}
    who = {"CustomerRef": ref(record["CustomerRef"]["value"]), "CurrencyRef": ref("USD")}
    memo = {**who, "TxnDate": plan.day.isoformat(), "Line": [line]}
    plan.add("quickbooks", "create", "CreditMemo", memo, "memo")
    parts = [linked("Invoice", record["Id"]), linked("CreditMemo", "${memo}")]
    body = {
        **who,
        "TxnDate": plan.day.isoformat(),
        "TotalAmt": 0,
        "Line": [{"Amount": line["Amount"], "LinkedTxn": [part]} for part in parts],
    }
    plan.add("quickbooks", "create", "Payment", body)
    change = {"Name": "Boston Bay", "SubDepartment": True, "ParentRef": ref(plan.books.departments["East"])}
    plan.add("quickbooks", "update", "Department", {"Id": plan.books.departments["East:Boston"], **change})


def _fourth(plan: _DayPlan) -> None:
    """An order still says East:Boston (an alias for 90 days, F.3), another a class that nobody knows; a new order
    is billed at once; sales wins a customer that QuickBooks has not heard of."""
    _order(plan, "alias", plan.known("paired", 20), "East:Boston", "SaaS")
    _order(plan, "unknown", plan.known("paired", 22), "East", "Hardware")
    if plan.shape.orders:
        why = "class Hardware is not known in QuickBooks"
        plan.planted.append(Planted("H-DIM-UNMAPPED", "salesforce", "Order", "${unknown}", why))
    business = plan.known("paired", 24)
    _order(plan, "billed", business, "West", "SaaS")
    lines = [Line(GOODS[0], Decimal(2), GOODS[0].price, "SaaS")]
    _invoice(plan, business, lines, "SF-ORD:${billed.OrderNumber}" if plan.shape.orders else "")
    client = new_client(plan.names, "USD", plan.day)
    body = {**account_body(client), "QBO_Ready__c": True}
    plan.add("salesforce", "create", "Account", body, "won")


def _fifth(plan: _DayPlan) -> None:
    """Somebody fills in the missing billing countries: those accounts and their orders are free; and `_reduce`."""
    for planted in plan.emulation.planted:
        if planted.code == "V-COUNTRY":
            plan.add("salesforce", "update", "Account", {"Id": planted.key, "BillingCountry": "US"})
            plan.released.append(planted.key)
            plan.released += _orders_of(plan, planted.key)
    if plan.shape.orders:
        _reduce(plan)


def _reduce(plan: _DayPlan) -> None:
    """An order placed today is reduced by one unit of its first line."""
    business = plan.known("paired", 0)
    body = {
        "AccountId": business["account"],
        "EffectiveDate": plan.day.isoformat(),
        "Status": "Draft",
        "Pricebook2Id": plan.memory["book"],
        "CurrencyIsoCode": "USD",
        "IsReductionOrder": True,
        "OriginalOrderId": "${order0}",
    }
    plan.add("salesforce", "create", "Order", body, "less")
    item = {
        "OrderId": "${less}",
        "OriginalOrderItemId": "${order0-0}",
        "PricebookEntryId": "${order0-0.PricebookEntryId}",
        "Quantity": Decimal(-1),
        "UnitPrice": "${order0-0.UnitPrice}",
    }
    plan.add("salesforce", "create", "OrderItem", item)
    plan.add("salesforce", "update", "Order", {"Id": "${less}", "Status": "Activated"})


def _orders_of(plan: _DayPlan, account: str) -> list[str]:
    held = {planted.key for planted in plan.emulation.planted if planted.code == "H-CUST-UNLINKED"}
    records = plan.emulation.vendors["salesforce"].records("Order") if plan.shape.orders else []
    return [order["Id"] for order in records if order["AccountId"] == account and order["Id"] in held]


_SPECIAL: dict[int, Callable[[_DayPlan], None]] = {1: _first, 2: _second, 3: _third, 4: _fourth, 5: _fifth}
