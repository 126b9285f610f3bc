"""Rules of invoices, credit memos and payments, and what Billing does with them (salesforce reference 7.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_emulators.salesforce.errors import ApiError, integrity, required
from ml_emulators.salesforce.numbers import tidy
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

from .rule import Rules, amount, changed, insert, locked, undeletable

_ZERO = Decimal("0.0")
_OPEN = frozenset({"Draft", "Pending", "Canceled"})
_NEXT = {"Draft": {"Processed", "Canceled"}, "Processed": {"Canceled"}, "Canceled": set[str]()}


def refused(message: str, *fields: str) -> ApiError:
    """Billing's own refusal of what does not fit."""
    return ApiError("INVALID_API_INPUT", message, fields=fields)


def _save(tx: Tx, kind: str, record: Record, **changes: Any) -> Record:
    """What a user's action changes, beside what the user wrote."""
    stamps = {"SystemModstamp": tx.now, "LastModifiedDate": tx.now, "LastModifiedById": tx.actor.user_id}
    new = record | changes | stamps
    tx.put(kind, new)
    return new


class InvoiceRules(Rules):
    """A draft may be edited; posting, voiding and crediting are functions, and lock it (reference 7.6)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """A draft with nothing on it. Raises FIELD_INTEGRITY_EXCEPTION for any other status."""
        if draft["Status"] != "Draft":
            raise integrity("Status: a new invoice is a draft", "Status")
        draft |= dict.fromkeys(("Balance", "TotalAmount", "TotalTaxAmount", "TotalAmountWithTax"), _ZERO)

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """Statuses change among open ones only; once posted, only custom fields move. Raises for the rest."""
        moved = changed(old, new, values)
        if "Status" in moved and not {old["Status"], new["Status"]} <= _OPEN:
            raise integrity("Status: invoices are posted, voided and credited by Billing's own functions", "Status")
        fixed = sorted(name for name in moved if not name.endswith("__c"))
        if fixed and old["Status"] not in _OPEN:
            raise locked("The invoice is posted: this field is locked", *fixed)

    def before_delete(self, tx: Tx, record: Record) -> None:
        """Raises DELETE_FAILED once it is posted."""
        if record["Status"] not in _OPEN:
            raise undeletable("A posted invoice cannot be deleted: void or credit it")


def _invoice_of(tx: Tx, line: Record) -> Record:
    return tx.live("Invoice", line.get("InvoiceId")) or {}


class LineRules(Rules):
    """Lines of an invoice follow its currency and add up in its totals (reference 7.6)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Currency of the invoice, amount of the charge, no tax yet. Raises when the invoice is posted."""
        _still_open(_invoice_of(tx, draft))
        draft["CurrencyIsoCode"] = _invoice_of(tx, draft).get("CurrencyIsoCode", draft["CurrencyIsoCode"])
        draft["TaxAmount"] = _ZERO
        draft["LineAmount"] = draft.get("ChargeAmount", _ZERO)

    def after_create(self, tx: Tx, record: Record) -> None:
        """The invoice's total and balance grow by the charge."""
        _roll_up(tx, record["InvoiceId"], record["ChargeAmount"], _ZERO)

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """The amount follows the charge. Raises when the invoice is posted."""
        _still_open(_invoice_of(tx, old))
        new["LineAmount"] = new["ChargeAmount"]

    def after_update(self, tx: Tx, old: Record, new: Record) -> None:
        """The invoice's total and balance move by the difference."""
        _roll_up(tx, new["InvoiceId"], new["ChargeAmount"] - old["ChargeAmount"], _ZERO)

    def before_own_delete(self, tx: Tx, record: Record) -> None:
        """Raises when the invoice is posted."""
        _still_open(_invoice_of(tx, record))

    def after_delete(self, tx: Tx, record: Record) -> None:
        """Charge and tax leave the invoice's totals and balance."""
        _roll_up(tx, record["InvoiceId"], -record["ChargeAmount"], -record["TaxAmount"])


def _still_open(invoice: Record) -> None:
    if invoice and invoice["Status"] not in _OPEN:
        raise locked("The lines of a posted invoice are locked", "InvoiceId")


class TaxRules(Rules):
    """Tax of a line adds up on the line and on its invoice (reference 7.6)."""

    def after_create(self, tx: Tx, record: Record) -> None:
        """Line and invoice grow by the tax. Raises when the invoice is posted."""
        line = tx.live("InvoiceLine", record["InvoiceLineId"])
        if line is not None:
            _still_open(_invoice_of(tx, line))
            tx.adjust(
                "InvoiceLine", line, TaxAmount=amount(line["TaxAmount"] + record["TaxAmount"], "TaxAmount", tx.places)
            )
            _roll_up(tx, line["InvoiceId"], _ZERO, record["TaxAmount"])


def _roll_up(tx: Tx, invoice_id: str, charge: Decimal, tax: Decimal) -> None:
    invoice = tx.live("Invoice", invoice_id)
    if invoice is not None and (charge or tax):
        net = amount(invoice["TotalAmount"] + charge, "TotalAmount", tx.places)
        taxes = amount(invoice["TotalTaxAmount"] + tax, "TotalTaxAmount", tx.places)
        whole = amount(net + taxes, "TotalAmountWithTax", tx.places)
        given = {"TotalAmount": net, "TotalTaxAmount": taxes, "TotalAmountWithTax": whole}
        tx.adjust("Invoice", invoice, Balance=whole, **given)


def post(tx: Tx, invoice: Record) -> Record:
    """Draft becomes Posted. Raises `ApiError`."""
    if invoice["Status"] != "Draft":
        raise refused(f"Only a draft can be posted, this invoice is {invoice['Status']}", "Status")
    if not invoice.get("InvoiceNumber"):
        raise required(["InvoiceNumber"])
    if next(tx.find("InvoiceLine", "InvoiceId", invoice["Id"]), None) is None:
        raise refused("An invoice without lines cannot be posted")
    return _save(tx, "Invoice", invoice, Status="Posted", SettlementStatus=_settlement(invoice, invoice["Balance"]))


def _settlement(invoice: Record, balance: Decimal) -> str:
    if not balance:
        return "Settled"
    return "Not Settled" if balance == invoice["TotalAmountWithTax"] else "Partially Settled"


def _posted(invoice: Record | None) -> Record:
    if invoice is None or invoice["Status"] != "Posted":
        raise refused("The invoice is not posted", "InvoiceId")
    return invoice


def _settle(tx: Tx, invoice: Record, paid: Decimal) -> None:
    """Take an amount off what is still owed (a negative one puts it back)."""
    left = tidy(invoice["Balance"] - paid, tx.places)
    if left < 0:
        raise refused("The amount is greater than the invoice's balance", "Amount")
    tx.adjust("Invoice", invoice, Balance=left, SettlementStatus=_settlement(invoice, left))


def void(tx: Tx, invoice: Record) -> Record:
    """A posted invoice on which nothing was paid or credited counts no more; its amounts stay to be read."""
    if _posted(invoice)["Balance"] != invoice["TotalAmountWithTax"]:
        raise refused("Take payments and credits off the invoice before it is voided", "Balance")
    return _save(tx, "Invoice", invoice, Status="Voided", Balance=_ZERO, SettlementStatus="Not Applicable")


def credit(tx: Tx, invoice: Record, given: Decimal | None = None) -> Record:
    """A posted credit memo over an amount (blank: all that is owed), set off against the invoice."""
    owed = _posted(invoice)["Balance"] if given is None else tidy(given, tx.places)
    if owed <= 0:
        raise refused("The amount of a credit must be greater than zero", "Amount")
    _settle(tx, invoice, owed)
    memo = {
        "BillingAccountId": invoice["BillingAccountId"],
        "OwnerId": tx.actor.user_id,
        "CurrencyIsoCode": invoice["CurrencyIsoCode"],
        "Status": "Posted",
        "TotalAmount": owed,
        "Balance": _ZERO,
        "ReferenceEntityId": invoice["Id"],
    }
    kind = tx.world.schema.objects["CreditMemo"]
    made = kind.defaults | memo
    insert(tx, kind, made)
    return made


class PaymentRules(Rules):
    """Draft, processed, canceled; what is not applied yet is the balance (reference 7.6)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """All of it is balance. Raises FIELD_INTEGRITY_EXCEPTION for a canceled one or no amount above zero."""
        if draft.get("Status") == "Canceled":
            raise integrity("Status: a new payment is a draft or processed", "Status")
        if draft.get("Amount", Decimal(1)) <= 0:
            raise integrity("Amount: must be greater than zero", "Amount")
        draft["Balance"] = draft.get("Amount", _ZERO)

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """Raises for a status that cannot follow, a processed amount or account, an applied one that is canceled."""
        moved = changed(old, new, values)
        if "Status" in moved and new["Status"] not in _NEXT[old["Status"]]:
            raise integrity(f"Status: cannot go from {old['Status']} to {new['Status']}", "Status")
        if moved & {"Amount", "AccountId"} and old["Status"] != "Draft":
            raise locked("The payment is processed: this field is locked", *sorted(moved & {"Amount", "AccountId"}))
        if new["Status"] == "Canceled" and old["Balance"] != old["Amount"]:
            raise integrity("Status: take the payment off its invoices before it is canceled", "Status")
        if "Amount" in moved:
            new["Balance"] = new["Amount"]


class PaymentLineRules(Rules):
    """Applies a payment to an invoice, or takes an application back."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Move the amount from the payment's balance to the invoice's. Raises for other currencies or states."""
        payment, invoice = tx.live("Payment", draft.get("PaymentId")), tx.live("Invoice", draft.get("InvoiceId"))
        if payment is None or invoice is None or "Amount" not in draft or "Type" not in draft:
            return
        if draft["Amount"] <= 0:
            raise integrity("Amount: must be greater than zero", "Amount")
        if payment["Status"] != "Processed":
            raise integrity("PaymentId: the payment is not processed", "PaymentId")
        if payment["CurrencyIsoCode"] != invoice["CurrencyIsoCode"]:
            raise integrity("PaymentId: payment and invoice differ in currency", "PaymentId")
        draft["CurrencyIsoCode"] = invoice["CurrencyIsoCode"]
        draft["HasBeenUnapplied"] = "No" if draft["Type"] == "Applied" else "NA"
        self._move(tx, draft, payment, invoice)

    def _move(self, tx: Tx, draft: Record, payment: Record, invoice: Record) -> None:
        paid = draft["Amount"] if draft["Type"] == "Applied" else -draft["Amount"]
        if draft["Type"] == "Unapplied":
            _unapply(tx, draft)
        _settle(tx, _posted(invoice), paid)
        left = tidy(payment["Balance"] - paid, tx.places)
        if left < 0:
            raise refused("The amount is greater than the payment's balance", "Amount")
        tx.adjust("Payment", payment, Balance=left)


def _unapply(tx: Tx, draft: Record) -> None:
    """The application of the same amount, of the same payment to the same invoice, is taken back once."""
    for row in tx.find("PaymentLineInvoice", "PaymentId", draft["PaymentId"]):
        same = all(row[name] == draft[name] for name in ("InvoiceId", "Amount"))
        if same and row["HasBeenUnapplied"] == "No":
            tx.adjust("PaymentLineInvoice", row, HasBeenUnapplied="Yes")
            return
    raise refused("There is no application of this amount to take back", "Amount")
