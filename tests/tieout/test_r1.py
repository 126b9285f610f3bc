"""R1: the worked figures of accounting-rules G."""

from __future__ import annotations

from decimal import Decimal

from ml_connector.tieout.r1 import InvoiceFact, LinkFact, r1
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
