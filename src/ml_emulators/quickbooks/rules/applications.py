"""What payments apply to sales forms and bills, and what that leaves open on them (reference 6.3, 6.10)."""

from __future__ import annotations

from decimal import Decimal

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.ledger import rate_of
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.values import Json, money

Applications = dict[tuple[str, str], Decimal]
CHARGED = ("Invoice", "CreditMemo")
OWED = ("Bill", "VendorCredit")
WRITABLE_LINKS = ("Estimate", "ReimburseCharge", "StatementCharge", "TimeActivity")


def applications(body: Json | None) -> Applications:
    """What a payment applies, by (kind, id); raises Fault for lines that cannot be read."""
    applied: Applications = {}
    for line in body.get("Line", []) if body is not None else []:
        links = line.get("LinkedTxn", [])
        if "Amount" not in line or len(links) != 1:
            raise faults.business("A payment line needs an amount and one linked transaction.", "Line")
        if line["Amount"] < 0:
            raise faults.business("The amount of a payment line cannot be negative.", "Line")
        key = (links[0].get("TxnType", ""), links[0].get("TxnId", ""))
        applied[key] = applied.get(key, Decimal(0)) + Decimal(line["Amount"])
    return applied


def apply(context: WriteContext, payment_id: str, new: Json | None, old: Json | None) -> None:
    """After a payment was written, changed, voided or deleted: bring what it touches up to date."""
    before, after = applications(old), applications(new)
    body = new or old or {}
    customer = ref_value(body, "CustomerRef") or ref_value(body, "VendorRef") or ""
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            _note(context, key, payment_id, customer, after.get(key, Decimal(0)))


def _note(context: WriteContext, key: tuple[str, str], payment_id: str, customer: str, amount: Decimal) -> None:
    kind, target = key
    others = tuple(part for part in context.books.applied.get(target, ()) if part[0] != payment_id)
    context.books.applied[target] = (*others, (payment_id, customer, amount)) if amount else others
    if context.books.row(kind, target) is None:
        return
    if kind in CHARGED:
        context.edit(kind, target, lambda data: settle_open_amount(context, kind, data, target))
    elif kind in OWED:
        context.edit(kind, target, lambda data: settle_owed(context, data, target))


def unlink(context: WriteContext, kind: str, target: str) -> None:
    """Take a voided transaction out of the payments that were applied to it."""
    for payment_id in dict.fromkeys(payment for payment, _, _ in context.books.applied.pop(target, ())):
        context.edit("Payment", payment_id, lambda data: _drop_lines(data, kind, target))


def _drop_lines(data: Json, kind: str, target: str) -> None:
    key = (kind, target)
    amount = applications(data).get(key, Decimal(0))
    data["Line"] = [line for line in data["Line"] if key not in applications({"Line": [line]})]
    freed = Decimal(data["UnappliedAmt"]) + (-amount if kind == "CreditMemo" else amount)
    data["UnappliedAmt"] = money(max(freed, Decimal(0)))


def settle_open_amount(context: WriteContext, kind: str, body: Json, record_id: str | None) -> None:
    """Balance and links of an invoice or credit memo, from what payments apply to it."""
    applied = context.books.applied.get(record_id, ()) if record_id is not None else ()
    paid = sum((amount for _, _, amount in applied), Decimal(0))
    left = Decimal(body["TotalAmt"]) - Decimal(body.get("Deposit", 0)) - paid
    if left < 0:
        raise faults.business("The amount cannot be less than what has been applied to it.")
    body["Balance"] = money(left)
    if kind == "CreditMemo":
        body["RemainingCredit"] = body["Balance"]
    if context.flags.multicurrency:
        body["HomeBalance"] = money(left * Decimal(rate_of(body)))
    own = [link for link in body.get("LinkedTxn", []) if link.get("TxnType") in WRITABLE_LINKS]
    payments = list(dict.fromkeys(payment for payment, _, _ in applied))
    body["LinkedTxn"] = [*own, *({"TxnId": payment, "TxnType": "Payment"} for payment in payments)]


def settle_owed(context: WriteContext, body: Json, record_id: str | None) -> None:
    """Balance and links of a bill or vendor credit, from the payments that it is part of."""
    applied = context.books.applied.get(record_id, ()) if record_id is not None else ()
    left = Decimal(body["TotalAmt"]) - sum((amount for _, _, amount in applied), Decimal(0))
    if left < 0:
        raise faults.business("The amount cannot be less than what has been applied to it.")
    body["Balance"] = money(left)
    if context.flags.multicurrency:
        body["HomeBalance"] = money(left * Decimal(rate_of(body)))
    payments = dict.fromkeys(payment for payment, _, _ in applied)
    body["LinkedTxn"] = [{"TxnId": payment, "TxnType": _link_type(context, payment)} for payment in payments]


def _link_type(context: WriteContext, payment: str) -> str:
    """A bill names the sort of its payment (as recorded)."""
    return f"BillPayment{context.books.data('BillPayment', payment)['PayType']}"
