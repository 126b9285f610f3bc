"""The org itself: Organization, User, and the currencies (salesforce reference 7.7)."""

from __future__ import annotations

from typing import Any

from .model import SObject
from .words import (
    create_only,
    currency_code,
    day,
    derived,
    email,
    flag,
    integer,
    moment,
    number,
    phone,
    pick,
    record_id,
    ref,
    stamps,
    text,
)

_SETUP: dict[str, Any] = {
    "createable": False,
    "updateable": False,
    "deletable": False,
    "undeletable": False,
    "replicateable": False,
}
_MONEY_SETUP: dict[str, Any] = {"deletable": False, "undeletable": False, "replicateable": False}

ORGANIZATION = SObject(
    "Organization",
    "00D",
    **_SETUP,
    fields=(
        record_id("Organization"),
        text("Name", 80, nillable=False, name_field=True),
        text("Division", 80),
        text("Street", 255),
        text("City", 40),
        text("State", 80),
        text("PostalCode", 20),
        text("Country", 80),
        phone("Phone"),
        phone("Fax"),
        text("PrimaryContact", 80),
        pick("DefaultLocaleSidKey", length=40),
        pick("TimeZoneSidKey", length=40),
        pick("LanguageLocaleKey", length=40),
        integer("FiscalYearStartMonth"),
        flag("UsesStartDateAsFiscalYearName"),
        pick("DefaultAccountAccess", length=40),
        pick("DefaultContactAccess", length=40),
        pick("DefaultOpportunityAccess", length=40),
        moment("SystemModstamp", createable=False, updateable=False, permissionable=False),
        moment("TrialExpirationDate"),
        pick("OrganizationType", length=40),
        text("NamespacePrefix", 15),
        text("InstanceName", 5),
        flag("IsSandbox"),
        flag("IsReadOnly"),
        *stamps()[:4],
    ),
)

USER = SObject(
    "User",
    "005",
    **_SETUP | {"replicateable": True},
    fields=(
        record_id("User"),
        text("Username", 80, nillable=False, id_lookup=True),
        text("LastName", 80, nillable=False),
        text("FirstName", 40),
        derived(text("Name", 121, name_field=True)),
        text("CompanyName", 80),
        email("Email", nillable=False),
        text("Alias", 8, nillable=False),
        flag("IsActive", label="Active"),
        pick("TimeZoneSidKey", length=40),
        pick("LocaleSidKey", length=40),
        pick("LanguageLocaleKey", length=40),
        pick("EmailEncodingKey", length=40),
        pick("UserType", length=40),
        text("ProfileId", 18),
        currency_code(),
        pick("DefaultCurrencyIsoCode", length=3),
        *stamps(),
    ),
)

CURRENCY_TYPE = SObject(
    "CurrencyType",
    "01L",
    **_MONEY_SETUP,
    fields=(
        record_id("CurrencyType"),
        create_only(text("IsoCode", 3, nillable=False, name_field=True, unique=True)),
        number("ConversionRate", 18, 6, nillable=False),
        integer("DecimalPlaces", nillable=False),
        flag("IsActive"),
        derived(flag("IsCorporate")),
        *stamps(),
    ),
)

DATED_RATE = SObject(
    "DatedConversionRate",
    "04w",
    **_MONEY_SETUP,
    fields=(
        record_id("DatedConversionRate"),
        create_only(text("IsoCode", 3, nillable=False)),
        create_only(day("StartDate", nillable=False)),
        derived(day("NextStartDate")),
        number("ConversionRate", 18, 6, nillable=False),
        *stamps(),
    ),
)

GROUP = SObject(
    "Group",
    "00G",
    **_SETUP,
    fields=(
        record_id("Group"),
        text("Name", 40, nillable=False, name_field=True),
        text("DeveloperName", 80),
        pick("Type", "Queue", "Regular", length=40),
        ref("OwnerId", "Organization"),
        *stamps(),
    ),
)
