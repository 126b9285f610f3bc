"""Money out and money moved: payments of bills, expenses, deposits, transfers, purchase orders, hours worked."""

from __future__ import annotations

from ml_emulators.quickbooks.kinds import fields as f
from ml_emulators.quickbooks.kinds.fields import Reader
from ml_emulators.quickbooks.kinds.kind import HEAD, TXN_NOTICES, Kind
from ml_emulators.quickbooks.kinds.lines import PURCHASE_DETAILS, deposit_lines, form_lines, payment_lines
from ml_emulators.quickbooks.kinds.queryable import QueryField, numbers, texts, unqueryable

_dated: dict[str, Reader] = {
    "TxnDate": f.day,
    "CurrencyRef": f.ref,
    "ExchangeRate": f.number,
    "PrivateNote": f.text(4000),
    "DepartmentRef": f.ref,
}
_DATED = ("TxnDate", "DepartmentRef", "CurrencyRef", "ExchangeRate", "PrivateNote")
_tax: dict[str, Reader] = {
    "TxnTaxDetail": f.tax_detail,
    "GlobalTaxCalculation": f.choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
}
_queried = (QueryField("TxnDate", "day"), *numbers("TotalAmt"), *unqueryable("PrivateNote", "Line", "DepartmentRef"))
_WITHOUT_VOID = {name: notice for name, notice in TXN_NOTICES.items() if name != "void"}

KINDS: list[Kind] = [
    Kind(
        "BillPayment",
        order=(
            *("VendorRef", "PayType", "CheckPayment", "CreditCardPayment", "TotalAmt", *HEAD, "DocNumber", *_DATED),
            *("Line", "APAccountRef"),
        ),
        fields={
            "VendorRef": f.ref,
            "PayType": f.choice("Check", "CreditCard"),
            "CheckPayment": f.group({"BankAccountRef": f.ref, "PrintStatus": f.text(20)}),
            "CreditCardPayment": f.group({"CCAccountRef": f.ref}),
            "TotalAmt": f.amount,
            "DocNumber": f.text(21),
            **_dated,
            "Line": payment_lines,
            "APAccountRef": f.ref,
        },
        indexed=("TxnDate", "DocNumber", "VendorRef"),
        queried=(*texts("DocNumber"), QueryField("VendorRef", "ref"), *_queried),
    ),
    Kind(
        "Purchase",
        order=(
            *("AccountRef", "PaymentMethodRef", "PaymentType", "EntityRef", "Credit", "TotalAmt", "PrintStatus"),
            *(*HEAD, "DocNumber", *_DATED, "LinkedTxn", "Line", "TxnTaxDetail", "GlobalTaxCalculation"),
        ),
        fields={
            "AccountRef": f.ref,
            "PaymentMethodRef": f.ref,
            "PaymentType": f.choice("Cash", "Check", "CreditCard"),
            "EntityRef": f.party,
            "Credit": f.flag,
            "PrintStatus": f.choice("NotSet", "NeedToPrint", "PrintComplete"),
            "DocNumber": f.text(21),
            **_dated,
            "Line": form_lines(*PURCHASE_DETAILS),
            **_tax,
        },
        indexed=("TxnDate", "DocNumber"),
        queried=(*texts("DocNumber", "PaymentType"), QueryField("AccountRef", "ref"), *_queried),
    ),
    Kind(
        "Deposit",
        order=("DepositToAccountRef", "TotalAmt", "HomeTotalAmt", *HEAD, *_DATED, "Line"),
        fields={"DepositToAccountRef": f.ref, **_dated, "Line": deposit_lines},
        indexed=("TxnDate",),
        queried=(QueryField("DepositToAccountRef", "ref"), *_queried),
        notices=_WITHOUT_VOID,
    ),
    Kind(
        "Transfer",
        order=("FromAccountRef", "ToAccountRef", "Amount", *HEAD, *_DATED),
        fields={"FromAccountRef": f.ref, "ToAccountRef": f.ref, "Amount": f.amount, **_dated},
        indexed=("TxnDate",),
        queried=(QueryField("TxnDate", "day"), *numbers("Amount"), *unqueryable("PrivateNote")),
    ),
    Kind(
        "PurchaseOrder",
        order=(
            *("VendorRef", "APAccountRef", "TotalAmt", "POStatus", "EmailStatus", "POEmail", "ShipAddr", "VendorAddr"),
            *(*HEAD, "CustomField", "DocNumber", *_DATED, "DueDate", "Memo", "LinkedTxn", "Line", "TxnTaxDetail"),
            "GlobalTaxCalculation",
        ),
        fields={
            "VendorRef": f.ref,
            "APAccountRef": f.ref,
            "POStatus": f.choice("Open", "Closed"),
            "EmailStatus": f.choice("NotSet", "NeedToSend", "EmailSent"),
            "POEmail": f.email,
            "ShipAddr": f.address,
            "VendorAddr": f.address,
            "DocNumber": f.text(21),
            **_dated,
            "DueDate": f.day,
            "Memo": f.text(4000),
            "Line": form_lines(*PURCHASE_DETAILS),
            **_tax,
        },
        indexed=("TxnDate", "DocNumber", "VendorRef"),
        queried=(*texts("DocNumber"), QueryField("VendorRef", "ref"), *_queried),
        notices={**_WITHOUT_VOID, "email": "Emailed"},
    ),
    Kind(
        "TimeActivity",
        order=(
            *("TxnDate", "NameOf", "EmployeeRef", "VendorRef", "CustomerRef", "DepartmentRef", "ClassRef", "ItemRef"),
            *("BillableStatus", "Taxable", "HourlyRate", "Hours", "Minutes", "StartTime", "EndTime", "Description"),
            *HEAD,
        ),
        fields={
            "TxnDate": f.day,
            "NameOf": f.choice("Employee", "Vendor"),
            **dict.fromkeys(("EmployeeRef", "VendorRef", "CustomerRef", "DepartmentRef", "ClassRef", "ItemRef"), f.ref),
            "BillableStatus": f.choice("Billable", "NotBillable", "HasBeenBilled"),
            "Taxable": f.flag,
            **dict.fromkeys(("HourlyRate", "Hours", "Minutes"), f.number),
            "StartTime": f.text(40),
            "EndTime": f.text(40),
            "Description": f.text(4000),
        },
        indexed=("TxnDate",),
        queried=(QueryField("TxnDate", "day"), *unqueryable("Description")),
        sequence="TimeActivity",
        notices=_WITHOUT_VOID,
        in_cdc=False,
    ),
]
