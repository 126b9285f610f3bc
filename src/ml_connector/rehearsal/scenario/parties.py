"""Businesses and people, as users key them in QuickBooks and Salesforce."""

from __future__ import annotations

import re
from typing import Any

from .play import Play, Ready

Json = dict[str, Any]


def ref(record_id: str) -> Json:
    """A pointer to a QuickBooks record."""
    return {"value": record_id}


def without_blanks(body: Json) -> Json:
    """Without what is empty; `-` stands for nothing."""
    return {key: value for key, value in body.items() if value not in (None, "", "-", {}, [])}


async def remember(play: Play, entry: Ready, kind: str, record: Json) -> Json:
    """Let the entry's value and its `as` stand for a record."""
    play.names.give(kind, str(entry.value), record)
    if alias := entry.text("as"):
        play.names.give(kind, alias, record)
    return record


async def business(play: Play, entry: Ready) -> None:
    """Both sides of one business, with evidence of more than 80 points (accounting-rules E.1)."""
    name = str(entry.value)
    site = re.sub(r"[^a-z0-9]", "", name.casefold()) or "business"
    digits = sum(map(ord, name)) % 9000 + 1000
    usual = {
        "website": f"https://www.{site}.example",
        "email": [f"ap@{site}.example"],
        "phone": f"(617) 555-{digits}",
        "country": "US",
    }
    full = Ready(entry.entry, name, {**usual, **entry.args})
    await customer(play, full)
    await account(play, full)


async def customer(play: Play, entry: Ready) -> None:
    """`customer`: a customer of QuickBooks; with `parent` a sub-customer."""
    body = without_blanks(
        {
            "DisplayName": str(entry.value),
            "CompanyName": entry.get("company_name"),
            "GivenName": entry.get("given_name"),
            "FamilyName": entry.get("family_name"),
            "BillAddr": without_blanks(
                {
                    "Line1": entry.get("street"),
                    "City": entry.get("city"),
                    "CountrySubDivisionCode": entry.get("state"),
                    "PostalCode": entry.get("postal_code"),
                    "Country": entry.get("country"),
                }
            ),
            "PrimaryEmailAddr": without_blanks({"Address": ", ".join(entry.get("email") or [])}),
            "PrimaryPhone": without_blanks({"FreeFormNumber": entry.get("phone")}),
            "WebAddr": without_blanks({"URI": entry.get("website")}),
            "CurrencyRef": without_blanks({"value": entry.get("currency")}),
        }
    )
    if parent := entry.text("parent"):
        body |= {"Job": True, "ParentRef": ref((await play.names.ref(parent, "customer")).id)}
    if terms := entry.text("terms"):
        body["SalesTermRef"] = ref((await play.names.ref(terms, "term")).id)
    await remember(play, entry, "customer", await _create(play, entry, "quickbooks", "Customer", body))


async def _create(play: Play, entry: Ready, system: str, kind: str, body: Json) -> Json:
    return await play.stage.act(system, "create", kind, {**body, **(entry.get("fields") or {})})


async def vendor(play: Play, entry: Ready) -> None:
    """`vendor`: one of QuickBooks."""
    body = without_blanks(
        {"DisplayName": str(entry.value), "CurrencyRef": without_blanks({"value": entry.get("currency")})}
    )
    await remember(play, entry, "vendor", await _create(play, entry, "quickbooks", "Vendor", body))


async def employee(play: Play, entry: Ready) -> None:
    """`employee`: one of QuickBooks; the last word is the family name."""
    given, _, family = str(entry.value).rpartition(" ")
    body = without_blanks({"GivenName": given, "FamilyName": family, "DisplayName": str(entry.value)})
    await remember(play, entry, "employee", await _create(play, entry, "quickbooks", "Employee", body))


async def account(play: Play, entry: Ready) -> None:
    """`account`: one of Salesforce, with a contact for each e-mail."""
    body = without_blanks(
        {
            "Name": str(entry.value),
            "Phone": entry.get("phone"),
            "Website": entry.get("website"),
            "BillingStreet": entry.get("street"),
            "BillingCity": entry.get("city"),
            "BillingState": entry.get("state"),
            "BillingPostalCode": entry.get("postal_code"),
            "BillingCountry": entry.get("country"),
            "CurrencyIsoCode": entry.get("currency"),
            "QBO_Billing_Email__c": entry.get("billing_email"),
            "QBO_Ready__c": entry.get("ready"),
            "Department__c": entry.get("department"),
            "Class__c": entry.get("class"),
        }
    )
    if parent := entry.text("parent"):
        body["ParentId"] = (await play.names.ref(parent, "account")).id
    record = await remember(play, entry, "account", await _create(play, entry, "salesforce", "Account", body))
    for email in entry.get("email") or []:
        person = {"AccountId": record["Id"], "LastName": email.partition("@")[0], "Email": email}
        await play.stage.act("salesforce", "create", "Contact", person)


async def contact(play: Play, entry: Ready) -> None:
    """`contact`: one of Salesforce; the last word is the last name."""
    first, _, last = str(entry.value).rpartition(" ")
    owner = (await play.names.ref(entry.text("account"), "account")).id
    body = without_blanks(
        {
            "AccountId": owner,
            "FirstName": first,
            "LastName": last,
            "Email": entry.get("email"),
            "Phone": entry.get("phone"),
        }
    )
    await remember(play, entry, "contact", await _create(play, entry, "salesforce", "Contact", body))
