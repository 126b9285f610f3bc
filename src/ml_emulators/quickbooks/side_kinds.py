"""What stands beside lists and transactions: notes on records, exchange rates, and the lists of sales tax."""

from __future__ import annotations

from ml_emulators.quickbooks import fields as f
from ml_emulators.quickbooks.kinds import HEAD, Kind
from ml_emulators.quickbooks.queryable import ACTIVE, QueryField, numbers, texts, unqueryable

KINDS: list[Kind] = []
_SILENT: dict[str, str] = {}
_entity = f.group({"type": f.text(30), "value": f.text(20)})

KINDS.append(
    Kind(
        "Attachable",
        order=("AttachableRef", "Note", "Category", "Tag", *HEAD),
        fields={
            "AttachableRef": f.objects({"EntityRef": _entity, "IncludeOnSend": f.flag, "LineInfo": f.text(20)}),
            "Note": f.text(2000),
            "Category": f.text(100),
            "Tag": f.text(2000),
        },
        queried=(*texts("Category"), *unqueryable("Note", "AttachableRef")),
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
        order=("Name", "Description", "Active", "Taxable", *HEAD),
        fields={"Name": f.text(100), "Description": f.text(100), "Active": f.flag, "Taxable": f.flag},
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
        "TaxRate",
        order=("Name", "Description", "Active", "RateValue", *HEAD),
        fields={"Name": f.text(100), "Description": f.text(100), "Active": f.flag, "RateValue": f.number},
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
