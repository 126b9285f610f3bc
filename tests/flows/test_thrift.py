"""Reading is paid for: which calls a page needs, whatever its size (DESIGN section 7)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from ml_connector.flows.invoices import invoice_to_opportunity
from ml_connector.flows.parties import account_to_customer, customer_to_account
from ml_connector.model.plans import NeedFind, NeedRecord
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Customer, Email, Invoice, LinkedTxn, Payment, Reference
from support.context import TABLES, World, settle, sobject, writes

ACCOUNT = "001000000000001AAA"
INVOICE = Ref("quickbooks", "Invoice", "7")


def world(balance: str = "100") -> World:
    made = World(
        Customer(id="1", display_name="Acme", currency_ref=Reference(value="USD")),
        Invoice(
            id="7", doc_number="7", total_amt=Decimal(100), balance=Decimal(balance),
            currency_ref=Reference(value="USD"),
            customer_ref=Reference(value="1", name="Acme"), bill_email=Email(address="ap@acme.com"),
            linked_txn=(LinkedTxn(txn_id="9", txn_type="Payment"),),
        ),
        Payment(id="9", total_amt=Decimal(100)),
        sobject("Account", ACCOUNT, Name="Acme", QBO_Id__c="4620816365000001:1"),
        sobject("Contact", "003000000000001AAA", Email="ap@acme.com", LastName="P", AccountId=ACCOUNT),
        references={(system, "matching"): empty([]) for system, empty in TABLES.items()},
    )  # fmt: skip
    made.link(Role.ACCOUNT, Ref("quickbooks", "Customer", "1"), Ref("salesforce", "Account", ACCOUNT), {"name": "Acme"})
    return made


def test_a_new_invoice_with_a_known_contact() -> None:
    page = world()
    context = page.context()
    assert [each.step for each in writes(settle(invoice_to_opportunity.FLOW, INVOICE, page, context))] == [
        "opportunity",
        "role",
    ]
    assert context.asked() == [
        "find salesforce Contact by Email",
        "find salesforce Opportunity by QBO_Id__c",
        "find salesforce OpportunityContactRole by OpportunityId",
        "read salesforce Opportunity",
        "reference salesforce contact_roles",
        "reference salesforce currencies",
        "reference salesforce stages",
    ]


def test_a_changed_invoice_that_is_linked() -> None:
    page = world()
    settle(invoice_to_opportunity.FLOW, INVOICE, page)
    page.put(
        Invoice(
            **{name: getattr(page.records[INVOICE], name) for name in Invoice.__struct_fields__} | {"doc_number": "8"}
        )
    )
    context = page.context()
    assert len(writes(settle(invoice_to_opportunity.FLOW, INVOICE, page, context))) == 1
    assert context.asked() == [
        "read salesforce Opportunity",
        "reference salesforce currencies",
        "reference salesforce stages",
    ]


@pytest.mark.parametrize(
    ("names", "reads"),
    [(("Payment",), []), (("Estimate",), ["read quickbooks Estimate"]), (("Estimate", "marked"), [])],
)
def test_an_estimate_is_read_only_where_nothing_else_says_which_opportunity(
    names: tuple[str, ...], reads: list[str]
) -> None:
    page = world()
    if "marked" in names:
        page.put(sobject("Opportunity", "006000000000009AAA", Name="INV 7", QBO_Id__c="4620816365000001:7"))
    old = page.records[INVOICE]
    page.put(msgspec.structs.replace(old, linked_txn=(LinkedTxn(txn_id="9", txn_type=names[0]),)))
    context = page.context()
    settle(invoice_to_opportunity.FLOW, INVOICE, page, context)
    assert [call for call in context.asked() if call.startswith("read quickbooks")] == reads
    context = page.context()
    settle(invoice_to_opportunity.FLOW, INVOICE, page, context)
    assert "read quickbooks Estimate" not in context.asked(), "a linked invoice stays where it is"


def test_payments_are_read_only_where_something_was_settled() -> None:
    for balance, reads in (("100", False), ("0", True), ("40", True)):
        page = world(balance)
        context = page.context()
        settle(invoice_to_opportunity.FLOW, INVOICE, page, context)
        assert (NeedRecord(Ref("quickbooks", "Payment", "9")) in context.loaded) is reads


def test_a_linked_pair_needs_the_other_side_and_nothing_else() -> None:
    page = world()
    customer, account = Ref("quickbooks", "Customer", "1"), Ref("salesforce", "Account", ACCOUNT)
    settle(customer_to_account.FLOW, customer, page)
    for flow, ref, read in (
        (customer_to_account.FLOW, customer, "read salesforce Account"),
        (account_to_customer.FLOW, account, "read quickbooks Customer"),
    ):
        context = page.context()
        assert writes(settle(flow, ref, page, context)) == []
        assert [call for call in context.asked() if not call.startswith("reference")] == [read]


def test_matching_is_asked_for_only_after_the_mark_was_looked_for() -> None:
    page = World(
        Customer(id="2", display_name="Marked", currency_ref=Reference(value="USD")),
        sobject("Account", ACCOUNT, Name="Marked", QBO_Id__c="4620816365000001:2"),
    )
    context = page.context()
    settle(customer_to_account.FLOW, Ref("quickbooks", "Customer", "2"), page, context)
    assert NeedFind("salesforce", "Account", "QBO_Id__c", "4620816365000001:2") in context.loaded
    assert "reference salesforce matching" not in context.asked()
