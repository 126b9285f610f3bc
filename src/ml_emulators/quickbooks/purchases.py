"""Bills and vendor credits: lines, totals, postings (reference 6.10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from ml_emulators.quickbooks import accounts, faults
from ml_emulators.quickbooks.desk import Desk
from ml_emulators.quickbooks.draft import Draft
from ml_emulators.quickbooks.ledger import posting, rate_of, system_account
from ml_emulators.quickbooks.lines import number_ids
from ml_emulators.quickbooks.references import ref_value
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.txns import settle_currency, settle_date, settle_number
from ml_emulators.quickbooks.values import Json, cents, money

_NOT_HERE = ("Accounts Receivable", "Accounts Payable")
_ACCOUNT, _ITEM = "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"


def purchase(desk: Desk, draft: Draft) -> None:
    """Complete and judge a bill or vendor credit. Raises Fault; 2020 also for a sparse update without VendorRef."""
    if "VendorRef" not in draft.sent:
        raise faults.Fault([faults.missing("VendorRef")])
    if not draft.body.get("Line"):
        draft.body.pop("Line", None)
    draft.require("Line")
    vendor = desk.books.data("Vendor", draft.body["VendorRef"]["value"])
    settle_date(desk, draft)
    settle_currency(desk, draft, ref_value(vendor, "CurrencyRef"), "vendor")
    _lines(desk, draft)
    _payable(desk, draft)
    if draft.kind.name == "Bill":
        _due(desk, draft, vendor)
    if not desk.flags.track_departments:
        draft.body.pop("DepartmentRef", None)
    _totals(desk, draft.body)
    settle_number(desk, draft)


def _lines(desk: Desk, draft: Draft) -> None:
    lines = draft.body["Line"]
    number_ids(lines, {line["Id"] for line in draft.kept("Line") or []}, 1)
    for place, line in enumerate(lines, 1):
        line["LineNum"] = place
        if line["DetailType"] == "DescriptionOnly":
            continue
        if "Amount" not in line:
            raise faults.Fault([faults.missing("Amount")])
        detail = line[line["DetailType"]]
        detail.setdefault("BillableStatus", "NotBillable")
        if not desk.flags.class_per_line:
            detail.pop("ClassRef", None)
        _expense(desk, line)


def _expense(desk: Desk, line: Json) -> str:
    """The account that a line is booked on: 2020 without one, 6430 when it cannot be one of these."""
    detail = line[line["DetailType"]]
    if line["DetailType"] == _ITEM:
        return _item_expense(desk, detail)
    account = ref_value(detail, "AccountRef")
    if account is None:
        raise faults.Fault([faults.missing("AccountRef")])
    if desk.books.data("Account", account)["AccountType"] in _NOT_HERE:
        raise faults.account_type_not_allowed("AccountRef")
    return account


def _item_expense(desk: Desk, detail: Json) -> str:
    item = ref_value(detail, "ItemRef")
    if item is None:
        raise faults.Fault([faults.missing("ItemRef")])
    row = desk.books.row("Item", item)
    account = ref_value(desk.books.data("Item", item), "ExpenseAccountRef") if row is not None else None
    if account is None:
        raise faults.business("The item has no expense account, so it cannot be bought.", "ItemRef")
    return account


def _payable(desk: Desk, draft: Draft) -> None:
    body = draft.body
    draft.keep("APAccountRef")
    currency = body["CurrencyRef"]["value"]
    if "APAccountRef" not in body:
        body["APAccountRef"] = {"value": system_account(desk, accounts.PAYABLE, currency)}
    account = desk.books.data("Account", body["APAccountRef"]["value"])
    if account["AccountType"] != accounts.PAYABLE[0]:
        raise faults.account_type_not_allowed("APAccountRef")
    if ref_value(account, "CurrencyRef") != currency:
        raise faults.business("The A/P account must be in the currency of the transaction.", "APAccountRef")


def _due(desk: Desk, draft: Draft, vendor: Json) -> None:
    """Due after the days of the term, else on the day itself."""
    if draft.old is None and "TermRef" in vendor:
        draft.default("SalesTermRef", {"value": vendor["TermRef"]["value"]})
    term = ref_value(draft.body, "SalesTermRef")
    days = int(desk.books.data("Term", term).get("DueDays", 0)) if term is not None else 0
    issued = date.fromisoformat(draft.body["TxnDate"])
    try:
        draft.default("DueDate", (issued + timedelta(days=days)).isoformat())
    except OverflowError:
        draft.default("DueDate", issued.isoformat())


def _totals(desk: Desk, body: Json) -> None:
    total = sum((Decimal(line.get("Amount", 0)) for line in _booked(body)), Decimal(0))
    if total < 0:
        raise faults.business("Transaction amount must be 0 or greater.", "Line")
    body["TotalAmt"] = body["Balance"] = money(total)
    if desk.flags.multicurrency:
        body["HomeBalance"] = money(total * Decimal(rate_of(body)))
    body["LinkedTxn"] = []


def _booked(body: Json) -> Iterator[Json]:
    return (line for line in body["Line"] if line["DetailType"] in (_ACCOUNT, _ITEM))


def postings(desk: Desk, kind: str, body: Json) -> Iterator[Posting]:
    """Expense against payable; a credit the other way round."""
    sign, rate = (-1 if kind == "VendorCredit" else 1), rate_of(body)
    owed = home = Decimal(0)
    for line in _booked(body):
        one = posting(desk, _expense(desk, line), cents(line["Amount"]) * sign, rate)
        owed, home = owed + one.amount, home + one.home
        yield one
    yield Posting(body["APAccountRef"]["value"], -owed, -home, body["VendorRef"]["value"])
