"""QuickBooks Online records as they come over the wire, and the facts of the vendor about them.

Field names are the vendor's in snake case. Unknown fields and values are tolerated. Amounts are `Decimal` in the
currency of the record (`currency`), never float; days are `date`; instants are aware.
Flows and bookkeeping see nothing of the vendor but this package.
"""

from __future__ import annotations

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
    has_marks,
    plain_name,
    plain_path,
    text_of,
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
from .lines import DiscountLineDetail, GroupLineDetail, Line, SalesItemLineDetail, TxnTaxDetail
from .lists import Account, Class, Customer, Department, Employee, Item, Term, Vendor
from .transactions import CreditMemo, Estimate, Invoice, JournalEntry, Payment, PaymentLine, Transaction

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
    "has_marks",
    "note_fields",
    "plain_name",
    "plain_path",
    "same_lines",
    "text_of",
]
