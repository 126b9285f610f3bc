"""The name lists: customers, vendors, employees, items, accounts, locations, classes, terms and the like."""

from __future__ import annotations

from ml_emulators.quickbooks.kinds import fields as f
from ml_emulators.quickbooks.kinds.kind import HEAD, LIST_NOTICES, Kind
from ml_emulators.quickbooks.kinds.queryable import ACTIVE, QueryField, numbers, texts, unqueryable

_NO_DELETE = {"create": "Create", "update": "Update", "deactivate": "Update"}
_SILENT: dict[str, str] = {}
KINDS: list[Kind] = []
COLON_TAB_NEWLINE = ":\t\n"
PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")

_person = {
    "Title": f.text(16, COLON_TAB_NEWLINE),
    "GivenName": f.text(100, COLON_TAB_NEWLINE),
    "MiddleName": f.text(100, COLON_TAB_NEWLINE),
    "FamilyName": f.text(100, COLON_TAB_NEWLINE),
    "Suffix": f.text(16, COLON_TAB_NEWLINE),
    "DisplayName": f.text(500, COLON_TAB_NEWLINE),
    "PrintOnCheckName": f.text(110, COLON_TAB_NEWLINE),
    "Active": f.flag,
    "PrimaryPhone": f.phone,
    "AlternatePhone": f.phone,
    "Mobile": f.phone,
    "Fax": f.phone,
    "PrimaryEmailAddr": f.email,
    "WebAddr": f.web,
}
_CONTACT = ("PrimaryPhone", "AlternatePhone", "Mobile", "Fax", "PrimaryEmailAddr", "WebAddr")
_name_queries = (
    *texts("DisplayName", "GivenName", "MiddleName", "FamilyName", "CompanyName", "PrintOnCheckName"),
    ACTIVE,
    QueryField("PrimaryEmailAddr", "email"),
    *unqueryable("Notes", "BillAddr", "ShipAddr", "PrimaryPhone", "CurrencyRef", "ParentRef", "Job", "Taxable"),
)

KINDS.append(
    Kind(
        "Customer",
        order=(
            *("Taxable", "BillAddr", "ShipAddr", "Notes", "Job", "BillWithParent", "ParentRef", "Level"),
            *("CustomerTypeRef", "SalesTermRef", "PaymentMethodRef", "AcctNum", "OpenBalanceDate"),
            *("Balance", "BalanceWithJobs", "CurrencyRef", "PreferredDeliveryMethod", "ResaleNum", "IsProject"),
            *("PrimaryTaxIdentifier", "TaxExemptionReasonId", "ARAccountRef"),
            *("ClientEntityId", *HEAD, *PARTS, "FullyQualifiedName", "CompanyName", "DisplayName"),
            *("PrintOnCheckName", "Active", "V4IDPseudonym", *_CONTACT, "DefaultTaxCodeRef"),
        ),
        fields={
            **_person,
            "CompanyName": f.text(100),
            "Taxable": f.flag,
            "BillAddr": f.address,
            "ShipAddr": f.address,
            "Notes": f.text(2000),
            "Job": f.flag,
            "IsProject": f.flag,
            "BillWithParent": f.flag,
            "ParentRef": f.ref,
            "CustomerTypeRef": f.ref,
            "SalesTermRef": f.ref,
            "PaymentMethodRef": f.ref,
            "AcctNum": f.text(100),
            "CurrencyRef": f.ref,
            "PreferredDeliveryMethod": f.choice("Print", "Email", "None"),
            "ResaleNum": f.text(16),
            "PrimaryTaxIdentifier": f.text(20),
            "TaxExemptionReasonId": f.choice(*map(str, range(1, 16))),
            "DefaultTaxCodeRef": f.ref,
            "ARAccountRef": f.ref,
        },
        indexed=("DisplayName", "FullyQualifiedName"),
        queried=(*_name_queries, *texts("FullyQualifiedName"), *numbers("Balance", "BalanceWithJobs")),
        sequence="name",
        is_list=True,
        name_field="DisplayName",
        label_field="DisplayName",
        default_sort=("FullyQualifiedName", False),
        notices=LIST_NOTICES,
    )
)
KINDS.append(
    Kind(
        "Vendor",
        order=(
            *("BillAddr", "TaxIdentifier", "TermRef", "Balance", "BillRate", "AcctNum", "Vendor1099", "CurrencyRef"),
            *(*HEAD, *PARTS, "CompanyName", "DisplayName", "PrintOnCheckName", "Active", "V4IDPseudonym", *_CONTACT),
        ),
        fields={
            **_person,
            "CompanyName": f.text(100),
            "BillAddr": f.address,
            "TaxIdentifier": f.text(20),
            "TermRef": f.ref,
            "BillRate": f.number,
            "AcctNum": f.text(100),
            "Vendor1099": f.flag,
            "CurrencyRef": f.ref,
        },
        indexed=("DisplayName",),
        queried=(*_name_queries, *numbers("Balance")),
        sequence="name",
        is_list=True,
        name_field="DisplayName",
        label_field="DisplayName",
        default_sort=("DisplayName", False),
        notices=LIST_NOTICES,
    )
)
KINDS.append(
    Kind(
        "Employee",
        order=(
            *("SSN", "PrimaryAddr", "EmployeeNumber", "BillableTime", "HiredDate", "ReleasedDate", *HEAD, *PARTS),
            *("DisplayName", "PrintOnCheckName", "Active", "V4IDPseudonym", *_CONTACT),
        ),
        fields={
            **_person,
            "SSN": f.text(20),
            "PrimaryAddr": f.address,
            "EmployeeNumber": f.text(100),
            "BillableTime": f.flag,
            "HiredDate": f.day,
            "ReleasedDate": f.day,
        },
        indexed=("DisplayName",),
        queried=_name_queries,
        sequence="name",
        is_list=True,
        name_field="DisplayName",
        label_field="DisplayName",
        default_sort=("DisplayName", False),
        notices=LIST_NOTICES,
    )
)
KINDS.append(
    Kind(
        "Item",
        order=(
            *("Name", "Sku", "Description", "Active", "SubItem", "ParentRef", "Level", "FullyQualifiedName"),
            *("Taxable", "UnitPrice", "Type", "IncomeAccountRef", "PurchaseDesc", "PurchaseCost"),
            *("ExpenseAccountRef", "AssetAccountRef", "ClassRef", "TrackQtyOnHand", "DeferredRevenue", "QtyOnHand"),
            *("InvStartDate", *HEAD),
        ),
        fields={
            "Name": f.text(100, COLON_TAB_NEWLINE),
            "Sku": f.text(100),
            "Description": f.text(4000),
            "Active": f.flag,
            "SubItem": f.flag,
            "ParentRef": f.ref,
            "Taxable": f.flag,
            "UnitPrice": f.number,
            "Type": f.choice("Service", "NonInventory", "Inventory", "Group", "Category"),
            "IncomeAccountRef": f.ref,
            "PurchaseDesc": f.text(4000),
            "PurchaseCost": f.number,
            "ExpenseAccountRef": f.ref,
            "AssetAccountRef": f.ref,
            "ClassRef": f.ref,
            "TrackQtyOnHand": f.flag,
            "QtyOnHand": f.number,
            "InvStartDate": f.day,
        },
        indexed=("Name", "FullyQualifiedName"),
        queried=(
            *texts("Name", "FullyQualifiedName", "Type", "Sku"),
            *(ACTIVE, *numbers("UnitPrice")),
            *unqueryable("Description", "IncomeAccountRef"),
        ),
        sequence="Item",
        is_list=True,
        name_field="Name",
        label_field="FullyQualifiedName",
        default_sort=("Name", False),
        notices=LIST_NOTICES,
    )
)
KINDS.append(
    Kind(
        "Account",
        order=(
            *("Name", "SubAccount", "ParentRef", "Description", "FullyQualifiedName", "Active", "Classification"),
            *("AccountType", "AccountSubType", "AcctNum", "CurrentBalance", "CurrentBalanceWithSubAccounts"),
            *("CurrencyRef", "TaxCodeRef", *HEAD),
        ),
        fields={
            "Name": f.text(100, '":'),
            "ParentRef": f.ref,
            "Description": f.text(100),
            "Active": f.flag,
            "AccountType": f.text(40),
            "AccountSubType": f.text(60),
            "AcctNum": f.text(20, ":"),
            "CurrencyRef": f.ref,
            "TaxCodeRef": f.ref,
        },
        indexed=("Name", "FullyQualifiedName"),
        queried=(
            *texts("Name", "FullyQualifiedName", "AccountType", "AccountSubType", "Classification"),
            *(ACTIVE, QueryField("SubAccount", "flag")),
            *numbers("CurrentBalance", "CurrentBalanceWithSubAccounts"),
            *unqueryable("Description", "AcctNum"),
        ),
        sequence="Account",
        is_list=True,
        name_field="Name",
        label_field="FullyQualifiedName",
        default_sort=("Name", False),
        notices=LIST_NOTICES,
    )
)
for _kind, _sub, _more in (("Department", "SubDepartment", ("Address",)), ("Class", "SubClass", ())):
    KINDS.append(
        Kind(
            _kind,
            order=("Name", _sub, "ParentRef", "FullyQualifiedName", "Active", *_more, *HEAD),
            fields={
                "Name": f.text(100, COLON_TAB_NEWLINE),
                "ParentRef": f.ref,
                _sub: f.flag,
                "Active": f.flag,
                **dict.fromkeys(_more, f.address),
            },
            indexed=("Name", "FullyQualifiedName"),
            queried=(*texts("Name", "FullyQualifiedName"), ACTIVE, QueryField(_sub, "flag", filterable=False)),
            sequence=_kind,
            is_list=True,
            name_field="Name",
            label_field="FullyQualifiedName",
            suffix=" (Deleted)" if _kind == "Department" else " (deleted)",
            default_sort=("FullyQualifiedName", False),
            notices=_NO_DELETE if _kind == "Department" else LIST_NOTICES,
        )
    )
KINDS.append(
    Kind(
        "Term",
        order=(
            *("Name", "Active", "Type", "DiscountPercent", "DueDays", "DiscountDays", "DayOfMonthDue"),
            *("DueNextMonthDays", "DiscountDayOfMonth", *HEAD),
        ),
        fields={
            "Name": f.text(31),
            "Active": f.flag,
            "Type": f.choice("STANDARD", "DATE_DRIVEN"),
            "DiscountPercent": f.number,
            "DueDays": f.number,
            "DiscountDays": f.number,
            "DayOfMonthDue": f.number,
            "DueNextMonthDays": f.number,
            "DiscountDayOfMonth": f.number,
        },
        indexed=("Name",),
        queried=(*texts("Name"), ACTIVE),
        sequence="Term",
        is_list=True,
        name_field="Name",
        label_field="Name",
        default_sort=("Name", False),
        notices=_NO_DELETE,
    )
)
KINDS.append(
    Kind(
        "PaymentMethod",
        order=("Name", "Active", "Type", *HEAD),
        fields={"Name": f.text(31), "Active": f.flag, "Type": f.choice("CREDIT_CARD", "NON_CREDIT_CARD")},
        indexed=("Name",),
        queried=(*texts("Name", "Type"), ACTIVE),
        sequence="PaymentMethod",
        is_list=True,
        name_field="Name",
        label_field="Name",
        default_sort=("Name", False),
        notices=_NO_DELETE,
    )
)
KINDS.append(
    Kind(
        "CompanyCurrency",
        order=("Code", "Name", "Active", *HEAD),
        fields={"Code": f.text(3), "Name": f.text(100), "Active": f.flag},
        indexed=("Code",),
        queried=(*texts("Code", "Name"), ACTIVE),
        sequence="CompanyCurrency",
        is_list=True,
        name_field="Code",
        label_field="Name",
        suffix="",
        default_sort=("Code", False),
        notices=LIST_NOTICES,
    )
)
KINDS.append(
    Kind(
        "CompanyInfo",
        order=(
            *("CompanyName", "LegalName", "CompanyAddr", "CustomerCommunicationAddr", "LegalAddr", "PrimaryPhone"),
            *("CompanyStartDate", "FiscalYearStartMonth", "Country", "Email", "WebAddr", "SupportedLanguages"),
            *("NameValue", *HEAD),
        ),
        fields={
            "CompanyName": f.text(1024),
            "LegalName": f.text(1024),
            "CompanyAddr": f.address,
            "LegalAddr": f.address,
            "CustomerCommunicationAddr": f.address,
            "PrimaryPhone": f.phone,
            "Email": f.email,
            "WebAddr": f.web,
        },
        sequence="CompanyInfo",
        notices=_SILENT,
        in_cdc=False,
    )
)
_PREFERENCE_GROUPS = (
    *("AccountingInfoPrefs", "ProductAndServicesPrefs", "SalesFormsPrefs", "EmailMessagesPrefs"),
    *("VendorAndPurchasesPrefs", "TimeTrackingPrefs", "TaxPrefs", "CurrencyPrefs", "ReportPrefs", "OtherPrefs"),
)
KINDS.append(
    Kind(
        "Preferences",
        order=(*_PREFERENCE_GROUPS, *HEAD),
        fields=dict.fromkeys(_PREFERENCE_GROUPS, f.anything),
        sequence="Preferences",
        notices={"update": "Update"},
        in_cdc=False,
    )
)
