"""R1: the worked figures of accounting-rules G, and what must never pass as agreement."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.tieout.r1 import InvoiceFact, LinkFact, OpportunityFact, r1
from ml_connector.tieout.report import Cell, Report

EAST, WEST, NONE = (Cell("2026-11", "USD", name) for name in ("East", "West", "-"))
NOVEMBER = ["2026-11"]


def invoice(name: str, net: str, cell: Cell = EAST, **more: Any) -> InvoiceFact:
    return InvoiceFact(record=name, cell=cell, net=Decimal(net), **{"status": "OPEN", **more})


def link(name: str, net: str, cell: Cell = EAST, **more: Any) -> LinkFact:
    given = {"status": "OPEN", "opportunity": f"opp {name}", "number": name, "key": f"1:{name}", **more}
    return LinkFact(record=name, cell=cell, net=Decimal(net), **given)


def opportunity(name: str, net: str | None, cell: Cell = EAST, **more: Any) -> OpportunityFact:
    given = {"status": "OPEN", "number": name, "key": f"1:{name}", **more}
    return OpportunityFact(id=f"opp {name}", cell=cell, net=None if net is None else Decimal(net), **given)


def shown_by(links: Sequence[LinkFact]) -> list[OpportunityFact]:
    return [opportunity(each.record, str(each.net), each.cell) for each in links]


def named(report: Report) -> list[tuple[str, str, Decimal]]:
    return [(item.reason, item.record, item.amount) for row in report.rows for item in row.items]


def test_november_of_the_reference() -> None:
    invoices = [
        invoice("1001", "44010.55"),
        invoice("1050", "3000.00", WEST),
        invoice("1051", "15400.00", WEST),
        invoice("1052", "1250.00", NONE),
        invoice("1043", "1200.00"),
    ]
    links = [
        link("1001", "44010.55"), link("1050", "3500.00", WEST), link("1051", "15400.00", WEST),
        link("1052", "1250.00", NONE),
    ]  # fmt: skip
    report = r1(invoices, links, shown_by(links), NOVEMBER)
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
    assert named(report) == [("U1", "1043", Decimal("1200.00")), ("U3", "1050", Decimal("-500.00"))]
    assert (report.adds_up, report.agrees) == (True, False), "explained, but nobody has ended it"


def test_what_is_the_same_agrees() -> None:
    links = [link("1001", "100.00"), link("1002", "0.00")]
    report = r1([invoice("1001", "100.00"), invoice("1002", "0.00")], links, shown_by(links), NOVEMBER)
    assert (report.agrees, named(report)) == (True, [])


def test_an_amount_changed_in_salesforce_is_unexplained() -> None:
    report = r1([invoice("1001", "100.00")], [link("1001", "100.00")], [opportunity("1001", "90.00")], NOVEMBER)
    assert report.rows[0].unexplained == Decimal("10.00")
    assert [(item.reason, item.record, item.says) for item in report.rows[0].items] == [
        ("U6", "salesforce:Opportunity:opp 1001", "field 90.00, links 100.00")
    ]
    assert not report.adds_up


def test_every_decimal_that_salesforce_keeps_is_compared() -> None:
    report = r1([invoice("1001", "100.00")], [link("1001", "100.00")], [opportunity("1001", "100.005")], NOVEMBER)
    assert report.rows[0].unexplained == Decimal("-0.005")


def test_an_invoice_that_moved_to_another_department_counts_in_both() -> None:
    report = r1([invoice("7", "100.00", WEST)], [link("7", "100.00")], [opportunity("7", "100.00")], NOVEMBER)
    assert [(row.cell.department, row.explained, row.unexplained) for row in report.rows] == [
        ("East", Decimal("-100.00"), Decimal("0.00")),
        ("West", Decimal("100.00"), Decimal("0.00")),
    ]
    assert [name for name, _, _ in named(report)] == ["U2", "U1"]


def test_a_deleted_invoice_whose_opportunity_still_counts_is_u2() -> None:
    report = r1([], [link("7", "100.00")], [opportunity("7", "100.00")], NOVEMBER)
    assert named(report) == [("U2", "7", Decimal("-100.00"))]
    assert (report.adds_up, report.agrees) == (True, False)


def test_a_deleted_invoice_whose_opportunity_is_worth_nothing_is_at_rest() -> None:
    ended = [link("7", "0.00", status="DELETED")]
    assert r1([], ended, [opportunity("7", "0.00", status="DELETED")], NOVEMBER).agrees


def test_two_invoices_share_one_opportunity() -> None:
    invoices = [invoice(str(n), "12000.00") for n in (1, 2)]
    links = [link(str(n), "12000.00", opportunity="opp both", key="") for n in (1, 2)]
    report = r1(invoices, links, [opportunity("both", "24000.00", key="", status="OPEN")], NOVEMBER)
    assert report.agrees
    assert report.rows[0].salesforce == Decimal("24000.00")


@pytest.mark.parametrize(
    ("copied", "amount"),
    [
        ({"net": Decimal("100.00"), "number": "1001"}, "-100.00"),
        ({"net": None, "number": "1001"}, "0.00"),
        ({"net": Decimal("100.00"), "number": ""}, "-100.00"),
        ({"net": Decimal("-3.005"), "number": ""}, "3.005"),
    ],
)
def test_a_copy_of_an_opportunity_is_u7_by_its_name(copied: dict[str, Any], amount: str) -> None:
    links = [link("1001", "100.00")]
    twin = OpportunityFact(id="copy", cell=EAST, name="INV 1001 - Acme (copy)", status="OPEN", **copied)
    report = r1([invoice("1001", "100.00")], links, [*shown_by(links), twin], NOVEMBER)
    (item,) = report.rows[0].items
    assert (item.reason, item.record, item.amount) == ("U7", "salesforce:Opportunity:copy", Decimal(amount))
    assert item.says == "INV 1001 - Acme (copy)"
    assert (report.adds_up, report.agrees) == (True, False)


def test_a_copy_with_another_day_counts_where_its_invoice_does() -> None:
    links = [link("1001", "100.00")]
    later = Cell("2027-02", "USD", "-")
    twin = opportunity("copy", "100.00", later, number="1001", key="")
    report = r1([invoice("1001", "100.00")], links, [*shown_by(links), twin], NOVEMBER)
    assert named(report) == [("U7", "salesforce:Opportunity:opp copy", Decimal("-100.00"))]
    alone = opportunity("copy", "100.00", later, number="9999", key="")
    assert r1([invoice("1001", "100.00")], links, [*shown_by(links), alone], NOVEMBER).agrees
    assert not r1([], [], [alone], ["2027-02"]).agrees


def test_our_mark_without_a_link_is_u1_and_u7() -> None:
    """As after a state was brought back from an older copy."""
    report = r1([invoice("7", "100.00")], [], [opportunity("7", "100.00")], NOVEMBER)
    assert [name for name, _, _ in named(report)] == ["U1", "U7"]
    assert (report.rows[0].unexplained, report.agrees) == (Decimal("0.00"), False)


def test_what_the_rules_leave_out_is_explained_and_closed() -> None:
    report = r1([invoice("old", "70.00", skipped=True)], [], [], NOVEMBER)
    (item,) = report.rows[0].items
    assert (item.reason, item.amount, item.open, item.says) == ("U1", Decimal("70.00"), False, "before the start date")
    assert report.agrees


def test_an_opportunity_in_another_currency_counts_in_that_one() -> None:
    euro = msgspec.structs.replace(EAST, currency="EUR")
    report = r1([invoice("7", "100.00")], [link("7", "100.00")], [opportunity("7", "100.00", euro)], NOVEMBER)
    assert [(row.cell.currency, row.unexplained) for row in report.rows] == [
        ("EUR", Decimal("-100.00")), ("USD", Decimal("100.00")),
    ]  # fmt: skip
    assert ("U6", "salesforce:Opportunity:opp 7", Decimal(0)) in named(report)


@pytest.mark.parametrize(
    ("books", "org", "kept", "reason"),
    [
        ("PAID", "PAID", "PAID", None),
        ("PAID", "OPEN", "PAID", "U4"),
        ("OVERDUE", "OPEN", "OPEN", "U4"),
        ("PAID", "", "PAID", None),
        ("PAID", "", "OPEN", "U4"),
    ],
)
def test_the_status_is_what_salesforce_shows(books: str, org: str, kept: str, reason: str | None) -> None:
    report = r1(
        [invoice("7", "1.00", status=books)], [link("7", "1.00", status=kept)], [opportunity("7", "1.00", status=org)],
        NOVEMBER,
    )  # fmt: skip
    assert [name for name, _, _ in named(report)] == ([reason] if reason else [])
    assert report.agrees is (reason is None)


@pytest.mark.parametrize(
    ("accounts", "stands_on", "key", "wrong"),
    [
        ({"001"}, "001", "1:7", False),
        ({"001"}, "002", "1:7", True),
        ({"001", "002"}, "002", "1:7", False),
        ({"001"}, "002", "", False),
        (set(), "002", "1:7", False),
        ({"001"}, "", "1:7", False),
    ],
)
def test_one_of_ours_on_another_account(accounts: set[str], stands_on: str, key: str, wrong: bool) -> None:
    report = r1(
        [invoice("7", "1.00", accounts=frozenset(accounts))], [link("7", "1.00")],
        [opportunity("7", "1.00", account=stands_on, key=key)], NOVEMBER,
    )  # fmt: skip
    assert [name for name, _, _ in named(report)] == (["U5"] if wrong else [])


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "1000"), ("USD", "1000.00"), ("KWD", "1000.00")])
def test_sums_have_the_digits_of_their_currency(currency: str, shown: str) -> None:
    cell = Cell("2026-11", currency, "-")
    links = [link("7", "1000", cell)]
    report = r1([invoice("7", "1000", cell)], links, shown_by(links), NOVEMBER)
    (row,) = report.rows
    assert [f"{amount:f}" for amount in (row.quickbooks, row.salesforce, report.totals()[0].quickbooks)] == [shown] * 3
    assert row.unexplained == 0


def test_the_order_of_what_is_read_does_not_matter() -> None:
    facts = [opportunity("1", "5.00"), opportunity("copy", "5.00", key=""), opportunity("2", "7.00", WEST)]
    invoices, links = [invoice("1", "5.00"), invoice("2", "7.00", WEST)], [link("1", "5.00"), link("2", "6.00", WEST)]
    reports = {repr(r1(invoices, links, order, NOVEMBER)) for order in permutations(facts)}
    assert len(reports) == 1


CURRENCIES = st.sampled_from(["USD", "EUR", "JPY"])
AMOUNTS = st.integers(-500_000, 500_000).map(lambda units: Decimal(units) / 100)


@settings(max_examples=80)
@given(st.lists(st.tuples(AMOUNTS, CURRENCIES), min_size=1, max_size=5), AMOUNTS | st.none(), CURRENCIES)
def test_amounts_of_different_currencies_are_never_added(
    parts: list[tuple[Decimal, str]], given_field: Decimal | None, currency: str
) -> None:
    """Whatever the links of an Opportunity say, its field counts once, in its own currency.

    Each link has a department of its own, so that its row shows what was taken from the field for it.
    """
    mixed = sum((net for net, _ in parts), Decimal(0))
    field = mixed if given_field is None else given_field
    cells = [Cell("2026-11", named, str(number)) for number, (_, named) in enumerate(parts)]
    links = [
        link(str(number), str(net), cells[number], opportunity="opp deal") for number, (net, _) in enumerate(parts)
    ]
    invoices = [invoice(str(number), str(net), cells[number]) for number, (net, _) in enumerate(parts)]
    shown = opportunity("deal", str(field), msgspec.structs.replace(EAST, currency=currency))
    report = r1(invoices, links, [shown], NOVEMBER)
    assert sum((row.salesforce for row in report.rows if row.cell.currency == currency), Decimal(0)) == field
    for row in report.rows:
        net, named = parts[int(row.cell.department)]
        if int(row.cell.department) < len(parts) - 1:
            assert row.salesforce == (net if row.cell.currency == named == currency else 0)
    worth = {named for net, named in parts if net}
    if len(worth) > 1 or (worth and field and worth != {currency}):
        assert [item.says.partition(" links")[2] for _, item in report.open_items if item.reason == "U6"] == [
            f" in {', '.join(sorted(worth))}"
        ]
    else:
        assert report.agrees is (mixed == field)


OPPORTUNITY = "salesforce:Opportunity:opp a"
WEST_TOO = [link("a", "100.00"), link("b", "50.00", WEST, opportunity="opp a"), link("c", "7.00", EAST)]


@pytest.mark.parametrize(
    ("unread", "expected"),
    [
        (["a"], [("U8", "a", "-100.00")]),
        (["b"], [("U8", "b", "-50.00")]),
        ([OPPORTUNITY], [("U8", OPPORTUNITY, "100.00"), ("U8", OPPORTUNITY, "50.00")]),
        (["b", OPPORTUNITY], [("U8", "b", "0"), ("U8", OPPORTUNITY, "100.00")]),
        (["unlinked"], [("U8", "unlinked", "0")]),
        (["salesforce:Opportunity:unlinked"], [("U8", "salesforce:Opportunity:unlinked", "0")]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_explains_what_it_leaves(
    unread: list[str], expected: list[tuple[str, str, str]]
) -> None:
    invoices = [invoice(each.record, str(each.net), each.cell) for each in WEST_TOO if each.record not in unread]
    shown = [opportunity("a", "150.00"), opportunity("c", "7.00")]
    there = [each for each in shown if each.record not in unread]
    report = r1(invoices, WEST_TOO, there, NOVEMBER, dict.fromkeys(unread, "no"), "USD")
    assert sorted(named(report)) == sorted((reason, record, Decimal(net)) for reason, record, net in expected)
    assert (report.adds_up, report.agrees) == (True, False)


def test_what_cannot_be_read_is_named_in_the_month_that_was_asked_for() -> None:
    """Its link says October, where it stood when both sides last agreed."""
    october = Cell("2026-10", "USD", "East")
    report = r1([], [link("a", "1.00", october)], [opportunity("a", "1.00", october)], NOVEMBER, {"a": "no"}, "USD")
    assert [(row.cell, [item.record for item in row.items]) for row in report.rows] == [(NONE, ["a"])]
