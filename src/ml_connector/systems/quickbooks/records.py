"""QuickBooks Online records as they come over the wire, and the facts of the vendor about them.

Field names are the vendor's in snake case. Unknown fields and values are tolerated. Amounts are `Decimal` in the
currency of the record (`currency`), never float; days are `date`; instants are aware.
This is the one module that flows import: what stands in the files beside it is named here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import ClassVar

import msgspec

from .company import CompanyInfo, ExchangeRate, Preferences
from .entity import (
    SYSTEM,
    ZERO,
    Address,
    CustomField,
    Email,
    Entity,
    LinkedTxn,
    Memo,
    Meta,
    Named,
    NameValue,
    Part,
    Phone,
    Reference,
    Web,
    plain_name,
)
from .forms import (
    DiscountLineDetail,
    GroupLineDetail,
    Line,
    SalesItemLineDetail,
    TxnTaxDetail,
)
from .journal import (
    EntityRef,
    JournalDraft,
    JournalLine,
    JournalLineDetail,
    Posting,
    UnsoundEntry,
    note_fields,
    same_lines,
)

__all__ = [
    "SYSTEM",
    "ZERO",
    "Account",
    "Address",
    "Class",
    "CompanyInfo",
    "CreditMemo",
    "CustomField",
    "Customer",
    "Department",
    "DiscountLineDetail",
    "Email",
    "Employee",
    "Entity",
    "EntityRef",
    "Estimate",
    "ExchangeRate",
    "GroupLineDetail",
    "Invoice",
    "Item",
    "JournalDraft",
    "JournalEntry",
    "JournalLine",
    "JournalLineDetail",
    "Line",
    "LinkedTxn",
    "Memo",
    "Meta",
    "NameValue",
    "Named",
    "Part",
    "Payment",
    "PaymentLine",
    "Phone",
    "Posting",
    "Preferences",
    "Reference",
    "SalesItemLineDetail",
    "Term",
    "Transaction",
    "TxnTaxDetail",
    "UnsoundEntry",
    "Vendor",
    "Web",
    "note_fields",
    "plain_name",
    "same_lines",
]


class _Person(Named, frozen=True, kw_only=True):
    display_name: str = ""
    title: str = ""
    given_name: str = ""
    middle_name: str = ""
    family_name: str = ""
    suffix: str = ""
    company_name: str = ""
    print_on_check_name: str = ""
    primary_email_addr: Email | None = None
    primary_phone: Phone | None = None
    mobile: Phone | None = None
    web_addr: Web | None = None
    bill_addr: Address | None = None
    balance: Decimal = ZERO
    currency_ref: Reference | None = None
    acct_num: str = ""

    @property
    def plain_name(self) -> str:
        return plain_name(self.display_name)

    @property
    def email(self) -> str:
        """The primary e-mail as written, or empty."""
        return self.primary_email_addr.address if self.primary_email_addr else ""

    @property
    def currency(self) -> str:
        """ISO code; empty when the company has one currency and does not say."""
        return self.currency_ref.value if self.currency_ref else ""


class Customer(_Person, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "Customer"

    alternate_phone: Phone | None = None
    fax: Phone | None = None
    ship_addr: Address | None = None
    notes: str = ""
    job: bool = False
    level: int = 0
    is_project: bool = False
    bill_with_parent: bool = False
    balance_with_jobs: Decimal = ZERO
    taxable: bool = False
    sales_term_ref: Reference | None = None
    payment_method_ref: Reference | None = None
    preferred_delivery_method: str = ""
    customer_type_ref: Reference | None = None
    default_tax_code_ref: Reference | None = None
    primary_tax_identifier: str = ""
    resale_num: str = ""
    ar_account_ref: Reference | None = msgspec.field(name="ARAccountRef", default=None)


class Vendor(_Person, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "Vendor"

    term_ref: Reference | None = None


class Employee(_Person, frozen=True, kw_only=True):
    """Only its display name matters here: it shares one namespace with customers and vendors."""

    KIND: ClassVar[str] = "Employee"


class _Listed(Named, frozen=True, kw_only=True):
    name: str = ""

    @property
    def plain_name(self) -> str:
        return plain_name(self.name)


class Item(_Listed, frozen=True, kw_only=True):
    """`type` is Service, NonInventory, Inventory, Group, Category or something newer."""

    KIND: ClassVar[str] = "Item"

    type: str = ""
    sku: str = ""
    description: str = ""
    unit_price: Decimal | None = None
    purchase_cost: Decimal | None = None
    taxable: bool = False
    sub_item: bool = False
    income_account_ref: Reference | None = None
    expense_account_ref: Reference | None = None
    asset_account_ref: Reference | None = None
    class_ref: Reference | None = None


class Account(_Listed, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "Account"

    account_type: str = ""
    account_sub_type: str = ""
    classification: str = ""
    acct_num: str = ""
    sub_account: bool = False
    current_balance: Decimal | None = None
    current_balance_with_sub_accounts: Decimal | None = None
    currency_ref: Reference | None = None

    @property
    def currency(self) -> str:
        return self.currency_ref.value if self.currency_ref else ""


class Department(_Listed, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "Department"

    sub_department: bool = False


class Class(_Listed, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "Class"

    sub_class: bool = False


class Term(_Listed, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "Term"

    type: str = ""
    due_days: int | None = None


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
        return self.currency_ref.value if self.currency_ref else ""

    @property
    def note_says_voided(self) -> bool:
        return self.private_note.lstrip().casefold().startswith("voided")


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
    def is_voided(self) -> bool:
        """QuickBooks has no status for it: all zero, and the note begins with "Voided" (reference 4.4)."""
        zero = not self.total_amt and not self.balance and not any(line.amount for line in self.line)
        return zero and self.note_says_voided


def _ids_of(txn_type: str, linked: Iterable[LinkedTxn]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(txn.txn_id for txn in linked if txn.txn_type == txn_type and txn.txn_id))


def _of_lines(lines: Iterable[Line]) -> Iterator[LinkedTxn]:
    for line in lines:
        yield from line.linked_txn
        if line.group_line_detail is not None:
            yield from _of_lines(line.group_line_detail.line)


class Invoice(_SalesForm, frozen=True, kw_only=True):
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
        return _ids_of(txn_type, self.linked_txn)


class CreditMemo(_SalesForm, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "CreditMemo"

    total_amt: Decimal
    remaining_credit: Decimal = ZERO
    invoice_ref: Reference | None = None


class PaymentLine(Part, frozen=True, kw_only=True):
    """Money of the payment applied to each of `linked_txn`."""

    amount: Decimal
    linked_txn: tuple[LinkedTxn, ...] = ()


class Payment(Transaction, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "Payment"

    total_amt: Decimal
    customer_ref: Reference | None = None
    payment_ref_num: str = ""
    unapplied_amt: Decimal = ZERO
    deposit_to_account_ref: Reference | None = None
    payment_method_ref: Reference | None = None
    line: tuple[PaymentLine, ...] = ()

    @property
    def is_voided(self) -> bool:
        return not self.total_amt and not any(line.amount for line in self.line) and self.note_says_voided

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
        return sum((p.amount for p in self.postings if p.side == "Debit"), ZERO)

    @property
    def credits(self) -> Decimal:
        return sum((p.amount for p in self.postings if p.side == "Credit"), ZERO)

    @property
    def note(self) -> dict[str, str]:
        """Our mark in the first line of the note (accounting-rules B.11), empty for entries of other people."""
        return note_fields(self.private_note)
