"""Status, paid share, credits, classes and sums of invoices (accounting-rules D.2, D.4, D.8)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.accounting.invoice_status import credited_net, had_value, paid_percent, status_of
from ml_connector.flows.invoices import dims as invoice_dims
from ml_connector.flows.invoices.opportunity_entries import Entry, joint_status, kept, qbo_fields
from ml_connector.model.plans import NeedRecord
from ml_connector.model.refs import Ref
from ml_connector.systems.quickbooks.records import (
    CreditMemo,
    Invoice,
    Line,
    LinkedTxn,
    Payment,
    PaymentLine,
    Reference,
    TxnTaxDetail,
)
from support.context import TODAY, MemoryContext, World


def amount(text: str) -> Decimal:
    return Decimal(text)


def invoice(total: str, balance: str, due: date | None = None, note: str = "") -> Invoice:
    return Invoice(
        id="7", total_amt=amount(total), balance=amount(balance), due_date=due, txn_date=date(2026, 11, 10),
        private_note=note, currency_ref=Reference(value="USD"),
    )  # fmt: skip


def payment(total: str, *lines: tuple[str, str, str], key: str = "9") -> Payment:
    """Lines are amount, type and id of what they are applied to."""
    applied = tuple(
        PaymentLine(amount=amount(money), linked_txn=(LinkedTxn(txn_id=linked, txn_type=kind),))
        for money, kind, linked in lines
    )
    return Payment(id=key, total_amt=amount(total), line=applied)


CASH = payment("80", ("80", "Invoice", "7"))
CREDIT = payment("0", ("100", "Invoice", "7"), ("100", "CreditMemo", "8"), key="10")
YESTERDAY, TOMORROW = date(2026, 11, 21), date(2026, 11, 23)


@pytest.mark.parametrize(
    ("of", "payments", "status"),
    [
        (invoice("0", "0", note="Voided - twice"), [], "VOIDED"),
        (invoice("0", "0", note="voided"), [], "VOIDED"),
        (invoice("0", "0", note="free sample"), [], "PAID"),
        (invoice("100", "0"), [CREDIT], "CREDITED"),
        (invoice("100", "0"), [CREDIT, CASH], "PAID"),
        (invoice("100", "0"), [CASH], "PAID"),
        (invoice("100", "0"), [], "PAID"),
        (invoice("100", "100", YESTERDAY), [], "OVERDUE"),
        (invoice("100", "20", YESTERDAY), [CASH], "OVERDUE"),
        (invoice("100", "100", None), [], "OVERDUE"),
        (invoice("100", "20", TODAY), [CASH], "PARTIAL"),
        (invoice("100", "100", TODAY), [], "OPEN"),
        (invoice("100", "100", TOMORROW), [], "OPEN"),
    ],
)
def test_status(of: Invoice, payments: list[Payment], status: str) -> None:
    assert status_of(of, payments, TODAY) == status


NOTES = st.text(max_size=40) | st.sampled_from(["Voided", "voided - dup", "VOID", "Annulé", "Storniert", "作废", ""])


@given(NOTES)
def test_a_note_says_nothing_of_what_was_worth_something(note: str) -> None:
    """Once it had a net and has none on any line, it is voided, in any language; with amounts, never."""
    assert status_of(invoice("0", "0", note=note), [], TODAY, had_value=True) == "VOIDED"
    assert status_of(invoice("100", "0", note=note), [], TODAY, had_value=True) == "PAID"
    assert status_of(invoice("100", "40", TOMORROW, note=note), [], TODAY, had_value=True) == "PARTIAL"


@pytest.mark.parametrize(
    ("agreed", "expected"),
    [
        ({}, False),
        ({"total": "0.00", "net": "0.00", "status": "PAID"}, False),
        ({"net": "0.00", "status": "VOIDED"}, True),
        ({"net": "0.00", "status": "DELETED"}, True),
        ({"net": "12.00", "status": "OPEN"}, True),
        ({"total": "1.05", "net": "0.00", "tax": "1.05", "status": "PAID"}, True),
        ({"net": "0.00", "voided_net": "9.00", "status": "PAID"}, True),
        ({"net": None, "status": None}, False),
    ],
)
def test_what_a_link_remembers_of_a_value(agreed: dict[str, str | None], expected: bool) -> None:
    assert had_value(agreed) is expected


@pytest.mark.parametrize(
    ("total", "balance", "percent"),
    [
        ("1088.00", "388.00", "64.34"),
        ("100", "100", "0.00"),
        ("3", "2", "33.33"),
        ("0", "0", None),
        ("100", "0", "100.00"),
    ],
)
def test_paid_percent(total: str, balance: str, percent: str | None) -> None:
    assert paid_percent(amount(total), amount(balance)) == (amount(percent) if percent else None)


def credited(*payments: Payment) -> Decimal:
    memo = CreditMemo(id="8", total_amt=amount("217.60"), txn_tax_detail=TxnTaxDetail(total_tax=amount("17.60")))
    context = MemoryContext(World(memo))
    context.load([NeedRecord(Ref("quickbooks", "CreditMemo", "8"))])
    return credited_net(invoice("500", "0"), payments, context)


@pytest.mark.parametrize(
    ("lines", "total", "net"),
    [
        ([("217.60", "Invoice", "7"), ("217.60", "CreditMemo", "8")], "0", "200.00"),
        ([("108.80", "Invoice", "7"), ("108.80", "CreditMemo", "8")], "0", "100.00"),
        ([("54.40", "Invoice", "7"), ("163.20", "Invoice", "6"), ("217.60", "CreditMemo", "8")], "0", "50.00"),
        ([("217.60", "Invoice", "7"), ("108.80", "CreditMemo", "8")], "108.80", "100.00"),
        ([("217.60", "Invoice", "7")], "217.60", "0.00"),
    ],
)
def test_credited_net_leaves_tax_and_cash_out(lines: list[tuple[str, str, str]], total: str, net: str) -> None:
    assert credited(payment(total, *lines)) == amount(net)


def test_lines_of_a_bundle_count_and_subtotals_do_not() -> None:
    text = """{"Id": "1", "TotalAmt": 30, "Balance": 30, "Line": [
      {"Amount": 20, "DetailType": "GroupLineDetail", "GroupLineDetail": {"Line": [
        {"Amount": 20, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ClassRef": {"value": "3"}}}]}},
      {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}},
      {"Amount": 30, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}]}"""
    lines: tuple[Line, ...] = msgspec.json.decode(text, type=Invoice).line
    assert [line.amount for line in invoice_dims.sold(lines)] == [20, 10]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["SaaS", "Services"], "SaaS;Services"),
        ([], ""),
        (["A" * 250, "B" * 10, "C"], "A" * 250 + ";+2"),
        (["A" * 126, "B" * 126], "A" * 126 + ";" + "B" * 126),
        (["A" * 254, "B"], "+2"),
    ],
)
def test_list_of_classes(names: list[str], text: str) -> None:
    assert invoice_dims.listed(names) == text
    assert len(text) <= 255


@pytest.mark.parametrize(
    ("statuses", "joint"),
    [
        (["OPEN", "OPEN"], "OPEN"),
        (["PAID", "OPEN"], "PARTIAL"),
        (["PAID", "OVERDUE"], "OVERDUE"),
        (["PAID", "CREDITED"], "PAID"),
        (["PAID", "VOIDED"], "PAID"),
        (["VOIDED", "DELETED"], "VOIDED"),
        (["DELETED"], "DELETED"),
        (["CREDITED", "OPEN"], "PARTIAL"),
    ],
)
def test_status_of_several_invoices(statuses: list[str], joint: str) -> None:
    assert joint_status(statuses) == joint == joint_status(list(reversed(statuses)))


ENTRY = Entry(
    number="1043", status="OPEN", currency="USD", department="East", total=amount("1088"), tax=amount("88"),
    balance=amount("1088"), net=amount("1000"), txn_date=date(2026, 11, 10), due_date=date(2026, 12, 10),
)  # fmt: skip


def test_an_entry_survives_its_link() -> None:
    agreed = ENTRY.agreed()
    assert {name: agreed[name] for name in ("net", "txn_date", "currency", "department", "status")} == {
        "net": "1000.00",
        "txn_date": "2026-11-10",
        "currency": "USD",
        "department": "East",
        "status": "OPEN",
    }
    assert kept({**agreed, "emails": "abc"}).agreed() == agreed
    assert kept({}) == Entry()


def test_an_ended_invoice_keeps_what_it_was_worth_once() -> None:
    voided = ENTRY.ended("VOIDED")
    assert [voided.net, voided.total, voided.voided_net] == [amount("0"), amount("0"), amount("1000")]
    assert kept(voided.agreed()).ended("DELETED").voided_net == 1000


def test_the_sum_over_invoices() -> None:
    other = kept(
        {"net": "500.00", "total": "500.00", "balance": "0.00", "currency": "USD", "status": "PAID", "number": "99"}
    )
    fields = qbo_fields([ENTRY, other])
    assert fields["QBO_Invoiced_Net__c"] == amount("1500.00")
    assert fields["QBO_Invoice_Number__c"] == "99, 1043"
    assert fields["QBO_Status__c"] == "PARTIAL"
    assert fields["QBO_Due_Date__c"] == "2026-12-10"
    assert fields == qbo_fields([other, ENTRY])


def test_many_numbers_are_counted() -> None:
    entries = [kept({"number": str(number), "status": "OPEN", "currency": "USD"}) for number in range(1000, 1010)]
    assert qbo_fields(entries)["QBO_Invoice_Number__c"] == "1000, 1001, 1002, 1003, +6"
