"""Where an invoice stands: QuickBooks gives no status, it follows from amounts, links and the day (D.2, D.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from ml_connector.model import money
from ml_connector.model.plans import Context, NeedRecord
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.rules import Rules
from ml_connector.systems.quickbooks.records import CreditMemo, Invoice, Payment

Status = Literal["OPEN", "PARTIAL", "PAID", "OVERDUE", "CREDITED", "VOIDED", "DELETED"]
LOST: frozenset[str] = frozenset({"VOIDED", "DELETED", "CREDITED"})
ENDED: frozenset[str] = frozenset({"VOIDED", "DELETED"})
_MOST_PERCENT = Decimal("999.99")
_NOTHING, _ALL = Decimal("0.00"), Decimal("100.00")


def status_of(invoice: Invoice, payments: Sequence[Payment], today: date, *, had_value: bool = False) -> Status:
    """The first row of D.2 that fits; `today` is the company's day. DELETED comes from a record that is gone.

    `had_value`: it is known to have been worth something, or to be voided. Of such a one no text is read: it is voided
    when it is worth nothing on any line, whatever its note says by now, and as long as it stays so.
    """
    if invoice.has_voided_shape or (had_value and invoice.is_all_zero):
        return "VOIDED"
    if invoice.balance == 0:
        return "CREDITED" if settled_by_credit(invoice, payments) else "PAID"
    due = invoice.due_date or invoice.txn_date
    if due is not None and due < today:
        return "OVERDUE"
    return "PARTIAL" if invoice.balance < invoice.total_amt else "OPEN"


def had_value(agreed: Mapping[str, str | None]) -> bool:
    """Whether an invoice was worth something or had ended, by what its link keeps."""
    amounts = (agreed.get(name) for name in ("total", "net", "voided_net"))
    return agreed.get("status") in ENDED or any(amount and money.exact(amount) for amount in amounts)


def is_before_start(invoice: Invoice, rules: Rules) -> bool:
    """Whether an old invoice is left out: it counts only while something of it is open, or with all history (0.4)."""
    if rules.start_date is None or invoice.txn_date is None or rules.invoice_history:
        return False
    return invoice.txn_date < rules.start_date and invoice.balance <= 0


def settled_by_credit(invoice: Invoice, payments: Sequence[Payment]) -> bool:
    """Whether every linked payment moved no money and applied a credit memo, and there is at least one."""
    linked = [payment for payment in payments if invoice.id in payment.linked("Invoice")]
    return bool(linked) and all(not payment.total_amt and payment.linked("CreditMemo") for payment in linked)


def paid_percent(total: Decimal, balance: Decimal) -> Decimal | None:
    """Paid share of the total in percent, two digits; None for a total of 0 (or one that no field could hold)."""
    if not total:
        return None
    if balance in (total, 0):
        return _NOTHING if balance else _ALL
    share = money.round_to((Fraction(total) - Fraction(balance)) / Fraction(total) * 100, 2)
    return share if abs(share) <= _MOST_PERCENT else None


def payments_of(invoice: Invoice, context: Context) -> list[Payment]:
    """The payments linked to it, read only where they can matter: something of a total was settled."""
    return _there([need.ref for need in payment_needs(invoice)], context)


def payment_needs(invoice: Invoice) -> list[NeedRecord]:
    """What `payments_of` reads."""
    if not invoice.total_amt or invoice.balance >= invoice.total_amt:
        return []
    ids = dict.fromkeys(txn.txn_id for txn in invoice.linked_txn if txn.txn_type == "Payment" and txn.txn_id)
    return [NeedRecord(Ref("quickbooks", "Payment", key)) for key in ids]


def credited_net(invoice: Invoice, payments: Sequence[Payment], context: Context) -> Decimal:
    """Net of the credit memos applied to it, in its currency: of each only the applied share, without its tax (D.8)."""
    linked = [payment for payment in payments if invoice.id in payment.linked("Invoice")]
    crediting = [payment for payment in linked if payment.linked("CreditMemo")]
    if not crediting:
        return money.q(money.ZERO, invoice.currency)
    ids = dict.fromkeys(key for payment in crediting for key in payment.linked("CreditMemo"))
    memos = {memo.id: memo for memo in _there([Ref("quickbooks", "CreditMemo", key) for key in ids], context)}
    shares = (_credited(invoice, payment, memos) for payment in crediting)
    return money.q(sum(shares, Fraction(0)), invoice.currency)


def _credited(invoice: Invoice, payment: Payment, memos: dict[str, CreditMemo]) -> Fraction:
    """What this payment applied of credit memos to the invoice, net. Money in the same payment is shared out evenly."""
    to_invoices = _applied(payment, "Invoice")
    from_memos = _applied(payment, "CreditMemo")
    everything = sum(to_invoices.values(), Fraction(0))
    if not everything:
        return Fraction(0)
    net = sum((amount * _net_share(memos.get(key)) for key, amount in from_memos.items()), Fraction(0))
    return net * to_invoices.get(invoice.id, Fraction(0)) / everything


def _applied(payment: Payment, txn_type: str) -> dict[str, Fraction]:
    applied: dict[str, Fraction] = {}
    for line in payment.line:
        for txn in line.linked_txn:
            if txn.txn_type == txn_type:
                applied[txn.txn_id] = applied.get(txn.txn_id, Fraction(0)) + abs(Fraction(line.amount))
    return applied


def _net_share(memo: CreditMemo | None) -> Fraction:
    """Which part of a credit memo's total is not tax; nothing is known of one that is gone."""
    if memo is None or not memo.total_amt:
        return Fraction(0)
    return Fraction(memo.net_amount) / Fraction(memo.total_amt)


def _there(refs: Sequence[Ref], context: Context) -> list[Any]:
    """Those of these records that are there."""
    context.want(*(NeedRecord(ref) for ref in refs))
    return [record for ref in refs if not isinstance(record := context.record(ref), Gone)]
