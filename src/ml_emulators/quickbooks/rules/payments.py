"""Payments: what they apply to, and what that does to invoices and credit memos (reference 6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.rules import accounts
from ml_emulators.quickbooks.rules.applications import applications, apply
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.journal import receivable_of
from ml_emulators.quickbooks.rules.ledger import posting, rate_of
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.rules.system_accounts import system_account
from ml_emulators.quickbooks.rules.transactions import TransactionRule, settle_currency, settle_date
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json, money

_TARGETS = ("Invoice", "CreditMemo", "JournalEntry")


class ApplyingRule(TransactionRule):
    """A payment, of a customer or to a vendor: what it applies goes with it."""

    voidable = True

    def after_save(self, context: WriteContext, new: Json, old: Json | None) -> None:
        """Open amounts of the transactions that it is applied to, or was, then the ledger."""
        apply(context, new["Id"], new, old)
        super().after_save(context, new, old)

    def on_delete(self, context: WriteContext, old: Json) -> None:
        """What it was applied to is open again, then the ledger."""
        apply(context, old["Id"], None, old)
        super().on_delete(context, old)

    def voided(self, context: WriteContext, old: Json) -> Json | None:
        """Without amount and lines; what it was applied to is open again."""
        new = super().voided(context, old)
        if new is not None:
            new["Line"] = []
            apply(context, old["Id"], None, old)
        return new


class PaymentRule(ApplyingRule):
    """Money of a customer, applied to what is open or left over (reference 6.3)."""

    def complete(self, context: WriteContext, draft: Draft) -> None:
        """Date, customer's currency, what is applied and left. Raises 2020, and 6000 below zero, above what is open."""
        draft.require("CustomerRef", "TotalAmt")
        body = draft.body
        if body["TotalAmt"] < 0:
            raise faults.business("The amount of a payment cannot be negative.", "TotalAmt")
        customer = context.books.data("Customer", body["CustomerRef"]["value"])
        settle_date(context, draft)
        settle_currency(context, draft, ref_value(customer, "CurrencyRef"))
        body["Line"] = [line for line in body.get("Line", []) if line]
        _settle_amounts(context, draft)
        draft.default("ProcessPayment", False)
        draft.keep("DepositToAccountRef")
        if "DepositToAccountRef" not in body:
            body["DepositToAccountRef"] = {"value": system_account(context, accounts.UNDEPOSITED)}
        if context.flags.multicurrency:
            body["HomeTotalAmt"] = money(Decimal(body["TotalAmt"]) * Decimal(rate_of(body)))

    def postings(self, context: WriteContext, body: Json) -> Iterator[Posting]:
        """The deposit account against the receivable of the currency, in the payment's amount."""
        amount = Decimal(body["TotalAmt"])
        if amount:
            rate = rate_of(body)
            yield posting(context, body["DepositToAccountRef"]["value"], amount, rate)
            receivable = system_account(context, accounts.RECEIVABLE, body["CurrencyRef"]["value"])
            yield posting(context, receivable, -amount, rate, body["CustomerRef"]["value"])


def _settle_amounts(context: WriteContext, draft: Draft) -> None:
    """Charges against money and credits: what is left is `UnappliedAmt`."""
    body = draft.body
    left = Decimal(body["TotalAmt"])
    former = applications(draft.old)
    for (kind, target), amount in applications(body).items():
        signed = _open(context, body, kind, target)
        own = former.get((kind, target), Decimal(0))
        if amount > abs(signed) + own:
            raise faults.business("You can't apply more than the open balance of the transaction.", "Line")
        left += amount if kind == "CreditMemo" or signed < 0 else -amount
    if left < 0:
        raise faults.business("You can't apply more than the amount of the payment.", "Line")
    body["UnappliedAmt"] = money(left)


def _open(context: WriteContext, body: Json, kind: str, target: str) -> Decimal:
    """What is open on the linked transaction, negative for a credit in a journal entry."""
    if kind not in _TARGETS:
        raise faults.Fault([faults.invalid_enumeration("TxnType", kind)])
    if context.books.row(kind, target) is None:
        raise faults.not_found()
    data = context.books.data(kind, target)
    payer = body["CustomerRef"]["value"]
    if kind == "JournalEntry":
        return _open_in_journal(context, data, payer)
    if data["CustomerRef"]["value"] not in context.books.family("Customer", payer):
        raise faults.business("The linked transaction belongs to another customer.", "Line")
    return Decimal(data["Balance"])


def _open_in_journal(context: WriteContext, entry: Json, payer: str) -> Decimal:
    total = receivable_of(context, entry, payer)
    if not total:
        raise faults.business("The linked transaction belongs to another customer.", "Line")
    applied = context.books.applied.get(entry["Id"], ())
    used = sum((amount for _, customer, amount in applied if customer == payer), Decimal(0))
    return total - used if total > 0 else total + used
