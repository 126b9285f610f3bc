"""Which fields are read of which kind (docs/contracts.md and docs/salesforce-fields.md).

A parent's field is written `Parent.Field`; every parent used here has the name of its kind. What the org does not
show is left out of the query (`query.select`) and reported by the doctor (`fitness.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from ml_connector.model.flags import Flag


class Shape(msgspec.Struct, frozen=True):
    """The fields of one kind, and its child lists: name of the list, kind of its records, their fields.

    `only` holds, by child list, the condition that its records must meet.
    """

    fields: tuple[str, ...]
    children: Mapping[str, tuple[str, tuple[str, ...]]] = {}
    only: Mapping[str, str] = {}


BASE = ("Id", "SystemModstamp", "LastModifiedDate", "LastModifiedById", "CurrencyIsoCode")

_ADDRESS = ("Street", "City", "State", "StateCode", "PostalCode", "Country", "CountryCode")

_PRODUCT = ("Name", "ProductCode", "StockKeepingUnit", "Family", "QBO_Item_Id__c")

_ORDER_ITEM = (
    *("OrderItemNumber", "Product2Id", *(f"Product2.{name}" for name in _PRODUCT)),
    *("Quantity", "UnitPrice", "ListPrice", "TotalPrice", "Department__c", "Class__c"),
    *("ServiceDate", "EndDate", "OriginalOrderItemId"),
)

_RELATION = ("Id", "AccountId", "IsActive", "EndDate")

COMPANY = "QBO_Company__c"
"""The company whose invoices an Opportunity of sales shows. Orgs with one company can do without it."""

SHAPES: Mapping[str, Shape] = {
    "Account": Shape(
        (
            *BASE,
            *("Name", "ParentId", "Phone", "Website"),
            *(f"{place}{part}" for place in ("Billing", "Shipping") for part in _ADDRESS),
            *("QBO_Id__c", "QBO_Balance__c", "QBO_Overdue__c", "QBO_Active__c", "QBO_Currency__c", "QBO_Terms__c"),
            *("QBO_Billing_Email__c", "QBO_Ready__c", "QBO_Status__c", "Department__c", "Class__c"),
        ),
        {"Contacts": ("Contact", ("Id", "Email"))},
    ),
    "Contact": Shape(
        (*BASE, "FirstName", "LastName", "Email", "Phone", "AccountId", "Account.ParentId", "QBO_Id__c"),
        {"AccountContactRelations": ("AccountContactRelation", _RELATION)},
        # The direct one repeats AccountId.
        {"AccountContactRelations": "IsDirect = false"},
    ),
    "AccountContactRelation": Shape((*_RELATION, "ContactId", "IsDirect")),
    "Opportunity": Shape(
        (
            *BASE,
            *("Name", "AccountId", "StageName", "CloseDate", "Amount", "IsClosed", "IsWon", "HasOpportunityLineItem"),
            *("QBO_Id__c", "QBO_Invoice_Number__c", "QBO_Status__c", "QBO_Total__c", "QBO_Tax__c", "QBO_Balance__c"),
            *("QBO_Invoiced_Net__c", "QBO_Credited_Net__c", "QBO_Voided_Net__c", "QBO_Paid_Percent__c"),
            *("QBO_Due_Date__c", "QBO_Project__c", "QBO_Note__c", "Department__c", "Class__c", "QBO_Classes__c"),
            COMPANY,
        ),
    ),
    "OpportunityContactRole": Shape((*BASE, "OpportunityId", "ContactId", "Role", "IsPrimary")),
    "Order": Shape(
        (
            *BASE,
            *("OrderNumber", "AccountId", "EffectiveDate", "EndDate", "Status", "StatusCode", "ActivatedDate"),
            *("TotalAmount", "IsReductionOrder", "OriginalOrderId", "OpportunityId", "PoNumber"),
            *(f"Account.{name}" for name in ("Name", "QBO_Id__c", "Department__c", "Class__c")),
            *("Opportunity.Department__c", "Opportunity.Class__c", "Department__c", "Class__c"),
            *("QBO_Exchange_Rate__c", "QBO_Journal_Entry__c", "QBO_Status__c"),
        ),
        # SystemModstamp of the lines is part of the order's version.
        {"OrderItems": ("OrderItem", ("Id", "SystemModstamp", *_ORDER_ITEM))},
    ),
    "OrderItem": Shape((*BASE, "OrderId", *_ORDER_ITEM)),
    "Product2": Shape((*BASE, *_PRODUCT, "IsActive")),
    "OpportunityStage": Shape(
        (
            *("Id", "SystemModstamp", "ApiName", "MasterLabel", "IsActive", "IsClosed", "IsWon"),
            *("DefaultProbability", "ForecastCategoryName", "SortOrder"),
        ),
    ),
    "CurrencyType": Shape(
        ("Id", "SystemModstamp", "IsoCode", "ConversionRate", "DecimalPlaces", "IsCorporate", "IsActive")
    ),
    "Organization": Shape(
        (
            *("Id", "SystemModstamp", "Name", "OrganizationType", "IsSandbox", "InstanceName"),
            *("TrialExpirationDate", "NamespacePrefix", "TimeZoneSidKey", "DefaultLocaleSidKey"),
        ),
    ),
}

DESCRIBED = (
    *("Account", "Contact", "Opportunity", "OpportunityContactRole", "Order", "OrderItem", "Product2"),
    "AccountContactRelation",
)
"""Kinds whose fields depend on what the integration user may see."""

FEATURES: Mapping[str, str] = {"AccountContactRelation": "a contact belongs to one account"}
"""Kinds that only some orgs have, by their features, and what holds in the others; nothing is wrong there."""


WITH_ORDERS = frozenset({"Order", "OrderItem"})
"""Kinds that an org without the Orders feature does not have: nothing is found there, and nothing is posted."""


def fields_needed(kind: str) -> tuple[str, ...]:
    """The names of the kind's own fields that any query asks for, without parents' fields. Empty for other kinds."""
    own = dict.fromkeys(name for name in SHAPES[kind].fields if "." not in name) if kind in SHAPES else {}
    for shape in SHAPES.values():
        own |= dict.fromkeys(n.partition(".")[2] for n in shape.fields if n.startswith(f"{kind}."))
        for child, names in shape.children.values():
            own |= dict.fromkeys(n for n in names if child == kind and "." not in n)
    return tuple(own)


@cache
def known_names(kind: str) -> frozenset[str]:
    """Every name under which `SObject.__getitem__` of this kind may be asked: fields, parents, child lists."""
    shape = SHAPES.get(kind)
    if shape is None:
        return frozenset()
    return frozenset({name.partition(".")[0] for name in shape.fields} | set(shape.children) | set(fields_needed(kind)))


EXTERNAL_ID = "QBO_Id__c"
SOUGHT: Mapping[str, tuple[str, ...]] = {
    "Account": (EXTERNAL_ID, "ParentId"),
    "Contact": ("Email", EXTERNAL_ID),
    "Opportunity": (EXTERNAL_ID, "AccountId"),
    "OpportunityContactRole": ("OpportunityId",),
    "Order": ("AccountId", "OrderNumber", "PoNumber"),
    "Product2": ("StockKeepingUnit", "ProductCode"),
}
"""Fields by which the flows look for records; without one of them those that look are held."""
KEYED = ("Account", "Contact", "Opportunity")
"""Kinds that are upserted by `EXTERNAL_ID`, which must be unique there (salesforce reference 2.5)."""


class Written(msgspec.Struct, frozen=True):
    """How a field is written: with a new record, on one that is there, or both.

    `flag` is what is told when it is left out; a field without one is needed: without it the record is held.
    """

    create: bool = True
    update: bool = True
    flag: Flag | None = None

    @property
    def needed(self) -> bool:
        """Whether a record without it is held instead of written."""
        return self.flag is None


def _both(flag: Flag | None, *names: str) -> dict[str, Written]:
    return dict.fromkeys(names, Written(flag=flag))


def _once(flag: Flag | None, *names: str) -> dict[str, Written]:
    return dict.fromkeys(names, Written(update=False, flag=flag))


def _later(flag: Flag | None, *names: str) -> dict[str, Written]:
    return dict.fromkeys(names, Written(create=False, flag=flag))


WRITTEN: Mapping[str, Mapping[str, Written]] = {
    "Account": {
        **_once(None, "Name", "CurrencyIsoCode"),
        **_once(Flag.LEFT_OUT_PARENT, "ParentId"),
        **_both(None, EXTERNAL_ID),
        **_both(Flag.LEFT_OUT_PHONE, "Phone"),
        **_both(Flag.LEFT_OUT_WEBSITE, "Website"),
        **_both(Flag.LEFT_OUT_BILLING_ADDRESS, *(f"Billing{part}" for part in _ADDRESS)),
        **_both(Flag.LEFT_OUT_SHIPPING_ADDRESS, *(f"Shipping{part}" for part in _ADDRESS)),
        **_both(Flag.LEFT_OUT_BILLING_EMAIL, "QBO_Billing_Email__c"),
        **_both(Flag.LEFT_OUT_TERMS, "QBO_Terms__c"),
        **_both(Flag.LEFT_OUT_CURRENCY, "QBO_Currency__c"),
        **_both(Flag.LEFT_OUT_BALANCE, "QBO_Balance__c"),
        **_later(Flag.LEFT_OUT_BALANCE, "QBO_Overdue__c"),
        **_both(Flag.LEFT_OUT_ACTIVE, "QBO_Active__c"),
        **_later(Flag.LEFT_OUT_STATUS, "QBO_Status__c"),
        **_later(Flag.LEFT_OUT_DIMENSION, "Department__c", "Class__c"),
    },
    "Contact": {
        **_once(None, "LastName", "Email", "AccountId", EXTERNAL_ID),
        **_once(Flag.LEFT_OUT_FIRST_NAME, "FirstName"),
    },
    "Opportunity": {
        **_once(None, EXTERNAL_ID),
        **_both(None, "Name", "AccountId", "StageName", "CloseDate", "CurrencyIsoCode"),
        **_both(Flag.LEFT_OUT_AMOUNT, "Amount"),
        **_both(Flag.LEFT_OUT_STATUS, "QBO_Status__c"),
        **_both(Flag.LEFT_OUT_DIMENSION, "Department__c", "Class__c", "QBO_Classes__c"),
        **_both(
            Flag.LEFT_OUT_FIGURES,
            *("QBO_Invoice_Number__c", "QBO_Total__c", "QBO_Tax__c", "QBO_Balance__c", "QBO_Invoiced_Net__c"),
            *("QBO_Credited_Net__c", "QBO_Voided_Net__c", "QBO_Paid_Percent__c", "QBO_Due_Date__c", "QBO_Project__c"),
            *("QBO_Note__c", COMPANY),
        ),
    },
    "OpportunityContactRole": {
        **_once(None, "OpportunityId", "ContactId"),
        **_once(Flag.LEFT_OUT_ROLE, "Role", "IsPrimary"),
    },
    "Order": _later(Flag.ORDER_MARK_REFUSED, "QBO_Journal_Entry__c", "QBO_Status__c"),
}
"""Every field that a flow writes (docs/salesforce-fields.md): what is not listed here is never sent, and the doctor
checks these and no others."""

DEPENDS_ON_ORG = frozenset(
    {"CurrencyIsoCode", *(f"{place}{part}Code" for place in ("Billing", "Shipping") for part in ("State", "Country"))}
)
"""Fields that only some orgs have, by their features; nothing is wrong when they are missing."""
