"""The transactions: sales forms, payments and journal entries."""

from __future__ import annotations

from ml_emulators.quickbooks.kinds import fields as f
from ml_emulators.quickbooks.kinds.fields import Reader
from ml_emulators.quickbooks.kinds.kind import EMAILED, HEAD, TXN_NOTICES, Kind
from ml_emulators.quickbooks.kinds.lines import JOURNAL_DETAILS, SALES_DETAILS, form_lines, payment_lines
from ml_emulators.quickbooks.kinds.queryable import SALES, QueryField, numbers, texts, unqueryable

KINDS: list[Kind] = []
_MAILED = {**TXN_NOTICES, **EMAILED}
_DATED = ("CustomField", "DocNumber", "TxnDate", "DepartmentRef", "CurrencyRef", "ExchangeRate", "PrivateNote")
_PARTY = (
    *("CustomerRef", "CustomerMemo", "BillAddr", "ShipAddr", "FreeFormAddress", "ShipFromAddr", "ClassRef"),
    *("SalesTermRef", "DueDate", "ShipMethodRef", "ShipDate", "TrackingNum", "ProjectRef", "GlobalTaxCalculation"),
)
_TOTALS = (
    *("TotalAmt", "HomeTotalAmt", "ApplyTaxAfterDiscount", "PrintStatus", "EmailStatus", "BillEmail"),
    *("BillEmailCc", "BillEmailBcc", "Balance", "HomeBalance"),
)
_EXTRAS = ("HomeAmtTotal", "TaxExemptionRef", "RecurDataRef", "TxnSource", "EInvoiceStatus", "FreeFormAddress")
_not_filterable = unqueryable(
    "PrivateNote", "Line", "DepartmentRef", "ClassRef", "BillAddr", "ShipAddr", "CustomerMemo"
)

_sales_fields: dict[str, Reader] = {
    "CustomField": f.anything,
    "DocNumber": f.text(21),
    "TxnDate": f.day,
    "DepartmentRef": f.ref,
    "CurrencyRef": f.ref,
    "ExchangeRate": f.number,
    "PrivateNote": f.text(4000),
    "LinkedTxn": f.linked,
    "Line": form_lines(*SALES_DETAILS),
    "TxnTaxDetail": f.tax_detail,
    "CustomerRef": f.ref,
    "CustomerMemo": f.memo,
    "BillAddr": f.address,
    "ShipAddr": f.address,
    "ShipFromAddr": f.address,
    "ClassRef": f.ref,
    "SalesTermRef": f.ref,
    "DueDate": f.day,
    "ShipMethodRef": f.ref,
    "ShipDate": f.day,
    "TrackingNum": f.text(31),
    "ProjectRef": f.ref,
    "GlobalTaxCalculation": f.choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
    "ApplyTaxAfterDiscount": f.flag,
    "PrintStatus": f.choice("NotSet", "NeedToPrint", "PrintComplete"),
    "EmailStatus": f.choice("NotSet", "NeedToSend", "EmailSent"),
    "BillEmail": f.email,
    "BillEmailCc": f.email,
    "BillEmailBcc": f.email,
    "DeliveryInfo": f.anything,
}
_online = ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment")

KINDS.append(
    Kind(
        "Invoice",
        order=(
            *(*_online, "InvoiceLink", *HEAD, *_DATED, "LinkedTxn", "Line", "TxnTaxDetail", *_PARTY, *_TOTALS),
            *("Deposit", "DepositToAccountRef", "DeliveryInfo", *_EXTRAS),
        ),
        fields={**_sales_fields, **dict.fromkeys(_online, f.flag), "Deposit": f.amount, "DepositToAccountRef": f.ref},
        indexed=("TxnDate", "DocNumber", "CustomerRef", "Balance"),
        queried=(*SALES, *_not_filterable, *unqueryable("EmailStatus", "PrintStatus")),
        notices=_MAILED,
    )
)
KINDS.extend(
    Kind(
        name,
        order=(
            *(*HEAD, *_DATED, "LinkedTxn", "Line", "TxnTaxDetail", *_PARTY, *_TOTALS),
            *("PaymentMethodRef", "PaymentRefNum", "DepositToAccountRef", "DeliveryInfo", *_EXTRAS),
        ),
        fields={
            **_sales_fields,
            "PaymentMethodRef": f.ref,
            "PaymentRefNum": f.text(21),
            "DepositToAccountRef": f.ref,
        },
        indexed=("TxnDate", "DocNumber", "CustomerRef"),
        queried=(*SALES, *_not_filterable),
        notices=_MAILED,
    )
    for name in ("SalesReceipt", "RefundReceipt")
)
KINDS.append(
    Kind(
        "CreditMemo",
        order=(
            *("RemainingCredit", *HEAD, *_DATED, "LinkedTxn", "Line", "TxnTaxDetail", *_PARTY, "InvoiceRef"),
            *(*_TOTALS, "PaymentMethodRef", "DeliveryInfo", *_EXTRAS),
        ),
        fields={**_sales_fields, "InvoiceRef": f.ref, "PaymentMethodRef": f.ref},
        indexed=("TxnDate", "DocNumber", "CustomerRef"),
        queried=(*SALES, *_not_filterable),
        notices=_MAILED,
    )
)
KINDS.append(
    Kind(
        "Estimate",
        order=(
            *(*HEAD, *_DATED, "TxnStatus", "LinkedTxn", "Line", "TxnTaxDetail", *_PARTY, *_TOTALS),
            *("ExpirationDate", "AcceptedBy", "AcceptedDate", "DeliveryInfo", *_EXTRAS),
        ),
        fields={
            **_sales_fields,
            "TxnStatus": f.choice("Pending", "Accepted", "Closed", "Rejected", "Converted"),
            "ExpirationDate": f.day,
            "AcceptedBy": f.text(100),
            "AcceptedDate": f.day,
        },
        indexed=("TxnDate", "DocNumber", "CustomerRef"),
        queried=(*SALES, *_not_filterable),
        notices=_MAILED,
    )
)
KINDS.append(
    Kind(
        "Payment",
        order=(
            *("CustomerRef", "ARAccountRef", "DepositToAccountRef", "PaymentMethodRef", "PaymentRefNum"),
            *("CreditCardPayment", "TotalAmt", "UnappliedAmt", "ProcessPayment", *HEAD, "TxnDate", "CurrencyRef"),
            *("ExchangeRate", "PrivateNote", "LinkedTxn", "Line", "ProjectRef", "TxnSource", "HomeTotalAmt"),
        ),
        fields={
            "CustomerRef": f.ref,
            "ARAccountRef": f.ref,
            "DepositToAccountRef": f.ref,
            "PaymentMethodRef": f.ref,
            "PaymentRefNum": f.text(21),
            "TotalAmt": f.amount,
            "ProcessPayment": f.flag,
            "TxnDate": f.day,
            "CurrencyRef": f.ref,
            "ExchangeRate": f.number,
            "PrivateNote": f.text(4000),
            "Line": payment_lines,
            "ProjectRef": f.ref,
        },
        indexed=("TxnDate", "CustomerRef"),
        queried=(
            *(QueryField("TxnDate", "day"), QueryField("CustomerRef", "ref")),
            *numbers("TotalAmt", "UnappliedAmt"),
            *unqueryable("DocNumber", "PrivateNote", "Line", "PaymentRefNum", "DepositToAccountRef"),
        ),
        unnamed=frozenset({"DepositToAccountRef"}),
        notices=_MAILED,
    )
)
KINDS.append(
    Kind(
        "JournalEntry",
        order=(
            *("Adjustment", "HomeCurrencyAdjustment", "TotalAmt", "HomeTotalAmt", *HEAD, "DocNumber", "TxnDate"),
            *("DepartmentRef", "CurrencyRef", "ExchangeRate", "PrivateNote", "LinkedTxn", "Line", "TxnTaxDetail"),
            *("GlobalTaxCalculation", "RecurDataRef", "TxnSource"),
        ),
        fields={
            "Adjustment": f.flag,
            "DocNumber": f.text(21),
            "TxnDate": f.day,
            "CurrencyRef": f.ref,
            "ExchangeRate": f.number,
            "PrivateNote": f.text(4000),
            "Line": form_lines(*JOURNAL_DETAILS),
            "TxnTaxDetail": f.group({"TxnTaxCodeRef": f.ref, "TotalTax": f.amount}),
        },
        indexed=("TxnDate", "DocNumber"),
        queried=(
            *texts("DocNumber"),
            QueryField("TxnDate", "day"),
            *unqueryable("PrivateNote", "Line", "TotalAmt", "CurrencyRef", "Adjustment"),
        ),
    )
)
