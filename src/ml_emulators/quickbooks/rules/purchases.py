"""Bills and vendor credits: lines, totals, postings (reference 6.10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.lines import number_ids
from ml_emulators.quickbooks.rules import accounts, taxes
from ml_emulators.quickbooks.rules.applications import settle_owed
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.ledger import balancing, posting, rate_of
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.rules.system_accounts import system_account
from ml_emulators.quickbooks.rules.transactions import TransactionRule, settle_currency, settle_date, settle_number
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json, cents, money

_NOT_HERE = ("Accounts Receivable", "Accounts Payable")
_LINE_ORDER = ("Id", "LineNum", "Description", "Amount", "LinkedTxn", "DetailType")
_ACCOUNT, _ITEM = "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"


class _OwedRule(TransactionRule):
    """Bills and vendor credits. 2020 also for a sparse update without VendorRef."""

    sign = 1

    def complete(self, context: WriteContext, draft: Draft) -> None:
        if "VendorRef" not in draft.sent:
            raise faults.Fault([faults.missing("VendorRef")])
        if not draft.body.get("Line"):
            draft.body.pop("Line", None)
        draft.require("Line")
        vendor = context.books.data("Vendor", draft.body["VendorRef"]["value"])
        settle_date(context, draft)
        settle_currency(context, draft, ref_value(vendor, "CurrencyRef"), "vendor")
        settle_lines(context, draft)
        settle_payable(context, draft)
        self.settle_due(context, draft, vendor)
        if not context.flags.track_departments:
            draft.body.pop("DepartmentRef", None)
        settle_purchase_tax(context, draft)
        _totals(context, draft)
        settle_number(context, draft)

    def settle_due(self, context: WriteContext, draft: Draft, vendor: Json) -> None:
        """Only what is to be paid is due."""

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """Expense against payable; a credit the other way round."""
        costs = list(book_lines(context, body, self.sign))
        yield from costs
        yield balancing(body["APAccountRef"]["value"], costs, body["VendorRef"]["value"])


class BillRule(_OwedRule):
    """What is owed to a vendor (reference 6.10)."""

    def settle_due(self, context: WriteContext, draft: Draft, vendor: Json) -> None:
        """The vendor's term unless sent, and the due date by its days."""
        _due(context, draft, vendor)


class VendorCreditRule(_OwedRule):
    """What a vendor owes: a bill the other way round (reference 6.10)."""

    sign = -1


def settle_lines(context: WriteContext, draft: Draft) -> None:
    """Number the lines and complete each: accounts, tax, billing, order of keys. Raises 2020 without Amount."""
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
        if not taxes.foreign(context):
            detail.setdefault("TaxCodeRef", {"value": "NON"})
        if not context.flags.class_per_line:
            detail.pop("ClassRef", None)
        _expense(context, line)
    draft.body["Line"] = [{key: line[key] for key in sorted(line, key=_place)} for line in lines]


def _place(name: str) -> int:
    """Where a key stands in a line of an answer: those of all lines first, then the detail."""
    return _LINE_ORDER.index(name) if name in _LINE_ORDER else len(_LINE_ORDER)


def _expense(context: WriteContext, line: Json) -> str:
    """The account that a line is booked on: 2020 without one, 6430 when it cannot be one of these."""
    detail = line[line["DetailType"]]
    if line["DetailType"] == _ITEM:
        return _item_expense(context, detail)
    account = ref_value(detail, "AccountRef")
    if account is None:
        raise faults.Fault([faults.missing("AccountRef")])
    if context.books.data("Account", account)["AccountType"] in _NOT_HERE:
        raise faults.account_type_not_allowed("AccountRef")
    return account


def _item_expense(context: WriteContext, detail: Json) -> str:
    item = ref_value(detail, "ItemRef")
    if item is None:
        raise faults.Fault([faults.missing("ItemRef")])
    row = context.books.row("Item", item)
    account = ref_value(context.books.data("Item", item), "ExpenseAccountRef") if row is not None else None
    if account is None:
        raise faults.business("The item has no expense account, so it cannot be bought.", "ItemRef")
    return account


def settle_payable(context: WriteContext, draft: Draft) -> None:
    """The A/P account, in the currency of the transaction."""
    body = draft.body
    draft.keep("APAccountRef")
    currency = body["CurrencyRef"]["value"]
    if "APAccountRef" not in body:
        body["APAccountRef"] = {"value": system_account(context, accounts.PAYABLE, currency)}
    account = context.books.data("Account", body["APAccountRef"]["value"])
    if account["AccountType"] != accounts.PAYABLE[0]:
        raise faults.account_type_not_allowed("APAccountRef")
    if ref_value(account, "CurrencyRef") != currency:
        raise faults.business("The A/P account must be in the currency of the transaction.", "APAccountRef")


def _due(context: WriteContext, draft: Draft, vendor: Json) -> None:
    """Due after the days of the term, else on the day itself."""
    if draft.old is None and "TermRef" in vendor:
        draft.default("SalesTermRef", {"value": vendor["TermRef"]["value"]})
    term = ref_value(draft.body, "SalesTermRef")
    days = int(context.books.data("Term", term).get("DueDays", 0)) if term is not None else 0
    issued = date.fromisoformat(draft.body["TxnDate"])
    try:
        draft.default("DueDate", (issued + timedelta(days=days)).isoformat())
    except OverflowError:
        draft.default("DueDate", issued.isoformat())


def settle_purchase_tax(context: WriteContext, draft: Draft) -> None:
    """US companies pay sales tax as part of the price."""
    if taxes.foreign(context):
        taxes.settle(context, draft, (_ACCOUNT, _ITEM), "PurchaseTaxRateList")
    else:
        draft.body.pop("TxnTaxDetail", None)
        draft.body.pop("GlobalTaxCalculation", None)


def _totals(context: WriteContext, draft: Draft) -> None:
    body = draft.body
    total = sum((Decimal(line.get("Amount", 0)) for line in booked(body)), Decimal(0)) + taxes.added(body)
    if total < 0:
        raise faults.business("Transaction amount must be 0 or greater.", "Line")
    body["TotalAmt"] = money(total)
    settle_owed(context, body, draft.kept("Id"))


def booked(body: Json) -> Iterator[Json]:
    """The lines that cost something."""
    return (line for line in body["Line"] if line["DetailType"] in (_ACCOUNT, _ITEM))


def book_lines(context: WriteContext, body: Json, sign: int) -> Iterator[Posting]:
    """The costs, and the tax on them: it is a claim against the tax office, and no cost."""
    rate, tax = rate_of(body), taxes.tax_of(body)
    cost = ""
    for line in booked(body):
        cost = _expense(context, line)
        yield posting(context, cost, cents(line["Amount"]) * sign, rate)
    if tax:
        yield posting(context, system_account(context, accounts.SALES_TAX), tax * sign, rate)
        if cost and not taxes.added(body):
            yield posting(context, cost, -tax * sign, rate)
