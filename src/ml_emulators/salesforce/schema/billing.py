"""Invoices, credit memos and payments of an org with Revenue Cloud (salesforce reference 7.6).

Key prefixes are from memory. Lengths that the reference does not name are the platform's usual ones.
"""

from __future__ import annotations

from typing import Any

from .model import SObject
from .words import (
    create_only,
    currency_code,
    day,
    deleted_flag,
    derived,
    moment,
    money,
    number,
    owner,
    pick,
    record_id,
    ref,
    seen,
    stamps,
    text,
)

INVOICE_STATUSES = (
    *("Draft", "Draft In Progress", "Pending", "Posting In Progress", "Posted"),
    *("Error", "Canceled", "Void In Progress", "Voided"),
)
SETTLEMENTS = ("Not Applicable", "Not Settled", "Partially Settled", "Settled")
_FIXED: dict[str, Any] = {"nillable": False}
_CHOSEN: dict[str, Any] = {"restricted": True, "nillable": False, "defaulted": True}

INVOICE = SObject(
    "Invoice",
    "3tt",
    auto_number_width=9,
    fields=(
        record_id("Invoice"),
        deleted_flag(),
        owner(),
        derived(text("DocumentNumber", 255, nillable=False, auto_number=True, name_field=True)),
        text("InvoiceNumber", 255),
        ref("BillingAccountId", "Account", "Invoices", restrict_delete=True, **_FIXED),
        ref("BillToContactId", "Contact", "Invoices"),
        day("InvoiceDate", **_FIXED),
        day("DueDate"),
        pick("Status", *INVOICE_STATUSES, default="Draft", **_CHOSEN),
        derived(money("Balance")),
        derived(money("TotalAmount")),
        derived(money("TotalTaxAmount")),
        derived(money("TotalAmountWithTax")),
        derived(pick("SettlementStatus", *SETTLEMENTS, default="Not Applicable", restricted=True)),
        create_only(ref("ReferenceEntityId", ("Order", "CreditMemo"), "Invoices")),
        create_only(pick("CreationMode", "External", "Salesforce", restricted=True)),
        create_only(text("UniqueIdentifier", 255, unique=True, id_lookup=True)),
        currency_code(),
        *stamps(),
        *seen(),
    ),
)

ADDRESS_GROUP = SObject(
    "InvoiceAddressGroup",
    "6Jz",
    updateable=False,
    deletable=False,
    undeletable=False,
    fields=(
        record_id("InvoiceAddressGroup"),
        deleted_flag(),
        create_only(ref("InvoiceId", "Invoice", "InvoiceAddressGroups", cascade=True, **_FIXED)),
        text("Street", 255, **_FIXED),
        text("City", 40, **_FIXED),
        text("State", 80, **_FIXED),
        text("PostalCode", 20, **_FIXED),
        text("Country", 80, **_FIXED),
        *stamps(),
    ),
)

LINE = SObject(
    "InvoiceLine",
    "5TV",
    fields=(
        record_id("InvoiceLine"),
        deleted_flag(),
        create_only(ref("InvoiceId", "Invoice", "InvoiceLines", cascade=True, **_FIXED)),
        text("Name", 255, name_field=True),
        ref("Product2Id", "Product2", "InvoiceLines", restrict_delete=True),
        number("Quantity", 18, 2),
        money("UnitPrice"),
        money("ChargeAmount", **_FIXED),
        derived(money("TaxAmount")),
        derived(money("LineAmount")),
        pick("Type", "Charge", "Adjustment", default="Charge", **_CHOSEN),
        day("InvoiceLineStartDate"),
        day("InvoiceLineEndDate"),
        create_only(ref("BillingAddressId", "InvoiceAddressGroup")),
        create_only(ref("ShippingAddressId", "InvoiceAddressGroup")),
        create_only(ref("TaxTreatmentId", "TaxTreatment")),
        currency_code(),
        *stamps(),
        *seen(),
    ),
)

LINE_TAX = SObject(
    "InvoiceLineTax",
    "6bJ",
    updateable=False,
    deletable=False,
    undeletable=False,
    fields=(
        record_id("InvoiceLineTax"),
        deleted_flag(),
        create_only(ref("InvoiceLineId", "InvoiceLine", "InvoiceLineTaxes", cascade=True, **_FIXED)),
        money("TaxAmount", **_FIXED),
        number("TaxRate", 16, 6),
        text("TaxTransactionNumber", 255),
        text("TaxDocumentNumber", 255),
        day("TaxEffectiveDate"),
        currency_code(),
        *stamps(),
    ),
)

TREATMENT = SObject(
    "TaxTreatment",
    "1ti",
    fields=(
        record_id("TaxTreatment"),
        deleted_flag(),
        text("Name", 255, nillable=False, name_field=True),
        text("TaxCode", 255),
        *stamps(),
        *seen(),
    ),
)

MEMO = SObject(
    "CreditMemo",
    "50g",
    createable=False,
    deletable=False,
    undeletable=False,
    auto_number_width=9,
    fields=(
        record_id("CreditMemo"),
        deleted_flag(),
        owner(),
        derived(text("DocumentNumber", 255, nillable=False, auto_number=True, name_field=True)),
        ref("BillingAccountId", "Account", "CreditMemos", restrict_delete=True, **_FIXED),
        derived(pick("Status", "Draft", "Pending", "Posted", "Canceled", "Error", restricted=True)),
        derived(money("TotalAmount")),
        derived(money("Balance")),
        text("ExternalReference", 255),
        text("ExternalReferenceDataSource", 255),
        derived(ref("ReferenceEntityId", "Invoice", "CreditMemos")),
        currency_code(),
        *stamps(),
        *seen(),
    ),
)

PAYMENT = SObject(
    "Payment",
    "0aQ",
    deletable=False,
    undeletable=False,
    auto_number_width=9,
    fields=(
        record_id("Payment"),
        deleted_flag(),
        derived(text("PaymentNumber", 255, nillable=False, auto_number=True, name_field=True)),
        ref("AccountId", "Account", "Payments", restrict_delete=True, **_FIXED),
        money("Amount", **_FIXED),
        moment("Date"),
        moment("EffectiveDate"),
        pick("Status", "Draft", "Processed", "Canceled", restricted=True, nillable=False),
        create_only(pick("Type", "Sale", "Capture", restricted=True, nillable=False)),
        create_only(pick("ProcessingMode", "External", "Salesforce", restricted=True, nillable=False)),
        derived(money("Balance")),
        currency_code(),
        *stamps(),
        *seen(),
    ),
)

PAYMENT_LINE = SObject(
    "PaymentLineInvoice",
    "1PL",
    updateable=False,
    deletable=False,
    undeletable=False,
    fields=(
        record_id("PaymentLineInvoice"),
        deleted_flag(),
        ref("PaymentId", "Payment", "PaymentLinesInvoice", restrict_delete=True, **_FIXED),
        ref("InvoiceId", "Invoice", "PaymentLinesInvoice", restrict_delete=True, **_FIXED),
        money("Amount", **_FIXED),
        pick("Type", "Applied", "Unapplied", restricted=True, nillable=False),
        derived(pick("HasBeenUnapplied", "NA", "No", "Yes", restricted=True)),
        currency_code(),
        *stamps(),
    ),
)

BILLING = (INVOICE, ADDRESS_GROUP, LINE, LINE_TAX, TREATMENT, MEMO, PAYMENT, PAYMENT_LINE)
