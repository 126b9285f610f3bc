"""Setting up the QuickBooks company: chart of accounts, locations, classes, terms, items, exchange rates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .goods import Good
from .stage import Json, Stage

# number, name, type, subtype, currency
CHART = (
    ("1000", "Checking", "Bank", "Checking", ""),
    ("1010", "Euro Account", "Bank", "Checking", "EUR"),
    ("1100", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", ""),
    ("1110", "Accounts Receivable (A/R) - EUR", "Accounts Receivable", "AccountsReceivable", "EUR"),
    ("1200", "Undeposited Funds", "Other Current Asset", "UndepositedFunds", ""),
    ("1250", "Unbilled Receivable", "Other Current Asset", "OtherCurrentAssets", ""),
    ("2000", "Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable", ""),
    ("2200", "Sales Tax Payable", "Other Current Liability", "SalesTaxPayable", ""),
    ("2400", "Customer Deposits", "Other Current Liability", "OtherCurrentLiabilities", ""),
    ("2450", "Deferred Revenue", "Other Current Liability", "OtherCurrentLiabilities", ""),
    ("3900", "Retained Earnings", "Equity", "RetainedEarnings", ""),
    ("4000", "Subscription", "Income", "SalesOfProductIncome", ""),
    ("4100", "Services", "Income", "ServiceFeeIncome", ""),
    ("4200", "Shipping", "Income", "SalesOfProductIncome", ""),
    ("4900", "Discounts Given", "Income", "DiscountsRefundsGiven", ""),
    ("5000", "Hosting", "Cost of Goods Sold", "SuppliesMaterialsCogs", ""),
    ("6100", "Rent", "Expense", "RentOrLeaseOfBuildings", ""),
    ("6200", "Tools and Licences", "Expense", "OfficeGeneralAdministrativeExpenses", ""),
    ("6900", "Old Marketing", "Expense", "AdvertisingPromotional", ""),
    ("7100", "Exchange Gain or Loss", "Other Expense", "ExchangeGainOrLoss", ""),
)
SMALL = frozenset({"1100", "1200", "1250", "2450", "4000", "4100"})
DEPARTMENTS = ("East", "East:Boston", "East:Ops", "West", "West:Ops", "HQ", "Legacy")
CLASSES = ("SaaS", "SaaS:Enterprise", "Services", "Services:Training")
RATE = Decimal("1.085")


@dataclass
class Books:
    """Ids of the set-up records, by number, full name, SKU or name."""

    accounts: dict[str, str] = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)


def ref(record_id: str) -> Json:
    """A reference as QuickBooks takes it."""
    return {"value": record_id}


def set_up(stage: Stage, goods: Iterable[Good], *, small: bool = False) -> Books:
    """Make the chart, the lists and the items; what a new company already has is taken over."""
    books = Books()
    _chart(stage, books, small)
    books.departments = _tree(stage, "Department", "SubDepartment", DEPARTMENTS[:2] if small else DEPARTMENTS)
    books.classes = _tree(stage, "Class", "SubClass", CLASSES[:1] if small else CLASSES)
    for name, days in (("Net 30", 30),) if small else (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30)):
        term = _known_id(stage, "Term", "Name", name)
        books.terms[name] = (
            term or stage.qbo("create", "Term", {"Name": name, "Type": "STANDARD", "DueDays": days})["Id"]
        )
    for good in goods:
        if good.kind:
            books.items[good.sku] = stage.qbo("create", "Item", item_body(books, good))["Id"]
    return books


def _known_id(stage: Stage, kind: str, field_name: str, value: str) -> str:
    records = stage.emulation.vendors["quickbooks"].records(kind)
    return next((str(record["Id"]) for record in records if record.get(field_name) == value), "")


def _chart(stage: Stage, books: Books, small: bool) -> None:
    existing = stage.emulation.vendors["quickbooks"].records("Account")
    singular = {record.get("AccountSubType"): record for record in existing}
    named = {record.get("Name"): record for record in existing}
    for number, name, kind, subtype, currency in CHART:
        if small and number not in SMALL:
            continue
        have = named.get(name) or (singular.get(subtype) if subtype in _ONLY_ONE else None)
        if have is not None:
            books.accounts[number] = have["Id"]
            continue
        body: dict[str, Any] = {"Name": name, "AccountType": kind, "AccountSubType": subtype, "AcctNum": number}
        if currency:
            body["CurrencyRef"] = ref(currency)
        books.accounts[number] = stage.qbo("create", "Account", body)["Id"]


_ONLY_ONE = frozenset({"UndepositedFunds", "RetainedEarnings", "ExchangeGainOrLoss"})


def _tree(stage: Stage, kind: str, sub: str, names: Iterable[str]) -> dict[str, str]:
    ids: dict[str, str] = {}
    for full in names:
        parent, _, leaf = full.rpartition(":")
        body: Json = {"Name": leaf}
        if parent:
            body |= {sub: True, "ParentRef": ref(ids[parent])}
        ids[full] = stage.qbo("create", kind, body)["Id"]
    return ids


def item_body(books: Books, good: Good) -> Json:
    """The body of an Item; prices in USD."""
    body: Json = {"Name": good.name, "Sku": good.sku, "Type": good.kind}
    if good.income:
        return body | {"UnitPrice": good.price, "IncomeAccountRef": ref(books.accounts[good.income])}
    if good.kind == "NonInventory":  # only bought, never sold: QuickBooks asks for an expense account alone
        return body | {"PurchaseCost": good.price, "ExpenseAccountRef": ref(books.accounts["6200"])}
    return body


def set_rates(stage: Stage, first: date, last: date) -> None:
    """A EUR rate for every week, moving by less than 1 % around 1.085 home units per euro."""
    day, week = first, 0
    while day <= last:
        rate = RATE + Decimal((week * 7) % 11 - 5) / 1000
        body = {"currency": "EUR", "rate": rate, "day": day.isoformat()}
        stage.qbo("set_exchange_rate", "ExchangeRate", body)
        day, week = day + timedelta(days=7), week + 1


def close_books(stage: Stage, through: date) -> None:
    """Set `BookCloseDate`: nothing dated on or before it can be changed any more."""
    changes = {"AccountingInfoPrefs": {"BookCloseDate": through.isoformat()}}
    stage.qbo("set_preferences", "Preferences", changes)
