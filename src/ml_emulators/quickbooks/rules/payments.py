"""Payments: what they apply to, and what that does to invoices and credit memos (reference 6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.rules import accounts
from ml_emulators.quickbooks.rules.context import Desk
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.journal import receivable_of
from ml_emulators.quickbooks.rules.ledger import posting, rate_of, system_account
from ml_emulators.quickbooks.rules.purchases import settle_owed
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.rules.sales import settle_open_amount
from ml_emulators.quickbooks.rules.transactions import settle_currency, settle_date
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json, money

Applications = dict[tuple[str, str], Decimal]
_TARGETS = ("Invoice", "CreditMemo", "JournalEntry")
_LINKED = ("Invoice", "CreditMemo")
_OWED = ("Bill", "VendorCredit")


def payment(desk: Desk, draft: Draft) -> None:
    """Complete and judge a payment; raises Fault."""
    draft.require("CustomerRef", "TotalAmt")
    body = draft.body
    if body["TotalAmt"] < 0:
        raise faults.business("The amount of a payment cannot be negative.", "TotalAmt")
    customer = desk.books.data("Customer", body["CustomerRef"]["value"])
    settle_date(desk, draft)
    settle_currency(desk, draft, ref_value(customer, "CurrencyRef"))
    body["Line"] = [line for line in body.get("Line", []) if line]
    _settle_amounts(desk, draft)
    draft.default("ProcessPayment", False)
    draft.keep("DepositToAccountRef")
    if "DepositToAccountRef" not in body:
        body["DepositToAccountRef"] = {"value": system_account(desk, accounts.UNDEPOSITED)}
    if desk.flags.multicurrency:
        body["HomeTotalAmt"] = money(Decimal(body["TotalAmt"]) * Decimal(rate_of(body)))


def _settle_amounts(desk: Desk, draft: Draft) -> None:
    """Charges against money and credits: what is left is `UnappliedAmt`."""
    body = draft.body
    left = Decimal(body["TotalAmt"])
    former = applications(draft.old)
    for (kind, target), amount in applications(body).items():
        signed = _open(desk, body, kind, target)
        own = former.get((kind, target), Decimal(0))
        if amount > abs(signed) + own:
            raise faults.business("You can't apply more than the open balance of the transaction.", "Line")
        left += amount if kind == "CreditMemo" or signed < 0 else -amount
    if left < 0:
        raise faults.business("You can't apply more than the amount of the payment.", "Line")
    body["UnappliedAmt"] = money(left)


def applications(body: Json | None) -> Applications:
    """What a payment applies, by (kind, id); raises Fault for lines that cannot be read."""
    found: Applications = {}
    for line in body.get("Line", []) if body is not None else []:
        links = line.get("LinkedTxn", [])
        if "Amount" not in line or len(links) != 1:
            raise faults.business("A payment line needs an amount and one linked transaction.", "Line")
        if line["Amount"] < 0:
            raise faults.business("The amount of a payment line cannot be negative.", "Line")
        key = (links[0].get("TxnType", ""), links[0].get("TxnId", ""))
        found[key] = found.get(key, Decimal(0)) + Decimal(line["Amount"])
    return found


def _open(desk: Desk, body: Json, kind: str, target: str) -> Decimal:
    """What is open on the linked transaction, negative for a credit in a journal entry."""
    if kind not in _TARGETS:
        raise faults.Fault([faults.invalid_enumeration("TxnType", kind)])
    if desk.books.row(kind, target) is None:
        raise faults.not_found()
    data = desk.books.data(kind, target)
    payer = body["CustomerRef"]["value"]
    if kind == "JournalEntry":
        return _open_in_journal(desk, data, payer)
    if data["CustomerRef"]["value"] not in desk.books.family("Customer", payer):
        raise faults.business("The linked transaction belongs to another customer.", "Line")
    return Decimal(data["Balance"])


def _open_in_journal(desk: Desk, entry: Json, payer: str) -> Decimal:
    total = receivable_of(desk, entry, payer)
    if not total:
        raise faults.business("The linked transaction belongs to another customer.", "Line")
    applied = desk.books.applied.get(entry["Id"], ())
    used = sum((amount for _, customer, amount in applied if customer == payer), Decimal(0))
    return total - used if total > 0 else total + used


def apply(desk: Desk, payment_id: str, new: Json | None, old: Json | None) -> None:
    """After a payment was written, changed, voided or deleted: bring what it touches up to date."""
    before, after = applications(old), applications(new)
    body = new or old or {}
    customer = ref_value(body, "CustomerRef") or ref_value(body, "VendorRef") or ""
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            _note(desk, key, payment_id, customer, after.get(key, Decimal(0)))


def _note(desk: Desk, key: tuple[str, str], payment_id: str, customer: str, amount: Decimal) -> None:
    kind, target = key
    others = tuple(one for one in desk.books.applied.get(target, ()) if one[0] != payment_id)
    desk.books.applied[target] = (*others, (payment_id, customer, amount)) if amount else others
    if desk.books.row(kind, target) is None:
        return
    if kind in _LINKED:
        desk.edit(kind, target, lambda data: settle_open_amount(desk, kind, data, target))
    elif kind in _OWED:
        desk.edit(kind, target, lambda data: settle_owed(desk, data, target))


def unlink(desk: Desk, kind: str, target: str) -> None:
    """Take a voided transaction out of the payments that were applied to it."""
    for payment_id in dict.fromkeys(one for one, _, _ in desk.books.applied.pop(target, ())):
        desk.edit("Payment", payment_id, lambda data: _drop_lines(data, kind, target))


def _drop_lines(data: Json, kind: str, target: str) -> None:
    key = (kind, target)
    amount = applications(data).get(key, Decimal(0))
    data["Line"] = [line for line in data["Line"] if key not in applications({"Line": [line]})]
    freed = Decimal(data["UnappliedAmt"]) + (-amount if kind == "CreditMemo" else amount)
    data["UnappliedAmt"] = money(max(freed, Decimal(0)))


def postings(desk: Desk, body: Json) -> Iterator[Posting]:
    amount = Decimal(body["TotalAmt"])
    if amount:
        rate = rate_of(body)
        yield posting(desk, body["DepositToAccountRef"]["value"], amount, rate)
        receivable = system_account(desk, accounts.RECEIVABLE, body["CurrencyRef"]["value"])
        yield posting(desk, receivable, -amount, rate, body["CustomerRef"]["value"])
