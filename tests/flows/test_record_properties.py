"""Odd but well-formed records: no decision crashes, and what was decided once rests (P5, DESIGN section 7)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.flows.invoices import invoice_to_opportunity
from ml_connector.flows.parties import account_to_customer, customer_to_account
from ml_connector.model.holds import CODES
from ml_connector.model.plans import Hold, Refused, Write
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks import records as quickbooks
from ml_connector.systems.salesforce.records import WRITTEN, Object, SObject
from support.context import REGIONS, RULES, World, settle, shown, sobject, with_regions, writes

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ACCOUNT, OTHER = "001000000000001AAA", "001000000000002AAA"
KEY = f"{RULES.realm_id}:1"

odd = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
names = st.one_of(
    odd, st.sampled_from(["Acme", "acme inc", "ACME, Inc. (deleted)", ":", "A" * 260, "A" * 501, "Acme: North"])
)
phones = st.sampled_from(["", "617-555-0100", "+49 30 901820", "ask for Bob", "1" * 31, "1" * 45])
sites = st.sampled_from(["", "acme.com", "https://www.acme.com/", "http://x", "w" * 300])
mails = st.one_of(
    st.sampled_from(["", "ap@acme.com", "a@b.c; d@e.f", "AP@ACME.COM", "no address", "l" * 90 + "@x.com"]), odd
)
countries = st.sampled_from(["", "US", "USA", "United States", "DE", "Atlantis"])
states = st.sampled_from(["", "MA", "Massachusetts", "ma"])
currencies = st.sampled_from(["", "USD", "EUR", "SEK"])
amounts = st.decimals(-(10**9), 10**9, places=2, allow_nan=False, allow_infinity=False)
parts = st.sampled_from(["", "1 Road", "1 Road\nFloor 2", "x" * 300, "  ", "Łódź"])


@st.composite
def addresses(draw: st.DrawFn) -> quickbooks.Address | None:
    if draw(st.booleans()):
        return None
    return quickbooks.Address(
        line1=draw(parts), line2=draw(parts), city=draw(parts), country_sub_division_code=draw(states),
        postal_code=draw(st.sampled_from(["", "02110", "SW1A 1AA"])), country=draw(countries),
    )  # fmt: skip


@st.composite
def customers(draw: st.DrawFn) -> quickbooks.Customer:
    mail, currency = draw(mails), draw(currencies)
    return quickbooks.Customer(
        id="1", sync_token="0", display_name=draw(names), given_name=draw(odd), family_name=draw(odd),
        active=draw(st.booleans()), balance=draw(amounts), is_project=draw(st.sampled_from([False, False, True])),
        primary_email_addr=quickbooks.Email(address=mail) if mail else None,
        primary_phone=quickbooks.Phone(free_form_number=draw(phones)), web_addr=quickbooks.Web(uri=draw(sites)),
        bill_addr=draw(addresses()), ship_addr=draw(addresses()), bill_with_parent=draw(st.booleans()),
        currency_ref=quickbooks.Reference(value=currency) if currency else None,
        parent_ref=draw(st.sampled_from([None, quickbooks.Reference(value="1"), quickbooks.Reference(value="2")])),
        level=draw(st.integers(0, 6)),
    )  # fmt: skip


LISTED = [("", ""), ("US", ""), ("US", "MA"), ("US", "CA"), ("DE", "BW"), ("GB", "")]


@st.composite
def accounts(draw: st.DrawFn, *, listed: bool) -> SObject:
    """One account; `listed` in an org that keeps states and countries as picklists."""
    fields: dict[str, Any] = {"Name": draw(names) or "x", "Phone": draw(phones) or None, "Website": draw(sites) or None}
    for place in ("Billing", "Shipping"):
        fields |= {f"{place}Street": draw(parts), f"{place}City": draw(parts), f"{place}State": draw(states)}
        fields |= {f"{place}PostalCode": draw(st.sampled_from([None, "02110"])), f"{place}Country": draw(countries)}
        if listed:
            country, state = draw(st.sampled_from(LISTED))
            fields |= {f"{place}CountryCode": country or None, f"{place}StateCode": state or None}
            fields |= {f"{place}Country": country or None, f"{place}State": state or None}
    fields |= {
        "QBO_Ready__c": draw(st.booleans()),
        "QBO_Billing_Email__c": draw(mails),
        "CurrencyIsoCode": draw(currencies),
    }
    fields["QBO_Id__c"] = draw(st.sampled_from([None, None, KEY, "999:1", "nonsense"]))
    fields["ParentId"] = draw(st.sampled_from([None, None, OTHER, ACCOUNT]))
    return sobject("Account", ACCOUNT, **fields)


agreements = st.dictionaries(
    st.sampled_from(["name", "phone", "website", "billing_address", "shipping_address", "balance", "billing_email"]),
    st.one_of(st.none(), odd),
)


OPTIONAL = [name for name, rule in WRITTEN["Account"].items() if not rule.needed and not name.endswith("Code")]
some_fields = st.sets(st.sampled_from(OPTIONAL), max_size=3)


def refusing(names: Collection[str], table: Object) -> Callable[[Write], Refused | None]:
    """An org that takes no field that its describe hides or locks, and nothing in these others."""

    def refuses(write: Write) -> Refused | None:
        if write.kind != "Account":
            return None
        for name in write.body:
            field = table.field(name)
            assert field is not None, f"{name} is hidden"
            assert field.createable if write.action == "upsert" else field.updateable, f"{name} is read-only"
        named = tuple(name for name in write.body if name.removesuffix("Code") in names)
        return Refused("FIELD_INTEGRITY_EXCEPTION", "No.", named) if named else None

    return refuses


@st.composite
def worlds(draw: st.DrawFn) -> World:
    listed = draw(st.booleans())
    rights = {"hidden": draw(some_fields), "locked": draw(some_fields)}
    table = with_regions(REGIONS, **rights) if listed else shown("Account", **rights)
    account = draw(accounts(listed=listed))
    seen = {name: value for name, value in account.fields.items() if name in table}
    world = World(
        draw(customers()),
        quickbooks.Customer(id="2", display_name="Mother", sync_token="0"),
        SObject("Account", ACCOUNT, seen),
        sobject("Account", OTHER, Name="Mother"),
        references={
            ("salesforce", "matching"): None,
            ("quickbooks", "matching"): None,
            ("salesforce", "fields:Account"): table,
        },
        refuses=refusing(draw(some_fields), table),
    )
    if draw(st.booleans()):
        world.link(
            Role.ACCOUNT, Ref("quickbooks", "Customer", "1"), Ref("salesforce", "Account", ACCOUNT), draw(agreements)
        )
    if draw(st.booleans()):
        world.link(Role.ACCOUNT, Ref("quickbooks", "Customer", "2"), Ref("salesforce", "Account", OTHER))
    return world


def _known(decision: object) -> bool:
    return not isinstance(decision, Hold) or decision.code in CODES


@QUIET
@given(worlds())
def test_customers_and_accounts_come_to_rest_together(world: World) -> None:
    customer, account = Ref("quickbooks", "Customer", "1"), Ref("salesforce", "Account", ACCOUNT)
    ends = [
        settle(customer_to_account.FLOW, customer, world)[-1],
        settle(account_to_customer.FLOW, account, world)[-1],
        settle(customer_to_account.FLOW, customer, world)[-1],
    ]
    assert all(map(_known, ends))
    for flow, ref in ((account_to_customer.FLOW, account), (customer_to_account.FLOW, customer)):
        assert writes(settle(flow, ref, world)) == []


def references(*ids: str) -> st.SearchStrategy[quickbooks.Reference | None]:
    return st.sampled_from([None, *(quickbooks.Reference(value=each, name=name) for each in ids for name in ("", "N"))])


@st.composite
def lines(draw: st.DrawFn) -> quickbooks.Line:
    ref = draw(
        st.sampled_from([None, quickbooks.Reference(value="300"), quickbooks.Reference(value="404", name="Gone")])
    )
    detail = quickbooks.SalesItemLineDetail(class_ref=ref) if draw(st.booleans()) else None
    return quickbooks.Line(amount=draw(st.one_of(st.none(), amounts)), sales_item_line_detail=detail)


@st.composite
def invoices(draw: st.DrawFn) -> quickbooks.Invoice:
    currency, total = draw(currencies), draw(amounts)
    days = st.one_of(st.none(), st.dates(date(1990, 1, 1), date(2090, 1, 1)))
    linked = draw(st.lists(st.sampled_from(["9", "10", "404"]), max_size=3))
    return quickbooks.Invoice(
        id="7", doc_number=draw(st.one_of(st.just(""), odd)),
        total_amt=total, balance=draw(st.one_of(amounts, st.just(total))),
        txn_tax_detail=quickbooks.TxnTaxDetail(total_tax=draw(amounts)), txn_date=draw(days), due_date=draw(days),
        customer_ref=draw(references("1", "3")),
        currency_ref=quickbooks.Reference(value=currency) if currency else None,
        exchange_rate=draw(st.sampled_from([None, Decimal("1.0850"), Decimal(0)])),
        department_ref=draw(references("11", "404")),
        line=tuple(draw(st.lists(lines(), max_size=4))),
        private_note=draw(st.one_of(odd, st.just("SF-ORD:42"), st.just("Voided"))),
        linked_txn=tuple(quickbooks.LinkedTxn(txn_id=key, txn_type="Payment") for key in linked),
        bill_email=quickbooks.Email(address=draw(mails)),
        meta_data=quickbooks.Meta(create_time=datetime(2026, 1, 1, tzinfo=UTC)),
    )  # fmt: skip


def invoice_world(invoice: quickbooks.Invoice, single: bool, owner: str | None) -> World:
    credit = tuple(
        quickbooks.PaymentLine(amount=Decimal(5), linked_txn=(quickbooks.LinkedTxn(txn_id=key, txn_type=kind),))
        for key, kind in (("7", "Invoice"), ("8", "CreditMemo"))
    )
    world = World(
        invoice,
        quickbooks.Payment(id="9", total_amt=Decimal(0), line=credit),
        quickbooks.Payment(id="10", total_amt=Decimal(5), line=credit[:1]),
        quickbooks.CreditMemo(id="8", total_amt=Decimal(5)),
        quickbooks.Customer(id="1", display_name="Acme"),
        quickbooks.Customer(id="3", display_name="P", is_project=True, parent_ref=quickbooks.Reference(value="1")),
        sobject("Account", ACCOUNT, Name="Acme"),
        sobject("Order", "801000000000001AAA", OrderNumber="42", AccountId=ACCOUNT, OpportunityId="006000000000009AAA"),
        sobject("Opportunity", "006000000000009AAA", Name="Deal", CurrencyIsoCode="USD", QBO_Id__c=owner),
        references={("salesforce", "currencies"): {}} if single else {},
    )
    world.references["quickbooks", "departments"] = {
        "11": quickbooks.Department(id="11", fully_qualified_name="E" * 300)
    }
    world.references["quickbooks", "classes"] = {"300": quickbooks.Class(id="300", fully_qualified_name="SaaS")}
    world.link(
        Role.ACCOUNT, Ref("quickbooks", "Customer", "1"), Ref("salesforce", "Account", ACCOUNT), {"name": "Acme"}
    )
    return world


@QUIET
@given(invoices(), st.booleans(), st.sampled_from([None, None, f"{RULES.realm_id}:7", f"{RULES.realm_id}:8"]))
def test_invoices_come_to_rest_and_then_are_deleted(
    invoice: quickbooks.Invoice, single: bool, owner: str | None
) -> None:
    world = invoice_world(invoice, single, owner)
    flow = invoice_to_opportunity.FLOW
    assert _known(settle(flow, invoice.ref, world)[-1])
    assert writes(settle(flow, invoice.ref, world)) == []
    shown = {each.id: each["QBO_Invoiced_Net__c"] for each in world.kind("Opportunity")}
    del world.records[invoice.ref]
    settle(flow, invoice.ref, world)
    assert writes(settle(flow, invoice.ref, world)) == []
    for link in [link for link in world.links.values() if link.role == Role.OPPORTUNITY]:
        after = world.records[link.target]
        assert not after["QBO_Invoiced_Net__c"], shown
        assert after["QBO_Status__c"] == "DELETED"
