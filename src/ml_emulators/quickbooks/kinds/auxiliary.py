"""What stands beside lists and transactions: notes on records, exchange rates, and the lists of sales tax."""

from __future__ import annotations

from ml_emulators.quickbooks.kinds import fields as f
from ml_emulators.quickbooks.kinds.kind import HEAD, Kind
from ml_emulators.quickbooks.kinds.queryable import ACTIVE, QueryField, numbers, texts, unqueryable

KINDS: list[Kind] = []
_SILENT: dict[str, str] = {}
_rates = f.group(
    {"TaxRateDetail": f.objects({"TaxRateRef": f.ref, "TaxTypeApplicable": f.text(30), "TaxOrder": f.number})}
)
_entity = f.group({"type": f.text(30), "value": f.text(20)})

KINDS.append(
    Kind(
        "Attachable",
        order=(
            *("AttachableRef", "FileName", "FileAccessUri", "TempDownloadUri", "Size", "ContentType", "Note"),
            *("Category", "Lat", "Long", "PlaceName", "Tag", "ThumbnailFileAccessUri", "ThumbnailTempDownloadUri"),
            *HEAD,
        ),
        fields={
            "AttachableRef": f.objects({"EntityRef": _entity, "IncludeOnSend": f.flag, "LineInfo": f.text(20)}),
            "Note": f.text(2000),
            "FileName": f.text(1000),
            "ContentType": f.text(100),
            "Category": f.text(100),
            "Lat": f.text(100),
            "Long": f.text(100),
            "PlaceName": f.text(2000),
            "Tag": f.text(2000),
        },
        queried=(*texts("Category", "FileName"), *unqueryable("Note", "AttachableRef")),
        sequence="Attachable",
        notices=_SILENT,
        unnamed=frozenset({"EntityRef"}),
    )
)
KINDS.append(
    Kind(
        "ExchangeRate",  # without Id on the wire; its place in the table is nobody's business
        order=("SourceCurrencyCode", "TargetCurrencyCode", "Rate", "AsOfDate", "domain", "sparse", "MetaData"),
        fields={
            "SourceCurrencyCode": f.text(3),
            "TargetCurrencyCode": f.text(3),
            "Rate": f.number,
            "AsOfDate": f.day,
        },
        indexed=("SourceCurrencyCode", "AsOfDate"),
        queried=(*texts("SourceCurrencyCode", "TargetCurrencyCode"), QueryField("AsOfDate", "day"), *numbers("Rate")),
        sequence="ExchangeRate",
        notices=_SILENT,
        in_cdc=False,
    )
)
KINDS.append(
    Kind(
        "TaxCode",
        order=(
            *("Name", "Description", "Active", "Hidden", "Taxable", "TaxGroup"),
            *("SalesTaxRateList", "PurchaseTaxRateList", *HEAD),
        ),
        fields={
            "Name": f.text(100),
            "Description": f.text(100),
            "Active": f.flag,
            "Hidden": f.flag,
            "Taxable": f.flag,
            "TaxGroup": f.flag,
            **dict.fromkeys(("SalesTaxRateList", "PurchaseTaxRateList"), _rates),
        },
        indexed=("Name",),
        queried=(*texts("Name"), ACTIVE, *unqueryable("Description")),
        sequence="TaxCode",
        is_list=True,
        name_field="Name",
        label_field="Name",
        default_sort=("Name", False),
        notices=_SILENT,
        in_cdc=False,
        read_only=True,
    )
)
KINDS.append(
    Kind(
        "TaxAgency",
        order=(
            *("DisplayName", "TaxRegistrationNumber", "TaxTrackedOnPurchases", "TaxTrackedOnSales", "Active"),
            *("ReportingFrequency", *HEAD),
        ),
        fields={
            "DisplayName": f.text(100),
            "TaxRegistrationNumber": f.text(30),
            "TaxTrackedOnPurchases": f.flag,
            "TaxTrackedOnSales": f.flag,
            "Active": f.flag,
        },
        indexed=("DisplayName",),
        queried=(*texts("DisplayName"), ACTIVE),
        sequence="TaxAgency",
        is_list=True,
        name_field="DisplayName",
        label_field="DisplayName",
        default_sort=("DisplayName", False),
        notices={"create": "Create", "update": "Update"},
        in_cdc=False,
    )
)
KINDS.append(
    Kind(
        "TaxRate",
        order=("Name", "Description", "Active", "RateValue", "AgencyRef", "SpecialTaxType", "DisplayType", *HEAD),
        fields={
            "Name": f.text(100),
            "Description": f.text(100),
            "Active": f.flag,
            "RateValue": f.number,
            "AgencyRef": f.ref,
            "SpecialTaxType": f.text(30),
            "DisplayType": f.text(30),
        },
        indexed=("Name",),
        queried=(*texts("Name"), ACTIVE, *numbers("RateValue"), *unqueryable("Description")),
        sequence="TaxRate",
        is_list=True,
        name_field="Name",
        label_field="Name",
        default_sort=("Name", False),
        notices=_SILENT,
        in_cdc=False,
        read_only=True,
    )
)
