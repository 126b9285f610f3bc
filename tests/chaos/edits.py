"""What a user of a vendor's screens may change while the connector is at work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ml_emulators.kit.emulation import Emulation

from .acts import ADA, QUICKBOOKS, SALESFORCE, Make, find, of, update

Json = dict[str, Any]


class Edit(msgspec.Struct, frozen=True):
    """`concerns` is found in the words of requests that write the record. `early`: it can be made before the first
    request already. `mirror`: what is edited mirrors an invoice, which may take it back.
    `loose`: what need not be there afterwards, because it was on its way when its reason went (`books.compare`).
    """

    story: str
    concerns: str
    make: Make
    early: bool = True
    mirror: bool = False
    loose: str = ""

    def touches(self, items: str) -> bool:
        return bool(items) and re.search(self.concerns, items) is not None


def _customer(name: str, **values: Any) -> Make:
    return update(QUICKBOOKS, "Customer", ("DisplayName", name), **values)


def _phone(customer: str, number: str) -> Make:
    return _customer(customer, PrimaryPhone={"FreeFormNumber": f"(617) 555-{number}"})


def _account(name: str, number: str) -> Make:
    return update(SALESFORCE, "Account", ("Name", name), Phone=f"(617) 555-{number}")


def _another_hour(number: str, hours: int) -> Make:
    """Other hours on an invoice before it is sent."""

    def make(emulation: Emulation) -> None:
        row = find(emulation, QUICKBOOKS, "Invoice", "DocNumber", number)
        sold = [line for line in row["Line"] if line["DetailType"] != "SubTotalLineDetail"]
        last = sold[-1]
        detail = {**last["SalesItemLineDetail"], "Qty": hours}
        lines = [*sold[:-1], {**last, "Amount": 185 * hours, "SalesItemLineDetail": detail}]
        emulation.act(QUICKBOOKS, "update", "Invoice", {"Id": row["Id"], "Line": lines})

    return make


def _payment(emulation: Emulation) -> None:
    """Invoice 1001 is paid in part."""
    row = find(emulation, QUICKBOOKS, "Invoice", "DocNumber", "1001")
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": row["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": {"value": row["CustomerRef"]["value"]}, "TotalAmt": 100, "Line": [line]}
    emulation.act(QUICKBOOKS, "create", "Payment", body)


def _item_account(emulation: Emulation) -> None:
    item = find(emulation, QUICKBOOKS, "Item", "Name", "Consulting Hour")
    account = find(emulation, QUICKBOOKS, "Account", "AcctNum", "4000")
    emulation.act(QUICKBOOKS, "update", "Item", {"Id": item["Id"], "IncomeAccountRef": {"value": account["Id"]}})


def _newest_order(department: str) -> Make:
    def make(emulation: Emulation) -> None:
        orders = [row for row in emulation.vendors[SALESFORCE].records("Order") if not row["IsDeleted"]]
        newest = max(orders, key=lambda row: row["OrderNumber"])
        emulation.act(SALESFORCE, "update", "Order", {"Id": newest["Id"], "Department__c": department})

    return make


def _order_back(emulation: Emulation) -> None:
    orders = [row for row in emulation.vendors[SALESFORCE].records("Order") if not row["IsDeleted"]]
    emulation.act(
        SALESFORCE, "deactivate_order", "Order", {"Id": max(orders, key=lambda row: row["OrderNumber"])["Id"]}
    )


def _made_in_between(invoice: str, account: str) -> str:
    """What an invoice leaves behind depends on how far it had come: its contact, what its Account shows of it."""
    account_fields = "Department__c|Class__c|QBO_Overdue__c"
    contact = f"Opportunity {invoice}: ContactId|OpportunityContactRole .* {invoice}"
    return f"{contact}|Account {account}: ({account_fields})"


def _merged(system: str, kind: str, field: str, survivor: str, loser: str) -> Make:
    def make(emulation: Emulation) -> None:
        stays, goes = (find(emulation, system, kind, field, name)["Id"] for name in (survivor, loser))
        other: Json = {"deletedId": goes} if system == QUICKBOOKS else {"losers": [goes]}
        emulation.act(system, "merge", kind, {"Id": stays, **other})

    return make


EDITS: Mapping[str, Edit] = {
    "customer phone": Edit(
        "someone in QuickBooks changes the telephone of Alder Analytics",
        r"Account .*:1\b|update Account|Customer 1\b", _phone("Alder Analytics", "0177"),
    ),
    "new customer's phone": Edit(
        "someone in QuickBooks changes the telephone of Pinnacle Robotics, which is new to Salesforce",
        r"Account .*:3\b", _phone("Pinnacle Robotics", "0178"),
    ),
    "account phone": Edit(
        "someone in Salesforce changes the telephone of Falconry Foods",
        r"update Account|Customer 2\b", _account("Falconry Foods", "0188"),
    ),
    "ready account": Edit(
        "someone in Salesforce changes the telephone of Zephyr Media, which is new to QuickBooks",
        r"Customer Zephyr|update Account", _account("Zephyr Media", "0199"),
    ),
    "new account's phone": Edit(
        "someone in Salesforce changes the telephone of Pinnacle Robotics, just made there",
        r"Account .*:3\b", _account("Pinnacle Robotics", "0166"), early=False,
    ),
    "invoice amount": Edit(
        "someone in QuickBooks adds an hour to invoice 1002", r"Opportunity .*:2\b", _another_hour("1002", 2)
    ),
    "payment": Edit("invoice 1001 is paid in part", r"Opportunity .*:1\b", _payment),
    "order dims": Edit(
        "someone in Salesforce moves order 00000002 to another department",
        r"SFO-00000002",
        update(SALESFORCE, "Order", ("OrderNumber", "00000002"), Department__c="East:Boston"),
    ),
    "item account": Edit(
        "someone in QuickBooks books the item Consulting Hour to another income account", r"JournalEntry",
        _item_account,
    ),
    "opportunity stage": Edit(
        "sales moves the Opportunity of invoice 1003 to another stage", r"OpportunityContactRole",
        update(SALESFORCE, "Opportunity", ("QBO_Invoice_Number__c", "1003"), StageName="Negotiation/Review"),
        early=False, mirror=True,
    ),
    "opportunity name": Edit(
        "sales renames the Opportunity of invoice 1001", r"OpportunityContactRole",
        update(SALESFORCE, "Opportunity", ("QBO_Invoice_Number__c", "1001"), Name="Alder, the big one"),
        early=False, mirror=True,
    ),
    # --- records that are new
    "Birch's phone": Edit(
        "someone in QuickBooks gives Birch Bakery a telephone", r"upsert Account", _phone("Birch Bakery", "0133")
    ),
    "Alder's buyer's phone": Edit(
        "someone in QuickBooks changes the telephone of Alder Analytics once more",
        r"upsert Contact|update Account", _phone("Alder Analytics", "0134"),
    ),
    "hours on 2001": Edit(
        "someone in QuickBooks adds hours to invoice 2001", r"upsert Opportunity", _another_hour("2001", 5)
    ),
    "hours on 2003": Edit(
        "someone in QuickBooks adds hours to invoice 2003", r"Opportunity", _another_hour("2003", 7)
    ),
    "Elm's phone": Edit(
        "someone in Salesforce changes the telephone of Elm Energy", r"Customer Elm", _account("Elm Energy", "0135")
    ),
    "newest order": Edit(
        "someone in Salesforce moves the newest order to another department", r"JournalEntry",
        _newest_order("East:Boston"),
    ),
    # --- deletions and merges
    "invoice void": Edit(
        "invoice 1003 is voided", r"Opportunity .*:3\b", of(QUICKBOOKS, "void", "Invoice", ("DocNumber", "1003")),
        loose=_made_in_between("1003", "Pinnacle Robotics"),
    ),
    "invoice deleted": Edit(
        "invoice 1002 is deleted", r"Opportunity .*:2\b", of(QUICKBOOKS, "delete", "Invoice", ("DocNumber", "1002")),
        loose=_made_in_between("1002", "Falconry Foods"),
    ),
    "new invoice deleted": Edit(
        "invoice 2001 is deleted", r"upsert Opportunity", of(QUICKBOOKS, "delete", "Invoice", ("DocNumber", "2001")),
        loose=_made_in_between("2001", "Alder Analytics"),
    ),
    "customer inactive": Edit(
        "Falconry Foods is made inactive in QuickBooks", r"Customer 2\b|update Account",
        of(QUICKBOOKS, "deactivate", "Customer", ("DisplayName", "Falconry Foods")),
    ),
    "new customer inactive": Edit(
        "Birch Bakery is made inactive in QuickBooks", r"upsert Account",
        of(QUICKBOOKS, "deactivate", "Customer", ("DisplayName", "Birch Bakery")),
    ),
    "opportunity deleted": Edit(
        "sales deletes the Opportunity of invoice 1001", r"OpportunityContactRole",
        of(SALESFORCE, "delete", "Opportunity", ("QBO_Invoice_Number__c", "1001")), early=False, mirror=True,
    ),
    "ready account deleted": Edit(
        "sales deletes the Account Elm Energy", r"Customer Elm",
        of(SALESFORCE, "delete", "Account", ("Name", "Elm Energy")),
    ),
    "contact deleted": Edit(
        "sales deletes the Contact Ada Barlow", r"OpportunityContactRole",
        of(SALESFORCE, "delete", "Contact", ("Email", ADA)),
    ),
    "newest order back": Edit(
        "the newest order is made a draft again", r"JournalEntry", _order_back,
    ),
    "customers merged": Edit(
        "in QuickBooks Cedar Clinic is merged into Birch Bakery", r"upsert Account",
        _merged(QUICKBOOKS, "Customer", "DisplayName", "Birch Bakery", "Cedar Clinic"),
    ),
    "accounts merged": Edit(
        "in Salesforce the Account Fir Films is merged into Elm Energy", r"Customer (Elm|Fir)",
        _merged(SALESFORCE, "Account", "Name", "Elm Energy", "Fir Films"),
    ),
}  # fmt: skip
