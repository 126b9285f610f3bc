"""The planted records: each wrong in exactly one way, so that its hold has exactly one code.

Every case says which rule of accounting-rules.md holds it. The businesses are `setting.spare`: plainly the same
on both sides, in USD, with no other orders or invoices, so that nothing else can happen to them. Unless a case
says otherwise its order is East / SaaS, in open books, not in the future.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from .books import ref
from .cast import SPARE
from .goods import BUNDLE, GOODS, INACTIVE, NO_INCOME, NO_ITEM, Good
from .orders import Order, activate, add_opportunity, add_order
from .people import Client
from .plan import Setting
from .trade import Invoice, Line, add_invoice

_GOODS = {good.sku: good for good in GOODS}
_BASIC, _ONBOARDING = _GOODS["SUB-BASIC"], _GOODS["SRV-ONB"]


def awkward(setting: Setting) -> None:
    """Put the planted cases on the calendar, once for each unit of scale."""
    for turn in range(setting.scale):
        spare = setting.spare[turn * SPARE : (turn + 1) * SPARE]
        _items(setting, spare[0:4])
        _dims(setting, spare[4:7])
        _money_and_time(setting, spare[7:10])
        _counted_twice(setting, spare[10:12])
        _deals(setting, spare[12:14])
    stage, days = setting.stage, setting.days
    later = days.start + timedelta(days=20)
    stage.on(later, partial(_deactivate, setting, "Department", "Legacy"))
    stage.on(later, partial(_deactivate, setting, "Item", INACTIVE.sku))
    stage.on(days.first, partial(_deactivate, setting, "Account", "6900"))


def _line(good: Good = _BASIC, quantity: int = 10) -> Line:
    return Line(good, Decimal(quantity), good.price)


def _plain(client: Client, day: date, *lines: Line) -> Order:
    return Order(client, day, lines or (_line(),), "East", "SaaS")


def plant_order(setting: Setting, order: Order, day: date, code: str, why: str) -> None:
    """Key and activate `order` on `day`, and list it under `code`. Nothing in an org without orders."""
    if not setting.stage.shape.orders:
        return
    setting.stage.on(day, partial(_plant, setting, order, code, why))


def _plant(setting: Setting, order: Order, code: str, why: str) -> None:
    add_order(setting.stage, setting.shop, order)
    activate(setting.stage, order)
    setting.stage.plant(code, "salesforce", "Order", order.id, why)


def _open_day(setting: Setting) -> date:
    return setting.between(setting.days.closing + timedelta(days=1), setting.days.today - timedelta(days=4))


def _items(setting: Setting, clients: list[Client]) -> None:
    """B.3a and the item checks of B.3: one good line beside one bad line; the whole order is held."""
    cases = (
        # No Item has this SKU or code, and QBO_Item_Id__c is blank: never matched by name.
        (NO_ITEM, "H-ITEM-UNMAPPED", "product Insight Genie has no item in QuickBooks"),
        # Found by SKU among all items, and that one was deactivated.
        (INACTIVE, "H-ITEM-INACTIVE", "item Subscription Legacy is inactive"),
        # Found by SKU, but a bundle has no account of its own.
        (BUNDLE, "H-ITEM-TYPE", "item Starter Bundle is a bundle"),
        # Found by SKU, active, non-inventory, but only bought: no override, no IncomeAccountRef (B.3, step 4).
        (NO_INCOME, "H-ACCT-MISSING", "item Loan Laptop has no income account"),
    )
    for client, (good, code, why) in zip(clients, cases, strict=True):
        day = _open_day(setting)
        plant_order(setting, _plain(client, day, _line(), _line(good, 2)), day, code, why)


def _dims(setting: Setting, clients: list[Client]) -> None:
    """F.2, read at the order's level of B.4, so that nothing below it is asked."""
    cases = (
        ("East", "Hardware", "H-DIM-UNMAPPED", "class Hardware is not known in QuickBooks"),
        # Leaves East:Ops and West:Ops: no full name equals the text, and the leaf is not unique.
        ("Ops", "SaaS", "H-DIM-AMBIGUOUS", "department Ops may be East:Ops or West:Ops"),
        # The name still leads to one record once the suffix of the deactivated is stripped.
        ("Legacy", "SaaS", "H-DIM-INACTIVE", "department Legacy is inactive"),
    )
    for client, (department, class_name, code, why) in zip(clients, cases, strict=True):
        day = _open_day(setting)
        order = replace(_plain(client, day), department=department, class_name=class_name)
        plant_order(setting, order, day, code, why)


def _money_and_time(setting: Setting, clients: list[Client]) -> None:
    days = setting.days
    day = _open_day(setting)
    if not setting.stage.shape.home:
        # B.9: the customer is in USD for life, the order is in EUR.
        euro = replace(_plain(clients[0], day), currency="EUR")
        plant_order(setting, euro, day, "H-CUR-MISMATCH", "the order is in EUR, its customer in USD")
    # B.10: activated and effective the day after the start, but the books were closed through two days later.
    day = days.start + timedelta(days=1)
    why = f"dated {day}, the books are closed through {days.closed}"
    plant_order(setting, _plain(clients[1], day), day, "H-CLOSED", why)
    # B.10: the later of both dates is the order's start, which is still to come.
    ahead = days.today + timedelta(days=25)
    plant_order(setting, _plain(clients[2], ahead), _open_day(setting), "H-FUTURE", f"starts on {ahead}")


def _counted_twice(setting: Setting, clients: list[Client]) -> None:
    """A.11, DC-7: somebody entered the order by hand, with its number but not in a way that A.10 links."""
    if not setting.stage.shape.orders:
        return
    for client, by_hand in zip(clients, (_journal, _bill), strict=True):
        day = _open_day(setting)
        order = _plain(client, day)
        made = "a journal entry" if by_hand is _journal else "an invoice"
        plant_order(setting, order, day, "H-DOUBLE-COUNT", f"{made} made by hand carries its number")
        later = day + timedelta(days=2)
        setting.stage.on(later, partial(by_hand, setting, order, later))


def _journal(setting: Setting, order: Order, day: date) -> None:
    """Its number is the order's. Debits the receivable, not 1250: that account is another detector's (DC-5)."""
    customer = {"Type": "Customer", "EntityRef": ref(order.client.customer)}
    debit = {"PostingType": "Debit", "AccountRef": ref(setting.books.accounts["1100"]), "Entity": customer}
    credit = {"PostingType": "Credit", "AccountRef": ref(setting.books.accounts["4000"])}
    lines = [
        {"DetailType": "JournalEntryLineDetail", "Amount": order.net, "JournalEntryLineDetail": detail}
        for detail in (debit, credit)
    ]
    body = {
        "TxnDate": day.isoformat(),
        "DocNumber": order.number,
        "PrivateNote": f"Accrual for order {order.number}",
        "Line": lines,
    }
    setting.stage.qbo("create", "JournalEntry", body)


def _bill(setting: Setting, order: Order, day: date) -> None:
    """Its number is the order's, but without the token of L1; its amount differs from the order's (no L4 either).

    QuickBooks cannot be asked for the text of a note, only for a number: so the number stands there, too.
    """
    lines = [Line(_BASIC, Decimal(3), _BASIC.price, "SaaS")]
    note = f"first part of order {order.number}"
    invoice = Invoice(order.client, day, lines, department="East", note=note, number=order.number)
    add_invoice(setting.stage, setting.books, invoice)


def _deals(setting: Setting, clients: list[Client]) -> None:
    """D.5, M3: one open opportunity of the same account and currency, equal to the cent, closing soon.

    Nothing to hold: the invoice is linked to it, or gets one of its own. Two of them, or one that is only near,
    would ask for a review; the sample has neither.
    """
    lines = [Line(_ONBOARDING, Decimal(7), _ONBOARDING.price, "Services")]
    for client in clients:
        day = _open_day(setting)
        invoice = Invoice(client, day, lines, department="HQ")
        name, close = f"{client.name} onboarding", day + timedelta(days=12)
        deal = (setting.stage, client, name, invoice.net, close, "Negotiation/Review")
        setting.stage.on(day - timedelta(days=2), partial(add_opportunity, *deal))
        setting.stage.on(day, partial(add_invoice, setting.stage, setting.books, invoice))


def _deactivate(setting: Setting, kind: str, name: str) -> None:
    books = setting.books
    ids = {"Department": books.departments, "Item": books.items, "Account": books.accounts}[kind]
    setting.stage.qbo("deactivate", kind, {"Id": ids[name]})
