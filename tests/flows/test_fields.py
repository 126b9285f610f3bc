"""What the other side does not show, does not let be written, or refuses: the record goes without it, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ml_connector.flows.fields import for_salesforce, without
from ml_connector.flows.invoices import invoice_to_opportunity
from ml_connector.flows.parties import account_to_customer, customer_to_account
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.plans import (
    Decision,
    Hold,
    NeedLink,
    NeedReference,
    Refused,
    Skip,
    Without,
    Write,
)
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import table_changed
from ml_connector.systems.quickbooks.records import Address, Customer, Email, Invoice, Phone, Reference, Web
from ml_connector.systems.salesforce.records import WRITTEN, Written
from support.context import REGIONS, RULES, World, settle, shown, sobject, with_regions, writes
from support.digests import digest

CUSTOMER, INVOICE = Ref("quickbooks", "Customer", "1"), Ref("quickbooks", "Invoice", "7")
ACCOUNT = Ref("salesforce", "Account", "001000000000001AAA")
KEY = f"{RULES.realm_id}:1"
ADDRESS = Address(line1="1 Main", city="Boston", country_sub_division_code="MA", postal_code="02110", country="US")
WHOLE = Customer(
    id="1", sync_token="0", display_name="Acme", given_name="Dora", family_name="Delta", balance=Decimal(5),
    primary_email_addr=Email(address="dora@acme.example"), primary_phone=Phone(free_form_number="617-555-0100"),
    web_addr=Web(uri="https://acme.example"), bill_addr=ADDRESS, ship_addr=ADDRESS,
    sales_term_ref=Reference(value="3", name="Net 30"), currency_ref=Reference(value="USD"),
)  # fmt: skip
BILL = Invoice(
    id="7", doc_number="7", total_amt=Decimal(100), balance=Decimal(100), currency_ref=Reference(value="USD"),
    customer_ref=Reference(value="1", name="Acme"), department_ref=Reference(value="10", name="East"),
    bill_email=Email(address="dora@acme.example"),
)  # fmt: skip
COMPANY: Mapping[tuple[str, str], Any] = {("salesforce", "matching"): None, ("quickbooks", "matching"): None}
NOT_ALIKE = [("Account", "CurrencyIsoCode")]
"""Fields that this company does not write."""


def world(**more: Any) -> World:
    references = {**COMPANY, **more.pop("references", {})}
    return World(WHOLE, BILL, references=references, **more)


def everything(page: World) -> list[Decision]:
    """A customer with an invoice, as a run serves them; then both with other values, so that all is updated too."""
    decisions = settle(customer_to_account.FLOW, CUSTOMER, page)
    decisions += settle(invoice_to_opportunity.FLOW, INVOICE, page)
    return decisions


def changed(page: World) -> list[Decision]:
    there = Address(line1="2 Side", city="Albany", country_sub_division_code="NY", postal_code="12201", country="CA")
    page.put(
        msgspec.structs.replace(
            WHOLE, bill_addr=there, ship_addr=there, balance=Decimal(6), active=False, sync_token="1",
            primary_phone=Phone(free_form_number="617-555-0199"), web_addr=Web(uri="https://acme.test"),
            primary_email_addr=Email(address="ap@acme.example"), sales_term_ref=Reference(value="4", name="Net 60"),
        ),
        msgspec.structs.replace(
            BILL, total_amt=Decimal(90), balance=Decimal(40), doc_number="8",
            department_ref=Reference(value="11", name="West"),
        ),
    )  # fmt: skip
    return everything(page)


def sent(decisions: Sequence[Decision], kind: str) -> list[Write]:
    return [write for write in writes(decisions) if write.kind == kind]


CREATED = [
    (kind, name, rule)
    for kind, fields in WRITTEN.items()
    for name, rule in fields.items()
    if rule.create and not name.endswith(("StateCode", "CountryCode")) and kind != "OpportunityContactRole"
]


def table(kind: str, name: str, right: str) -> Mapping[tuple[str, str], Any]:
    return {("salesforce", f"fields:{kind}"): shown(kind, **{right: [name]})}


@pytest.mark.parametrize("right", ["hidden", "locked"])
@pytest.mark.parametrize(("kind", "name", "rule"), CREATED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_new_record_without_a_field(kind: str, name: str, rule: Written, right: str) -> None:
    page = world(references=table(kind, name, right))
    decisions = everything(page)
    assert not any(name in write.body or name == write.key_field for write in sent(decisions, kind))
    usual = sent(everything(world()), kind)
    if not any(name in write.body or name == write.key_field for write in usual):
        assert len(sent(decisions, kind)) == len(usual)  # nothing of this company is in it
    elif rule.needed:
        hold = next(each for each in decisions if isinstance(each, Hold))
        assert (hold.code, hold.facts.get("fields")) == ("FIELD-NEEDED", f"{kind}.{name}")
        assert f"reference:salesforce:fields:{kind}" in hold.waits_for
    else:
        assert not any(isinstance(each, Hold) for each in decisions)
        assert any(rule.flag in each.flags for each in decisions if isinstance(each, Write | Skip))
    assert writes(everything(page)) == []


@pytest.mark.parametrize("right", ["hidden", "locked"])
@pytest.mark.parametrize(
    ("kind", "name", "rule"),
    [(kind, name, rule) for kind, name, rule in CREATED if rule.update and not rule.needed],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_is_taken_away_is_left_as_it_is(kind: str, name: str, rule: Written, right: str) -> None:
    page = world()
    everything(page)
    before = {record.id: record.get(name) for record in page.kind(kind)}
    page.references = {**page.references, **table(kind, name, right)}
    if right == "hidden":
        for record in page.kind(kind):
            page.put(type(record)(kind, record.id, {k: v for k, v in record.fields.items() if k != name}))
    decisions = changed(page)
    assert not any(name in write.body for write in sent(decisions, kind))
    assert not any(isinstance(each, Hold) for each in decisions)
    if right == "locked":
        assert {record.id: record.get(name) for record in page.kind(kind)} == before
    quickbooks = [write for write in writes(decisions) if write.system == "quickbooks"]
    assert quickbooks == []
    assert writes(everything(page)) == []


def refusing(
    kind: str, name: str, code: str = "FIELD_INTEGRITY_EXCEPTION", *, told: bool = True, message: str = "No."
) -> tuple[Callable[[Write], Refused | None], list[Any]]:
    """A vendor that takes this field with no value, and the values that it was sent."""
    tried: list[Any] = []

    def refuses(write: Write) -> Refused | None:
        if write.kind != kind or name not in write.body:
            return None
        tried.append(write.body[name])
        return Refused(code, message, (name,) if told else ())

    return refuses, tried


@pytest.mark.parametrize(
    ("kind", "name", "rule"),
    [(kind, name, rule) for kind, name, rule in CREATED if name != "QBO_Id__c" and (kind, name) not in NOT_ALIKE],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_is_refused_is_tried_once(kind: str, name: str, rule: Written) -> None:
    refuses, tried = refusing(kind, name)
    page = world(refuses=refuses)
    first = everything(page)
    if rule.needed and tried:
        assert [each.code for each in first if isinstance(each, Hold)] != []
        return
    assert not any(isinstance(each, Hold) for each in first)
    assert writes(everything(page)) == []
    assert len(tried) == len(set(map(str, tried)))  # never the same again
    if tried:
        assert any(rule.flag in each.flags for each in first if isinstance(each, Write | Skip))
        assert all(record.get(name) is None for record in page.kind(kind))
    changed(page)
    assert writes(everything(page)) == []
    assert len(tried) == len(set(map(str, tried)))


CODES = [
    ("FIELD_INTEGRITY_EXCEPTION", True, True),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", True, True),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", False, True),
    ("INVALID_FIELD", False, True),
    ("STRING_TOO_LONG", True, True),
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", True, True),
    ("INVALID_EMAIL_ADDRESS", True, True),
    ("FIELD_FILTER_VALIDATION_EXCEPTION", True, True),
    ("NUMBER_OUTSIDE_VALID_RANGE", True, True),
    ("STRING_TOO_LONG", False, False),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", True, False),
    ("DUPLICATES_DETECTED", True, False),
    ("REQUIRED_FIELD_MISSING", True, False),
    ("CANNOT_EXECUTE_FLOW_TRIGGER", True, False),
]


@pytest.mark.parametrize(("code", "told", "again"), CODES)
def test_which_refusals_are_answered_by_one_more_try(code: str, told: bool, again: bool) -> None:
    message = "No such column 'Website' on sobject of type Account"
    refuses, tried = refusing("Account", "Website", code, told=told, message=message)
    decisions = settle(customer_to_account.FLOW, CUSTOMER, world(refuses=refuses))
    assert len(tried) == 1
    assert isinstance(decisions[-1], Hold) is not again


def test_a_refusal_that_also_names_what_is_needed_holds() -> None:
    write = writes(settle(customer_to_account.FLOW, CUSTOMER, world()))[0]
    for fields in (("Phone", "Name"), ("Phone", "Unheard__c"), ()):
        answer = customer_to_account.FLOW.refused(write, Refused("STRING_TOO_LONG", "No.", fields), digest)
        assert isinstance(answer, Hold)
    answer = customer_to_account.FLOW.refused(write, Refused("STRING_TOO_LONG", "No.", ("Phone", "Website")), digest)
    assert isinstance(answer, Without)
    assert [link.agreed["field"] for link in answer.links] == ["Phone", "Website"]
    assert "617" not in str(answer)  # what is remembered says nothing of people


def test_another_value_is_tried_again() -> None:
    refuses, tried = refusing("Account", "Phone")
    page = world(refuses=refuses)
    settle(customer_to_account.FLOW, CUSTOMER, page)
    page.put(msgspec.structs.replace(WHOLE, primary_phone=Phone(free_form_number="1")))
    settle(customer_to_account.FLOW, CUSTOMER, page)
    assert tried == ["617-555-0100", "1"]


def test_a_compound_name_means_all_its_parts() -> None:
    write = writes(settle(customer_to_account.FLOW, CUSTOMER, world()))[0]
    answer = customer_to_account.FLOW.refused(
        write, Refused("FIELD_INTEGRITY_EXCEPTION", "No.", ("BillingAddress",)), digest
    )
    assert isinstance(answer, Without)
    names = {link.agreed["field"] for link in answer.links}
    assert names == {name for name in write.body if name.startswith("Billing")}


# --- QuickBooks

HOME = sobject(
    "Account", ACCOUNT.id, Name="Acme", QBO_Ready__c=True, Phone="617-555-0100", Website="https://acme.example",
    QBO_Billing_Email__c="ap@acme.example", BillingStreet="1 Main", BillingCountry="US", ShippingStreet="2 Side",
)  # fmt: skip


@pytest.mark.parametrize("element", ["{}", "Customer.{}", "{}.FreeFormNumber", "{}.URI"])
@pytest.mark.parametrize("name", ["PrimaryPhone", "WebAddr", "PrimaryEmailAddr", "BillAddr", "ShipAddr", "CompanyName"])
@pytest.mark.parametrize("code", ["2010", "2040", "2050", "6000"])
def test_quickbooks_takes_the_customer_without_what_it_refuses(code: str, name: str, element: str) -> None:
    def refuses(write: Write) -> Refused | None:
        if write.kind != "Customer" or name not in write.body:
            return None
        tried.append(write.body[name])
        return Refused(code, "No.", (element.format(name),))

    tried: list[Any] = []
    page = World(HOME, references=COMPANY, refuses=refuses)
    decisions = settle(account_to_customer.FLOW, ACCOUNT, page)
    assert not isinstance(decisions[-1], Hold)
    assert len(page.kind("Customer")) == 1
    assert len(tried) == 1
    assert any(flag.startswith("LEFT_OUT_") for each in decisions if isinstance(each, Write) for flag in each.flags)
    assert writes(settle(account_to_customer.FLOW, ACCOUNT, page)) == []
    assert len(tried) == 1


@pytest.mark.parametrize("fields", [(), ("DisplayName",), ("PrimaryPhone", "DisplayName"), ("CurrencyRef",)])
def test_quickbooks_refusing_what_is_needed_is_a_hold(fields: tuple[str, ...]) -> None:
    page = World(HOME, references=COMPANY, refuses=lambda _: Refused("2050", "No.", fields))
    assert isinstance(settle(account_to_customer.FLOW, ACCOUNT, page)[-1], Hold)


# --- marks and texts on records that are there


@pytest.mark.parametrize("right", ["hidden", "locked", "refused", ""])
@pytest.mark.parametrize(
    ("kind", "name", "flag"),
    [(kind, name, rule.flag) for kind, fields in WRITTEN.items() for name, rule in fields.items() if rule.update],
)
def test_one_door_for_all_that_is_updated(kind: str, name: str, flag: Flag | None, right: str) -> None:
    body = {name: "x"}
    page = World(references=table(kind, name, right) if right in ("hidden", "locked") else {})
    if right == "refused" and flag:
        write = Write(step="s", system="salesforce", kind=kind, action="update", body=body, key="1", target_id="1")
        answer = without(write, Refused("INVALID_FIELD_FOR_INSERT_UPDATE", "", (name,)), digest)
        assert answer is not None
        page.keep(answer.links)
    if name.endswith("Code") and not right:
        return  # this org has no lists
    context = page.context()
    context.load([NeedReference("salesforce", f"fields:{kind}"), NeedLink(Role.REFUSED, Ref("salesforce", kind, "1"))])
    if flag is None and right in ("hidden", "locked"):
        with pytest.raises(Held):
            for_salesforce(kind, "1", body, context, creating=False, record="it")
        return
    fitted = for_salesforce(kind, "1", body, context, creating=False, record="it")
    if right and flag:
        assert (fitted.body, fitted.flags) == ({}, (flag,))
        assert fitted.waits_for == (table_changed(f"fields:{kind}", "salesforce"),)
    else:
        assert (fitted.body, fitted.flags) == (body, ())


# --- contact roles


@pytest.mark.parametrize(
    ("roles", "role", "flagged"),
    [
        (["Decision Maker", "Other"], "Other", False),
        (["Decision Maker", "Payer"], None, True),
        ([], None, True),
    ],
)
def test_a_role_that_the_org_does_not_have(roles: list[str], role: str | None, flagged: bool) -> None:
    page = world(references={("salesforce", "contact_roles"): roles})
    decisions = everything(page)
    assert [record.get("Role") for record in page.kind("OpportunityContactRole")] == [role]
    assert any(Flag.LEFT_OUT_ROLE in write.flags for write in writes(decisions)) is flagged
    assert writes(everything(page)) == []


def test_a_stage_that_the_org_calls_otherwise() -> None:
    rules = msgspec.structs.replace(RULES, stage_names={"Closed Won": "Gewonnen"})
    stages = {name: sobject("OpportunityStage", "", ApiName=name) for name in ("Gewonnen", "Closed Lost")}
    page = world(rules=rules, references={("salesforce", "stages"): stages})
    everything(page)
    assert [record["StageName"] for record in page.kind("Opportunity")] == ["Gewonnen"]


def test_lists_of_the_org_are_met_in_their_own_spelling() -> None:
    page = world(references={("salesforce", "fields:Account"): with_regions(REGIONS)})
    everything(page)
    (account,) = page.kind("Account")
    assert (account["BillingStateCode"], account["BillingCountryCode"]) == ("MA", "US")
