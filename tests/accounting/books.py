"""The company of the accounting rules: its accounts, items, departments and classes (accounting-rules 0.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ml_connector.accounting.entry import Entry, EntryInputs, EntryLine, build_entry
from ml_connector.accounting.identity import Identity
from ml_connector.accounting.order_entry import Scope
from ml_connector.accounting.order_lines import Tables
from ml_connector.model import money
from ml_connector.model.held import Held
from ml_connector.model.rules import Rules, Template
from ml_connector.systems.quickbooks.records import (
    Account,
    Class,
    Customer,
    Department,
    Item,
    JournalDraft,
    Preferences,
    Reference,
)
from ml_connector.systems.salesforce.records import SObject

REALM, ORG = "4620816365000001", "00DHp0000001AbCMAU"
ORDER_ID = "801Hp00001AbCdEIAV"

CHART = {
    # number: (id, name, type, currency)
    "1100": ("11", "A/R", "Accounts Receivable", "USD"),
    "1110": ("12", "A/R EUR", "Accounts Receivable", "EUR"),
    "1250": ("31", "Unbilled Receivable", "Other Current Asset", "USD"),
    "2200": ("41", "Sales tax payable", "Other Current Liability", "USD"),
    "2210": ("42", "VAT payable EUR", "Other Current Liability", "EUR"),
    "2450": ("45", "Deferred Revenue", "Other Current Liability", "USD"),
    "2460": ("46", "Deferred Services", "Long Term Liability", "USD"),
    "4000": ("79", "Subscription", "Income", "USD"),
    "4100": ("80", "Services", "Income", "USD"),
    "4200": ("9", "Shipping", "Income", "USD"),
    "4900": ("85", "Discounts given", "Income", "USD"),
    "1010": ("1", "Checking", "Bank", "USD"),
}
ID = {number: row[0] for number, row in CHART.items()}
NUMBER = {id_: number for number, id_ in ID.items()}
ACCOUNTS = {
    id_: Account(
        id=id_, name=name, fully_qualified_name=name, account_type=kind, acct_num=number,
        currency_ref=Reference(currency),
    )
    for number, (id_, name, kind, currency) in CHART.items()
}  # fmt: skip
DEPARTMENTS = {
    id_: Department(id=id_, name=path.split(":")[-1], fully_qualified_name=path)
    for id_, path in {"10": "East", "11": "East:Boston", "20": "West", "30": "HQ"}.items()
}
CLASSES = {
    id_: Class(id=id_, name=path.split(":")[-1], fully_qualified_name=path)
    for id_, path in {"300": "SaaS", "310": "SaaS:Enterprise", "400": "Services"}.items()
}
ITEMS = {
    "501": Item(id="501", name="Subscription", type="Service", sku="SUB", income_account_ref=Reference(ID["4000"])),
    "502": Item(id="502", name="Services", type="NonInventory", sku="SRV", income_account_ref=Reference(ID["4100"])),
    "503": Item(id="503", name="Freight", type="Service", sku="SHIP", income_account_ref=Reference(ID["4200"])),
}
CUSTOMER = Customer(id="77", display_name="Globex LLC", currency_ref=Reference("USD"))

T1 = Template(id="T1", unbilled=ID["1250"], deferred_default=ID["2450"])
T2 = Template(id="T2", unbilled=ID["1250"], discounts=ID["4900"])
T3 = Template(id="T3", receivable={"USD": ID["1100"], "EUR": ID["1110"]}, discounts=ID["4900"])

DIMS = {"-": "", "East": "10", "Boston": "11", "West": "20", "HQ": "30", "SaaS": "300", "Services": "400"}
_NAMES = {id_: name for name, id_ in DIMS.items()}


def preferences(
    *, closed: str | None = "2026-09-30", multicurrency: bool = True, tracking: bool = True, tax: bool = False
) -> Preferences:
    """Home USD, books closed to 2026-09-30, everything tracked."""
    accounting = {"UseAccountNumbers": True, "TrackDepartments": tracking, "ClassTrackingPerTxnLine": tracking}
    body: dict[str, Any] = {
        "Id": "1",
        "AccountingInfoPrefs": {**accounting, **({"BookCloseDate": closed} if closed else {})},
        "CurrencyPrefs": {"MultiCurrencyEnabled": multicurrency, "HomeCurrency": {"value": "USD"}},
        "TaxPrefs": {"PartnerTaxEnabled": tax},
    }
    return msgspec.convert(body, Preferences, strict=False)


def line(number: int, net: str, account: str, dims: str = "East/SaaS", **more: Any) -> EntryLine:
    """`line(1, "999.90", "4000", "East/SaaS")`."""
    department, class_ = dims.split("/")
    return EntryLine(
        number=f"{number:010}", net=Decimal(net), account=ID[account], department=DIMS[department],
        class_=DIMS[class_], **more,
    )  # fmt: skip


def inputs(*lines: EntryLine, template: Template = T2, **more: Any) -> EntryInputs:
    """An order of these lines, in USD, dated 2026-11-10."""
    identity = Identity(realm_id=REALM, org_id=ORG, order_id=ORDER_ID, order_number="00001234")
    given: dict[str, Any] = {"identity": identity, "currency": "USD", "home": "USD", "day": date(2026, 11, 10)}
    given |= {"lines": lines, "template": template, "accounts": ACCOUNTS, "customer": CUSTOMER.id}
    return EntryInputs(**{**given, **more})


def shown(draft: JournalDraft) -> list[str]:
    """Lines as a bookkeeper writes them: `Dr 1250 912.40 East/SaaS`, with `[4000]` where the line names its source."""
    rows = []
    for each in draft.lines:
        side = "Dr" if each.side == "Debit" else "Cr"
        source = each.description.partition(" ")[0] if each.description.startswith("[") else ""
        dims = f"{_NAMES[each.department]}/{_NAMES[each.class_]}"
        amount = money.plain(each.amount)
        rows.append(" ".join(filter(None, [side, NUMBER[each.account], source, amount, dims])))
    return rows


def only(entry: Entry) -> JournalDraft:
    """An entry in one part."""
    assert len(entry.parts) == 1
    return entry.parts[0].draft


def posted(**changes: Any) -> dict[str, Account]:
    """The accounts with some of them changed: `posted(**{"1250": {"active": False}})`."""
    changed = {ID[number]: msgspec.structs.replace(ACCOUNTS[ID[number]], **to) for number, to in changes.items()}
    return {**ACCOUNTS, **changed}


def build(net: str = "1000.00", number: str = "00001001", template: Template = T1) -> Entry:
    """The entry of an order with one subscription line, East/SaaS."""
    identity = Identity(realm_id=REALM, org_id=ORG, order_id=ORDER_ID, order_number=number)
    return build_entry(inputs(line(1, net, "4000"), template=template, identity=identity))


# --- orders as Salesforce has them

ACCOUNT_ID = "001Hp00002AccntAAA"
RULES = Rules(realm_id=REALM, org_id=ORG, template=T1, start_date=date(2026, 10, 1))


def sales_line(
    number: int, net: str | None = "1000.00", dims: str = "East/SaaS", sku: str = "SUB", **more: Any
) -> SObject:
    """An OrderItem; `dims` are the texts written on it, `-` for none."""
    department, class_ = (None if text == "-" else text for text in dims.split("/"))
    product = SObject("Product2", f"01tHp00000{sku:x<5}AAA", {"Name": sku, "StockKeepingUnit": sku})
    fields = {
        "OrderItemNumber": f"{number:010}",
        "Product2Id": product.id,
        "Product2": product,
        "TotalPrice": None if net is None else Decimal(net),
        "Department__c": department,
        "Class__c": class_,
    }
    return SObject("OrderItem", f"802Hp0000{number:06}AAA", {**fields, **more})


def sales_order(*lines: SObject, **fields: Any) -> SObject:
    """An activated order of these lines, else of one subscription line."""
    given = {
        "OrderNumber": "00001001",
        "AccountId": ACCOUNT_ID,
        "Account": SObject("Account", ACCOUNT_ID, {"Name": "Globex LLC"}),
        "StatusCode": "Activated",
        "EffectiveDate": "2026-11-10",
        "ActivatedDate": "2026-11-10T18:00:00.000+0000",
        "IsReductionOrder": False,
        "CurrencyIsoCode": "USD",
        "OrderItems": lines or (sales_line(1),),
    }
    return SObject("Order", ORDER_ID, {**given, **fields})


def tables(**changes: Any) -> Tables:
    """The reference tables of the company with some of them changed."""
    given = {"preferences": preferences(), "accounts": ACCOUNTS, "items": ITEMS}
    return Tables(**{**given, "departments": DEPARTMENTS, "classes": CLASSES, **changes})


def scope(order: SObject | None = None, **changes: Any) -> Scope:
    """All that decides what the order posts, on 2026-11-22."""
    given = {"order": order or sales_order(), "customer": CUSTOMER, "rules": RULES, "tables": tables()}
    return Scope(**{**given, "today": date(2026, 11, 22), **changes})


def held(act: Callable[[], object]) -> str:
    """The code of the hold that this raises."""
    with pytest.raises(Held) as reason:
        act()
    return reason.value.code
