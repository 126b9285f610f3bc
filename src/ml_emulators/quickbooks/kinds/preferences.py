"""`Preferences` and `CompanyInfo` of a new company, and the few flags of them that rules look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml_emulators.quickbooks.settings import Company
from ml_emulators.quickbooks.values import Json

ALPHA_3 = {"US": "USA", "GB": "GBR", "AU": "AUS", "CA": "CAN", "IN": "IND", "FR": "FRA", "DE": "DEU", "IE": "IRL"}
"""The country of a company's address, as it is read back."""


@dataclass(frozen=True)
class Flags:
    """The preferences that change how writes are judged."""

    home: str = "USD"
    multicurrency: bool = True
    track_departments: bool = True
    class_per_line: bool = True
    class_per_txn: bool = False
    custom_txn_numbers: bool = False
    account_numbers: bool = True
    close_day: str | None = None
    warn_duplicate_journal: bool = False
    warn_duplicate_bill: bool = False
    automated_tax: bool = False


def flags_of(preferences: Json) -> Flags:
    """Read the flags out of a `Preferences` record, whatever shape an update has left it in."""
    accounting = _group(preferences, "AccountingInfoPrefs")
    currency = _group(preferences, "CurrencyPrefs")
    close = accounting.get("BookCloseDate")
    home = _group(currency, "HomeCurrency").get("value")
    return Flags(
        home=home if isinstance(home, str) else "USD",
        multicurrency=currency.get("MultiCurrencyEnabled") is True,
        track_departments=accounting.get("TrackDepartments") is True,
        class_per_line=accounting.get("ClassTrackingPerTxnLine") is True,
        class_per_txn=accounting.get("ClassTrackingPerTxn") is True,
        custom_txn_numbers=_group(preferences, "SalesFormsPrefs").get("CustomTxnNumbers") is True,
        account_numbers=accounting.get("UseAccountNumbers") is True,
        close_day=close if isinstance(close, str) and close else None,
        warn_duplicate_journal=_other(preferences, "WarnDuplicateJournalNumber") == "true",
        warn_duplicate_bill=_other(preferences, "WarnDuplicateBillNumber") == "true",
        automated_tax=_group(preferences, "TaxPrefs").get("PartnerTaxEnabled") is True,
    )


def _group(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    group = body.get(name)
    return group if isinstance(group, dict) else {}


def _other(preferences: Json, name: str) -> str:
    pairs = _group(preferences, "OtherPrefs").get("NameValue")
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, dict) and pair.get("Name") == name:
            return str(pair.get("Value")).lower()
    return ""


def _accounting(company: Company) -> Json:
    return {
        "UseAccountNumbers": company.account_numbers,
        "TrackDepartments": company.track_departments and company.has_dimensions,
        "DepartmentTerminology": "Location",
        "ClassTrackingPerTxn": company.classes_per_txn and company.has_dimensions,
        "ClassTrackingPerTxnLine": company.classes_per_line and company.has_dimensions,
        "FirstMonthOfFiscalYear": "January",
        "TaxYearMonth": "January",
        "CustomerTerminology": "Customers",
        "AutoJournalEntryNumber": True,
        **({"BookCloseDate": company.close_day} if company.close_day else {}),
    }


def new_preferences(company: Company) -> Json:
    """`Preferences` as a company of these facts has them before anybody changed one (reference 6.11)."""
    fields = [
        {"Type": "StringType", "Name": f"SalesFormsPrefs.SalesCustomName{key}", "StringValue": name}
        for key, name in company.custom_fields
    ]
    return {
        "AccountingInfoPrefs": _accounting(company),
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": True,
        },
        "SalesFormsPrefs": {
            "CustomField": [{"CustomField": fields}] if fields else [],
            "CustomTxnNumbers": company.custom_txn_numbers,
            "AllowDeposit": True,
            "AllowDiscount": True,
            "AllowEstimates": True,
            "AllowServiceDate": True,
            "AllowShipping": True,
            "AutoApplyCredit": False,
            "AutoApplyPayments": False,
        },
        "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": True},
        "TimeTrackingPrefs": {"UseServices": True, "BillCustomers": True, "WorkWeekStartDate": "Monday"},
        "TaxPrefs": {
            "UsingSalesTax": company.sales_tax != "off" or company.country != "US",
            "PartnerTaxEnabled": company.sales_tax == "automated",
        },
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": company.multicurrency,
            "HomeCurrency": {"value": company.home_currency},
        },
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {
            "NameValue": [
                {"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": "Thank you."},
                {"Name": "WarnDuplicateJournalNumber", "Value": "false"},
                {"Name": "WarnDuplicateBillNumber", "Value": "false"},
            ]
        },
    }


def new_company_info(company: Company, opened: str) -> Json:
    """`opened`: the day the books start, YYYY-MM-DD."""
    address = {
        "Id": "1",
        "Line1": "12 Harbor Row",
        "City": "Portland",
        "Country": ALPHA_3.get(company.country, company.country),
        "CountrySubDivisionCode": "OR",
        "PostalCode": "97201",
    }
    return {
        "CompanyName": company.name,
        "LegalName": company.name,
        "CompanyAddr": address,
        "CompanyStartDate": opened,
        "FiscalYearStartMonth": "January",
        "Country": company.country,
        "SupportedLanguages": "en",
        "NameValue": [
            {"Name": "OfferingSku", "Value": f"QuickBooks Online {company.edition}"},
            {"Name": "SubscriptionStatus", "Value": "SUBSCRIBED"},
            {"Name": "IndustryType", "Value": "Professional services"},
        ],
    }
