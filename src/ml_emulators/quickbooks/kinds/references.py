"""What kind of record a reference field points at."""

from __future__ import annotations

REF_KINDS = {
    "CustomerRef": "Customer",
    "VendorRef": "Vendor",
    "ItemRef": "Item",
    "GroupItemRef": "Item",
    "AccountRef": "Account",
    "ItemAccountRef": "Account",
    "DepositToAccountRef": "Account",
    "DiscountAccountRef": "Account",
    "IncomeAccountRef": "Account",
    "ExpenseAccountRef": "Account",
    "AssetAccountRef": "Account",
    "ARAccountRef": "Account",
    "APAccountRef": "Account",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    **dict.fromkeys(("BankAccountRef", "CCAccountRef", "FromAccountRef", "ToAccountRef"), "Account"),
    "EmployeeRef": "Employee",
    "SalesTermRef": "Term",
    "PaymentMethodRef": "PaymentMethod",
}
PARTIES = ("Customer", "Vendor", "Employee")
