"""What the people of the company do at work: new customers, invoices, orders, and changes of what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ml_emulators.kit.emulation import Emulation

Json = dict[str, Any]
Make = Callable[[Emulation], None]
QUICKBOOKS, SALESFORCE = "quickbooks", "salesforce"
DAY = "2026-11-20"
EURO_RATE = Decimal("1.085")


class Act(msgspec.Struct, frozen=True):
    """`story` says it in a sentence, `make` does it. `kinds`: what the connector writes because of it."""

    story: str
    make: Make
    kinds: tuple[str, ...] = ()


def find(emulation: Emulation, system: str, kind: str, field: str, value: str) -> Json:
    """The record with this value. Raises `StopIteration` while there is none."""
    rows = emulation.vendors[system].records(kind)
    return next(row for row in rows if row.get(field) == value and not row.get("IsDeleted"))


def update(system: str, kind: str, by: tuple[str, str], **values: Any) -> Make:
    """Change fields of the record that has this value."""

    def make(emulation: Emulation) -> None:
        emulation.act(system, "update", kind, {"Id": find(emulation, system, kind, *by)["Id"], **values})

    return make


def of(system: str, op: str, kind: str, by: tuple[str, str]) -> Make:
    """Delete, void or deactivate the record that has this value."""

    def make(emulation: Emulation) -> None:
        emulation.act(system, op, kind, {"Id": find(emulation, system, kind, *by)["Id"]})

    return make


# --- QuickBooks


def _customer(name: str, *, person: str = "", currency: str = "USD", parent: str = "", postal: str = "02139") -> Make:
    def make(emulation: Emulation) -> None:
        body: Json = {"DisplayName": name, "CompanyName": name, "CurrencyRef": {"value": currency}}
        body["BillAddr"] = {"Line1": f"{len(name)} Elm Street", "City": "Cambridge", "PostalCode": postal}
        if person:
            given, family = person.split()
            address = f"{given}.{family}@{name.replace(' ', '-')}.example".lower()
            body |= {"GivenName": given, "FamilyName": family, "PrimaryEmailAddr": {"Address": address}}
        if parent:
            above = find(emulation, QUICKBOOKS, "Customer", "DisplayName", parent)["Id"]
            body |= {"Job": True, "ParentRef": {"value": above}, "BillWithParent": True}
        emulation.act(QUICKBOOKS, "create", "Customer", body)

    return make


def _email(customer: str, person: str) -> Make:
    given, family = person.split()
    address = f"{given}.{family}@{customer.replace(' ', '-')}.example".lower()
    return update(
        QUICKBOOKS, "Customer", ("DisplayName", customer),
        GivenName=given, FamilyName=family, PrimaryEmailAddr={"Address": address},
    )  # fmt: skip


def _invoice(number: str, customer: str, *, email: str = "", currency: str = "USD") -> Make:
    def make(emulation: Emulation) -> None:
        owner = find(emulation, QUICKBOOKS, "Customer", "DisplayName", customer)
        item = find(emulation, QUICKBOOKS, "Item", "Name", "Consulting Hour")
        detail = {"ItemRef": {"value": item["Id"]}, "Qty": Decimal(3), "UnitPrice": Decimal(185)}
        line = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(555), "SalesItemLineDetail": detail}
        body: Json = {"DocNumber": number, "CustomerRef": {"value": owner["Id"]}, "TxnDate": DAY, "Line": [line]}
        body["CurrencyRef"] = {"value": currency}
        if email:
            body["BillEmail"] = {"Address": email}
        emulation.act(QUICKBOOKS, "create", "Invoice", body)

    return make


# --- Salesforce


def _account(name: str, currency: str = "USD") -> Make:
    def make(emulation: Emulation) -> None:
        body = {
            "Name": name, "Phone": "(617) 555-0131", "BillingStreet": "1 Oak Street", "BillingCity": "Salem",
            "BillingState": "MA", "BillingPostalCode": "01970", "BillingCountry": "US", "CurrencyIsoCode": currency,
            "Type": "Customer - Direct", "QBO_Ready__c": True,
        }  # fmt: skip
        emulation.act(SALESFORCE, "create", "Account", body)

    return make


def _order(account: str, quantity: int, *, currency: str = "USD") -> Make:
    def make(emulation: Emulation) -> None:
        owner = find(emulation, SALESFORCE, "Account", "Name", account)
        book = find(emulation, SALESFORCE, "Pricebook2", "Name", "Direct Sales")
        body: Json = {
            "AccountId": owner["Id"], "Pricebook2Id": book["Id"], "EffectiveDate": DAY, "Status": "Draft",
            "CurrencyIsoCode": currency, "Department__c": "East", "Class__c": "SaaS",
        }  # fmt: skip
        if currency != "USD":
            body["QBO_Exchange_Rate__c"] = EURO_RATE
        order = emulation.act(SALESFORCE, "create", "Order", body)
        entry = _price(emulation, book["Id"], currency)
        line = {"OrderId": order["Id"], "PricebookEntryId": entry, "Quantity": Decimal(quantity)}
        emulation.act(SALESFORCE, "create", "OrderItem", line | {"UnitPrice": Decimal(185)})
        emulation.act(SALESFORCE, "update", "Order", {"Id": order["Id"], "Status": "Activated"})

    return make


def _price(emulation: Emulation, book: str, currency: str) -> str:
    """The entry of the consulting hour in a price book; made when the currency is new to it."""
    rows = emulation.vendors[SALESFORCE].records("PricebookEntry")
    hours = [row for row in rows if row["Name"] == "Consulting Hour"]
    found = [row for row in hours if (row["Pricebook2Id"], row["CurrencyIsoCode"]) == (book, currency)]
    if found:
        return str(found[0]["Id"])
    for each in (next(row["Pricebook2Id"] for row in hours if row["Pricebook2Id"] != book), book):
        body = {"Pricebook2Id": each, "Product2Id": hours[0]["Product2Id"], "CurrencyIsoCode": currency}
        made = emulation.act(
            SALESFORCE, "create", "PricebookEntry", body | {"UnitPrice": Decimal(170), "IsActive": True}
        )
    return str(made["Id"])


def _in_euros(make: Make) -> Make:
    def both(emulation: Emulation) -> None:
        rate = {"currency": "EUR", "rate": EURO_RATE, "day": "2026-11-01"}
        emulation.act(QUICKBOOKS, "set_exchange_rate", "ExchangeRate", rate)
        make(emulation)

    return both


ADA, HUGO = "ada.barlow@alder-analytics.example", "hugo.fenwick@falconry-foods.example"

ACTS: Mapping[str, Act] = {
    "Birch": Act("QuickBooks gets the customer Birch Bakery", _customer("Birch Bakery"), ("Account",)),
    "Cedar": Act("QuickBooks gets the customer Cedar Clinic", _customer("Cedar Clinic", postal="02140"), ("Account",)),
    "Dogwood": Act(
        "QuickBooks gets the customer Dogwood Dental with Dora Dean",
        _customer("Dogwood Dental", person="Dora Dean"), ("Account", "Contact"),
    ),
    "Alder's buyer": Act(
        "in QuickBooks Alder Analytics gets another person, Nina Noble",
        _email("Alder Analytics", "Nina Noble"), ("Account", "Contact"),
    ),
    "Falconry's buyer": Act(
        "in QuickBooks Falconry Foods gets another person, Otto Olsen",
        _email("Falconry Foods", "Otto Olsen"), ("Account", "Contact"),
    ),
    "invoice 2001": Act("invoice 2001 to Alder Analytics", _invoice("2001", "Alder Analytics"), ("Opportunity",)),
    "invoice 2002": Act("invoice 2002 to Falconry Foods", _invoice("2002", "Falconry Foods"), ("Opportunity",)),
    "invoice 2003": Act(
        "invoice 2003 to Alder Analytics, sent to Ada Barlow",
        _invoice("2003", "Alder Analytics", email=ADA), ("Opportunity", "role"),
    ),
    "invoice 2004": Act(
        "invoice 2004 to Falconry Foods, sent to Hugo Fenwick",
        _invoice("2004", "Falconry Foods", email=HUGO), ("Opportunity", "role"),
    ),
    "Elm": Act("Salesforce gets the Account Elm Energy, ready for QuickBooks", _account("Elm Energy"), ("Customer",)),
    "Fir": Act("Salesforce gets the Account Fir Films, ready for QuickBooks", _account("Fir Films"), ("Customer",)),
    "Alder's order": Act(
        "an order of Alder Analytics is activated", _order("Alder Analytics", 2), ("JournalEntry",)
    ),
    "Falconry's order": Act(
        "an order of Falconry Foods is activated", _order("Falconry Foods", 3), ("JournalEntry",)
    ),
    "Alder West": Act(
        "QuickBooks gets Alder West, a part of Alder Analytics",
        _customer("Alder West", parent="Alder Analytics"), ("Account",),
    ),
    "Birch East": Act(
        "QuickBooks gets Birch East, a part of Birch Bakery", _customer("Birch East", parent="Birch Bakery"),
        ("Account",),
    ),
    "Linden": Act(
        "QuickBooks gets the customer Linden Labor, which pays in euros",
        _in_euros(_customer("Linden Labor", currency="EUR")), ("Account",),
    ),
    "invoice 2005": Act(
        "invoice 2005 to Linden Labor in euros", _invoice("2005", "Linden Labor", currency="EUR"), ("Opportunity",)
    ),
    "Maple": Act(
        "Salesforce gets the Account Maple Motors, in euros and ready for QuickBooks",
        _account("Maple Motors", "EUR"), ("Customer",),
    ),
    "order in euros": Act(
        "an order of Maple Motors in euros is activated",
        _in_euros(_order("Maple Motors", 4, currency="EUR")), ("JournalEntry",),
    ),
    "Alder moves": Act(
        "in QuickBooks Alder Analytics gets another telephone",
        update(QUICKBOOKS, "Customer", ("DisplayName", "Alder Analytics"), PrimaryPhone={"FreeFormNumber": "555-0150"}),
        ("Account",),
    ),
    "Falconry moves": Act(
        "in Salesforce Falconry Foods gets another telephone",
        update(SALESFORCE, "Account", ("Name", "Falconry Foods"), Phone="(617) 555-0160"), ("Customer",),
    ),
    "hour on 1002": Act(
        "invoice 1002 gets another due date",
        update(QUICKBOOKS, "Invoice", ("DocNumber", "1002"), DueDate="2027-01-31"), ("Opportunity",),
    ),
}  # fmt: skip


def done(emulation: Emulation, names: tuple[str, ...]) -> None:
    """All these, one after the other."""
    for name in names:
        ACTS[name].make(emulation)


_NEEDS: Mapping[str, tuple[str, ...]] = {
    "Birch East": ("Birch",), "invoice 2005": ("Linden",), "order in euros": ("Maple",)
}  # fmt: skip


def needs(act: str) -> tuple[str, ...]:
    """The acts that must come before this one."""
    return _NEEDS.get(act, ())
