"""Invoices, sales and refund receipts, credit memos and estimates: lines, totals, postings (reference 6.2 and 6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.lines import number_ids
from ml_emulators.quickbooks.rules import accounts
from ml_emulators.quickbooks.rules.context import Desk
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.ledger import posting, rate_of, system_account
from ml_emulators.quickbooks.rules.references import SPECIAL_ITEMS, ref_value
from ml_emulators.quickbooks.rules.taxes import added, foreign, tax_of
from ml_emulators.quickbooks.rules.taxes import settle as settle_tax
from ml_emulators.quickbooks.rules.transactions import settle_currency, settle_date, settle_number
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json, cents, money

_MOST_TAXED_LINES = 750
WRITABLE_LINKS = ("Estimate", "ReimburseCharge", "StatementCharge", "TimeActivity")
_ITEM_ORDER = ("ServiceDate", "ItemRef", "ClassRef", "UnitPrice", "Qty", "ItemAccountRef", "TaxCodeRef")
_LINE_ORDER = ("Id", "LineNum", "Description", "Amount", "LinkedTxn", "DetailType")
_PAID_AT_ONCE = ("SalesReceipt", "RefundReceipt")
_GIVEN_BACK = ("CreditMemo", "RefundReceipt")
_COUNTED = ("SalesItemLineDetail", "GroupLineDetail")


def sales_form(desk: Desk, draft: Draft) -> None:
    """Complete and judge a sales form; raises Fault."""
    customer = _customer(desk, draft)
    settle_date(desk, draft)
    settle_currency(desk, draft, ref_value(customer, "CurrencyRef") if customer else None)
    _lines(desk, draft)
    _totals(desk, draft)
    _dimensions(desk, draft)
    _defaults(desk, draft, customer or {})
    _kind_fields(desk, draft, customer or {})
    settle_number(desk, draft)


def _customer(desk: Desk, draft: Draft) -> Json | None:
    required = ("Line",) if draft.kind.name in _PAID_AT_ONCE else ("CustomerRef", "Line")
    if desk.switches.currency_required and desk.flags.multicurrency and draft.old is None:
        required = (*required, "CurrencyRef")
    if not draft.body.get("Line"):
        draft.body.pop("Line", None)
    draft.require(*required)
    target = ref_value(draft.body, "CustomerRef")
    return desk.books.data("Customer", target) if target is not None else None


def _lines(desk: Desk, draft: Draft) -> None:
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
    done = [_line(desk, line, place) for place, line in enumerate(lines, 1)]
    subtotal = sum((_counted(line) for line in done), Decimal(0))
    for line in done:
        if line["DetailType"] == "DiscountLineDetail":
            _discount(desk, line, subtotal)
    done.append({"Amount": money(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}})
    draft.body["Line"] = done


def _is_subtotal(line: Json) -> bool:
    return str(line.get("Description", "")).startswith("Subtotal:")


def _line(desk: Desk, line: Json, place: int) -> Json:
    kind = line["DetailType"]
    if kind == "SalesItemLineDetail":
        _item_line(desk, line)
    elif kind == "GroupLineDetail":
        _group_line(desk, line)
    line["LineNum"] = place
    rest = {key: value for key, value in line.items() if key not in _LINE_ORDER}
    return {**{key: line[key] for key in _LINE_ORDER if key in line}, **rest}


def _item_line(desk: Desk, line: Json) -> None:
    if "Amount" not in line:
        raise faults.Fault([faults.missing("Amount")])
    detail = line["SalesItemLineDetail"]
    if "Qty" in detail and "UnitPrice" in detail:
        product = cents(Decimal(detail["Qty"]) * Decimal(detail["UnitPrice"]))
        if product != line["Amount"]:
            raise faults.business(
                "Amount calculation incorrect in the request. Amount is not equal to UnitPrice * Qty."
            )
    if not foreign(desk):
        detail.setdefault("TaxCodeRef", {"value": "NON"})
    if not desk.flags.class_per_line:
        detail.pop("ClassRef", None)
    _item_account(desk, detail)
    line["SalesItemLineDetail"] = {key: detail[key] for key in _ITEM_ORDER if key in detail}
    line["CustomExtensions"] = []


def _item_account(desk: Desk, detail: Json) -> None:
    """The income account of the item at the time of writing."""
    item = ref_value(detail, "ItemRef")
    if item is None or item in SPECIAL_ITEMS:
        return
    data = desk.books.data("Item", item)
    if data["Type"] == "Category":
        raise faults.business("A category cannot be sold.", "ItemRef")
    income = ref_value(data, "IncomeAccountRef")
    if income is not None:
        detail["ItemAccountRef"] = {"value": income}


def _group_line(desk: Desk, line: Json) -> None:
    inner = line["GroupLineDetail"].setdefault("Line", [])
    for one in inner:
        _item_line(desk, one)
    line["Amount"] = money(sum((_counted(one) for one in inner), Decimal(0)))


def _counted(line: Json) -> Decimal:
    """What a line adds to the subtotal; a line without an item is only documentation."""
    if line["DetailType"] == "GroupLineDetail":
        return Decimal(line["Amount"])
    item = line.get("SalesItemLineDetail", {}).get("ItemRef")
    return Decimal(line["Amount"]) if item is not None else Decimal(0)


def _discount(desk: Desk, line: Json, subtotal: Decimal) -> None:
    detail = line["DiscountLineDetail"]
    detail.setdefault("PercentBased", "DiscountPercent" in detail)
    if detail["PercentBased"]:
        if "DiscountPercent" not in detail:
            raise faults.Fault([faults.missing("DiscountPercent")])
        line["Amount"] = money(subtotal * Decimal(detail["DiscountPercent"]) / 100)
    elif "Amount" not in line:
        raise faults.Fault([faults.missing("Amount")])


def discount_of(body: Json) -> Decimal:
    found = (Decimal(line["Amount"]) for line in body["Line"] if line["DetailType"] == "DiscountLineDetail")
    return sum(found, Decimal(0))


def _totals(desk: Desk, draft: Draft) -> None:
    body = draft.body
    settle_tax(desk, draft, ("SalesItemLineDetail",), "SalesTaxRateList")
    total = Decimal(body["Line"][-1]["Amount"]) - discount_of(body) + added(body)
    if total < 0:
        raise faults.business("Transaction amount must be 0 or greater.", "Line")
    body["TotalAmt"] = money(total)
    if desk.flags.multicurrency:
        body["HomeTotalAmt"] = money(total * Decimal(rate_of(body)))


def _dimensions(desk: Desk, draft: Draft) -> None:
    """What is not tracked is dropped without a word."""
    if not desk.flags.track_departments:
        draft.body.pop("DepartmentRef", None)
    if not desk.flags.class_per_txn:
        draft.body.pop("ClassRef", None)


def _defaults(desk: Desk, draft: Draft, customer: Json) -> None:
    body = draft.body
    known = {key for key, _ in desk.books.company.custom_fields}
    sent = body.get("CustomField", [])
    kept = (
        [one for one in sent if isinstance(one, dict) and one.get("DefinitionId") in known]
        if isinstance(sent, list)
        else []
    )
    body["CustomField"] = kept
    if draft.old is None:
        for name in ("BillAddr", "ShipAddr"):
            if name in customer:
                draft.default(name, customer[name])
    _address_ids(desk, draft)
    draft.default("ApplyTaxAfterDiscount", False)
    draft.default("PrintStatus", "NotSet" if draft.kind.name in _PAID_AT_ONCE else "NeedToPrint")
    draft.default("EmailStatus", "NotSet")
    if body["EmailStatus"] == "NeedToSend" and "BillEmail" not in body:
        raise faults.business("An e-mail address is required to send the form.", "BillEmail")


def _address_ids(desk: Desk, draft: Draft) -> None:
    for name in ("BillAddr", "ShipAddr", "ShipFromAddr"):
        address = draft.body.get(name)
        if address is not None and "Id" not in address:
            former = draft.kept(name)
            address_id = former["Id"] if former else desk.books.next_id("address")
            draft.body[name] = {"Id": address_id, **address}


def _kind_fields(desk: Desk, draft: Draft, customer: Json) -> None:
    kind, body = draft.kind.name, draft.body
    if kind == "Invoice":
        _invoice(desk, draft, customer)
    elif kind == "CreditMemo":
        settle_open_amount(desk, "CreditMemo", body, draft.kept("Id"))
    elif kind in _PAID_AT_ONCE:
        body["Balance"] = 0
        body.pop("DueDate", None)
        if kind == "RefundReceipt":
            draft.require("DepositToAccountRef")
        if "DepositToAccountRef" not in body:
            body["DepositToAccountRef"] = {"value": system_account(desk, accounts.UNDEPOSITED)}
    else:
        draft.default("TxnStatus", "Pending")


def _invoice(desk: Desk, draft: Draft, customer: Json) -> None:
    body = draft.body
    for flag in ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"):
        draft.default(flag, flag in ("AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"))
    body["FreeFormAddress"] = True
    for estimate in _estimates(body) - _estimates(draft.old):
        if desk.books.row("Estimate", estimate) is None:
            raise faults.Fault([faults.invalid_reference("LinkedTxn", estimate)])
    if draft.old is None and "SalesTermRef" in customer:
        draft.default("SalesTermRef", {"value": customer["SalesTermRef"]["value"]})
    draft.default("DueDate", _due(desk, body))
    settle_open_amount(desk, "Invoice", body, draft.kept("Id"))


def _due(desk: Desk, body: Json) -> str:
    issued = date.fromisoformat(body["TxnDate"])
    term = ref_value(body, "SalesTermRef")
    if term is None:
        return _later(issued, desk.books.company.default_due_days)
    data = desk.books.data("Term", term)
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


def settle_open_amount(desk: Desk, kind: str, body: Json, record_id: str | None) -> None:
    """Balance and links of an invoice or credit memo, from what payments apply to it."""
    applied = desk.books.applied.get(record_id, ()) if record_id is not None else ()
    paid = sum((amount for _, _, amount in applied), Decimal(0))
    left = Decimal(body["TotalAmt"]) - Decimal(body.get("Deposit", 0)) - paid
    if left < 0:
        raise faults.business("The amount cannot be less than what has been applied to it.")
    body["Balance"] = money(left)
    if kind == "CreditMemo":
        body["RemainingCredit"] = body["Balance"]
    if desk.flags.multicurrency:
        body["HomeBalance"] = money(left * Decimal(rate_of(body)))
    own = [link for link in body.get("LinkedTxn", []) if link.get("TxnType") in WRITABLE_LINKS]
    payments = list(dict.fromkeys(payment for payment, _, _ in applied))
    body["LinkedTxn"] = [*own, *({"TxnId": one, "TxnType": "Payment"} for one in payments)]


def postings(desk: Desk, kind: str, body: Json) -> Iterator[Posting]:
    """The entry of a sales form: receivable or deposit against income, discount and tax."""
    if kind == "Estimate" or (not body["TotalAmt"] and not discount_of(body)):
        return
    sign, rate = (-1 if kind in _GIVEN_BACK else 1), rate_of(body)
    rest = list(_credits(desk, body, sign))
    yield from rest
    amount, home = -sum(one.amount for one in rest), -sum(one.home for one in rest)
    deposit = Decimal(body.get("Deposit", 0))
    if kind in _PAID_AT_ONCE or deposit:
        target = ref_value(body, "DepositToAccountRef") or system_account(desk, accounts.UNDEPOSITED)
        part = posting(desk, target, amount if kind in _PAID_AT_ONCE else deposit, rate)
        yield part
        amount, home = amount - part.amount, home - part.home
    if kind not in _PAID_AT_ONCE:
        receivable = system_account(desk, accounts.RECEIVABLE, body["CurrencyRef"]["value"])
        yield Posting(receivable, Decimal(amount), Decimal(home), body["CustomerRef"]["value"])


def _credits(desk: Desk, body: Json, sign: int) -> Iterator[Posting]:
    rate = rate_of(body)
    for line in _flat(body["Line"]):
        detail: Any = line.get("SalesItemLineDetail")
        if detail is not None and "ItemRef" in detail and line["Amount"]:
            account = ref_value(detail, "ItemAccountRef") or system_account(desk, accounts.SALES)
            yield posting(desk, account, -sign * Decimal(line["Amount"]), rate)
        elif line["DetailType"] == "DiscountLineDetail" and line["Amount"]:
            account = ref_value(line["DiscountLineDetail"], "DiscountAccountRef") or system_account(
                desk, accounts.DISCOUNTS
            )
            yield posting(desk, account, sign * Decimal(line["Amount"]), rate)
    if tax_of(body):
        yield posting(desk, system_account(desk, accounts.SALES_TAX), -sign * tax_of(body), rate)
    if tax_of(body) and not added(body):  # the lines include it: it is no income
        yield posting(desk, system_account(desk, accounts.SALES), sign * tax_of(body), rate)


def _flat(lines: list[Json]) -> Iterator[Json]:
    for line in lines:
        yield from line["GroupLineDetail"]["Line"] if line["DetailType"] == "GroupLineDetail" else (line,)


def link_estimates(desk: Desk, new: Json | None, old: Json | None) -> None:
    """An invoice made from an estimate closes it, and each shows the other."""
    before, after = _estimates(old), _estimates(new)
    invoice_id = (new or old or {})["Id"]
    for estimate in before ^ after:
        if desk.books.row("Estimate", estimate) is not None:
            desk.edit("Estimate", estimate, partial(_mark, invoice_id, estimate in after))


def _estimates(body: Json | None) -> set[str]:
    links = body.get("LinkedTxn", []) if body is not None else []
    return {link["TxnId"] for link in links if link.get("TxnType") == "Estimate" and "TxnId" in link}


def _mark(invoice_id: str, linked: bool, data: Json) -> None:
    others = [one for one in data.get("LinkedTxn", []) if one.get("TxnId") != invoice_id]
    data["TxnStatus"] = "Closed" if linked else "Pending"
    data["LinkedTxn"] = [*others, {"TxnId": invoice_id, "TxnType": "Invoice"}] if linked else others
