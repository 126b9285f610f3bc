"""What a user of a vendor's screens may change while the connector is at work."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ml_emulators.kit.twin import Twin

Json = dict[str, Any]


class Edit(msgspec.Struct, frozen=True):
    """`concerns` is found in the words of requests that write the record. `early`: it can be made before the first
    sync already. `mirror`: what is edited mirrors an invoice, which may take it back.
    """

    story: str
    concerns: str
    make: Callable[[Twin], None]
    early: bool = True
    mirror: bool = False

    def touches(self, items: str) -> bool:
        return bool(items) and re.search(self.concerns, items) is not None


def _row(twin: Twin, system: str, kind: str, field: str, value: str) -> Json:
    rows = twin.vendors[system].records(kind)
    return next(row for row in rows if row.get(field) == value)


def _update(system: str, kind: str, by: tuple[str, str], **values: Any) -> Callable[[Twin], None]:
    """Change fields of the record that has this value. Raises `StopIteration` while there is none."""

    def make(twin: Twin) -> None:
        row = _row(twin, system, kind, *by)
        twin.act(system, "update", kind, {"Id": row["Id"], **values})

    return make


def _amount(twin: Twin) -> None:
    """Another hour on invoice 1002, before it is sent."""
    row = _row(twin, "quickbooks", "Invoice", "DocNumber", "1002")
    hour = next(line for line in row["Line"] if line.get("Description") == "Consulting Hour")
    detail = {**hour["SalesItemLineDetail"], "Qty": 2}
    lines = [{**hour, "Amount": 370, "SalesItemLineDetail": detail} if line is hour else line for line in row["Line"]]
    body = [line for line in lines if line["DetailType"] != "SubTotalLineDetail"]
    twin.act("quickbooks", "update", "Invoice", {"Id": row["Id"], "Line": body})


def _payment(twin: Twin) -> None:
    """Invoice 1001 is paid in part."""
    row = _row(twin, "quickbooks", "Invoice", "DocNumber", "1001")
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": row["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": {"value": row["CustomerRef"]["value"]}, "TotalAmt": 100, "Line": [line]}
    twin.act("quickbooks", "create", "Payment", body)


def _item_account(twin: Twin) -> None:
    item = _row(twin, "quickbooks", "Item", "Name", "Consulting Hour")
    account = _row(twin, "quickbooks", "Account", "AcctNum", "4000")
    twin.act("quickbooks", "update", "Item", {"Id": item["Id"], "IncomeAccountRef": {"value": account["Id"]}})


EDITS: Mapping[str, Edit] = {
    "customer phone": Edit(
        "someone in QuickBooks changes the telephone of Alder Analytics",
        r"Account .*:1\b|update Account|Customer 1\b",
        _update(
            "quickbooks", "Customer", ("DisplayName", "Alder Analytics"),
            PrimaryPhone={"FreeFormNumber": "(617) 555-0177"},
        ),
    ),
    "new customer's phone": Edit(
        "someone in QuickBooks changes the telephone of Pinnacle Robotics, which is new to Salesforce",
        r"Account .*:3\b",
        _update(
            "quickbooks", "Customer", ("DisplayName", "Pinnacle Robotics"),
            PrimaryPhone={"FreeFormNumber": "(617) 555-0178"},
        ),
    ),
    "account phone": Edit(
        "someone in Salesforce changes the telephone of Falconry Foods",
        r"update Account|Customer 2\b",
        _update("salesforce", "Account", ("Name", "Falconry Foods"), Phone="(617) 555-0188"),
    ),
    "ready account": Edit(
        "someone in Salesforce changes the telephone of Zephyr Media, which is new to QuickBooks",
        r"Customer Zephyr|update Account",
        _update("salesforce", "Account", ("Name", "Zephyr Media"), Phone="(617) 555-0199"),
    ),
    "new account's phone": Edit(
        "someone in Salesforce changes the telephone of Pinnacle Robotics, just made there",
        r"Account .*:3\b",
        _update("salesforce", "Account", ("Name", "Pinnacle Robotics"), Phone="(617) 555-0166"),
        early=False,
    ),
    "invoice amount": Edit("someone in QuickBooks adds an hour to invoice 1002", r"Opportunity .*:2\b", _amount),
    "payment": Edit("invoice 1001 is paid in part", r"Opportunity .*:1\b", _payment),
    "order dims": Edit(
        "someone in Salesforce moves order 00000002 to another department",
        r"SFO-00000002",
        _update("salesforce", "Order", ("OrderNumber", "00000002"), Department__c="East:Boston"),
    ),
    "item account": Edit(
        "someone in QuickBooks books the item Consulting Hour to another income account",
        r"JournalEntry",
        _item_account,
    ),
    "opportunity stage": Edit(
        "sales moves the Opportunity of invoice 1003 to another stage",
        r"OpportunityContactRole",
        _update("salesforce", "Opportunity", ("QBO_Invoice_Number__c", "1003"), StageName="Negotiation/Review"),
        early=False, mirror=True,
    ),
    "opportunity name": Edit(
        "sales renames the Opportunity of invoice 1001",
        r"OpportunityContactRole",
        _update("salesforce", "Opportunity", ("QBO_Invoice_Number__c", "1001"), Name="Alder, the big one"),
        early=False, mirror=True,
    ),
}  # fmt: skip
