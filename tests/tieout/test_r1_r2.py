"""The worked figures of accounting-rules G."""

from __future__ import annotations

from decimal import Decimal

from ml_connector.tieout.r1 import InvoiceFact, LinkFact, r1
from ml_connector.tieout.r2 import EntryFact, OrderFact, r2
from ml_connector.tieout.report import Cell

EAST, WEST, NONE = (Cell("2026-11", "USD", name) for name in ("East", "West", "-"))


def _pair(name: str, cell: Cell, net: str, linked: str | None = None) -> tuple[InvoiceFact, LinkFact]:
    return (
        InvoiceFact(name, cell, Decimal(net), "OPEN"),
        LinkFact(name, f"opp {name}", cell, Decimal(linked or net), "OPEN"),
    )


def test_november_of_the_reference() -> None:
    pairs = [
        _pair("1001", EAST, "44010.55"),
        _pair("1050", WEST, "3000.00", "3500.00"),
        _pair("1051", WEST, "15400.00"),
        _pair("1052", NONE, "1250.00"),
    ]
    invoices = [invoice for invoice, _ in pairs] + [InvoiceFact("1043", EAST, Decimal("1200.00"), "OPEN")]
    links = [link for _, link in pairs]
    report = r1(invoices, links, {link.opportunity: link.net for link in links}, ["2026-11"])
    shown = [
        (row.cell.department, row.quickbooks, row.salesforce, row.explained, row.unexplained) for row in report.rows
    ]
    assert shown == [
        ("-", Decimal("1250.00"), Decimal("1250.00"), Decimal("0.00"), Decimal("0.00")),
        ("East", Decimal("45210.55"), Decimal("44010.55"), Decimal("1200.00"), Decimal("0.00")),
        ("West", Decimal("18400.00"), Decimal("18900.00"), Decimal("-500.00"), Decimal("0.00")),
    ]
    (total,) = report.totals()
    assert (total.quickbooks, total.salesforce, total.explained) == (
        Decimal("64860.55"),
        Decimal("64160.55"),
        Decimal("700.00"),
    )
    assert [(item.reason, item.record, item.amount) for item in total.items] == [
        ("U1", "1043", Decimal("1200.00")),
        ("U3", "1050", Decimal("-500.00")),
    ]
    assert report.agrees


def test_an_amount_changed_in_salesforce_is_unexplained() -> None:
    invoice, link = _pair("1001", EAST, "100.00")
    report = r1([invoice], [link], {link.opportunity: Decimal("90.00")}, ["2026-11"])
    assert report.rows[0].unexplained == Decimal("10.00")
    assert report.notes == ["U6 salesforce:Opportunity:opp 1001: field 90.00, links 100.00"]
    assert not report.agrees


def test_an_invoice_that_moved_to_another_department_counts_in_both() -> None:
    invoice = InvoiceFact("7", WEST, Decimal("100.00"), "OPEN")
    link = LinkFact("7", "opp", EAST, Decimal("100.00"), "OPEN")
    report = r1([invoice], [link], {"opp": Decimal("100.00")}, ["2026-11"])
    assert [(row.cell.department, row.explained, row.unexplained) for row in report.rows] == [
        ("East", Decimal("-100.00"), Decimal("0.00")),
        ("West", Decimal("100.00"), Decimal("0.00")),
    ]


def test_a_deleted_invoice_whose_opportunity_still_counts_is_u2() -> None:
    link = LinkFact("7", "opp", EAST, Decimal("100.00"), "OPEN")
    report = r1([], [link], {"opp": Decimal("100.00")}, ["2026-11"])
    assert [(item.reason, item.amount) for item in report.rows[0].items] == [("U2", Decimal("-100.00"))]
    assert report.agrees


def test_two_invoices_share_one_opportunity() -> None:
    invoices = [InvoiceFact(str(n), EAST, Decimal("12000.00"), "OPEN") for n in (1, 2)]
    links = [LinkFact(str(n), "opp", EAST, Decimal("12000.00"), "OPEN") for n in (1, 2)]
    report = r1(invoices, links, {"opp": Decimal("24000.00")}, ["2026-11"])
    assert report.agrees
    assert report.rows[0].salesforce == Decimal("24000.00")


def _entry(key: str, account: str, amount: str) -> EntryFact:
    return EntryFact(key, f"entry {key}", "2026-11", "USD", {f"{account}|East|SaaS": Decimal(amount)})


def test_orders_and_entries() -> None:
    posted, held = _entry("a", "2450", "912.40"), OrderFact("o2", "USD", Decimal("9000.00"), "held")
    report = r2([posted], [posted], [OrderFact("o1", "USD", Decimal("912.40"), "posted"), held])
    assert report.agrees
    assert report.completeness[0].amounts["activated"] == Decimal("9912.40")


def test_an_entry_in_another_account_is_a_difference_in_both_lines() -> None:
    report = r2([_entry("a", "2450", "912.40")], [_entry("a", "4000", "912.40")], [])
    assert [row.unexplained for row in report.rows] == [Decimal("-912.40"), Decimal("912.40")]
    assert not report.agrees


def test_an_entry_no_order_expects_is_named_and_not_explained() -> None:
    report = r2([], [_entry("z", "2450", "5.00")], [])
    assert report.notes == ["entry z is in QuickBooks, no order expects it"]
    assert report.rows[0].unexplained == Decimal("5.00")


def test_an_order_posted_in_part_counts_with_each_part_where_it_stands() -> None:
    """Two of three parts, 600.00 of 900.00, are in the books; the order is held for the third."""
    parts = [_entry("a|01", "2450", "400.00"), _entry("a|02", "2450", "200.00")]
    order = OrderFact("o1", "USD", Decimal("900.00"), "held", Decimal("600.00"))
    report = r2(parts, parts, [order, OrderFact("o2", "USD", Decimal("50.00"), "posted")])
    assert report.agrees
    (counted,) = report.completeness
    assert (counted.activated, counted.posted, counted.held) == (2, 1, 1)
    assert {name: counted.amounts[name] for name in ("activated", "posted", "held")} == {
        "activated": Decimal("950.00"), "posted": Decimal("650.00"), "held": Decimal("300.00"),
    }  # fmt: skip


def test_an_order_in_no_state_breaks_completeness() -> None:
    report = r2([], [], [OrderFact("o1", "USD", Decimal("5.00"), "lost")])
    assert not report.agrees
