"""Transactions: invoices, estimates, credit memos, payments, journal entries (reference section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import ClassVar

from .entity import ZERO, Address, CustomField, Email, Entity, LinkedTxn, Memo, Part, Reference
from .journal import JournalLine, Posting, note_fields
from .lines import Line, TxnTaxDetail


class Transaction(Entity, frozen=True, kw_only=True):
    """What transactions share. `exchange_rate` is home units per one foreign unit."""

    txn_date: date | None = None
    doc_number: str = ""
    private_note: str = ""
    currency_ref: Reference | None = None
    exchange_rate: Decimal | None = None
    department_ref: Reference | None = None
    total_amt: Decimal = ZERO

    @property
    def currency(self) -> str:
        """ISO code; empty when the company has one currency and does not say."""
        return self.currency_ref.value if self.currency_ref else ""


class _SalesForm(Transaction, frozen=True, kw_only=True):
    customer_ref: Reference | None = None
    class_ref: Reference | None = None
    line: tuple[Line, ...] = ()
    linked_txn: tuple[LinkedTxn, ...] = ()
    txn_tax_detail: TxnTaxDetail = TxnTaxDetail()
    balance: Decimal = ZERO
    home_total_amt: Decimal | None = None
    home_balance: Decimal | None = None
    bill_email: Email | None = None
    bill_addr: Address | None = None
    ship_addr: Address | None = None
    customer_memo: Memo | None = None
    custom_field: tuple[CustomField, ...] = ()

    @property
    def total_tax(self) -> Decimal:
        return self.txn_tax_detail.total_tax

    @property
    def net_amount(self) -> Decimal:
        """Total without tax, in the currency of the form (accounting-rules D.4)."""
        return self.total_amt - self.total_tax

    def linked(self, txn_type: str) -> tuple[str, ...]:
        """Ids of the linked transactions of one type, of the form and of its lines, each once, in order."""
        return _ids_of(txn_type, (*self.linked_txn, *_of_lines(self.line)))

    @property
    def is_all_zero(self) -> bool:
        """Total, balance and every line: voided, or given for nothing."""
        return not self.total_amt and not self.balance and not any(line.amount for line in _every(self.line))

    @property
    def has_voided_shape(self) -> bool:
        """QuickBooks has no status for it: all zero, and either the quantities too, or the note begins with "Voided"
        (reference 4.4). The note is in the language of the user, and people edit it: without it nothing is known."""
        if not self.is_all_zero:
            return False
        return _quantities(self.line) == {ZERO} or self.private_note.lstrip().casefold().startswith("voided")


def _ids_of(txn_type: str, linked: Iterable[LinkedTxn]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(txn.txn_id for txn in linked if txn.txn_type == txn_type and txn.txn_id))


def _of_lines(lines: Iterable[Line]) -> Iterator[LinkedTxn]:
    for line in _every(lines):
        yield from line.linked_txn


def _every(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, and those of the bundles among them."""
    for line in lines:
        yield line
        if line.group_line_detail is not None:
            yield from _every(line.group_line_detail.line)


def _quantities(lines: Iterable[Line]) -> set[Decimal]:
    """The quantities that its lines name."""
    details = (line.sales_item_line_detail for line in _every(lines))
    return {detail.qty for detail in details if detail is not None and detail.qty is not None}


class Invoice(_SalesForm, frozen=True, kw_only=True):
    """`total_amt` with tax, and `balance`, what of it is open; in its currency. Both always come (reference 6.2)."""

    KIND: ClassVar[str] = "Invoice"

    total_amt: Decimal
    balance: Decimal
    due_date: date | None = None
    deposit: Decimal | None = None
    sales_term_ref: Reference | None = None
    project_ref: Reference | None = None
    email_status: str = ""
    ship_date: date | None = None
    tracking_num: str = ""


class Estimate(Entity, frozen=True, kw_only=True):
    """Only what leads from it to other records; `linked_txn` names the invoices made of it."""

    KIND: ClassVar[str] = "Estimate"

    doc_number: str = ""
    private_note: str = ""
    customer_memo: Memo | None = None
    custom_field: tuple[CustomField, ...] = ()
    linked_txn: tuple[LinkedTxn, ...] = ()

    def linked(self, txn_type: str) -> tuple[str, ...]:
        """Ids of the linked transactions of one type, each once, in order."""
        return _ids_of(txn_type, self.linked_txn)


class CreditMemo(_SalesForm, frozen=True, kw_only=True):
    """`total_amt` is positive; `remaining_credit` is what of it was not applied yet (reference 6.4)."""

    KIND: ClassVar[str] = "CreditMemo"

    total_amt: Decimal
    remaining_credit: Decimal = ZERO
    invoice_ref: Reference | None = None


class PaymentLine(Part, frozen=True, kw_only=True):
    """Money of the payment applied to each of `linked_txn`."""

    amount: Decimal
    linked_txn: tuple[LinkedTxn, ...] = ()


class Payment(Transaction, frozen=True, kw_only=True):
    """Money received, in its currency; `unapplied_amt` is what no invoice has yet (reference 6.3)."""

    KIND: ClassVar[str] = "Payment"

    total_amt: Decimal
    customer_ref: Reference | None = None
    payment_ref_num: str = ""
    unapplied_amt: Decimal = ZERO
    deposit_to_account_ref: Reference | None = None
    payment_method_ref: Reference | None = None
    line: tuple[PaymentLine, ...] = ()

    def linked(self, txn_type: str) -> tuple[str, ...]:
        """Ids of the linked transactions of one type (`Invoice`, `CreditMemo`, `JournalEntry`), each once, in order."""
        ids = (txn.txn_id for line in self.line for txn in line.linked_txn if txn.txn_type == txn_type)
        return tuple(dict.fromkeys(ids))


class JournalEntry(Transaction, frozen=True, kw_only=True):
    """`total_amt` is always 0 here (reference 6.5): use `debits`."""

    KIND: ClassVar[str] = "JournalEntry"

    adjustment: bool = False
    line: tuple[JournalLine, ...] = ()

    @property
    def postings(self) -> tuple[Posting, ...]:
        """The lines that post something, in the order QuickBooks gives."""
        return tuple(line.posting for line in self.line if line.journal_entry_line_detail)

    @property
    def debits(self) -> Decimal:
        """Sum of the debits in the currency of the entry."""
        return sum((p.amount for p in self.postings if p.side == "Debit"), ZERO)

    @property
    def credits(self) -> Decimal:
        """Sum of the credits in the currency of the entry."""
        return sum((p.amount for p in self.postings if p.side == "Credit"), ZERO)

    @property
    def note(self) -> dict[str, str]:
        """Our mark in the first line of the note (accounting-rules B.11), empty for entries of other people."""
        return note_fields(self.private_note)
