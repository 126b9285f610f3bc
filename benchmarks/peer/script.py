"""Customers and invoices from QuickBooks to Salesforce with python-quickbooks and simple-salesforce.

`python -m benchmarks.peer.script FILE first|changed`; FILE holds the line of the emulators. It reads a thousand at a
time, asks for changes by change data capture, writes collections of 200 by external id, and prints what was refused.

What it leaves out: accounts that are there already are not matched but doubled; nothing is remembered, so every run
writes everything it saw again; no orders and journal entries, currencies, dimensions or deletions; no way back after
a crash or a lost answer; amounts are binary floats.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.objects.customer import Customer
from quickbooks.objects.invoice import Invoice
from simple_salesforce.api import Salesforce

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
PAGE, CHUNK = 1000, 200
Json = dict[str, Any]


def connect(line: Json) -> tuple[Any, Any, str]:
    books, org = line["quickbooks"], line["salesforce"]
    auth = AuthClient(books["client_id"], books["client_secret"], "http://localhost/callback", books["discovery_url"])
    qb = QuickBooks(
        auth_client=auth, refresh_token=books["refresh_token"], company_id=books["realm_id"], minorversion=75
    )
    qb.api_url_v3 = f"{books['base_url']}/v3"
    grant = {"grant_type": "client_credentials", "client_id": org["client_id"], "client_secret": org["client_secret"]}
    token = requests.post(f"{org['base_url']}/services/oauth2/token", data=grant, timeout=30).json()["access_token"]
    sf = Salesforce(session_id=token, instance_url=org["base_url"], version="62.0")
    sf.base_url = f"{org['base_url']}/services/data/v62.0/"
    return qb, sf, books["realm_id"]


def everything(kind: Any, qb: Any) -> Iterator[Any]:
    start = 1
    while page := kind.all(start_position=start, max_results=PAGE, qb=qb):
        yield from page
        start += PAGE


def changed(qb: Any) -> tuple[list[Any], list[Any]]:
    since = datetime.now(UTC) - timedelta(minutes=10)
    found = change_data_capture([Customer, Invoice], since.isoformat(), qb=qb)
    customers, invoices = (getattr(found, kind, None) for kind in ("Customer", "Invoice"))
    # The client offers no other way to the records.
    return (customers._object_list if customers else []), (invoices._object_list if invoices else [])  # noqa: SLF001


def upsert(sf: Any, kind: str, records: list[Json], key: str = "QBO_Id__c") -> dict[str, str]:
    """Salesforce ids by external id."""
    ids = {}
    for start in range(0, len(records), CHUNK):
        part = [{"attributes": {"type": kind}, **each} for each in records[start : start + CHUNK]]
        body = {"allOrNone": False, "records": part}
        for record, result in zip(
            part, sf.restful(f"composite/sobjects/{kind}/{key}", method="PATCH", json=body), strict=True
        ):
            if result["success"]:
                ids[record[key]] = result["id"]
            else:
                print(kind, record[key], result["errors"], file=sys.stderr)
    return ids


def account(customer: Any, realm: str) -> Json:
    address = customer.BillAddr
    return {
        "QBO_Id__c": f"{realm}:{customer.Id}",
        "Name": customer.DisplayName,
        "Phone": customer.PrimaryPhone.FreeFormNumber if customer.PrimaryPhone else None,
        "BillingStreet": address.Line1 if address else None,
        "BillingCity": address.City if address else None,
        "BillingPostalCode": address.PostalCode if address else None,
    }


def opportunity(invoice: Any, realm: str, accounts: dict[str, str]) -> Json:
    return {
        "QBO_Id__c": f"{realm}:{invoice.Id}",
        "Name": f"Invoice {invoice.DocNumber} - {invoice.CustomerRef.name}"[:120],
        "AccountId": accounts.get(f"{realm}:{invoice.CustomerRef.value}"),
        "StageName": "Closed Won",
        "CloseDate": invoice.TxnDate,
        "Amount": invoice.TotalAmt,
        "CurrencyIsoCode": invoice.CurrencyRef.value,
        "QBO_Invoice_Number__c": invoice.DocNumber,
        "QBO_Total__c": invoice.TotalAmt,
        "QBO_Balance__c": invoice.Balance,
        "QBO_Due_Date__c": invoice.DueDate,
    }


def contacts(invoices: list[Any], realm: str, accounts: dict[str, str]) -> dict[str, Json]:
    """One for each customer and e-mail address, by external id."""
    found = {}
    for invoice in invoices:
        if invoice.BillEmail and invoice.BillEmail.Address:
            email, owner = invoice.BillEmail.Address, f"{realm}:{invoice.CustomerRef.value}"
            key = f"{owner}:{email}"[:50]
            last = email.partition("@")[0]
            found[key] = {"QBO_Id__c": key, "LastName": last, "Email": email, "AccountId": accounts.get(owner)}
    return found


def roles(sf: Any, invoices: list[Any], realm: str, people: dict[str, str], deals: dict[str, str]) -> None:
    known = sf.query_all("SELECT OpportunityId, ContactId FROM OpportunityContactRole")["records"]
    there = {(row["OpportunityId"], row["ContactId"]) for row in known}
    wanted = []
    for invoice in invoices:
        email = invoice.BillEmail.Address if invoice.BillEmail else ""
        person = people.get(f"{realm}:{invoice.CustomerRef.value}:{email}"[:50])
        deal = deals.get(f"{realm}:{invoice.Id}")
        if person and deal and (deal, person) not in there:
            wanted.append({"OpportunityId": deal, "ContactId": person, "Role": "Other", "IsPrimary": True})
    for start in range(0, len(wanted), CHUNK):
        part = [{"attributes": {"type": "OpportunityContactRole"}, **each} for each in wanted[start : start + CHUNK]]
        sf.restful("composite/sobjects", method="POST", json={"allOrNone": False, "records": part})


def main() -> None:
    qb, sf, realm = connect(json.loads(Path(sys.argv[1]).read_text()))
    if sys.argv[2] == "first":
        customers, invoices = list(everything(Customer, qb)), list(everything(Invoice, qb))
    else:
        customers, invoices = changed(qb)
    accounts = upsert(sf, "Account", [account(each, realm) for each in customers])
    if sys.argv[2] != "first":
        rows = sf.query_all("SELECT Id, QBO_Id__c FROM Account WHERE QBO_Id__c != null")["records"]
        accounts |= {row["QBO_Id__c"]: row["Id"] for row in rows}
    deals = upsert(sf, "Opportunity", [opportunity(each, realm, accounts) for each in invoices])
    people = upsert(sf, "Contact", list(contacts(invoices, realm, accounts).values()))
    roles(sf, invoices, realm, people, deals)
    print(json.dumps({"accounts": len(accounts), "opportunities": len(deals), "contacts": len(people)}))


if __name__ == "__main__":
    main()
