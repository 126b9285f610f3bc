"""Bills and vendor credits (reference 6.10)."""

from __future__ import annotations

from ml_emulators.quickbooks.kinds import fields as f
from ml_emulators.quickbooks.kinds.fields import Reader
from ml_emulators.quickbooks.kinds.kind import HEAD, Kind
from ml_emulators.quickbooks.kinds.lines import PURCHASE_DETAILS, form_lines
from ml_emulators.quickbooks.kinds.queryable import QueryField, numbers, texts, unqueryable

KINDS: list[Kind] = []
_fields: dict[str, Reader] = {
    "VendorRef": f.ref,
    "APAccountRef": f.ref,
    "DocNumber": f.text(21),
    "TxnDate": f.day,
    "DepartmentRef": f.ref,
    "CurrencyRef": f.ref,
    "ExchangeRate": f.number,
    "PrivateNote": f.text(4000),
    "Line": form_lines(*PURCHASE_DETAILS),
    "TxnTaxDetail": f.tax_detail,
    "GlobalTaxCalculation": f.choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
}
_order = (
    *("VendorRef", "APAccountRef", "TotalAmt", "Balance", "HomeBalance", *HEAD, "DocNumber", "TxnDate"),
    *("DepartmentRef", "CurrencyRef", "ExchangeRate", "PrivateNote", "LinkedTxn", "Line"),
    *("TxnTaxDetail", "GlobalTaxCalculation"),
)
_queried = (
    *texts("DocNumber"),
    *(QueryField("TxnDate", "day"), QueryField("VendorRef", "ref")),
    *numbers("Balance", "TotalAmt"),
    *unqueryable("PrivateNote", "Line", "DepartmentRef"),
)

KINDS.append(
    Kind(
        "Bill",
        order=("SalesTermRef", "DueDate", *_order),
        fields={**_fields, "SalesTermRef": f.ref, "DueDate": f.day},
        indexed=("TxnDate", "DocNumber", "VendorRef"),
        queried=(*_queried, QueryField("DueDate", "day")),
    )
)
KINDS.append(
    Kind(
        "VendorCredit",
        order=_order,
        fields=_fields,
        indexed=("TxnDate", "DocNumber", "VendorRef"),
        queried=_queried,
    )
)
