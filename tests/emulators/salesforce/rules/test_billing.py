"""Revenue Cloud: invoices are taken in, posted, paid, credited and voided; what may not be is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.salesforce.orgs import Reply, TestOrg
from ml_emulators.salesforce import ActError

INGEST = "/commerce/invoicing/invoices/collection/actions/ingest"
POST = "/commerce/invoicing/invoices/collection/actions/post"
Node = dict[str, Any]


class Billed(TestOrg):
    """An org with Billing, an account with a contact, and a tax treatment."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.switches.profile = "revenue-cloud"
        self.customer = self.account(Name="Acme")
        self.contact = self.add("Contact", LastName="Roe", AccountId=self.customer)
        self.treatment = str(self.column("SELECT Id FROM TaxTreatment")[0])

    def invoice(self, **more: Any) -> Node:
        who: Node = {"billingAccountId": self.customer, "billToContactId": self.contact}
        what = {"uniqueIdentifier": "qbo-1-77", "status": "Draft", "invoiceDate": "2026-01-05"}
        return node("inv", "Invoice", **(who | what | more))

    def line(self, name: str = "l1", charge: str = "10.00", **more: Any) -> Node:
        places = {"billingAddressId": "@{bill.id}", "shippingAddressId": "@{ship.id}"}
        body: Node = {"invoiceId": "@{inv.id}", "name": "Widget", "quantity": 1, "taxTreatmentId": self.treatment}
        return node(name, "InvoiceLine", **(body | places | {"chargeAmount": Decimal(charge)} | more))

    def graph(self, *lines: Node, **head: Any) -> list[Node]:
        return [self.invoice(**head), address("bill"), address("ship"), *(lines or [self.line()])]

    def take(self, records: list[Node]) -> Reply:
        return self.post(INGEST, {"invoices": [{"records": records}]})

    def taken(self, *lines: Node, **head: Any) -> str:
        reply = self.take(self.graph(*lines, **head))
        assert reply.status == 201, reply.text
        return str(reply.body["invoiceId"])

    def posted(self, *lines: Node, key: str = "k") -> str:
        return self.taken(*lines, status="Posted", invoiceNumber="77", uniqueIdentifier=key)

    def paid(self, amount: str, status: str = "Processed") -> str:
        body = {"AccountId": self.customer, "Amount": Decimal(amount), "Status": status}
        return self.add("Payment", **body, Type="Sale", ProcessingMode="External")


def node(reference: str, kind: str, method: str = "POST", **record: Any) -> Node:
    return {"referenceId": reference, "record": {"attributes": {"type": kind, "method": method}, **record}}


def address(reference: str, **more: Any) -> Node:
    parts = {"street": "1 Main", "city": "X", "state": "CA", "postalCode": "90000", "country": "US"}
    return node(reference, "InvoiceAddressGroup", **({"invoiceId": "@{inv.id}"} | parts | more))


@pytest.fixture
def org() -> Billed:
    return Billed()


def _shown(org: Billed, invoice: str) -> tuple[Any, ...]:
    record = org.record("Invoice", invoice)
    names = ("Status", "TotalAmount", "TotalTaxAmount", "TotalAmountWithTax", "Balance", "SettlementStatus")
    return tuple(record[name] for name in names)


def test_what_billing_brings(org: Billed) -> None:
    objects = {entry["name"]: entry for entry in org.get("/sobjects").body["sobjects"]}
    rights = {
        name: tuple(objects[name][right] for right in ("createable", "updateable", "deletable"))
        for name in ("Invoice", "InvoiceLine", "CreditMemo", "Payment", "PaymentLineInvoice")
    }
    assert rights == {
        "Invoice": (False, True, False),
        "InvoiceLine": (False, True, False),
        "CreditMemo": (False, True, False),
        "Payment": (True, True, False),
        "PaymentLineInvoice": (True, False, False),
    }


def test_a_draft_with_tax_is_taken_in(org: Billed) -> None:
    tax = node("t1", "InvoiceLineTax", invoiceLineId="@{l1.id}", taxAmount=Decimal("0.80"), taxRate=8)
    invoice = org.taken(org.line("l1"), tax, org.line("l2", "5.00"))
    assert _shown(org, invoice) == ("Draft", 15, Decimal("0.8"), Decimal("15.8"), Decimal("15.8"), "Not Applicable")
    assert org.rows("SELECT ChargeAmount, TaxAmount FROM InvoiceLine ORDER BY Id") == [
        {"ChargeAmount": Decimal("10.0"), "TaxAmount": Decimal("0.8")},
        {"ChargeAmount": Decimal("5.0"), "TaxAmount": Decimal("0.0")},
    ]
    assert org.record("Invoice", invoice)["CreationMode"] == "External"


def test_the_answer_names_the_invoice(org: Billed) -> None:
    answer = org.take(org.graph()).body
    assert set(answer) == {"invoiceId", "requestIdentifier", "statusURL", "success", "errors"}
    assert (answer["success"], answer["errors"]) == (True, [])


def test_the_same_key_is_taken_in_once(org: Billed) -> None:
    first = org.taken()
    assert org.taken() == first
    assert org.column("SELECT COUNT(Id) FROM Invoice") == [1]
    org.switches.repeated_ingest = "refused"
    assert org.take(org.graph()).code == "INVALID_API_INPUT"


@pytest.mark.parametrize(("lines", "status"), [(497, 201), (498, 400)])
def test_at_most_500_records(org: Billed, lines: int, status: int) -> None:
    reply = org.take(org.graph(*(org.line(f"l{number}") for number in range(lines))))
    assert reply.status == status
    assert org.column("SELECT COUNT(Id) FROM InvoiceLine") == [lines if status == 201 else 0]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("no key", {"uniqueIdentifier": ""}),
        ("no contact", {"billToContactId": None}),
        ("posted without a number", {"status": "Posted"}),
        ("an account that is none", {"billingAccountId": "001000000000000AAA"}),
        ("no account", {"billingAccountId": None}),
        ("an unknown field", {"colour": "red"}),
        ("no date that can be read", {"invoiceDate": "soon"}),
    ],
)
def test_a_head_that_does_not_fit(org: Billed, what: str, change: dict[str, Any]) -> None:
    reply = org.take(org.graph(**change))
    assert (reply.status, reply.code) == (400, "INVALID_API_INPUT"), what
    assert org.column("SELECT Id FROM Invoice") == []


@pytest.mark.parametrize("part", ["street", "city", "state", "postalCode", "country"])
def test_every_part_of_an_address_is_needed(org: Billed, part: str) -> None:
    records = [org.invoice(), address("bill", **{part: None}), address("ship"), org.line()]
    assert org.take(records).code == "INVALID_API_INPUT"
    assert org.column("SELECT Id FROM Invoice") == []


def test_a_line_needs_a_tax_treatment_and_what_it_names_must_come_before(org: Billed) -> None:
    assert org.take(org.graph(org.line(taxTreatmentId=None))).code == "INVALID_API_INPUT"
    late = [org.invoice(), org.line(), address("bill"), address("ship")]
    assert org.take(late).code == "INVALID_API_INPUT"
    assert org.column("SELECT Id FROM Invoice") == []


@pytest.mark.parametrize("records", [[], ["x"], [{}], [{"referenceId": "a", "record": {"attributes": {}}}], None])
def test_a_body_that_is_no_graph(org: Billed, records: Any) -> None:
    assert org.take(records).code == "INVALID_API_INPUT"
    two = {"invoices": [{"records": org.graph()}, {"records": org.graph()}]}
    assert org.post(INGEST, two).code == "INVALID_API_INPUT"


def test_accounts_are_only_read_by_the_call(org: Billed) -> None:
    known = node("acc", "Account", "GET", id=org.customer)
    assert org.take([known, *org.graph(billingAccountId="@{acc.id}")]).status == 201
    for method, body in (("POST", {"name": "New"}), ("PATCH", {"id": org.customer, "name": "New"})):
        refused = org.take([node("acc", "Account", method, **body), *org.graph(uniqueIdentifier="other")])
        assert refused.code == "INVALID_API_INPUT"
    assert org.column("SELECT Name FROM Account") == ["Acme"]


def test_a_posted_invoice_is_owed_locked_and_stays(org: Billed) -> None:
    invoice = org.posted()
    assert _shown(org, invoice) == ("Posted", 10, 0, 10, 10, "Not Settled")
    line = org.column("SELECT Id FROM InvoiceLine")[0]
    assert (
        org.patch(f"/sobjects/Invoice/{invoice}", {"DueDate": "2026-02-01"}).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    )
    assert org.patch(f"/sobjects/InvoiceLine/{line}", {"ChargeAmount": 9}).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.switches.plain_billing = True
    assert org.delete(f"/sobjects/Invoice/{invoice}").code == "DELETE_FAILED"
    assert org.delete(f"/sobjects/InvoiceLine/{line}").code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_drafts_are_posted_by_a_call_all_or_none(org: Billed) -> None:
    good = org.taken(invoiceNumber="77", uniqueIdentifier="a")
    unnumbered = org.taken(uniqueIdentifier="b")
    assert org.post(POST, {"invoiceIds": [good, unnumbered]}).status == 400
    assert org.record("Invoice", good)["Status"] == "Draft"
    assert org.post(POST, {"invoiceIds": [good]}).status == 200
    assert org.post(POST, {"invoiceIds": [good]}).code == "INVALID_API_INPUT"
    assert org.patch(f"/sobjects/Invoice/{unnumbered}", {"Status": "Posted"}).code == "FIELD_INTEGRITY_EXCEPTION"


def test_payments_settle_an_invoice(org: Billed) -> None:
    invoice, payment = org.posted(), org.paid("12.00")
    url = f"/commerce/billing/payments/{payment}/actions/apply"
    assert org.post(url, {"appliedToId": invoice, "amount": 4}).status == 201
    assert _shown(org, invoice)[4:] == (6, "Partially Settled")
    assert org.post(url, {"appliedToId": invoice, "amount": 7}).code == "INVALID_API_INPUT"
    application = {"PaymentId": payment, "InvoiceId": invoice, "Amount": 6, "Type": "Applied"}
    org.add("PaymentLineInvoice", **application)
    assert _shown(org, invoice)[4:] == (0, "Settled")
    assert org.record("Payment", payment)["Balance"] == 2
    org.add("PaymentLineInvoice", **(application | {"Type": "Unapplied"}))
    assert _shown(org, invoice)[4:] == (6, "Partially Settled")
    assert org.column("SELECT HasBeenUnapplied FROM PaymentLineInvoice ORDER BY Id") == ["No", "Yes", "NA"]
    assert org.post("/sobjects/PaymentLineInvoice", application | {"Type": "Unapplied"}).code == "INVALID_API_INPUT"


@pytest.mark.parametrize(
    ("way", "last"),
    [
        (["Draft", "Processed", "Canceled"], 204),
        (["Draft", "Canceled"], 204),
        (["Processed", "Draft"], 400),
        (["Processed", "Canceled", "Processed"], 400),
    ],
)
def test_the_states_of_a_payment(org: Billed, way: list[str], last: int) -> None:
    payment = org.paid("5.00", way[0])
    answers = [org.patch(f"/sobjects/Payment/{payment}", {"Status": state}).status for state in way[1:]]
    assert answers == [204] * (len(way) - 2) + [last]


def test_a_draft_payment_settles_nothing(org: Billed) -> None:
    body = {"PaymentId": org.paid("5.00", "Draft"), "InvoiceId": org.posted(), "Amount": 5, "Type": "Applied"}
    assert org.post("/sobjects/PaymentLineInvoice", body).code == "FIELD_INTEGRITY_EXCEPTION"


def test_a_credit_and_a_void_from_the_screens(org: Billed) -> None:
    credited, voided = org.posted(key="a"), org.posted(key="b")
    org.act("credit_invoice", "", Id=credited, Amount="4.00")
    assert _shown(org, credited)[4:] == (6, "Partially Settled")
    memo = org.rows("SELECT Status, TotalAmount, Balance, ReferenceEntityId FROM CreditMemo")
    assert memo == [{"Status": "Posted", "TotalAmount": 4, "Balance": 0, "ReferenceEntityId": credited}]
    with pytest.raises(ActError, match="INVALID_API_INPUT"):
        org.act("void_invoice", "", Id=credited)
    org.act("void_invoice", "", Id=voided)
    assert _shown(org, voided) == ("Voided", 10, 0, 10, 0, "Not Applicable")
    with pytest.raises(ActError, match="INVALID_API_INPUT"):
        org.act("credit_invoice", "", Id=voided)


def test_without_the_licence_or_in_an_old_version_the_calls_are_not_there(org: Billed) -> None:
    old = "/services/data/v62.0" + INGEST
    assert org.post(old, {"invoices": [{"records": org.graph()}]}).status == 404
    org.switches.profile = "enterprise"
    assert org.take(org.graph()).status == 404
    assert org.get(INGEST).status == 404


def test_plain_creation_is_a_switch(org: Billed) -> None:
    body = {"BillingAccountId": org.customer, "InvoiceDate": "2026-01-05"}
    assert org.post("/sobjects/Invoice", body).status == 400
    org.switches.plain_billing = True
    invoice = org.add("Invoice", **body)
    org.add("InvoiceLine", InvoiceId=invoice, ChargeAmount=3)
    assert _shown(org, invoice)[:2] == ("Draft", 3)
    assert org.delete(f"/sobjects/Invoice/{invoice}").status == 204


def test_rights_count_for_the_calls(org: Billed) -> None:
    org.act("set_object_rights", "", object="Invoice", create=False)
    assert org.take(org.graph()).code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_an_org_with_one_currency_bills_too(org: Billed) -> None:
    org.switches.multicurrency = False
    assert _shown(org, org.posted())[0] == "Posted"


def test_invoices_tell_of_no_changes_and_are_polled(org: Billed) -> None:
    invoice = org.posted()
    kind = next(entry for entry in org.get("/sobjects").body["sobjects"] if entry["name"] == "Invoice")
    assert kind["replicateable"] is True
    assert org.column("SELECT Id FROM Invoice WHERE SystemModstamp >= 2026-01-05T00:00:00Z") == [invoice]
    assert org.get("/sobjects/InvoiceChangeEvent/eventSchema").status == 404


_CENTS = st.integers(min_value=1, max_value=100_000).map(lambda cents: Decimal(cents) / 100)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    charges=st.lists(_CENTS, min_size=1, max_size=5),
    steps=st.lists(st.tuples(st.sampled_from(["pay", "credit", "unpay"]), _CENTS), max_size=8),
)
def test_what_is_owed_is_what_was_charged_less_what_was_paid_and_credited(
    charges: list[Decimal], steps: list[tuple[str, Decimal]]
) -> None:
    org = Billed()
    invoice = org.posted(*(org.line(f"l{number}", str(charge)) for number, charge in enumerate(charges)))
    payment, owed = org.paid("1000000"), sum(charges, Decimal(0))
    applied: list[Decimal] = []
    for what, some in steps:
        if what == "credit":
            assert _credited(org, invoice, some) is (some <= owed)
            owed -= some if some <= owed else 0
            continue
        fits = some <= owed if what == "pay" else some in applied
        body = {"PaymentId": payment, "InvoiceId": invoice, "Amount": some}
        kind = "Applied" if what == "pay" else "Unapplied"
        assert (org.post("/sobjects/PaymentLineInvoice", body | {"Type": kind}).status == 201) is fits
        if fits:
            (applied.append if what == "pay" else applied.remove)(some)
            owed += -some if what == "pay" else some
    assert _shown(org, invoice)[4] == owed
    assert org.record("Payment", payment)["Balance"] == Decimal(1_000_000) - sum(applied)


def _credited(org: Billed, invoice: str, some: Decimal) -> bool:
    try:
        org.act("credit_invoice", "", Id=invoice, Amount=str(some))
    except ActError:
        return False
    return True
