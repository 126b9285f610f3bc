"""Invoices, sales and refund receipts, credit memos and estimates: lines, totals, postings (reference 6.2 and 6.4)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.lines import number_ids
from ml_emulators.quickbooks.rules import accounts
from ml_emulators.quickbooks.rules.applications import settle_open_amount
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.ledger import posting, rate_of
from ml_emulators.quickbooks.rules.references import SPECIAL_ITEMS, ref_value
from ml_emulators.quickbooks.rules.system_accounts import system_account
from ml_emulators.quickbooks.rules.taxes import added, foreign, tax_of
from ml_emulators.quickbooks.rules.taxes import settle as settle_tax
from ml_emulators.quickbooks.rules.transactions import TransactionRule, settle_currency, settle_date, settle_number
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json, cents, money

_MOST_TAXED_LINES = 750
_ITEM_ORDER = ("ServiceDate", "ItemRef", "ClassRef", "UnitPrice", "Qty", "ItemAccountRef", "TaxCodeRef")
_LINE_ORDER = ("Id", "LineNum", "Description", "Amount", "LinkedTxn", "DetailType")
_COUNTED = ("SalesItemLineDetail", "GroupLineDetail")


class SalesRule(TransactionRule, ABC):
    """What all sales forms share; `settle` is about one kind of them."""

    sign = 1
    """-1 for forms that give money back."""
    paid_at_once = False

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Customer, date, currency, lines, totals, what the form is for, number. Raises 2020, 2500, 6000."""
        customer = self._customer(context, draft) or {}
        settle_date(context, draft)
        settle_currency(context, draft, ref_value(customer, "CurrencyRef"))
        _lines(context, draft)
        _totals(context, draft)
        _dimensions(context, draft)
        _defaults(context, draft, customer, "NotSet" if self.paid_at_once else "NeedToPrint")
        self.settle(context, draft, customer)
        settle_number(context, draft)

    @abstractmethod
    def settle(self, context: WriteContext, draft: Draft, customer: Json) -> None:
        """The fields of one kind; `customer` is empty where none is named."""

    def _customer(self, context: WriteContext, draft: Draft) -> Json | None:
        required = ("Line",) if self.paid_at_once else ("CustomerRef", "Line")
        if context.switches.currency_required and context.flags.multicurrency and draft.old is None:
            required = (*required, "CurrencyRef")
        if not draft.body.get("Line"):
            draft.body.pop("Line", None)
        draft.require(*required)
        target = ref_value(draft.body, "CustomerRef")
        return context.books.data("Customer", target) if target is not None else None

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """Receivable or deposit against income, discount and tax."""
        if not body["TotalAmt"] and not _discount_of(body):
            return
        credited = list(_credits(context, body, self.sign))
        yield from credited
        yield from self._debits(context, body, credited)

    def _debits(self, context: WriteContext, body: Json, credited: list[Posting]) -> Iterator[Posting]:
        """The deposit, and the receivable for what is not paid at once."""
        amount, home = -sum(part.amount for part in credited), -sum(part.home for part in credited)
        deposit = Decimal(body.get("Deposit", 0))
        if self.paid_at_once or deposit:
            target = ref_value(body, "DepositToAccountRef") or system_account(context, accounts.UNDEPOSITED)
            paid = posting(context, target, amount if self.paid_at_once else deposit, rate_of(body))
            yield paid
            amount, home = amount - paid.amount, home - paid.home
        if not self.paid_at_once:
            receivable = system_account(context, accounts.RECEIVABLE, body["CurrencyRef"]["value"])
            yield Posting(receivable, Decimal(amount), Decimal(home), body["CustomerRef"]["value"])


class InvoiceRule(SalesRule):
    """What a customer owes (reference 6.2)."""

    voidable = True

    def settle(self, context: WriteContext, draft: Draft, customer: Json) -> None:
        """Term, due date, online payment, open balance less what is applied. Raises 2500 for an unknown estimate."""
        _invoice(context, draft, customer)

    def after_save(self, context: WriteContext, new: Json, old: Json | None) -> None:
        """The ledger, and the estimates that it was made from."""
        super().after_save(context, new, old)
        _link_estimates(context, new, old)

    def on_delete(self, context: WriteContext, old: Json) -> None:
        """Out of the ledger, and estimates are open again."""
        super().on_delete(context, old)
        _link_estimates(context, None, old)


class CreditMemoRule(SalesRule):
    """What is owed to a customer; a payment sets it off (reference 6.4)."""

    sign = -1
    voidable_on_screen = True

    def settle(self, context: WriteContext, draft: Draft, customer: Json) -> None:
        """What is left of it, less what payments apply."""
        settle_open_amount(context, self.kind.name, draft.body, draft.kept("Id"))


class EstimateRule(SalesRule):
    """An offer: it books nothing."""

    def settle(self, context: WriteContext, draft: Draft, customer: Json) -> None:
        """Pending unless sent."""
        draft.default("TxnStatus", "Pending")

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """None."""
        return iter(())


class SalesReceiptRule(SalesRule):
    """A sale that is paid at once (reference 6.2)."""

    voidable = True
    paid_at_once = True

    def settle(self, context: WriteContext, draft: Draft, customer: Json) -> None:
        """Nothing is open or due; the money goes to undeposited funds unless an account is named."""
        draft.body["Balance"] = 0
        draft.body.pop("DueDate", None)
        if "DepositToAccountRef" not in draft.body:
            draft.body["DepositToAccountRef"] = {"value": system_account(context, accounts.UNDEPOSITED)}


class RefundReceiptRule(SalesRule):
    """Money given back at once."""

    sign = -1
    voidable_on_screen = True
    paid_at_once = True

    def settle(self, context: WriteContext, draft: Draft, customer: Json) -> None:
        """Nothing is open or due; 2020 without the account that pays."""
        draft.body["Balance"] = 0
        draft.body.pop("DueDate", None)
        draft.require("DepositToAccountRef")


def _lines(context: WriteContext, draft: Draft) -> None:
    lines = [line for line in draft.body["Line"] if line.get("DetailType") != "SubTotalLineDetail"]
    subtotal_only = [line for line in lines if line["DetailType"] == "DescriptionOnly" and _is_subtotal(line)]
    if not subtotal_only and not any(line["DetailType"] in _COUNTED for line in lines):
        raise faults.business("A sales form needs at least one item line.", "Line")
    taxed = [
        line for line in lines if ref_value(line.get("SalesItemLineDetail", {}), "TaxCodeRef") not in (None, "NON")
    ]
    if taxed and len(lines) > _MOST_TAXED_LINES:
        raise faults.business(f"A taxable form has at most {_MOST_TAXED_LINES} lines.", "Line")
    number_ids(lines, {line["Id"] for line in draft.kept("Line") or [] if "Id" in line}, 1)
    done = [_line(context, line, place) for place, line in enumerate(lines, 1)]
    subtotal = sum((_counted(line) for line in done), Decimal(0))
    for line in done:
        if line["DetailType"] == "DiscountLineDetail":
            _discount(context, line, subtotal)
    done.append({"Amount": money(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
    draft.body["Line"] = done


def _is_subtotal(line: Json) -> bool:
    return str(line.get("Description", "")).startswith("Subtotal:")


def _line(context: WriteContext, line: Json, place: int) -> Json:
    kind = line["DetailType"]
    if kind == "SalesItemLineDetail":
        _item_line(context, line)
    elif kind == "GroupLineDetail":
        _group_line(context, line)
    line["LineNum"] = place
    others = {key: value for key, value in line.items() if key not in _LINE_ORDER}
    return {**{key: line[key] for key in _LINE_ORDER if key in line}, **others}


def _item_line(context: WriteContext, line: Json) -> None:
    if "Amount" not in line:
        raise faults.Fault([faults.missing("Amount")])
    detail = line["SalesItemLineDetail"]
    if "Qty" in detail and "UnitPrice" in detail:
        product = cents(Decimal(detail["Qty"]) * Decimal(detail["UnitPrice"]))
        if product != line["Amount"]:
            raise faults.business(
                "Amount calculation incorrect in the request. Amount is not equal to UnitPrice * Qty."
            )
    if not foreign(context):
        detail.setdefault("TaxCodeRef", {"value": "NON"})
    if not context.flags.class_per_line:
        detail.pop("ClassRef", None)
    _item_account(context, detail)
    line["SalesItemLineDetail"] = {key: detail[key] for key in _ITEM_ORDER if key in detail}
    line["CustomExtensions"] = []


def _item_account(context: WriteContext, detail: Json) -> None:
    """The income account of the item at the time of writing."""
    item = ref_value(detail, "ItemRef")
    if item is None or item in SPECIAL_ITEMS:
        return
    data = context.books.data("Item", item)
    if data["Type"] == "Category":
        raise faults.business("A category cannot be sold.", "ItemRef")
    income = ref_value(data, "IncomeAccountRef")
    if income is not None:
        detail["ItemAccountRef"] = {"value": income}


def _group_line(context: WriteContext, line: Json) -> None:
    inner = line["GroupLineDetail"].setdefault("Line", [])
    for part in inner:
        _item_line(context, part)
    line["Amount"] = money(sum((_counted(part) for part in inner), Decimal(0)))


def _counted(line: Json) -> Decimal:
    """What a line adds to the subtotal; a line without an item is only documentation."""
    if line["DetailType"] == "GroupLineDetail":
        return Decimal(line["Amount"])
    item = line.get("SalesItemLineDetail", {}).get("ItemRef")
    return Decimal(line["Amount"]) if item is not None else Decimal(0)


def _discount(context: WriteContext, line: Json, subtotal: Decimal) -> None:
    detail = line["DiscountLineDetail"]
    detail.setdefault("PercentBased", "DiscountPercent" in detail)
    if detail["PercentBased"]:
        if "DiscountPercent" not in detail:
            raise faults.Fault([faults.missing("DiscountPercent")])
        line["Amount"] = money(subtotal * Decimal(detail["DiscountPercent"]) / 100)
    elif "Amount" not in line:
        raise faults.Fault([faults.missing("Amount")])


def _discount_of(body: Json) -> Decimal:
    discounts = (Decimal(line["Amount"]) for line in body["Line"] if line["DetailType"] == "DiscountLineDetail")
    return sum(discounts, Decimal(0))


def _totals(context: WriteContext, draft: Draft) -> None:
    body = draft.body
    settle_tax(context, draft, ("SalesItemLineDetail",), "SalesTaxRateList")
    total = Decimal(body["Line"][-1]["Amount"]) - _discount_of(body) + added(body)
    if total < 0:
        raise faults.business("Transaction amount must be 0 or greater.", "Line")
    body["TotalAmt"] = money(total)
    if context.flags.multicurrency:
        body["HomeTotalAmt"] = money(total * Decimal(rate_of(body)))


def _dimensions(context: WriteContext, draft: Draft) -> None:
    """What is not tracked is dropped without a word."""
    if not context.flags.track_departments:
        draft.body.pop("DepartmentRef", None)
    if not context.flags.class_per_txn:
        draft.body.pop("ClassRef", None)


def _defaults(context: WriteContext, draft: Draft, customer: Json, print_status: str) -> None:
    body = draft.body
    known = {key for key, _ in context.books.company.custom_fields}
    sent = body.get("CustomField", [])
    custom_fields = sent if isinstance(sent, list) else []
    body["CustomField"] = [
        custom for custom in custom_fields if isinstance(custom, dict) and custom.get("DefinitionId") in known
    ]
    if draft.old is None:
        for name in ("BillAddr", "ShipAddr"):
            if name in customer:
                draft.default(name, customer[name])
    _address_ids(context, draft)
    draft.default("ApplyTaxAfterDiscount", False)
    draft.default("PrintStatus", print_status)
    draft.default("EmailStatus", "NotSet")
    if body["EmailStatus"] == "NeedToSend" and "BillEmail" not in body:
        raise faults.business("An e-mail address is required to send the form.", "BillEmail")


def _address_ids(context: WriteContext, draft: Draft) -> None:
    for name in ("BillAddr", "ShipAddr", "ShipFromAddr"):
        address = draft.body.get(name)
        if address is not None and "Id" not in address:
            former = draft.kept(name)
            address_id = former["Id"] if former else context.books.next_id("address")
            draft.body[name] = {"Id": address_id, **address}


def _invoice(context: WriteContext, draft: Draft, customer: Json) -> None:
    body = draft.body
    for flag in ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"):
        draft.default(flag, flag in ("AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"))
    body["FreeFormAddress"] = True
    for estimate in _estimates(body) - _estimates(draft.old):
        if context.books.row("Estimate", estimate) is None:
            raise faults.Fault([faults.invalid_reference("LinkedTxn", estimate)])
    if draft.old is None and "SalesTermRef" in customer:
        draft.default("SalesTermRef", {"value": customer["SalesTermRef"]["value"]})
    draft.default("DueDate", _due(context, body))
    settle_open_amount(context, "Invoice", body, draft.kept("Id"))


def _due(context: WriteContext, body: Json) -> str:
    issued = date.fromisoformat(body["TxnDate"])
    term = ref_value(body, "SalesTermRef")
    if term is None:
        return _later(issued, context.books.company.default_due_days)
    data = context.books.data("Term", term)
    return _day_of_month(issued, data) if data["Type"] == "DATE_DRIVEN" else _later(issued, int(data.get("DueDays", 0)))


def _later(issued: date, days: int) -> str:
    try:
        return (issued + timedelta(days=days)).isoformat()
    except OverflowError:
        return issued.isoformat()


def _day_of_month(issued: date, term: Json) -> str:
    """Due on a day of the month: the next one that leaves the days wanted."""
    day = min(max(int(term.get("DayOfMonthDue", 1)), 1), 28)
    due = issued.replace(day=day)
    while (due - issued).days < int(term.get("DueNextMonthDays", 0)) or due < issued:
        if due.year >= date.max.year:
            return issued.isoformat()
        due = (due.replace(day=28) + timedelta(days=4)).replace(day=day)
    return due.isoformat()


def _credits(context: WriteContext, body: Json, sign: int) -> Iterator[Posting]:
    rate = rate_of(body)
    for line in _flat(body["Line"]):
        detail: Any = line.get("SalesItemLineDetail")
        if detail is not None and "ItemRef" in detail and line["Amount"]:
            account = ref_value(detail, "ItemAccountRef") or system_account(context, accounts.SALES)
            yield posting(context, account, -sign * Decimal(line["Amount"]), rate)
        elif line["DetailType"] == "DiscountLineDetail" and line["Amount"]:
            account = ref_value(line["DiscountLineDetail"], "DiscountAccountRef") or system_account(
                context, accounts.DISCOUNTS
            )
            yield posting(context, account, sign * Decimal(line["Amount"]), rate)
    if tax_of(body):
        yield posting(context, system_account(context, accounts.SALES_TAX), -sign * tax_of(body), rate)
    if tax_of(body) and not added(body):  # the lines include it: it is no income
        yield posting(context, system_account(context, accounts.SALES), sign * tax_of(body), rate)


def _flat(lines: list[Json]) -> Iterator[Json]:
    for line in lines:
        yield from line["GroupLineDetail"]["Line"] if line["DetailType"] == "GroupLineDetail" else (line,)


def _link_estimates(context: WriteContext, new: Json | None, old: Json | None) -> None:
    """An invoice made from an estimate closes it, and each shows the other."""
    before, after = _estimates(old), _estimates(new)
    invoice_id = (new or old or {})["Id"]
    for estimate in before ^ after:
        if context.books.row("Estimate", estimate) is not None:
            context.edit("Estimate", estimate, partial(_mark, invoice_id, estimate in after))


def _estimates(body: Json | None) -> set[str]:
    links = body.get("LinkedTxn", []) if body is not None else []
    return {link["TxnId"] for link in links if link.get("TxnType") == "Estimate" and "TxnId" in link}


def _mark(invoice_id: str, linked: bool, data: Json) -> None:
    others = [link for link in data.get("LinkedTxn", []) if link.get("TxnId") != invoice_id]
    data["TxnStatus"] = "Closed" if linked else "Pending"
    data["LinkedTxn"] = [*others, {"TxnId": invoice_id, "TxnType": "Invoice"}] if linked else others
