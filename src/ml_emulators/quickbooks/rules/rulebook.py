"""Which kind of record has which rule."""

from __future__ import annotations

from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.rules.auxiliary import AttachableRule, ExchangeRateRule, TaxAgencyRule, TaxListRule
from ml_emulators.quickbooks.rules.company import CompanyInfoRule, PreferencesRule
from ml_emulators.quickbooks.rules.journal import JournalEntryRule
from ml_emulators.quickbooks.rules.lists import (
    AccountRule,
    ClassRule,
    CompanyCurrencyRule,
    DepartmentRule,
    ItemRule,
    PaymentMethodRule,
    TermRule,
)
from ml_emulators.quickbooks.rules.payments import PaymentRule
from ml_emulators.quickbooks.rules.people import CustomerRule, EmployeeRule, VendorRule
from ml_emulators.quickbooks.rules.purchases import BillRule, VendorCreditRule
from ml_emulators.quickbooks.rules.rule import Rule
from ml_emulators.quickbooks.rules.sales import (
    CreditMemoRule,
    EstimateRule,
    InvoiceRule,
    RefundReceiptRule,
    SalesReceiptRule,
)
from ml_emulators.quickbooks.rules.spending import (
    BillPaymentRule,
    DepositRule,
    PurchaseOrderRule,
    PurchaseRule,
    TimeActivityRule,
    TransferRule,
)

_BOOK: dict[str, type[Rule]] = {
    "Customer": CustomerRule,
    "Vendor": VendorRule,
    "Employee": EmployeeRule,
    "Item": ItemRule,
    "Account": AccountRule,
    "Department": DepartmentRule,
    "Class": ClassRule,
    "Term": TermRule,
    "PaymentMethod": PaymentMethodRule,
    "CompanyCurrency": CompanyCurrencyRule,
    "Invoice": InvoiceRule,
    "SalesReceipt": SalesReceiptRule,
    "RefundReceipt": RefundReceiptRule,
    "CreditMemo": CreditMemoRule,
    "Estimate": EstimateRule,
    "Payment": PaymentRule,
    "JournalEntry": JournalEntryRule,
    "Bill": BillRule,
    "VendorCredit": VendorCreditRule,
    "BillPayment": BillPaymentRule,
    "Purchase": PurchaseRule,
    "PurchaseOrder": PurchaseOrderRule,
    "Transfer": TransferRule,
    "Deposit": DepositRule,
    "TimeActivity": TimeActivityRule,
    "Attachable": AttachableRule,
    "ExchangeRate": ExchangeRateRule,
    "TaxCode": TaxListRule,
    "TaxRate": TaxListRule,
    "TaxAgency": TaxAgencyRule,
    "Preferences": PreferencesRule,
    "CompanyInfo": CompanyInfoRule,
}
RULES: dict[str, Rule] = {name: rule(KINDS[name]) for name, rule in _BOOK.items()}
