"""R2: lines against lines, and where every activated order stands (accounting-rules G)."""

from __future__ import annotations

from decimal import Decimal

from ml_connector.tieout.r2 import EntryFact, OrderFact, r2


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


def test_completeness_of_the_reference() -> None:
    """41 activated: 36 posted, 3 held, 1 skipped, 1 pending."""
    amounts = {"posted": "118900.00", "held": "9000.00", "skipped": "0.00", "pending": "3500.00"}
    counts = {"posted": 36, "held": 3, "skipped": 1, "pending": 1}
    orders = [
        OrderFact(f"{state} {number}", "USD", Decimal(amounts[state]) if number == 0 else Decimal(0), state)
        for state, count in counts.items()
        for number in range(count)
    ]
    (counted,) = r2([], [], orders).completeness
    assert counted.adds_up
    assert (counted.activated, counted.amounts["activated"]) == (41, Decimal("131400.00"))
    assert (counted.posted, counted.held, counted.skipped, counted.pending) == (36, 3, 1, 1)
