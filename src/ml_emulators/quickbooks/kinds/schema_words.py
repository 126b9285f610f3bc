"""Further properties of the vendor's schema: kept and answered as they were sent, with no rule behind them.

Clients that send whole objects out of a generated schema name many of them; only what is in none is refused (2010).
"""

from __future__ import annotations

_SALES = (
    *("TransactionLocationType", "ShipMethodRef", "ShipFromAddr", "RemitToRef", "DiscountRate", "DiscountAmt"),
    *("PaymentMethodRef", "PaymentRefNum", "CheckPayment", "CreditCardPayment", "PaymentType", "TxnStatus"),
    *("AttachableRef", "OverrideNDSFinance", "SalesRepRef", "PONumber", "FOB", "AutoDocNumber"),
)
_BOUGHT = (
    *("AttachableRef", "VendorAddr", "RemitToAddr", "TransactionLocationType", "TxnStatus", "TxnSource", "PayerRef"),
    *("IncludeInAnnualTPAR", "RecurDataRef", "ProjectRef", "CustomField"),
)
EXTRA: dict[str, tuple[str, ...]] = {
    "Customer": (
        *("GSTIN", "GSTRegistrationType", "BusinessNumber", "SecondaryTaxIdentifier", "OtherContactInfo", "Source"),
        *("ClientCompanyId", "TaxRegime", "OtherAddr", "ContactName", "AltContactName", "JobInfo", "CreditLimit"),
    ),
    "Vendor": (
        *("APAccountRef", "TaxReportingBasis", "GSTIN", "GSTRegistrationType", "BusinessNumber", "T4AEligible"),
        *("T5018Eligible", "HasTPAR", "CostRate", "VendorPaymentBankDetail", "OtherContactInfo", "Source", "ShipAddr"),
        *("OtherAddr", "ContactName", "AltContactName", "Notes", "VendorTypeRef", "CreditLimit"),
    ),
    "Employee": ("BillRate", "BirthDate", "CostRate", "EmailAddress", "Gender", "Organization", "OtherAddr"),
    "Item": (
        *("AbatementRate", "ItemCategoryType", "PurchaseTaxCodeRef", "PurchaseTaxIncluded", "ReverseChargeRate"),
        *("SalesTaxCodeRef", "SalesTaxIncluded", "ServiceType", "TaxClassificationRef", "Source", "PrefVendorRef"),
        *("ReorderPoint", "ManPartNum", "ItemGroupDetail", "PrintGroupedItems", "UQCId", "UQCDisplayText"),
    ),
    "Account": (
        *("AccountAlias", "TxnLocationType", "OpeningBalance", "OpeningBalanceDate", "OnlineBankingEnabled", "FIName"),
        *("BankNum", "RoutingNum", "AcctNumExtn", "TaxAccount", "JournalCodeRef"),
    ),
    "Invoice": (*_SALES, "InvoiceLinkSharedSecret", "ProgressPayment"),
    "SalesReceipt": _SALES,
    "RefundReceipt": (*_SALES, "CreditCardChargeInfo"),
    "CreditMemo": (*_SALES, "DepositToAccountRef"),
    "Estimate": _SALES,
    "Payment": ("TaxExemptionRef", "TransactionLocationType", "TxnStatus", "CheckPayment", "AttachableRef"),
    "JournalEntry": ("TransactionLocationType", "EnteredInHomeCurrency", "TotalTax", "AttachableRef", "TxnStatus"),
    "Bill": (*_BOUGHT, "SalesTermRef", "LessCIS", "HomeTotalAmt"),
    "VendorCredit": (*_BOUGHT, "FromAccountRef", "ToAccountRef"),
    "BillPayment": (*_BOUGHT, "ProcessBillPayment"),
    "Purchase": (*_BOUGHT, "PurchaseEx"),
    "PurchaseOrder": (*_BOUGHT, "ClassRef", "SalesTermRef", "ShipMethodRef", "TaxCodeRef", "ShipTo", "ManuallyClosed"),
    "Deposit": (*_BOUGHT, "CashBack", "DocNumber", "GlobalTaxCalculation", "TxnTaxDetail"),
    "Transfer": ("TxnSource", "TransactionLocationType", "DocNumber"),
    "TimeActivity": (
        "AttachableRef",
        "BreakHours",
        "BreakMinutes",
        "CostRate",
        "BreakSeconds",
        "Seconds",
        "ProjectRef",
    ),
    "TaxRate": ("EffectiveTaxRate", "TaxReturnLineRef"),
    "ExchangeRate": ("CustomField",),
    "CompanyCurrency": ("CustomField",),
    "Attachable": ("EntityRef", "NoRefOnly", "Inactive"),
    "Department": ("Address",),
    "CompanyInfo": ("EmployerId", "FiscalYearStartMonth", "SecondaryTaxIdentifier", "OtherContactInfo"),
}
