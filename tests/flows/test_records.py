"""Single rules of the flows for customers, accounts and invoices that the cases do not show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ml_connector.flows.invoices import invoice_to_opportunity
from ml_connector.flows.parties import account_to_customer, customer_to_account, emails, pair_links
from ml_connector.model.errors import WrongUse
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Hold, NeedLink, Overruled, Refused, Write
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import (
    Address,
    Customer,
    Department,
    Email,
    Invoice,
    LinkedTxn,
    Payment,
    PaymentLine,
    Reference,
)
from support.context import REGIONS, RULES, World, decide, settle, sobject, with_regions, writes
from support.digests import digest

ACCOUNT, MOTHER, OPPORTUNITY = "001000000000001AAA", "001000000000002AAA", "006000000000009AAA"
CUSTOMER = Ref("quickbooks", "Customer", "1")
TO_ACCOUNT = Ref("salesforce", "Account", ACCOUNT)


def customer(key: str = "1", name: str = "Acme", mail: str = "", **more: Any) -> Customer:
    address = Email(address=mail) if mail else None
    return Customer(id=key, sync_token="0", display_name=name, primary_email_addr=address, **more)


def invoice(key: str = "7", net: str = "100.00", **more: Any) -> Invoice:
    base: dict[str, Any] = {"customer_ref": Reference(value="1", name="Acme"), "currency_ref": Reference(value="USD")}
    return Invoice(id=key, doc_number=key, total_amt=Decimal(net), balance=Decimal(net), **(base | more))


def world(*records: Any, **more: Any) -> World:
    references = {("salesforce", "matching"): None, ("quickbooks", "matching"): None, **more.pop("references", {})}
    made = World(sobject("Account", ACCOUNT, Name="Acme", ParentId=MOTHER), *records, references=references, **more)
    made.link(Role.ACCOUNT, CUSTOMER, TO_ACCOUNT, {"name": "Acme"})
    return made


WRITE = Write(
    step="customer",
    system="quickbooks",
    kind="Customer",
    action="create",
    body={"DisplayName": "Acme"},
    key="k",
    label="Acme",
)


@pytest.mark.parametrize(
    ("system", "code", "hold"),
    [
        ("quickbooks", "6240", "NAME-TAKEN"),
        ("quickbooks", "2050", "REFUSED-BY-QUICKBOOKS"),
        ("salesforce", "STRING_TOO_LONG", "REFUSED-BY-SALESFORCE"),
    ],
)
def test_a_refusal_becomes_a_hold(system: str, code: str, hold: str) -> None:
    write = Write(**{name: getattr(WRITE, name) for name in Write.__struct_fields__} | {"system": system})
    found = customer_to_account.FLOW.refused(write, Refused(code, "No."), digest)
    assert isinstance(found, Hold)
    assert (found.code, found.facts["name"]) == (hold, "Acme")


def test_a_payment_names_its_invoices() -> None:
    lines = [
        (LinkedTxn(txn_id=key, txn_type=kind),)
        for key, kind in (("7", "Invoice"), ("8", "CreditMemo"), ("7", "Invoice"))
    ]
    payment = Payment(
        id="9", total_amt=Decimal(0), line=tuple(PaymentLine(amount=Decimal(1), linked_txn=each) for each in lines)
    )
    named = invoice_to_opportunity.FLOW.changed_by["Payment"](payment, World().context())
    assert named == [Ref("quickbooks", "Invoice", "7")]


def test_an_order_names_its_account_while_that_has_no_customer() -> None:
    order = sobject("Order", "801000000000001AAA", AccountId=ACCOUNT)
    blank = sobject("Order", "801000000000001AAA", AccountId=None)
    apart, together = World(), World()
    together.link(Role.ACCOUNT, CUSTOMER, TO_ACCOUNT)
    named = account_to_customer.FLOW.changed_by["Order"]
    for world, record, found in ((apart, order, [TO_ACCOUNT]), (together, order, []), (apart, blank, [])):
        context = world.context()
        context.load([NeedLink(Role.ACCOUNT, TO_ACCOUNT)])
        assert named(record, context) == found


def test_flows_run_parents_first() -> None:
    ranks = [flow.FLOW.rank for flow in (customer_to_account, account_to_customer, invoice_to_opportunity)]
    assert ranks == [10, 20, 30]


def test_two_customers_of_one_account_do_not_fight() -> None:
    """After a merge in Salesforce the second customer's balance, name and phone never reach the account (E.5)."""
    page = world(customer(), customer("2", "Beta", balance=Decimal(50)))
    settle(account_to_customer.FLOW, TO_ACCOUNT, page)
    account = page.records[TO_ACCOUNT]
    page.link(Role.ACCOUNT, Ref("quickbooks", "Customer", "2"), TO_ACCOUNT, {"reviewed": "true"}, exclusive=False)
    for flow, ref in (
        (customer_to_account.FLOW, Ref("quickbooks", "Customer", "2")),
        (account_to_customer.FLOW, TO_ACCOUNT),
        (customer_to_account.FLOW, CUSTOMER),
    ):
        assert writes(settle(flow, ref, page)) == []
    assert page.records[TO_ACCOUNT] == account


@pytest.mark.parametrize(
    ("code", "hold"), [("ENTITY_IS_DELETED", "ACCOUNT-GONE"), ("TOO_LONG", "REFUSED-BY-SALESFORCE")]
)
def test_an_account_that_was_deleted_a_moment_ago_is_looked_at(code: str, hold: str) -> None:
    write = msgspec.structs.replace(
        WRITE, step="opportunity", system="salesforce", kind="Opportunity", body={"AccountId": ACCOUNT}, label="1043"
    )
    found = invoice_to_opportunity.FLOW.refused(write, Refused(code, "No."), digest)
    assert isinstance(found, Hold)
    assert (found.code, found.knocks) == (hold, (TO_ACCOUNT,) if hold == "ACCOUNT-GONE" else ())


CUSTOMER_2, OTHER = Ref("quickbooks", "Customer", "2"), Ref("salesforce", "Account", MOTHER)
OWN = Link(Role.ACCOUNT, CUSTOMER, TO_ACCOUNT, exclusive=True)
SECOND = Link(Role.ACCOUNT, CUSTOMER_2, TO_ACCOUNT)
OTHERS_OWN = Link(Role.ACCOUNT, CUSTOMER_2, OTHER, exclusive=True)


def decided(customer: Ref, account: Ref, *links: Link, vanished: bool = False) -> list[str]:
    known = {ref: [each for each in links if ref in (each.source, each.target)] for ref in (customer, account)}
    made = pair_links.decided(customer, account, known, vanished=vanished)
    return [f"{each.source} {each.target} {'own' if each.exclusive else dict(each.agreed)}" for each in made]


def test_what_people_decide_about_a_pair() -> None:
    past = msgspec.structs.replace(OWN, target=Ref("salesforce", "AccountPast", ACCOUNT), exclusive=False)
    own, second = f"{CUSTOMER} {TO_ACCOUNT} own", f"{CUSTOMER_2} {TO_ACCOUNT} {{'reviewed': 'true'}}"
    assert decided(CUSTOMER, TO_ACCOUNT) == [own]
    assert decided(CUSTOMER, OTHER, past) == [f"{CUSTOMER} {OTHER} own"], "its account was deleted"
    assert decided(CUSTOMER_2, TO_ACCOUNT, OWN, SECOND) == [second], "the merge of the accounts is confirmed"
    ended = f"{CUSTOMER} {past.target} {{}}"
    assert decided(CUSTOMER_2, TO_ACCOUNT, OWN, vanished=True) == [ended, f"{CUSTOMER_2} {TO_ACCOUNT} own"]
    confirmed = f"{TO_ACCOUNT} {CUSTOMER_2} {{'reviewed': 'true'}}"
    assert decided(CUSTOMER_2, TO_ACCOUNT, OWN, OTHERS_OWN, vanished=True) == [ended, confirmed]


@pytest.mark.parametrize("links", [[OWN], [OTHERS_OWN]])
def test_a_pair_that_lives_is_not_torn_apart(links: list[Link]) -> None:
    with pytest.raises(WrongUse, match="belong together already"):
        decided(CUSTOMER_2, TO_ACCOUNT, *links)


def test_what_a_conflict_costs_is_said() -> None:
    page = world(customer(bill_addr=Address(line1="1 New Road")))
    page.put(page.records[TO_ACCOUNT].merged({"BillingStreet": "2 Other Road"}))
    page.link(Role.ACCOUNT, CUSTOMER, TO_ACCOUNT, {"name": "Acme", "billing_address": "1 old road |  |  |  | US"})
    write = writes(settle(customer_to_account.FLOW, CUSTOMER, page))[0]
    assert write.flags == (Flag.CONFLICT_BILLING_ADDRESS,)
    assert write.conflicts == (Overruled("billing_address", TO_ACCOUNT, CUSTOMER, "2 Other Road"),)
    assert write.why[-1] == (
        "billing address changed on both sides: QuickBooks keeps its own, the other value goes to the conflict log"
    )
    assert not [text for text in write.why if "Road" in text]


def test_an_address_written_otherwise_is_no_difference() -> None:
    ours = Address(line1="1 Road", line2="Floor 2", city="boston", country_sub_division_code="MA", country="USA")
    page = world(customer(bill_addr=ours))
    fields = {
        "BillingStreet": "1 road\r\nFloor 2",
        "BillingCity": "Boston",
        "BillingState": "MA",
        "BillingCountry": "United States",
    }
    page.put(page.records[TO_ACCOUNT].merged(fields))
    assert not [
        name
        for write in writes(settle(customer_to_account.FLOW, CUSTOMER, page))
        for name in write.body
        if "Billing" in name
    ]


def test_a_country_nobody_typed_clears_none() -> None:
    page = world(customer(bill_addr=Address(line1="1 Road", city="Berlin")))
    page.put(
        page.records[TO_ACCOUNT].merged({"BillingStreet": "1 Road", "BillingCity": "Köln", "BillingCountry": "Germany"})
    )
    settle(customer_to_account.FLOW, CUSTOMER, page)
    account = page.records[TO_ACCOUNT]
    assert (account["BillingCity"], account["BillingCountry"]) == ("Berlin", "Germany")


def test_an_org_with_state_picklists_gets_codes() -> None:
    ours = Address(line1="1 Road", country_sub_division_code="ma", country="USA")
    page = world(
        customer(key="5", name="New", bill_addr=ours),
        references={("salesforce", "fields:Account"): with_regions(REGIONS)},
    )
    body = writes(settle(customer_to_account.FLOW, Ref("quickbooks", "Customer", "5"), page))[0].body
    assert {name: value for name, value in body.items() if name.startswith("Billing")} == {
        "BillingStreet": "1 Road",
        "BillingStateCode": "MA",
        "BillingCountryCode": "US",
    }


@pytest.mark.parametrize(
    ("given", "family", "own", "name"),
    [
        ("Ann", "Lee", True, {"FirstName": "Ann", "LastName": "Lee"}),
        ("", "Lee", True, {"LastName": "Lee"}),
        ("Ann", "", True, {"LastName": "Ann"}),
        ("Ann", "Lee", False, {"LastName": "(billing) ap"}),
        ("", "", True, {"LastName": "(billing) ap"}),
        ("A" * 41, "Lee", True, {"LastName": "Lee"}),
        ("Ann", "L" * 81, True, {"LastName": "(billing) ap"}),
    ],
)
def test_the_name_of_a_new_contact(given: str, family: str, own: bool, name: dict[str, str]) -> None:
    mail = "AP@acme.com" if own else "other@acme.com"
    page = world(
        customer(mail=mail, given_name=given, family_name=family), invoice(bill_email=Email(address="ap@acme.com"))
    )
    contact = next(
        w
        for w in writes(settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page))
        if w.step == "contact"
    )
    assert contact.body == {**name, "Email": "ap@acme.com", "AccountId": ACCOUNT}
    assert contact.key == f"{RULES.realm_id}:1:{emails.mark('ap@acme.com', digest)}"


def roles_of(page: World) -> list[str]:
    settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page)
    return [role["ContactId"] for role in page.kind("OpportunityContactRole")]


def contact(key: str, account: str | None, changed: str = "2026-01-01T00:00:00.000+0000") -> Any:
    return sobject("Contact", key, Email="ap@acme.com", LastName="P", AccountId=account, LastModifiedDate=changed)


def test_of_several_contacts_the_one_changed_last() -> None:
    hits = [
        contact("003A", ACCOUNT),
        contact("003B", ACCOUNT, "2026-02-01T00:00:00.000+0000"),
        contact("003C", None, "2026-03-01T00:00:00.000+0000"),
    ]
    assert roles_of(world(*hits, customer(), invoice(bill_email=Email(address="ap@acme.com")))) == ["003B"]


@pytest.mark.parametrize(("with_parent", "chosen"), [("false", "003A"), ("true", "003M")])
def test_bills_that_go_to_the_parent_look_there_first(with_parent: str, chosen: str) -> None:
    hits = [contact("003A", ACCOUNT), contact("003M", MOTHER), sobject("Account", MOTHER, Name="Mother")]
    page = world(*hits, customer(), invoice(bill_email=Email(address="ap@acme.com")))
    page.link(Role.ACCOUNT, CUSTOMER, TO_ACCOUNT, {"bill_with_parent": with_parent})
    assert roles_of(page) == [chosen]


def test_without_a_bill_email_the_customers_own_counts() -> None:
    page = world(contact("003A", ACCOUNT), customer(), invoice())
    page.link(Role.ACCOUNT, CUSTOMER, TO_ACCOUNT, {"billing_email": "ap@acme.com, second@acme.com"})
    assert roles_of(page) == ["003A"]


def test_a_role_that_somebody_removed_does_not_come_back() -> None:
    page = world(contact("003A", ACCOUNT), customer(), invoice(bill_email=Email(address="ap@acme.com")))
    assert roles_of(page) == ["003A"]
    for role in page.kind("OpportunityContactRole"):
        del page.records[role.ref]
    assert roles_of(page) == []


def deal(**more: Any) -> Any:
    return sobject("Opportunity", OPPORTUNITY, Name="Deal", AccountId=ACCOUNT, **{"CurrencyIsoCode": "USD", **more})


@pytest.mark.parametrize(
    ("note", "found"),
    [
        (f"see {OPPORTUNITY}", True),
        ("see https://acme.example/006000000000009/view", True),
        ("x006000000000009", False),
        ("SF-ORD: 42", True),
        ("sf-ord:42, SF-ORD:43", False),
        ("order 42", False),
    ],
)
def test_an_opportunity_named_on_the_invoice(note: str, found: bool) -> None:
    orders = [
        sobject(
            "Order",
            f"80100000000000{n}AAA",
            OrderNumber=f"4{n}",
            AccountId=ACCOUNT,
            OpportunityId=f"00600000000000{o}AAA",
        )
        for n, o in ((2, 9), (3, 8))
    ]
    other = sobject("Opportunity", "006000000000008AAA", Name="Other deal", CurrencyIsoCode="USD")
    page = world(deal(), other, *orders, invoice(private_note=note))
    first = writes(settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page))[0]
    assert (first.target_id == OPPORTUNITY) is found
    assert (first.action == "upsert") is not found


def test_the_mirror_of_another_invoice_is_no_opportunity_of_sales() -> None:
    page = world(deal(QBO_Id__c=f"{RULES.realm_id}:6"), invoice(private_note=OPPORTUNITY))
    assert writes(settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page))[0].action == "upsert"


def test_sums_of_two_currencies_are_not_made() -> None:
    page = world(deal(CurrencyIsoCode="EUR"), invoice(private_note=OPPORTUNITY))
    held = settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page)[-1]
    assert isinstance(held, Hold)
    assert (held.code, held.facts["customer_currency"], held.amount) == ("H-CUR-MISMATCH", "EUR", Decimal("100.00"))


def test_two_invoices_of_one_deal_agree_on_what_it_shows() -> None:
    """Whichever of them is looked at, and in whatever order: 24,000.00, and then nothing more (S15 a)."""
    page = world(
        deal(),
        *(
            invoice(key, "12000.00", private_note=OPPORTUNITY, project_ref=Reference(value="p", name=f"P{key}"))
            for key in "78"
        ),
    )
    for key in "788787":
        settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", key), page)
    shown = page.kind("Opportunity")[0]
    assert (shown["QBO_Invoiced_Net__c"], shown["QBO_Project__c"], shown["Name"]) == (
        Decimal("24000.00"),
        "P7; P8",
        "Deal",
    )
    for key in "78":
        assert writes(settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", key), page)) == []


def test_one_of_two_invoices_of_a_deal_is_deleted() -> None:
    page = world(deal(), *(invoice(key, "12000.00", private_note=OPPORTUNITY) for key in "78"))
    for key in "78":
        settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", key), page)
    del page.records[Ref("quickbooks", "Invoice", "8")]
    settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "8"), page)
    shown = page.kind("Opportunity")[0]
    assert (shown["QBO_Invoiced_Net__c"], shown["QBO_Voided_Net__c"], shown["QBO_Status__c"]) == (12000, 12000, "OPEN")


@pytest.mark.parametrize(
    ("department", "name"), [("11", "North East:Boston"), ("12", "North East:Boston:Harbour"), ("13", "Eastern Boston")]
)
def test_a_rename_reaches_descendants_and_only_them(department: str, name: str) -> None:
    """S17: the id is the identity; `East` became `North East`."""
    before = {"11": "East:Boston", "12": "East:Boston:Harbour", "13": "Eastern Boston"}
    page = world(invoice(department_ref=Reference(value=department, name=before[department])))
    page.references["quickbooks", "departments"] = {
        key: Department(id=key, fully_qualified_name=path) for key, path in before.items()
    }
    settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page)
    page.references["quickbooks", "departments"] = {
        key: Department(id=key, fully_qualified_name=path.replace("East:", "North East:"))
        for key, path in before.items()
    }
    again = writes(settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page))
    assert [write.body for write in again] == ([{"Department__c": name}] if before[department] != name else [])


def test_a_deactivated_department_keeps_its_name() -> None:
    page = world(invoice(department_ref=Reference(value="11")))
    gone = Department(id="11", active=False, fully_qualified_name="East (deleted):Boston (deleted)")
    page.references["quickbooks", "departments"] = {"11": gone}
    settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page)
    assert page.kind("Opportunity")[0]["Department__c"] == "East:Boston"


@pytest.mark.parametrize(
    ("status", "balance", "stage"),
    [("OPEN", "100", "Invoiced"), ("PARTIAL", "40", "Partially Paid"), ("PAID", "0", "Closed Won")],
)
def test_the_pipeline_preset(status: str, balance: str, stage: str) -> None:
    import msgspec

    stages = {
        name: sobject("OpportunityStage", "")
        for name in ("Invoiced", "Partially Paid", "Past Due", "Closed Won", "Closed Lost")
    }
    page = world(
        msgspec.structs.replace(invoice(net="100"), balance=Decimal(balance), due_date=World().today),
        references={("salesforce", "stages"): stages},
        rules=msgspec.structs.replace(RULES, stage_preset="pipeline"),
    )
    body = writes(settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), page))[0].body
    assert (body["QBO_Status__c"], body["StageName"]) == (status, stage)


def test_two_new_customers_never_take_one_name_together() -> None:
    page = world(
        *(sobject("Account", key, Name="Twin", QBO_Ready__c=True, BillingCountry="US") for key in ("001X", "001Y"))
    )
    first, second = (
        decide(account_to_customer.FLOW, page.records[Ref("salesforce", "Account", key)], page)
        for key in ("001X", "001Y")
    )
    assert isinstance(first, Write)
    assert isinstance(second, Write)
    assert set(first.claims) & set(second.claims)


@pytest.mark.parametrize(("text", "found"), [("a@b.co, C@D.co;a@b.co", ("a@b.co", "c@d.co")), ("x; y@z", ()), ("", ())])
def test_addresses_in_one_field(text: str, found: tuple[str, ...]) -> None:
    assert emails.parse(text) == found
